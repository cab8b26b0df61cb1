// Mutations of graphs for fuzzing: of fields by what they mean, and of bytes. The same seed makes the same graph.

import {
  ATTRIBUTE_TYPE,
  type AttributeProto,
  decodeModel,
  encodeModel,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../format/onnx-schema.ts';
import { int64Tensor } from '../format/tensor-data.ts';
import { testNumbers } from './tiny-models.ts';

export class Dice {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = testNumbers(seed);
  }

  /** An integer from 0, below the limit. */
  below(limit: number): number {
    return Math.min(limit - 1, Math.floor(((this.#next() + 1) / 2) * limit));
  }

  /** One of some; undefined where there are none. */
  of<T>(list: readonly T[]): T | undefined {
    return list[this.below(list.length)];
  }
}

const INTEGERS = [
  0,
  1,
  -1,
  2,
  -2,
  3,
  7,
  63,
  64,
  255,
  256,
  -256,
  65_535,
  65_536,
  2 ** 20,
  2 ** 24,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 31,
  2 ** 32,
  2 ** 40,
  2 ** 53 - 1,
  -(2 ** 53) + 1,
];
const FLOATS = [0, -0, 1, -1, 0.5, 1e-45, 1e-30, 3e38, -3e38, Infinity, -Infinity, NaN];
const STRINGS = [
  '',
  'VALID',
  'SAME_UPPER',
  'SAME_LOWER',
  'NOTSET',
  'tanh',
  'none',
  'ij,jk->ik',
  '...',
  '__proto__',
];
const OPERATORS = [
  'Gemm MatMul Conv Einsum Gather Add Sub Mul Div Pow Exp Log Sqrt Neg Reciprocal Abs Erf Greater Less Equal Not Where',
  'Relu LeakyRelu Elu Tanh Sigmoid Softplus Gelu Softmax LogSoftmax Clip HardSigmoid HardSwish PRelu MaxPool AveragePool',
  'Mish Round Floor Ceil',
  'GlobalAveragePool GlobalMaxPool ReduceMean ReduceSum ReduceMax ReduceMin Flatten Reshape Transpose Concat Split Slice',
  'Squeeze Unsqueeze Pad Cast Shape ConstantOfShape Expand Range Trilu Mod Min Max And Or LayerNormalization Identity',
  'GroupNormalization InstanceNormalization Dropout Constant CastLike BatchNormalization LSTM Loop If Scan TopK NonZero',
  'Tile CumSum Resize RandomNormal Multinomial LinearClassifier LinearRegressor Scaler Normalizer ZipMap constructor',
].flatMap((line) => line.split(' '));
const PRODUCERS = ['pytorch', 'skl2onnx', 'tf2onnx', 'consilium', '', 'keras'];
const DOMAINS = ['', 'ai.onnx', 'ai.onnx.ml', 'com.microsoft', 'com.microsoft.nchwc', 'nobody'];
const FROZEN = ['[]', '["*"]', '["w*"]', '{', '[1]', `[${'"a",'.repeat(300)}"a"]`];

type Mutation = (model: ModelProto, dice: Dice) => void;

const attributeOf = ({ graph }: ModelProto, dice: Dice): AttributeProto | undefined =>
  dice.of(graph.node.flatMap(({ attribute }) => attribute));

const valuesOf = ({ node, initializer, input }: GraphProto): string[] => [
  ...node.flatMap(({ output }) => output),
  ...initializer.map(({ name }) => name),
  ...input.map(({ name }) => name),
  '',
  'nothing',
];

function changeIntegers({ graph }: ModelProto, dice: Dice): void {
  const tensors = [
    ...graph.initializer,
    ...graph.node.flatMap(({ attribute }) => attribute.flatMap(({ t }) => t ?? [])),
  ];
  const tensor = dice.of(tensors.filter(({ dataType }) => dataType === 7));
  if (tensor === undefined) return;
  const count = tensor.dims.reduce((a, b) => a * b, 1);
  const numbers = Array.from({ length: Math.min(count, 16) }, () => dice.of(INTEGERS)!);
  const { rawData } = int64Tensor('', numbers);
  if (tensor.rawData === undefined || dice.below(4) === 0) tensor.rawData = rawData!;
  else if (tensor.rawData.length >= 8) {
    const index = dice.below(Math.floor(tensor.rawData.length / 8));
    tensor.rawData = Uint8Array.from(tensor.rawData);
    tensor.rawData.set(rawData!.subarray(0, 8), index * 8);
  }
}

function changeTensor({ graph }: ModelProto, dice: Dice): void {
  const tensor = dice.of(graph.initializer);
  if (tensor === undefined) return;
  const index = dice.below(tensor.dims.length + 1);
  const changes: readonly (() => void)[] = [
    () => {
      tensor.dims = tensor.dims.toSpliced(index, 1, dice.of(INTEGERS)!);
    },
    () => {
      tensor.dims = tensor.dims.toSpliced(index, 0, 1);
    },
    () => {
      tensor.dims = tensor.dims.toReversed();
    },
    () => {
      tensor.dataType = dice.below(17);
    },
    () => {
      tensor.rawData =
        tensor.rawData?.subarray(0, dice.below(tensor.rawData.length + 1)) ?? new Uint8Array(4);
    },
    () => {
      tensor.dataLocation = dice.below(3);
    },
    () => {
      tensor.externalData = [{ key: 'location', value: '/etc/hostname' }];
    },
    () => {
      tensor.floatData = [dice.of(FLOATS)!];
    },
  ];
  dice.of(changes)!();
}

const changeAttribute: Mutation = (model, dice) => {
  const attribute = attributeOf(model, dice);
  if (attribute === undefined) return;
  const changes: readonly (() => void)[] = [
    () => {
      attribute.i = dice.of(INTEGERS)!;
    },
    () => {
      const ints = attribute.ints ?? [];
      attribute.ints = ints.toSpliced(dice.below(ints.length + 1), dice.below(2), dice.of(INTEGERS)!);
    },
    () => {
      attribute.f = dice.of(FLOATS)!;
    },
    () => {
      attribute.s = new TextEncoder().encode(dice.of(STRINGS)!);
    },
    () => {
      attribute.type = dice.below(15);
    },
    () => {
      attribute.name = dice.of([
        'axis',
        'axes',
        'perm',
        'to',
        'value',
        'group',
        'strides',
        'pads',
        'equation',
      ])!;
    },
    () => {
      attribute.floats = [dice.of(FLOATS)!, dice.of(FLOATS)!];
    },
  ];
  dice.of(changes)!();
};

const nasty = (opType: string, input: readonly string[], more: AttributeProto[] = []): NodeProto => ({
  name: `nasty ${opType}`,
  opType,
  input: [...input],
  output: [`nasty ${opType} out`],
  attribute: more,
});

/** A node of the kinds that take all there is, before the others; something reads it, as often as not. */
const addNasty: Mutation = ({ graph }, dice) => {
  const size = dice.of(INTEGERS)!;
  graph.initializer.push(int64Tensor('nasty size', [size]), int64Tensor('nasty axis', [0]));
  const body: GraphProto = { name: 'body', node: [], initializer: [], input: [], output: [] };
  const g: AttributeProto = { name: 'body', type: ATTRIBUTE_TYPE.graph, g: body };
  const kinds: readonly NodeProto[] = [
    nasty('ConstantOfShape', ['nasty size']),
    nasty('Range', ['nasty axis', 'nasty size', 'nasty axis']),
    nasty('Expand', [graph.input[0]?.name ?? '', 'nasty size']),
    nasty('Tile', [graph.input[0]?.name ?? '', 'nasty size']),
    nasty('Loop', ['nasty size'], [g]),
    nasty('Reshape', [graph.input[0]?.name ?? '', 'nasty size']),
    nasty(
      'Concat',
      Array.from({ length: 1 + dice.below(2000) }, () => 'nasty size'),
      [],
    ),
  ];
  const node = dice.of(kinds)!;
  graph.node.unshift(node);
  const reader = dice.of(graph.node);
  if (dice.below(2) === 0 && reader !== undefined && reader !== node) reader.input[0] = node.output[0]!;
};

function changeShape({ graph }: ModelProto, dice: Dice): void {
  const dims = dice.of(graph.input)?.type?.tensorType?.shape?.dim;
  const dim = dims && dice.of(dims);
  if (dims === undefined || dim === undefined) return;
  if (dice.below(3) === 0)
    dims.splice(dice.below(dims.length), dice.below(2), { dimValue: dice.of(INTEGERS)! });
  else dim.dimValue = dice.of(INTEGERS)!;
}

const MUTATIONS: readonly Mutation[] = [
  changeAttribute,
  changeAttribute,
  changeIntegers,
  changeIntegers,
  changeTensor,
  changeTensor,
  changeShape,
  addNasty,
  ({ graph }, dice) => {
    const node = dice.of(graph.node);
    if (node) node.opType = dice.of(OPERATORS)!;
  },
  ({ graph }, dice) => {
    const node = dice.of(graph.node);
    if (node) node.domain = dice.of(DOMAINS)!;
  },
  ({ graph }, dice) => {
    const node = dice.of(graph.node);
    if (node) node.input[dice.below(node.input.length + 1)] = dice.of(valuesOf(graph))!;
  },
  ({ graph }, dice) => {
    const node = dice.of(graph.node);
    if (node) node.output[dice.below(node.output.length + 1)] = dice.of(valuesOf(graph))!;
  },
  ({ graph }, dice) => {
    dice.of(graph.node)?.input.pop();
  },
  ({ graph }, dice) => {
    graph.node.splice(dice.below(graph.node.length), 1);
  },
  ({ graph }, dice) => {
    const node = dice.of(graph.node);
    if (node) graph.node.splice(dice.below(graph.node.length + 1), 0, node);
  },
  ({ graph }, dice) => {
    const [node] = graph.node.splice(dice.below(graph.node.length), 1);
    if (node) graph.node.splice(dice.below(graph.node.length + 1), 0, node);
  },
  ({ graph }, dice) => {
    graph.initializer.splice(dice.below(graph.initializer.length), 1);
  },
  ({ graph }, dice) => {
    const tensor = dice.of(graph.initializer);
    if (tensor) graph.initializer.push({ ...tensor });
  },
  ({ graph }, dice) => {
    const [one, other] = [dice.of(graph.initializer), dice.of(graph.initializer)];
    if (one && other) [one.name, other.name] = [other.name, one.name];
  },
  ({ graph }, dice) => {
    const output = dice.of(graph.output);
    if (output) output.name = dice.of(valuesOf(graph))!;
  },
  ({ graph }, dice) => {
    const output = dice.of(graph.output);
    if (output) graph.output.push({ ...output, name: dice.of(valuesOf(graph))! });
  },
  (model, dice) => {
    model.producerName = dice.of(PRODUCERS)!;
  },
  (model, dice) => {
    const set = dice.of(model.opsetImport);
    if (set) set.version = dice.of([...INTEGERS, 9, 11, 12, 13, 17, 18, 20, 21, 22])!;
  },
  (model, dice) => {
    model.metadataProps.push({ key: 'consilium.frozen', value: dice.of(FROZEN)! });
  },
];

function mutateFields(bytes: Uint8Array, dice: Dice): Uint8Array {
  let model: ModelProto;
  try {
    model = structuredClone(decodeModel(bytes));
  } catch {
    return mutateBytes(bytes, dice);
  }
  const count = 1 + dice.below(3);
  for (let i = 0; i < count; i++) dice.of(MUTATIONS)!(model, dice);
  for (const tensor of tensorsOf(model)) tensor.dims = tensor.dims.map(Math.trunc);
  return encodeModel(model);
}

const tensorsOf = ({ graph }: ModelProto): readonly TensorProto[] => graph.initializer;

function mutateBytes(bytes: Uint8Array, dice: Dice, other: Uint8Array = bytes): Uint8Array {
  const changed = Uint8Array.from(bytes);
  const at = dice.below(changed.length + 1);
  const length = dice.below(64);
  switch (dice.below(6)) {
    case 0:
      return changed.subarray(0, at);
    case 1:
      return Buffer.concat([changed.subarray(0, at), changed.subarray(at + length)]);
    case 2:
      return Buffer.concat([
        changed.subarray(0, at),
        changed.subarray(at, at + length),
        changed.subarray(at),
      ]);
    case 3:
      changed.fill(0xff, at, at + 1 + dice.below(8));
      return changed;
    case 4:
      return Buffer.concat([changed.subarray(0, at), other.subarray(dice.below(other.length + 1))]);
    default:
      for (let i = 0; i <= dice.below(8); i++) changed[dice.below(changed.length)]! ^= 1 << dice.below(8);
      return changed;
  }
}

/** The graph number `index` of a seed. */
export function mutatedGraph(
  seeds: readonly Uint8Array[],
  { seed, index }: { readonly seed: number; readonly index: number },
): Uint8Array {
  const dice = new Dice(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const graph = dice.of(seeds)!;
  // Bytes alone are nearly always refused before anything is made of them.
  switch (dice.below(10)) {
    case 0:
      return mutateBytes(graph, dice, dice.of(seeds)!);
    case 1:
      return mutateBytes(mutateFields(graph, dice), dice);
    default:
      return mutateFields(graph, dice);
  }
}
