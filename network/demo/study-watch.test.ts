import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Site } from './enrolment.ts';
import { HospitalClient, type LedgerEvent } from './hospital-client.ts';
import type { JobRow } from './ledger-rows.ts';
import { patienceFor, StudyFailedError, watchStudy } from './study-watch.ts';

const keys = { operator: '', steward: '', researcher: '', auditor: '' };

interface Script {
  readonly state: () => string;
  readonly consent?: string;
  readonly jobs?: JobRow[];
  readonly events?: LedgerEvent[];
}

/** A gateway that answers from a script. */
class ScriptedClient extends HospitalClient {
  readonly #script: Script;
  constructor(script: Script) {
    super({ url: 'http://nowhere', keys });
    this.#script = script;
  }
  override async get<T>(path: string): Promise<T> {
    const study = { state: this.#script.state(), reason: 'no quorum' };
    return (path === '/local/jobs' ? (this.#script.jobs ?? []) : study) as T;
  }
  override async list<T>(): Promise<T[]> {
    return [{ datasetId: 'north', state: this.#script.consent ?? 'settled' }] as T[];
  }
  override async *events(): AsyncGenerator<LedgerEvent, void> {
    yield* this.#script.events ?? [];
  }
}

async function watch(script: Script, silenceMs = 50) {
  const lines: string[] = [];
  const live: string[] = [];
  const hospital = { name: 'north', mspId: 'NorthMSP', title: 'North', datasetId: 'north' };
  const site = { hospital: { ...hospital, datasetTitle: '', file: '' }, client: new ScriptedClient(script) };
  const outcome = await watchStudy({
    sites: [site satisfies Site],
    studyId: 'study',
    rounds: 2,
    fromBlock: 0,
    view: {
      line: (text) => lines.push(text),
      detail: (text) => lines.push(text),
      live: (now) => live.push(...now),
    },
    signal: new AbortController().signal,
    silenceMs,
  }).catch((error: Error) => error);
  return { outcome, lines: lines.join('\n'), live: live.join('\n') };
}

const job = { studyId: 'study', round: 1, stage: 'train', step: 3, steps: 5 };
const event = (name: string, transactionId: string, round = 1): LedgerEvent => ({
  name,
  data: { studyId: 'study', mspId: 'NorthMSP', round, transactionId },
});

test('the watch ends when the study is completed and every consent settled', async () => {
  let asked = 0;
  const state = () => (++asked < 2 ? 'running' : 'completed');
  const events = [event('RoundOpened', 'a'), event('RoundFinalized', 'b'), event('RoundFinalized', 'b')];
  const { outcome, lines, live } = await watch({ state, events, jobs: [job] }, 60_000);
  assert.equal(outcome, undefined);
  assert.match(lines, /round 1 of 2: opened by North/);
  assert.equal(lines.match(/finalised by North after/g)?.length, 1);
  assert.match(live, /North +train step 3 of 5/);
});

test('an aborted study fails with its reason', async () => {
  const { outcome } = await watch({ state: () => 'aborted' });
  assert.ok(outcome instanceof StudyFailedError);
  assert.match(outcome.message, /aborted: no quorum/);
});

test('a silent ledger fails with what each trainer is doing and its error, which is said once before', async () => {
  const error = { code: 'IPFS_UNREACHABLE', detail: 'the IPFS node does not answer' };
  const { outcome, lines } = await watch({ state: () => 'running', jobs: [{ ...job, error }] }, 600);
  assert.ok(outcome instanceof StudyFailedError);
  assert.match(
    outcome.message,
    /silent for 0.6 s\n {2}North: train step 3 of 5 — IPFS_UNREACHABLE: the IPFS/,
  );
  assert.equal(lines.match(/IPFS_UNREACHABLE/g)?.length, 1);
});

test('trainers that wait for the orderers are given longer than those that fail', () => {
  const failing = { error: { code: 'IPFS_UNREACHABLE', detail: '' } };
  const waiting = { error: { code: 'TRAINER_OUTCOME_UNKNOWN', detail: '' } };
  assert.equal(patienceFor([failing, failing]), 60_000);
  for (const jobs of [
    [failing, waiting],
    [failing, {}],
    [failing, undefined],
  ])
    assert.equal(patienceFor(jobs), 180_000);
});

test('a completed study whose consents are not settled is not over', async () => {
  const { outcome } = await watch({ state: () => 'completed', consent: 'granted' });
  assert.ok(outcome instanceof StudyFailedError);
});
