// The loop of DP-SGD for small models: batches and noise are drawn for many steps, which are then taken in one run.
import assert from 'node:assert/strict';
import type { StepRuns } from './step-runs.ts';
import { Stepper, type StepsOptions } from './training-steps.ts';
import { ratesOf, updateRuleOf } from './update-rule.ts';

/**
 * The same as `runSteps`, for gradient descent with a fixed clip norm, several steps to a run. Steps that a run cannot
 * take are taken one by one with what was drawn for them. Batches and noise are drawn in the same order.
 */
export async function runStepsTogether(
  start: ArrayLike<number>,
  runs: StepRuns,
  options: StepsOptions,
): Promise<Float64Array> {
  const { plan, mechanism, onProgress, stepsBefore = 0 } = options;
  const rule = options.rule ?? updateRuleOf(plan, start.length);
  const state = rule.state();
  assert(state.kind === 'sgd' && mechanism.adaptation === undefined);
  const { velocity } = state;
  const stepper = new Stepper(start, { mechanism, rule });
  const { parameters } = stepper;
  const count = parameters.length;
  const ratesAt = ratesOf(plan);
  const { batches, noise, rates, kept } = runs.drawn;
  for (let before = 0; before < plan.steps; ) {
    const steps = Math.min(runs.steps, plan.steps - before);
    for (let i = 0; i < steps; i++) {
      batches[i] = mechanism.drawBatch();
      noise.set(mechanism.drawNoise(), i * count);
      const { rate, kept: part } = ratesAt(stepsBefore + before + i + 1);
      rates[i] = rate;
      kept[i] = part;
    }
    for (let first = 0; first < steps; ) {
      const end = endOfRun(batches, { first, steps, room: runs.room });
      const after = first < end && (await runs.run({ parameters, velocity }, { first, end }));
      if (after) {
        stepper.moveTo(after.parameters);
        velocity.set(after.velocity);
      }
      // A batch beyond the room is a step by itself.
      for (const last = Math.max(end, first + 1); first < last; first++) {
        const own = noise.subarray(first * count, (first + 1) * count);
        const step = before + first + 1;
        if (!after) await stepper.take(stepsBefore + step, batches[first]!, () => own);
        onProgress?.({ step, steps: plan.steps });
      }
    }
    before += steps;
  }
  return parameters;
}

/** Where the batches from `first` on that fit into the room end. */
function endOfRun(
  batches: readonly Uint32Array[],
  { first, steps, room }: { readonly first: number; readonly steps: number; readonly room: number },
): number {
  let end = first;
  while (end < steps && batches[end]!.length <= room) end++;
  return end;
}
