// Integers and conditions that a graph computes from data, and arithmetic on them. The runtime's own operators
// on integers are not total: a division by zero stops the run of all other rows, that of the smallest integer by -1
// the whole process; which integer a cast makes of NaN, or of a number beyond the type, depends on where in an array
// it lies; and on some processors the larger of two integers of 64 bits is not always the larger (an int64 Clip of
// 2^31 to 0..6 gives 0, or 6 at the end of an array).
//
// So integers of data are kept in double and within ±2^31: what would leave that range ends at its border, NaN counts
// as 0, and x / 0 is 0. Sums and differences are then exact, products where they do not end at a border, and quotients
// are cut off where they should be, since one of two such integers that is none is 2^-31 of it away from the next
// integer.
import type { GraphWriter } from '../format/graph-writer.ts';
import { ELEMENT_TYPE } from '../format/onnx-schema.ts';
import { type ForwardStep, type KnownValues, type OpNode, UnsupportedOp } from './op-rule.ts';

/** Integers of data lie between this and its negative. */
export const LARGEST_INTEGER = 2 ** 31;

interface Range {
  readonly low: number;
  readonly high: number;
}

const ALL: Range = { low: -LARGEST_INTEGER, high: LARGEST_INTEGER };

/** Emits min(max(x, low), high) of doubles that are numbers. */
function emitInRange(writer: GraphWriter, value: string, { low, high } = ALL): string {
  return writer.emit('Min', [writer.emit('Max', [value, writer.double(low)]), writer.double(high)]);
}

/** Emits doubles of which the fractions are cut off: numbers within the range. */
function emitWhole(writer: GraphWriter, value: string): string {
  return writer.emit('Cast', [writer.emit('Cast', [value], { to: ELEMENT_TYPE.int64 })], {
    to: ELEMENT_TYPE.double,
  });
}

/** Emits an integer for each float, in double: 0 for NaN, and the border for what is beyond it. */
export function emitIntegers(writer: GraphWriter, value: string): string {
  const number = writer.emit('Where', [writer.emit('IsNaN', [value]), writer.float(0), value]);
  const double = writer.emit('Cast', [number], { to: ELEMENT_TYPE.double });
  return emitWhole(writer, emitInRange(writer, double));
}

/** Emits whether each float, or integer, differs from 0, as NaN does. */
export function emitConditions(writer: GraphWriter, value: string, zero: string): string {
  return writer.emit('Not', [writer.emit('Equal', [value, zero])]);
}

/** Emits indices of an axis, int64, for integers of data: those beyond it count as the nearest of the axis. */
export function emitIndices(writer: GraphWriter, integers: string, extent: number): string {
  const double = writer.emit('Cast', [integers], { to: ELEMENT_TYPE.double });
  const own = emitInRange(writer, double, { low: 0, high: extent - 1 });
  return writer.emit('Cast', [own], { to: ELEMENT_TYPE.int64 });
}

/** Names an operand that is an integer or a condition: constants are in double like the integers of data. */
export function emitOperand(value: string, step: ForwardStep): string {
  const constant = step.constantOf(value);
  if (constant === undefined) return step.at(value);
  return step.writer.doubles(constant.shape, constant.values as readonly number[]);
}

/** Emits a binary operator on integers of data, or of data and constants. */
export function emitIntegerOperator(node: OpNode, step: ForwardStep): string {
  const { writer } = step;
  const [first, second] = node.inputs.map((input) => emitOperand(input, step)) as [string, string];
  if (node.opType !== 'Div') return emitInRange(writer, writer.emit(node.opType, [first, second]));
  const zero = writer.double(0);
  const isZero = writer.emit('Equal', [second, zero]);
  const divisor = writer.emit('Where', [isZero, writer.double(1), second]);
  const quotient = emitWhole(writer, writer.emit('Div', [first, divisor]));
  return writer.emit('Where', [isZero, zero, quotient]);
}

/** Whether a value is integers or conditions, of data or constant. */
export const isDiscreteOperand = (value: string, values: KnownValues): boolean =>
  values.isDiscrete(value) || values.constantOf(value)?.isInteger === true;

/** Whether an operator's operands are integers or conditions of data. @throws UnsupportedOp where only some are */
export function areDiscrete(operands: readonly string[], values: KnownValues): boolean {
  if (!operands.some((operand) => values.isDiscrete(operand))) return false;
  const other = operands.find((operand) => !isDiscreteOperand(operand, values));
  if (other !== undefined) {
    throw new UnsupportedOp(
      `it joins integers, or conditions, with ${other}, which is none`,
      'Cast them to float32 first',
    );
  }
  const isBeyond = (operand: string) =>
    values
      .constantOf(operand)
      ?.values.some((value) => typeof value === 'number' && Math.abs(value) > LARGEST_INTEGER);
  const beyond = operands.find(isBeyond);
  if (beyond !== undefined) {
    throw new UnsupportedOp(
      `its constant ${beyond} is beyond ±2^31, where integers of data end`,
      'Cast the data to float32 first',
    );
  }
  return true;
}
