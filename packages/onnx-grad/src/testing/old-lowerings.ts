// Lowered graphs put back to what they would be without care for the batch: what the probe of batch invariance must
// catch.
import {
  decodeModel,
  ELEMENT_TYPE,
  encodeModel,
  type GraphProto,
  type NodeProto,
} from '../format/onnx-schema.ts';

const node = (
  opType: string,
  input: string[],
  output: string,
  attribute: NodeProto['attribute'] = [],
): NodeProto => ({ name: `old ${output}`, opType, input, output: [output], attribute });

const cast = (from: string, to: number, output: string): NodeProto =>
  node('Cast', [from], output, [{ name: 'to', type: 2, i: to }]);

const makerOf = (graph: GraphProto, value: string): NodeProto | undefined =>
  graph.node.find(({ output }) => output.includes(value));

/** Replaces nodes for which `change` gives others. */
function replaced(graph: GraphProto, change: (node: NodeProto) => NodeProto[] | undefined): void {
  graph.node = graph.node.flatMap((own) => change(own) ?? [own]);
}

const MUTANTS = {
  /** Integers are divided as they are. */
  'Div of integers': (graph: GraphProto) =>
    replaced(graph, (own) => {
      const [first, second] = own.input as [string, string];
      const guard = makerOf(graph, second);
      if (own.opType !== 'Div' || guard?.opType !== 'Where') return undefined;
      const [output] = own.output as [string];
      return [
        cast(first, ELEMENT_TYPE.int64, `${output} a`),
        cast(guard.input[2]!, ELEMENT_TYPE.int64, `${output} b`),
        node('Div', [`${output} a`, `${output} b`], output),
      ];
    }),
  /** Numbers become integers whatever they are, and codes are kept in their table as integers of 64 bits. */
  'Gather by codes of 64 bits': (graph: GraphProto) =>
    replaced(graph, (own) => {
      if (own.opType !== 'Gather') return undefined;
      const [table, indices] = own.input as [string, string];
      const low = { name: 'old low', dims: [], dataType: ELEMENT_TYPE.int64, int64Data: [0] };
      const high = { name: 'old high', dims: [], dataType: ELEMENT_TYPE.int64, int64Data: [6] };
      graph.initializer.push(low, high);
      const [output] = own.output as [string];
      return [
        cast('x', ELEMENT_TYPE.int64, `${indices} raw`),
        node('Clip', [`${indices} raw`, low.name, high.name], `${indices} in range`),
        node('Gather', [table, `${indices} in range`], output),
      ];
    }),
  /** The runtime's own operators, which round the last few values of an array otherwise. */
  'the last bit of Softplus': (graph: GraphProto) => plain(graph, 'Softplus'),
  'the last bit of Elu': (graph: GraphProto) => plain(graph, 'Elu'),
  'the last bit of Log': (graph: GraphProto) => plain(graph, 'Log'),
  /** A column is multiplied with as it is. */
  'Gemm to one value': (graph: GraphProto) =>
    replaced(graph, (own) => {
      const column = own.opType === 'Gemm' ? own.attribute.find(({ name }) => name === 'transB') : undefined;
      const source = column?.i === 1 ? makerOf(graph, own.input[1]!)?.input[0] : undefined;
      if (source === undefined) return undefined;
      return [{ ...own, input: [own.input[0]!, source, ...own.input.slice(2)], attribute: [] }];
    }),
} satisfies Readonly<Record<string, (graph: GraphProto) => void>>;

/** Gives all that was made for a node of the graph, named `make a`, by one operator. */
function plain(graph: GraphProto, opType: string): void {
  const own = graph.node.filter(({ name }) => name.startsWith('make a/'));
  // On the way back nothing is made of the value but its slope.
  const forward = own.slice(
    0,
    own.findIndex(({ opType: op }) => ['Sigmoid', 'Greater', 'Div'].includes(op)) >>> 0,
  );
  const last = forward.findLast(({ output }) =>
    graph.node.some((other) => !forward.includes(other) && other.input.includes(output[0]!)),
  );
  const made = new Set(forward.flatMap(({ output }) => output));
  const input = forward.flatMap((part) => part.input).find((name) => !made.has(name))!;
  replaced(graph, (part) => (part === last ? [node(opType, [input], last!.output[0]!)] : undefined));
}

export type Mutant = keyof typeof MUTANTS;
/** By the case in which each shows. */
export const OLD_LOWERINGS = Object.keys(MUTANTS) as readonly Mutant[];

export function withOldLowering(bytes: Uint8Array, mutant: Mutant): Uint8Array {
  const model = decodeModel(bytes);
  MUTANTS[mutant](model.graph);
  return encodeModel(model);
}
