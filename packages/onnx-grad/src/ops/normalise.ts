// Shared by layer, group and instance normalisation. Within each row, over some axes of n values:
// x̂ = (x - μ) / √(var + ε), dx = (dx̂ - mean(dx̂) - x̂ mean(dx̂ x̂)) / √(var + ε).

import type { ForwardStep } from './op-rule.ts';
import { emitRowMean } from './row-sums.ts';

/** Emits x̂ and 1 / √(var + ε) over the axes given, which stay as axes of extent 1 in the latter. */
export function emitNormalised(
  { writer }: ForwardStep,
  {
    value,
    sizes,
    axes,
    epsilon,
  }: {
    readonly value: string;
    readonly sizes: readonly number[];
    readonly axes: readonly number[];
    readonly epsilon: number;
  },
): { readonly normalised: string; readonly inverse: string } {
  const mean = emitRowMean(writer, { value, sizes, axes });
  const centred = writer.emit('Sub', [value, mean]);
  const square = writer.emit('Mul', [centred, centred]);
  const variance = emitRowMean(writer, { value: square, sizes, axes });
  const root = writer.emit('Sqrt', [writer.emit('Add', [variance, writer.float(epsilon)])]);
  const inverse = writer.emit('Reciprocal', [root]);
  return { normalised: writer.emit('Mul', [centred, inverse]), inverse };
}

/** Emits dx from dx̂. */
export function emitNormalisedGradient(
  { writer }: ForwardStep,
  {
    gradient,
    normalised,
    inverse,
    sizes,
    axes,
  }: {
    readonly gradient: string;
    readonly normalised: string;
    readonly inverse: string;
    readonly sizes: readonly number[];
    readonly axes: readonly number[];
  },
): string {
  const mean = emitRowMean(writer, { value: gradient, sizes, axes });
  const product = writer.emit('Mul', [gradient, normalised]);
  const along = emitRowMean(writer, { value: product, sizes, axes });
  const inner = writer.emit('Sub', [gradient, mean]);
  const rest = writer.emit('Sub', [inner, writer.emit('Mul', [normalised, along])]);
  return writer.emit('Mul', [rest, inverse]);
}
