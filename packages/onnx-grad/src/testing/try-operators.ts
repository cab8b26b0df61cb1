// Tests operators on the worst values that a row can hold, in a process of its own, since a wrong operator may end it.
// Its last line of standard output is JSON: what was tested, and the cases in which a row's answer depends on other
// rows.
import { parseArgs } from 'node:util';
import { readForwardModel } from '../model/forward-model.ts';
import { probeBatchInvariance } from '../probes/batch-invariance.ts';
import { type Mutant, withOldLowering } from './old-lowerings.ts';
import { buildOperatorModel } from './operator-cases.ts';
import { TOTAL_CASES } from './total-operator-cases.ts';

export interface TriedOperators {
  readonly cases: number;
  readonly runs: number;
  readonly failures: readonly string[];
}

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '2' }, only: { type: 'string' }, mutant: { type: 'string' } },
});
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 2);
const mutant = values.mutant as Mutant | undefined;
const change = (bytes: Uint8Array) => (mutant === undefined ? bytes : withOldLowering(bytes, mutant));
const cases = Object.entries(TOTAL_CASES).filter(
  ([name]) => values.only === undefined || name === values.only,
);
const failures: string[] = [];
let runs = 0;
for (const [name, opCase] of cases) {
  try {
    const { bytes } = buildOperatorModel(opCase, { seed: 1, rows: 1 });
    const probe = await probeBatchInvariance(readForwardModel(bytes), { seeds, change });
    runs += probe.runs;
    const { dependence } = probe;
    if (dependence) failures.push(`${name}: ${dependence.half}, ${dependence.node ?? 'no node by itself'}`);
  } catch (error) {
    const cause = (error as Error).cause ?? error;
    failures.push(`${name}: ${(cause as Error).message.split('\n')[0]}`);
  }
}
const tried: TriedOperators = { cases: cases.length, runs, failures };
process.stdout.write(`${JSON.stringify(tried)}\n`);
