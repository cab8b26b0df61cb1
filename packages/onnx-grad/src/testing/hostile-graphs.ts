// Graphs that a member could write to harm whoever reads or runs them, each with what the refusal must say. All of them
// did harm once, or would in a reader less strict.
import { IR_VERSION, OPSET_VERSION, toAttributes, valueInfo } from '../format/graph-writer.ts';
import {
  ATTRIBUTE_TYPE,
  type AttributeProto,
  encodeModel,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../format/onnx-schema.ts';
import { floatTensor, int64Tensor } from '../format/tensor-data.ts';

const node = (
  opType: string,
  input: readonly string[],
  output: string,
  attribute: AttributeProto[] = [],
): NodeProto => ({ name: `make ${output}`, opType, input: [...input], output: [output], attribute });

interface Honest {
  readonly nodes?: readonly NodeProto[];
  readonly initialisers?: readonly TensorProto[];
  readonly outputs?: readonly string[];
  readonly last?: NodeProto;
}

const FEATURES = 4;
const weights = (name: string, shape: readonly number[]) =>
  floatTensor({ name, shape }, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5));

/** logit = x w, and what is added to that. */
function beside(added: Honest, change: (model: ModelProto) => ModelProto = (model) => model): Uint8Array {
  const { nodes = [], initialisers = [], outputs = [], last = node('MatMul', ['x', 'w'], 'logit') } = added;
  return encodeModel(
    change({
      irVersion: IR_VERSION,
      opsetImport: [{ domain: '', version: OPSET_VERSION }],
      graph: {
        name: 'hostile',
        node: [...nodes, last],
        initializer: [weights('w', [FEATURES, 1]), ...initialisers],
        input: [valueInfo('x', { elementType: 'float', shape: ['rows', FEATURES] })],
        output: [
          valueInfo('logit', { elementType: 'float', shape: ['rows', 1] }),
          ...outputs.map((name) => valueInfo(name, { elementType: 'float', shape: ['any'] })),
        ],
      },
      metadataProps: [],
    }),
  );
}

/** The 247 bytes that stopped every trainer: of two initialisers of one name, one is taken for the coefficients. */
const twoOfOneName = (): Uint8Array =>
  beside(
    {
      initialisers: [weights('w', [2]), weights('b', [1]), int64Tensor('shape', [-1, 1])],
      nodes: [node('MatMul', ['x', 'w'], 'product'), node('Add', ['product', 'b'], 'sum')],
      last: node('Reshape', ['sum', 'shape'], 'logit'),
    },
    (model) => ({
      ...model,
      producerName: 'skl2onnx',
      graph: {
        ...model.graph,
        initializer: [weights('w', [FEATURES]), ...model.graph.initializer.slice(1)],
      },
    }),
  );

/** A body that counts, run 2^52 times. */
function loop(): NodeProto {
  const body: GraphProto = {
    name: 'body',
    node: [node('Identity', ['go'], 'goOn'), node('Add', ['sum', 'sum'], 'next')],
    initializer: [],
    input: [
      valueInfo('i', { elementType: 'int64', shape: [] }),
      valueInfo('go', { elementType: 'bool', shape: [] }),
      valueInfo('sum', { elementType: 'float', shape: [] }),
    ],
    output: [
      valueInfo('goOn', { elementType: 'bool', shape: [] }),
      valueInfo('next', { elementType: 'float', shape: [] }),
    ],
  };
  return node('Loop', ['turns', '', 'one'], 'looped', [
    { name: 'body', type: ATTRIBUTE_TYPE.graph, g: body },
  ]);
}

const TURNS: readonly TensorProto[] = [
  { ...int64Tensor('turns', [2 ** 52]), dims: [] },
  floatTensor({ name: 'one', shape: [] }, [1]),
];

const wideConstants = (count: number, numbers: number): Honest => {
  const made = Array.from({ length: count }, (_, i) => `wide${i}`);
  return {
    initialisers: [int64Tensor('size', [numbers])],
    nodes: [
      ...made.map((name) => node('ConstantOfShape', ['size'], name)),
      ...made.map((name) => node('ReduceSum', [name], `${name} in all`)),
    ],
    last: node('Sum', [...made.map((name) => `${name} in all`)], 'logit'),
  };
};

/** One weight, added to what is computed of it as often as this. */
function manyAdds(count: number): Uint8Array {
  const nodes = Array.from({ length: count }, (_, i) =>
    node('Add', [i === 0 ? 'z' : `s${i - 1}`, 'b'], `s${i}`),
  );
  return beside({
    initialisers: [weights('b', [1])],
    nodes: [node('MatMul', ['x', 'w'], 'z'), ...nodes],
    last: node('Identity', [`s${count - 1}`], 'logit'),
  });
}

/** External data in an initialiser that nothing reads. */
function elsewhere(name: string, change: Partial<TensorProto>): Uint8Array {
  const tensor = { ...weights('secret', [2]), rawData: new Uint8Array(), ...change };
  return name === 'unused' ? beside({ initialisers: [tensor] }) : beside({ nodes: [constantNode(tensor)] });
}

