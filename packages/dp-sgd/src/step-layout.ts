// How a batch is laid out over shards and runs of the step graph: from public numbers alone.
import type { ForwardModel } from '@consilium/onnx-grad';
import { numbersPerRow } from '@consilium/onnx-grad/step';
import { optimizerOf } from './optimizer-rule.ts';
import {
  capacityUnitsOf,
  expectedBatchUnits,
  MAXIMUM_ROWS_PER_RUN,
  type TrainingPlan,
} from './training-plan.ts';

export interface StepLayout {
  /** Shards that a batch is divided into. */
  readonly shards: number;
  /** Units that a shard holds in one run; the last of them is padding. */
  readonly unitsPerRun: number;
}

const WORTH_A_SHARD = 64;
/** Values of one parameter from which a layer counts as large. */
const LARGE_LAYER = 2 ** 16;

/** About how many values one run computes: 8 MiB, so that memory is bounded and most of it stays in the caches. */
const RUN_VALUES = 2 ** 21;
const LEAST_ROWS = 16;
/** The last unit of each shard is padding in every run (`ClippedSum`). */
const LEAST_UNITS = 2;
/** The same for models that take their batch in one run: 256 MiB, and several times that with gradients in double. */
const MOST_RUN_VALUES = 2 ** 26;

/** Units rounded up to whole blocks of 16 rows, which blocked channels need (`onnx-grad/ops/conv-blocked.ts`). */
function wholeBlocks(units: number, rowsPerUnit: number): number {
  let group = 1;
  while ((group * rowsPerUnit) % LEAST_ROWS !== 0) group *= 2;
  return Math.ceil(units / group) * group;
}

/**
 * How a model's batches are laid out. Models with convolutions or large layers take two shards. Convolutions store each
 * unit's gradient, and so they take several runs of few units, such that a batch somewhat above the expected size fills
 * the last one. How many runs a batch takes reveals its size to within a run; time is not part of the guarantee. All
 * other models take their batch in one run, as far as memory reaches for wide rows and long sequences.
 */
export function layoutOf(model: ForwardModel, plan: TrainingPlan): StepLayout {
  const capacity = capacityUnitsOf(plan);
  const isConvolution = model.nodes.some(({ opType }) => opType === 'Conv');
  const isLarge = model.parameters.some(({ size }) => size >= LARGE_LAYER);
  const shards = (isConvolution || isLarge) && capacity >= WORTH_A_SHARD ? 2 : 1;
  const { rowsPerUnit } = plan;
  const perUnit = numbersPerRow(model) * rowsPerUnit;
  if (!isConvolution) {
    const fitting = Math.floor(MOST_RUN_VALUES / shards / (perUnit + model.features * rowsPerUnit));
    return { shards, unitsPerRun: Math.max(LEAST_UNITS, Math.min(Math.ceil(capacity / shards), fitting)) };
  }
  const most = Math.max(
    LEAST_UNITS,
    Math.floor((plan.rowsPerRun ?? MAXIMUM_ROWS_PER_RUN) / rowsPerUnit / shards),
  );
  const fitting = Math.max(LEAST_ROWS / rowsPerUnit, RUN_VALUES / (perUnit + model.parameterCount));
  const expected = expectedBatchUnits(plan);
  const usual = Math.min(Math.ceil(expected + Math.sqrt(expected)) + 1, capacity);
  const runs = Math.ceil(usual / (shards * fitting));
  return {
    shards,
    unitsPerRun: Math.min(most, wholeBlocks(Math.max(LEAST_UNITS, usual / (shards * runs)), rowsPerUnit)),
  };
}

/**
 * Sizes of the graphs that each shard has, in units, ascending: the largest holds the largest run, and those before it
 * hold batches of about the expected size. Three batches of five are then within 2 % of the size of their graph, and
 * few take the largest. The size reveals how many units a batch has, to within a standard deviation, as time does for
 * convolutions.
 */
export function graphSizesOf({ shards, unitsPerRun }: StepLayout, plan: TrainingPlan): readonly number[] {
  const capacity = shards * (unitsPerRun - 1);
  const expected = expectedBatchUnits(plan);
  const inLastRun = expected % capacity;
  const smaller = [-1, 0, 1]
    .map((deviations) => Math.ceil((inLastRun + deviations * Math.sqrt(expected)) / shards) + 1)
    .filter((units) => units >= WORTH_A_SHARD && units < unitsPerRun);
  return [...smaller, unitsPerRun];
}

/** Work of a step from which many steps in one run save no time. */
const LARGEST_WORK = 2 ** 21;
/** Values of all rows that are kept again, as a table, at most: 128 MiB. */
const TABLE_VALUES = 2 ** 25;
/** Steps below which loading the graph of many steps takes longer than it saves. */
const WORTH_A_LOOP = 50;

/**
 * Whether a plan's steps are taken many to a run: gradient descent with a fixed norm, and a graph small enough that
 * the call would cost more than it computes, large enough for nearly every batch. It depends on public numbers alone.
 */
export function takesStepsTogether(
  plan: TrainingPlan,
  { parameterCount, features }: Pick<ForwardModel, 'parameterCount' | 'features'>,
  { shards, unitsPerRun }: StepLayout,
): boolean {
  const { rowsPerUnit } = plan;
  const isSmall = shards === 1 && unitsPerRun * rowsPerUnit * parameterCount < LARGEST_WORK;
  const isLargeEnough = unitsPerRun >= capacityUnitsOf({ ...plan, rowsPerRun: Number.POSITIVE_INFINITY });
  const isKept = plan.bandSize * rowsPerUnit * features <= TABLE_VALUES;
  const isDescent = optimizerOf(plan).kind === 'sgd' && plan.clipping?.kind !== 'adaptive';
  const isWorthIt = plan.steps >= WORTH_A_LOOP && plan.stepsPerRun !== 1;
  return isSmall && isLargeEnough && isKept && isDescent && isWorthIt;
}
