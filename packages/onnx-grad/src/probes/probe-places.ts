// Tries whether what a graph makes of a row follows from that row alone, bit for bit: on this machine's processor, for
// rows that hold the worst, whatever lies beside them, wherever they lie and however many there are. That is what the
// privacy of training (`dp-sgd/sensitivity.ts`) and of scores rests on, and a graph comes from any member.

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

/** Odd, so that few arrays fill a processor's vectors to the last. */
const STEP_ROWS = 43;

/** For each place, which row lies there; none where it is empty, and one that is no number at all. */
type Placing = readonly (number | 'empty' | 'poison')[];

/** One graph, its inputs for rows in places, and what it puts out for each of them. */
interface Subject {
  readonly half: PlaceDependence['half'];
  readonly bytes: Uint8Array;
  readonly rows: number;
  inputsFor(placing: Placing): Readonly<Record<string, TensorValue>>;
  readonly outputs: readonly string[];
}

/** What of a row does not follow from it alone. */
export interface PlaceDependence {
  readonly half: 'forward' | 'backward';
  /** Name of the first node of the graph that makes another value of the same row; absent where none does by itself.
  /** */
  readonly node?: string;
}

export interface PlaceProbe {
  readonly dependence: PlaceDependence | undefined;
  /** Runs that were compared. */
  readonly runs: number;
}

export interface ProbeOptions {
  /** Of rows, and of all parameters but those of the file, which the first one has. */
  readonly seeds?: readonly number[];
  /** What is done to a lowered graph first, for tests that a wrong one is caught. */
  readonly change?: (bytes: Uint8Array) => Uint8Array;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Each row in its own place, and then in others, beside others, and alone. */
function placingsOf(rows: number): readonly Placing[] {
  const all = range(rows);
  const turned = [1, 2, 3, 5, 8, 13, 21, 34].map((by) => all.map((place) => (place + by) % rows));
  const first = [1, 2, 3, rows >> 1, rows - 1].map((count) =>
    all.map((place) => (place < count ? place : 'empty')),
  );
  const poisoned = [0, 1].map((odd) => all.map((place) => (place % 2 === odd ? place : 'poison')));
  const alone = range(10).flatMap((k) => {
    const row = (k * 7 + 2) % rows;
    return [0, rows - 1 - k].map((at) => all.map((place) => (place === at ? row : 'empty')));
  });
  return [...turned, all.toReversed(), ...first, ...poisoned, ...alone];
}

type Values = Pick<Float32Array, 'length' | 'BYTES_PER_ELEMENT'> & ArrayLike<number | bigint>;

/** Whether two values are the same bits; of NaN there is one. */
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

/** Outputs of which some row differs from what it is in its own place. */
function differing(
  outputs: readonly string[],
  {
    expected,
    actual,
    placing,
  }: {
    readonly expected: Readonly<Record<string, TensorValue>>;
    readonly actual: Readonly<Record<string, TensorValue>>;
    readonly placing: Placing;
  },
): string[] {
  const rows = placing.length;
  return outputs.filter((name) => {
    const [own, other] = [expected[name]!.data, actual[name]!.data] as [Values, Values];
    return placing.some(
      (row, place) => typeof row === 'number' && !areSameRows([own, row], [other, place], rows),
    );
  });
}

/** The node of the forward graph that made the first value, of all of a graph, in which a row differs. */
async function nodeToBlame(subject: Subject, placing: Placing): Promise<string | undefined> {
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
      await session.run(subject.inputsFor(placing)),
    ];
    const ofRows = names.filter((name) => {
      const shape = expected[name]?.shape ?? [];
      return shape.length > 0 && shape[0]! > 0 && shape[0]! % rows === 0;
    });
    const [first] = differing(ofRows, { expected, actual, placing });
    const made = model.graph.node.find((node) => node.output[0] === first);
    return made?.name.split('/').slice(0, -1).join('/') || undefined;
  } finally {
    await session.close();
  }
}

async function compare(subject: Subject, session: OnnxSession): Promise<PlaceProbe> {
  const { rows, outputs, half } = subject;
  const run = (placing: Placing) => session.run(subject.inputsFor(placing), { outputs });
  const expected = await run(range(rows));
  let runs = 1;
  for (const placing of placingsOf(rows)) {
    runs += 1;
    if (differing(outputs, { expected, actual: await run(placing), placing }).length === 0) continue;
    const node = await nodeToBlame(subject, placing);
    return { dependence: { half, ...(node !== undefined && { node }) }, runs };
  }
  return { dependence: undefined, runs };
}

/** Lays rows of `width` values into places. */
function laidOut(values: Float32Array, width: number, placing: Placing, poison: number): Float32Array {
  const laid = new Float32Array(placing.length * width);
  placing.forEach((row, place) => {
    const own = laid.subarray(place * width, (place + 1) * width);
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
    inputsFor: (placing) =>
      scoreInputs(model, {
        x: laidOut(x, model.features, placing, POISONS[seed % 2]!),
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
    inputsFor: (placing) =>
      stepInputs(graph, {
        x: laidOut(x, features, placing, POISONS[seed % 2]!),
        y: laidOut(labels, 1, placing, 0),
        mask: laidOut(new Float32Array(rows).fill(1), 1, placing, 1),
        rowSquares: new Float64Array(rows).fill(1),
        parameters: values,
      }),
  };
}

/**
 * Whether a graph gives a row the same forward and the same gradient, to the bit, wherever it lies, whatever lies
 * beside it, and however many rows there are; at the parameters of its file and at others. All NaN counts as one,
 * since nothing that a graph may do tells one from another.
 *
 * It says nothing of other processors: each hospital tries its own.
 *
 * @throws OnnxRuntimeError where the runtime does not take what the graph is lowered to
 */
export async function probePlaces(
  model: ForwardModel,
  { seeds = [2, 3], change = (bytes: Uint8Array) => bytes }: ProbeOptions = {},
): Promise<PlaceProbe> {
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

/** @throws UnsupportedModelError naming the node, where `probePlaces` finds that a row's answer depends on others */
export async function checkPlaces(model: ForwardModel, options?: ProbeOptions): Promise<void> {
  const { dependence } = await probePlaces(model, options);
  if (dependence === undefined) return;
  const { half, node } = dependence;
  const what = half === 'forward' ? 'the answer to a row' : 'the gradient of a row';
  throw new UnsupportedModelError([
    `${node === undefined ? '' : `node ${node}: `}${what} depends, on this processor, on where it lies among others: ` +
      'write this part of the model in other operators',
  ]);
}
