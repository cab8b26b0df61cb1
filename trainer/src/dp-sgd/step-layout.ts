// How a batch is laid out over lanes and runs of the step graph: from public numbers alone.
import type { ForwardModel } from '../onnx/index.ts';
import { capacityUnitsOf, type TrainingPlan } from './training-plan.ts';

export interface StepLayout {
  /** Lanes that a batch's units are divided among. */
  readonly lanes: number;
  /** Units that a lane holds in one run. */
  readonly unitsPerRun: number;
}

const WORTH_A_LANE = 64;

/** Values that one run computes, about: 16 MiB, so that memory is bounded and little of it leaves the caches. */
const RUN_VALUES = 2 ** 22;
const LEAST_ROWS = 16;

/** Values computed for one unit: of all nodes, of the windows that convolutions may lay out, and of its gradient. */
function valuesPerUnit(model: ForwardModel, rowsPerUnit: number): number {
  const sizeOf = (value: string) =>
    model
      .shapeOf(value)
      .map((extent) => (extent === 'rows' ? 1 : extent))
      .reduce((product, size) => product * size, 1);
  const perRow = model.nodes.reduce((sum, { opType, inputs, output }) => {
    const own = sizeOf(output);
    if (opType !== 'Conv') return sum + own;
    const [filters] = model.shapeOf(inputs[1]!) as readonly number[];
    return sum + own + (own / filters!) * (sizeOf(inputs[1]!) / filters!);
  }, 0);
  return perRow * rowsPerUnit + model.parameterCount;
}

/**
 * Convolutions gain nearly all of a second lane, and store each unit's gradient: they take runs of few units, a power
 * of two. So a batch wastes little of its last run, and how many runs it takes tells its size to within a run; time is
 * not part of the guarantee. All other models take their batch in one run.
 */
export function layoutOf(model: ForwardModel, plan: TrainingPlan): StepLayout {
  const capacity = capacityUnitsOf(plan);
  const isConvolution = model.nodes.some(({ opType }) => opType === 'Conv');
  if (!isConvolution || capacity < WORTH_A_LANE) return { lanes: 1, unitsPerRun: capacity };
  const lanes = 2;
  const fitting = 2 ** Math.round(Math.log2(RUN_VALUES / valuesPerUnit(model, plan.rowsPerUnit)));
  const least = Math.ceil(LEAST_ROWS / plan.rowsPerUnit);
  return { lanes, unitsPerRun: Math.min(Math.ceil(capacity / lanes), Math.max(least, fitting)) };
}
