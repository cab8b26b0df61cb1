// Events as a caller states them, and the kinds of step that the accountant composes.
import type { LossSource } from './loss-pair.ts';
import { ReplaceOneLosses } from './replace-one-losses.ts';
import { SampledGaussianLosses } from './sampled-gaussian-losses.ts';
import type { Release } from './single-release.ts';
import { type BatchCap, TruncatedLosses, type Truncation, truncationOf } from './truncated-sampling.ts';

/** Which datasets are neighbours: one unit more or less, or one unit replaced by another. */
export type Adjacency = 'add-or-remove-one' | 'replace-one';
const ADJACENCIES: readonly Adjacency[] = ['add-or-remove-one', 'replace-one'];

/** Steps of one kind: `steps` Poisson-subsampled Gaussian releases. */
export interface GaussianSteps {
  /** Standard deviation of the noise over the greatest L2 norm of one unit's contribution to the sum. */
  readonly noiseMultiplier: number;
  /** Probability with which each unit is drawn in a step. */
  readonly samplingRate: number;
  readonly steps: number;
  /** The largest size of a batch, if units beyond it are dropped at random. */
  readonly batchCap?: BatchCap;
  /** add-or-remove-one by default; the same for all events of a list. */
  readonly adjacency?: Adjacency;
}

function check({ noiseMultiplier, samplingRate, steps, batchCap, adjacency }: GaussianSteps): void {
  // A name of another relation, or a misspelt one, must not be charged as the cheaper relation.
  if (adjacency !== undefined && !ADJACENCIES.includes(adjacency)) {
    throw new RangeError(`adjacency must be ${ADJACENCIES.join(' or ')}, or left out for the first`);
  }
  if (!(noiseMultiplier >= 0)) throw new RangeError('noiseMultiplier must be a number of at least 0');
  if (!(samplingRate >= 0 && samplingRate <= 1)) throw new RangeError('samplingRate must be in [0, 1]');
  if (!Number.isSafeInteger(steps) || steps < 0) throw new RangeError('steps must be a count of at least 0');
  if (batchCap === undefined) return;
  const { datasetSize, largestBatch } = batchCap;
  for (const [name, count] of Object.entries({ datasetSize, largestBatch })) {
    if (!Number.isSafeInteger(count) || count < 1)
      throw new RangeError(`${name} must be a count of at least 1`);
  }
}

/**
 * One kind of step as it is composed. What is not subsampled is one kind: n releases at noise σ are one of noise σ/√n,
 * or any other number m of releases at noise σ√(m/n).
 */
export interface Kind extends GaussianSteps {
  readonly truncation: Truncation;
  readonly adjacency: Adjacency;
}

const UNTRUNCATED: Truncation = { probability: 0, samplingRate: 0 };

/** The events without those that cost nothing, with equal ones joined, in a fixed order. */
export function kindsOf(events: readonly GaussianSteps[]): Kind[] {
  const joined = new Map<string, Kind>();
  let signal = 0;
  const adjacency = events[0]?.adjacency ?? 'add-or-remove-one';
  for (const event of events) {
    check(event);
    const { noiseMultiplier, samplingRate, steps, batchCap } = event;
    if ((event.adjacency ?? 'add-or-remove-one') !== adjacency) {
      throw new RangeError('events of different adjacency have no common guarantee');
    }
    if (steps === 0 || samplingRate === 0 || noiseMultiplier === Number.POSITIVE_INFINITY) continue;
    const truncation = batchCap ? truncationOf(samplingRate, batchCap) : UNTRUNCATED;
    if (samplingRate === 1 && truncation.probability === 0) {
      signal += steps / noiseMultiplier ** 2;
      continue;
    }
    const key = [noiseMultiplier, samplingRate, truncation.probability, truncation.samplingRate].join(' ');
    const before = joined.get(key)?.steps ?? 0;
    joined.set(key, { noiseMultiplier, samplingRate, truncation, adjacency, steps: before + steps });
  }
  const kinds = [...joined].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind);
  if (signal === 0) return kinds;
  // Beside other kinds in parts of little loss each, which share the others' grid and whose e^loss is a number.
  const steps = kinds.length > 0 ? Math.ceil(signal) : 1;
  const noiseMultiplier = Math.sqrt(steps / signal);
  return [...kinds, { noiseMultiplier, samplingRate: 1, steps, truncation: UNTRUNCATED, adjacency }];
}

export function sourceOf(
  { noiseMultiplier, samplingRate, truncation, adjacency }: Kind,
  tailMass: number,
): LossSource {
  const Plain = adjacency === 'replace-one' ? ReplaceOneLosses : SampledGaussianLosses;
  const plain = new Plain({ noiseMultiplier, samplingRate, tailMass });
  if (truncation.probability === 0) return plain;
  // A capped batch moves the sum by up to 2, which is a replacement at half the noise and one-sided shifts.
  const halved = { noiseMultiplier: noiseMultiplier / 2, samplingRate: truncation.samplingRate, tailMass };
  return new TruncatedLosses({
    probability: truncation.probability,
    capped: new ReplaceOneLosses(halved),
    plain,
  });
}

/** e^loss of a little more than this is no double. */
const GREATEST_LOSS = 600;
/** Standard deviations beyond which no tail is asked for. */
const FARTHEST = 20;

/** By how much one unit moves a step's sum at most, in clip norms. */
function shiftOf({ truncation, adjacency }: Kind): number {
  if (truncation.probability > 0) return 4;
  return adjacency === 'replace-one' ? 2 : 1;
}

/**
 * A release that costs no less than the kinds together, where some step has too little noise for its losses to be
 * composed: ε is hundreds then, and far from any use.
 *
 * Sampling mixes steps that differ by the shift with ones that do not differ, and δ(ε) is jointly convex, so that a
 * step costs at most what it costs with the shift for certain; n shifts s at noise σ are one of s√n.
 */
export function boundingRelease(kinds: readonly Kind[]): Release | undefined {
  const beyond = kinds.some((kind) => {
    const signal = shiftOf(kind) / kind.noiseMultiplier;
    return signal * (signal / 2 + FARTHEST) > GREATEST_LOSS;
  });
  if (!beyond) return undefined;
  const signal = kinds.reduce(
    (sum, kind) => sum + kind.steps * (shiftOf(kind) / kind.noiseMultiplier) ** 2,
    0,
  );
  return { noiseMultiplier: 1 / Math.sqrt(signal), samplingRate: 1 };
}

/** The one release that all is equal to, if it is. */
export function onlyRelease(kinds: readonly Kind[]): Release | undefined {
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1 || kind.steps > 1 || kind.truncation.probability > 0)
    return undefined;
  if (kind.adjacency === 'add-or-remove-one') return kind;
  return kind.samplingRate === 1 ? { ...kind, noiseMultiplier: kind.noiseMultiplier / 2 } : undefined;
}

export const unbounded = (kinds: readonly Kind[]): boolean =>
  kinds.some((kind) => kind.noiseMultiplier === 0);
