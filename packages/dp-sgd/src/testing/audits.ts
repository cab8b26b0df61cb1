// Audits of a private step: each returns what is wrong with a mechanism, and must find each broken one of
// `broken-mechanisms.ts`. They look at the mechanism from outside, as the accounting does.

import { prepareRounds } from '../round.ts';
import type { RoundInput } from '../round-input.ts';
import type { NoiseCalibration } from '../sensitivity.ts';
import { copyOf } from '../tiled-sums.ts';
import { expectedBatchUnits, type TrainingPlan } from '../training-plan.ts';
import type { StepMechanism } from '../training-steps.ts';
import { type LabelledRow, packUnits } from '../training-units.ts';
import { kolmogorovSmirnov, normalCdf, varianceScore } from './goodness-of-fit.ts';
import { seededRandomness } from './seeded-randomness.ts';

export interface Audited {
  readonly mechanism: StepMechanism;
  readonly plan: TrainingPlan;
  readonly noise: NoiseCalibration;
  readonly parameterCount: number;
}

/** Replaces the right mechanism by another. */
export type Substitute = (audited: Audited) => StepMechanism;

export interface AuditCase {
  readonly model: Uint8Array;
  readonly features: number;
  readonly parameters: Float32Array;
  readonly plan: TrainingPlan;
  readonly substitute: Substitute;
}

export type Rows = readonly (readonly LabelledRow[])[];

export async function withMechanism<T>(
  { model, features, parameters, plan, substitute }: AuditCase,
  world: { readonly rows: Rows; readonly seed: string },
  use: (audited: Audited) => Promise<T>,
): Promise<T> {
  const units = packUnits(features, world.rows);
  const input: RoundInput = { model, parameters, units, plan, localPatterns: [] };
  const prepared = await prepareRounds(input, { randomness: seededRandomness(world.seed) });
  const { noise } = prepared;
  try {
    const right: Audited = {
      mechanism: prepared.mechanism,
      plan,
      noise,
      parameterCount: parameters.length,
    };
    return await use({ ...right, mechanism: substitute(right) });
  } finally {
    await prepared.close();
  }
}

const distance = (a: Float64Array, b: Float64Array) => Math.hypot(...a.map((value, i) => value - b[i]!));

/** With no patients at all, what is released is the noise: does it have the scale σ C over the expected batch? */
export async function auditNoise(audit: AuditCase, steps = 60): Promise<string[]> {
  return withMechanism(audit, { rows: [], seed: 'noise audit' }, async ({ mechanism, plan, noise }) => {
    const released: Float64Array[] = [];
    for (let step = 0; step < steps; step++) {
      const batch = mechanism.drawBatch();
      const sum = copyOf(await mechanism.sumClipped(audit.parameters, batch));
      released.push(mechanism.release({ sum, noise: mechanism.drawNoise(), batch }));
    }
    const sigma = (plan.noiseMultiplier * plan.clipNormL2) / expectedBatchUnits(plan);
    const all = released.flatMap((values) => [...values]);
    const problems: string[] = [];
    if (Math.abs(varianceScore(all, sigma)) > 5) problems.push('the noise has another scale than σ C');
    if (kolmogorovSmirnov(all, (x) => normalCdf(x / sigma)) > 2.2) problems.push('the noise is not Gaussian');
    const lattice = noise.latticePerUnit * expectedBatchUnits(plan);
    if (all.some((value) => Math.abs(value * lattice - Math.round(value * lattice)) > 1e-3)) {
      problems.push('what is released does not lie on the lattice');
    }
    for (let step = 1; step < steps; step++) {
      const [a, b] = [released[step - 1]!, released[step]!];
      const correlation = a.reduce((sum, value, i) => sum + value * b[i]!, 0) / sigma ** 2;
      if (Math.abs(correlation) > 5.5 * Math.sqrt(a.length)) problems.push('noise is used twice');
    }
    return [...new Set(problems)];
  });
}

/** Two worlds that differ in one patient: the release without noise moves by no more than Δ allows. */
export async function auditSensitivity(
  audit: AuditCase,
  worlds: readonly { readonly others: Rows; readonly one: readonly LabelledRow[] }[],
): Promise<string[]> {
  const problems: string[] = [];
  const releaseOf = (rows: Rows) =>
    withMechanism(audit, { rows, seed: 'sensitivity audit' }, async ({ mechanism, parameterCount }) => {
      const batch = Uint32Array.from(rows, (_, unit) => unit);
      const sum = copyOf(await mechanism.sumClipped(audit.parameters, batch));
      return mechanism.release({ sum, noise: new Float64Array(parameterCount), batch });
    });
  for (const { others, one } of worlds) {
    // First in the batch, so that the index of every other patient changes as well.
    const [without, present] = [await releaseOf(others), await releaseOf([one, ...others])];
    const { noise, plan } = await withMechanism(audit, { rows: [], seed: '' }, async (audited) => audited);
    const moved = distance(without, present) * noise.latticePerUnit * expectedBatchUnits(plan);
    if (moved > noise.sensitivity) {
      problems.push(`one patient moves the release by ${moved / noise.sensitivity} times the bound`);
    }
  }
  return problems;
}

/** Do batches vary in size as with independent draws? */
export async function auditSampling(audit: AuditCase, rows: Rows): Promise<string[]> {
  return withMechanism(audit, { rows, seed: 'sampling audit' }, async ({ mechanism, plan }) => {
    const n = rows.length;
    const q = plan.samplingRate;
    const draws = 2000;
    const sizes = Array.from({ length: draws }, () => mechanism.drawBatch().length);
    const mean = sizes.reduce((sum, size) => sum + size, 0) / draws;
    const variance = sizes.reduce((sum, size) => sum + (size - n * q) ** 2, 0) / draws;
    const expected = n * q * (1 - q);
    const problems: string[] = [];
    if (Math.abs(mean - n * q) > 5 * Math.sqrt(expected / draws)) {
      problems.push("units are drawn at another rate than the plan's");
    }
    if (Math.abs(variance / expected - 1) > 5 * Math.sqrt(2.5 / draws)) {
      problems.push('units are not drawn independently');
    }
    return problems;
  });
}
