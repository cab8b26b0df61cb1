// What a contained process is asked to do with a graph, and what it answers: structured clones over its channel.
import type { RoundInput, StepProgress } from '@consilium/dp-sgd';

export type GraphTask =
  | { readonly kind: 'read' | 'probe'; readonly graph: Uint8Array }
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
  /** The reason names nothing that follows from patients' values. */
  | { readonly kind: 'refused'; readonly reason: string; readonly isTooLarge: boolean };
