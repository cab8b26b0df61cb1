import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { Check } from 'typebox/value';
import { RegisterDataset } from './dataset.ts';
import { DomainError } from './errors.ts';
import { RegisterMember } from './member.ts';
import { sentenceOf } from './problem.ts';
import { FinalizeRound } from './round.ts';
import { EndStudy, ProposeStudy } from './study.ts';
import { datasetArgument, memberArgument, studyArgument } from './testing/examples.ts';
import { TRANSACTIONS } from './transactions.ts';
import { validate } from './validate.ts';
import { RecordVerdict } from './verdict.ts';

const refusal = (schema: Parameters<typeof validate>[0], value: unknown): string => {
  try {
    validate(schema, value);
  } catch (error) {
    assert.ok(error instanceof DomainError && error.code === 'INVALID_ARGUMENT');
    return error.detail;
  }
  return assert.fail('was not refused');
};

test('what fits is returned as it is', () => {
  const argument = datasetArgument('d1');
  assert.equal(validate(RegisterDataset, argument), argument);
});

test('an unknown field, a missing one and a malformed one are named, all at once', () => {
  const { terms: _, ...rest } = datasetArgument('Not An Id');
  assert.equal(
    refusal(RegisterDataset, { ...rest, colour: 'red' }),
    'colour is not a known field; ' +
      'datasetId must be: Lower-case letters, digits and hyphens, at most 63 characters.; ' +
      'terms is missing',
  );
});

test('a refusal lists its problems by field, also where the sentence of one looks like two', () => {
  const argument = { ...memberArgument('AlphaMSP'), 'a; b is missing': 1, title: 5 };
  assert.throws(
    () => validate(RegisterMember, argument),
    (error) => {
      assert.ok(error instanceof DomainError);
      assert.deepEqual(error.problems, [
        { field: 'a; b is missing', text: 'is not a known field' },
        { field: 'title', text: 'must be text' },
      ]);
      assert.equal(error.detail, error.problems.map(sentenceOf).join('; '));
      return true;
    },
  );
});

test('an alternative is recognised by its kind, and only its own problems are named', () => {
  const argument = datasetArgument('d1');
  const withFeature = (feature: unknown) => ({
    ...argument,
    dictionary: { ...argument.dictionary, features: [feature] },
  });
  assert.equal(
    refusal(RegisterDataset, withFeature({ kind: 'nominal', name: 'x' })),
    'dictionary.features.0.kind must be one of numeric, binary, categorical, code',
  );
  assert.equal(
    refusal(RegisterDataset, withFeature({ kind: 'numeric', name: 'x', bounds: { low: 1, high: 'two' } })),
    'dictionary.features.0.unit is missing; dictionary.features.0.bounds.high must be a number',
  );
  assert.equal(refusal(RegisterDataset, withFeature({ name: 'x' })), 'dictionary.features.0.kind is missing');
  assert.equal(refusal(RegisterDataset, withFeature(7)), 'dictionary.features.0 must be an object');
});

test('words, numbers, lists and refinements say what they must be', () => {
  const study = studyArgument({ studyId: 's1', datasets: ['a'] });
  assert.equal(refusal(ProposeStudy, { ...study, unit: 'ward' }), 'unit must be one of patient, record');
  assert.equal(
    refusal(ProposeStudy, { ...study, rounds: 1.5 }),
    'rounds must be a whole number from 1 to 1000',
  );
  assert.equal(refusal(ProposeStudy, { ...study, datasets: [] }), 'datasets must have at least 1 entry');
  assert.equal(refusal(ProposeStudy, { ...study, datasets: 'a' }), 'datasets must be a list');
  assert.equal(refusal(ProposeStudy, { ...study, title: '' }), 'title must have at least 1 character');
  assert.equal(
    refusal(ProposeStudy, { ...study, training: { ...study.training, noiseMultiplier: '0' } }),
    'training.noiseMultiplier must be greater than 0',
  );
  assert.equal(
    refusal(ProposeStudy, { ...study, training: { ...study.training, samplingRate: '1.5' } }),
    'training.samplingRate must be greater than 0 and at most 1',
  );
  assert.match(
    refusal(RegisterDataset, { ...datasetArgument('d'), recordCountBand: { low: 1, high: 2 } }),
    /^recordCountBand must be one of the public bands 10-49, /,
  );
});

