// What openssl says of signatures on a channel's blocks, beside what the verifier says of them: keys, digests and
// curves of another implementation.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { headerHash, readBlock } from '@consilium/verify';
import {
  configurationAt,
  type SampledSignature,
  SIGNERS,
  sampleOf,
  signaturesIn,
} from '@consilium/verify/testing/sampled-signatures';

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** How many signatures are looked at, and from how many of the newest blocks. */
const SAMPLES = 10;
const BLOCKS = 6;

/** Fails where both do not say the same of ten signatures, as they are and of one byte more. */
export async function judgeByOpenssl(
  t: TestContext,
  {
    read,
    fetchBlock,
  }: { readonly read: readonly Uint8Array[]; readonly fetchBlock: (number: number) => Promise<Uint8Array> },
): Promise<void> {
  const signatures: SampledSignature[] = [];
  for (let number = Math.max(1, read.length - BLOCKS); number < read.length; number++) {
    const block = await fetchBlock(number);
    assert.deepEqual(headerHash(readBlock(block).header), headerHash(readBlock(read[number]!).header));
    signatures.push(...signaturesIn(block, await fetchBlock(configurationAt(block))));
  }
  const sample = sampleOf(signatures, SAMPLES);
  assert.equal(sample.length, SAMPLES);
  for (const by of SIGNERS)
    assert.ok(
      sample.some((one) => one.by === by),
      by,
    );
  const folder = mkdtempSync(join(tmpdir(), 'openssl-'));
  try {
    for (const one of sample) {
      for (const data of [one.data, Buffer.concat([one.data, Buffer.of(0)])]) {
        const isSigned = data === one.data;
        assert.equal(one.holds(data), isSigned);
        assert.equal(saysOpenssl(folder, { ...one, data }), isSigned, `${one.by} of block ${one.block}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  t.diagnostic(
    `agreed: ${sample.map(({ by, block, mspId }) => `${by} ${mspId}, block ${block}`).join('; ')}`,
  );
}

/** The key too is read from the certificate by openssl. */
function saysOpenssl(
  folder: string,
  { pem, data, signature }: Pick<SampledSignature, 'pem' | 'data' | 'signature'>,
): boolean {
  const [certificate, key, message, signed] = ['pem', 'key', 'data', 'sig'].map((name) => join(folder, name));
  writeFileSync(certificate!, pem);
  writeFileSync(key!, execFileSync('openssl', ['x509', '-in', certificate!, '-pubkey', '-noout']));
  writeFileSync(message!, data);
  writeFileSync(signed!, signature);
  const verify = ['dgst', '-sha256', '-verify', key!, '-signature', signed!, message!];
  const { status, stdout } = spawnSync('openssl', verify, { encoding: 'utf8' });
  return status === 0 && stdout.includes('Verified OK');
}
