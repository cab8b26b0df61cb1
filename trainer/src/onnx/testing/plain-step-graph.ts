// A training step without privacy, by the same rules and the same runtime: what the private step's cost is measured
// against. Nothing but the benches and the tests may use it: one patient can move its sum as far as he likes.
import { differentiate } from '../differentiate.ts';
import type { ForwardModel } from '../forward-model.ts';
import { GraphWriter } from '../graph-writer.ts';
import { lossFrom } from '../losses/loss.ts';
import { finishStepGraph, type StepGraph, type StepGraphOptions } from '../step-graph.ts';

/** A step graph whose `clippedSum` is the plain sum of gradients, in float, and whose `squares` are all 0. */
export function buildPlainStepGraph(
  model: ForwardModel,
  options: Pick<StepGraphOptions, 'capacityUnits' | 'rowsPerUnit' | 'loss' | 'blockedChannels'>,
): StepGraph {
  const { capacityUnits: units, rowsPerUnit, blockedChannels } = options;
  const grid = { units, rowsPerUnit };
  const writer = new GraphWriter();
  const gradients = differentiate(model, { writer, grid, loss: lossFrom(options.loss), blockedChannels });
  const sums = gradients.map((gradient) => writer.reshape(gradient.plainSum(), [1, -1]));
  writer.emitAs('clippedSum', 'Concat', sums, { axis: 1 });
  writer.emitAs('squares', 'Expand', [writer.double(0), writer.int64s([units, 1])]);
  return {
    ...finishStepGraph(model, { writer, grid, takesClipNorm: false, sumType: 'float32' }),
    rounding: { normTerms: 1, cancellationGuard: 1, sumTerms: units * rowsPerUnit },
    floatProducts: [],
  };
}
