// Linear models with one output (logistic, linear, Poisson regression): a row's gradient is its residual d times the
// row x̃ = (x, 1), so that clipping it is clipping d to ±C / ‖x̃‖, which does not depend on the parameters.
import type { ForwardModel } from '../model/forward-model.ts';

/** For each parameter, whether it multiplies the features or is an offset; undefined for other models. */
export type LinearParts = readonly ('features' | 'offset')[];

/** How a linear model with one output is made up; undefined for all others. */
export function linearParts(model: ForwardModel): LinearParts | undefined {
  const { nodes, features, inputShape, outputs, parameters, frozen } = model;
  if (frozen.length > 0) return undefined;
  if (outputs !== 1 || inputShape.length !== 1 || model.shapeOf(model.logit).length !== 2) return undefined;
  const offsets: string[] = [];
  let weight: string | undefined;
  let value = model.input;
  for (const { opType, inputs, output } of nodes) {
    const [data, first, second] = inputs as [string, string, string | undefined];
    if (data !== value) return undefined;
    if (weight === undefined && (opType === 'Gemm' || opType === 'MatMul')) {
      weight = first;
      if (second) offsets.push(second);
    } else if (weight !== undefined && opType === 'Add' && model.isParameter(first)) {
      offsets.push(first);
    } else {
      return undefined;
    }
    value = output;
  }
  const used = new Set([weight, ...offsets]);
  const isEachUsedOnce = used.size === parameters.length && offsets.length + 1 === parameters.length;
  if (value !== model.logit || !isEachUsedOnce) return undefined;
  const hasSizes = parameters.every(({ name, size }) => size === (name === weight ? features : 1));
  return hasSizes ? parameters.map(({ name }) => (name === weight ? 'features' : 'offset')) : undefined;
}
