import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { epsilonOfRdp, REPORT_ORDERS } from './epsilon-of-rdp.ts';
import { calibrateNoiseByPld, deltaByPld, epsilonByPld, type GaussianSteps } from './index.ts';
import { rdpSampledGaussian } from './sampled-gaussian.ts';
import { SampledGaussianLosses } from './sampled-gaussian-losses.ts';
import { deltaOfRelease, epsilonOfRelease } from './single-release.ts';
import { DEFINITION, EPSILONS, type Part, VARIANTS } from './testing/dp-accounting-values.ts';
import { composePlainly, convolveCircularly, epsilonPlainly, mirror } from './testing/plain-accountant.ts';

const stepsOf = ([noiseMultiplier, samplingRate, steps]: Part): GaussianSteps => ({
  noiseMultiplier,
  samplingRate,
  steps,
});
const one = (...part: Part): GaussianSteps[] => [stepsOf(part)];

test('ε is between the optimistic and 1.001 times the pessimistic value of dp-accounting', () => {
  for (const { parts, delta, pessimistic, optimistic } of EPSILONS) {
    const epsilon = epsilonByPld(parts.map(stepsOf), delta);
    const about = `${JSON.stringify(parts)} δ ${delta}: ${epsilon} beside ${optimistic} to ${pessimistic}`;
    assert.ok(epsilon <= pessimistic * 1.001, about);
    assert.ok(epsilon >= optimistic, about);
  }
});

test('where dp-accounting resolves the grid ε is within 4e-4 of it, above or below', () => {
  const resolved = EPSILONS.filter(({ pessimistic, optimistic }) => pessimistic < optimistic * 1.01);
  assert.ok(resolved.length > 8);
  for (const { parts, delta, pessimistic } of resolved) {
    const epsilon = epsilonByPld(parts.map(stepsOf), delta);
    assert.ok(
      Math.abs(epsilon / pessimistic - 1) < 4e-4,
      `${JSON.stringify(parts)}: ${epsilon / pessimistic}`,
    );
  }
});

test('ε and δ are those of the definition in 40 digits, and at most a ten-thousandth above', () => {
  for (const { part, epsilon, delta } of DEFINITION) {
    const cost = epsilonByPld(one(...part), delta);
    assert.ok(cost >= epsilon * (1 - 1e-9) && cost <= epsilon * (1 + 1e-4), `${part}: ${cost}`);
    const found = deltaByPld(one(...part), epsilon);
    assert.ok(found >= delta * (1 - 1e-9) && found <= delta * (1 + 1e-4), `${part}: ${found}`);
  }
});

test('replaced units and capped batches cost what dp-accounting says, to 5e-4', () => {
  for (const { part, delta, pessimistic, datasetSize, largestBatch } of VARIANTS) {
    const variant =
      datasetSize === undefined || largestBatch === undefined
        ? ({ adjacency: 'replace-one' } as const)
        : { batchCap: { datasetSize, largestBatch } };
    const epsilon = epsilonByPld([{ ...stepsOf(part), ...variant }], delta);
    assert.ok(
      Math.abs(epsilon / pessimistic - 1) < 5e-4,
      `${JSON.stringify(part)}: ${epsilon / pessimistic}`,
    );
  }
});

// A composition small enough for direct convolution, whose ε is known within one grid cell per step.
const TINY = { noiseMultiplier: 1.1, samplingRate: 0.3 };
const TINY_STEPS = 3;
const TINY_DELTA = 1e-4;
const TINY_INTERVAL = 0.004;
const tinyPair = (tailMass: number) =>
  new SampledGaussianLosses({ ...TINY, tailMass }).discretise(TINY_INTERVAL);

test('tiny compositions agree with direct convolution of the same losses', () => {
  const pair = tinyPair(1e-13);
  const direct = epsilonPlainly(composePlainly(pair, TINY_STEPS), TINY_DELTA);
  const epsilon = epsilonByPld([{ ...TINY, steps: TINY_STEPS }], TINY_DELTA);
  assert.ok(Math.abs(epsilon / direct - 1) < 3e-4, `${epsilon} beside ${direct}`);
});

// Our ε is within 2e-4 above the truth, so what lies 3e-4 below it is below the truth.
const truth = epsilonByPld([{ ...TINY, steps: TINY_STEPS }], TINY_DELTA);
const sound = (epsilon: number): boolean => epsilon > truth * (1 - 3e-4);

