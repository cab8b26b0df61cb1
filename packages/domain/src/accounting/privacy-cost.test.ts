import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { epsilonByPld } from '@consilium/dp-accountant';
import { accountantVectors, decimal, eventOf } from '@consilium/dp-accountant/testing/accountant-vectors';
import { epsilonFromRdp } from './ledger-epsilon.ts';
import { costOfEvent, epsilonOf, epsilonOfCost, timesCost } from './privacy-cost.ts';

/** Seven plans without sampling, from a few scores to a long training. */
const PLANS_WITHOUT_SAMPLING = [
  { what: 'six scores', sigma: 10, steps: 6, delta: 1e-5 },
  { what: 'six scores of the demo', sigma: 9, steps: 6, delta: 1e-5 },
  { what: 'six finer scores', sigma: 20, steps: 6, delta: 1e-5 },
  { what: 'training of the demo', sigma: 8.3, steps: 30, delta: 1e-5 },
  { what: 'a long training', sigma: 60, steps: 1000, delta: 1e-6 },
  { what: 'a short one with little noise', sigma: 2, steps: 4, delta: 1e-5 },
  { what: 'a thousand scores', sigma: 100, steps: 1000, delta: 1e-7 },
] as const;

test('without sampling ε is never below the tight accountant’s, and a thousandth above it where noise is not small', (t) => {
  for (const { what, sigma, steps, delta } of PLANS_WITHOUT_SAMPLING) {
    const cost = timesCost(costOfEvent(eventOf(sigma, 1, 1)), steps);
    const tight = epsilonByPld([{ noiseMultiplier: sigma, samplingRate: 1, steps }], delta);
    const before = Number(epsilonFromRdp(cost.renyi, decimal(delta)));
    const now = Number(epsilonOfCost(cost, decimal(delta)));
    t.diagnostic(`${what}: ${(before / tight).toFixed(4)} before, ${(now / tight).toFixed(4)} now`);
    assert.ok(now >= tight, `${what}: ${now} below ${tight}`);
    assert.ok(now <= tight * (1 + 0.07 / sigma ** 2) + 2e-6, `${what}: ${now} and ${tight}`);
    assert.ok(before > tight * 1.06);
  }
});

test('with sampling ε is by Rényi costs, and lists of both kinds too', () => {
  const sampled = costOfEvent(eventOf(1, 0.01, 1000));
  assert.equal(epsilonOfCost(sampled, '0.00001'), epsilonFromRdp(sampled.renyi, '0.00001'));
  const both = epsilonOf(
    [
      { event: eventOf(1, 0.01, 1000), count: 1 },
      { event: eventOf(10, 1, 1), count: 3 },
    ],
    '0.00001',
  );
  assert.ok(Number(both) > Number(epsilonOfCost(sampled, '0.00001')));
});

test('what Rényi costs say better is taken from there, and a cost without the other measure too', () => {
  const loud = costOfEvent(eventOf(0.5, 1, 1));
  assert.equal(epsilonOfCost(loud, '0.00001'), epsilonFromRdp(loud.renyi, '0.00001'));
  const { renyi } = costOfEvent(eventOf(10, 1, 1));
  assert.equal(epsilonOfCost({ renyi, gaussian: undefined }, '0.00001'), epsilonFromRdp(renyi, '0.00001'));
  assert.equal(epsilonOf([], '0.00001'), '0');
});

const vectors = accountantVectors();

test('no ε is below what dp-accounting proves is lost', () => {
  for (const { sigma, q, steps, delta, pld_eps_optimistic_buckets: atLeast } of vectors.grid) {
    const ours = Number(epsilonOf([{ event: eventOf(sigma, q, steps), count: 1 }], decimal(delta)));
    assert.ok(ours >= atLeast, `σ ${sigma} q ${q} steps ${steps}: ${ours} below ${atLeast}`);
  }
});
