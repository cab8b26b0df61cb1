// What `account` is asked, read from the command line and from a file of events, with every problem named.
import { readFile } from 'node:fs/promises';
import { COMMON_OPTIONS, type Problem, readArguments, refuseMore, UsageError } from '@consilium/command-line';

export interface Steps {
  /** Standard deviation of the noise over the clip norm. */
  readonly noiseMultiplier: number;
  /** Probability with which each unit is drawn in a step. */
  readonly samplingRate: number;
  readonly steps: number;
}

export type AccountRequest = { readonly json: boolean; readonly delta: number } & (
  | { readonly kind: 'cost'; readonly events: readonly Steps[] }
  | {
      readonly kind: 'calibrate';
      readonly targetEpsilon: number;
      readonly samplingRate: number;
      readonly steps: number;
    }
);

interface Range {
  readonly name: string;
  readonly remedy: string;
  readonly allows: (value: number) => boolean;
}

/** Steps in all that are accounted for. */
export const MOST_STEPS = 10_000_000;
const NOISE: Omit<Range, 'name'> = {
  remedy: 'must be a number above 0: the standard deviation of the noise over the clip norm, for example 1.1',
  allows: (value) => value > 0 && value < Number.POSITIVE_INFINITY,
};
const RATE: Omit<Range, 'name'> = {
  remedy: 'must be a number above 0 and at most 1: the probability of drawing a unit, for example 0.01',
  allows: (value) => value > 0 && value <= 1,
};
const STEPS: Omit<Range, 'name'> = {
  remedy: `must be a whole number from 1 to ${MOST_STEPS}: steps in all, rounds times steps of each`,
  allows: (value) => Number.isInteger(value) && value >= 1 && value <= MOST_STEPS,
};
const DELTA: Omit<Range, 'name'> = {
  remedy: 'must be a number above 0 and below 1: well below 1 over the number of units, for example 1e-5',
  allows: (value) => value > 0 && value < 1,
};
const TARGET: Omit<Range, 'name'> = {
  remedy: 'must be a number above 0, for example 3',
  allows: (value) => value > 0 && value < Number.POSITIVE_INFINITY,
};

/** A number in its range; where it is none, NaN and one more problem. */
function numberIn(value: unknown, { name, remedy, allows }: Range, problems: Problem[]): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'number' && allows(number)) return number;
  problems.push(
    value === undefined
      ? { field: name, text: 'is missing', remedy: `it ${remedy}` }
      : { field: name, text: remedy },
  );
  return Number.NaN;
}

const FIELDS = { noiseMultiplier: NOISE, samplingRate: RATE, steps: STEPS } as const;

function eventOf(entry: unknown, name: string, problems: Problem[]): Steps {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    problems.push({ field: name, text: 'must be an object { noiseMultiplier, samplingRate, steps }' });
    return { noiseMultiplier: Number.NaN, samplingRate: Number.NaN, steps: Number.NaN };
  }
  for (const field of Object.keys(entry)) {
    if (!Object.hasOwn(FIELDS, field))
      problems.push({ field: `${name}.${field}`, text: 'is not a known field', remedy: 'remove it' });
  }
  const read = (field: keyof typeof FIELDS): number =>
    numberIn(
      (entry as Record<string, unknown>)[field],
      { name: `${name}.${field}`, ...FIELDS[field] },
      problems,
    );
  return {
    noiseMultiplier: read('noiseMultiplier'),
    samplingRate: read('samplingRate'),
    steps: read('steps'),
  };
}

async function readEvents(path: string): Promise<readonly Steps[]> {
  let list: unknown;
  try {
    list = JSON.parse((await readFile(path, 'utf8')).replace(/^\u{FEFF}/u, ''));
  } catch (cause) {
    const remedy =
      cause instanceof SyntaxError
        ? 'is not JSON: write a list of { noiseMultiplier, samplingRate, steps }'
        : 'cannot be read: name a file that exists';
    throw new UsageError({ field: '--events', text: `: ${path} ${remedy}` }, { cause });
  }
  if (!Array.isArray(list) || list.length === 0) {
    throw new UsageError({
      field: '--events',
      text: `: ${path} must hold a list of at least one { noiseMultiplier, samplingRate, steps }`,
    });
  }
  const problems: Problem[] = [];
  const events = list.map((entry, index) => eventOf(entry, `--events: [${index}]`, problems));
  if (problems.length > 0) throw new UsageError(problems);
  return events;
}

const OPTIONS = {
  'noise-multiplier': { type: 'string' },
  'target-epsilon': { type: 'string' },
  events: { type: 'string' },
  'sampling-rate': { type: 'string' },
  steps: { type: 'string' },
  delta: { type: 'string' },
  ...COMMON_OPTIONS,
} as const;

/**
 * Reads the request; 'help' where help is asked.
 *
 * @throws UsageError with every problem of the command line, or of the file of events.
 */
export async function readAccountRequest(argv: readonly string[]): Promise<AccountRequest | 'help'> {
  const { values, positionals } = readArguments(argv, OPTIONS);
  if (values.help) return 'help';
  refuseMore(positionals);
  const { json } = values;
  const questions = (['noise-multiplier', 'target-epsilon', 'events'] as const).filter(
    (name) => values[name] !== undefined,
  );
  const [question] = questions;
  if (question === undefined || questions.length > 1) {
    const remedy = 'give one of --noise-multiplier, --target-epsilon and --events';
    const [field = '--noise-multiplier', ...others] = questions.map((name) => `--${name}`);
    const text =
      others.length > 0
        ? `and ${others.join(' and ')} exclude each other`
        : ': it is not clear what is asked';
    throw new UsageError({ field, text, remedy });
  }
  const problems: Problem[] = [];
  const read = (name: keyof typeof values, range: Omit<Range, 'name'>): number =>
    numberIn(values[name], { name: `--${name}`, ...range }, problems);
  const delta = read('delta', DELTA);
  if (question === 'events') {
    for (const name of ['sampling-rate', 'steps'] as const) {
      if (values[name] !== undefined)
        problems.push({ field: `--${name}`, text: 'is in the file of --events', remedy: 'leave it out' });
    }
    if (problems.length > 0) throw new UsageError(problems);
    return { kind: 'cost', json, delta, events: await readEvents(values.events!) };
  }
  const samplingRate = read('sampling-rate', RATE);
  const steps = read('steps', STEPS);
  if (question === 'target-epsilon') {
    const targetEpsilon = read('target-epsilon', TARGET);
    if (problems.length > 0) throw new UsageError(problems);
    return { kind: 'calibrate', json, delta, targetEpsilon, samplingRate, steps };
  }
  const noiseMultiplier = read('noise-multiplier', NOISE);
  if (problems.length > 0) throw new UsageError(problems);
  return { kind: 'cost', json, delta, events: [{ noiseMultiplier, samplingRate, steps }] };
}
