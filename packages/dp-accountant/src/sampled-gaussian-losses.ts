// The privacy loss of one step of the Poisson-subsampled Gaussian mechanism, discretised pessimistically.
import { GAUSS_3, GAUSS_4, GAUSS_8, type QuadratureRule } from './gauss-legendre.ts';
import type { LossNodes, LossPair, LossSource } from './loss-pair.ts';
import { normalQuantileBound, normalTail } from './normal-tail.ts';

const INVERSE_SQRT_TAU = 1 / Math.sqrt(2 * Math.PI);

/** e^y − 1, by its series where y is small, since this is the innermost loop. */
function expm1(y: number): number {
  if (y > 0.06 || y < -0.06) return Math.expm1(y);
  const tail = 1 + (y / 5) * (1 + (y / 6) * (1 + (y / 7) * (1 + y / 8)));
  return y * (1 + (y / 2) * (1 + (y / 3) * (1 + (y / 4) * tail)));
}

/** The rule whose error on a cell is below 1e-12: on e^{at} m nodes err by a^{2m}(m!)⁴/((2m+1)((2m)!)³). */
function ruleFor(exponent: number): QuadratureRule {
  if (exponent < 0.1) return GAUSS_3;
  return exponent < 0.35 ? GAUSS_4 : GAUSS_8;
}

/**
 * One step at noise multiplier σ and sampling rate q, under adding or removing one unit.
 *
 * P = (1−q)N(0,σ²) + qN(1,σ²), Q = N(0,σ²), r(x) = dP/dQ = 1 − q + e(x) with e(x) = q·e^{(2x−1)/(2σ²)}, loss
 * ln r (Zhu, Dong and Wang 2022: a dominating pair for any dimension). Between two neighbouring losses a < b
 * of the grid, the connect-the-dots discretisation moves P's and Q's mass to a and b so that both are kept
 * (Doroshenko, Ghazi, Kamath, Kumar and Manurangsi 2022, Alg. 1): with w = e^{b−a} − 1,
 *   to b: e^{b−a}/w · ∫ (r − e^a) dQ,    to a: 1/w · ∫ (e^b − r) dQ,
 * whose integrands are positive and are integrated as such. The usual second differences of δ(ε) lose
 * 1/(b−a) times as many digits.
 *
 * Outputs outside [from, to] carry at most `tailMass` of P and of Q. What lies there is put at infinity in
 * the direction in which its loss is large, and at the end of the grid in the other.
 */
export class SampledGaussianLosses implements LossSource {
  readonly symmetric = false;
  readonly tailMass: number;
  readonly #sigma: number;
  readonly #q: number;
  readonly #from: number;
  readonly #to: number;

  constructor(step: {
    readonly noiseMultiplier: number;
    readonly samplingRate: number;
    readonly tailMass: number;
  }) {
    const { noiseMultiplier: sigma, samplingRate: q, tailMass } = step;
    this.tailMass = tailMass;
    this.#sigma = sigma;
    this.#q = q;
    this.#from = -sigma * normalQuantileBound(tailMass);
    const shifted = 1 + sigma * normalQuantileBound(Math.min(0.5, tailMass / (2 * q)));
    this.#to = Math.max(q < 1 ? sigma * normalQuantileBound(tailMass / 2) : 0, shifted);
  }

  /** Outputs above this are cut off. */
  get highestOutput(): number {
    return this.#to;
  }

