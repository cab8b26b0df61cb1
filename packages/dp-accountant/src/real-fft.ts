// The discrete Fourier transform of real vectors whose length is a power of two. The privacy accountant
// composes thousands of steps by one transform and its inverse, so that their speed is that of the accountant.

/** cos and sin of 2πk/n for 0 ≤ k < n, each to an ulp, from the first eighth of the circle. */
function rootsOfUnity(n: number): { readonly cos: Float64Array; readonly sin: Float64Array } {
  const cos = new Float64Array(n);
  const sin = new Float64Array(n);
  const eighth = n >> 3;
  for (let k = 0; k < n; k++) {
    if (k <= eighth) {
      const angle = (2 * Math.PI * k) / n;
      cos[k] = Math.cos(angle);
      sin[k] = Math.sin(angle);
    } else if (k <= 2 * eighth) {
      cos[k] = sin[2 * eighth - k]!;
      sin[k] = cos[2 * eighth - k]!;
    } else if (k <= 4 * eighth) {
      cos[k] = -cos[4 * eighth - k]!;
      sin[k] = sin[4 * eighth - k]!;
    } else {
      cos[k] = cos[n - k]!;
      sin[k] = -sin[n - k]!;
    }
  }
  return { cos, sin };
}

/** Unit roundoff of a double. */
const ROUNDOFF = 2 ** -53;

/**
 * Forward and inverse transform of real vectors of one length n, a power of two of at least 8.
 *
 * Spectrum X_j = Σ_k x_k e^{−2πijk/n}, kept for 0 ≤ j ≤ n/2 (the rest is conjugate). The n reals are packed
 * in n/2 complex numbers, which Stockham's self-sorting radix-4 passes transform (one radix-2 pass where the
 * power is odd), and a last pass takes apart the two halves (Cooley, Lewis and Welch 1970).
 *
 * Rounding: `relativeError` bounds ‖computed − exact‖₂ / ‖exact‖₂ of either direction. Proof: a radix-2 level
 * multiplies the vector by a matrix that is √2 times a unitary one, whose rows hold a 1 and a twiddle factor
 * known to √2·u. By Higham (2002, Thm. 24.2) log₂n levels err by at most log₂n·η/(1 − log₂n·η) with
 * η = μ + γ₄(√2 + μ) ≤ 7.2u for μ = √2u; a radix-4 pass does the arithmetic of two levels with fewer
 * products, and the unpacking pass is one more level with one product. 8u(log₂n + 1) covers the sum. Each
 * single X̂_j also errs by at most 1.25 `relativeError`·‖x‖₁: X_j is a sum of all x_k times a unit number,
 * and on its way each meets at most 4.8u of relative error a level, twice that in the unpacking, whose halves
 * both add.
 */
export class RealFft {
  readonly length: number;
  readonly relativeError: number;
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #spareRe: Float64Array;
  readonly #spareIm: Float64Array;
  readonly #workRe: Float64Array;
  readonly #workIm: Float64Array;

  constructor(length: number) {
    if (length < 8 || (length & (length - 1)) !== 0) throw new RangeError(`no transform of length ${length}`);
    this.length = length;
    this.relativeError = 8 * ROUNDOFF * (Math.log2(length) + 1);
    const { cos, sin } = rootsOfUnity(length);
    this.#cos = cos;
    this.#sin = sin;
    this.#spareRe = new Float64Array(length / 2);
    this.#spareIm = new Float64Array(length / 2);
    this.#workRe = new Float64Array(length / 2);
    this.#workIm = new Float64Array(length / 2);
  }

  /** The spectrum of x (length n) as real and imaginary parts, each of length n/2 + 1. */
  forward(x: Float64Array): { readonly re: Float64Array; readonly im: Float64Array } {
    const half = this.length / 2;
    const re = this.#workRe;
    const im = this.#workIm;
    for (let k = 0; k < half; k++) {
      re[k] = x[2 * k]!;
      im[k] = x[2 * k + 1]!;
    }
    const [zRe, zIm] = this.#transform(re, im);
    const outRe = new Float64Array(half + 1);
    const outIm = new Float64Array(half + 1);
    outRe[0] = zRe[0]! + zIm[0]!;
    outRe[half] = zRe[0]! - zIm[0]!;
    for (let j = 1, m = half - 1; j <= m; j++, m--) {
      const evenRe = (zRe[j]! + zRe[m]!) / 2;
      const evenIm = (zIm[j]! - zIm[m]!) / 2;
      const oddRe = (zIm[j]! + zIm[m]!) / 2;
      const oddIm = (zRe[m]! - zRe[j]!) / 2;
      const c = this.#cos[j]!;
      const s = this.#sin[j]!;
      const turnedRe = c * oddRe + s * oddIm;
      const turnedIm = c * oddIm - s * oddRe;
      outRe[j] = evenRe + turnedRe;
      outIm[j] = evenIm + turnedIm;
      outRe[m] = evenRe - turnedRe;
      outIm[m] = turnedIm - evenIm;
    }
    return { re: outRe, im: outIm };
  }

