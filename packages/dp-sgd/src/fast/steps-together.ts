// The loop of DP-SGD for small models: batches and noise are drawn for many steps, which are then taken in one run.
import assert from 'node:assert/strict';
import { optimizerOf, optimizerRuleOf, ratesOf } from '../optimizer-rule.ts';
import { Stepper, type StepsOptions } from '../training-steps.ts';
import type { FiniteRuns } from './finite-runs.ts';
import type { DescentState, StepRuns } from './step-runs.ts';

/** What takes the steps of a run. */
export type Runs = Pick<StepRuns | FiniteRuns, 'steps' | 'capacity' | 'drawn' | 'run'>;

/**
 * The same as `runSteps`, for gradient descent with a fixed clip norm, several steps to a run. Where a run ends in a
 * state that is not finite, its steps are taken in runs of one, and a step that no run can take by the graph of one
 * step, all with the same draws (`StepRuns.run`). Batches and noise are drawn in the order of `runSteps`.
 */
export async function runStepsTogether(
  start: ArrayLike<number>,
  runs: Runs,
  options: StepsOptions,
): Promise<Float64Array> {
  const { plan, mechanism, onProgress, stepsBefore = 0, average } = options;
  const rule = options.rule ?? optimizerRuleOf(plan, start.length);
  const state = rule.state();
  assert(state.kind === 'sgd' && mechanism.adaptation === undefined);
  const { velocity } = state;
  const stepper = new Stepper(start, { mechanism, rule });
  const { parameters } = stepper;
  const count = parameters.length;
  const ratesAt = ratesOf(plan);
  const { momentum = 0 } = optimizerOf(plan);
  const { batches, noise, rates, kept, shares } = runs.drawn;
  const before: DescentState = { parameters, velocity, ...(average && { average: average.values }) };
  const isTaken = async (first: number, end: number): Promise<boolean> => {
    const after = await runs.run(before, { first, end });
    if (after === undefined) return false;
    stepper.moveTo(after.parameters);
    // Without momentum it is not part of the state, and stays 0 as in `runSteps`.
    if (momentum !== 0) velocity.set(after.velocity);
    if (after.average !== undefined) average?.values.set(after.average);
    return true;
  };
  const stepsOfRun = Math.ceil(plan.steps / Math.ceil(plan.steps / runs.steps));
  for (let done = 0; done < plan.steps; ) {
    const steps = Math.min(stepsOfRun, plan.steps - done);
    for (let i = 0; i < steps; i++) {
      batches[i] = mechanism.drawBatch();
      noise.set(mechanism.drawNoise(), i * count);
      const step = stepsBefore + done + i + 1;
      const { rate, kept: part } = ratesAt(step);
      rates[i] = rate;
      kept[i] = part;
      if (average !== undefined) shares[i] = average.shareOf(step);
    }
    for (let first = 0; first < steps; ) {
      const end = endOfRun(batches, { first, steps, capacity: runs.capacity });
      const areTaken = first < end && (await isTaken(first, end));
      const areSeveral = end - first > 1;
      // A batch beyond the capacity is a step by itself.
      for (const last = Math.max(end, first + 1); first < last; first++) {
        const step = done + first + 1;
        if (!areTaken && !(areSeveral && (await isTaken(first, first + 1)))) {
          const own = noise.subarray(first * count, (first + 1) * count);
          await stepper.take(stepsBefore + step, batches[first]!, () => own);
        }
        onProgress?.({ step, steps: plan.steps });
      }
    }
    done += steps;
  }
  return parameters;
}

/** The end of the batches from `first` on that fit the capacity. */
function endOfRun(
  batches: readonly Uint32Array[],
  { first, steps, capacity }: { readonly first: number; readonly steps: number; readonly capacity: number },
): number {
  let end = first;
  while (end < steps && batches[end]!.length <= capacity) end++;
  return end;
}
