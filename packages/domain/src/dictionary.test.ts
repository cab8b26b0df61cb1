import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Check } from 'typebox/value';
import { Dictionary, type LabelRule } from './dictionary.ts';
import { encodingOf, inputNames } from './dictionary-encoding.ts';
import { sentenceOf } from './problem.ts';
import { dictionaryProblems } from './rules/dictionary-rules.ts';
import { datasetArgument } from './testing/examples.ts';

const { dictionary } = datasetArgument('alpha');
const problems = (change: Partial<Dictionary>): string[] =>
  dictionaryProblems({ ...dictionary, ...change }).map(sentenceOf);

test('an encoding says what a model sees, and nothing of files', () => {
  const encoding = encodingOf(dictionary);
  assert.deepEqual(encoding.features[0], { name: 'age', kind: 'numeric', low: 20, high: 90 });
  const moved = dictionary.features.map((feature) => ({ ...feature, column: `c_${feature.name}` }));
  assert.deepEqual(encodingOf({ ...dictionary, header: false, features: moved }), encoding);
});

test('a feature without a reference range is scaled by its bounds', () => {
  const [age] = encodingOf({
    ...dictionary,
    features: [{ name: 'age', kind: 'numeric', unit: 'a', bounds: { low: 1, high: 2 } }],
  }).features;
  assert.deepEqual(age, { name: 'age', kind: 'numeric', low: 1, high: 2 });
});

test('a model has one input per value or category, and one per missing indicator', () => {
  assert.deepEqual(inputNames(encodingOf(dictionary).features), [
    'age',
    'age_missing',
    'sex',
    'sex_missing',
    'pain=1',
    'pain=2',
    'pain=3',
    'pain=4',
    'pain_missing',
  ]);
});

test('a code is one input, whatever the number of its categories, and its order is part of the encoding', () => {
  const of = (categories: string[]) =>
    encodingOf({ ...dictionary, features: [{ name: 'ward', kind: 'code', categories }] }).features;
  assert.deepEqual(of(['b', 'a']), [{ name: 'ward', kind: 'code', categories: ['b', 'a'] }]);
  assert.deepEqual(inputNames(of(['b', 'a', 'c'])), ['ward']);
  assert.notDeepEqual(of(['b', 'a']), of(['a', 'b']));
  const many = Array.from({ length: 1000 }, (_, code) => `${code}`);
  const withCodes = (categories: string[]) => ({
    ...dictionary,
    features: [{ name: 'ward', kind: 'code', categories }],
  });
  assert.ok(Check(Dictionary, withCodes(many)));
  for (const wrong of [[...many, 'one more'], ['alone'], ['', 'a']]) {
    assert.ok(!Check(Dictionary, withCodes(wrong)));
  }
  assert.deepEqual(problems({ features: [{ name: 'ward', kind: 'code', categories: ['a', 'b', 'a'] }] }), [
    'features.0.categories has "a" twice',
  ]);
});

test('a sound dictionary has no problems, with a header or with columns', () => {
  assert.deepEqual(problems({}), []);
  assert.deepEqual(problems({ header: false, columns: ['age', 'sex', 'pain', 'other', 'num'] }), []);
  assert.deepEqual(problems({ patientId: 'id', maxRowsPerPatient: 5 }), []);
});

test('a patient id that is also something else is noticed', () => {
  assert.deepEqual(problems({ patientId: 'age' }), ['patientId "age" is also a feature']);
  assert.deepEqual(problems({ patientId: 'num' }), ['patientId is also the label']);
});

test('columns are compared with everything that uses them', () => {
  assert.deepEqual(problems({ patientId: 'id', columns: ['age', 'sex', 'pain', 'num', 'age'] }), [
    'columns has "age" twice',
    'columns does not name "id", which is used',
  ]);
});

const withRule = (rule: LabelRule): Dictionary => ({ ...dictionary, label: { ...dictionary.label, rule } });

test('what is learned of a label follows from its rule, and two ways to read a binary one come to the same', () => {
  const binary = encodingOf(withRule({ kind: 'binary' }));
  assert.deepEqual(binary, encodingOf(withRule({ kind: 'greater-than', threshold: 3 })));
  assert.deepEqual(binary.target, { kind: 'binary' });
  const categories = ['mild', 'severe', 'none'];
  assert.deepEqual(encodingOf(withRule({ kind: 'categorical', categories })).target, {
    kind: 'categorical',
    categories,
  });
  assert.deepEqual(encodingOf(withRule({ kind: 'count', high: 9 })).target, { kind: 'count' });
  const bounds = { low: 40, high: 300 };
  const pressure = { kind: 'numeric', unit: 'mmHg', bounds } as const;
  assert.deepEqual(encodingOf(withRule(pressure)).target, { kind: 'numeric', unit: 'mmHg', ...bounds });
  const reference = { low: 90, high: 140 };
  assert.deepEqual(encodingOf(withRule({ ...pressure, reference })).target, {
    kind: 'numeric',
    unit: 'mmHg',
    ...reference,
  });
});

test('mistakes in a label are named', () => {
  const of = (rule: LabelRule) => dictionaryProblems(withRule(rule)).map(sentenceOf);
  assert.deepEqual(of({ kind: 'categorical', categories: ['a', 'b', 'a'] }), [
    'label.rule.categories has "a" twice',
  ]);
  assert.deepEqual(of({ kind: 'numeric', unit: 'mmHg', bounds: { low: 2, high: 1 } }), [
    'label.rule.bounds.low must be below label.rule.bounds.high',
  ]);
  const outside = { low: 0, high: 1 };
  assert.deepEqual(of({ kind: 'numeric', unit: '', bounds: { low: 1, high: 2 }, reference: outside }), [
    'label.rule.reference must lie inside label.rule.bounds',
  ]);
});
