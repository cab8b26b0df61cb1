// How fast the tight accountant answers beside dp-accounting: JSON lines, one per question, then a summary.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { COMMON_OPTIONS, EXIT, readArguments, runProgram, wholeNumber } from '@consilium/command-line';
import { epsilonByPld, type GaussianSteps } from '../src/index.ts';

const HELP = `usage: node chaincode/dist/bench/accountant.js [--runs 9]
Asks for epsilon at the questions of packages/dp-accountant/reference-values/accountant.json and prints JSON lines: our
time (the first answer of a process, and the median of the next ones) and dp-accounting's.
  --runs  answers per question that the median is of (default 9)
  DP_ACCOUNTING_PYTHON=PYTHON   a Python that has dp-accounting: it answers in this same run. Without it the
                                peer's times are those recorded in the file, of another run and machine.
`;

/** Reads questions from standard input and writes for each an ε and the better of two times. */
const PEER = `
import json, sys, time
import dp_accounting as dp
from dp_accounting.pld import pld_privacy_accountant as pld
for line in sys.stdin:
    question = json.loads(line)
    best = float('inf')
    for _ in range(2):
        start = time.perf_counter()
        accountant = pld.PLDAccountant()
        for part in question['parts']:
            gaussian = dp.GaussianDpEvent(part['noiseMultiplier'])
            accountant.compose(dp.PoissonSampledDpEvent(part['samplingRate'], gaussian), part['steps'])
        epsilon = accountant.get_epsilon(question['delta'])
        best = min(best, time.perf_counter() - start)
    print(json.dumps({'seconds': best, 'epsilon': epsilon}), flush=True)
`;

interface Question {
  readonly parts: readonly GaussianSteps[];
  readonly delta: number;
}

interface PeerAnswer {
  readonly seconds: number;
  readonly epsilon: number;
}

interface Cell {
  readonly sigma: number;
  readonly q: number;
  readonly steps: number;
}

interface Row {
  readonly delta: number;
  readonly pld_eps: number;
  readonly pld_s: number;
}

const stepsOf = ({ sigma, q, steps }: Cell): GaussianSteps => ({
  noiseMultiplier: sigma,
  samplingRate: q,
  steps,
});

function readQuestions(file: string): { readonly question: Question; readonly recorded: PeerAnswer }[] {
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly grid: readonly (Cell & Row)[];
    readonly heterogeneous: readonly (Row & { readonly parts: readonly Cell[] })[];
  };
  const lists = [...vectors.grid.map((row) => ({ ...row, parts: [row] })), ...vectors.heterogeneous];
  return lists.map(({ parts, delta, pld_eps: epsilon, pld_s: seconds }) => ({
    question: { parts: parts.map(stepsOf), delta },
    recorded: { seconds, epsilon },
  }));
}

function askPeer(python: string, questions: readonly Question[]): readonly PeerAnswer[] {
  const input = questions.map((question) => JSON.stringify(question)).join('\n');
  const { status, stdout, stderr, error } = spawnSync(python, ['-c', PEER], { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${python} did not answer: ${error?.message ?? stderr}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as PeerAnswer);
}

const medianOf = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const rounded = (value: number): number => Number(value.toPrecision(4));

function timeOf({ parts, delta }: Question): { readonly seconds: number; readonly epsilon: number } {
  const start = performance.now();
  const epsilon = epsilonByPld(parts, delta);
  return { seconds: (performance.now() - start) / 1000, epsilon };
}

function measure(file: string, runs: number): void {
  const asked = readQuestions(file);
  const first = asked.map(({ question }) => timeOf(question).seconds);
  const times = asked.map(({ question }) => Array.from({ length: runs }, () => timeOf(question)));
  const python = process.env.DP_ACCOUNTING_PYTHON;
  const answers = python
    ? askPeer(
        python,
        asked.map(({ question }) => question),
      )
    : undefined;
  const peerSource = answers ? 'dp-accounting in this run' : 'dp-accounting as recorded, in another run';
  const ratios: number[] = [];
  asked.forEach(({ question, recorded }, i) => {
    const seconds = medianOf(times[i]!.map((time) => time.seconds));
    const { epsilon } = times[i]![0]!;
    const peer = answers?.[i] ?? recorded;
    ratios.push(peer.seconds / seconds);
    const line = {
      bench: 'accountant',
      ...question,
      epsilon,
      seconds: rounded(seconds),
      firstSeconds: rounded(first[i]!),
      peer: peerSource,
      peerEpsilon: peer.epsilon,
      peerSeconds: rounded(peer.seconds),
      timesFaster: rounded(peer.seconds / seconds),
      aboveThePeer: rounded(epsilon / peer.epsilon - 1),
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  });
  const ours = times.map((list) => medianOf(list.map((time) => time.seconds)));
  const theirs = asked.map(({ recorded }, i) => answers?.[i]?.seconds ?? recorded.seconds);
  const summary = {
    bench: 'accountant',
    summary: true,
    questions: asked.length,
    peer: peerSource,
    medianSeconds: rounded(medianOf(ours)),
    slowestSeconds: rounded(Math.max(...ours)),
    firstMedianSeconds: rounded(medianOf(first)),
    peerMedianSeconds: rounded(medianOf(theirs)),
    timesFasterMedian: rounded(medianOf(ratios)),
    timesFasterLeast: rounded(Math.min(...ratios)),
  };
  process.stdout.write(`${JSON.stringify(summary)}\n`);
}

const FILE = resolve(import.meta.dirname, '../../reference-values/accountant.json');
await runProgram('bench accountant', (args) => {
  const { values } = readArguments(args, { ...COMMON_OPTIONS, runs: { type: 'string' } });
  if (values.help) process.stdout.write(HELP);
  else measure(FILE, wholeNumber(values.runs, 'runs', { least: 1 }) ?? 9);
  return EXIT.done;
});
