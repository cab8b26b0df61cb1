// Turns the texts of one row into a model's input, by the dictionary alone: bounds, reference ranges and
// categories are published numbers, so nothing here is a query on the patients.
import type { Dictionary, Feature } from '@consilium/domain';
import type { DataProblemCode } from './data-problem.ts';

/** A raw value after checking: a number, a category, or null where missing. */
export type Value = number | string | null;

/** One text read as a number, undefined where it is none. `1` and `1.0` are one value. */
export function parseNumber(text: string): number | undefined {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/** Whether two texts are one value: `1` and `1.0` are. */
export const sameText = (a: string, b: string): boolean => {
  if (a === b) return true;
  const number = parseNumber(a);
  return number !== undefined && number === parseNumber(b);
};

/** Whether the text is empty or one of the dictionary's or the feature's missing codes. */
export function isMissing(text: string, dictionary: Dictionary, feature?: Feature): boolean {
  if (text === '') return true;
  return [...dictionary.missing, ...(feature?.missing ?? [])].some((code) => sameText(text, code));
}

/** Checks one text against its feature; a code where it does not fit. */
export function readValue(
  text: string,
  feature: Feature,
  dictionary: Dictionary,
): { value: Value } | { code: DataProblemCode } {
  if (isMissing(text, dictionary, feature)) return { value: null };
  if ('categories' in feature) {
    const category = feature.categories.find((known) => sameText(text, known));
    return category === undefined ? { code: 'VALUE_NOT_A_CATEGORY' } : { value: category };
  }
  const number = parseNumber(text);
  if (feature.kind === 'binary') {
    return number === 0 || number === 1 ? { value: number } : { code: 'VALUE_NOT_BINARY' };
  }
  if (number === undefined) return { code: 'VALUE_NOT_A_NUMBER' };
  const { low, high } = feature.bounds;
  return number < low || number > high ? { code: 'VALUE_OUT_OF_BOUNDS' } : { value: number };
}

/**
 * The model's input for one row, in the order of the domain's `inputNames`.
 *
 * Numeric: the reference range maps to -1..1, and values beyond it go on linearly up to the bounds. Binary:
 * -1 or 1. Categorical: one input per category. Missing: all of a feature's inputs 0 and its indicator 1. Code: the
 * category's index in one input, and the number of categories where missing: a row of the embedding's own.
 *
 * @param values one value per feature of the dictionary, in its order
 * @returns float32 vector of `inputNames(...).length`
 */
export function encodeFeatures(values: readonly Value[], dictionary: Dictionary): Float32Array {
  const inputs: number[] = [];
  dictionary.features.forEach((feature, index) => {
    const value = values[index] ?? null;
    if (feature.kind === 'code') {
      const { categories } = feature;
      inputs.push(value === null ? categories.length : categories.indexOf(String(value)));
      return;
    }
    if (feature.kind === 'categorical') {
      for (const category of feature.categories) inputs.push(value === category ? 1 : 0);
    } else if (value === null) {
      inputs.push(0);
    } else if (feature.kind === 'binary') {
      inputs.push(value === 1 ? 1 : -1);
    } else {
      const { low, high } = feature.reference ?? feature.bounds;
      inputs.push((2 * (Number(value) - low)) / (high - low) - 1);
    }
    inputs.push(value === null ? 1 : 0);
  });
  return Float32Array.from(inputs);
}
