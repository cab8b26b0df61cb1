// How fast a gateway checks and indexes a channel, and in how much memory: a synthetic channel of TRANSACTIONS (default
// 100,000) in blocks of BLOCK (default 10), each endorsed by two organisations, read from a generated stream that is
// prepared ahead in chunks, so that making it is not measured. Prints JSON lines: one for each tenth, and the whole.
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blockBytes } from '@consilium/verify/testing/block-bytes';
import { CHANNEL, organisation, SyntheticChannel } from '@consilium/verify/testing/synthetic-channel';
import { Authority } from '@consilium/verify/testing/test-authority';
import type { BlockFeed } from '../src/read-model/block-feed.ts';
import { BlockFollower } from '../src/read-model/block-follower.ts';
import { compositeKey } from '../src/read-model/index-schema.ts';
import { LedgerAlarms } from '../src/read-model/ledger-alarms.ts';
import { indexFile, openIndex } from '../src/read-model/open-index.ts';

const total = Number(process.env.TRANSACTIONS ?? 100_000);
const perBlock = Number(process.env.BLOCK ?? 10);
/** Blocks that are made before the clock goes on. */
const CHUNK = 200;
const POLICY = ['AMSP', 'BMSP'];

const organisations = await Promise.all(
  ['AMSP', 'BMSP', 'CMSP'].map(async (mspId) => organisation(await Authority.create(mspId))),
);
const ordererAuthority = await Authority.create('OrdererMSP');
const orderers = [await ordererAuthority.issue('orderer')];
const channel = new SyntheticChannel(organisations, { orderers, ordererAuthority, consensus: 'etcdraft' });
const directory = mkdtempSync(join(tmpdir(), 'history-rate-'));
const alarms = new LedgerAlarms(directory);
const ending = new AbortController();

let made = 0;
/** Milliseconds by the clock, and of the processor: other programs may run beside. */
const now = () => ({
  wall: Date.now(),
  processor: process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000,
});
let started = now();
/** What making the blocks took. */
const making = { wall: 0, processor: 0 };
let rssMax = 0;

/** An update, and what it changes: one row new, with a policy of its own, one of a thousand changed, and a mark. */
function transactionBytes(number: number, block: number): Uint8Array {
  const value = JSON.stringify({ schema: 1, number, text: 'x'.repeat(600) });
  const changed = compositeKey('open-study', ['AMSP', String(number % 1000)]);
  const version = versions.get(changed);
  versions.set(changed, { block, place: number % perBlock });
  return channel.transaction({
    rows: [
      {
        key: compositeKey('update', [`study-${number % 50}`, '00001', String(number)]),
        value,
        policyOf: POLICY,
      },
      { key: changed, value: `{"schema":1,"number":${number}}`, ...(version && { version }) },
      { key: compositeKey('activity-by', ['all', String(number)]), value: '1' },
    ],
    endorsers: channel.peers.slice(0, 2),
    input: ['round:recordUpdate', JSON.stringify({ studyId: `study-${number % 50}`, number })],
    seconds: 1_700_000_000 + number,
  });
}
const versions = new Map<string, { block: number; place: number }>();

function nextBlock(): Uint8Array {
  const block = channel.height;
  const count = Math.min(perBlock, total - made);
  const envelopes = Array.from({ length: count }, () => transactionBytes(made++, block));
  const bytes = blockBytes(channel.add(envelopes));
  // Only its last and first blocks are used again.
  if (block > 1) delete channel.blocks[block - 1];
  return bytes;
}

const own: BlockFeed = {
  mspId: 'AMSP',
  height: async () => total / perBlock + 2,
  async *blocks() {
    yield* channel.blocks.slice(0, 2).map((block) => blockBytes(block));
    started = now();
    while (made < total) {
      const before = now();
      const chunk: Uint8Array[] = [];
      while (chunk.length < CHUNK && made < total) chunk.push(nextBlock());
      const after = now();
      making.wall += after.wall - before.wall;
      making.processor += after.processor - before.processor;
      yield* chunk;
      tell();
    }
    await once(ending.signal, 'abort');
  },
};

let told = 0;
function tell(): void {
  rssMax = Math.max(rssMax, process.memoryUsage.rss());
  if (made - told < total / 10) return;
  told = made;
  print({ transactions: made, ...rates(made) });
}
function rates(transactions: number) {
  const ended = now();
  const seconds = (ended.wall - started.wall - making.wall) / 1000;
  const processorSeconds = (ended.processor - started.processor - making.processor) / 1000;
  return {
    seconds: Math.round(seconds),
    rate: Math.round(transactions / seconds),
    ratePerProcessorSecond: Math.round(transactions / processorSeconds),
  };
}
const print = (figures: object): void => {
  const memory = {
    rssMiB: Math.round(rssMax / 2 ** 20),
    heapMiB: Math.round(process.memoryUsage().heapUsed / 2 ** 20),
  };
  process.stdout.write(`${JSON.stringify({ bench: 'history-rate', perBlock, ...figures, ...memory })}\n`);
};

const index = openIndex({ directory, chaincode: 'consilium', alarms, log: () => {} });
const blocks = Math.ceil(total / perBlock) + 2;
try {
  const done = Promise.withResolvers<void>();
  const running = new BlockFollower({
    index,
    alarms,
    channel: CHANNEL,
    own,
    others: [],
    signal: ending.signal,
    log: (level, text) => level !== 'info' && process.stderr.write(`${text}\n`),
    onStatus: ({ state, blocks: reached, problem }) => {
      if (state === 'stopped') done.reject(new Error(problem));
      else if (state === 'following' && reached === blocks) done.resolve();
    },
  }).run();
  await done.promise;
  const measured = rates(total);
  ending.abort();
  await running;
  index.close();
  const reopenedMs = Date.now();
  openIndex({ directory, chaincode: 'consilium', alarms, log: () => {} }).close();
  print({
    transactions: total,
    ...measured,
    fileMiB: Math.round(statSync(indexFile(directory)).size / 2 ** 20),
    restartSeconds: (Date.now() - reopenedMs) / 1000,
  });
} finally {
  ending.abort();
  rmSync(directory, { recursive: true, force: true });
}
