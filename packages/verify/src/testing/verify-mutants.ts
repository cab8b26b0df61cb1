// A file of evidence and copies of it of which one byte is another, each with what the verifier says: a program, so
// that what a browser takes of the verifier can be run as a process of its own (node --conditions=browser).
import { readFileSync } from 'node:fs';
import { reportOf, UnreadableBundleError, verifyBundle } from '../evidence.ts';

const [path, genesis, count] = process.argv.slice(2);
const file = new Uint8Array(readFileSync(path!));
const said = (bytes: Uint8Array): string => {
  try {
    return reportOf(verifyBundle(bytes, { genesis: genesis! }));
  } catch (error) {
    if (error instanceof UnreadableBundleError) return error.message;
    throw error;
  }
};
const reports = [said(file)];
for (let i = 0; i < Number(count); i++) {
  const at = Math.floor((file.length * (i + 0.5)) / Number(count));
  reports.push(said(file.map((byte, place) => (place === at ? (byte === 0x41 ? 0x42 : 0x41) : byte))));
}
process.stdout.write(JSON.stringify(reports));
