// How fast an artefact is sealed, put, got and opened, by size: JSON lines, one per size and step. Needs an
// IPFS node's RPC; the numbers are that node's and this machine's together.

import { parseArgs } from 'node:util';
import { EXIT } from '@consilium/command-line';
import {
  type ArtefactStore,
  generateMemberKeys,
  IpfsArtefactStore,
  MemoryArtefactStore,
  openArtefact,
  sealArtefact,
} from '../src/artefacts/index.ts';

const SIZES = [1_000, 1_000_000, 10_000_000];
const MIN_RUNS = 3;
const MIN_BYTES = 20_000_000;
const MAX_RUNS = 200;
const HELP = `usage: node trainer/dist/bench/artefact.js [--url http://127.0.0.1:5001] [--members 4]
Measures seal, put, get and open of 1 KB, 1 MB and 10 MB artefacts and prints JSON lines.
  --url      RPC of an IPFS node; without it the store is memory, which measures the hashing alone
  --members  recipients of each artefact (default 4)`;

const STEPS = ['seal', 'put', 'get', 'open', 'total'] as const;
type Step = (typeof STEPS)[number];

async function measure(store: ArtefactStore, sizeBytes: number, members: number): Promise<void> {
  const keys = Array.from({ length: members }, (_, index) => ({
    mspId: `Hospital${String(index + 1).padStart(4, '0')}MSP`,
    ...generateMemberKeys(),
  }));
  const reader = keys.at(-1)!;
  const runs = Math.min(MAX_RUNS, Math.max(MIN_RUNS, Math.ceil(MIN_BYTES / sizeBytes)));
  const times: Record<Step, number[]> = { seal: [], put: [], get: [], open: [], total: [] };
  let sealedBytes = 0;
  for (let run = -1; run < runs; run++) {
    const plaintext = new Uint8Array(sizeBytes);
    for (let start = 0; start < sizeBytes; start += 65_536) {
      crypto.getRandomValues(plaintext.subarray(start, start + 65_536));
    }
    const associatedData = { studyId: 'bench', round: 1, run };
    const at = [performance.now()];
    const sealed = await sealArtefact({ plaintext, recipients: keys, associatedData });
    at.push(performance.now());
    const ref = await store.put(sealed);
    at.push(performance.now());
    const bytes = await store.get(ref);
    at.push(performance.now());
    const { mspId } = reader;
    const opened = await openArtefact({ bytes, mspId, keys: [reader], associatedData });
    at.push(performance.now());
    await store.unpin(ref.cid);
    if (Buffer.compare(opened.plaintext, plaintext) !== 0)
      throw new Error('the artefact opened to other bytes');
    sealedBytes = sealed.length;
    if (run < 0) continue; // the first run warms up
    const steps = at.slice(1).map((time, index) => time - at[index]!);
    for (const [index, step] of STEPS.entries()) times[step].push(steps[index] ?? at.at(-1)! - at[0]!);
  }
  for (const step of STEPS) {
    const sorted = times[step].toSorted((one, other) => one - other);
    const medianMs = sorted[Math.floor(sorted.length / 2)]!;
    const line = {
      bench: 'artefact',
      step,
      plaintextBytes: sizeBytes,
      sealedBytes,
      members,
      runs,
      medianMs: round(medianMs),
      minMs: round(sorted[0]!),
      maxMs: round(sorted.at(-1)!),
      megabytesPerSecond: round(sizeBytes / 1_000 / medianMs),
    };
    console.log(JSON.stringify(line));
  }
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

function readOptions(): { url: string | undefined; members: number } {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' },
      members: { type: 'string', default: '4' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(HELP);
    process.exit(EXIT.done);
  }
  const members = Number(values.members);
  if (!Number.isInteger(members) || members < 1 || members > 1_000) {
    throw new RangeError(`--members must be an integer from 1 to 1000, not ${values.members}`);
  }
  return { url: values.url, members };
}

let options: ReturnType<typeof readOptions>;
try {
  options = readOptions();
} catch (error) {
  console.error(`${(error as Error).message}\n\n${HELP}`);
  process.exit(EXIT.unusable);
}
const store =
  options.url === undefined ? new MemoryArtefactStore() : new IpfsArtefactStore({ url: options.url });
for (const sizeBytes of SIZES) await measure(store, sizeBytes, options.members);
