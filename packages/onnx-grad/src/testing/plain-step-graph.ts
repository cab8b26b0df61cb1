// A training step without privacy, by the same rules and the same runtime: what the private step's cost is measured
// against. Nothing but the benches and the tests may use it: one patient can move its sum as far as he likes.

import { GraphWriter } from '../format/graph-writer.ts';
import { lossFrom } from '../losses/loss.ts';
import { differentiate } from '../lowering/differentiate.ts';
import { finishStepGraph, type StepGraph, type StepGraphOptions } from '../lowering/step-graph.ts';
import type { ForwardModel } from '../model/forward-model.ts';

/** A step graph whose sums are the plain sums of gradients, in float, and whose `squares` are all 0. */
export function buildPlainStepGraph(
  model: ForwardModel,
  options: Pick<StepGraphOptions, 'capacityUnits' | 'rowsPerUnit' | 'loss' | 'blockedChannels'>,
): StepGraph {
  const { capacityUnits: units, rowsPerUnit, blockedChannels } = options;
  const grid = { units, rowsPerUnit };
  const writer = new GraphWriter();
  const gradients = differentiate(model, { writer, grid, loss: lossFrom(options.loss), blockedChannels });
  const sums = gradients.map(({ plainSum, sumShape = [1], size }) => {
    // Only a product of two wider factors is sure to be of this shape without weights as well.
    if (sumShape[0] !== 1) return { name: plainSum(), shape: sumShape };
    const shape = [1, size];
    return { name: writer.reshape(plainSum(), shape), shape };
  });
  writer.emitAs('squares', 'Expand', [writer.double(0), writer.int64s([units, 1])]);
  return {
    ...finishStepGraph(model, {
      ...{ writer, grid, sums },
      ...{ takesClipNorm: false, takesRowSquares: false, sumType: 'float32' },
    }),
    rounding: { normTerms: 1, cancellationGuard: 1, sumTerms: units * rowsPerUnit },
    factors: [],
    floatProducts: [],
  };
}