test('the plain accountant is sound, so that its broken versions show', () => {
  const pair = tinyPair(1e-13);
  assert.ok(sound(epsilonPlainly(composePlainly(pair, TINY_STEPS), TINY_DELTA)));
  const period = 2 ** 13;
  const masses = convolveCircularly(pair.masses, TINY_STEPS, period);
  const circular = { ...composePlainly(pair, TINY_STEPS), masses };
  assert.ok(sound(epsilonPlainly(circular, TINY_DELTA)));
});

const MUTANTS: Readonly<Record<string, () => number>> = {
  'losses rounded down': () => {
    const whole = composePlainly(tinyPair(1e-13), TINY_STEPS);
    return epsilonPlainly({ ...whole, lowest: whole.lowest - TINY_STEPS }, TINY_DELTA);
  },
  'only one direction': () => {
    const pair = tinyPair(1e-13);
    return epsilonPlainly(
      mirror(composePlainly(pair, TINY_STEPS), TINY_STEPS * pair.infinityAdd),
      TINY_DELTA,
    );
  },
  'what is cut off forgotten': () =>
    epsilonPlainly({ ...composePlainly(tinyPair(1e-4), TINY_STEPS), infinity: 0 }, TINY_DELTA),
  'wrapped round': () => {
    const pair = tinyPair(1e-13);
    const masses = convolveCircularly(pair.masses, TINY_STEPS, 2 ** 10);
    return epsilonPlainly({ ...composePlainly(pair, TINY_STEPS), masses }, TINY_DELTA);
  },
  'a step forgotten': () => epsilonByPld([{ ...TINY, steps: TINY_STEPS - 1 }], TINY_DELTA),
  'shuffled, not sampled: q of one step only': () => epsilonByPld([{ ...TINY, steps: 1 }], TINY_DELTA),
};
for (const [name, mutant] of Object.entries(MUTANTS)) {
  test(`a wrong accountant is noticed: ${name}`, () => assert.equal(sound(mutant()), false));
}

test('without subsampling ε is that of the analytic Gaussian, never below it', () => {
  for (const [sigma, steps, delta] of [
    [1, 1, 1e-5],
    [3, 10, 1e-9],
    [0.5, 4, 1e-6],
    [0.8, 1068, 3e-8],
  ] as const) {
    const exact = epsilonOfRelease({ noiseMultiplier: sigma / Math.sqrt(steps), samplingRate: 1 }, delta);
    const epsilon = epsilonByPld(one(sigma, 1, steps), delta);
    assert.ok(epsilon >= exact * (1 - 1e-12) && epsilon <= exact * (1 + 1e-9));
    // Beside a step that costs next to nothing it is composed on a grid.
    const composed = epsilonByPld([...one(sigma, 1, steps), ...one(1e6, 1e-9, 1)], delta);
    assert.ok(composed >= exact && composed <= exact * (1 + 3e-4), `${composed} beside ${exact}`);
  }
  assert.ok(Math.abs(epsilonByPld(one(1, 1, 1), 1e-5) - 4.377178) < 1e-6);
});

const event = fc.record({
  noiseMultiplier: fc.double({ min: 0.4, max: 10, noNaN: true }),
  samplingRate: fc.double({ min: -9, max: -0.1, noNaN: true }).map(Math.exp),
  steps: fc.integer({ min: 1, max: 20_000 }),
});
const smallDelta = fc.double({ min: -20, max: -7, noNaN: true }).map(Math.exp);

test('ε falls with σ and δ, and rises with q and steps', () => {
  fc.assert(
    fc.property(event, smallDelta, fc.double({ min: 1.02, max: 2, noNaN: true }), (at, delta, factor) => {
      const cost = (change: Partial<GaussianSteps>, at_ = delta) => epsilonByPld([{ ...at, ...change }], at_);
      const epsilon = cost({});
      const slack = 1 + 3e-4;
      assert.ok(cost({ noiseMultiplier: at.noiseMultiplier * factor }) <= epsilon * slack + 1e-9);
      assert.ok(cost({ samplingRate: at.samplingRate / factor }) <= epsilon * slack + 1e-9);
      assert.ok(cost({ steps: Math.ceil(at.steps * factor) }) * slack + 1e-9 >= epsilon);
      assert.ok(cost({}, delta * factor) <= epsilon * slack + 1e-9);
    }),
    { numRuns: 12 },
  );
});

