// What private training needs besides the public surface: bounds on rounding and overflow, the properties of this
// machine's runtime on which they depend, and the graph of many steps. Not stable between versions.
export { BLOCK_ROWS } from './lowering/block-sums.ts';
export { LARGEST_FEATURE, type OverflowBounds, overflowBoundsOf } from './lowering/overflow-bounds.ts';
export type { StepRounding } from './lowering/step-graph.ts';
export {
  buildStepLoop,
  loopFloatFrom,
  type RowColumn,
  type RowTable,
  type StepCorrection,
  type StepLoop,
} from './lowering/step-loop.ts';
export { numbersPerRow } from './model/numbers-per-row.ts';
export { findBlockedChannels } from './probes/blocked-channels.ts';
export { addsUnitsInOrder } from './probes/row-order.ts';
