// What reading an argument costs a peer, before any rule is asked: honest arguments of the usual and of the largest
// size, and the worst that a stranger and a member can send. JSON lines, in milliseconds of one process:
//   node chaincode/dist/bench/argument-cost.js
// Each line is one argument, sent REPEATS (200) times to a ledger in memory: median and 99th percentile.
import { performance } from 'node:perf_hooks';
import { canonicalJson, DomainError, type Role, type TransactionName } from '@consilium/domain';
import { datasetArgument, studyArgument, verdictArgument } from '@consilium/domain/testing/examples';
import { largestArguments } from '@consilium/domain/testing/largest-arguments';
import { execute } from '../src/testing/execute.ts';
import { MemoryStub } from '../src/testing/memory-stub.ts';
import { as, DATASETS, STUDY, StudyOnLedger } from '../src/testing/study-on-ledger.ts';

const REPEATS = Number(process.env.REPEATS ?? 200);
const NOW = Date.parse('2026-03-01T09:00:00.000Z');

interface Case {
  readonly title: string;
  readonly name: TransactionName;
  readonly text: string;
  readonly role: Role;
  readonly mspId?: string;
}

const largest = largestArguments();
const spoilt = structuredClone(largest['dataset:register']);
Object.assign(spoilt.dictionary.features.at(-1)!, { kind: 'nominal' });
const refusedLast = canonicalJson(spoilt);
/** As many values as a megabyte holds, each of them wrong. */
const manyWrong = canonicalJson({
  ...datasetArgument('d'),
  dictionary: {
    ...datasetArgument('d').dictionary,
    features: Array.from({ length: 90_000 }, () => ({ a: 1 })),
  },
});
const manyCategories = (count: number) =>
  canonicalJson({
    ...datasetArgument('d'),
    dictionary: {
      ...datasetArgument('d').dictionary,
      features: Array.from({ length: count / 100 }, (_, i) => ({
        kind: 'categorical',
        name: `f${i}`,
        categories: Array.from({ length: 100 }, (_, c) => `${c}`),
      })),
    },
  });

const CASES: readonly Case[] = [
  {
    title: 'an honest dataset of four features',
    name: 'dataset:register',
    text: canonicalJson(datasetArgument('d')),
    role: 'steward',
  },
  {
    title: 'an honest study',
    name: 'study:propose',
    text: canonicalJson(studyArgument({ studyId: 's', datasets: DATASETS })),
    role: 'researcher',
  },
  {
    title: 'an honest verdict on four updates',
    name: 'round:recordVerdict',
    text: canonicalJson(verdictArgument({ studyId: STUDY, datasets: DATASETS, own: ['alpha'] })),
    role: 'trainer',
  },
  ...Object.entries(largest).map(
    ([name, argument]): Case => ({
      title: `the largest honest ${name}`,
      name: name as TransactionName,
      text: canonicalJson(argument),
      role: name === 'study:propose' ? 'researcher' : name.startsWith('round') ? 'trainer' : 'steward',
    }),
  ),
  {
    title: 'a dictionary whose last feature is wrong',
    name: 'dataset:register',
    text: refusedLast,
    role: 'steward',
  },
  {
    title: 'a dictionary of 11,000 categories',
    name: 'dataset:register',
    text: manyCategories(11_000),
    role: 'steward',
  },
  { title: '90,000 wrong features', name: 'dataset:register', text: manyWrong, role: 'steward' },
  {
    title: 'a dictionary of 500 features by no member',
    name: 'dataset:register',
    text: canonicalJson(largest['dataset:register']),
    role: 'steward',
    mspId: 'MalloryMSP',
  },
  {
    title: '90,000 wrong features by no member',
    name: 'dataset:register',
    text: manyWrong,
    role: 'steward',
    mspId: 'MalloryMSP',
  },
  {
    title: '1,000,000 brackets in a query by no member',
    name: 'study:get',
    text: '['.repeat(1_000_000),
    role: 'auditor',
    mspId: 'MalloryMSP',
  },
  {
    title: '1,000,000 spaces in a query by no member',
    name: 'study:list',
    text: `{${' '.repeat(1_000_000)}}`,
    role: 'auditor',
    mspId: 'MalloryMSP',
  },
];

const { world } = await StudyOnLedger.running();
for (const { title, name, text, role, mspId = 'AlphaMSP' } of CASES) {
  const times: number[] = [];
  let outcome = '';
  for (let i = 0; i < REPEATS; i++) {
    const { person = '' } = { person: as(role, mspId).person };
    const proposal = {
      txId: 'a'.repeat(64),
      at: new Date(NOW),
      mspId,
      role,
      person,
      certificate: 'of a bench',
    };
    const stub = new MemoryStub(world, proposal, 'AlphaMSP');
    const began = performance.now();
    outcome = await execute(name, text, { stub, proposal, sent: undefined, now: NOW, log: () => {} }).then(
      () => 'accepted',
      (error: unknown) => (error instanceof DomainError ? error.code : String(error)),
    );
    times.push(performance.now() - began);
    // What takes seconds is measured seldom.
    if (times.reduce((sum, time) => sum + time, 0) > 5000) break;
  }
  times.sort((a, b) => a - b);
  const at = (part: number) =>
    Number(times[Math.min(times.length - 1, Math.floor(times.length * part))]!.toFixed(3));
  const line = { title, name, bytes: Buffer.byteLength(text), outcome, medianMs: at(0.5), p99Ms: at(0.99) };
  process.stdout.write(`${JSON.stringify({ ...line, times: times.length })}\n`);
}
