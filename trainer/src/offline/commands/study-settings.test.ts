import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError } from '@consilium/command-line';
import type { StudyFile } from './study-file.ts';
import { type OptionTexts, settingsOf, warningsOf } from './study-settings.ts';

const study: StudyFile = {
  model: { kind: 'logistic-regression' },
  rounds: 4,
  stepsPerRound: 5,
  samplingRate: 0.1,
  clipNormL2: 1,
  learningRate: 1,
  epsilon: 3,
  delta: 1e-5,
};
const settings = (options: Partial<OptionTexts> = {}, changes: Partial<StudyFile> = {}) =>
  settingsOf({ ...study, ...changes }, { 'without-privacy': false, ...options });
const refused = (run: () => unknown, message: RegExp) =>
  assert.throws(run, (error) => {
    assert.ok(error instanceof InputError && message.test(error.message), String(error));
    for (const { field } of error.problems) assert.match(field, /^(--|study: |epsilon$)/);
    return true;
  });

test('noise follows from a target ε, and the events say everything that ε follows from', () => {
  const { noiseMultiplier, privacy } = settings();
  const [event] = privacy?.training.events ?? [];
  assert.deepEqual(event, {
    mechanism: 'discrete-gaussian',
    noiseMultiplier: String(noiseMultiplier),
    samplingRate: '0.1',
    steps: 20,
    adjacency: 'add-or-remove-one',
    unit: 'patient',
    pool: 'training',
  });
  const { epsilonRdp, epsilonPld } = privacy!.training;
  assert.ok(epsilonPld <= 3 && epsilonPld > 2.9, String(epsilonPld));
  assert.ok(epsilonRdp >= epsilonPld);
  assert.equal(privacy?.heldOut, null);
});

test('the command line comes before the file, and contradictions are refused', () => {
  assert.equal(settings({ 'noise-multiplier': '2.5' }).noiseMultiplier, 2.5);
  assert.ok(settings({ epsilon: '1' }).noiseMultiplier > settings().noiseMultiplier);
  assert.equal(settings({ delta: '1e-6' }).privacy?.delta, 1e-6);
  refused(() => settings({ epsilon: '1', 'noise-multiplier': '2' }), /exclude each other/);
  refused(() => settings({}, { noiseMultiplier: 2 }), /exclude each other/);
  refused(() => settings({ epsilon: 'much' }), /--epsilon must be a number above 0/);
  refused(() => settings({ delta: '1' }), /--delta must be a number above 0 and below 1/);
  refused(() => settings({ 'score-noise': '0.5' }), /--score-noise must be at least 1/);
  refused(() => settings({ 'without-privacy': true, epsilon: '1' }), /excludes --epsilon/);
});

test('a study that does not say how private it is, is refused', () => {
  const { epsilon, delta, ...open } = study;
  refused(() => settingsOf(open, { 'without-privacy': false }), /how private[\s\S]*delta is missing/);
});

test('an ε that cannot be met is refused', () => {
  refused(() => settings({ epsilon: '1e-9' }), /epsilon 1e-9 cannot be met/);
});

test('noised scores are charged to the held-out patients: one release a round and the baseline', () => {
  const { privacy } = settings({ 'score-noise': '6' });
  const [event] = privacy?.heldOut?.events ?? [];
  assert.deepEqual(
    [event?.noiseMultiplier, event?.samplingRate, event?.steps, event?.pool],
    ['6', '1', 5, 'held-out'],
  );
});

test('warnings: no privacy, exact scores, a δ too large for the band, a weak ε, hardly a patient a step', () => {
  const told = (options: Partial<OptionTexts>, samplingRate = 0.5) =>
    warningsOf({
      settings: { ...settings(options), samplingRate },
      maxRowsPerPatient: 1,
      bands: { a: { low: 100, high: 149 } },
    }).join('\n');
  assert.match(told({ 'without-privacy': true }), /NOT PRIVATE/);
  assert.match(told({}), /exact/);
  assert.doesNotMatch(told({}), /delta/);
  assert.match(
    told({ delta: '0.001' }),
    /delta 0\.001 is not small against the patients of a.*at most 0\.0006\./,
  );
  assert.doesNotMatch(told({ delta: '0.0006' }), /delta/);
  assert.match(
    told({}, 0.001),
    /samplingRate 0\.001 draws less than one patient of a a step.*above 0\.006\./,
  );
  assert.doesNotMatch(told({}, 0.01), /samplingRate/);
  assert.match(told({ epsilon: '30' }), /weak guarantee/);
  assert.doesNotMatch(told({ 'score-noise': '4' }), /exact/);
});
