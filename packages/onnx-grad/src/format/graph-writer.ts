// Collects the nodes and constants of an ONNX graph that is being generated. Every value gets its own name, and equal
// constants are written once.
import assert from 'node:assert/strict';
import {
  ATTRIBUTE_TYPE,
  type AttributeProto,
  ELEMENT_TYPE,
  encodeModel,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './onnx-schema.ts';
import { doubleTensor, floatTensor, int64Tensor } from './tensor-data.ts';

/** Attributes of a node: an integer, a list of integers, a float, or a string. */
export type Attributes = Readonly<Record<string, number | readonly number[] | { float: number } | string>>;

/** Opset 17 is the oldest that models may use. It came with IR version 8. */
export const OPSET_VERSION = 17;
export const IR_VERSION = 8;

export function toAttributes(attributes: Attributes): AttributeProto[] {
  return Object.entries(attributes).map(([name, value]) => {
    if (typeof value === 'number') return { name, type: ATTRIBUTE_TYPE.int, i: value };
    if (typeof value === 'string') {
      return { name, type: ATTRIBUTE_TYPE.string, s: new TextEncoder().encode(value) };
    }
    if ('float' in value) return { name, type: ATTRIBUTE_TYPE.float, f: value.float };
    return { name, type: ATTRIBUTE_TYPE.ints, ints: [...value] };
  });
}

interface TensorType {
  readonly elementType: keyof typeof ELEMENT_TYPE;
  /** A string names a dimension that varies between runs. */
  readonly shape: readonly (number | string)[];
}

/** The type of a graph's input or output. */
export function valueInfo(name: string, { elementType, shape }: TensorType): ValueInfoProto {
  const dim = shape.map((extent) =>
    typeof extent === 'number' ? { dimValue: extent } : { dimParam: extent },
  );
  return { name, type: { tensorType: { elemType: ELEMENT_TYPE[elementType], shape: { dim } } } };
}

/** The permutation that undoes another. */
export const inverseOf = (perm: readonly number[]): number[] => perm.map((_, axis) => perm.indexOf(axis));

/** A permutation of a value's entries: reshape, permute the axes, reshape. */
export interface Arrangement {
  readonly perm: readonly number[];
  /**
   * The shape of the value, the shape whose axes are permuted, and that of the result; by default all are the value's.
   */
  readonly shapes?: Readonly<Record<'own' | 'permuted' | 'result', readonly number[]>>;
}

/** The source of a value that `arrange` made, and the arrangement. */
export interface Arranged {
  readonly source: string;
  readonly arrangement: Arrangement;
}

/** The arrangement that undoes another. */
export function undoing({ perm, shapes }: Arrangement): Arrangement {
  if (shapes === undefined) return { perm: inverseOf(perm) };
  const permuted = perm.map((axis) => shapes.permuted[axis]!);
  return { perm: inverseOf(perm), shapes: { own: shapes.result, permuted, result: shapes.own } };
}

const keyOf = ({ perm, shapes }: Arrangement): string =>
  [perm, ...(shapes ? [shapes.own, shapes.permuted, shapes.result] : [])].join(' ');

/** A graph's name, inputs and outputs. */
interface GraphInterface {
  readonly name: string;
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
}

/** The source of a value that `pad` made, and the pads of each axis. A negative pad removes entries. */
export interface Padded {
  readonly source: string;
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** ONNX Runtime's own operators on blocked channels. */
const BLOCKED_DOMAIN = 'com.microsoft.nchwc';

function isBlocked({ domain, attribute }: NodeProto): boolean {
  return domain === BLOCKED_DOMAIN || attribute.some(({ g }) => g?.node.some(isBlocked) ?? false);
}

export class GraphWriter {
  readonly #prefix: string;
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #constants = new Map<string, string>();
  readonly #arranged = new Map<string, Arranged>();
  readonly #arrangements = new Map<string, string>();
  readonly #reshaped = new Map<string, string>();
  readonly #padded = new Map<string, Padded>();
  #values = 0;
  #origin = '';

  /** @param prefix of every name: a graph within another needs different names */
  constructor(prefix = '') {
    this.#prefix = prefix;
  }

  /** Names the next nodes after the node of the source graph that they implement, so that errors name it. */
  startNode(origin: string): void {
    this.#origin = origin === '' ? '' : `${origin}/`;
  }

  /** Appends a node with several outputs and returns their names. */
  emitMany(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Attributes = {},
  ): string[] {
    const names = Array.from({ length: outputs }, () => `${this.#prefix}v${this.#values++}`);
    this.#append(opType, inputs, names, attributes);
    return names;
  }

  /** Appends a node with one output and returns its name. */
  emit(opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.emitMany(opType, inputs, 1, attributes)[0]!;
  }

  /** Appends a node whose output has the given name, such as a graph output. */
  emitAs(output: string, opType: string, inputs: readonly string[], attributes: Attributes = {}): void {
    this.#append(opType, inputs, [output], attributes);
  }

  /**
   * Appends a node of ONNX Runtime's own operators on blocked channels (`ops/conv-blocked.ts`); returns its output's
   * name.
   */
  emitBlocked(opType: string, inputs: readonly string[], attributes: Attributes): string {
    const output = this.emit(opType, inputs, attributes);
    this.#nodes.push({ ...this.#nodes.pop()!, domain: BLOCKED_DOMAIN });
    return output;
  }

  int64s(values: readonly number[]): string {
    return this.#constant(`i:${values.join(',')}`, (name) => int64Tensor(name, values));
  }

  float(value: number): string {
    return this.#constant(`f:${value}`, (name) => floatTensor({ name, shape: [] }, [value]));
  }

  /** A float tensor. Each call writes a new one, so keep the name of a tensor that is used twice. */
  floats(shape: readonly number[], values: ArrayLike<number>): string {
    const name = `${this.#prefix}t${this.#initializers.length}`;
    this.#initializers.push(floatTensor({ name, shape }, values));
    return name;
  }

  /** As `floats`, in double. */
  doubles(shape: readonly number[], values: ArrayLike<number>): string {
    const name = `${this.#prefix}t${this.#initializers.length}`;
    this.#initializers.push(doubleTensor({ name, shape }, values));
    return name;
  }

  /** A column of ones, float [count, 1]. */
  ones(count: number): string {
    return this.#constant(`ones:${count}`, (name) =>
      floatTensor({ name, shape: [count, 1] }, new Float32Array(count).fill(1)),
    );
  }

  double(value: number): string {
    return this.#constant(`d:${value}`, (name) => doubleTensor({ name, shape: [] }, [value]));
  }

  /** A column of one number, double [count, 1]: several times as fast as a scalar in arithmetic with columns. */
  doubleColumn(count: number, value: number): string {
    return this.#constant(`column:${count}:${value}`, (name) =>
      doubleTensor({ name, shape: [count, 1] }, new Float64Array(count).fill(value)),
    );
  }

  /** The sum of values of one shape, in nodes of two inputs: one node of many inputs takes longer. */
  sum(values: readonly string[]): string {
    return values.reduce((sum, value) => this.emit('Add', [sum, value]));
  }

  /** The value in another shape. Two reshapes in a row become one. */
  reshape(value: string, shape: readonly number[]): string {
    const source = this.#reshaped.get(value) ?? value;
    const name = this.emit('Reshape', [source, this.int64s(shape)]);
    this.#reshaped.set(name, source);
    return name;
  }

  transpose(value: string, perm: readonly number[]): string {
    return this.arrange(value, { perm });
  }

  /**
   * The value in another arrangement. The inverse of an arrangement returns its source; equal ones are emitted once.
   */
  arrange(value: string, arrangement: Arrangement): string {
    const origin = this.#arranged.get(value);
    if (origin !== undefined && keyOf(undoing(origin.arrangement)) === keyOf(arrangement)) {
      return origin.source;
    }
    const key = `${value} ${keyOf(arrangement)}`;
    let name = this.#arrangements.get(key);
    if (name === undefined) {
      const { perm, shapes } = arrangement;
      const permuted = shapes ? this.reshape(value, shapes.permuted) : value;
      const transposed = this.emit('Transpose', [permuted], { perm });
      name = shapes ? this.reshape(transposed, shapes.result) : transposed;
      this.#arrangements.set(key, name);
      this.#arranged.set(name, { source: value, arrangement });
    }
    return name;
  }

  /** The source of the value, if `arrange` made it. */
  originOf(value: string): Arranged | undefined {
    return this.#arranged.get(value);
  }

  /** The value with zeros before and after each axis; a negative pad removes entries. Two pads in a row become one. */
  pad(value: string, { before, after }: Omit<Padded, 'source'>): string {
    if ([...before, ...after].every((count) => count === 0)) return value;
    const origin = this.#padded.get(value);
    if (origin !== undefined) {
      // Zeros cannot replace entries that were taken away in one Pad.
      const sum = (own: readonly number[], more: readonly number[]) =>
        own.map((count, i) => count + more[i]!);
      const [inner, outer] = [
        [...origin.before, ...origin.after],
        [...before, ...after],
      ];
      if (inner.every((count, i) => count >= 0 || outer[i]! <= 0)) {
        return this.pad(origin.source, {
          before: sum(origin.before, before),
          after: sum(origin.after, after),
        });
      }
    }
    const name = this.emit('Pad', [value, this.int64s([...before, ...after])]);
    this.#padded.set(name, { source: value, before, after });
    return name;
  }

  /** The source of the value, if `pad` made it. */
  unpaddedOf(value: string): Padded | undefined {
    return this.#padded.get(value);
  }

  /**
   * Appends a Scan, which runs the body over the slices of its scanned inputs: the body's first inputs and its outputs
   * are the states, in the same order, which each run hands to the next. The states' last values get the names given.
   */
  emitScan(scan: {
    readonly body: GraphProto;
    readonly states: readonly string[];
    readonly scanned: readonly string[];
    readonly outputs: readonly string[];
  }): void {
    const { body, states, scanned, outputs } = scan;
    this.#append('Scan', [...states, ...scanned], [...outputs], { num_scan_inputs: scanned.length });
    this.#nodes.at(-1)!.attribute.push({ name: 'body', type: ATTRIBUTE_TYPE.graph, g: body });
  }

  /** The graph collected so far, without nodes that no output needs. */
  graph({ name, inputs, outputs }: GraphInterface): GraphProto {
    const { nodes, needed } = this.#needed(outputs.map((output) => output.name));
    return {
      name,
      node: nodes,
      initializer: this.#initializers.filter((tensor) => needed.has(tensor.name)),
      input: [...inputs],
      output: [...outputs],
    };
  }

  /** ONNX bytes of `graph`. */
  finish(graph: GraphInterface): Uint8Array {
    const written = this.graph(graph);
    const blocked = written.node.some(isBlocked) ? [{ domain: BLOCKED_DOMAIN, version: 1 }] : [];
    return encodeModel({
      irVersion: IR_VERSION,
      producerName: 'consilium',
      opsetImport: [{ domain: '', version: OPSET_VERSION }, ...blocked],
      graph: written,
      metadataProps: [],
    });
  }

  /** The nodes that the outputs depend on, and the names of all values that these nodes read. */
  #needed(outputs: readonly string[]): { readonly nodes: NodeProto[]; readonly needed: ReadonlySet<string> } {
    const needed = new Set(outputs);
    const nodes = this.#nodes.toReversed().filter(({ input, output }) => {
      const isNeeded = output.some((name) => needed.has(name));
      if (isNeeded) for (const name of input) needed.add(name);
      return isNeeded;
    });
    return { nodes: nodes.reverse(), needed };
  }

  #append(opType: string, inputs: readonly string[], outputs: string[], attributes: Attributes): void {
    assert(outputs.length > 0);
    this.#nodes.push({
      name: `${this.#origin}${this.#prefix}${opType}_${this.#nodes.length}`,
      opType,
      input: [...inputs],
      output: outputs,
      attribute: toAttributes(attributes),
    });
  }

  #constant(key: string, create: (name: string) => TensorProto): string {
    let name = this.#constants.get(key);
    if (name === undefined) {
      name = `${this.#prefix}c${this.#constants.size}`;
      this.#constants.set(key, name);
      this.#initializers.push(create(name));
    }
    return name;
  }
}
