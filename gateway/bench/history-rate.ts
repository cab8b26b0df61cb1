// How fast a gateway checks and indexes a channel, and in how much memory: a synthetic channel of TRANSACTIONS
// (default 100,000) in blocks of BLOCK (default 10), each endorsed by two organisations. Another process makes the
// blocks, and is neither waited for nor measured. Prints JSON lines: one for each tenth, and the whole.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHANNEL } from '@consilium/verify/testing/synthetic-channel';
import type { BlockFeed } from '../src/read-model/block-feed.ts';
import { BlockFollower } from '../src/read-model/block-follower.ts';
import { LedgerAlarms } from '../src/read-model/ledger-alarms.ts';
import { indexFile, openIndex } from '../src/read-model/open-index.ts';

const total = Number(process.env.TRANSACTIONS ?? 100_000);
const perBlock = Number(process.env.BLOCK ?? 10);
const CHUNK = 200;

const maker = fork(join(import.meta.dirname, 'synthetic-blocks.js'), [total, perBlock, CHUNK].map(String), {
  serialization: 'advanced',
});
const directory = mkdtempSync(join(tmpdir(), 'history-rate-'));
const alarms = new LedgerAlarms(directory);
const ending = new AbortController();

/** Milliseconds by the clock, and of the processor: other programs may run beside. */
function now() {
  const { user, system } = process.cpuUsage();
  return { wall: Date.now(), processor: (user + system) / 1000 };
}
let started = now();
/** How long blocks were waited for. */
let waitingMs = 0;
let rssMax = 0;
let told = 0;

const own: BlockFeed = {
  mspId: 'AMSP',
  height: async () => total / perBlock + 2,
  async *blocks() {
    for (let made = 0; made < total; ) {
      const before = Date.now();
      const answer = once(maker, 'message');
      maker.send('next');
      const [next] = await answer;
      if (made > 0) waitingMs += Date.now() - before;
      else started = now();
      made = next.made;
      for (const block of next.chunk) yield block;
      tell(made);
    }
    await once(ending.signal, 'abort');
  },
};

function tell(made: number): void {
  rssMax = Math.max(rssMax, process.memoryUsage.rss());
  if (made - told < total / 10) return;
  told = made;
  print({ transactions: made, ...rates(made) });
}

function rates(transactions: number) {
  const ended = now();
  const seconds = (ended.wall - started.wall - waitingMs) / 1000;
  const processorSeconds = (ended.processor - started.processor) / 1000;
  return {
    seconds: Math.round(seconds),
    rate: Math.round(transactions / seconds),
    ratePerProcessorSecond: Math.round(transactions / processorSeconds),
  };
}

function print(figures: object): void {
  const { heapUsed } = process.memoryUsage();
  const memory = { rssMiB: Math.round(rssMax / 2 ** 20), heapMiB: Math.round(heapUsed / 2 ** 20) };
  process.stdout.write(`${JSON.stringify({ bench: 'history-rate', perBlock, ...figures, ...memory })}\n`);
}

const open = () => openIndex({ directory, chaincode: 'consilium', alarms, log: () => {} });
const index = open();
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
    log: (level, text) => level === 'error' && process.stderr.write(`${text}\n`),
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
  open().close();
  const restartSeconds = (Date.now() - reopenedMs) / 1000;
  const fileMiB = Math.round(statSync(indexFile(directory)).size / 2 ** 20);
  print({ transactions: total, ...measured, fileMiB, restartSeconds });
} finally {
  ending.abort();
  maker.kill();
  rmSync(directory, { recursive: true, force: true });
}
