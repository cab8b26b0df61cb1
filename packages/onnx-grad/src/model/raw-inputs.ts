// A model from raw values: the graph that takes a table's columns as they are, encodes them, runs the model and answers
// in the label's own terms. For any ONNX runtime, without a line of preprocessing beside it.
import assert from 'node:assert/strict';
import { toAttributes, valueInfo } from '../format/graph-writer.ts';
import {
  ATTRIBUTE_TYPE,
  type AttributeProto,
  ELEMENT_TYPE,
  encodeModel,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../format/onnx-schema.ts';
import { doubleTensor, floatTensor, int64Tensor } from '../format/tensor-data.ts';
import { prunedTo } from '../import/prune-graph.ts';
import { readForeignModel } from '../import/read-foreign-model.ts';
import { withStandardOperators } from '../import/scikit-learn.ts';
import type { ForwardTarget } from './build-forward-model.ts';
import { readForwardModel } from './forward-model.ts';

/** What a text of a column means: a number of a category, or that the value is not known. Any other text is refused. */
export type Codes = ReadonlyMap<string, number | 'missing'>;

/** A column of the table, and the model's values of it: but for a code, the last is 1 where it is missing. */
export type RawColumn = { readonly name: string } & (
  | {
      readonly kind: 'number';
      /** Mapped to -1 and 1, linearly and beyond. */
      readonly low: number;
      readonly high: number;
      /** Numbers outside are refused. */
      readonly bounds: { readonly low: number; readonly high: number };
      /** Numbers that mean "not known", as NaN always does. */
      readonly missing: readonly number[];
    }
  /** 0 and 1 become -1 and 1. */
  | { readonly kind: 'yes-no'; readonly codes: Codes }
  /** Category c of `categories` becomes 1 in place c. */
  | { readonly kind: 'category'; readonly categories: number; readonly codes: Codes }
  /** One value, a code as it is: `missing` is the code of what is not known. */
  | { readonly kind: 'code'; readonly missing: number; readonly codes: Codes }
);

const ML_DOMAIN = 'ai.onnx.ml';
/** The first with a LabelEncoder of texts to numbers and back. */
const ML_VERSION = 2;
/** The first with `Where` and `IsNaN`: what a model has of two earlier sets means the same in it. */
const LEAST_VERSION = 9;
const isStandard = ({ domain }: { readonly domain?: string }) => !domain || domain === 'ai.onnx';
const [MISSING, REFUSED] = [-1, -2];
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Nodes and constants of the graph around a model. */
class RawWriter {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  /** Begins the name of every value but the columns, so that none has the name of one. */
  readonly #prefix: string;
  #count = 0;

  constructor(columns: readonly string[]) {
    let prefix = 'raw/';
    while (columns.some((name) => name.startsWith(prefix))) prefix = `_${prefix}`;
    this.#prefix = prefix;
  }

  #name(): string {
    return `${this.#prefix}${this.#count++}`;
  }

  /** The name of a value of the model. */
  modelName = (name: string): string => (name === '' ? '' : `${this.#prefix}model/${name}`);

  emit(
    opType: string,
    input: readonly string[],
    {
      attribute = [],
      output = this.#name(),
      domain,
    }: Partial<Pick<NodeProto, 'attribute' | 'domain'>> & {
      readonly output?: string;
    } = {},
  ): string {
    const node = { name: output, opType, input: [...input], output: [output], attribute };
    this.nodes.push(domain === undefined ? node : { ...node, domain });
    return output;
  }

  #keep(tensor: TensorProto): string {
    this.initializers.push(tensor);
    return tensor.name;
  }

  double = (value: number) => this.#keep(doubleTensor({ name: this.#name(), shape: [] }, [value]));
  float = (value: number) => this.#keep(floatTensor({ name: this.#name(), shape: [] }, [value]));
  int64 = (value: number) => this.#keep({ ...int64Tensor(this.#name(), [value]), dims: [] });
  int64s = (values: readonly number[]) => this.#keep(int64Tensor(this.#name(), values));

  /** A list as a column, [rows, 1]. */
  column = (value: string) => this.emit('Reshape', [value, this.int64s([-1, 1])]);

  toFloat(value: string): string {
    return this.emit('Cast', [value], { attribute: toAttributes({ to: ELEMENT_TYPE.float }) });
  }

  /** Maps texts to numbers or numbers to texts, and what is not named to `other`. */
  labelEncoder(input: string, attribute: AttributeProto[]): string {
    return this.emit('LabelEncoder', [input], { attribute, domain: ML_DOMAIN });
  }

  /** Whether doubles are a number, or NaN. `Equal` takes doubles from operator set 11 on, and a model may have less. */
  isNumber(value: string, number: number): string {
    const wanted = this.double(number);
    const differs = this.any([this.emit('Less', [value, wanted]), this.emit('Greater', [value, wanted])]);
    return this.emit('Not', [differs]);
  }

  any = (values: readonly string[]) => values.reduce((a, b) => this.emit('Or', [a, b]));
}

