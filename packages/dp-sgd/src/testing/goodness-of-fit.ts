// Statistics by which a test accepts the right distribution and rejects a wrong one.

/** Φ(x), to 2e-7 (Abramowitz and Stegun 1964, 7.1.26). */
export function normalCdf(x: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
  const poly =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const tail = (poly * Math.exp((-x * x) / 2)) / 2;
  return x >= 0 ? 1 - tail : tail;
}

/**
 * Standard score of Pearson's chi-square of counts against probabilities (Wilson and Hilferty 1931): about normal
 * for the right law, far above 0 for a wrong one. Probabilities that add to less than 1 leave a rest class.
 */
export function chiSquareScore(counts: readonly number[], probabilities: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const statistic = counts.reduce((sum, count, i) => {
    const expected = total * probabilities[i]!;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  const freedom = counts.length - 1;
  const spread = 2 / (9 * freedom);
  return (Math.cbrt(statistic / freedom) - (1 - spread)) / Math.sqrt(spread);
}

/** √n · sup |F_n - F|, Kolmogorov and Smirnov's: above 1.95 with probability 0.001 under the right law. */
export function kolmogorovSmirnov(samples: ArrayLike<number>, cdf: (x: number) => number): number {
  const sorted = Float64Array.from(samples).sort();
  const n = sorted.length;
  let largest = 0;
  sorted.forEach((x, i) => {
    const expected = cdf(x);
    largest = Math.max(largest, Math.abs(expected - i / n), Math.abs(expected - (i + 1) / n));
  });
  return largest * Math.sqrt(n);
}

/** Standard score of Σ x² against n σ² for centred normal samples. */
export function varianceScore(samples: ArrayLike<number>, sigma: number): number {
  const n = samples.length;
  const sum = Array.from(samples).reduce((total, x) => total + (x / sigma) ** 2, 0);
  return (sum - n) / Math.sqrt(2 * n);
}
