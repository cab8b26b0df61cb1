// The mechanism that hospitals run is the discrete Gaussian, while the formulas are the continuous one's. Here
// the ledger's costs are held against the definition on the lattice itself, summed term by term.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { PrivacyEvent } from '../privacy-event.ts';
import { epsilonFromRdp } from './ledger-epsilon.ts';
import { rdpOfEvent } from './ledger-rdp.ts';
import { LEDGER_ORDERS, timesRdp } from './rdp-vector.ts';

const eventOf = (noiseMultiplier: number, samplingRate: number): PrivacyEvent => ({
  mechanism: 'discrete-gaussian',
  noiseMultiplier: String(noiseMultiplier),
  samplingRate: String(samplingRate),
  steps: 1,
  adjacency: 'add-or-remove-one',
  unit: 'patient',
  pool: 'training',
});

/** Probabilities over a window of the lattice: without the unit, and with it (drawn with probability q). */
function outcomes(mechanism: { sigma: number; shift: number; q: number }): {
  without: number[];
  with: number[];
} {
  const { sigma, shift, q } = mechanism;
  const reach = Math.ceil(14 * sigma) + 12 * shift;
  const lattice = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  const density = lattice.map((x) => Math.exp((-x * x) / (2 * sigma * sigma)));
  const mass = density.reduce((sum, value) => sum + value, 0);
  const without = density.map((value) => value / mass);
  const shifted = lattice.map((x) => Math.exp((-(x - shift) * (x - shift)) / (2 * sigma * sigma)) / mass);
  return { without, with: without.map((p, i) => (1 - q) * p + q * shifted[i]!) };
}

const renyi = (p: readonly number[], r: readonly number[], order: number): number =>
  Math.log(p.reduce((sum, value, i) => sum + (value === 0 ? 0 : value * (value / r[i]!) ** (order - 1)), 0)) /
  (order - 1);
/** The least δ at which P and R are (ε, δ)-close in this direction. */
const hockeyStick = (p: readonly number[], r: readonly number[], epsilon: number): number =>
  p.reduce((sum, value, i) => sum + Math.max(0, value - Math.exp(epsilon) * r[i]!), 0);

const MECHANISMS = [
  { sigma: 1, shift: 1, q: 0.1 },
  { sigma: 4, shift: 2, q: 0.05 },
  { sigma: 6, shift: 5, q: 0.5 },
  { sigma: 30, shift: 10, q: 0.25 },
  { sigma: 9, shift: 3, q: 1 },
];

for (const { sigma, shift, q } of MECHANISMS) {
  test(`costs on the lattice are the ledger's: σ ${sigma}, sensitivity ${shift}, q ${q}`, () => {
    const ledger = rdpOfEvent(eventOf(sigma / shift, q));
    const { without, with: withUnit } = outcomes({ sigma, shift, q });
    LEDGER_ORDERS.filter((order) => order <= 8).forEach((order, i) => {
      const cost = Number(ledger[i]) / 1e9;
      const adding = renyi(withUnit, without, order);
      const removing = renyi(without, withUnit, order);
      assert.ok(
        Math.abs(cost - adding) < 1e-7 * Math.max(1, adding) + 1e-9,
        `α ${order}: ${cost}, ${adding}`,
      );
      assert.ok(removing <= cost + 1e-9, `α ${order}: the other direction costs ${removing}, not ${cost}`);
    });
  });

  test(`the ledger's ε holds at its δ on the lattice: σ ${sigma}, sensitivity ${shift}, q ${q}`, () => {
    const { without, with: withUnit } = outcomes({ sigma, shift, q });
    for (const delta of [1e-3, 1e-5]) {
      const epsilon = Number(epsilonFromRdp(rdpOfEvent(eventOf(sigma / shift, q)), delta.toFixed(5)));
      assert.ok(hockeyStick(withUnit, without, epsilon) <= delta);
      assert.ok(hockeyStick(without, withUnit, epsilon) <= delta);
    }
  });
}

test('an ε that were half of the ledger’s would be false: the check can fail', () => {
  const { without, with: withUnit } = outcomes({ sigma: 9, shift: 3, q: 1 });
  const epsilon = Number(epsilonFromRdp(rdpOfEvent(eventOf(3, 1)), '0.00001'));
  assert.ok(hockeyStick(withUnit, without, epsilon / 2) > 1e-5);
});

test('two releases together keep the ε of their composed cost', () => {
  const { without, with: withUnit } = outcomes({ sigma: 4, shift: 2, q: 0.5 });
  const epsilon = Number(epsilonFromRdp(timesRdp(rdpOfEvent(eventOf(2, 0.5)), 2), '0.00001'));
  const pairs = (p: readonly number[]) => p.flatMap((a) => p.map((b) => a * b));
  assert.ok(hockeyStick(pairs(withUnit), pairs(without), epsilon) <= 1e-5);
  assert.ok(hockeyStick(pairs(without), pairs(withUnit), epsilon) <= 1e-5);
});