test('a field that may be null says so', () => {
  const argument = datasetArgument('d1');
  const dictionary = { ...argument.dictionary, patientId: 5 };
  assert.equal(
    refusal(RegisterDataset, { ...argument, dictionary }),
    'dictionary.patientId must be text, or null',
  );
});

test('what is no object at all is refused', () => {
  for (const value of [null, undefined, 5, 'text', [], true]) {
    assert.equal(refusal(RegisterMember, value), 'argument must be an object');
  }
});

test('names that objects inherit are unknown fields like any other', () => {
  const parsed = JSON.parse('{"__proto__":{"title":"x"},"constructor":1,"title":"t"}') as unknown;
  assert.match(refusal(RegisterMember, parsed), /__proto__ is not a known field; constructor is not a known/);
  assert.match(refusal(RegisterMember, parsed), /encryptionPublicKey is missing/);
});

test('text that nobody can read, or reads as another, is refused by the name of its field', () => {
  const study = studyArgument({ studyId: 's1', datasets: ['a'] });
  const says = 'must have no control characters, marks of direction or halves of characters';
  for (const mark of [
    '\0',
    '\u001b[2J',
    '\r',
    '\u007f',
    '\u0085',
    '\u202e',
    '\u2066',
    '\u200f',
    '\ufeff',
    '\ud800',
    '\udc00x',
  ]) {
    const text = `be${mark}fore`;
    assert.equal(refusal(ProposeStudy, { ...study, title: text }), `title ${says}`);
    assert.equal(refusal(ProposeStudy, { ...study, question: text }), `question ${says}`);
    assert.equal(refusal(EndStudy, { studyId: 's1', reason: text }), `reason ${says}`);
    const argument = datasetArgument('d1');
    const label = { ...argument.dictionary.label, title: text };
    const dictionary = { ...argument.dictionary, missing: ['?', text], label };
    assert.equal(
      refusal(RegisterDataset, { ...argument, dictionary }),
      `dictionary.missing.1 ${says}; dictionary.label.title ${says}`,
    );
    assert.ok(
      refusal(RegisterMember, { ...memberArgument('AlphaMSP'), title: text }).includes(`title ${says}`),
    );
  }
  assert.equal(refusal(ProposeStudy, { ...study, title: 'two\nlines' }), `title ${says}`);
  for (const text of ['Zürich, 2 lines:\n\tand a tab', 'قلب', '心臓', '👩‍⚕️ ok']) {
    assert.equal(validate(EndStudy, { studyId: 's1', reason: text }).reason, text);
  }
});

test('a refusal is short whatever was sent', () => {
  const long = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`${i}${'x'.repeat(1000)}`, 1]));
  assert.ok(refusal(RegisterMember, long).length < 1000);
});

test('the two judges agree: what is refused here is what the schema does not allow, and nothing else', () => {
  const schemas = [RegisterDataset, ProposeStudy, FinalizeRound, RecordVerdict, RegisterMember];
  const seeds: unknown[] = [
    datasetArgument('d1'),
    studyArgument({ studyId: 's1', datasets: ['a'] }),
    { studyId: 's', round: 1, aggregate: null },
    {
      studyId: 's',
      round: 1,
      accepted: true,
      decisions: [{ datasetId: 'a', decision: 'reject' }],
      scores: [],
    },
  ];
  const judge = (schema: Parameters<typeof validate>[0], value: unknown): boolean => {
    try {
      validate(schema, value);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(
      fc.constantFrom(...schemas),
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), fc.jsonValue({ maxDepth: 1 })), { maxLength: 3 }),
      (schema, seed, mutations) => {
        let value = structuredClone(seed);
        for (const [at, replacement] of mutations) value = mutate(value, at, replacement);
        assert.equal(judge(schema, value), Check(schema, value));
      },
    ),
    { numRuns: 300 },
  );
  for (const { argument } of TRANSACTIONS) assert.equal(judge(argument, {}), Check(argument, {}));
});

/** The value with the at-th of all its places replaced. */
function mutate(value: unknown, at: number, replacement: unknown): unknown {
  const places: { owner: Record<string, unknown>; key: string }[] = [];
  const walk = (node: unknown) => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, child] of Object.entries(node)) {
      places.push({ owner: node as Record<string, unknown>, key });
      walk(child);
    }
  };
  walk(value);
  const place = places[at % Math.max(1, places.length)];
  if (place !== undefined) place.owner[place.key] = replacement;
  return value;
}
