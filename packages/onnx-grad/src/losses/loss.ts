// The losses that a model can be trained with, and the labels and models that each of them needs.

/**
 * How a row's loss is computed from its logit and its label.
 *
 * Class weights multiply a row's loss by its label's class; they are public numbers (from the dictionary), never the
 * patients' own frequencies.
 */
export type Loss =
  /** -log p(y) for a yes/no label y and p = σ(logit); classWeights of no and yes. */
  | { readonly kind: 'binary-cross-entropy'; readonly classWeights?: readonly number[] }
  /** -log p(y) for a class 0, 1, ... and p = softmax(logits). */
  | { readonly kind: 'categorical-cross-entropy'; readonly classWeights?: readonly number[] }
  /** (logit - y)². */
  | { readonly kind: 'squared-error' }
  /** (logit - y)² / 2 up to a distance of δ, linear beyond (Huber 1964). */
  | { readonly kind: 'huber'; readonly delta: number }
  /** 2 (y log(y / μ) - y + μ) for counts y and μ = exp(logit). */
  | { readonly kind: 'poisson-deviance' };

/** A loss with its default fields, from its name. */
export function lossFrom(loss: Loss | 'binary-cross-entropy'): Loss {
  return typeof loss === 'string' ? { kind: loss } : loss;
}

/** The default loss of a model: cross-entropy, binary for one output. */
export function defaultLoss(outputs: number): Loss {
  return { kind: outputs === 1 ? 'binary-cross-entropy' : 'categorical-cross-entropy' };
}

/** Why a model with this many outputs cannot be trained with the loss; undefined where it can. */
export function whyNotLoss(loss: Loss, outputs: number): string | undefined {
  const classes = loss.kind === 'binary-cross-entropy' ? 2 : outputs;
  if (loss.kind === 'categorical-cross-entropy') {
    if (outputs < 2) return 'categorical-cross-entropy needs a model with one output per class';
  } else if (outputs !== 1) {
    return `${loss.kind} needs a model with one output, not ${outputs}`;
  }
  if ('classWeights' in loss && loss.classWeights !== undefined) {
    const { classWeights } = loss;
    if (classWeights.length !== classes || !classWeights.every((weight) => weight > 0 && weight < 1e6)) {
      return `classWeights must be ${classes} positive numbers`;
    }
  }
  if (loss.kind === 'huber' && !(loss.delta > 0 && loss.delta < 1e30))
    return 'delta must be a positive number';
  return undefined;
}

/** The valid labels of a loss: in words, and as a check. */
export function labelRule(
  { kind }: Loss,
  outputs: number,
): { readonly wanted: string; isValid(label: number): boolean } {
  const isWhole = (label: number) => Number.isInteger(label) && label >= 0;
  switch (kind) {
    case 'binary-cross-entropy':
      return { wanted: '0 or 1', isValid: (label) => label === 0 || label === 1 };
    case 'categorical-cross-entropy':
      return {
        wanted: `a class from 0 to ${outputs - 1}`,
        isValid: (label) => isWhole(label) && label < outputs,
      };
    case 'poisson-deviance':
      return { wanted: 'a count', isValid: (label) => label >= 0 && label < 1e30 };
    default:
      return { wanted: 'a finite number', isValid: Number.isFinite };
  }
}
