// How the accounting of Gaussian noise applies to discrete noise, with a bound and not only nearly: a discrete Gaussian
// is almost a rounded Gaussian, and rounding is post-processing.

/**
 * The least integer σ whose discrete Gaussian may be accounted as a Gaussian of standard deviation `deviation` (lattice
 * steps): σ² - 1/12 ≥ deviation², as `distanceFromRounded` asks. Then σ ≥ deviation too, as Rényi accounting asks.
 */
export const standInSigma = (deviation: number): number =>
  // The factor covers the roundings of this computation.
  Math.ceil(Math.sqrt(deviation * deviation + 1 / 12) * (1 + 2 ** -50));

/**
 * Bound on the total variation distance between the discrete Gaussian N_Z(0, σ²) and N(0, σ² - 1/12) rounded to the
 * nearest integer: 0.01 σ⁻⁴ for σ ≥ 2 (in fact it is about 0.0005 σ⁻⁴); 1 for less.
 *
 * **Proof.** Let s² = σ² - 1/12, y = x/s² and t uniform on ±1/2. The rounded Gaussian has the mass R(x) =
 * φ_s(x) E[e^{-t²/2s²} cosh(yt)] at the integer x, and y²/24 - y⁴/2880 ≤ ln E cosh(yt) = ln(sinh(y/2)/(y/2)) ≤ y²/24.
 * *Above:* the first factor falls and the second rises with |t|, so the mean of the product is at most the product of
 * the means, and ln E e^{-t²/2s²} ≤ -1/24s² + 1/512s⁴ (Hoeffding's lemma, t² in [0, 1/4]). *Below:* by Jensen's
 * inequality under the law tilted by cosh(yt), where E t² ≤ 1/12 + y²/360 (Mittag-Leffler's series of coth),
 * ln E[e^{-t²/2s²} cosh(yt)] ≥ ln E cosh(yt) - (1/12 + y²/360)/2s². *The discrete Gaussian* D has -x²/2σ² =
 * -x²/2s² + x²/24s⁴ - x² r with 0 ≤ r ≤ 1/288s⁶. So R = c D e^g with a constant c and
 *
 *     -x⁴/2880s⁸ - x²/720s⁶ ≤ g(x) ≤ x²/288s⁶ + 1/512s⁴.
 *
 * The distance of two such laws is at most E_D|e^g - 1| / E_D e^g. With E_D x² ≤ σ², E_D x⁴ ≤ 3σ⁴ (up to e^{-2π²σ²})
 * and s² ≥ 47σ²/48 this is at most 1.2 (3/2880 + 1/288 + 1/512) σ⁻⁴ < 0.01 σ⁻⁴, the factor 1.2 covering
 * (σ/s)⁸ and e^g. ∎
 */
export const distanceFromRounded = (sigma: number): number => (sigma >= 2 ? 0.01 / sigma ** 4 : 1);
