// The loss of a yes/no label from the logit l: -log p(y) = softplus(l) - y l, with gradient σ(l) - y.
import type { GraphWriter } from './graph-writer.ts';

/**
 * Emits each row's gradient of its own loss with respect to its logit, float [rows, 1]; 0 for padding rows.
 *
 * The gradient of a row lies in (-1, 1) for labels in [0, 1]. The loss itself is not an output of the step: it
 * would be one more query to the patients, which nobody has accounted for.
 */
export function binaryCrossEntropyGradient(
  writer: GraphWriter,
  { logit, label, mask }: { readonly logit: string; readonly label: string; readonly mask: string },
): string {
  const residual = writer.emit('Sub', [writer.emit('Sigmoid', [logit]), label]);
  return writer.emit('Mul', [residual, mask]);
}
