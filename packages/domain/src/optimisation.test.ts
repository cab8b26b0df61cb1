import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Type } from 'typebox';
import { DomainError } from './errors.ts';
import { isInRange, OptimisationFields, optimisationParts } from './optimisation.ts';
import { Strict } from './primitives.ts';
import { validate } from './validate.ts';

const Fields = Strict(OptimisationFields);

test('the schema that the ledger checks and the REST API documents is the one of the release before', () => {
  const json = JSON.stringify(OptimisationFields);
  assert.equal(json.length, 4752);
  // SHA-256 of the same text from 0.2.0, whose fields were written for the ledger alone.
  assert.equal(
    createHash('sha256').update(json).digest('hex'),
    '55555790d7a4ff4c5727eae8f11d5946346cebbf9369426345f244ad509c553b',
  );
});

const ADAPTIVE = {
  kind: 'adaptive',
  targetQuantile: '0.5',
  rate: '0.2',
  countNoiseMultiplier: '10',
  minimumClipNormL2: '0.1',
  maximumClipNormL2: '10',
};
const STEP = { kind: 'step', warmUpSteps: 0, everySteps: 5, factor: '0.5' };
const ADAM = { kind: 'adam', momentum: '0.9', secondMomentum: '0.999' };

test('values at the ends of their ranges are taken', () => {
  for (const fields of [
    {},
    { optimizer: { kind: 'sgd', momentum: '0' } },
    { optimizer: { ...ADAM, secondMomentum: '0.999999999999999', floor: '0.000000000000001' } },
    { schedule: { kind: 'cosine', warmUpSteps: 3, finalFraction: '1' } },
    { schedule: { ...STEP, factor: '1' } },
    { clipping: { ...ADAPTIVE, rate: '10' } },
    { clipping: { kind: 'per-layer', bounds: 'uniform', layers: [['a*', 'b']] } },
    { weightDecay: '0', driftCorrection: { kind: 'fedprox', proximal: '0.1' } },
    { driftCorrection: { kind: 'scaffold' } },
  ]) {
    assert.deepEqual(validate(Fields, fields), fields);
  }
});

for (const [sentence, fields] of [
  ['optimizer.momentum must be below 1', { optimizer: { kind: 'sgd', momentum: '1' } }],
  ['optimizer.secondMomentum must be below 1', { optimizer: { ...ADAM, secondMomentum: '1' } }],
  ['optimizer.floor must be greater than 0', { optimizer: { ...ADAM, floor: '0' } }],
  [
    'schedule.finalFraction must be at most 1',
    { schedule: { kind: 'linear', warmUpSteps: 0, finalFraction: '1.1' } },
  ],
  ['schedule.factor must be greater than 0 and at most 1', { schedule: { ...STEP, factor: '0' } }],
  ['schedule.factor must be greater than 0 and at most 1', { schedule: { ...STEP, factor: '1.5' } }],
  [
    'clipping.targetQuantile must be greater than 0 and below 1',
    { clipping: { ...ADAPTIVE, targetQuantile: '1' } },
  ],
  ['clipping.rate must be greater than 0 and at most 10', { clipping: { ...ADAPTIVE, rate: '10.1' } }],
  [
    'clipping.countNoiseMultiplier must be greater than 0',
    { clipping: { ...ADAPTIVE, countNoiseMultiplier: '0' } },
  ],
  [
    'driftCorrection.proximal must be greater than 0',
    { driftCorrection: { kind: 'fedprox', proximal: '0.0' } },
  ],
] as const) {
  test(`the ledger refuses in the same words: ${sentence}`, () => {
    assert.throws(
      () => validate(Fields, fields),
      (error) => error instanceof DomainError && error.message.endsWith(sentence),
    );
  });
}

test('a form has its own numbers and limits, and the ranges of all', () => {
  const seen: unknown[] = [];
  const parts = optimisationParts({
    number: (range) => {
      seen.push(range);
      return Type.Number();
    },
    name: Type.String(),
    mostNamesPerLayer: 2,
    mostLayers: 3,
    mostSteps: 7,
  });
  const limits = { steps: parts.step.everySteps, layers: parts.perLayer.layers };
  const { steps, layers } = JSON.parse(JSON.stringify(limits));
  assert.deepEqual([steps.maximum, layers.maxItems, layers.items.maxItems], [7, 3, 2]);
  assert.equal(parts.adam.momentum.type, 'number');
  assert.ok(seen.length >= 13);
  assert.deepEqual(
    [0, 0.5, 1, 2].map((value) => isInRange({ above: 0, atMost: 1 }, value)),
    [false, true, true, false],
  );
});