test('δ(ε(δ)) is at most δ, and not much less', () => {
  fc.assert(
    fc.property(event, smallDelta, (at, delta) => {
      const back = deltaByPld([at], epsilonByPld([at], delta));
      assert.ok(back <= delta, `${JSON.stringify(at)} ${delta} ${back / delta - 1}`);
      assert.ok(back > delta * 0.85 || epsilonByPld([at], delta) === 0);
    }),
    { numRuns: 20, examples: [[stepsOf([0.924366322599944, Math.exp(-9), 2]), 1.2527494e-8]] },
  );
});

test('ε is below that of Rényi accounting, and not below that of a single step', () => {
  fc.assert(
    fc.property(event, smallDelta, (at, delta) => {
      const epsilon = epsilonByPld([at], delta);
      const rdp = REPORT_ORDERS.map((order) => at.steps * rdpSampledGaussian({ ...at, order }));
      assert.ok(epsilon <= epsilonOfRdp(REPORT_ORDERS, rdp, delta) * (1 + 2e-4) + 1e-9);
      assert.ok(epsilon >= epsilonOfRelease(at, delta) * (1 - 1e-9));
    }),
    { numRuns: 20 },
  );
});

test('the order of events does not matter, and equal events add up', () => {
  const events = [stepsOf([1, 0.02, 300]), stepsOf([0.8, 0.001, 50]), stepsOf([4, 1, 2])];
  const whole = epsilonByPld(events, 1e-6);
  assert.equal(epsilonByPld(events.toReversed(), 1e-6), whole);
  const [first, ...rest] = events;
  const halves = [{ ...first!, steps: 100 }, ...rest, { ...first!, steps: 200 }];
  assert.equal(epsilonByPld(halves, 1e-6), whole);
});

test('calibrated noise meets the target, and a ten-thousandth less does not', () => {
  for (const [target, delta, samplingRate, steps] of [
    [1, 1e-5, 0.01, 1000],
    [8, 1e-5, 0.01, 1000],
    [0.3, 1e-6, 1, 7],
  ] as const) {
    const sigma = calibrateNoiseByPld({ targetEpsilon: target, delta, samplingRate, steps });
    assert.equal(sigma, Math.round(sigma * 1e4) / 1e4);
    assert.ok(epsilonByPld(one(sigma, samplingRate, steps), delta) <= target);
    assert.ok(epsilonByPld(one(sigma - 1e-4, samplingRate, steps), delta) > target);
  }
});

test('what is spent besides counts in a calibration, and a target it exceeds is refused', () => {
  const plan = { targetEpsilon: 2, delta: 1e-5, samplingRate: 0.02, steps: 200 };
  const besides = one(4, 1, 1);
  const sigma = calibrateNoiseByPld({ ...plan, besides });
  assert.ok(sigma > calibrateNoiseByPld(plan));
  assert.ok(epsilonByPld([...besides, ...one(sigma, 0.02, 200)], 1e-5) <= 2);
  assert.throws(() => calibrateNoiseByPld({ ...plan, besides: one(0.5, 1, 1) }), /no noise multiplier/);
  assert.throws(() => calibrateNoiseByPld({ ...plan, targetEpsilon: 0 }), RangeError);
});

test('edges: nothing costs 0, no noise costs everything, a large δ needs no ε', () => {
  assert.equal(epsilonByPld([], 1e-5), 0);
  assert.equal(epsilonByPld(one(1, 0, 100), 1e-5), 0);
  assert.equal(epsilonByPld(one(1, 0.1, 0), 1e-5), 0);
  assert.equal(epsilonByPld(one(0, 0.1, 1), 1e-5), Number.POSITIVE_INFINITY);
  assert.equal(epsilonByPld(one(1, 1e-7, 10), 1e-5), 0);
  assert.equal(deltaByPld([], 0), 0);
  assert.equal(deltaByPld(one(0, 0.1, 1), 3), 1);
  assert.ok(deltaByPld(one(10, 0.001, 10), 5) <= 1e-30);
  const [tiny, exact] = [
    deltaByPld(one(2, 0.01, 2), 0),
    deltaOfRelease({ noiseMultiplier: 2, samplingRate: 0.01 }, 0),
  ];
  assert.ok(tiny > exact && tiny <= 2 * exact);
});

