// Reads one text as a label, by the dictionary alone: a class, a count, or a number scaled by published bounds. A mean
// or a spread of the patients' labels would be a query that nobody accounted for.
import type { Dictionary } from '@consilium/domain';
import { type EncodedTarget, targetOf } from '@consilium/domain/data';
import type { DataProblemCode } from './data-problem.ts';

type NumericTarget = Extract<EncodedTarget, { kind: 'numeric' }>;

/** A value in the label's unit to what a model learns: the reference range maps to -1..1. */
export const scaleLabel = (value: number, { low, high }: NumericTarget): number =>
  (2 * (value - low)) / (high - low) - 1;

/** The inverse of `scaleLabel`. */
export const unscaleLabel = (y: number, { low, high }: NumericTarget): number =>
  low + ((y + 1) * (high - low)) / 2;

/**
 * What a model learns of a label that is a number: 0 or 1, a scaled value, or a count.
 *
 * @returns a code where it lies outside what the dictionary allows
 */
export function scaledLabelOf(
  number: number,
  label: Dictionary['label'],
): { readonly y: number } | { readonly code: DataProblemCode } {
  const { rule } = label;
  switch (rule.kind) {
    case 'binary':
      return number === 0 || number === 1 ? { y: number } : { code: 'LABEL_NOT_BINARY' };
    case 'categorical':
      return { code: 'LABEL_NOT_A_CATEGORY' };
    case 'count':
      if (!Number.isSafeInteger(number) || number < 0) return { code: 'LABEL_NOT_A_COUNT' };
      return number > rule.high ? { code: 'LABEL_OUT_OF_BOUNDS' } : { y: number };
    case 'numeric': {
      const { low, high } = rule.bounds;
      if (number < low || number > high) return { code: 'LABEL_OUT_OF_BOUNDS' };
      return { y: scaleLabel(number, targetOf(label) as NumericTarget) };
    }
    case 'greater-than':
      return { y: number > rule.threshold ? 1 : 0 };
  }
}
