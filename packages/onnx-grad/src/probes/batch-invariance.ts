// Tests batch invariance: what a graph computes of a row must follow from that row alone, bit for bit, whatever its
// index in the batch, whatever the other rows are, and however many there are. It is tested on this machine's
// processor, with the worst values that a row can hold. The privacy of training (`dp-sgd/sensitivity.ts`) and of scores
// depends on it, and a graph comes from any member.

import { graphProblem, modelProblem } from '../format/model-problem.ts';
import { decodeModel, encodeModel } from '../format/onnx-schema.ts';
import { UnsupportedModelError } from '../format/unsupported-model.ts';
import { defaultLoss } from '../losses/loss.ts';
import { buildScoreGraph, SCORE_ROWS, scoreInputs } from '../lowering/score-graph.ts';
import { buildStepGraph } from '../lowering/step-graph.ts';
import { exposeFactors } from '../lowering/unit-factors.ts';
import type { ForwardModel } from '../model/forward-model.ts';
import { type OnnxSession, openSession, type TensorValue } from '../runtime/onnx-runtime.ts';
import { stepInputs } from '../runtime/step-tensors.ts';
import { probeNumbers, probeRows } from './probe-rows.ts';

/** Odd, so that few arrays are a multiple of the processor's vector length. */
const STEP_ROWS = 43;

/** For each index, which row is there: one of the rows, padding, or a row that is no number at all. */
type Arrangement = readonly (number | 'padding' | 'poison')[];

/** One graph, its inputs for rows in some arrangement, and its outputs for each of them. */
interface Subject {
  readonly half: BatchDependence['half'];
  readonly bytes: Uint8Array;
  readonly rows: number;
  inputsFor(arrangement: Arrangement): Readonly<Record<string, TensorValue>>;
  readonly outputs: readonly string[];
}

/** In which half of the graph a row does not follow from itself alone. */
export interface BatchDependence {
  readonly half: 'forward' | 'backward';
  /** Name of the first node whose value for the same row differs; absent where no node by itself does. */
  readonly node?: string;
}

export interface InvarianceProbe {
  readonly dependence: BatchDependence | undefined;
  /** Runs that were compared. */
  readonly runs: number;
}

