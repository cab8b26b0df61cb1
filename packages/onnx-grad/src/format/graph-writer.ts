// Collects the nodes and constants of an ONNX graph while it is being generated, giving every value a name of
// its own and writing each distinct constant once.
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

/** Opset 17 is the oldest the models may use; it came with IR version 8. */
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
  /** A string names a dimension that may differ between runs. */
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

/** A value's entries in another order: its axes permuted, for which it may be seen in other shapes. */
export interface Arrangement {
  readonly perm: readonly number[];
  /** The value's own shape, the one whose axes are permuted, and the result's; without them, the value's own. */
  readonly shapes?: Readonly<Record<'own' | 'permuted' | 'result', readonly number[]>>;
}

/** What a value is made of by putting its entries in another order. */
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

/** What a value is made of by zeros before and after each axis; below 0, entries are taken away there. */
export interface Padded {
  readonly source: string;
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** The runtime's own operators on channels in blocks. */
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

  /** @param prefix of every name it gives: a graph within another needs names of its own */
  constructor(prefix = '') {
    this.#prefix = prefix;
  }

  /** Names the nodes to come after the node of another graph that they are made of, for whoever reads an error. */
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

  /** Appends a node whose output carries the name given (a graph output). */
  emitAs(output: string, opType: string, inputs: readonly string[], attributes: Attributes = {}): void {
    this.#append(opType, inputs, [output], attributes);
  }

  /** Appends a node of the runtime's own operators on channels in blocks (`ops/conv-blocked.ts`); its output's name. */
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

  /** A float tensor; each call writes it again, so keep the name of one that is used twice. */
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

  /** A column of one number, double [count, 1]: with columns it goes several times as fast as a number by itself. */
  doubleColumn(count: number, value: number): string {
    return this.#constant(`column:${count}:${value}`, (name) =>
      doubleTensor({ name, shape: [count, 1] }, new Float64Array(count).fill(value)),
    );
  }

  /** The sum of values of one shape; the runtime takes longer for one node of many inputs. */
  sum(values: readonly string[]): string {
    return values.reduce((sum, value) => this.emit('Add', [sum, value]));
  }

  /** The value in another shape; of two in a row, the last. */
  reshape(value: string, shape: readonly number[]): string {
    const source = this.#reshaped.get(value) ?? value;
    const name = this.emit('Reshape', [source, this.int64s(shape)]);
    this.#reshaped.set(name, source);
    return name;
  }

  transpose(value: string, perm: readonly number[]): string {
    return this.arrange(value, { perm });
  }

  /** The value in another order; undoing an arrangement gives its source, and the same one is emitted once. */
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

  /** What `arrange` made the value of, if it did. */
  originOf(value: string): Arranged | undefined {
    return this.#arranged.get(value);
  }

  /** The value with zeros before and after each axis or, below 0, entries taken away; of two pads in a row, one. */
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

  /** What `pad` made the value of, if it did. */
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

  /** The graph collected so far, without what no output needs. */
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

  /** The nodes that the outputs follow from, and the names of all values that those read. */
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
