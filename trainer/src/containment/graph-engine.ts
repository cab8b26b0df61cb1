// Everything that is done with a study's graph, behind one interface: a graph comes from any member, so that the
// service does all of it in processes that it can end (`containment/`), and the offline commands in their own.

import { type RoundInput, type RoundResult, type StepProgress, trainRound } from '@consilium/dp-sgd';
import {
  type CodeInput,
  checkBatchInvariance,
  type ForwardModel,
  type RawOutputs,
  rawOutputs,
  readForwardModel,
  runAsWritten,
  type SharedWeight,
  type TrainableParameter,
  withParameters,
} from '@consilium/onnx-grad';

/** What a trainer knows of a graph once it has been read. */
export interface GraphFacts {
  /** Values in one row of the input. */
  readonly features: number;
  /** Numbers per row in the logit. */
  readonly outputs: number;
  readonly parameters: readonly TrainableParameter[];
  readonly parameterCount: number;
  /** [parameterCount]: where the file starts. */
  readonly values: Float32Array;
  /** What the graph passes its raw outputs through at its end, if it does. */
  readonly finalActivation: { readonly name: string; readonly opType: string } | undefined;
  /** Weights that several nodes read, and that are trained as one. */
  readonly shared: readonly SharedWeight[];
}

export interface RoundOptions {
  /** Called once the round is prepared and before any patient is drawn; the round waits for it. */
  readonly onDrawing?: () => void | Promise<void>;
  readonly onProgress?: (progress: StepProgress) => void;
  readonly signal?: AbortSignal;
  /** How many rounds the study has: what is prepared is kept for the next of them. 1 by default. */
  readonly rounds?: number;
  /** When the round is of no use any more, as `Date.now()` counts. */
  readonly deadlineMs?: number;
}

export interface GraphEngine {
  /** Reads a graph, and refuses what cannot be learned. */
  read(graph: Uint8Array): Promise<GraphFacts>;
  /**
   * Runs the file on rows of zeros and on each input's last code, and what it is lowered to on the worst that a row can
   * hold: on this processor, before any patient is looked at. Refuses it by the node's name where an answer to one row
   * would depend on others.
   */
  probe(graph: Uint8Array, codes?: readonly CodeInput[]): Promise<void>;
  /** The file with these values, [parameterCount]: the same bytes on every machine. */
  write(graph: Uint8Array, values: Float64Array): Promise<Uint8Array>;
  /** What the loss is taken of, for rows [rows · features] that nobody changes from now on. */
  outputs(
    graph: Uint8Array,
    run: { readonly values: Float64Array; readonly features: Float32Array },
  ): Promise<RawOutputs>;
  /** One round, on units that nobody changes from now on; `runRound` states the privacy guarantee. */
  trainRound(input: RoundInput, options?: RoundOptions): Promise<RoundResult>;
  /** Lets go of all patients' rows that are held for later tasks. */
  letGoOfRows(): Promise<void>;
}

/** What is kept of a graph that was read. */
export function factsOf(model: ForwardModel): GraphFacts {
  const { features, outputs, parameters, parameterCount, values, finalActivation, shared } = model;
  return {
    features,
    outputs,
    parameters,
    parameterCount,
    values,
    finalActivation: finalActivation && { name: finalActivation.name, opType: finalActivation.opType },
    shared,
  };
}

/** In the process that calls it: for commands, whose graph is their own user's, and for tests. */
export const graphEngineInProcess: GraphEngine = {
  async read(graph) {
    return factsOf(readForwardModel(graph));
  },
  async probe(graph, codes) {
    await runAsWritten(graph, codes);
    await checkBatchInvariance(readForwardModel(graph));
  },
  async write(graph, values) {
    return withParameters(graph, values);
  },
  async outputs(graph, { values, features }) {
    return rawOutputs(withParameters(graph, values), features);
  },
  async trainRound(input, { onDrawing, rounds: _, ...options } = {}) {
    await onDrawing?.();
    return trainRound(input, options);
  },
  async letGoOfRows() {
    // Nothing is held.
  },
};
