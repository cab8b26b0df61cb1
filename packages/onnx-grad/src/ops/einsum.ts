// Einsum of two operands, or of one whose axes it only reorders: read as Transpose, Reshape and MatMul, through which
// it is trained. Letters that both operands and the output have are the axes of a batch; those of both operands alone
// are summed over.
import type { Count } from '../format/constant.ts';
import { ATTRIBUTE_TYPE } from '../format/onnx-schema.ts';
import { type KnownValues, type OpNode, stringAttribute, UnsupportedOp } from './op-rule.ts';

const REMEDY = 'write it as a product of matrices';

interface Equation {
  readonly operands: readonly string[];
  readonly output: string;
}

function equationOf(node: OpNode): Equation {
  const text = stringAttribute(node, 'equation', '').replaceAll(' ', '');
  const [left = '', right] = text.split('->');
  const operands = left.split(',');
  if (text.includes('.')) throw new UnsupportedOp(`${text}: an ellipsis is not supported`, 'name its axes');
  if (operands.length !== node.inputs.length || operands.length > 2) {
    throw new UnsupportedOp(`${text}: of more than two operands it is not supported`, 'take two at a time');
  }
  const all = [...left.replace(',', '')];
  const once = all.filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter)).sort();
  const output = right ?? once.join('');
  const repeats = [...operands, output].some((letters) => new Set(letters).size !== letters.length);
  const isLost = (letter: string) => !output.includes(letter) && once.includes(letter);
  if (repeats || all.some(isLost) || [...output].some((letter) => !all.includes(letter))) {
    throw new UnsupportedOp(`${text}: a diagonal, or a sum over one operand alone, is not supported`, REMEDY);
  }
  return { operands, output };
}

/** Writes nodes one after the other, keeping count of the letters of their values' axes. */
class Parts {
  readonly nodes: OpNode[] = [];
  readonly #node: OpNode;

  constructor(node: OpNode) {
    this.#node = node;
  }

  emit(opType: string, inputs: readonly string[], attributes: OpNode['attributes'] = []): string {
    const { name, output } = this.#node;
    const to = `${output} part ${this.nodes.length}`;
    this.nodes.push({
      ...this.#node,
      name: `${name}[${opType}]`,
      opType,
      inputs,
      output: to,
      outputs: [to],
      attributes,
    });
    return to;
  }

  ordered(value: string, from: string, to: string): string {
    if (from === to) return value;
    const ints = [...to].map((letter) => from.indexOf(letter));
    return this.emit('Transpose', [value], [{ name: 'perm', type: ATTRIBUTE_TYPE.ints, ints }]);
  }

  /** The rows' extent is the one that is not known. */
  shaped(value: string, extents: readonly Count[]): string {
    const ints = extents.map((extent) => (typeof extent === 'number' ? extent : -1));
    const target = this.emit('Constant', [], [{ name: 'value_ints', type: ATTRIBUTE_TYPE.ints, ints }]);
    return this.emit('Reshape', [value, target]);
  }

  /** The nodes, of which the last has the output. */
  ending(value: string): OpNode[] {
    const { output } = this.#node;
    return this.nodes.map((node) => (node.output === value ? { ...node, output, outputs: [output] } : node));
  }
}

/** Extents of letters, their product and which letters they are. */
type Extents = ReadonlyMap<string, Count>;

/** A product of extents, of which one at most is of rows; those are marked as such. */
function productOf(letters: string, extents: Extents): Count {
  const counts = [...letters].map((letter) => extents.get(letter)!);
  const rows = counts.find((count) => typeof count !== 'number');
  const known = counts.reduce<number>((all, count) => (typeof count === 'number' ? all * count : all), 1);
  return rows ?? known;
}

const listOf = (letters: string, extents: Extents): Count[] =>
  [...letters].map((letter) => extents.get(letter)!);

const only = (letters: string, test: (letter: string) => boolean): string =>
  [...letters].filter(test).join('');

/**
 * The nodes that compute the same; the last has the output.
 *
 * @param shapeOf the shape that the graph gives a value
 */
