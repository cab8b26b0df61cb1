// How steps of the test of hospitals run, without any hospital.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '@consilium/command-line';
import type { Room } from './room.ts';
import { StepRunner, StepsInStudy } from './run-steps.ts';
import { chooseSteps, planBeside, STEPS } from './steps/choose-steps.ts';
import type { Step } from './steps/step.ts';

const { signal } = new AbortController();
const runnerOf = () => {
  const lines: string[] = [];
  return { runner: new StepRunner({ say: (line) => lines.push(line), signal }), lines };
};
const emptyRoom = () => ({ study: undefined }) as unknown as Room;
const step = (name: string, when: Step['when'], run: Step['run'] = async () => []): Step => ({
  name,
  when,
  run,
});

test('what a step returns or throws is a problem with its name, and the next step runs', async () => {
  const { runner, lines } = runnerOf();
  const fails = async () => {
    throw new Error('it broke');
  };
  const steps = [
    step('first', 'after', async () => ['odd']),
    step('second', 'after', fails),
    step('third', 'after'),
  ];
  await runner.all(steps, emptyRoom());
  assert.deepEqual(runner.problems, ['first: odd', 'second: it broke']);
  assert.deepEqual(
    runner.results.map(({ name, problems }) => [name, problems.length]),
    [
      ['first', 1],
      ['second', 1],
      ['third', 0],
    ],
  );
  assert.ok(runner.results.every(({ seconds }) => Number.isFinite(seconds)));
  assert.match(lines[0]!, /^first \(\d+\.\d s\)$/);
});

test('what nothing can go on without is thrown', async () => {
  const { runner } = runnerOf();
  const work = async () => {
    throw new Error('no channel');
  };
  await assert.rejects(runner.must('found', work), /no channel/);
  assert.deepEqual(
    runner.results.map(({ name }) => name),
    ['found'],
  );
});

test('a step in the study waits for its round and for the step before it, and knows the study', async () => {
  const { runner } = runnerOf();
  const room = emptyRoom();
  const inStudy = new StepsInStudy(room);
  const seen: string[] = [];
  const held = Promise.withResolvers<void>();
  const steps = [
    step('one', { round: 1 }, async () => {
      seen.push(`one in round ${room.study?.round} of ${room.study?.studyId}`);
      await held.promise;
      return [];
    }),
    step('two', { round: 1 }, async () => [
      ...(seen.push(`two in round ${room.study?.round}`) > 9 ? ['x'] : []),
    ]),
    step('three', { round: 3 }, async () => [
      ...(seen.push(`three in round ${room.study?.round}`) > 9 ? ['x'] : []),
    ]),
    step('after', 'after', async () => ['is not run here']),
  ];
  const all = inStudy.run(steps, runner);
  assert.deepEqual(seen, []);
  inStudy.begin('s', 1);
  await new Promise(setImmediate);
  assert.deepEqual(seen, ['one in round 1 of s']);
  inStudy.begin('s', 2);
  held.resolve();
  await new Promise(setImmediate);
  assert.deepEqual(seen.slice(1), ['two in round 2']);
  inStudy.begin('s', 3);
  await all;
  assert.deepEqual(seen.slice(2), ['three in round 3']);
  assert.deepEqual(runner.problems, []);
});

test('a step whose round never came is run, and says that the study was too short', async () => {
  const { runner } = runnerOf();
  const inStudy = new StepsInStudy(emptyRoom());
  const all = inStudy.run([step('late', { round: 9 })], runner);
  inStudy.begin('s', 1);
  inStudy.end();
  await all;
  assert.deepEqual(runner.problems, ['late: it began after the study had ended']);
});

test('a pause waits for the step that runs, and holds the next one', async () => {
  const { runner } = runnerOf();
  const inStudy = new StepsInStudy(emptyRoom());
  const held = Promise.withResolvers<void>();
  const seen: string[] = [];
  const first = step('first', { round: 1 }, async () => {
    await held.promise;
    seen.push('first');
    return [];
  });
  const second = step('second', { round: 1 }, async () => {
    seen.push('second');
    return [];
  });
  const all = inStudy.run([first, second], runner);
  inStudy.begin('s', 1);
  await new Promise(setImmediate);
  const paused = inStudy.pause().then(() => seen.push('paused'));
  held.resolve();
  await paused;
  await new Promise(setImmediate);
  assert.deepEqual(seen, ['first', 'paused']);
  inStudy.goOn();
  await all;
  assert.deepEqual(seen, ['first', 'paused', 'second']);
});

test('rounds are counted on from one study to the next, and each once', async () => {
  const { runner } = runnerOf();
  const room = emptyRoom();
  const inStudy = new StepsInStudy(room);
  const all = inStudy.run([step('third', { round: 3 }, async () => [`in ${room.study?.studyId}`])], runner);
  inStudy.begin('a', 1);
  inStudy.begin('a', 2);
  inStudy.begin('a', 2);
  await new Promise(setImmediate);
  assert.deepEqual(runner.problems, []);
  inStudy.begin('b', 1);
  await all;
  assert.deepEqual(runner.problems, ['third: in b']);
});

test('steps are chosen by name, and an unknown name is refused with those that are there', () => {
  const long = { ...step('long', 'after'), isLong: true } as const;
  const all = [step('a', 'before'), step('b', { round: 4 }), step('c', { round: 6 }), long];
  assert.deepEqual(chooseSteps(undefined, all), all.slice(0, 3));
  assert.deepEqual(chooseSteps(['all'], all), all);
  assert.deepEqual(chooseSteps(['long'], all), [long]);
  const chosen = chooseSteps(['b', 'c'], all);
  assert.deepEqual(
    chosen.map(({ when }) => when),
    [{ round: 1 }, { round: 3 }],
  );
  assert.throws(
    () => chooseSteps(['a', 'x'], all),
    (error) =>
      error instanceof UsageError && /no step x; there are a, b, c, long, or all/.test(error.message),
  );
});

test('a study with steps beside it waits for everybody, and keeps its plan where none are', () => {
  const plan = {
    budget: { epsilon: '4', delta: '0.00001', unit: 'patient' as const },
    accounting: { kind: 'gaussian' as const },
    model: {},
    study: {
      ...{ title: '', question: '', purpose: '', rounds: 1 },
      training: { stepsPerRound: 5 },
      quorum: { updates: 3, validators: 3 },
    },
  };
  assert.equal(planBeside([step('a', 'before')], plan), plan);
  const beside = planBeside([step('a', { round: 7 })], plan).study;
  assert.equal(beside.rounds, 1);
  assert.deepEqual(beside.notBefore, { updateSeconds: 20, verdictSeconds: 0 });
  assert.ok(Number(beside.roundDeadlineSeconds) >= 600);
  assert.equal(new Set(STEPS.map(({ name }) => name)).size, STEPS.length);
});
