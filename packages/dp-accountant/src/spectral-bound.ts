// How large a step's characteristic function can be above a frequency: what proves that the frequencies which an
// inversion leaves out are negligible, without computing them.

/**
 * Part of a step's law: of mass at least `mass`, and of a density of the loss whose total variation, jumps at its
 * ends included, is at most `variation`.
 */
export interface SpectralPart {
  readonly mass: number;
  readonly variation: number;
}

/** Past this multiple a bound gains nothing that counts. */
const HIGHEST_MULTIPLE = 1e5;

/**
 * Upper bounds of |φ(t)|, t > 0, of a law with these parts, which fall as t grows.
 *
 * By parts, |∫ f(ℓ)e^{itℓ} dℓ| ≤ V/t for a density f of total variation V, and what else the law holds counts by
 * its mass: |φ(t)| ≤ 1 − m + V/t =: β(t), for each part. At frequencies too low for that, a multiple serves: with D
 * the difference of two independent draws 1 − |φ(t)|² = E[1 − cos tD], and |sin nx| ≤ n|sin x| gives
 * 1 − |φ(nt)|² ≤ n²(1 − |φ(t)|²). Hence |φ(t)|² ≤ 1 − max over n of (1 − β(nt)²)/n².
 */
export class SpectralBound {
  readonly #parts: readonly SpectralPart[];

  constructor(parts: readonly SpectralPart[]) {
    this.#parts = parts;
  }

  #directly(t: number): number {
    let least = 1;
    for (const { mass, variation } of this.#parts) least = Math.min(least, 1 - mass + variation / t);
    return Math.max(0, least);
  }

  /** ln of the bound of |φ(t)|, at most 0. */
  logAt(t: number): number {
    const direct = this.#directly(t);
    let most = 1 - direct * direct;
    for (let n = 2; n < HIGHEST_MULTIPLE; n = Math.ceil(n * 1.3)) {
      const beta = this.#directly(n * t);
      const gain = (1 - beta * beta) / (n * n);
      if (gain > most) most = gain;
      if (1 / (n * n) < most) break;
    }
    return Math.min(Math.log(direct), Math.log1p(-most) / 2);
  }
}

/**
 * The parts of a step whose outputs have the given weights and densities of the loss at equidistant nodes, in the
 * order of the loss, where weight and density have at most three extremes and between nodes rise above (or, at
 * their least, fall below) the nearest node by at most a factor e^{gain}, and where what lies beyond the first and
 * the last node falls towards the ends.
 *
 * A part is what lies above a node, or everything. Between two nodes without an extreme the weight is at least the
 * lesser of theirs, and at an extreme e^{−gain} of it. The variation between nodes is that of the nodes, but for
 * twice what each of three extremes may stand out by.
 */
export function spectralPartsOf(nodes: {
  readonly weights: Float64Array;
  readonly densities: Float64Array;
  readonly gain: number;
}): SpectralPart[] {
  const { weights, densities, gain } = nodes;
  const SLACK = 1e-6;
  const outstanding = 6 * Math.expm1(gain) * Math.exp(gain);
  const last = weights.length - 1;
  const parts: SpectralPart[] = [];
  let [mass, variation, highest, next] = [0, densities[last]!, densities[last]!, 1e-3];
  const part = (mass: number, k: number): SpectralPart => ({
    mass,
    variation: (variation + densities[k]! + outstanding * highest) * (1 + SLACK),
  });
  for (let k = last - 1; k >= 0; k--) {
    variation += Math.abs(densities[k]! - densities[k + 1]!);
    highest = Math.max(highest, densities[k]!);
    mass += Math.min(weights[k]!, weights[k + 1]!) * Math.exp(-gain) * (1 - SLACK);
    if (mass > next) {
      parts.push(part(mass, k));
      next = mass + Math.min(0.1, 0.3 * mass);
    }
  }
  return [...parts, part(1, 0)];
}
