// Audits of a step as a whole, whatever it releases: gradients alone, or with the count that adaptive clipping follows.
// Like those of `audits.ts` they return what is wrong, and look at the mechanism from outside.
import { copyOf } from '../tiled-sums.ts';
import { expectedBatchUnits } from '../training-plan.ts';
import type { LabelledRow } from '../training-units.ts';
import { type AuditCase, type Audited, type Rows, withMechanism } from './audits.ts';
import { normalCdf } from './goodness-of-fit.ts';

const deviation = (values: readonly number[]) =>
  Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);

/** Everyone's release without noise, and functions that add fresh noise to it. */
async function openStep(audit: AuditCase, { mechanism, parameterCount }: Audited, rows: Rows) {
  const batch = Uint32Array.from(rows, (_, unit) => unit);
  const sum = copyOf(await mechanism.sumClipped(audit.parameters, batch));
  const { adaptation } = mechanism;
  const count = adaptation?.count() ?? 0;
  const mean = (noise: Float64Array) => mechanism.release({ sum, noise, batch }).slice();
  const quiet = new Float64Array(parameterCount);
  return {
    exact: [...mean(quiet), adaptation?.release({ count, noise: 0 }) ?? 0],
    noised: () => [
      ...mean(mechanism.drawNoise()),
      adaptation?.release({ count, noise: adaptation.drawNoise() }) ?? 0,
    ],
  };
}

/**
 * With no patients at all, what is released is the noise: does all of it together make up the plan's multiplier, and
 * does the count lie on its lattice?
 */
export async function auditJointNoise(audit: AuditCase, steps = 1500): Promise<string[]> {
  return withMechanism(audit, { rows: [], seed: 'joint noise audit' }, async (audited) => {
    const { plan } = audited;
    const step = await openStep(audit, audited, []);
    const released = Array.from({ length: steps }, step.noised);
    const gradients = released.flatMap((values) => values.slice(0, -1));
    const counts = released.map((values) => values.at(-1)!);
    const own = (deviation(gradients) * expectedBatchUnits(plan)) / plan.clipNormL2;
    const ofCount = audited.mechanism.adaptation === undefined ? 0 : deviation(counts) ** -2;
    const joint = (own ** -2 + ofCount) ** -0.5;
    const problems: string[] = [];
    // Standard deviations of estimated deviations are 1/√2n of them.
    const margin = 5 * Math.sqrt(1 / (2 * gradients.length) + 1 / (2 * steps) / 16);
    if (Math.abs(joint / plan.noiseMultiplier - 1) > margin) {
      problems.push(`the step has the multiplier ${joint} and not ${plan.noiseMultiplier}`);
    }
    if (counts.some((count) => !Number.isInteger(count * 2 ** 20))) {
      problems.push('the count does not lie on its lattice');
    }
    return problems;
  });
}

/** Two worlds that differ in one patient: the count moves by at most 1. */
export async function auditCount(
  audit: AuditCase,
  worlds: readonly { readonly others: Rows; readonly one: readonly LabelledRow[] }[],
): Promise<string[]> {
  const countOf = (rows: Rows) =>
    withMechanism(audit, { rows, seed: 'count audit' }, async (audited) => {
      const { exact } = await openStep(audit, audited, rows);
      return exact.at(-1)!;
    });
  const problems: string[] = [];
  for (const { others, one } of worlds) {
    const [without, present] = [await countOf(others), await countOf([one, ...others])];
    if (!Number.isInteger(present)) problems.push('the count is no integer');
    if (Math.abs(present - without) > 1) problems.push(`one patient moves the count by ${present - without}`);
  }
  return problems;
}

const quantile = (probability: number): number => {
  let [low, high] = [-10, 10];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < probability) low = middle;
    else high = middle;
  }
  return low;
};

/** Upper end of Wilson's interval at 3.7 standard deviations: about one in ten thousand. */
function upperBound(hits: number, trials: number): number {
  const z = 3.7;
  const share = hits / trials;
  const centre = share + z ** 2 / (2 * trials);
  const width = z * Math.sqrt((share * (1 - share)) / trials + z ** 2 / (4 * trials ** 2));
  return (centre + width) / (1 + z ** 2 / trials);
}

/**
 * Distinguishes two worlds by one whole step each, many times, as well as possible (likelihood ratio over all values
 * that are released), and compares with the trade-off between false alarms and misses of the Gaussian mechanism of the
 * plan's multiplier z, which is μ = 1/z (Dong, Roth and Su 2022; Nasr et al. 2023 for the audit).
 *
 * @returns problems, and a point estimate of μ z: near 1 where worlds and distinguisher are at their best
 */
export async function auditTwoWorlds(
  audit: AuditCase,
  world: { readonly others: Rows; readonly one: readonly LabelledRow[] },
  trials = 6000,
): Promise<{ readonly problems: string[]; readonly sharpness: number }> {
  const inWorld = <T>(rows: Rows, seed: string, use: (step: Awaited<ReturnType<typeof openStep>>) => T) =>
    withMechanism(audit, { rows, seed }, async (audited) => use(await openStep(audit, audited, rows)));
  const rows = { out: world.others, in: [world.one, ...world.others] };
  const exact = {
    out: await inWorld(rows.out, '', (step) => step.exact),
    in: await inWorld(rows.in, '', (step) => step.exact),
  };
  // The distinguisher learns the noise's scale from draws of its own, not from what the mechanism says of itself.
  const drawn = await inWorld(rows.out, 'scale', (step) => Array.from({ length: 400 }, step.noised));
  const centred = drawn.map((values) => values.map((value, i) => value - exact.out[i]!));
  const scales = {
    gradient: deviation(centred.flatMap((values) => values.slice(0, -1))),
    count: deviation(centred.map((values) => values.at(-1)!)),
  };
  const weights = exact.in.map((value, i) => {
    const scale = i < exact.in.length - 1 ? scales.gradient : scales.count;
    const moved = value - exact.out[i]!;
    return moved === 0 ? 0 : moved / Math.max(scale, 1e-12) ** 2;
  });
  const scoreOf = (values: readonly number[]) =>
    values.reduce((sum, value, i) => sum + weights[i]! * (value - (exact.out[i]! + exact.in[i]!) / 2), 0);
  const scores = (name: 'in' | 'out') =>
    inWorld(rows[name], `trials ${name}`, (step) => {
      let hits = 0;
      for (let trial = 0; trial < trials; trial++) if (scoreOf(step.noised()) > 0) hits++;
      return hits;
    });
  const falseAlarms = await scores('out');
  const misses = trials - (await scores('in'));
  const multiplier = audit.plan.noiseMultiplier;
  const least = -quantile(upperBound(falseAlarms, trials)) - quantile(upperBound(misses, trials));
  const likely = -quantile(falseAlarms / trials) - quantile(misses / trials);
  const problems =
    least * multiplier > 1
      ? [`worlds can be distinguished ${least * multiplier} times as well as claimed`]
      : [];
  return { problems, sharpness: likely * multiplier };
}
