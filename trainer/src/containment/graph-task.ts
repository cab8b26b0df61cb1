// What a contained process is asked to do with a graph, and what it answers: structured clones over its channel.
import type { RoundInput, StepProgress } from '@consilium/dp-sgd';
import type { CodeInput, ModelProblem } from '@consilium/onnx-grad';

export type GraphTask =
  | { readonly kind: 'read'; readonly graph: Uint8Array }
  | { readonly kind: 'probe'; readonly graph: Uint8Array; readonly codes: readonly CodeInput[] }
  | { readonly kind: 'write'; readonly graph: Uint8Array; readonly values: Float64Array }
  | {
      readonly kind: 'outputs';
      readonly graph: Uint8Array;
      readonly values: Float64Array;
      readonly features: Float32Array;
    }
  | { readonly kind: 'train'; readonly input: RoundInput & { readonly parameters: Float64Array } };

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
