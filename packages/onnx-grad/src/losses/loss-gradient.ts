// The gradient of each loss with respect to the logit, which is all that a private step needs. The loss itself is not
// an output of the step: it would be one more query about patients, which is not accounted for.
import type { GraphWriter } from '../format/graph-writer.ts';
import type { Loss } from './loss.ts';

interface LossInputs {
  /** Float [rows, outputs]. */
  readonly logit: string;
  /** Float [rows, 1]. */
  readonly label: string;
  /** Float [rows, 1]: 1 for rows that exist, 0 for padding; absent where padding is handled elsewhere. */
  readonly mask?: string;
}

interface Sizes {
  readonly rows: number;
  readonly outputs: number;
}

type Gradient = (writer: GraphWriter, inputs: LossInputs, sizes: Sizes) => string;

/** Float [rows, outputs]: 1 at the label's class. */
function oneHot(writer: GraphWriter, label: string, { rows, outputs }: Sizes): string {
  const classes = writer.emit('Cast', [writer.reshape(label, [rows])], { to: 7 });
  return writer.emit('OneHot', [classes, writer.int64s([outputs]), writer.floats([2], [0, 1])], { axis: -1 });
}

/** σ(l) - y, which lies in (-1, 1). */
const binary =
  (classWeights: readonly number[] | undefined): Gradient =>
  (writer, { logit, label }) => {
    const residual = writer.emit('Sub', [writer.emit('Sigmoid', [logit]), label]);
    if (classWeights === undefined) return residual;
    const [no, yes] = classWeights as [number, number];
    const more = writer.emit('Mul', [label, writer.float(yes - no)]);
    return writer.emit('Mul', [residual, writer.emit('Add', [more, writer.float(no)])]);
  };

/** softmax(l) - onehot(y). */
const categorical =
  (classWeights: readonly number[] | undefined): Gradient =>
  (writer, { logit, label }, sizes) => {
    const target = oneHot(writer, label, sizes);
    const residual = writer.emit('Sub', [writer.emit('Softmax', [logit], { axis: 1 }), target]);
    if (classWeights === undefined) return residual;
    const weights = writer.floats([classWeights.length, 1], classWeights);
    return writer.emit('Mul', [residual, writer.emit('MatMul', [target, weights])]);
  };

/** 2 (l - y). */
const squaredError: Gradient = (writer, { logit, label }) =>
  writer.emit('Mul', [writer.emit('Sub', [logit, label]), writer.float(2)]);

/** l - y, cut off at ±δ. */
const huber =
  (delta: number): Gradient =>
  (writer, { logit, label }) =>
    writer.emit('Clip', [writer.emit('Sub', [logit, label]), writer.float(-delta), writer.float(delta)]);

/** 2 (exp(l) - y). */
const poissonDeviance: Gradient = (writer, { logit, label }) =>
  writer.emit('Mul', [writer.emit('Sub', [writer.emit('Exp', [logit]), label]), writer.float(2)]);

function gradientOf(loss: Loss): Gradient {
  switch (loss.kind) {
    case 'binary-cross-entropy':
      return binary(loss.classWeights);
    case 'categorical-cross-entropy':
      return categorical(loss.classWeights);
    case 'squared-error':
      return squaredError;
    case 'huber':
      return huber(loss.delta);
    case 'poisson-deviance':
      return poissonDeviance;
  }
}

/** Emits each row's gradient of its own loss with respect to its logit, float [rows, outputs]; 0 for padding. */
export function emitLossGradient(writer: GraphWriter, loss: Loss, inputs: LossInputs, sizes: Sizes): string {
  const gradient = gradientOf(loss)(writer, inputs, sizes);
  return inputs.mask === undefined ? gradient : writer.emit('Mul', [gradient, inputs.mask]);
}
