// Makes the blocks of a synthetic channel, in a process of its own, so that neither its time nor its memory is
// measured: answers each message with the next chunk of blocks; the first one with block 0 and the definition of the
// chaincode.
import { blockBytes } from '@consilium/verify/testing/block-bytes';
import { organisation, SyntheticChannel } from '@consilium/verify/testing/synthetic-channel';
import { Authority } from '@consilium/verify/testing/test-authority';
import { compositeKey } from '../src/read-model/index-schema.ts';

const [total = 0, perBlock = 1, blocksPerChunk = 1] = process.argv.slice(2).map(Number);
const POLICY = ['AMSP', 'BMSP'];

const organisations = await Promise.all(
  ['AMSP', 'BMSP', 'CMSP'].map(async (mspId) => organisation(await Authority.create(mspId))),
);
const ordererAuthority = await Authority.create('OrdererMSP');
const orderers = [await ordererAuthority.issue('orderer')];
const channel = new SyntheticChannel(organisations, { orderers, ordererAuthority, consensus: 'etcdraft' });
const versions = new Map<string, { block: number; place: number }>();
let made = 0;

/** One row new with a policy of its own, one of a thousand changed, and a mark. */
function transactionBytes(number: number, block: number): Uint8Array {
  const studyId = `study-${number % 50}`;
  const value = JSON.stringify({ schema: 1, number, text: 'x'.repeat(600) });
  const changed = compositeKey('open-study', ['AMSP', String(number % 1000)]);
  const version = versions.get(changed);
  versions.set(changed, { block, place: number % perBlock });
  return channel.transaction({
    rows: [
      { key: compositeKey('update', [studyId, '00001', String(number)]), value, policyOf: POLICY },
      { key: changed, value: `{"schema":1,"number":${number}}`, ...(version && { version }) },
      { key: compositeKey('activity-by', ['all', String(number)]), value: '1' },
    ],
    endorsers: channel.peers.slice(0, 2),
    input: ['round:recordUpdate', JSON.stringify({ studyId, number })],
    seconds: 1_700_000_000 + number,
  });
}

function nextBlock(): Uint8Array {
  const block = channel.height;
  const count = Math.min(perBlock, total - made);
  const envelopes = Array.from({ length: count }, () => transactionBytes(made++, block));
  const bytes = blockBytes(channel.add(envelopes));
  // Only its first and last blocks are used again.
  if (block > 1) delete channel.blocks[block - 1];
  return bytes;
}

let isFirst = true;
process.on('message', () => {
  const chunk = isFirst ? channel.blocks.map((block) => blockBytes(block)) : [];
  while (!isFirst && chunk.length < blocksPerChunk && made < total) chunk.push(nextBlock());
  isFirst = false;
  process.send!({ chunk, made });
});
