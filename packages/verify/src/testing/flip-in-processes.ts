// Every byte of a file flipped by several processes, each of which takes a part.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TrustedFacts } from '../verify-bundle.ts';
import { type Flips, joinFlips } from './flip-every-byte.ts';

const PROGRAM = join(import.meta.dirname, 'flip-part.js');

interface Shared {
  readonly file: Uint8Array;
  readonly trusted: Trusted;
  readonly processes?: number;
  /** Of how many bytes one is flipped, where not all are. */
  readonly oneOf?: number;
}
type Trusted = Required<Pick<TrustedFacts, 'genesis' | 'chaincode'>>;

/** @param name of the file, by which its progress is shown on standard error */
export async function flipInProcesses(
  name: string,
  { file, trusted, processes = availableParallelism(), oneOf = 1 }: Shared,
): Promise<Flips> {
  const folder = await mkdtemp(join(tmpdir(), 'flips-'));
  try {
    const path = join(folder, name);
    await writeFile(path, file);
    const parts = Array.from({ length: processes }, (_, i) =>
      flipPart(path, trusted, `${1 + i * oneOf}/${oneOf * processes}`),
    );
    return joinFlips(await Promise.all(parts));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function flipPart(path: string, { genesis, chaincode }: Trusted, part: string): Promise<Flips> {
  const child = spawn(process.execPath, [PROGRAM, path, genesis, part, chaincode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new Error(`flipping part ${part} of ${path} ended with status ${code}`);
  return JSON.parse(said);
}