const constantNode = (t: TensorProto): NodeProto =>
  node('Constant', [], 'constant', [{ name: 'value', type: ATTRIBUTE_TYPE.tensor, t }]);

const LOCATION = [{ key: 'location', value: 'encryption-key.pem' }];

/** Graphs in graphs in graphs. */
function nested(depth: number): NodeProto {
  const inner = depth === 0 ? [node('Identity', ['x'], 'y')] : [nested(depth - 1)];
  const g: GraphProto = { name: 'deep', node: inner, initializer: [], input: [], output: [] };
  return node('If', ['x'], 'deep', [{ name: 'then_branch', type: ATTRIBUTE_TYPE.graph, g }]);
}

/** A field of protobuf: its number, its wire type, and what follows. */
const field = (id: number, wire: number, rest: readonly number[]): number[] => [id * 8 + wire, ...rest];
const message = (id: number, bytes: readonly number[]): number[] => {
  const length = bytes.length;
  return field(id, 2, length < 128 ? [length, ...bytes] : [(length & 127) | 128, length >> 7, ...bytes]);
};
const joined = (...parts: (Uint8Array | readonly number[])[]) =>
  Buffer.concat(parts.map((p) => Buffer.from(p)));

const honest = () => beside({});

const reshaped = (dims: readonly number[]) =>
  beside({}, (model) => {
    const [first] = model.graph.initializer;
    return { ...model, graph: { ...model.graph, initializer: [{ ...first!, dims: [...dims] }] } };
  });

/** Every pair of 2^16 numbers that are computed of a row. */
const pairsOfEach = (): Uint8Array =>
  beside({
    initialisers: [
      weights('wide', [FEATURES, 2 ** 16]),
      int64Tensor('last', [2]),
      int64Tensor('middle', [1]),
    ],
    nodes: [
      node('MatMul', ['x', 'wide'], 'h'),
      node('Unsqueeze', ['h', 'last'], 'column'),
      node('Unsqueeze', ['h', 'middle'], 'row'),
      node('Mul', ['column', 'row'], 'pairs'),
      node('ReduceMean', ['pairs'], 'mean', toAttributes({ axes: [1, 2], keepdims: 0 })),
    ],
    last: node('Identity', ['mean'], 'logit'),
  });

