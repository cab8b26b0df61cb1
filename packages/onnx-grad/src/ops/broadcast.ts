// What Add, Sub, Mul, Div, comparisons and Where share: NumPy broadcasting between data and data, parameters or
// constants. A row's gradient of a parameter is the output's, times the local slope, summed over the axes along which
// it was broadcast.

import { elementCount } from '../format/tensor-data.ts';
import type { ParameterGradient } from '../lowering/unit-norms.ts';
import { areDiscrete, emitIntegerOperator } from './integers.ts';
import {
  attributesOf,
  type BackwardStep,
  dataShape,
  type ForwardStep,
  type Gradients,
  type KnownValues,
  type OpNode,
  type OpRule,
  type Shape,
  UnsupportedOp,
} from './op-rule.ts';
import { emitRowSum } from './row-sums.ts';

/** Shape of the result of operands, at least one of which is data. */
export function broadcastShape(node: OpNode, values: KnownValues): Shape {
  const isData = (value: string) => !values.isParameter(value) && values.constantOf(value) === undefined;
  const data = node.inputs.filter(isData);
  if (data.length === 0) throw new UnsupportedOp('one of its inputs must be data');
  const shapes = data.map((value) => dataShape(value, values));
  const rank = shapes[0]!.length;
  if (shapes.some((shape) => shape.length !== rank)) {
    throw new UnsupportedOp('two data inputs must have equally many axes');
  }
  const all = [...shapes];
  for (const value of node.inputs.filter((input) => !isData(input))) {
    const shape = values.shapeOf(value);
    const padded = [...new Array<number>(Math.max(0, rank - shape.length)).fill(1), ...shape];
    if (padded.length > rank || padded[0] !== 1) {
      const width = shapes[0]!.slice(1).join(' x ') || '1';
      throw new UnsupportedOp(`${value} must have 1 or ${width} values, the same for every row`);
    }
    all.push(padded);
  }
  return Array.from({ length: rank }, (_, axis) => {
    if (axis === 0) return 'rows';
    const extents = new Set(all.map((shape) => shape[axis]!).filter((extent) => extent !== 1));
    if (extents.size > 1) {
      const given = node.inputs.map((value) => `[${values.shapeOf(value).join(', ')}]`).join(' and ');
      throw new UnsupportedOp(
        `shapes ${given} do not fit`,
        `a row's part must have 1 or equally many values`,
      );
    }
    return extents.values().next().value ?? 1;
  });
}

/** A gradient in the output's shape, summed over the axes along which the operand was broadcast. */
function sumToOperand(
  gradient: string,
  { sizes, target }: { readonly sizes: readonly number[]; readonly target: readonly number[] },
  step: ForwardStep,
): string {
  const axes = sizes.flatMap((size, axis) => (size !== target[axis] ? [axis] : []));
  if (axes.length === 0) return gradient;
  return emitRowSum(step.writer, { value: gradient, sizes, axes });
}

/**
 * Gradients of operands that were broadcast to one shape, from their gradients in that shape: those of data, and those
 * of parameters row by row.
 *
 * @param sizes the shape of the output
 */
export function gradientsOfOperands(
  operands: readonly (readonly [operand: string, emitGradient: () => string])[],
  sizes: readonly number[],
  step: BackwardStep,
): Gradients {
  const inputs: [string, string][] = [];
  const parameters: ParameterGradient[] = [];
  for (const [operand, emitGradient] of operands) {
    const isParameter = step.isParameter(operand);
    if (!isParameter && !step.needsGradient(operand)) continue;
    const own = step.sizesOf(operand);
    const padded = [...new Array<number>(sizes.length - own.length).fill(1), ...own];
    const target = isParameter ? [step.rowCount, ...padded.slice(1)] : padded;
    const summed = sumToOperand(emitGradient(), { sizes, target }, step);
    if (!isParameter) inputs.push([operand, summed]);
    else parameters.push(step.norms.perRow({ parameter: operand, value: summed, size: elementCount(own) }));
  }
  return { inputs, parameters };
}

export interface Operands {
  readonly writer: ForwardStep['writer'];
  readonly first: string;
  readonly second: string;
  readonly output: string;
  readonly gradient: string;
}

/** The rule of a binary operator from the gradients of its two operands, each in the output's shape. */
export function binary(
  opType: string,
  slopes: readonly [(operands: Operands) => string, (operands: Operands) => string],
): OpRule {
  return {
    opType,
    inferShape(node, values) {
      areDiscrete(node.inputs, values);
      return broadcastShape(node, values);
    },
    isDiscrete: (node, values) => areDiscrete(node.inputs, values),
    forward(node, step) {
      if (areDiscrete(node.inputs, step)) return { output: emitIntegerOperator(node, step) };
      const inputs = node.inputs.map((input) => step.at(input));
      return { output: step.writer.emit(opType, inputs, attributesOf(node)) };
    },
    backward(node, gradient, step: BackwardStep) {
      const [first, second] = node.inputs.map((input) => step.at(input)) as [string, string];
      const operands = { writer: step.writer, first, second, output: step.at(node.output), gradient };
      const own = node.inputs.map((input, i) => [input, () => slopes[i]!(operands)] as const);
      return gradientsOfOperands(own, step.sizesOf(node.output), step);
    },
  };
}