  #excess(x: number): number {
    return this.#q * Math.exp((2 * x - 1) / (2 * this.#sigma ** 2));
  }

  /** e(x) where the loss is given: e^loss − (1 − q), with as few digits lost as can be. */
  #excessAt(loss: number): number {
    return this.#q < 0.5 ? Math.expm1(loss) + this.#q : Math.exp(loss) - (1 - this.#q);
  }

  #loss(x: number): number {
    const exponent = (2 * x - 1) / (2 * this.#sigma ** 2);
    return this.#q === 1 ? exponent : Math.log1p(this.#q * Math.expm1(exponent));
  }

  get nodes(): LossNodes {
    const span = this.#to - this.#from;
    const count = Math.ceil((6 * span) / this.#sigma);
    const probabilities = new Float64Array(count);
    const losses = new Float64Array(count);
    const scale = (span / count / this.#sigma) * INVERSE_SQRT_TAU;
    for (let i = 0; i < count; i++) {
      const x = this.#from + (span * (i + 0.5)) / count;
      losses[i] = this.#loss(x);
      probabilities[i] = scale * Math.exp(losses[i]! - (x / this.#sigma) ** 2 / 2);
    }
    return { probabilities, losses };
  }

  discretise(interval: number): LossPair {
    const q = this.#q;
    const variance = this.#sigma ** 2;
    const lowest = Math.floor(this.#loss(this.#from) / interval);
    const highest = Math.max(lowest + 2, Math.ceil(this.#loss(this.#to) / interval));
    const masses = new Float64Array(highest - lowest + 1);
    const gap = Math.expm1(interval);
    const toUpper = ((1 + gap) / gap) * (INVERSE_SQRT_TAU / this.#sigma);
    const toLower = (1 / gap) * (INVERSE_SQRT_TAU / this.#sigma);
    // r = e^loss at the cell's ends, less 1 − q: at the lowest end it may be negative, where no x reaches it.
    let lowExcess = this.#excessAt(lowest * interval);
    let x = this.#from;
    let started = false;
    for (let i = 0; lowest + i < highest && x < this.#to; i++) {
      const highExcess = this.#excessAt((lowest + i + 1) * interval);
      if (highExcess <= 0) {
        lowExcess = highExcess;
        continue;
      }
      const width = started
        ? variance * Math.log1p((gap * (lowExcess + 1 - q)) / lowExcess)
        : variance * Math.log(highExcess / q) + 0.5 - x;
      const reach = Math.min(width, this.#to - x);
      const exponent =
        (Math.max(Math.abs(x), Math.abs(x + reach), this.#sigma) * reach) / variance + reach / variance;
      const panels = exponent > 2 ? Math.ceil(exponent / 2) : 1;
      const { nodes, weights } = ruleFor(exponent);
      const panel = reach / panels;
      let upper = 0;
      let lower = 0;
      for (let p = 0; p < panels; p++) {
        for (let k = 0; k < nodes.length; k++) {
          const inCell = (p + nodes[k]!) * panel;
          const at = x + inCell;
          const density = weights[k]! * Math.exp((-at * at) / (2 * variance));
          upper += density * (started ? lowExcess * expm1(inCell / variance) : this.#excess(at) - lowExcess);
          lower += density * -expm1((inCell - width) / variance);
        }
      }
      masses[i + 1]! += upper * panel * toUpper;
      masses[i]! += lower * highExcess * panel * toLower;
      x = (i & 31) === 0 || !started ? variance * Math.log(highExcess / q) + 0.5 : x + width;
      started = true;
      lowExcess = highExcess;
    }
    return this.#withTails({ interval, lowest, masses });
  }

  /** Puts what lies outside [from, to] where it does no good. */
  #withTails(grid: Pick<LossPair, 'interval' | 'lowest' | 'masses'>): LossPair {
    const { interval, lowest, masses } = grid;
    const [sigma, q] = [this.#sigma, this.#q];
    const below = normalTail(-this.#from / sigma);
    const above = normalTail(this.#to / sigma);
    const belowP = (1 - q) * below + q * normalTail((1 - this.#from) / sigma);
    const aboveP = (1 - q) * above + q * normalTail((this.#to - 1) / sigma);
    masses[1]! += belowP;
    masses[masses.length - 1]! += above * Math.exp((lowest + masses.length - 1) * interval);
    return { interval, lowest, masses, infinityRemove: aboveP, infinityAdd: below };
  }
}
