// A lower bound on a whole step's ε, batch sampling included, from how well two worlds can be distinguished.
import { copyOf } from '../tiled-sums.ts';
import { type AuditCase, type Rows, withMechanism } from './audits.ts';

/** log P(B ≤ hits) for a binomial B. */
function logBinomialCdf(hits: number, trials: number, share: number): number {
  let logTerm = trials * Math.log1p(-share);
  let [largest, sum] = [logTerm, 1];
  for (let k = 1; k <= hits; k++) {
    logTerm += Math.log(((trials - k + 1) * share) / (k * (1 - share)));
    if (logTerm > largest) [largest, sum] = [logTerm, sum * Math.exp(largest - logTerm) + 1];
    else sum += Math.exp(logTerm - largest);
  }
  return largest + Math.log(sum);
}

/** Upper end of a one-sided confidence interval for a share (Clopper and Pearson 1934): too low with probability α. */
export function clopperPearsonUpper(hits: number, trials: number, alpha: number): number {
  if (hits >= trials) return 1;
  let [low, high] = [hits / trials, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (logBinomialCdf(hits, trials, middle) > Math.log(alpha)) low = middle;
    else high = middle;
  }
  return high;
}

/** What distinguishes the worlds: a step's release along the direction in which the one patient moves it. */
async function scoresOf(
  audit: AuditCase,
  worlds: { readonly rows: Rows; readonly direction: Float64Array; readonly seed: string },
  trials: number,
): Promise<Float64Array> {
  const { rows, direction, seed } = worlds;
  return withMechanism(audit, { rows, seed }, async ({ mechanism }) => {
    const sums = new Map<string, Float64Array>();
    const scores = new Float64Array(trials);
    for (let trial = 0; trial < trials; trial++) {
      const batch = mechanism.drawBatch();
      const key = batch.join();
      const sum =
        sums.get(key) ?? Float64Array.from(copyOf(await mechanism.sumClipped(audit.parameters, batch)));
      sums.set(key, sum);
      const released = mechanism.release({ sum, noise: mechanism.drawNoise(), batch });
      let score = 0;
      for (let i = 0; i < direction.length; i++) score += direction[i]! * released[i]!;
      scores[trial] = score;
    }
    return scores.sort();
  });
}

/** How many of the sorted scores are above a threshold. */
function above(sorted: Float64Array, threshold: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! > threshold) high = middle;
    else low = middle + 1;
  }
  return sorted.length - low;
}

/**
 * A lower bound on the ε, at δ, of one step, that holds with probability 0.999: log((p - δ) / q) for the event that
 * distinguishes the worlds best, whose probabilities p and q in the two worlds are bounded by Clopper and Pearson
 * (Jagielski, Ullman and Oprea 2020). The event is chosen on half of the trials and counted on the other half.
 *
 * @param world datasets that differ in `one`
 * @param trials steps in each world and each half
 */
export async function auditEpsilon(
  audit: AuditCase,
  world: { readonly others: Rows; readonly one: Rows[number] },
  { delta, trials = 6000 }: { readonly delta: number; readonly trials?: number },
): Promise<number> {
  const rows = { out: world.others, in: [world.one, ...world.others] };
  const exact = (all: Rows) =>
    withMechanism(audit, { rows: all, seed: '' }, async ({ mechanism, parameterCount }) => {
      const batch = Uint32Array.from(all, (_, unit) => unit);
      const sum = copyOf(await mechanism.sumClipped(audit.parameters, batch));
      return mechanism.release({ sum, noise: new Float64Array(parameterCount), batch }).slice();
    });
  const without = await exact(rows.out);
  const direction = (await exact(rows.in)).map((value, i) => value - without[i]!);
  const half = (name: 'in' | 'out', which: string) =>
    scoresOf(audit, { rows: rows[name], direction, seed: `${which} ${name}` }, trials);
  const [chosenOn, countedOn] = [
    { out: await half('out', 'choose'), in: await half('in', 'choose') },
    { out: await half('out', 'count'), in: await half('in', 'count') },
  ];
  const alpha = 0.001 / 4;
  /** For the world more often above the threshold over the other, or more often below. */
  const bound = ({ out, in: inside }: typeof chosenOn, threshold: number, isAbove: boolean): number => {
    const [more, less] = isAbove
      ? [above(inside, threshold), above(out, threshold)]
      : [trials - above(out, threshold), trials - above(inside, threshold)];
    const likely = 1 - clopperPearsonUpper(trials - more, trials, alpha);
    return Math.log(Math.max(likely - delta, 1e-12) / clopperPearsonUpper(less, trials, alpha));
  };
  const candidates = [true, false].flatMap((isAbove) =>
    Array.from({ length: 60 }, (_, i) => {
      // Down to events of one in 200 trials: rarer ones are counted too seldom to choose by.
      const sorted = isAbove ? chosenOn.out : chosenOn.in;
      const rank = Math.floor(trials * 10 ** (-2.3 * (i / 59)));
      const threshold = sorted[isAbove ? Math.max(0, trials - rank - 1) : Math.min(trials - 1, rank)]!;
      return { threshold, isAbove, value: bound(chosenOn, threshold, isAbove) };
    }),
  );
  const best = (isAbove: boolean) =>
    candidates.filter((one) => one.isAbove === isAbove).reduce((a, b) => (b.value > a.value ? b : a));
  return Math.max(...[best(true), best(false)].map((one) => bound(countedOn, one.threshold, one.isAbove)));
}
