// What a source of noise may get wrong, whoever draws from it: for sources that draw from the operating system's
// generator, so that a right one fails about once in a million runs.
import { setTimeout as wait } from 'node:timers/promises';
import { varianceScore } from '../../testing/goodness-of-fit.ts';

/** What is wrong with the vectors that a source of noise N_Z(0, σ²) hands out. */
export async function noiseProblems(
  draw: () => Float64Array,
  { sigma, vectors }: { readonly sigma: number; readonly vectors: number },
): Promise<string[]> {
  const seen = new Set<string>();
  const all: number[] = [];
  for (let i = 0; i < vectors; i++) {
    // Now and then the worker is far ahead, else behind.
    if (i % 40 === 0) await wait(10);
    const vector = draw();
    seen.add(vector.subarray(0, 8).join());
    all.push(...vector);
  }
  const problems: string[] = [];
  if (seen.size < vectors) problems.push('a vector is handed out twice');
  if (!all.every(Number.isSafeInteger)) problems.push('noise is not integer');
  if (Math.abs(varianceScore(all, sigma)) > 5) problems.push('the noise has another scale');
  return problems;
}
