// Ten years of a hospital that admits 1,000 patients a year and is asked for forty studies, over the ledger's own
// rules: how many studies it can serve, with how many patients, and what the patient who lost most lost, by whose the
// accounts are.
import type { PrivacyEvent } from '../privacy-event.ts';
import { blocksOf } from '../rules/revision-rules.ts';
import { largestOf, PopulationLife } from './population-life.ts';

export const TEN_YEARS = {
  years: 10,
  patientsAYear: 1000,
  studiesAYear: 4,
  epsilon: '8',
  /** Of each study: a study costs each account about ε 2 alone. */
  plan: {
    rounds: 5,
    training: {
      learningRate: '0.5',
      clipNormL2: '1',
      noiseMultiplier: '6',
      samplingRate: '0.5',
      stepsPerRound: 10,
    },
  },
} as const;

/** What became of the ten years. */
export interface Outcome {
  readonly accounts: string;
  /** How many patients took part in each study that was served, held-out ones among them. */
  readonly patients: readonly number[];
  readonly largestEpsilon: string;
}

/** Serves one study with every block whose accounts can bear it; how many patients that was. */
function serve(life: PopulationLife): number {
  const study = life.propose(TEN_YEARS.plan);
  const { blocks } = life.quote(study);
  const fitting = blocks.filter(({ fits }) => fits).map(({ block }) => block);
  if (fitting.length === 0) return 0;
  const taken = life.consent(study, fitting);
  for (let round = 0; round < study.rounds; round++) {
    life.open(taken);
    life.train(taken);
    life.score(taken);
  }
  life.settle(taken);
  const given = blocksOf(taken.consent);
  return life.patients.filter(({ blocks: own }) => own.some((block) => given.includes(block))).length;
}

/** @param grow what a new year does to the population */
function live(accounts: string, grow: (life: PopulationLife, patients: number) => void): Outcome {
  const { years, patientsAYear, studiesAYear, epsilon } = TEN_YEARS;
  const life = new PopulationLife({ patients: patientsAYear, epsilon });
  const patients: number[] = [];
  for (let year = 1; year <= years; year++) {
    if (year > 1) grow(life, patientsAYear);
    for (let i = 0; i < studiesAYear; i++) patients.push(serve(life));
  }
  return {
    accounts,
    patients: patients.filter((count) => count > 0),
    largestEpsilon: life.largestEpsilon(),
  };
}

/** The grown file is registered each year as a new dataset with a budget of its own, for the same old patients. */
function registeredAgain(): Outcome {
  const { years, patientsAYear, studiesAYear, epsilon } = TEN_YEARS;
  const patients: number[] = [];
  /** Of those who came in the first year, who are in every file: one of each pool. */
  const losses: PrivacyEvent[][] = [[], []];
  for (let year = 1; year <= years; year++) {
    const life = new PopulationLife({
      patients: year * patientsAYear,
      epsilon,
      name: `file-of-year-${year}`,
    });
    for (let i = 0; i < studiesAYear; i++) patients.push(serve(life));
    for (const [i, events] of life.kinds().entries()) losses[i]!.push(...events);
  }
  const delta = '0.00001';
  return {
    accounts: 'of a dataset, registered again each year',
    patients: patients.filter((count) => count > 0),
    largestEpsilon: largestOf(losses, delta),
  };
}

/** The ten years under each kind of accounts. The same on every machine: nothing is drawn. */
export const tenYears = (): Outcome[] => [
  live('of a dataset, as registered in the first year', () => {}),
  registeredAgain(),
  live('of a population', (life, patients) => life.join(patients)),
  live('of each block of a population', (life, patients) => life.admit(patients)),
];

const inThousands = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

/** The rows of the table in docs/benchmarks.md. */
export const tableOf = (outcomes: readonly Outcome[]): string[] =>
  outcomes.map(({ accounts, patients, largestEpsilon }) => {
    const mean = Math.round(patients.reduce((sum, count) => sum + count, 0) / patients.length);
    const [least, most] = [Math.min(...patients), Math.max(...patients)];
    const counts = [least, mean, most].map((count) => inThousands(count)).join(' / ');
    return `| ${accounts} | ${patients.length} of 40 | ${counts} | ${Number(largestEpsilon).toFixed(2)} |`;
  });

if (process.argv[1] === import.meta.filename) process.stdout.write(`${tableOf(tenYears()).join('\n')}\n`);
