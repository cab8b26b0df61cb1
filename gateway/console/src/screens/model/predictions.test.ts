import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Dictionary } from './ledger-types.ts';
import { fieldsOf, problemOf, readNumber, recordOf, sentProblems } from './prediction-fields.ts';
import { likeliest, predictionsCsv, readPredictions } from './predictions.ts';

const dictionary = {
  missing: ['?'],
  features: [
    {
      kind: 'numeric',
      name: 'age',
      title: 'Age',
      unit: 'years',
      bounds: { low: 18, high: 110 },
      missing: ['-9'],
    },
    { kind: 'binary', name: 'sex' },
    { kind: 'categorical', name: 'pain', categories: ['1', '2'] },
  ],
} as unknown as Dictionary;
const fields = fieldsOf(dictionary);
const [age] = fields;

test('each feature is a field with its label, unit, range and categories', () => {
  assert.deepEqual(fields, [
    { kind: 'numeric', name: 'age', label: 'Age', unit: 'years', low: 18, high: 110, missing: ['?', '-9'] },
    { kind: 'binary', name: 'sex', label: 'sex' },
    { kind: 'categorical', name: 'pain', label: 'pain', categories: ['1', '2'] },
  ]);
});

test('what is empty is not known, and what does not fit is said at its field', () => {
  assert.equal(problemOf(age!, ''), undefined);
  assert.equal(problemOf(age!, '61,5'), undefined);
  assert.equal(problemOf(age!, 'old'), 'not-a-number');
  assert.equal(problemOf(age!, '444'), 'out-of-bounds');
  assert.equal(problemOf(age!, '17.999'), 'out-of-bounds');
  assert.equal(problemOf(age!, '-9'), undefined, 'a code for what is not known');
});

test('a number is read with a point or a comma, and nothing else is taken for one', () => {
  assert.equal(readNumber(' 1,5 '), 1.5);
  assert.equal(readNumber('1e3'), 1000);
  for (const text of ['', '1,000,000', '0x10', 'Infinity', 'NaN', '1 2', '1.2.3']) {
    assert.equal(readNumber(text), undefined, text);
  }
});

test('a record has every feature, numbers as numbers and categories as they are written', () => {
  assert.deepEqual(recordOf(fields, { age: '61', sex: '1', pain: '2' }), { age: 61, sex: 1, pain: '2' });
  assert.deepEqual(recordOf(fields, { age: ' ' }), { age: null, sex: null, pain: null });
});

test('problems of an answer are those that say where and what to do', () => {
  const found = { code: 'VALUE_OUT_OF_BOUNDS', line: 2, column: 'age', remedy: 'Correct it.' };
  assert.deepEqual(sentProblems({ problems: [found, null, { code: 3 }, 'x'] }), [found]);
  assert.deepEqual(sentProblems({ problems: 'none' }), []);
});

test('an answer is read by what the label is, and one of another form is not guessed at', () => {
  const binary = { kind: 'binary' } as const;
  assert.deepEqual(readPredictions({ probabilities: [0.5] }, binary), { kind: 'probability', values: [0.5] });
  const numeric = { kind: 'numeric', unit: 'mmHg', bounds: { low: 0, high: 1 } } as const;
  assert.deepEqual(readPredictions({ values: [120] }, numeric), {
    kind: 'value',
    unit: 'mmHg',
    values: [120],
  });
  const classes = { categories: ['a', 'b'], probabilities: [[0.25, 0.75]] };
  assert.equal(readPredictions(classes, binary)?.kind, 'categories');
  for (const wrong of [
    null,
    {},
    { probabilities: ['x'] },
    { categories: ['a'], probabilities: [[0.5, 0.5]] },
  ]) {
    assert.equal(readPredictions(wrong, binary), undefined);
  }
  assert.deepEqual(likeliest(['a', 'b'], [0.25, 0.75]), { category: 'b', probability: 0.75 });
});

test('predictions are a file that no spreadsheet runs', () => {
  const csv = predictionsCsv({ kind: 'categories', categories: ['=1+1', 'b"c'], values: [[0.25, 0.75]] });
  assert.equal(csv, `row,"'=1+1","b""c"\r\n1,0.25,0.75\r\n`);
  assert.equal(
    predictionsCsv({ kind: 'probability', values: [0.5, 1] }),
    'row,probability\r\n1,0.5\r\n2,1\r\n',
  );
});
