// What the service does with patients in each round (their file, a training and a score in a contained process), in
// many short rounds and in one long one: JSON lines, with what is kept between rounds and without, in turns in one run.
// Seconds of processor time, of the service and of its contained processes: only Linux says them of both.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { bandOf, bandWeight, type Dictionary } from '@consilium/domain';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { ContainedGraphEngine } from '../src/containment/contained-graph-engine.ts';
import { DataFiles } from '../src/data/data-files.ts';
import { trainingUnitsOf } from '../src/study/training-units.ts';

const HELP = `usage: node trainer/dist/bench/service-rounds.js [options]
  --patients 10000  --columns 50  --rounds 100  --repeats 3
  --units both | kept | read   (what is kept between rounds, and without)
Trains 2,000 steps of a logistic regression at a sampling rate of 0.01: in one round, and in so many.
`;
const STEPS = 2000;

const { values: options } = parseArgs({
  options: {
    patients: { type: 'string', default: '10000' },
    columns: { type: 'string', default: '50' },
    rounds: { type: 'string', default: '100' },
    repeats: { type: 'string', default: '3' },
    units: { type: 'string', default: 'both' },
    help: { type: 'boolean', default: false },
  },
});
const [patients, columns, rounds, repeats] = [
  options.patients,
  options.columns,
  options.rounds,
  options.repeats,
].map(Number) as [number, number, number, number];

const names = Array.from({ length: columns }, (_, i) => `n${i}`);
const dictionary: Dictionary = {
  version: 1,
  header: true,
  patientId: 'id',
  missing: [],
  features: names.map((name) => ({ name, kind: 'numeric', unit: '1', bounds: { low: 0, high: 100 } })),
  label: { column: 'y', title: 'y', rule: { kind: 'binary' } },
  maxRowsPerPatient: 1,
};

/** The same numbers every time. */
function csv(): string {
  let state = 12345;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const lines = [['id', ...names, 'y'].join(',')];
  for (let row = 0; row < patients; row++) {
    const cells = names.map(() => (next() * 100).toFixed(2));
    lines.push([`p${row}`, ...cells, Number(cells[0]) > 50 ? 1 : 0].join(','));
  }
  return `${lines.join('\n')}\n`;
}

/** Of a second, of Linux's clock ticks. */
const TICKS = 100;
/** User and system time, and those of children that were waited for: places in a `stat` after the name. */
const [OWN, CHILDREN] = [11, 13];

function ticksOf(pid: number | 'self', first: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[first]) + Number(fields[first + 1]);
  } catch {
    return 0;
  }
}

/** Of this process, of those that its main thread started, and of those that have ended. */
function processorSeconds(): number {
  const path = `/proc/self/task/${process.pid}/children`;
  const children = readFileSync(path, 'latin1').trim().split(' ').filter(Boolean);
  const ticks = children.reduce((sum, pid) => sum + ticksOf(Number(pid), OWN), 0);
  return (ticksOf('self', OWN) + ticksOf('self', CHILDREN) + ticks) / TICKS;
}

const digits = (value: number): number => Number(value.toPrecision(3));

interface Parts {
  reading: number;
  training: number;
  scoring: number;
}

async function study(
  folder: string,
  of: { readonly rounds: number; readonly keptBytes?: number },
): Promise<Parts> {
  const files = new DataFiles({ folders: [folder], ...(of.keptBytes === 0 && { keptBytes: 0 }) });
  const engine = new ContainedGraphEngine();
  const salt = new Uint8Array(32).fill(7);
  const people = { salt, blocks: [], withdrawn: new Uint8Array(), leavesOutWithdrawn: false, takesNew: true };
  const units = () =>
    files.unitsForStudy({
      ...{ path: join(folder, 'patients.csv'), dictionary, salt, people, blocks: [1], unit: 'patient' },
    });
  const model = buildForwardModel({
    kind: 'logistic-regression',
    features: 2 * columns,
    localIntercept: false,
  });
  let parameters = Float64Array.from(readForwardModel(model).values);
  const parts: Parts = { reading: 0, training: 0, scoring: 0 };
  const timed = async <T>(part: keyof Parts, work: () => Promise<T>): Promise<T> => {
    const start = processorSeconds();
    try {
      return await work();
    } finally {
      parts[part] += processorSeconds() - start;
    }
  };
  const plan = {
    ...{ clipNormL2: 1, noiseMultiplier: 1, samplingRate: 0.01, steps: STEPS / of.rounds },
    ...{ bandSize: 0.8 * bandWeight(bandOf(patients)!), rowsPerUnit: 1, learningRate: 0.5 },
  };
  for (let round = 0; round < of.rounds; round++) {
    const { training } = await timed('reading', units);
    const { sharedDelta } = await timed('training', () =>
      engine.trainRound(
        { ...{ model, parameters, plan, localPatterns: [] }, units: trainingUnitsOf(training) },
        { rounds: of.rounds },
      ),
    );
    parameters = parameters.map((value, i) => value + sharedDelta[i]!);
    const { heldOut } = await timed('reading', units);
    await timed('scoring', () => engine.outputs(model, { values: parameters, features: heldOut.features }));
  }
  await engine.close();
  files.letGoOfUnits();
  return parts;
}

if (
  options.help ||
  [patients, columns, rounds, repeats].some((value) => !Number.isSafeInteger(value) || value < 1)
) {
  process.stdout.write(HELP);
  process.exitCode = options.help ? 0 : 2;
} else {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-rounds-'));
  // Threads and processes that wait do not keep a service up, nor this.
  const awake = setInterval(() => undefined, 60_000);
  try {
    writeFileSync(join(folder, 'patients.csv'), csv());
    // A file that changed a moment ago is read again for each use.
    await sleep(3000);
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const keptBytes of [0, undefined]) {
        if (options.units === (keptBytes === 0 ? 'kept' : 'read')) continue;
        const seconds: number[] = [];
        for (const own of [1, rounds]) {
          const parts = await study(folder, { rounds: own, ...(keptBytes === 0 && { keptBytes }) });
          const total = parts.reading + parts.training + parts.scoring;
          seconds.push(total);
          console.log(
            JSON.stringify({
              ...{ bench: 'service-rounds', patients, columns, rounds: own, steps: STEPS / own },
              units: keptBytes === 0 ? 'read each time' : 'kept',
              seconds: digits(total),
              readingSeconds: digits(parts.reading),
              trainingSeconds: digits(parts.training),
              scoringSeconds: digits(parts.scoring),
            }),
          );
        }
        const units = keptBytes === 0 ? 'read each time' : 'kept';
        console.log(
          JSON.stringify({
            bench: 'service-rounds',
            units,
            timesOneRound: digits(seconds[1]! / seconds[0]!),
          }),
        );
      }
    }
  } finally {
    clearInterval(awake);
    rmSync(folder, { recursive: true });
  }
}
