import assert from 'node:assert/strict';
import { it } from 'node:test';
import { blockBytes } from '../testing/block-bytes.ts';
import { organisation, SyntheticChannel } from '../testing/synthetic-channel.ts';
import { Authority } from '../testing/test-authority.ts';
import { openBundle } from './bundle-file.ts';
import type { SubjectIndex } from './chain-index.ts';
import { makeBundle } from './select-blocks.ts';

it('writes blocks that are not shown in lines that are short enough to be read, however many there are', async () => {
  const member = await organisation(await Authority.create('AMSP'));
  const ordererAuthority = await Authority.create('OrdererMSP');
  const orderers = [await ordererAuthority.issue('orderer')];
  const channel = new SyntheticChannel([member], { orderers, ordererAuthority, consensus: 'etcdraft' });
  const shown = channel.transact({ rows: [{ key: 'a', value: '1' }], endorsers: channel.peers });
  const height = 2 ** 18 + 5;
  const hidden = { dataHash: Buffer.alloc(32, 7), isConfiguration: false, needs: [] };
  const transactionId = '0'.repeat(64);
  const index: SubjectIndex = {
    blocks: Array.from({ length: height }, () => hidden),
    consented: [],
    transaction: { block: height - 1, place: 0, transactionId, written: [], before: 0 },
    read: async () => {},
  };
  const file = await makeBundle(
    { blocks: async function* () {}, block: async () => blockBytes(shown) },
    {
      ...{ channel: 'consortium', chaincode: 'consilium', height, answers: [] },
      ...{ subject: { kind: 'transaction', transactionId }, index },
    },
  );
  const runs = [...openBundle([file]).parts].flatMap((part) =>
    part.kind === 'hidden' ? [{ from: part.from, blocks: part.dataHashes.length }] : [],
  );
  assert.deepEqual(runs, [
    { from: 0, blocks: 2 ** 18 },
    { from: 2 ** 18, blocks: 4 },
  ]);
  const longest = Math.max(
    ...Buffer.from(file)
      .toString()
      .split('\n')
      .map((line) => line.length),
  );
  assert.ok(longest < 2 ** 25, `${longest} bytes in a line`);
});
