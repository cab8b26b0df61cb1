// A study's ONNX graph as this trainer works with it: which parameters are shared and which stay here, where
// both start, and the graph with given values put in.
import type { Study } from '@consilium/chaincode/domain';
import { TrainerError } from './errors.ts';
import {
  type ForwardModel,
  joinParameters,
  OnnxFormatError,
  type ParameterPartition,
  partitionParameters,
  pick,
  predictOutputs,
  type RawOutputs,
  readForwardModel,
  UnsupportedModelError,
  withParameters,
} from './onnx/index.ts';

export interface Parameters {
  /** [sharedCount], in the model's order without the local ones. */
  readonly shared: ArrayLike<number>;
  /** [localCount], in the model's order without the shared ones. */
  readonly local: ArrayLike<number>;
}

/** The innermost reason of an error, in one line. */
function reasonOf(error: unknown): string {
  let current = error as Error;
  while (current.cause instanceof Error) current = current.cause;
  return current.message.split('\n')[0]!;
}

export class StudyModel {
  readonly graph: Uint8Array;
  readonly inputs: number;
  /** What the graph passes its raw outputs through at its end, if it does. */
  readonly finalActivation: ForwardModel['finalActivation'];
  readonly initial: { readonly shared: Float64Array; readonly local: Float64Array };
  readonly #partition: ParameterPartition;

  /** @throws TrainerError TRAINER_MODEL_INVALID naming what cannot be learned or does not fit the study */
  constructor(graph: Uint8Array, { inputs, parameters, localParameters }: Omit<Study['model'], 'graph'>) {
    try {
      const model = readForwardModel(graph);
      if (model.features !== inputs || model.parameterCount !== parameters) {
        throw new TrainerError(
          'TRAINER_MODEL_INVALID',
          `the graph has ${model.features} inputs and ${model.parameterCount} parameters, ` +
            `the study says ${inputs} and ${parameters}`,
        );
      }
      this.graph = graph;
      this.inputs = inputs;
      this.finalActivation = model.finalActivation;
      this.#partition = partitionParameters(model, localParameters);
      this.initial = {
        shared: pick(model.values, this.#partition.sharedIndices),
        local: pick(model.values, this.#partition.localIndices),
      };
    } catch (cause) {
      if (cause instanceof UnsupportedModelError || cause instanceof OnnxFormatError) {
        throw new TrainerError('TRAINER_MODEL_INVALID', cause.message, { cause });
      }
      throw cause;
    }
    if (this.initial.shared.length === 0) {
      throw new TrainerError('TRAINER_MODEL_INVALID', 'every parameter is local: there is nothing to share');
    }
  }

  /** All parameters in the model's flat order. */
  join({ shared, local }: Parameters): Float64Array {
    return joinParameters(this.#partition, { shared, local });
  }

  /** The ONNX file with these parameters: the same bytes on every machine. */
  onnx(parameters: Parameters): Uint8Array {
    return withParameters(this.graph, this.join(parameters));
  }

  /**
   * Runs the graph once on rows of zeros, as it will be scored, before anything is trained.
   *
   * @throws TrainerError TRAINER_MODEL_INVALID where ONNX Runtime does not take what the engine could train
   */
  async checkRuns(): Promise<void> {
    try {
      await this.outputs(this.initial, new Float32Array(2 * this.inputs));
    } catch (cause) {
      const detail = `ONNX Runtime does not run the graph: ${reasonOf(cause)}: export it to another operator set`;
      throw new TrainerError('TRAINER_MODEL_INVALID', detail, { cause });
    }
  }

  /** What the loss is taken of. @param features [rows · inputs], row by row */
  async outputs(parameters: Parameters, features: Float32Array): Promise<RawOutputs> {
    return predictOutputs(this.onnx(parameters), features);
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
