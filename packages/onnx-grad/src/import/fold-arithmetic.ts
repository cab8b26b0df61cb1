// Arithmetic and conditions on constants, broadcast as in NumPy. Conditions are integers, 0 or 1.
import { broadcastIndices, broadcastShape } from '../format/array-indices.ts';
import { type Constant, type Count, checkConstantSize } from '../format/constant.ts';
import { UnsupportedOp } from '../ops/op-rule.ts';

type Compute = (values: readonly Count[]) => Count | undefined;

/** What is computed of the values at each index; undefined where one of them depends on the number of rows. */
function spread(inputs: readonly Constant[], isInteger: boolean, compute: Compute): Constant | undefined {
  const shape = broadcastShape(inputs.map((input) => input.shape));
  if (shape === undefined) {
    const given = inputs.map((input) => `[${input.shape.join(', ')}]`).join(' and ');
    throw new UnsupportedOp(`shapes ${given} do not fit`);
  }
  checkConstantSize(shape);
  const indices = inputs.map((input) => broadcastIndices(input.shape, shape)!);
  const values = Array.from(indices[0]!, (_, i) =>
    compute(inputs.map((input, k) => input.values[indices[k]![i]!]!)),
  );
  return values.includes(undefined) ? undefined : { shape, values: values as Count[], isInteger };
}

const areNumbers = (values: readonly Count[]): values is number[] =>
  values.every((value) => typeof value === 'number');

type Fold = (inputs: readonly Constant[]) => Constant | undefined;

/** @param ofRows where values that depend on the number of rows can be computed with */
function arithmetic(
  compute: (values: readonly number[], isInteger: boolean) => number,
  ofRows?: (a: Count, b: Count) => Count | undefined,
): Fold {
  return (inputs) => {
    const isInteger = inputs.every((input) => input.isInteger);
    return spread(inputs, isInteger, (values) =>
      areNumbers(values) ? compute(values, isInteger) : ofRows?.(values[0]!, values[1]!),
    );
  };
}

const elementwise = (compute: (value: number) => number): Fold =>
  arithmetic(([value]) => compute(value as number));

/** @param ofRows where the answer is known for any number of rows */
function condition(
  holds: (a: number, b: number) => boolean,
  ofRows?: (a: Count, b: Count) => boolean | undefined,
): Fold {
  return (inputs) =>
    spread(inputs, true, (values) => {
      const [a, b = 0] = values as [Count, Count?];
      const held = areNumbers(values) ? holds(a as number, b as number) : ofRows?.(a, b);
      return held === undefined ? undefined : Number(held);
    });
}

/** A number of rows times a number. */
function timesRows(a: Count, b: Count): Count | undefined {
  const [rows, factor] = typeof a === 'number' ? [b, a] : [a, b];
  if (typeof rows === 'number' || typeof factor !== 'number') return undefined;
  const all = Number(rows.split('*')[1] ?? 1) * factor;
  return all === 1 ? 'rows' : `rows*${all}`;
}

/** A number of rows is at least one; what else it equals cannot be known. */
function equalsRows(a: Count, b: Count): boolean | undefined {
  if (a === b) return true;
  const number = typeof a === 'number' ? a : b;
  return typeof number === 'number' && number < 1 ? false : undefined;
}

export const ARITHMETIC_FOLDS: Readonly<Record<string, Fold>> = {
  Add: arithmetic(([a = 0, b = 0]) => a + b),
  Sub: arithmetic(([a = 0, b = 0]) => a - b),
  Mul: arithmetic(([a = 0, b = 0]) => a * b, timesRows),
  Mod: arithmetic(([a = 0, b = 0]) => ((a % b) + b) % b),
  Div: arithmetic(([a = 0, b = 0], isInteger) => (isInteger ? Math.trunc(a / b) : a / b)),
  Pow: arithmetic(([a = 0, b = 0]) => a ** b),
  Min: arithmetic((values) => Math.min(...values)),
  Max: arithmetic((values) => Math.max(...values)),
  Sqrt: elementwise(Math.sqrt),
  Neg: elementwise((value) => -value),
  Abs: elementwise(Math.abs),
  Exp: elementwise(Math.exp),
  Log: elementwise(Math.log),
  Floor: elementwise(Math.floor),
  Ceil: elementwise(Math.ceil),
  Reciprocal: elementwise((value) => 1 / value),
  Sin: elementwise(Math.sin),
  Cos: elementwise(Math.cos),
  Equal: condition((a, b) => a === b, equalsRows),
  Greater: condition((a, b) => a > b),
  GreaterOrEqual: condition((a, b) => a >= b),
  Less: condition((a, b) => a < b),
  LessOrEqual: condition((a, b) => a <= b),
  And: condition((a, b) => a !== 0 && b !== 0),
  Or: condition((a, b) => a !== 0 || b !== 0),
  Not: condition((value) => value === 0),
  Where: ([where, yes, no]) =>
    spread([where!, yes!, no!], yes!.isInteger && no!.isInteger, ([held, a, b]) => (held !== 0 ? a! : b!)),
};
