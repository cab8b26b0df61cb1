// The privacy loss of one subsampled Gaussian step when one unit's rows are replaced by others.
import { GAUSS_4, GAUSS_8 } from './gauss-legendre.ts';
import type { LossNodes, LossPair, LossSource } from './loss-pair.ts';
import { normalQuantileBound, normalTail } from './normal-tail.ts';

const INVERSE_SQRT_TAU = 1 / Math.sqrt(2 * Math.PI);

/** ln sinh(y) for y > 0. */
const logSinh = (y: number): number => y + Math.log(-Math.expm1(-2 * y) / 2);

/** asinh(e^a). */
const asinhOfExp = (a: number): number => (a > 300 ? a + Math.LN2 : Math.asinh(Math.exp(a)));

/**
 * One step at σ and q, each unit's contribution being of norm at most 1 (so that a replacement moves the sum
 * by up to 2): P = (1−q)N(0,σ²) + qN(1,σ²) against Q = (1−q)N(0,σ²) + qN(−1,σ²). The pair is its own mirror
 * image, so both directions are one.
 *
 * With r(x) = 1 − q + q·e^{(2x−1)/(2σ²)} the loss is ln r(x) − ln r(−x), which rises, and its inverse is
 * x = σ²(L/2 + asinh(e^{1/(2σ²)}(1−q)/q·sinh(L/2))). Cells are treated as in SampledGaussianLosses:
 * r(x) − e^a·r(−x) is, about the cell's end x_a, a sum of two positive terms.
 */
export class ReplaceOneLosses implements LossSource {
  readonly symmetric = true;
  readonly tailMass: number;
  readonly #variance: number;
  readonly #q: number;
  readonly #to: number;

  constructor(step: {
    readonly noiseMultiplier: number;
    readonly samplingRate: number;
    readonly tailMass: number;
  }) {
    const { noiseMultiplier: sigma, samplingRate: q, tailMass } = step;
    this.tailMass = tailMass;
    this.#variance = sigma * sigma;
    this.#q = q;
    const shifted = 1 + sigma * normalQuantileBound(Math.min(0.5, tailMass / (2 * q)));
    this.#to = Math.max(sigma * normalQuantileBound(tailMass / 2), shifted);
  }

  #excess(x: number): number {
    return this.#q * Math.exp((2 * x - 1) / (2 * this.#variance));
  }

  #logRatio(x: number): number {
    return Math.log1p(this.#q * Math.expm1((2 * x - 1) / (2 * this.#variance)));
  }

  #loss(x: number): number {
    return this.#q === 1 ? (2 * x) / this.#variance : this.#logRatio(x) - this.#logRatio(-x);
  }

  #inverse(loss: number): number {
    if (loss === 0) return 0;
    const half = Math.abs(loss) / 2;
    const logOdds = Math.log1p(-this.#q) - Math.log(this.#q);
    const bent = this.#q === 1 ? 0 : asinhOfExp(1 / (2 * this.#variance) + logOdds + logSinh(half));
    return Math.sign(loss) * this.#variance * (half + bent);
  }

  get nodes(): LossNodes {
    const sigma = Math.sqrt(this.#variance);
    const count = Math.ceil((12 * this.#to) / sigma);
    const probabilities = new Float64Array(count);
    const losses = new Float64Array(count);
    const scale = ((2 * this.#to) / count / sigma) * INVERSE_SQRT_TAU;
    for (let i = 0; i < count; i++) {
      const x = this.#to * ((2 * i + 1) / count - 1);
      losses[i] = this.#loss(x);
      const ratio = this.#q === 1 ? (2 * x - 1) / (2 * this.#variance) : this.#logRatio(x);
      probabilities[i] = scale * Math.exp(ratio - (x * x) / (2 * this.#variance));
    }
    return { probabilities, losses };
  }

  discretise(interval: number): LossPair {
    const highest = Math.max(1, Math.ceil(this.#loss(this.#to) / interval));
    const lowest = -highest;
    const masses = new Float64Array(2 * highest + 1);
    const gap = Math.expm1(interval);
    const scale = INVERSE_SQRT_TAU / Math.sqrt(this.#variance) / gap;
    for (let i = 0; i < 2 * highest; i++) {
      const { upper, lower } = this.#cell((lowest + i) * interval, (lowest + i + 1) * interval);
      masses[i + 1]! += upper * scale * (1 + gap);
      masses[i]! += lower * scale;
    }
    const end = this.#to / Math.sqrt(this.#variance);
    const shift = 1 / Math.sqrt(this.#variance);
    const plain = (1 - this.#q) * normalTail(end);
    const above = plain + this.#q * normalTail(end - shift);
    const below = plain + this.#q * normalTail(end + shift);
    masses[0]! += below;
    masses[masses.length - 1]! += below * Math.exp(highest * interval);
    return { interval, lowest, masses, infinityRemove: above, infinityAdd: above };
  }

  /** ∫ φ·(r(x) − e^a·r(−x)) dx and ∫ φ·(e^b·r(−x) − r(x)) dx between the outputs of losses a and b. */
  #cell(a: number, b: number): { readonly upper: number; readonly lower: number } {
    const variance = this.#variance;
    const from = this.#inverse(a);
    const to = this.#inverse(b);
    const width = to - from;
    // Only the first and the last cell are cut, where outputs are left to the tails.
    const start = Math.max(0, -this.#to - from);
    const reach = Math.max(0, Math.min(width, this.#to - from) - start);
    const steepest = Math.min(this.#to, Math.max(Math.abs(from), Math.abs(to))) + 1;
    const exponent = (steepest / variance + 1 / Math.sqrt(variance)) * reach;
    const panels = Math.max(1, Math.ceil(exponent / 2));
    const { nodes, weights } = exponent < 0.35 ? GAUSS_4 : GAUSS_8;
    const [lowUp, lowDown] = [this.#excess(from), Math.exp(a) * this.#excess(-from)];
    const [highUp, highDown] = [this.#excess(to), Math.exp(b) * this.#excess(-to)];
    let [upper, lower] = [0, 0];
    for (let p = 0; p < panels; p++) {
      for (let k = 0; k < nodes.length; k++) {
        const inCell = start + ((p + nodes[k]!) * reach) / panels;
        const density = (weights[k]! * Math.exp(-((from + inCell) ** 2) / (2 * variance)) * reach) / panels;
        const up = inCell / variance;
        const down = (width - inCell) / variance;
        upper += density * (lowUp * Math.expm1(up) - lowDown * Math.expm1(-up));
        lower += density * (highDown * Math.expm1(down) - highUp * Math.expm1(-down));
      }
    }
    return { upper, lower };
  }
}
