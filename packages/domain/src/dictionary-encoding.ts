// What a data dictionary comes to in a model: its inputs, their order and names, and what it learns to say.
import type { Dictionary } from './dictionary.ts';

/** What a model sees of a feature, free of file details: studies compare these between hospitals. */
export type EncodedFeature =
  | { readonly name: string; readonly kind: 'numeric'; readonly low: number; readonly high: number }
  | { readonly name: string; readonly kind: 'binary' }
  | { readonly name: string; readonly kind: 'categorical' | 'code'; readonly categories: readonly string[] };

/** What a model learns to say of a label; `greater-than` is a way to read a binary one. */
export type EncodedTarget =
  | { readonly kind: 'binary' }
  | { readonly kind: 'categorical'; readonly categories: readonly string[] }
  /** Learned as (2 value - low - high) / (high - low). */
  | { readonly kind: 'numeric'; readonly unit: string; readonly low: number; readonly high: number }
  /** Learned as the logarithm of its expectation. */
  | { readonly kind: 'count' };

/** What a label's rule comes to in a model. */
export function targetOf({ rule }: Dictionary['label']): EncodedTarget {
  switch (rule.kind) {
    case 'categorical':
      return { kind: 'categorical', categories: [...rule.categories] };
    case 'numeric': {
      const { low, high } = rule.reference ?? rule.bounds;
      return { kind: 'numeric', unit: rule.unit, low, high };
    }
    case 'count':
      return { kind: 'count' };
    default:
      return { kind: 'binary' };
  }
}

/**
 * The part of a dictionary that decides a model's input and its label's meaning.
 *
 * Two datasets can be learned from together exactly when their encodings are equal.
 */
export function encodingOf(dictionary: Dictionary): {
  features: EncodedFeature[];
  label: string;
  target: EncodedTarget;
} {
  return {
    features: dictionary.features.map((feature): EncodedFeature => {
      if (feature.kind === 'numeric') {
        const { low, high } = feature.reference ?? feature.bounds;
        return { name: feature.name, kind: 'numeric', low, high };
      }
      if (feature.kind === 'binary') return { name: feature.name, kind: 'binary' };
      return { name: feature.name, kind: feature.kind, categories: [...feature.categories] };
    }),
    label: dictionary.label.title,
    target: targetOf(dictionary.label),
  };
}

/**
 * Names of a model's inputs, in order.
 *
 * A numeric or binary feature gives its value (0 where missing) and a missing indicator; a categorical one
 * gives one input per category (all 0 where missing) and a missing indicator. A code gives one input: the index of the
 * category, or the number of categories where missing.
 */
export function inputNames(features: readonly EncodedFeature[]): string[] {
  return features.flatMap((feature) => {
    if (feature.kind === 'code') return [feature.name];
    const missing = `${feature.name}_missing`;
    if (feature.kind !== 'categorical') return [feature.name, missing];
    return [...feature.categories.map((category) => `${feature.name}=${category}`), missing];
  });
}
