// What a contained process is asked to do with a graph, and what it answers: structured clones over its channel.
import type { RoundInput, StepProgress, TrainingUnits } from '@consilium/dp-sgd';
import type { CodeInput, ModelProblem } from '@consilium/onnx-grad';

/** Patients' rows, by the digest of what they hold: they are sent to a process that does not hold them yet. */
export interface HeldRows<Rows> {
  readonly sha256: string;
  readonly sent: Rows | undefined;
}

/** Of rows that are scored: more are sent for each score, since a process that scores has little memory. */
const HELD_BYTES = 64 * 2 ** 20;

/** Whether a process that was sent rows to score holds them for the next score. */
export const areHeld = (sent: Float32Array | undefined): boolean =>
  sent === undefined || (sent.length > 0 && sent.byteLength <= HELD_BYTES);

/** A round whose units are named. */
export interface HeldRoundInput extends Omit<RoundInput, 'units'> {
  readonly parameters: Float64Array;
  readonly units: HeldRows<TrainingUnits>;
  /** How many there are of its kind, at least. */
  readonly rounds: number;
}

export type GraphTask =
  | { readonly kind: 'read'; readonly graph: Uint8Array }
  | { readonly kind: 'probe'; readonly graph: Uint8Array; readonly codes: readonly CodeInput[] }
  | { readonly kind: 'write'; readonly graph: Uint8Array; readonly values: Float64Array }
  | {
      readonly kind: 'outputs';
      readonly graph: Uint8Array;
      readonly values: Float64Array;
      readonly rows: HeldRows<Float32Array>;
    }
  | { readonly kind: 'train'; readonly input: HeldRoundInput };

/** The rows that a task is about, if it is about any. */
export function rowsOf(task: GraphTask): HeldRows<unknown> | undefined {
  if (task.kind === 'outputs') return task.rows;
  return task.kind === 'train' ? task.input.units : undefined;
}

/** To the process; `draw` follows on its `prepared`. */
export type Request = { readonly kind: 'task'; readonly task: GraphTask } | { readonly kind: 'draw' };

/** From the process; an answer or a refusal ends the task. */
export type Report =
  | { readonly kind: 'prepared' }
  | { readonly kind: 'progress'; readonly progress: StepProgress }
  | { readonly kind: 'answer'; readonly answer: unknown }
  /** The reason and the problems name nothing that follows from patients' values. */
  | {
      readonly kind: 'refused';
      readonly reason: string;
      /** Of the graph, each by what of it has one; none for other reasons. */
      readonly problems: readonly ModelProblem[];
      /** How many there are, where not all are listed. */
      readonly total: number;
      readonly isTooLarge: boolean;
    };
