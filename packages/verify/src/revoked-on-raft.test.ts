// Evidence from real Fabric (3.1.5, Raft) of a channel that revoked a certificate by an update of its configuration:
// it is checked here without Fabric. How the files were made is in fixtures/README.md.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { UnreadableBundleError } from './bundle/bundle-file.ts';
import { flipped } from './testing/rewritten-bundle.ts';
import { verifyBundle } from './verify-bundle.ts';

const read = (name: string) =>
  readFileSync(new URL(`../../fixtures/revoked-on-raft/${name}`, import.meta.url));
const evidence = read('evidence.ndjson');
const trusted = {
  genesis: '6ae739e2ed18a4513a13e400257f93737e485814e48fe91f9b73b7db5f832605',
  chaincode: 'consilium',
};
const FLIPS = 40;

describe('evidence of a channel on real Raft that revoked a certificate', () => {
  it('is proven, with what the certificate sent before', () => {
    const { problems, chain, transaction } = verifyBundle(evidence, trusted);
    assert.deepEqual(problems, []);
    assert.equal(chain?.configuration.consensus, 'etcdraft');
    assert.ok((chain?.configurationBlocks.length ?? 0) > 1, 'the list came by an update');
    assert.ok(transaction !== undefined);
    assert.ok(transaction.block < chain!.configurationBlocks.at(-1)!);
  });

  it('is refused with an answer that the revoked certificate signed', () => {
    const [first] = verifyBundle(read('forgery.ndjson'), trusted).problems;
    assert.match(first?.text ?? 'proven', /a signer of GammaMSP: its certificate is revoked/);
  });

  it('is refused with any byte another', () => {
    for (let i = 0; i < FLIPS; i++) {
      const at = Math.floor(((i + 0.5) * evidence.length) / FLIPS);
      try {
        assert.notDeepEqual(
          verifyBundle(flipped(evidence, at, 1 << (i % 7)), trusted).problems,
          [],
          `byte ${at}`,
        );
      } catch (error) {
        if (!(error instanceof UnreadableBundleError)) throw error;
      }
    }
  });
});
