// Which losses a label can be learned with, and which is meant where none is named.
import type { EncodedTarget } from '@consilium/domain';
import { type Loss, whyNotLoss } from '@consilium/onnx-grad';

const LOSSES: Readonly<Record<EncodedTarget['kind'], readonly Loss['kind'][]>> = {
  binary: ['binary-cross-entropy', 'categorical-cross-entropy'],
  categorical: ['categorical-cross-entropy'],
  numeric: ['squared-error', 'huber'],
  count: ['poisson-deviance'],
};

/** Numbers per row that a model of the label has; for a yes/no label one, or two. */
export const outputsOf = (target: EncodedTarget): number =>
  target.kind === 'categorical' ? target.categories.length : 1;

/** The loss, or why the label cannot be learned so: the field and the remedy. */
export function lossFor(
  target: EncodedTarget,
  study: {
    readonly loss?: { readonly kind: Loss['kind']; readonly delta?: number } | undefined;
    readonly classWeights?: readonly number[] | undefined;
    readonly outputs: number;
  },
): { readonly loss: Loss } | { readonly problem: string } {
  const { classWeights, outputs } = study;
  const usual = LOSSES[target.kind][target.kind === 'binary' && outputs === 2 ? 1 : 0]!;
  const { kind, delta } = study.loss ?? { kind: usual };
  const possible = LOSSES[target.kind];
  if (!possible.includes(kind)) {
    return { problem: `loss: a ${target.kind} label is learned with ${possible.join(' or ')}, not ${kind}` };
  }
  const loss = lossOfKind(kind, { delta, target });
  const isWeighable = 'binary-cross-entropy' === kind || 'categorical-cross-entropy' === kind;
  if (classWeights !== undefined && !isWeighable) {
    return { problem: `classWeights: a ${target.kind} label has no classes: leave them out` };
  }
  const weighed = classWeights === undefined ? loss : ({ ...loss, classWeights } as Loss);
  const problem = whyNotLoss(weighed, outputs);
  return problem === undefined
    ? { loss: weighed }
    : { problem: problem.replace(/^(?!classWeights)/, 'loss: ') };
}

function lossOfKind(
  kind: Loss['kind'],
  { delta = 0, target }: { readonly delta: number | undefined; readonly target: EncodedTarget },
): Loss {
  if (kind !== 'huber') return { kind };
  // What is learned is the label over half its range.
  return { kind, delta: target.kind === 'numeric' ? (2 * delta) / (target.high - target.low) : delta };
}
