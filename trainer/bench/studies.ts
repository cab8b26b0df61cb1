// Whole studies, not steps, beside Opacus with FedAvg in one run: the same data, starting weights, plan and ε, each in
// a process of its own, in turns. Time is that of training, with all that is prepared for it; reading the data and
// loading the libraries are not counted on either side.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { classProbabilities, predictedClasses, yesProbabilities } from '@consilium/onnx-grad';
import { classify, classifyMany } from '../src/offline/metrics/classification.ts';
import { CASES, type StudyCase } from './studies/cases.ts';
import { writeCase } from './studies/write-data.ts';

const HELP = `Usage: node trainer/dist/bench/studies.js [--repeats N] [--case TEXT]

OPACUS_PYTHON: a Python that has torch 2 and opacus 1.6; without it their side is reported as not run
--repeats N    runs of each side; 3 by default
--case TEXT    only cases with this text in their name
`;

interface Measured {
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly peakMib: number;
}

interface Result extends Measured {
  readonly accuracy: number;
  readonly auc: number;
}

type Method = 'ours' | 'opacus';

const { values: options } = parseArgs({
  options: {
    repeats: { type: 'string', default: '3' },
    case: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
});
const python = process.env.OPACUS_PYTHON;
const OURS = join(import.meta.dirname, 'studies/run-ours.js');
const THEIRS = join(import.meta.dirname, '../../bench/studies/opacus_fedavg.py');

const print = (line: object) => console.log(JSON.stringify({ bench: 'studies', ...line }));
const digits = (value: number): number => Number(value.toPrecision(3));
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Why their side cannot run; undefined where it can. */
function whyNotOpacus(): string | undefined {
  if (python === undefined) return 'not run: name a Python that has opacus in OPACUS_PYTHON';
  const { status } = spawnSync(python, ['-c', 'import opacus, torch'], { stdio: 'ignore' });
  return status === 0 ? undefined : 'not run: OPACUS_PYTHON has no opacus and torch';
}

function run(method: Method, folder: string): Measured {
  const [command, program] = method === 'ours' ? [process.execPath, OURS] : [python!, THEIRS];
  const said = execFileSync(command, [program, folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return JSON.parse(said.trimEnd().split('\n').at(-1)!) as Measured;
}

function scoresOf(
  method: Method,
  { model, testRows }: StudyCase,
  about: { readonly folder: string; readonly labels: Float32Array },
): Pick<Result, 'accuracy' | 'auc'> {
  const { buffer } = new Uint8Array(readFileSync(join(about.folder, `${method}.outputs`)));
  const outputs = { values: Float64Array.from(new Float32Array(buffer)), width: model.outputs };
  if (outputs.values.length !== testRows * model.outputs) throw new Error(`${method} gave other rows`);
  const { labels } = about;
  if (model.outputs === 1) return classify(yesProbabilities(outputs), labels);
  const fit = classifyMany(classProbabilities(outputs), predictedClasses(outputs), labels);
  return { accuracy: fit.accuracy, auc: fit.auc?.value ?? Number.NaN };
}

function runCase(study: StudyCase, methods: readonly Method[], repeats: number): Record<Method, Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-studies-'));
  try {
    const { testLabels: labels } = writeCase(study, folder);
    const results: Record<Method, Result[]> = { ours: [], opacus: [] };
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const method of methods) {
        const measured = run(method, folder);
        const result = { ...measured, ...scoresOf(method, study, { folder, labels }) };
        results[method].push(result);
        print({
          case: study.name,
          method,
          seconds: digits(result.seconds),
          processorSeconds: digits(result.processorSeconds),
          peakMib: Math.round(result.peakMib),
          accuracy: digits(result.accuracy),
          auc: digits(result.auc),
        });
      }
    }
    return results;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function compare({ name }: StudyCase, { ours, opacus }: Record<Method, readonly Result[]>): void {
  const times = (of: (result: Result) => number) => digits(median(opacus.map(of)) / median(ours.map(of)));
  const above = (of: (result: Result) => number) => digits(mean(ours.map(of)) - mean(opacus.map(of)));
  print({
    case: name,
    method: 'ours over opacus',
    timesAsFast: times(({ seconds }) => seconds),
    timesAsFastByProcessor: times(({ processorSeconds }) => processorSeconds),
    timesTheMemoryLess: times(({ peakMib }) => peakMib),
    accuracyAbove: above(({ accuracy }) => accuracy),
    aucAbove: above(({ auc }) => auc),
  });
}

if (options.help) {
  process.stdout.write(HELP);
} else {
  const reason = whyNotOpacus();
  const methods: readonly Method[] = reason === undefined ? ['ours', 'opacus'] : ['ours'];
  for (const study of CASES.filter(({ name }) => name.includes(options.case))) {
    const results = runCase(study, methods, Number(options.repeats));
    if (reason === undefined) compare(study, results);
    else print({ case: study.name, method: 'opacus', result: reason });
  }
}
