// The factors of each unit of a run, for tests.
import type { StepGraph } from '../lowering/step-graph.ts';
import { exposeFactors } from '../lowering/unit-factors.ts';
import type { ReferenceRow } from './reference-gradients.ts';
import { runStep } from './run-step.ts';

/** By unit: the values that the graph casts to double, or squares and sums. */
export async function factorsOf(
  graph: StepGraph,
  run: {
    readonly parameters: Float32Array;
    readonly units: readonly (readonly ReferenceRow[])[];
    readonly threads: number;
  },
): Promise<(unit: number) => number[][]> {
  const { bytes, names } = exposeFactors(graph);
  const outputs = await runStep({ ...graph, bytes }, run);
  return (unit) =>
    names.map((name) => {
      const { data } = outputs[name]!;
      const own = data.length / graph.units;
      return [...data.subarray(unit * own, (unit + 1) * own)];
    });
}
