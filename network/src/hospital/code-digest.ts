// The digest of the chaincode's code: what every hospital runs must be what all agreed on, and each looks for itself.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { folderOf } from '../programs.ts';

/** Ours, that decide what a transaction does. What they depend on is in the lock file, and in a release's sums. */
const PACKAGES = ['chaincode', 'domain', 'dp-accountant'];
/** What is packed: a release has the digest of the clone that it was made of. */
const isCode = (file: string): boolean =>
  /\.js$/.test(file) && !/(\.test\.js|(^|\/)(testing|conformance|documentation|bench|fuzz)\/.*)$/.test(file);

/** The folders of the code that decides, as a chaincode's own folder finds them. */
export const codeFolders = (chaincodeFolder: string): string[] =>
  PACKAGES.map((name) => join(folderOf(name, chaincodeFolder), 'dist/src'));

/** SHA-256 in hexadecimal, of names and contents in the order of names. */
export function chaincodeSha256(folders: readonly string[] = codeFolders(folderOf('chaincode'))): string {
  const hash = createHash('sha256');
  for (const [at, folder] of folders.entries()) {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const names = files.map((file) => relative(folder, file).split(sep).join('/')).filter(isCode);
    for (const name of names.sort()) {
      const content = createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex');
      hash.update(`${at} ${name} ${content}\n`);
    }
  }
  return hash.digest('hex');
}
