import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { InputError, sentenceOf } from '@consilium/command-line';
import { parseStudy, StudyFile } from './study-file.ts';

const MINIMAL = `
model: logistic-regression
rounds: 2
stepsPerRound: 3
samplingRate: 0.5
clipNormL2: 1
learningRate: 0.5
epsilon: 3
delta: 1e-5
`;
const problemsOf = (text: string): readonly string[] => {
  try {
    parseStudy(text, '/studies');
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.problems.map(sentenceOf);
  }
  return assert.fail('no problem was found');
};

test('the example is a study', () => {
  const path = new URL('../../../../examples/study.yaml', import.meta.url);
  const { epsilon, aggregation } = parseStudy(readFileSync(path, 'utf8'), '/');
  assert.equal(epsilon, 3);
  assert.deepEqual(aggregation, { rule: 'fedavg' });
});

test('the example names every field', () => {
  const path = new URL('../../../../examples/study.yaml', import.meta.url);
  const text = readFileSync(path, 'utf8');
  const fields = Object.keys(StudyFile.properties).filter(
    (field) => !new RegExp(`\\b${field}\\b`).test(text),
  );
  assert.deepEqual(fields, []);
});

test('short forms of a model are spelled out, and a graph is found from the study’s folder', () => {
  assert.deepEqual(parseStudy(MINIMAL, '/studies').model, { kind: 'logistic-regression' });
  const own = MINIMAL.replace('logistic-regression', '{ onnx: net.onnx }');
  assert.deepEqual(parseStudy(own, '/studies').model, { kind: 'onnx', path: '/studies/net.onnx' });
});

test('a field whose name looks like two problems is one problem', () => {
  assert.deepEqual(problemsOf(`${MINIMAL}"colour; rounds": red\n`), [
    'study: colour; rounds is not a known field: check its spelling, or leave it out',
  ]);
});

test('all problems are listed at once, by field', () => {
  const problems = problemsOf(`
model: { kind: multilayer-perceptron, hidden: [] }
rounds: 0
stepsPerRound: 3
samplingRate: 1.5
clipNormL2: -1
learningrate: 2
momentum: 1
delta: 1
heldOutShare: 0.5
`);
  const all = problems.join('\n');
  assert.match(all, /learningrate is not a known field/);
  assert.match(all, /model\.hidden must have at least 1 entry/);
  assert.match(all, /rounds must be a whole number from 1 to 10000/);
  assert.match(all, /samplingRate must be above 0 and at most 1/);
  assert.match(all, /clipNormL2 must be a number above 0/);
  assert.match(all, /learningRate is missing/);
  assert.match(all, /momentum must be at least 0 and below 1/);
});

test('how parameters move is checked field by field', () => {
  const good = `${MINIMAL}optimizer: { kind: adam, floor: 1e-6, restarts: true }
schedule: { kind: step, everySteps: 3, factor: 0.5, warmUpSteps: 2 }
weightDecay: 0
averaging: { decay: 0.9 }
rowsPerRun: 64
`;
  assert.equal(parseStudy(good, '/').optimizer?.kind, 'adam');
  const problems = problemsOf(`${MINIMAL}optimizer: { kind: sgd, floor: 1 }
schedule: { kind: sine, finalFraction: 2, factor: 0 }
weightDecay: -1
averaging: { decay: 1, over: units }
`).join('\n');
  for (const field of [
    'optimizer',
    'averaging.over',
    'schedule.kind',
    'schedule.finalFraction',
    'schedule.factor',
    'weightDecay',
  ]) {
    assert.match(problems, new RegExp(`study: ${field.replace('.', '[.]')}`));
  }
  assert.match(problems, /averaging[.]decay must be at least 0 and below 1/);
});

test('what is not YAML, or not a mapping, is refused', () => {
  assert.match(problemsOf('model: [').join(), /study: /);
  assert.match(problemsOf('- 1').join(), /it must be fields with values/);
  assert.match(problemsOf('').join(), /it must be fields with values/);
});