export interface ProbeOptions {
  /** Seeds of the rows and of the parameters. The first takes the parameters of the file. */
  readonly seeds?: readonly number[];
  /** Changes a lowered graph before the test, so that tests can check that a wrong one is caught. */
  readonly change?: (bytes: Uint8Array) => Uint8Array;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Each row at its own index, and then at others, beside others, and alone. */
function arrangementsOf(rows: number): readonly Arrangement[] {
  const all = range(rows);
  const turned = [1, 2, 3, 5, 8, 13, 21, 34].map((by) => all.map((index) => (index + by) % rows));
  const first = [1, 2, 3, rows >> 1, rows - 1].map((count) =>
    all.map((index) => (index < count ? index : 'padding')),
  );
  const poisoned = [0, 1].map((odd) => all.map((index) => (index % 2 === odd ? index : 'poison')));
  const alone = range(10).flatMap((k) => {
    const row = (k * 7 + 2) % rows;
    return [0, rows - 1 - k].map((at) => all.map((index) => (index === at ? row : 'padding')));
  });
  return [...turned, all.toReversed(), ...first, ...poisoned, ...alone];
}

type Values = Pick<Float32Array, 'length' | 'BYTES_PER_ELEMENT'> & ArrayLike<number | bigint>;

/** Whether two values have the same bits; all NaN count as one. */
const isSame = (a: unknown, b: unknown): boolean => Object.is(a, b);

/** Whether row `one` of some values is row `other` of others, where each has as many. */
function areSameRows(
  [values, one]: readonly [Values, number],
  [others, other]: readonly [Values, number],
  rows: number,
): boolean {
  const width = values.length / rows;
  for (let i = 0; i < width; i++) {
    if (!isSame(values[one * width + i], others[other * width + i])) return false;
  }
  return true;
}

/** Outputs of which some row differs from what it is at its own index. */
function differing(
  outputs: readonly string[],
  {
    expected,
    actual,
    arrangement,
  }: {
    readonly expected: Readonly<Record<string, TensorValue>>;
    readonly actual: Readonly<Record<string, TensorValue>>;
    readonly arrangement: Arrangement;
  },
): string[] {
  const rows = arrangement.length;
  return outputs.filter((name) => {
    const [own, other] = [expected[name]!.data, actual[name]!.data] as [Values, Values];
    return arrangement.some(
      (row, index) => typeof row === 'number' && !areSameRows([own, row], [other, index], rows),
    );
  });
}

/** The node of the forward graph that made the first value, of all of a graph, in which a row differs. */
async function nodeToBlame(subject: Subject, arrangement: Arrangement): Promise<string | undefined> {
  const model = decodeModel(subject.bytes);
  const names = model.graph.node.flatMap(({ output }) => output);
  const output = names.map((name) => ({ name, type: {} }));
  const session = await openSession(encodeModel({ ...model, graph: { ...model.graph, output } }), {
    threads: 1,
  });
  try {
    const { rows } = subject;
    const [expected, actual] = [
      await session.run(subject.inputsFor(range(rows))),
      await session.run(subject.inputsFor(arrangement)),
    ];
    const ofRows = names.filter((name) => {
      const shape = expected[name]?.shape ?? [];
      return shape.length > 0 && shape[0]! > 0 && shape[0]! % rows === 0;
    });
    const [first] = differing(ofRows, { expected, actual, arrangement });
    const made = model.graph.node.find((node) => node.output[0] === first);
    return made?.name.split('/').slice(0, -1).join('/') || undefined;
  } finally {
    await session.close();
  }
}

async function compare(subject: Subject, session: OnnxSession): Promise<InvarianceProbe> {
  const { rows, outputs, half } = subject;
  const run = (arrangement: Arrangement) => session.run(subject.inputsFor(arrangement), { outputs });
  const expected = await run(range(rows));
  let runs = 1;
  for (const arrangement of arrangementsOf(rows)) {
    runs += 1;
    if (differing(outputs, { expected, actual: await run(arrangement), arrangement }).length === 0) continue;
    const node = await nodeToBlame(subject, arrangement);
    return { dependence: { half, ...(node !== undefined && { node }) }, runs };
  }
  return { dependence: undefined, runs };
}

/** Lays rows of `width` values out in an arrangement. */
function laidOut(
  values: Float32Array,
  width: number,
  arrangement: Arrangement,
  poison: number,
): Float32Array {
  const laid = new Float32Array(arrangement.length * width);
  arrangement.forEach((row, index) => {
    const own = laid.subarray(index * width, (index + 1) * width);
    if (typeof row === 'number') own.set(values.subarray(row * width, (row + 1) * width));
    else if (row === 'poison') own.fill(poison);
  });
  return laid;
}

const POISONS = [Number.NaN, 3e38] as const;

function forwardSubject(model: ForwardModel, values: Float32Array, seed: number): Subject {
  const { bytes, rows } = buildScoreGraph(model, SCORE_ROWS);
  const x = probeRows(rows, model.features, seed);
  return {
    ...{ half: 'forward', bytes, rows, outputs: ['logit'] },
    inputsFor: (arrangement) =>
      scoreInputs(model, {
        x: laidOut(x, model.features, arrangement, POISONS[seed % 2]!),
        ...{ values, rows },
      }),
  };
}

function backwardSubject(model: ForwardModel, values: Float32Array, seed: number): Subject {
  const rows = STEP_ROWS;
  const graph = buildStepGraph(model, {
    ...{ clipNormL2: 1, capacityUnits: rows, rowsPerUnit: 1 },
    floatFrom: Number.POSITIVE_INFINITY,
    loss: defaultLoss(model.outputs),
  });
  const { bytes, names } = exposeFactors(graph);
  const { features } = model;
  const x = probeRows(rows, features, seed);
  const labels = Float32Array.from({ length: rows }, (_, row) => row % Math.max(2, model.outputs));
  return {
    ...{ half: 'backward', bytes, rows, outputs: names },
    inputsFor: (arrangement) =>
      stepInputs(graph, {
        x: laidOut(x, features, arrangement, POISONS[seed % 2]!),
        y: laidOut(labels, 1, arrangement, 0),
        mask: laidOut(new Float32Array(rows).fill(1), 1, arrangement, 1),
        rowSquares: new Float64Array(rows).fill(1),
        parameters: values,
      }),
  };
}

/**
 * Whether a graph gives a row the same forward and the same gradient, to the bit, at whatever index, whatever lies
 * beside it, and however many rows there are; at the parameters of its file and at others. All NaN counts as one,
 * since no operator of a graph distinguishes them.
 *
 * The result holds for this processor only: each hospital tests its own.
 *
 * @throws OnnxRuntimeError where the runtime does not take what the graph is lowered to
 */
export async function probeBatchInvariance(
  model: ForwardModel,
  { seeds = [2, 3], change = (bytes: Uint8Array) => bytes }: ProbeOptions = {},
): Promise<InvarianceProbe> {
  const valuesOf = (seed: number, i: number) => {
    const next = probeNumbers(seed);
    return i === 0 ? model.values : model.values.map(() => next());
  };
  let runs = 0;
  for (const subjectOf of [forwardSubject, backwardSubject]) {
    const subjects = seeds.map((seed, i) => {
      const subject = subjectOf(model, valuesOf(seed, i), seed);
      return { ...subject, bytes: change(subject.bytes) };
    });
    const session = await openSession(subjects[0]!.bytes, { threads: 1 });
    try {
      for (const subject of subjects) {
        const probe = await compare(subject, session);
        runs += probe.runs;
        if (probe.dependence !== undefined) return { dependence: probe.dependence, runs };
      }
    } finally {
      await session.close();
    }
  }
  return { dependence: undefined, runs };
}

/**
 * @throws UnsupportedModelError naming the node, where `probeBatchInvariance` finds that a row's answer depends on
 * others
 */
export async function checkBatchInvariance(model: ForwardModel, options?: ProbeOptions): Promise<void> {
  const { dependence } = await probeBatchInvariance(model, options);
  if (dependence === undefined) return;
  const { half, node } = dependence;
  const what = half === 'forward' ? 'the answer to a row' : 'the gradient of a row';
  const text = `${what} depends, on this processor, on where it lies among others`;
  const remedy = 'write this part of the model in other operators';
  const problem =
    node === undefined
      ? graphProblem(text, remedy)
      : { ...modelProblem(`node ${node}`, `: ${text}`, remedy), node };
  throw new UnsupportedModelError([problem]);
}