export function partsOfEinsum(
  node: OpNode,
  values: KnownValues,
  shapeOf: (value: string) => readonly Count[],
): OpNode[] {
  const { operands, output } = equationOf(node);
  const extents = new Map<string, Count>();
  operands.forEach((letters, i) => {
    const shape = shapeOf(node.inputs[i]!);
    if (shape.length !== letters.length) {
      throw new UnsupportedOp(`${letters} names ${letters.length} axes of a value that has ${shape.length}`);
    }
    [...letters].forEach((letter, axis) => {
      const extent = extents.get(letter) ?? shape[axis]!;
      if (extent !== shape[axis])
        throw new UnsupportedOp(`axis ${letter} has two extents: ${extent}, ${shape[axis]}`);
      extents.set(letter, extent);
    });
  });
  const parts = new Parts(node);
  const [first, second] = operands as [string, string | undefined];
  if (second === undefined) return parts.ending(parts.ordered(node.inputs[0]!, first, output));
  const isFixed = (value: string) => values.isParameter(value) || values.constantOf(value) !== undefined;
  const [left, right] = node.inputs as [string, string];
  const product = { parts, extents, output };
  if (isFixed(left)) return parts.ending(byWeight(product, [right, second], [left, first]));
  if (isFixed(right)) return parts.ending(byWeight(product, [left, first], [right, second]));
  return parts.ending(ofData(product, [left, first], [right, second]));
}

interface Product {
  readonly parts: Parts;
  readonly extents: Extents;
  readonly output: string;
}
type Operand = readonly [value: string, letters: string];

/** [..., k] by a weight [k, n], or [n, k]. */
function byWeight({ parts, extents, output }: Product, data: Operand, weight: Operand): string {
  const [[value, own], [matrix, fixed]] = [data, weight];
  if ([...fixed].some((letter) => own.includes(letter) && output.includes(letter))) {
    throw new UnsupportedOp(
      `${matrix} has an axis of a batch`,
      `${REMEDY}, with the batch in the data alone`,
    );
  }
  const summed = only(fixed, (letter) => own.includes(letter));
  const made = only(fixed, (letter) => !own.includes(letter));
  const kept = only(own, (letter) => !fixed.includes(letter));
  const isTransposed = fixed !== summed + made && fixed === made + summed;
  const ordered = parts.ordered(value, own, kept + summed);
  const [k, n] = [productOf(summed, extents), productOf(made, extents)];
  const rows = summed.length === 1 ? ordered : parts.shaped(ordered, [...listOf(kept, extents), k]);
  const isMatrix = summed.length === 1 && made.length === 1;
  const inOrder = isTransposed ? matrix : parts.ordered(matrix, fixed, summed + made);
  const by = isMatrix ? inOrder : parts.shaped(inOrder, isTransposed ? [n, k] : [k, n]);
  const transB = { name: 'transB', type: ATTRIBUTE_TYPE.int, i: 1 };
  const result = isTransposed ? parts.emit('Gemm', [rows, by], [transB]) : parts.emit('MatMul', [rows, by]);
  const apart = made.length === 1 ? result : parts.shaped(result, listOf(kept + made, extents));
  return parts.ordered(apart, kept + made, output);
}

/** [batch, m, k] by [batch, k, n], for the same rows of both. */
function ofData({ parts, extents, output }: Product, a: Operand, b: Operand): string {
  const [[left, one], [right, other]] = [a, b];
  const isShared = (letter: string) => one.includes(letter) && other.includes(letter);
  const batch = only(output, isShared);
  const summed = only(one, (letter) => isShared(letter) && !output.includes(letter));
  const [m, n] = [only(one, (letter) => !isShared(letter)), only(other, (letter) => !isShared(letter))];
  const all = listOf(batch, extents);
  const [rows, inner, columns] = [m, summed, n].map((letters) => productOf(letters, extents)) as [
    Count,
    Count,
    Count,
  ];
  const lhs = parts.shaped(parts.ordered(left, one, batch + m + summed), [...all, rows, inner]);
  const rhs = parts.shaped(parts.ordered(right, other, batch + summed + n), [...all, inner, columns]);
  const result = parts.emit('MatMul', [lhs, rhs]);
  return parts.ordered(parts.shaped(result, listOf(batch + m + n, extents)), batch + m + n, output);
}
