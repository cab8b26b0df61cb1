// How a batch is laid out over lanes and runs of the step graph: from public numbers alone.
import type { ForwardModel } from '../onnx/index.ts';
import {
  capacityUnitsOf,
  expectedBatchUnits,
  MAXIMUM_ROWS_PER_RUN,
  type TrainingPlan,
} from './training-plan.ts';

export interface StepLayout {
  /** Lanes that a batch's units are divided among. */
  readonly lanes: number;
  /** Units that a lane holds in one run. */
  readonly unitsPerRun: number;
}

const WORTH_A_LANE = 64;

/** Values that one run computes, about: 8 MiB, so that memory is bounded and little of it leaves the caches. */
const RUN_VALUES = 2 ** 21;
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

/** At least so many units, of whole blocks of 16 rows, as channels in blocks take them (`onnx/ops/conv-blocked.ts`). */
function wholeBlocks(units: number, rowsPerUnit: number): number {
  let group = 1;
  while ((group * rowsPerUnit) % LEAST_ROWS !== 0) group *= 2;
  return Math.ceil(units / group) * group;
}

/**
 * Convolutions gain nearly all of a second lane, and store each unit's gradient: they take several runs of few units,
 * such that a batch somewhat above the expected size fills the last one. How many runs a batch takes tells its size to
 * within a run; time is not part of the guarantee. All other models take their batch in one run.
 */
export function layoutOf(model: ForwardModel, plan: TrainingPlan): StepLayout {
  const capacity = capacityUnitsOf(plan);
  const isConvolution = model.nodes.some(({ opType }) => opType === 'Conv');
  if (!isConvolution) return { lanes: 1, unitsPerRun: capacity };
  const { rowsPerUnit } = plan;
  const lanes = capacity < WORTH_A_LANE ? 1 : 2;
  const most = Math.max(1, Math.floor((plan.rowsPerRun ?? MAXIMUM_ROWS_PER_RUN) / rowsPerUnit / lanes));
  const fitting = Math.max(LEAST_ROWS / rowsPerUnit, RUN_VALUES / valuesPerUnit(model, rowsPerUnit));
  const expected = expectedBatchUnits(plan);
  // A run has an empty place for every batch (`ClippedSum`).
  const usual = Math.min(Math.ceil(expected + Math.sqrt(expected)) + 1, capacity);
  const runs = Math.ceil(usual / (lanes * fitting));
  return { lanes, unitsPerRun: Math.min(most, wholeBlocks(usual / (lanes * runs), rowsPerUnit)) };
}
