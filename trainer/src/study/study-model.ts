// A study's ONNX graph as this trainer works with it: which parameters are shared and which stay here, where
// both start, and the graph with given values put in.
import type { Study } from '@consilium/domain';
import {
  type CodeInput,
  joinParameters,
  OnnxRuntimeError,
  type ParameterPartition,
  partitionParameters,
  pick,
  type RawOutputs,
} from '@consilium/onnx-grad';
import { type GraphEngine, type GraphFacts, graphEngineInProcess } from '../containment/graph-engine.ts';
import { TrainerError } from '../errors.ts';
import { modelRefusal } from './model-refusal.ts';

export interface Parameters {
  /** [sharedCount], in the model's order without the local ones. */
  readonly shared: ArrayLike<number>;
  /** [localCount], in the model's order without the shared ones. */
  readonly local: ArrayLike<number>;
}

type StudyWords = Omit<Study['model'], 'graph'>;

/** The innermost reason of an error, in one line. */
function reasonOf(error: unknown): string {
  let current = error as Error;
  while (current.cause instanceof Error) current = current.cause;
  return current.message.split('\n')[0]!;
}

/** What an engine in this process says of a graph, in the trainer's words; one in another says it so itself. */
async function asRefusal<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const refusal = modelRefusal(cause);
    if (refusal !== undefined) throw refusal;
    if (!(cause instanceof OnnxRuntimeError)) throw cause;
    const detail = `ONNX Runtime does not run the graph: ${reasonOf(cause)}: export it to another operator set`;
    throw new TrainerError('TRAINER_MODEL_INVALID', detail, { cause });
  }
}

export class StudyModel {
  readonly graph: Uint8Array;
  readonly inputs: number;
  /** What the graph passes its raw outputs through at its end, if it does. */
  readonly finalActivation: GraphFacts['finalActivation'];
  /** Numbers per row that the loss is taken of. */
  readonly outputsPerRow: number;
  /** Weights that several nodes use, and that are trained as one. */
  readonly sharedWeights: GraphFacts['shared'];
  readonly initial: { readonly shared: Float64Array; readonly local: Float64Array };
  readonly #partition: ParameterPartition;
  readonly #engine: GraphEngine;

  /** @throws TrainerError TRAINER_MODEL_INVALID naming what cannot be learned or does not fit the study */
  static async read(
    graph: Uint8Array,
    model: StudyWords,
    engine = graphEngineInProcess,
  ): Promise<StudyModel> {
    return new StudyModel(graph, model, { facts: await asRefusal(() => engine.read(graph)), engine });
  }

  private constructor(
    graph: Uint8Array,
    { inputs, parameters, localParameters }: StudyWords,
    { facts, engine }: { readonly facts: GraphFacts; readonly engine: GraphEngine },
  ) {
    if (facts.features !== inputs || facts.parameterCount !== parameters) {
      throw new TrainerError(
        'TRAINER_MODEL_INVALID',
        `the graph has ${facts.features} inputs and ${facts.parameterCount} parameters, ` +
          `the study says ${inputs} and ${parameters}`,
      );
    }
    this.graph = graph;
    this.inputs = inputs;
    this.finalActivation = facts.finalActivation;
    this.outputsPerRow = facts.outputs;
    this.sharedWeights = facts.shared;
    this.#engine = engine;
    this.#partition = partitionParameters(facts, localParameters);
    this.initial = {
      shared: pick(facts.values, this.#partition.sharedIndices),
      local: pick(facts.values, this.#partition.localIndices),
    };
    if (this.initial.shared.length === 0) {
      throw new TrainerError('TRAINER_MODEL_INVALID', 'every parameter is local: there is nothing to share');
    }
  }

  /** All parameters in the model's flat order. */
  join({ shared, local }: Parameters): Float64Array {
    return joinParameters(this.#partition, { shared, local });
  }

  /** The ONNX file with these parameters: the same bytes on every machine. */
  onnx(parameters: Parameters): Promise<Uint8Array> {
    return this.#engine.write(this.graph, this.join(parameters));
  }

  /**
   * Tries the graph on this hospital's own processor (`GraphEngine.probe`), before any patient is looked at.
   *
   * @param codes the inputs that hold codes, where they are known
   * @throws TrainerError TRAINER_MODEL_INVALID where ONNX Runtime does not take what the engine could train, or where
   * an answer to one row would depend on others
   */
  checkRuns(codes?: readonly CodeInput[]): Promise<void> {
    return asRefusal(() => this.#engine.probe(this.graph, codes));
  }

  /** What the loss is taken of. @param features [rows · inputs], row by row */
  outputs(parameters: Parameters, features: Float32Array): Promise<RawOutputs> {
    return this.#engine.outputs(this.graph, { values: this.join(parameters), features });
  }
}

/** Local parameters as they are journalled: float64, little-endian. */
export function encodeLocal(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(values.length * 8);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i += 1) view.setFloat64(i * 8, values[i]!, true);
  return bytes;
}

export function decodeLocal(bytes: Uint8Array): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(i * 8, true));
}
