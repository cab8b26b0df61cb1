// Rates over windows of time, with what else the machine did meanwhile. Several subjects take turns, window by window,
// so that what disturbs one disturbs the other.
import { cpus } from 'node:os';

const QUIET_CORES = 0.25;
const MOST_WINDOWS = 12;
const WARM_UP_MS = 1000;

export interface Subject {
  readonly step: () => Promise<void> | void;
  /** What a step counts for. */
  readonly examples: number;
}

export interface Rate {
  readonly examples_per_s: number;
  readonly best: number;
  readonly worst: number;
  readonly windows: number;
  readonly quiet_windows: number;
  /** Cores that other processes used meanwhile. */
  readonly foreign_cores: number;
  readonly peak_rss_mb: number;
}

interface Window {
  readonly rate: number;
  readonly foreign: number;
}

export const significant = (value: number): number => Number(value.toPrecision(4));

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1]!;

function busySeconds(): { machine: number; own: number } {
  const ticks = cpus().reduce((sum, { times: t }) => sum + t.user + t.nice + t.sys + t.irq, 0);
  const { user, system } = process.cpuUsage();
  return { machine: ticks / 1e3, own: (user + system) / 1e6 };
}

async function window({ step, examples }: Subject, seconds: number): Promise<Window> {
  const before = busySeconds();
  const start = performance.now();
  let steps = 0;
  let elapsed = 0;
  while (elapsed < seconds) {
    await step();
    steps += 1;
    elapsed = (performance.now() - start) / 1e3;
  }
  const after = busySeconds();
  const foreign = (after.machine - before.machine - (after.own - before.own)) / elapsed;
  return { rate: (steps * examples) / elapsed, foreign: Math.max(0, foreign) };
}

const isQuiet = ({ foreign }: Window) => foreign <= QUIET_CORES;

function summary(taken: readonly Window[]): Rate {
  const quiet = taken.filter(isQuiet);
  const used = quiet.length >= 3 ? quiet : taken;
  return {
    examples_per_s: significant(median(used.map(({ rate }) => rate))),
    best: significant(Math.max(...taken.map(({ rate }) => rate))),
    worst: significant(Math.min(...used.map(({ rate }) => rate))),
    windows: used.length,
    quiet_windows: quiet.length,
    foreign_cores: Number(median(taken.map(({ foreign }) => foreign)).toPrecision(2)),
    peak_rss_mb: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

/** At least `windows` windows of `seconds` of each subject in turn, preferring those in which the machine was ours. */
export async function measure(
  subjects: readonly Subject[],
  { windows, seconds }: { readonly windows: number; readonly seconds: number },
): Promise<{ readonly rates: readonly Rate[]; readonly times: readonly (readonly number[])[] }> {
  for (const { step } of subjects) {
    const warmUntil = performance.now() + WARM_UP_MS;
    do await step();
    while (performance.now() < warmUntil);
  }
  const taken: Window[][] = [];
  while (taken.length < MOST_WINDOWS && taken.filter((turn) => turn.every(isQuiet)).length < windows) {
    const turn: Window[] = [];
    for (const subject of subjects) turn.push(await window(subject, seconds));
    taken.push(turn);
  }
  const rates = subjects.map((_, i) => summary(taken.map((turn) => turn[i]!)));
  return { rates, times: taken.map((turn) => turn.map(({ rate }, i) => subjects[i]!.examples / rate)) };
}