  /** The real vector whose spectrum is given. */
  inverse({ re, im }: { readonly re: Float64Array; readonly im: Float64Array }): Float64Array {
    const half = this.length / 2;
    // The inverse is the forward transform of the conjugate, conjugated: so the parts enter with −im.
    const zRe = this.#workRe;
    const zIm = this.#workIm;
    zRe[0] = (re[0]! + re[half]!) / 2;
    zIm[0] = -(re[0]! - re[half]!) / 2;
    for (let j = 1, m = half - 1; j <= m; j++, m--) {
      const evenRe = (re[j]! + re[m]!) / 2;
      const evenIm = (im[j]! - im[m]!) / 2;
      const turnedRe = (re[j]! - re[m]!) / 2;
      const turnedIm = (im[j]! + im[m]!) / 2;
      const c = this.#cos[j]!;
      const s = this.#sin[j]!;
      const oddRe = c * turnedRe - s * turnedIm;
      const oddIm = c * turnedIm + s * turnedRe;
      zRe[j] = evenRe - oddIm;
      zIm[j] = -(evenIm + oddRe);
      zRe[m] = evenRe + oddIm;
      zIm[m] = evenIm - oddRe;
    }
    const [yRe, yIm] = this.#transform(zRe, zIm);
    const out = new Float64Array(this.length);
    const scale = 1 / half;
    for (let k = 0; k < half; k++) {
      out[2 * k] = yRe[k]! * scale;
      out[2 * k + 1] = -yIm[k]! * scale;
    }
    return out;
  }

  #transform(
    re: Float64Array<ArrayBufferLike>,
    im: Float64Array<ArrayBufferLike>,
  ): [Float64Array, Float64Array] {
    let [xRe, xIm, yRe, yIm] = [re, im, this.#spareRe, this.#spareIm];
    const cos = this.#cos;
    const sin = this.#sin;
    let stride = 1;
    let size = this.length / 2;
    for (; size >= 4; size >>= 2, stride <<= 2) {
      const quarter = size >> 2;
      const turn = 2 * stride;
      for (let p = 0; p < quarter; p++) {
        const c1 = cos[p * turn]!;
        const s1 = sin[p * turn]!;
        const c2 = cos[2 * p * turn]!;
        const s2 = sin[2 * p * turn]!;
        const c3 = cos[3 * p * turn]!;
        const s3 = sin[3 * p * turn]!;
        let from = stride * p;
        let to = 4 * stride * p;
        const gap = stride * quarter;
        for (const end = from + stride; from < end; from++, to++) {
          const aRe = xRe[from]!;
          const aIm = xIm[from]!;
          const bRe = xRe[from + gap]!;
          const bIm = xIm[from + gap]!;
          const cRe = xRe[from + 2 * gap]!;
          const cIm = xIm[from + 2 * gap]!;
          const dRe = xRe[from + 3 * gap]!;
          const dIm = xIm[from + 3 * gap]!;
          const acRe = aRe + cRe;
          const acIm = aIm + cIm;
          const amRe = aRe - cRe;
          const amIm = aIm - cIm;
          const bdRe = bRe + dRe;
          const bdIm = bIm + dIm;
          const bmRe = bRe - dRe;
          const bmIm = bIm - dIm;
          yRe[to] = acRe + bdRe;
          yIm[to] = acIm + bdIm;
          const uRe = amRe + bmIm;
          const uIm = amIm - bmRe;
          yRe[to + stride] = c1 * uRe + s1 * uIm;
          yIm[to + stride] = c1 * uIm - s1 * uRe;
          const vRe = acRe - bdRe;
          const vIm = acIm - bdIm;
          yRe[to + 2 * stride] = c2 * vRe + s2 * vIm;
          yIm[to + 2 * stride] = c2 * vIm - s2 * vRe;
          const wRe = amRe - bmIm;
          const wIm = amIm + bmRe;
          yRe[to + 3 * stride] = c3 * wRe + s3 * wIm;
          yIm[to + 3 * stride] = c3 * wIm - s3 * wRe;
        }
      }
      [xRe, xIm, yRe, yIm] = [yRe, yIm, xRe, xIm];
    }
    if (size === 2) {
      for (let q = 0; q < stride; q++) {
        yRe[q] = xRe[q]! + xRe[q + stride]!;
        yIm[q] = xIm[q]! + xIm[q + stride]!;
        yRe[q + stride] = xRe[q]! - xRe[q + stride]!;
        yIm[q + stride] = xIm[q]! - xIm[q + stride]!;
      }
      return [yRe, yIm];
    }
    return [xRe, xIm];
  }
}

const RECENT = new Map<number, RealFft>();

/** A transform of length n; the last few are kept, as their tables cost as much as a transform. */
export function realFftOf(length: number): RealFft {
  const found = RECENT.get(length) ?? new RealFft(length);
  RECENT.delete(length);
  RECENT.set(length, found);
  if (RECENT.size > 4) RECENT.delete(RECENT.keys().next().value!);
  return found;
}
