// How the runtime's binding for Node treats arrays that it is given for outputs, tried once in each process. Nothing
// of it is documented, so that another version may do otherwise; training must give the same bytes then.
import { GraphWriter, valueInfo } from '../format/graph-writer.ts';

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

/** One run of the probe's graph into the array given; with the sequence among the outputs, or without it. */
export type ProbeRun = (
  inputs: { readonly x: Float32Array },
  outputs: { readonly twice: Float32Array; readonly withSequence: boolean },
) => Promise<void>;

/** twice = x + x behind an empty sequence. */
export function probeGraph(): Uint8Array {
  const writer = new GraphWriter();
  writer.emitAs(COPY_SPARING_OUTPUT, 'SequenceEmpty', []);
  writer.emitAs('twice', 'Add', ['x', 'x']);
  return writer.finish({
    name: 'given-arrays',
    inputs: [valueInfo('x', { elementType: 'float', shape: ['count'] })],
    outputs: [{ name: COPY_SPARING_OUTPUT }, valueInfo('twice', { elementType: 'float', shape: ['count'] })],
  });
}

/** Runs the probe's graph both ways, twice each, since a training runs one session over the same arrays many times. */
export async function probeGivenArrays(run: ProbeRun): Promise<GivenArrays> {
  const [x, twice] = [new Float32Array(3), new Float32Array(3)];
  const isWritten = () => x.every((value, at) => twice[at] === 2 * value);
  const draw = (turn: number) => {
    x.set([turn, -turn, turn / 3]);
    twice.fill(Number.NaN);
  };
  let areWritten = true;
  let endWithSentence = true;
  for (const turn of [1, 2]) {
    draw(turn);
    await run({ x }, { twice, withSequence: false });
    areWritten &&= isWritten();
    draw(-turn);
    const said = await run({ x }, { twice, withSequence: true }).then(
      () => undefined,
      (error: unknown) => error,
    );
    endWithSentence &&= isNotConverted(said) && isWritten();
  }
  return { areWritten, endWithSentence };
}
