// Our side of the peer bench of accuracy (bench_accuracy.py --external): its tasks in, our scores out. A task is a
// logistic regression by several hospitals in so many rounds, at an ε for each record or without privacy.
//
// Hyperparameters were picked as the peer bench picks its peers': on other splits of the same data (its seeds 100 to
// 105), so that both sides are slightly optimistic, and equally so.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { packUnits } from '@consilium/dp-sgd';
import { buildForwardModel } from '@consilium/onnx-grad';
import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';
import { noiseFor } from '../src/offline/simulation/privacy-plan.ts';
import { simulateStudy } from '../src/offline/simulation/simulate-study.ts';
import { StudyModel } from '../src/study/study-model.ts';

const HELP = `Usage: node trainer/dist/bench/peer-accuracy.js --tasks IN.json --out OUT.json

IN:  [{"id", "epsilon": number or null, "delta", "rounds",
       "sites": [{"x": [[...]], "y": [0 or 1, ...]}], "test": [[...]]}]
OUT: {id: [score of each test row, above 0 for label 1]}
`;

const Matrix = Type.Array(Type.Array(Type.Number()));
const Task = Type.Object({
  id: Type.String(),
  epsilon: Type.Union([Type.Number(), Type.Null()]),
  delta: Type.Number(),
  rounds: Type.Integer({ minimum: 1 }),
  sites: Type.Array(Type.Object({ x: Matrix, y: Type.Array(Type.Number()) }), { minItems: 1 }),
  test: Matrix,
});
type Task = Static<typeof Task>;

interface Plan {
  readonly stepsPerRound: number;
  readonly learningRate: number;
  readonly clipNormL2: number;
  /** The shared model is averaged over so many of the last rounds (Polyak and Juditsky 1992): post-processing. */
  readonly averagedShare: number;
}

/** By ε, for the data with many features and for the data with few. Every record is in every batch. */
const PLANS: { readonly [kind in 'wide' | 'narrow']: Readonly<Record<'none' | '1' | '3' | '8', Plan>> } = {
  wide: {
    none: { stepsPerRound: 10, learningRate: 4, clipNormL2: 2, averagedShare: 0.5 },
    '1': { stepsPerRound: 3, learningRate: 4, clipNormL2: 0.25, averagedShare: 0.1 },
    '3': { stepsPerRound: 3, learningRate: 20, clipNormL2: 0.1, averagedShare: 0.1 },
    '8': { stepsPerRound: 5, learningRate: 1.5, clipNormL2: 1, averagedShare: 0.3 },
  },
  narrow: {
    none: { stepsPerRound: 10, learningRate: 0.3, clipNormL2: 2, averagedShare: 0.1 },
    '1': { stepsPerRound: 3, learningRate: 1.5, clipNormL2: 0.1, averagedShare: 0.8 },
    '3': { stepsPerRound: 1, learningRate: 0.5, clipNormL2: 2, averagedShare: 0.3 },
    '8': { stepsPerRound: 2, learningRate: 4, clipNormL2: 1, averagedShare: 0.8 },
  },
};

function planFor(epsilon: number | null, features: number): Plan {
  const byEpsilon = PLANS[features > 20 ? 'wide' : 'narrow'];
  if (epsilon === null) return byEpsilon.none;
  return byEpsilon[epsilon < 2 ? '1' : epsilon < 5 ? '3' : '8'];
}

/** The least noise the engine knows: two steps of a lattice of 2^-20 clip norms. */
const NO_NOISE = 1e-6;

const noises = new Map<string, number>();
function noiseMultiplierOf({ epsilon, delta, rounds }: Task, { stepsPerRound }: Plan): number {
  if (epsilon === null) return NO_NOISE;
  const steps = rounds * stepsPerRound;
  const key = [epsilon, delta, steps].join(' ');
  const known = noises.get(key) ?? noiseFor({ targetEpsilon: epsilon, delta, samplingRate: 1, steps });
  noises.set(key, known);
  return known;
}

async function solve(task: Task): Promise<number[]> {
  const { epsilon, rounds, sites, test } = task;
  const features = test[0]?.length ?? 0;
  const plan = planFor(epsilon, features);
  const graph = buildForwardModel({ kind: 'logistic-regression', features, localIntercept: false });
  const model = await StudyModel.read(graph, {
    inputs: features,
    parameters: features + 1,
    localParameters: [],
  });
  const averaged = new Float64Array(features + 1);
  const firstAveraged = rounds - Math.max(1, Math.round(rounds * plan.averagedShare)) + 1;
  await simulateStudy(
    {
      model,
      localPatterns: [],
      rounds,
      plan: {
        clipNormL2: plan.clipNormL2,
        noiseMultiplier: noiseMultiplierOf(task, plan),
        samplingRate: 1,
        steps: plan.stepsPerRound,
        rowsPerUnit: 1,
        learningRate: plan.learningRate,
      },
    },
    sites.map(({ x, y }, site) => ({
      name: `site ${site}`,
      training: packUnits(
        features,
        x.map((row, i) => [{ features: row, label: y[i] === 1 ? 1 : 0 }]),
      ),
      weight: x.length,
      bandSize: x.length,
    })),
    {
      async onRound(round, [parameters]) {
        if (round < firstAveraged) return;
        averaged.forEach((_, i) => {
          averaged[i]! += parameters!.shared[i]!;
        });
      },
    },
  );
  // Weights, then the bias; their scale does not matter to the sign or the order of scores.
  return test.map((row) => row.reduce((sum, value, i) => sum + value * averaged[i]!, averaged[features]!));
}

const { values } = parseArgs({
  options: {
    tasks: { type: 'string' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
} else if (values.tasks === undefined || values.out === undefined) {
  const notRun = 'it answers tasks of the peer bench: give --tasks and --out';
  console.log(JSON.stringify({ bench: 'peer-accuracy', notRun }));
} else {
  const tasks: unknown = JSON.parse(readFileSync(values.tasks, 'utf8'));
  if (!Check(Type.Array(Task), tasks)) throw new Error(`${values.tasks} does not hold tasks: see --help`);
  const answers: Record<string, number[]> = {};
  for (const task of tasks) answers[task.id] = await solve(task);
  writeFileSync(values.out, JSON.stringify(answers));
}
