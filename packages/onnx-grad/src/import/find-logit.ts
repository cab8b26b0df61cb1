// Finds the logit of a model, the input of its loss: the value before a final sigmoid, softmax or exp.

import { graphProblem } from '../format/model-problem.ts';
import type { ModelProto } from '../format/onnx-schema.ts';
import { UnsupportedModelError } from '../format/unsupported-model.ts';
import type { OpNode } from '../ops/op-rule.ts';
import { isFloatOutput } from './scikit-learn.ts';

export const LOGIT_NAME = 'logit';

/** The inverse links of the losses: Exp is that of a count (`poisson-deviance`), the others of classes. */
const FINAL_ACTIVATIONS = ['Sigmoid', 'Softmax', 'LogSoftmax', 'Exp'];

/** The value whose probabilities of no and yes, [1 - p, p], a Concat joins. */
function yesOf(node: OpNode, producers: ReadonlyMap<string, OpNode>): string | undefined {
  if (node.opType !== 'Concat' || node.inputs.length !== 2) return undefined;
  const [no, yes] = node.inputs as [string, string];
  const difference = producers.get(no);
  return difference?.opType === 'Sub' && difference.inputs[1] === yes ? yes : undefined;
}

/**
 * Name of the logit: of the output `logit`, or else of the only float output, what its final Sigmoid, Softmax,
 * LogSoftmax or Exp takes, if it has one; and that activation.
 *
 * @throws UnsupportedModelError where it is not clear which output is meant.
 */
export function findLogit(
  { graph }: ModelProto,
  nodes: readonly OpNode[],
  resolve: (value: string) => string,
): { readonly logit: string; readonly finalActivation: OpNode | undefined } {
  const floats = graph.output.filter(isFloatOutput);
  const chosen =
    graph.output.find(({ name }) => name === LOGIT_NAME) ?? (floats.length === 1 ? floats[0] : undefined);
  if (chosen === undefined) {
    const names = graph.output.map(({ name }) => name).join(', ');
    throw new UnsupportedModelError([
      graphProblem(
        `it has no output named ${LOGIT_NAME} among ${names || 'none'}`,
        'name the value before the sigmoid so',
      ),
    ]);
  }
  const producers = new Map(nodes.map((node) => [node.output, node]));
  const value = resolve(chosen.name);
  const producer = producers.get(value);
  if (producer === undefined) return { logit: value, finalActivation: undefined };
  const yes = yesOf(producer, producers);
  const final = yes === undefined ? producer : producers.get(yes);
  if (final !== undefined && FINAL_ACTIVATIONS.includes(final.opType)) {
    return { logit: final.inputs[0]!, finalActivation: final };
  }
  return { logit: value, finalActivation: undefined };
}
