// How long `consilium-trainer account` takes as a whole, process and first answer, beside dp-accounting: JSON lines.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT } from '@consilium/command-line';

const HELP = `Usage: account-command.js

Seconds of the whole command for three plans, medians of five runs, as JSON lines; beside dp-accounting in turns where
DP_ACCOUNTING_PYTHON names a Python that has it.
`;

/** The same two answers by dp-accounting, in a process of its own. */
const PEER = `
import sys
import dp_accounting as dp
from dp_accounting.pld import pld_privacy_accountant as pld
from dp_accounting.rdp import rdp_privacy_accountant as rdp
noise, rate, steps, delta = (float(word) for word in sys.argv[1:])
for accountant in (pld.PLDAccountant(), rdp.RdpAccountant()):
    accountant.compose(dp.PoissonSampledDpEvent(rate, dp.GaussianDpEvent(noise)), int(steps))
    print(accountant.get_epsilon(delta))
`;
const PLANS = [
  { noiseMultiplier: 1, samplingRate: 0.01, steps: 1000, delta: 1e-5 },
  { noiseMultiplier: 10, samplingRate: 0.01, steps: 20_000, delta: 1e-5 },
  { noiseMultiplier: 0.5, samplingRate: 0.001, steps: 20_000, delta: 1e-5 },
];
const RUNS = 5;
const MAIN = resolve(import.meta.dirname, '../src/main.js');

function secondsOf(command: string, words: readonly string[]): number {
  const start = performance.now();
  const { status, stderr, error } = spawnSync(command, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} did not answer: ${error?.message ?? stderr}`);
  return (performance.now() - start) / 1000;
}

const { values } = parseArgs({ options: { help: { type: 'boolean', default: false } } });
if (values.help) {
  process.stdout.write(HELP);
  process.exit(EXIT.done);
}

const python = process.env.DP_ACCOUNTING_PYTHON;
for (const plan of PLANS) {
  const { noiseMultiplier, samplingRate, steps, delta } = plan;
  const numbers = [noiseMultiplier, samplingRate, steps, delta].map(String);
  const options = ['--noise-multiplier', '--sampling-rate', '--steps', '--delta'];
  const words = [MAIN, 'account', ...options.flatMap((name, i) => [name, numbers[i]!]), '--json'];
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    ours.push(secondsOf(process.execPath, words));
    if (python) theirs.push(secondsOf(python, ['-c', PEER, ...numbers]));
  }
  const medianOf = (values: readonly number[]): number =>
    values.toSorted((a, b) => a - b)[values.length >> 1]!;
  const rounded = (value: number): number => Number(value.toPrecision(4));
  const seconds = medianOf(ours);
  const peer = python
    ? { peerSeconds: rounded(medianOf(theirs)), timesFaster: rounded(medianOf(theirs) / seconds) }
    : { peer: 'not run: name a Python that has dp-accounting in DP_ACCOUNTING_PYTHON' };
  const line = { bench: 'account-command', ...plan, runs: RUNS, seconds: rounded(seconds), ...peer };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