const texts = (name: string, values: readonly string[]): AttributeProto => ({
  name,
  type: ATTRIBUTE_TYPE.strings,
  strings: values.map(bytesOf),
});
const integers = (name: string, values: readonly number[]): AttributeProto => ({
  name,
  type: ATTRIBUTE_TYPE.ints,
  ints: [...values],
});

interface Encoded {
  /** Float [rows, values of it], in the model's order. */
  readonly values: readonly string[];
  /** Whether the value is refused, bool [rows]. */
  readonly refused: string;
}

function encodeNumber(writer: RawWriter, column: Extract<RawColumn, { kind: 'number' }>): Encoded {
  const { name, low, high, bounds, missing: codes } = column;
  const missing = writer.any([
    writer.emit('IsNaN', [name]),
    ...codes.map((code) => writer.isNumber(name, code)),
  ]);
  const isOutside = writer.any([
    writer.emit('Less', [name, writer.double(bounds.low)]),
    writer.emit('Greater', [name, writer.double(bounds.high)]),
  ]);
  const refused = writer.emit('And', [isOutside, writer.emit('Not', [missing])]);
  // In the order of operations, and in the precision, of the rows that the model was trained on.
  const twice = writer.emit('Mul', [writer.double(2), writer.emit('Sub', [name, writer.double(low)])]);
  const share = writer.emit('Div', [twice, writer.double(high - low)]);
  const scaled = writer.emit('Sub', [share, writer.double(1)]);
  const value = writer.emit('Where', [missing, writer.double(0), scaled]);
  return { values: [value, missing].map((own) => writer.toFloat(writer.column(own))), refused };
}

function encodeTexts(writer: RawWriter, raw: Exclude<RawColumn, { readonly kind: 'number' }>): Encoded {
  const unknown = raw.kind === 'code' ? raw.missing : MISSING;
  const codes = [...raw.codes].map(([, code]) => (code === 'missing' ? unknown : code));
  const code = writer.labelEncoder(raw.name, [
    texts('keys_strings', [...raw.codes.keys()]),
    integers('values_int64s', codes),
    ...toAttributes({ default_int64: REFUSED }),
  ]);
  const column = writer.column(code);
  const refused = writer.emit('Equal', [code, writer.int64(REFUSED)]);
  if (raw.kind === 'code') return { values: [writer.toFloat(column)], refused };
  const is = (...values: number[]) => writer.toFloat(writer.emit('Equal', [column, writer.int64s(values)]));
  const value =
    raw.kind === 'category' ? is(...Array(raw.categories).keys()) : writer.emit('Sub', [is(1), is(0)]);
  return { values: [value, is(MISSING)], refused };
}

/** The model up to its logit, float [rows, outputs], its values named so that they meet no other. */
function embedModel(onnx: Uint8Array, writer: RawWriter, x: string) {
  const { input, inputShape, logit, outputs } = readForwardModel(onnx);
  const foreign = withStandardOperators(readForeignModel(onnx));
  const model = prunedTo(foreign, [valueInfo(logit, { elementType: 'float', shape: ['rows', outputs] })]);
  const own = writer.modelName;
  writer.emit('Reshape', [x, writer.int64s([-1, ...inputShape])], { output: own(input) });
  for (const node of model.graph.node) {
    assert(
      node.attribute.every(({ g }) => g === undefined || g === null),
      'a model has no graphs in its nodes',
    );
    writer.nodes.push({ ...node, input: node.input.map(own), output: node.output.map(own) });
  }
  for (const tensor of model.graph.initializer) {
    writer.initializers.push({ ...tensor, name: own(tensor.name) });
  }
  const flat = writer.emit('Reshape', [own(logit), writer.int64s([-1, outputs])]);
  return { model, logits: flat, outputs };
}

const list = (name: string, elementType: 'double' | 'float' | 'string'): ValueInfoProto =>
  valueInfo(name, { elementType, shape: ['rows'] });