test('extremes stay finite and ordered: much noise, little noise, many steps, tiny δ', () => {
  assert.ok(epsilonByPld(one(0.3, 0.01, 1000), 1e-5) < epsilonByPld(one(0.3, 0.01, 1000), 1e-12));
  assert.ok(epsilonByPld(one(100, 0.001, 1_000_000), 1e-6) < 1);
  assert.ok(epsilonByPld(one(0.8, 1e-4, 20_000), 1e-9) < 0.284);
  assert.ok(Number.isFinite(epsilonByPld(one(0.5, 0.5, 100_000), 1e-9)));
  const littleNoise = epsilonByPld(one(0.001, 0.1, 1000), 1e-5);
  assert.ok(littleNoise > epsilonByPld(one(0.05, 0.1, 1000), 1e-5));
  assert.equal(littleNoise, epsilonByPld(one(0.001, 1, 1000), 1e-5));
  assert.ok(epsilonByPld([{ ...stepsOf([0.001, 0.1, 10]), adjacency: 'replace-one' }], 1e-5) > 10 * 2e6);
  assert.ok(deltaByPld(one(0.001, 0.1, 1000), 1e9) <= 1e-30);
});

test('what is no mechanism is refused by name', () => {
  assert.throws(() => epsilonByPld(one(-1, 0.1, 1), 1e-5), /noiseMultiplier/);
  assert.throws(() => epsilonByPld(one(1, 1.1, 1), 1e-5), /samplingRate/);
  assert.throws(() => epsilonByPld(one(1, 0.1, 1.5), 1e-5), /steps/);
  assert.throws(() => epsilonByPld(one(1, 0.1, 1), 0), /delta/);
  assert.throws(() => epsilonByPld(one(1, 0.1, 1), 1), /delta/);
  assert.throws(() => deltaByPld(one(1, 0.1, 1), -1), /epsilon/);
  const capped = { ...stepsOf([1, 0.1, 1]), batchCap: { datasetSize: 100, largestBatch: 0 } };
  assert.throws(() => epsilonByPld([capped], 1e-5), /largestBatch/);
  const mixed = [stepsOf([1, 0.1, 1]), { ...stepsOf([1, 0.1, 1]), adjacency: 'replace-one' } as const];
  assert.throws(() => epsilonByPld(mixed, 1e-5), /adjacency/);
});

test('numbers that are none and names that are not known are refused by name, wherever they enter', () => {
  const sound = stepsOf([1, 0.1, 10]);
  const batchCap = { datasetSize: 100, largestBatch: 20 };
  const changes: readonly (readonly [string, unknown])[] = [
    ['noiseMultiplier', { noiseMultiplier: Number.NaN }],
    ['noiseMultiplier', { noiseMultiplier: -1e-9 }],
    ['noiseMultiplier', { noiseMultiplier: Number.NEGATIVE_INFINITY }],
    ['samplingRate', { samplingRate: Number.NaN }],
    ['samplingRate', { samplingRate: -0.1 }],
    ['steps', { steps: Number.NaN }],
    ['steps', { steps: -1 }],
    ['steps', { steps: Number.POSITIVE_INFINITY }],
    ['datasetSize', { batchCap: { largestBatch: 20 } }],
    ['largestBatch', { batchCap: { ...batchCap, largestBatch: Number.NaN } }],
    ['adjacency', { adjacency: 'replace-two' }],
    ['adjacency', { adjacency: 'Replace-One' }],
    ['adjacency', { adjacency: '' }],
    ['adjacency', { adjacency: null }],
  ];
  const refuses = (field: string, run: () => unknown) =>
    assert.throws(run, (error) => error instanceof RangeError && error.message.startsWith(`${field} must `));
  for (const [field, change] of changes) {
    const spoiled = { ...sound, ...(change as Partial<GaussianSteps>) };
    refuses(field, () => epsilonByPld([spoiled], 1e-5));
    // What costs nothing is not passed over: the mistake may be in what makes it cost nothing.
    refuses(field, () => epsilonByPld([sound, { ...spoiled, ...(field !== 'steps' && { steps: 0 }) }], 1e-5));
    refuses(field, () => deltaByPld([spoiled], 1));
    if (field === 'noiseMultiplier') continue;
    const { noiseMultiplier, ...plan } = spoiled;
    refuses(field, () => calibrateNoiseByPld({ targetEpsilon: 1, delta: 1e-5, ...plan }));
  }
  for (const delta of [Number.NaN, -1e-5, 0, 1]) refuses('delta', () => epsilonByPld([sound], delta));
  for (const epsilon of [Number.NaN, -1]) refuses('epsilon', () => deltaByPld([sound], epsilon));
});
