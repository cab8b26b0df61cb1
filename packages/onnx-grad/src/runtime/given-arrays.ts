// How the runtime's binding for Node treats arrays that it is given for outputs, tried once in each process. Nothing
// of it is documented, so that another version may do otherwise; training must give the same bytes then.
import { GraphWriter, valueInfo } from '../format/graph-writer.ts';
import { ELEMENT_TYPE } from '../format/onnx-schema.ts';

/**
 * A graph whose first output has this name, and is a sequence, is run over given arrays without copies of its outputs.
 *
 * The binding copies every output into a new array after a run, also those that the run has written into arrays that it
 * was given: of a large model megabytes that nobody reads, a tenth of a step. It converts outputs in their order, and
 * ends with an error at one that is no tensor.
 */
export const COPY_SPARING_OUTPUT = 'noCopies';

/** What the binding is known to say at an output that is no tensor. */
const NOT_CONVERTED = 'Non tensor type is temporarily not supported.';

export const isNotConverted = (error: unknown): boolean =>
  error instanceof Error && error.message === NOT_CONVERTED;

export interface GivenArrays {
  /** A run writes its outputs into the arrays given. Where it does not, they are copied from its answer. */
  readonly areWritten: boolean;
  /** The sentence above ends a run whose arrays are written. Where it does not, the sequence is not asked for. */
  readonly endWithSentence: boolean;
}

export interface ProbeOutputs {
  readonly twice: Float32Array;
  readonly wide: Float64Array;
}

export interface ProbeArrays extends ProbeOutputs {
  readonly x: Float32Array;
}

/** Runs of the probe's graph over the arrays given, as they are prepared once; each answers with its outputs. */
export type PrepareProbe = (
  arrays: ProbeArrays,
  options: { readonly withSequence: boolean },
) => () => Promise<ProbeOutputs>;

/** twice = x + x behind an empty sequence, and wide, the same in double. */
export function probeGraph(): Uint8Array {
  const writer = new GraphWriter();
  writer.emitAs(COPY_SPARING_OUTPUT, 'SequenceEmpty', []);
  writer.emitAs('twice', 'Add', ['x', 'x']);
  writer.emitAs('wide', 'Cast', ['twice'], { to: ELEMENT_TYPE.double });
  const floats = { elementType: 'float', shape: ['count'] } as const;
  return writer.finish({
    name: 'given-arrays',
    inputs: [valueInfo('x', floats)],
    outputs: [
      { name: COPY_SPARING_OUTPUT },
      valueInfo('twice', floats),
      valueInfo('wide', { ...floats, elementType: 'double' }),
    ],
  });
}

const COUNT = 3;

/**
 * Runs the probe's graph both ways over arrays of every kind that trainings give: of floats and doubles, in memory of
 * their own and in memory that threads share. It runs twice each, since a training prepares a run once and takes it
 * many times, over new contents.
 *
 * @throws Error where a run does not read what its input holds at that time: no copy of its answer would be right
 */
export async function probeGivenArrays(prepare: PrepareProbe): Promise<GivenArrays> {
  let areWritten = true;
  let endWithSentence = true;
  for (const Memory of [ArrayBuffer, SharedArrayBuffer]) {
    const x = new Float32Array(new Memory(4 * COUNT));
    const outputs = {
      twice: new Float32Array(new Memory(4 * COUNT)),
      wide: new Float64Array(new Memory(8 * COUNT)),
    };
    const isTwice = ({ twice, wide }: ProbeOutputs) =>
      x.every((value, at) => twice[at] === 2 * value && wide[at] === 2 * value);
    const draw = (turn: number) => {
      x.set([turn, -turn, turn / 3]);
      outputs.twice.fill(Number.NaN);
      outputs.wide.fill(Number.NaN);
    };
    const run = prepare({ x, ...outputs }, { withSequence: false });
    const runWithSequence = prepare({ x, ...outputs }, { withSequence: true });
    for (const turn of [1, 2]) {
      draw(turn);
      if (!isTwice(await run())) throw new Error('a run does not read the current contents of its arrays');
      areWritten &&= isTwice(outputs);
      draw(-turn);
      const said = await runWithSequence().then(
        () => undefined,
        (error: unknown) => error,
      );
      endWithSentence &&= isNotConverted(said) && isTwice(outputs);
    }
  }
  return { areWritten, endWithSentence };
}
