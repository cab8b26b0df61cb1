import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { DomainError } from '@consilium/domain';
import { aggregate } from '@consilium/domain/testing/examples';
import { execute } from '../testing/execute.ts';
import { MemoryStub, type Proposal, type World } from '../testing/memory-stub.ts';
import { createSigner, signedProposal } from '../testing/signed-proposal.ts';
import { as, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';
import { Turns, WAITING_MAX } from './turns.ts';

const at = (mspId: string) => ({ mspId, ownMspId: 'AlphaMSP' });

/** Work that runs until it is let end, and notes that it began. */
function workplace() {
  const turns = new Turns();
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const enter = (mspId: string, name: string) =>
    turns.take(at(mspId), () => {
      begun.push(name);
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
    });
  const settle = async () => {
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };
  const end = (name: string) => {
    ends.get(name)!();
    return settle();
  };
  return { begun, enter, end, settle };
}

test('two transactions of another organisation run at a time, in the order in which they came', async () => {
  const { begun, enter, end, settle } = workplace();
  const all = ['1', '2', '3', '4'].map((name) => enter('FloodMSP', name));
  await settle();
  assert.deepEqual(begun, ['1', '2']);
  await end('2');
  assert.deepEqual(begun, ['1', '2', '3']);
  for (const name of ['1', '3', '4']) await end(name);
  assert.deepEqual(await Promise.all(all), ['1', '2', '3', '4']);
});

test('however many of one organisation wait, the first of another runs at once', async () => {
  const { begun, enter, end, settle } = workplace();
  const flood = Array.from({ length: 2 + WAITING_MAX }, (_, i) => enter('FloodMSP', `flood ${i}`));
  const honest = [enter('BetaMSP', 'beta'), enter('AlphaMSP', 'own')];
  await settle();
  assert.deepEqual(begun, ['flood 0', 'flood 1', 'beta', 'own']);
  const refused = enter('FloodMSP', 'one more');
  await assert.rejects(
    refused,
    (error: unknown) => error instanceof DomainError && error.code === 'TOO_MANY_AT_ONCE',
  );
  for (const name of ['beta', 'own']) await end(name);
  for (let i = 0; i < flood.length; i++) await end(`flood ${i}`);
  await Promise.all([...flood, ...honest]);
  assert.ok(!begun.includes('one more'));
});

/** A process whose work and waiting take as long as is said, and the rests that follow. */
function timedTurns() {
  let nowMs = 0;
  let workedMs = 0;
  const rests: number[] = [];
  const turns = new Turns({
    nowMs: () => nowMs,
    workedMs: () => workedMs,
    sleep: async (ms) => {
      rests.push(ms);
      nowMs += ms;
    },
  });
  const pass = ({ work = 0, wait = 0 }: { work?: number; wait?: number }) => {
    nowMs += work + wait;
    workedMs += work;
  };
  const use = (mspId: string, time: { work?: number; wait?: number }) =>
    turns.take(at(mspId), async () => pass(time));
  return { turns, rests, pass, use, nowMs: () => nowMs };
}

test('another organisation has a tenth of the work in the long run, and the own as much as it wants', async () => {
  const { rests, use, nowMs } = timedTurns();
  for (let i = 0; i < 20; i++) await use('BetaMSP', { work: 100 });
  assert.deepEqual(rests, [], 'a burst of two seconds');
  const from = nowMs();
  for (let i = 0; i < 100; i++) await use('BetaMSP', { work: 100 });
  const share = (100 * 100) / (nowMs() - from);
  assert.ok(share > 0.095 && share < 0.115, `${share}`);
  rests.length = 0;
  for (let i = 0; i < 1000; i++) await use('AlphaMSP', { work: 100 });
  assert.deepEqual(rests, []);
});

test('an organisation whose transactions are held up pays for its own work, and not for the wait', async () => {
  const { rests, use, pass } = timedTurns();
  for (let i = 0; i < 1000; i++) await use('BetaMSP', { work: 5, wait: 1000 });
  assert.deepEqual(rests, []);
  for (let i = 0; i < 20; i++) await use('GammaMSP', { work: 100 });
  pass({ work: 60_000 });
  await use('GammaMSP', { work: 1 });
  assert.deepEqual(rests, [], 'what was computed while it did not run');
});

test('what is computed while several run is theirs in equal parts', async () => {
  const { turns, rests, pass, use } = timedTurns();
  const gate = Promise.withResolvers<void>();
  const both = ['BetaMSP', 'FloodMSP'].map((mspId) => turns.take(at(mspId), () => gate.promise));
  pass({ work: 3000 });
  gate.resolve();
  await Promise.all(both);
  assert.deepEqual(rests, [], 'half of it each');
  await use('FloodMSP', { work: 1000 });
  assert.equal(rests.length, 1);
});

test('a transaction that fails hands its turn on', async () => {
  const turns = new Turns();
  const fail = () => turns.take(at('BetaMSP'), () => Promise.reject(new Error('broken')));
  const outcomes = await Promise.allSettled([
    fail(),
    fail(),
    fail(),
    turns.take(at('BetaMSP'), async () => 'last'),
  ]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected', 'fulfilled'],
  );
});

test("the peer's own organisation has more turns than others have", async () => {
  const { begun, enter, end, settle } = workplace();
  const all = Array.from({ length: 20 }, (_, i) => enter('AlphaMSP', `${i}`));
  await settle();
  assert.equal(begun.length, 16);
  for (let i = 0; i < 20; i++) await end(`${i}`);
  await Promise.all(all);
});

/** Transactions at the peer of Alpha, whose reads of some rows wait until they are let on. */
function slowPeer(world: World, isSlow: (key: string) => boolean) {
  let reading = 0;
  let on = () => {};
  const gate = new Promise<void>((resolve) => {
    on = resolve;
  });
  const send = (
    proposal: Pick<Proposal, 'mspId' | 'role' | 'certificate'>,
    name: string,
    { text, at, sent }: { text: string; at?: number; sent?: { proposal: string; signature: string } },
  ) => {
    const whole = { txId: 'f'.repeat(64), at: new Date(at ?? 0), person: 'anyone', ...proposal };
    const stub = new MemoryStub(world, whole, 'AlphaMSP');
    const { getState } = stub;
    stub.getState = async (key) => {
      if (isSlow(key)) {
        reading += 1;
        await gate;
      }
      return getState(key);
    };
    return execute(name, text, { stub, proposal: whole, sent, now: at ?? 0, log: () => {} });
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { send, settled, letOn: () => on(), reading: () => reading };
}

test('who may not send a transaction takes no turn, and no text waits that is too long to be read', async () => {
  const { send, settled, letOn } = slowPeer({ rows: new Map(), history: new Map() }, () => true);
  const from = (role: string | null) => ({ mspId: 'FloodMSP', role, certificate: '' });
  const codeOf = async (sent: Promise<unknown>) => {
    const outcome = await sent.catch((error: Error) => error.message);
    return String(outcome).split(':')[0];
  };
  const ask = (role: string | null, text = '{"studyId":"none"}') =>
    codeOf(send(from(role), 'study:get', { text }));
  const line = Array.from({ length: 2 + WAITING_MAX }, () => ask('auditor'));
  await settled();
  const refused = [ask(null), ask('nobody'), ask('auditor', 'x'.repeat(5000)), ask('auditor')];
  await settled();
  letOn();
  assert.deepEqual(await Promise.all(refused), [
    'ROLE_REQUIRED',
    'ROLE_REQUIRED',
    'INVALID_ARGUMENT',
    'TOO_MANY_AT_ONCE',
  ]);
  assert.deepEqual(new Set(await Promise.all(line)), new Set(['STUDY_NOT_FOUND']));
});

test('the evidence in a refused statement is looked for within its turn', async () => {
  const study = await StudyOnLedger.running();
  await study.tallied(1);
  const delta = await createSigner('DeltaMSP');
  const caller = { ...as('trainer', 'DeltaMSP'), certificate: delta.certificate };
  const said = (model: string) => ({
    studyId: STUDY,
    round: 1,
    parametersSha256: aggregate(model).parametersSha256,
  });
  await study.submit(caller, 'round:attest', said('model 1'));
  const { send, settled, letOn, reading } = slowPeer(study.world, (key) =>
    key.includes('\u0000equivocation\u0000'),
  );
  const sent = ['a', 'b', 'c', 'd', 'e'].map((model) => {
    const { transactionId: _, ...signed } = signedProposal(delta, 'round:attest', said(model));
    const text = JSON.stringify(said(model));
    return send(caller, 'round:attest', { text, at: study.now, sent: signed });
  });
  for (let i = 0; i < 50; i++) await settled();
  const most = reading();
  letOn();
  const outcomes = await Promise.allSettled(sent);
  assert.ok(outcomes.every(({ status }) => status === 'rejected'));
  assert.equal(most, 2);
  assert.equal(reading(), 5);
});
