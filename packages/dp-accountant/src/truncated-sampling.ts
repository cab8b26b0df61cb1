// The privacy loss of a step whose Poisson batch is capped: what does not fit is dropped at random.
import { type LossNodes, type LossPair, type LossSource, mixLossPairs } from './loss-pair.ts';

/** A largest batch: Poisson batches that are larger are cut, which is charged as truncation. */
export interface BatchCap {
  /** Units from which the batch is drawn, a public number. */
  readonly datasetSize: number;
  readonly largestBatch: number;
}

/** P(B > k), each rounded up by far less than a billionth, for B ~ Bin(n, q) and k ≥ nq. */
export function binomialTail(n: number, q: number, k: number): number {
  if (k < 0) return 1;
  if (k >= n || q === 0) return 0;
  if (q === 1) return 1;
  const odds = q / (1 - q);
  const mode = Math.min(n, Math.floor((n + 1) * q));
  let total = 1;
  let tail = mode > k ? 1 : 0;
  for (let at = mode, mass = 1; at < n && mass > 0; at++) {
    mass *= ((n - at) / (at + 1)) * odds;
    total += mass;
    if (at + 1 > k) tail += mass;
  }
  for (let at = mode, mass = 1; at > 0 && mass > 0; at--) {
    mass *= at / (n - at + 1) / odds;
    total += mass;
    if (at - 1 > k) tail += mass;
  }
  return Math.min(1, (tail / total) * (1 + 1e-10));
}

/** How often the cap binds, and how likely the one unit is in the batch when it does. */
export interface Truncation {
  readonly probability: number;
  readonly samplingRate: number;
}

/**
 * Given that the unit is drawn the cap binds with P(Bin(n−1, q) ≥ B); given that it binds the unit stays with
 * P(Bin(n, q) > B)·B/(n·that). A bound batch differs by one unit replaced, of sensitivity 2.
 *
 * Source: dp_accounting 0.6, from_truncated_subsampled_gaussian_mechanism, after Ganesh 2024.
 */
export function truncationOf(
  samplingRate: number,
  { datasetSize: n, largestBatch: cap }: BatchCap,
): Truncation {
  const probability = binomialTail(n - 1, samplingRate, cap - 1);
  if (probability === 0) return { probability: 0, samplingRate: 0 };
  const stays = (binomialTail(n, samplingRate, cap) * cap) / (n * probability);
  return { probability, samplingRate: Math.min(1, stays * (1 + 1e-9)) };
}

/** A step that is `capped` with some probability and else `plain`. */
export class TruncatedLosses implements LossSource {
  readonly symmetric: boolean;
  readonly tailMass: number;
  readonly #probability: number;
  readonly #capped: LossSource;
  readonly #plain: LossSource;

  constructor(step: {
    readonly probability: number;
    readonly capped: LossSource;
    readonly plain: LossSource;
  }) {
    this.#probability = step.probability;
    this.#capped = step.capped;
    this.#plain = step.plain;
    this.symmetric = step.capped.symmetric && step.plain.symmetric;
    this.tailMass = Math.max(step.capped.tailMass, step.plain.tailMass);
  }

  get nodes(): LossNodes {
    const [capped, plain] = [this.#capped.nodes, this.#plain.nodes];
    return {
      losses: Float64Array.of(...capped.losses, ...plain.losses),
      probabilities: Float64Array.of(
        ...capped.probabilities.map((mass) => mass * this.#probability),
        ...plain.probabilities.map((mass) => mass * (1 - this.#probability)),
      ),
    };
  }

  discretise(interval: number): LossPair {
    return mixLossPairs(
      this.#probability,
      this.#capped.discretise(interval),
      this.#plain.discretise(interval),
    );
  }
}
