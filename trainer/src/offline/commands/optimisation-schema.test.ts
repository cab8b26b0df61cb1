import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DomainError, Strict, validate } from '@consilium/domain';
import { OptimisationFields } from './optimisation-schema.ts';

const Fields = Strict(OptimisationFields);

test('fields with a default may be left out, and limits are those of a file, not of the ledger', () => {
  for (const fields of [
    {},
    { optimizer: { kind: 'sgd' } },
    { optimizer: { kind: 'adam', restarts: true, floor: 1e-12 } },
    { schedule: { kind: 'constant' } },
    { schedule: { kind: 'step', everySteps: 1_000_000_000, factor: 1 } },
    { schedule: { kind: 'cosine', finalFraction: 1 } },
    { clipping: { kind: 'flat' } },
    {
      clipping: {
        kind: 'per-layer',
        bounds: [1, 2.5],
        layers: [['w*'], Array.from('abcdefghijklmnopqrstuv')],
      },
    },
    { clipping: { kind: 'adaptive', rate: 11 } },
    { driftCorrection: { kind: 'scaffold' }, weightDecay: 0 },
    { averaging: { decay: 0.9 }, rowsPerRun: 4096 },
  ]) {
    assert.deepEqual(validate(Fields, fields), fields);
  }
});

for (const [sentence, fields] of [
  ['optimizer.momentum must be at least 0 and below 1', { optimizer: { kind: 'sgd', momentum: 1 } }],
  ['optimizer.momentum must be at least 0 and below 1', { optimizer: { kind: 'sgd', momentum: -0.1 } }],
  ['optimizer.floor must be a number above 0', { optimizer: { kind: 'adam', floor: 0 } }],
  ['schedule.finalFraction must be from 0 to 1', { schedule: { kind: 'linear', finalFraction: 1.1 } }],
  ['schedule.factor must be above 0 and at most 1', { schedule: { kind: 'step', factor: 0 } }],
  [
    'clipping.targetQuantile must be above 0 and below 1',
    { clipping: { kind: 'adaptive', targetQuantile: 1 } },
  ],
  ['clipping.rate must be a number above 0', { clipping: { kind: 'adaptive', rate: 0 } }],
  ['weightDecay must be at least 0', { weightDecay: -1 }],
  [
    'driftCorrection.proximal must be a number above 0',
    { driftCorrection: { kind: 'fedprox', proximal: 0 } },
  ],
  ['averaging.decay must be at least 0 and below 1', { averaging: { decay: 1 } }],
] as const) {
  test(`a study file is refused in its own words: ${sentence} (${JSON.stringify(fields)})`, () => {
    assert.throws(
      () => validate(Fields, fields),
      (error) => error instanceof DomainError && error.message.endsWith(sentence),
    );
  });
}