/** What the model says of the label: NaN, or an empty text, where a value of the row is refused. */
function saidOf(
  writer: RawWriter,
  about: {
    readonly logits: string;
    readonly outputs: number;
    readonly target: ForwardTarget;
    readonly refused: string;
    readonly nameOf: (wanted: string) => string;
  },
): ValueInfoProto[] {
  const { logits, outputs, target, refused, nameOf } = about;
  const asList = (value: string) => writer.emit('Reshape', [value, writer.int64s([-1])]);
  const number = (wanted: string, value: string): ValueInfoProto => {
    const name = nameOf(wanted);
    writer.emit('Where', [refused, writer.float(Number.NaN), value], { output: name });
    return list(name, 'float');
  };
  switch (target.kind) {
    case 'binary': {
      const at = (place: number) =>
        writer.emit('Gather', [logits, writer.int64(place)], { attribute: toAttributes({ axis: 1 }) });
      const logit = outputs === 1 ? asList(logits) : writer.emit('Sub', [at(1), at(0)]);
      return [number('probability', writer.emit('Sigmoid', [logit]))];
    }
    case 'count':
      return [number('count', writer.emit('Exp', [asList(logits)]))];
    case 'numeric': {
      const { low, high } = target;
      const offset = writer.emit('Mul', [asList(logits), writer.float((high - low) / 2)]);
      return [number('value', writer.emit('Add', [offset, writer.float((low + high) / 2)]))];
    }
    case 'categorical': {
      const name = nameOf('probabilities');
      const shares = writer.emit('Softmax', [logits], { attribute: toAttributes({ axis: 1 }) });
      const rows = writer.emit('Reshape', [refused, writer.int64s([-1, 1])]);
      writer.emit('Where', [rows, writer.float(Number.NaN), shares], { output: name });
      // The last of equal ones: the first from behind, since ArgMax chooses the last from operator set 12 on.
      const last = outputs - 1;
      const places = writer.int64s(Array.from({ length: outputs }, (_, place) => last - place));
      const behind = writer.emit('Gather', [logits, places], { attribute: toAttributes({ axis: 1 }) });
      const fromBehind = writer.emit('ArgMax', [behind], {
        attribute: toAttributes({ axis: 1, keepdims: 0 }),
      });
      const best = writer.emit('Sub', [writer.int64(last), fromBehind]);
      const place = writer.emit('Where', [refused, writer.int64(REFUSED), best]);
      const said = nameOf('class');
      const node = writer.labelEncoder(place, [
        integers('keys_int64s', [...target.categories.keys()]),
        texts('values_strings', target.categories),
        ...toAttributes({ default_string: '' }),
      ]);
      writer.emit('Identity', [node], { output: said });
      return [list(said, 'string'), valueInfo(name, { elementType: 'float', shape: ['rows', outputs] })];
    }
  }
}

/**
 * A model's ONNX file with the encoding before it and the label's own terms behind it. Operators are of the standard
 * domains `ai.onnx` and `ai.onnx.ml` (version 2).
 *
 * Inputs: one for each column, by its name, [rows]: `double` for numbers (NaN where missing), `string` for yes/no codes
 * and categories. Outputs: `probability` of yes, `class` and `probabilities` [rows, categories], `value`, or `count`
 * [rows]; `predicted_` is put before the name of one that a column has already.
 *
 * **A refused value** (an unknown text, a number outside its bounds) makes NaN of the row's answer, and an empty text
 * of its class: a graph cannot stop with an error, and must not answer with a number that means nothing.
 *
 * Edge cases: other rows have no influence on a row. Infinities are outside any bounds.
 *
 * @param onnx a model as `withParameters` writes it, whose inputs are the columns' values in order
 */
export function withRawInputs(
  onnx: Uint8Array,
  about: {
    readonly columns: readonly RawColumn[];
    readonly target: ForwardTarget;
    readonly metadata?: Readonly<Record<string, string>>;
  },
): Uint8Array {
  const { columns, target, metadata = {} } = about;
  const writer = new RawWriter(columns.map(({ name }) => name));
  const encoded = columns.map((column) =>
    column.kind === 'number' ? encodeNumber(writer, column) : encodeTexts(writer, column),
  );
  const x = writer.emit(
    'Concat',
    encoded.flatMap(({ values }) => values),
    { attribute: toAttributes({ axis: 1 }) },
  );
  const refused = writer.any(encoded.map((own) => own.refused));
  // The model sees no number that it could stop at, as one that is no place of an embedding.
  const kept = writer.emit('Where', [writer.column(refused), writer.float(0), x]);
  const { model, logits, outputs } = embedModel(onnx, writer, kept);
  const taken = new Set(columns.map(({ name }) => name));
  const nameOf = (wanted: string): string => (taken.has(wanted) ? nameOf(`predicted_${wanted}`) : wanted);
  const output = saidOf(writer, { logits, outputs, target, refused, nameOf });
  return encodeModel({
    irVersion: model.irVersion,
    producerName: 'consilium',
    opsetImport: [
      ...model.opsetImport
        .filter(({ domain }) => domain !== ML_DOMAIN)
        .map((set) => (isStandard(set) ? { ...set, version: Math.max(set.version, LEAST_VERSION) } : set)),
      { domain: ML_DOMAIN, version: ML_VERSION },
    ],
    graph: {
      name: 'raw-values',
      node: writer.nodes,
      initializer: writer.initializers,
      input: columns.map(({ name, kind }) => list(name, kind === 'number' ? 'double' : 'string')),
      output,
      valueInfo: [],
    },
    metadataProps: Object.keys(metadata)
      .sort()
      .map((key) => ({ key, value: metadata[key]! })),
  });
}