export const HOSTILE_GRAPHS: Readonly<Record<string, readonly [graph: () => Uint8Array, said: RegExp]>> = {
  'two initialisers of one name, as of scikit-learn': [
    twoOfOneName,
    /it has two initialisers named w: give each a name of its own/,
  ],
  'a loop beside the logit': [
    () => beside({ nodes: [loop()], initialisers: TURNS, outputs: ['looped'] }),
    /node make looped \(Loop\): control flow is not supported/,
  ],
  'a loop that nothing reads': [
    () => beside({ nodes: [loop()], initialisers: TURNS }),
    /node make looped \(Loop\): control flow is not supported/,
  ],
  'a hundred constants of 2^24 numbers': [
    () => beside(wideConstants(100, 2 ** 24)),
    /node make wide0 \(ConstantOfShape\): it makes a constant of \[16777216\] values, and 4194304 is the most/,
  ],
  'many constants that are allowed each': [
    () => beside(wideConstants(3, 2 ** 22)),
    /its constants, .* have 8388609 numbers up to wide1, and 8388608 is the most/,
  ],
  'a constant of 2 GB': [
    () => beside(wideConstants(1, 2 ** 29)),
    /it makes a constant of \[536870912\] values, and 4194304 is the most/,
  ],
  '32,000 sums with one weight': [() => manyAdds(32_000), /it has 32002 nodes, and 8192 is the most/],
  'external data that nothing reads': [
    () => elsewhere('unused', { dataLocation: 1, externalData: LOCATION }),
    /initialiser secret keeps its data in another file: embed it/,
  ],
  'external data without saying so': [
    () => elsewhere('unused', { externalData: LOCATION }),
    /initialiser secret keeps its data in another file: embed it/,
  ],
  'external data of a constant': [
    () => elsewhere('constant', { dataLocation: 1, externalData: LOCATION }),
    /initialiser secret keeps its data in another file: embed it/,
  ],
  'external data of a constant in a loop': [
    () => {
      const outer = loop();
      const [attribute] = outer.attribute;
      const tensor = { ...weights('secret', [2]), rawData: new Uint8Array(), dataLocation: 1 };
      const g = { ...attribute!.g!, initializer: [tensor] };
      return beside({ nodes: [{ ...outer, attribute: [{ ...attribute!, g }] }], initialisers: TURNS });
    },
    /initialiser secret keeps its data in another file: embed it/,
  ],
  'data at an unknown location': [
    () => elsewhere('unused', { dataLocation: 7 }),
    /initialiser secret keeps its data in another file: embed it/,
  ],
  'graphs in graphs without end': [
    () => beside({ nodes: [nested(30)] }),
    /graphs are nested in it 5 deep, and 4 is the most/,
  ],
  'a second graph': [
    () => joined(honest(), message(7, [])),
    /these bytes are not an ONNX model: field 7 of Model is given twice/,
  ],
  'groups of protobuf': [
    () => joined(honest(), ...Array.from({ length: 50_000 }, () => field(9, 3, []))),
    /these bytes are not an ONNX model: wire type 3/,
  ],
  'a length beyond its end': [
    () => joined(honest(), field(3, 2, [0xff, 0xff, 0xff, 0xff, 0x7f])),
    /these bytes are not an ONNX model: it ends within a value/,
  ],
  'an initialiser of a negative extent': [
    () => reshaped([-4, -1]),
    /initialiser w has the shape \[-4, -1\]: export it again/,
  ],
  'an initialiser of many axes': [
    () => reshaped([FEATURES, ...new Array<number>(40).fill(1)]),
    /initialiser w has 41 axes, and 8 is the most/,
  ],
  'an initialiser that claims more than it has': [
    () => reshaped([2 ** 30, 1]),
    /initialiser w has 4 values for 1073741824 elements/,
  ],
  'a name of a mebibyte': [
    () => beside({ nodes: [node('Relu', ['x'], 'n'.repeat(2 ** 20))] }),
    /a name in it has 1048576 bytes, and 512 is the most/,
  ],
  'a name that a log would end a line at': [
    () => beside({ nodes: [node('Relu', ['x'], 'a\nb')] }),
    /a name holds control characters/,
  ],
  'a name that a terminal would obey': [
    () => beside({ nodes: [node('Relu', ['x'], 'a\u009b31m')] }),
    /a name holds control characters/,
  ],
  'a name that reads from right to left': [
    () => beside({ nodes: [node('Relu', ['x'], 'a\u202eb')] }),
    /a name holds control characters/,
  ],
  'an output of 4,097 numbers a row': [
    () =>
      beside({
        initialisers: [weights('wide', [FEATURES, 2 ** 12 + 1])],
        last: node('MatMul', ['x', 'wide'], 'logit'),
      }),
    /output logit has 4097 numbers in a row, and 4096 is the most: give it one for each class/,
  ],
  'pairs of 2^16 numbers of each row': [
    pairsOfEach,
    /it computes \d+ numbers of each row, and 67108864 is the most/,
  ],
  'constants that are read again and again': [
    () => {
      const reads = Array.from({ length: 40 }, (_, i) =>
        node('Add', [i === 0 ? 'spread' : `read${i - 1}`, 'wide'], `read${i}`),
      );
      return beside({
        initialisers: [int64Tensor('size', [1, 2 ** 20])],
        nodes: [
          node('ConstantOfShape', ['size'], 'wide'),
          node('MatMul', ['x', 'w'], 'spread'),
          ...reads,
          node('ReduceMean', ['read39'], 'mean', toAttributes({ axes: [1] })),
        ],
        last: node('Identity', ['mean'], 'logit'),
      });
    },
    /nodes read \d+ numbers of constants, each time that one does, and 16777216 is the most/,
  ],
  'a constant joined to itself a thousand times': [
    () =>
      beside({
        initialisers: [int64Tensor('size', [2 ** 20])],
        nodes: [
          node('ConstantOfShape', ['size'], 'wide'),
          node('Concat', new Array<string>(1000).fill('wide'), 'joined', toAttributes({ axis: 0 })),
          node('ReduceSum', ['joined'], 'sum'),
        ],
        last: node('Add', ['sum', 'x'], 'logit'),
      }),
    /node make joined \(Concat\): it makes a constant of \[1048576000\] values/,
  ],
  'one number gathered very often': [
    () =>
      beside({
        initialisers: [int64Tensor('size', [2 ** 12, 2 ** 10])],
        nodes: [
          node('ConstantOfShape', ['size'], 'indices', [
            { name: 'value', type: ATTRIBUTE_TYPE.tensor, t: int64Tensor('value', [0]) },
          ]),
          node('Gather', ['indices', 'indices'], 'gathered'),
          node('ReduceSum', ['gathered'], 'sum'),
        ],
        last: node('Add', ['sum', 'x'], 'logit'),
      }),
    /node make gathered \(Gather\): it makes a constant of \[4096, 1024, 1024\] values/,
  ],
  ...Object.fromEntries(
    ['constructor', 'toString', '__proto__', 'hasOwnProperty'].map((opType) => [
      `an operator named ${opType}`,
      [
        () => beside({ nodes: [node(opType, ['w'], 'made')], last: node('Add', ['x', 'made'], 'logit') }),
        new RegExp(`node make made \\(${opType}\\): the operator is not supported`),
      ] as const,
    ]),
  ),
};

/** A graph whose side output would take 2 GB of whoever runs it: it may be learned, and is run without. */
export const WITH_COSTLY_SIDE_OUTPUT = (): Uint8Array =>
  beside({
    initialisers: [int64Tensor('size', [2 ** 29])],
    nodes: [node('ConstantOfShape', ['size'], 'huge')],
    outputs: ['huge'],
  });
