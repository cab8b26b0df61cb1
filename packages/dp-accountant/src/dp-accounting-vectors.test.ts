import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  calibrateNoiseByPld,
  deltaByPld,
  epsilonByPld,
  epsilonByRenyiSeries,
  type GaussianSteps,
  rdpBySeries,
} from './index.ts';
import { epsilonOfRelease } from './single-release.ts';
import { accountantVectors } from './testing/accountant-vectors.ts';

interface Cell {
  readonly sigma: number;
  readonly q: number;
  readonly steps: number;
}

/** The sections of the reference file that this accountant answers to. */
interface PldVectors {
  readonly grid: readonly (Cell & {
    readonly delta: number;
    readonly pld_eps: number;
    readonly pld_eps_optimistic_buckets: number;
    readonly rdp_eps: number;
    readonly exact_gaussian_eps?: number;
  })[];
  readonly rdp_unit: readonly {
    readonly sigma: number;
    readonly q: number;
    readonly order: number;
    readonly rdp: number | null;
  }[];
  readonly pld_delta: readonly (Cell & { readonly eps: number; readonly pld_delta: number })[];
  readonly discretisation: readonly (Cell & { readonly delta: number; readonly pld_eps: number })[];
  readonly inverse: readonly {
    readonly q: number;
    readonly steps: number;
    readonly delta: number;
    readonly target_eps: number;
    readonly sigma_pld: number;
  }[];
  readonly heterogeneous: readonly {
    readonly delta: number;
    readonly parts: readonly Cell[];
    readonly rdp_eps: number;
    readonly pld_eps: number;
  }[];
  readonly variants: readonly (Cell & {
    readonly kind: string;
    readonly delta: number;
    readonly pld_eps: number;
    readonly n?: number;
    readonly max_batch?: number;
  })[];
}

const vectors = accountantVectors() as unknown as PldVectors;
const stepsOf = ({ sigma, q, steps }: Cell): GaussianSteps => ({
  noiseMultiplier: sigma,
  samplingRate: q,
  steps,
});

test('grid: ε is at most 1.001 of the pessimistic value and not below the optimistic', () => {
  for (const row of vectors.grid) {
    const epsilon = epsilonByPld([stepsOf(row)], row.delta);
    assert.ok(epsilon <= row.pld_eps * 1.001, `${JSON.stringify(row)}: ${epsilon}`);
    assert.ok(epsilon >= row.pld_eps_optimistic_buckets, `${JSON.stringify(row)}: ${epsilon}`);
  }
});

test('grid: exact Gaussian values are met to 1e-9', () => {
  const rows = vectors.grid.filter((row) => row.exact_gaussian_eps !== undefined);
  assert.ok(rows.length > 0);
  for (const { sigma, steps, delta, exact_gaussian_eps: exact } of rows) {
    const release = { noiseMultiplier: sigma / Math.sqrt(steps), samplingRate: 1 };
    assert.ok(Math.abs(epsilonOfRelease(release, delta) / exact! - 1) < 1e-9);
  }
});

test('discretisation: finer grids of theirs are met as well', () => {
  for (const row of vectors.discretisation) {
    assert.ok(epsilonByPld([stepsOf(row)], row.delta) <= row.pld_eps * 1.001, JSON.stringify(row));
  }
});

test('heterogeneous: lists of different steps', () => {
  for (const { parts, delta, pld_eps: reference } of vectors.heterogeneous) {
    const epsilon = epsilonByPld(parts.map(stepsOf), delta);
    assert.ok(epsilon <= reference * 1.001, `${JSON.stringify(parts)}: ${epsilon / reference}`);
    assert.ok(epsilon >= reference * 0.998, `${JSON.stringify(parts)}: ${epsilon / reference}`);
  }
});

test('pld_delta: δ at a given ε, to 1%', () => {
  for (const row of vectors.pld_delta) {
    const delta = deltaByPld([stepsOf(row)], row.eps);
    const reference = Math.min(1, row.pld_delta);
    assert.ok(Math.abs(delta / reference - 1) < 0.01, `${JSON.stringify(row)}: ${delta}`);
  }
});

test('inverse: noise for a target, at most a ten-thousandth and 2e-4 above theirs', () => {
  for (const { q, steps, delta, target_eps: targetEpsilon, sigma_pld: reference } of vectors.inverse) {
    const sigma = calibrateNoiseByPld({ targetEpsilon, delta, samplingRate: q, steps });
    assert.ok(
      sigma >= reference * (1 - 2e-4) && sigma <= reference * (1 + 2e-4) + 1e-4,
      `${sigma} ${reference}`,
    );
  }
});

test('variants: replaced units and truncated batches', () => {
  for (const { kind, n, max_batch: largestBatch, delta, pld_eps: reference, ...cell } of vectors.variants) {
    const variant =
      kind === 'poisson_replace_one'
        ? ({ adjacency: 'replace-one' } as const)
        : { batchCap: { datasetSize: n!, largestBatch: largestBatch! } };
    const epsilon = epsilonByPld([{ ...stepsOf(cell), ...variant }], delta);
    assert.ok(Math.abs(epsilon / reference - 1) < 1e-3, `${kind}: ${epsilon / reference}`);
  }
});

test('Rényi costs and their ε are the reference to 1e-9, at fractional orders as well', () => {
  for (const { sigma, q, order, rdp } of vectors.rdp_unit) {
    const cost = rdpBySeries({ noiseMultiplier: sigma, samplingRate: q, steps: 1 }, order);
    if (rdp === null) assert.equal(cost, Number.POSITIVE_INFINITY);
    else assert.ok(Math.abs(cost / rdp - 1) < 1e-9, `σ ${sigma} q ${q} α ${order}: ${cost} ${rdp}`);
  }
  const lists = [...vectors.grid.map((row) => ({ ...row, parts: [row] })), ...vectors.heterogeneous];
  for (const { parts, delta, rdp_eps: reference } of lists) {
    const epsilon = epsilonByRenyiSeries(parts.map(stepsOf), delta);
    assert.ok(Math.abs(epsilon / reference - 1) < 1e-9, `${JSON.stringify(parts)}: ${epsilon / reference}`);
  }
});
