// Rows for testing graphs: the worst values that a patient could have, beside ordinary numbers. From a public seed.

/** A small deterministic generator (mulberry32) of numbers in [-1, 1). */
export function probeNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/** No number, no finite one, hardly any, the largest; borders of integers and of exponentials; codes. */
export const NASTY: readonly number[] = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0,
  -0,
  1.401298464324817e-45,
  -1e-40,
  1.1754943508222875e-38,
  3.4028234663852886e38,
  -3e38,
  1e19,
  -1e19,
  2 ** 63,
  -(2 ** 63),
  2 ** 32,
  -(2 ** 32),
  2 ** 31,
  -(2 ** 31),
  2 ** 31 - 128,
  2 ** 24 + 2,
  88.7,
  89,
  -104,
  1e4,
  -1e4,
  0.49999997,
  1,
  -1,
  2,
  7,
  1000,
];

/** Row i: ordinary numbers, one nasty among them, nasty ones alone, the same nasty one, or codes, in turn. */
export function probeRows(count: number, features: number, seed: number): Float32Array {
  const next = probeNumbers(seed);
  const below = (bound: number) => Math.min(bound - 1, Math.floor(((next() + 1) / 2) * bound));
  const nasty = () => NASTY[below(NASTY.length)]!;
  const rows = new Float32Array(count * features);
  for (let row = 0; row < count; row++) {
    const own = rows.subarray(row * features, (row + 1) * features);
    const kind = row % 5;
    const same = NASTY[Math.floor(row / 5) % NASTY.length]!;
    for (let i = 0; i < features; i++) {
      if (kind === 2) own[i] = nasty();
      else if (kind === 3) own[i] = same;
      else if (kind === 4) own[i] = below(12) - 2;
      else own[i] = next();
    }
    if (kind === 1) own[below(features)] = nasty();
  }
  return rows;
}
