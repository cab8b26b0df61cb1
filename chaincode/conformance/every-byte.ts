// Whether any byte of a file of evidence may be another: all of them, where that is asked for.
//
// With CONSILIUM_FLIPS=all every byte of each file is flipped, by as many processes as there are processors. They say
// on standard error how far they are. CONSILIUM_EVIDENCE may name a folder that keeps the files, and the genesis
// digest: packages/verify/src/testing/flip-part.ts flips a part of a file, so that several machines can share one.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { flipInProcesses } from '@consilium/verify/testing/flip-in-processes';

const { CONSILIUM_FLIPS: FLIPS = '', CONSILIUM_EVIDENCE: FOLDER = '' } = process.env;
if (FLIPS !== '' && FLIPS !== 'all') {
  throw new Error(`CONSILIUM_FLIPS is ${FLIPS}: set it to all, or leave it out`);
}

interface Trusted {
  readonly genesis: string;
  readonly chaincode: string;
}

/** Keeps a file where a folder is named for it. */
export async function keepEvidence(name: string, file: Uint8Array, { genesis }: Trusted): Promise<void> {
  if (FOLDER === '') return;
  await mkdir(FOLDER, { recursive: true });
  await writeFile(join(FOLDER, `${name}.ndjson`), file);
  await writeFile(join(FOLDER, `${name}.genesis`), `${genesis}\n`);
}

/** Flips every byte where that is asked for: each is found, and its own place named. */
export async function flipAllOf(
  t: TestContext,
  name: string,
  { file, trusted }: { readonly file: Uint8Array; readonly trusted: Trusted },
): Promise<void> {
  if (FLIPS === '') return;
  const { bytes, found, elsewhere, unfound, compared } = await flipInProcesses(name, { file, trusted });
  t.diagnostic(
    `${name}: ${bytes} of ${file.length} bytes flipped, ${compared} of them judged by all checks too; found at ` +
      `${JSON.stringify(found)}, at another place: ${elsewhere.length}, not found: ${unfound.length}`,
  );
  assert.equal(bytes, file.length);
  assert.deepEqual(unfound, []);
  assert.deepEqual(elsewhere, []);
}
