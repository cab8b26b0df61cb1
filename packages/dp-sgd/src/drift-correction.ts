// Corrections that keep a hospital's model near the others' between rounds. Both are functions of released
// values and public numbers, added to each released mean after its noise: post-processing, which costs no privacy.
// Local parameters, which no other hospital has, are left alone.
import type { DriftCorrection } from './drift-plan.ts';
import type { OptimizerRule } from './optimizer-rule.ts';

/** The term added to each mean, [parameterCount]; zero for local parameters. */
export type DriftTerms =
  /** g - cᵢ + c. */
  | { readonly kind: 'shift'; readonly shift: Float64Array }
  /** g + μ (w - base). */
  | { readonly kind: 'pull'; readonly pull: Float64Array; readonly base: Float64Array };

/**
 * The terms of a round.
 *
 * @param round the base [parameterCount], the indices of the shared parameters in it, and, for scaffold, c - cᵢ for
 * each shared parameter (zero by default, before anyone has contributed)
 */
export function driftTermsOf(
  correction: DriftCorrection,
  round: {
    readonly base: ArrayLike<number>;
    readonly sharedIndices: ArrayLike<number>;
    readonly controlShift?: ArrayLike<number> | undefined;
  },
): DriftTerms {
  const { base, sharedIndices, controlShift } = round;
  const values = new Float64Array(base.length);
  for (let j = 0; j < sharedIndices.length; j++) {
    values[sharedIndices[j]!] =
      correction.kind === 'fedprox' ? correction.proximal : (controlShift?.[j] ?? 0);
  }
  if (correction.kind === 'scaffold') return { kind: 'shift', shift: values };
  return { kind: 'pull', pull: values, base: Float64Array.from(base) };
}

/**
 * The rule, applied to corrected means.
 *
 * The proximal term is part of the gradient, so that any optimiser minimises loss and term together.
 */
export function correctingDrift(rule: OptimizerRule, terms: DriftTerms): OptimizerRule {
  const count = (terms.kind === 'shift' ? terms.shift : terms.pull).length;
  const corrected = new Float64Array(count);
  return {
    startStep: (step, noiseDeviation) => rule.startStep(step, noiseDeviation),
    apply(parameters, mean, first, size) {
      for (let i = 0; i < size; i++) {
        const at = first + i;
        const term =
          terms.kind === 'shift' ? terms.shift[at]! : terms.pull[at]! * (parameters[at]! - terms.base[at]!);
        corrected[i] = mean[i]! + term;
      }
      rule.apply(parameters, corrected, first, size);
    },
    state: () => rule.state(),
  };
}
