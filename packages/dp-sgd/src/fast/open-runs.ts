// The loop that takes many steps in one run of ONNX Runtime, built for a round.
import { buildStepLoop, overflowBoundsOf } from '@consilium/onnx-grad/step';
import { optimizerOf } from '../optimizer-rule.ts';
import { largestOf } from '../shard.ts';
import type { ManySteps, RoundWork } from '../step-engine.ts';
import { lossOf } from '../training-plan.ts';
import { meanPerStep } from '../training-steps.ts';
import { FiniteRuns, moveBoundsOf } from './finite-runs.ts';
import { type DrawnSteps, StepRuns } from './step-runs.ts';
import { runStepsTogether } from './steps-together.ts';

/** Values of rows in double that are kept in addition, at most: 64 MiB. */
const EXTENDED_VALUES = 2 ** 23;

export async function openRuns(round: RoundWork): Promise<ManySteps> {
  const runs = await openLoops(round);
  return {
    sumType: runs.sumType,
    takeSteps(start, { drift, ...options }) {
      const { kind, ...corrections } = drift ?? {};
      runs.correct(corrections);
      return runStepsTogether(start, runs, options);
    },
    close: () => runs.close(),
  };
}

const CORRECTIONS = { scaffold: 'shift', fedprox: 'pull' } as const;

async function openLoops({
  plan,
  units,
  model,
  graphs,
  options,
  noise,
}: RoundWork): Promise<StepRuns | FiniteRuns> {
  const { clipNormL2, stepsPerRun, driftCorrection } = plan;
  const { latticePerUnit } = noise;
  const moves = {
    meanPerStep: meanPerStep(plan, latticePerUnit),
    momentum: optimizerOf(plan).momentum ?? 0,
  };
  const open = (isMasked: boolean, drawn?: DrawnSteps) => {
    const loop = buildStepLoop(model, {
      ...options,
      ...{ clipNormL2, latticePerUnit, ...moves, isMasked },
      decays: (plan.weightDecay ?? 0) > 0,
      averages: plan.averaging !== undefined,
      ...(driftCorrection && { correction: CORRECTIONS[driftCorrection.kind] }),
      mayExtendRows: plan.bandSize * model.parameterCount <= EXTENDED_VALUES,
    });
    return StepRuns.open(loop, units, {
      ...{ clipNormL2, latticePerUnit, drawn },
      ...(stepsPerRun !== undefined && { stepsPerRun }),
    });
  };
  const { largestSquare, rowsPerUnit, units: capacity } = largestOf(graphs);
  const isSure = overflowBoundsOf(model, { loss: lossOf(plan, model), rowsPerUnit, largestSquare });
  if (isSure === undefined) return open(true);
  return new FiniteRuns(await open(false), {
    openMasked: (drawn) => open(true, drawn),
    ...{ isSure, parameters: model.parameters },
    movesOf: (corrections) => moveBoundsOf({ units: capacity, sigma: noise.sigma, ...moves, corrections }),
  });
}
