// The position of the rows among a value's axes. Exporters move the first axis, as PyTorch's MultiheadAttention does,
// [rows, time, width] to [time, rows, width], fold axes into it, [rows, heads, ...] to [rows · heads, ...], and later
// reverse both. That does not mix rows. This package keeps every value with its rows first and all other axes unfolded,
// in their order. A layout maps these to the axes of the graph.
import type { Constant, Count } from '../format/constant.ts';
import type { Shape } from '../ops/op-rule.ts';

/** Extents of the axes that one of the graph's is made of, the outermost first; all but that of the rows have one. */
type GraphAxis = readonly (number | 'rows')[];

/** The axes of a value as the graph has them; the rows are in exactly one of them. */
export type Layout = readonly GraphAxis[];

const product = (values: GraphAxis): number =>
  values.reduce<number>((result, value) => (value === 'rows' ? result : result * value), 1);

/** The layout of a value with its rows first. */
export const plainLayout = (shape: Shape): Layout =>
  shape.map((extent) => [typeof extent === 'number' ? extent : 'rows']);

/** The shape with the rows first, and all other axes in their order. */
export const innerShape = (layout: Layout): Shape => [
  'rows',
  ...layout.flat().filter((extent) => extent !== 'rows'),
];

/** Whether the graph has the rows of the value first. */
export const isPlain = ([first, ...rest]: Layout): boolean =>
  first?.join() === 'rows' && rest.every((axis) => axis.length === 1);

export const rowsAxisOf = (layout: Layout): number => layout.findIndex((axis) => axis.includes('rows'));

/** What the graph's own Shape operator says. */
export function graphShape(layout: Layout): Count[] {
  return layout.map((axis): Count => {
    const factor = product(axis);
    if (!axis.includes('rows')) return factor;
    return factor === 1 ? 'rows' : `rows*${factor}`;
  });
}

/** The unfolded axes of one of the graph's axes; for the axis of the rows, those that are folded into it. */
export function innerAxis(layout: Layout, axis: number): number {
  const before = layout.slice(0, axis).flat();
  return before.length + (before.includes('rows') ? 0 : 1);
}

/** The permutation of the unfolded axes for a permutation of the graph's axes. */
export function innerPermutation(layout: Layout, perm: readonly number[]): number[] {
  const axesOf = layout.map((axis, i) => {
    const first = innerAxis(layout, i);
    return axis.filter((extent) => extent !== 'rows').map((_, k) => first + k);
  });
  return [0, ...perm.flatMap((axis) => axesOf[axis]!)];
}

/** The layout with the extents of an inner shape of as many axes. */
export function withExtents(layout: Layout, shape: Shape): Layout {
  const rest = shape.slice(1) as number[];
  return layout.map((axis) => axis.map((extent) => (extent === 'rows' ? extent : rest.shift()!)));
}

/** The factor of an extent that has the rows in it; undefined of any other. */
const factorOf = (extent: Count): number | undefined =>
  typeof extent === 'number' ? undefined : Number(extent.split('*')[1] ?? 1);

/**
 * The layout after a Reshape to a target of which one extent may be -1 and 0 is an axis of no values; undefined where
 * it would mix rows or does not fit.
 *
 * Values are in the order of (outer, rows, inner) before and after: axes before the rows' are made of outer ones alone,
 * those after it of inner ones, and what is left of both is folded into the rows' own, on its side of them.
 */
export function reshapedLayout(layout: Layout, target: readonly Count[]): Layout | undefined {
  const flat = layout.flat();
  const rows = flat.indexOf('rows');
  const [outer, inner] = [product(flat.slice(0, rows)), product(flat.slice(rows + 1))];
  const stated = target.findIndex((extent) => typeof extent !== 'number');
  const open = stated >= 0 ? stated : target.indexOf(-1);
  if (open < 0) return undefined;
  const known = (extents: readonly Count[]) => product(extents.filter((extent) => extent !== -1) as number[]);
  const [lead, trail] = [known(target.slice(0, open)), known(target.slice(open + 1))];
  let [before, after] = [outer / lead, inner / trail];
  const factor = factorOf(target[open]!);
  const missing = stated >= 0 ? target.indexOf(-1) : -1;
  let extent = 1;
  if (factor !== undefined && missing >= 0) {
    extent = (before * after) / factor;
    if (missing < open) before = factor / after;
    else after = factor / before;
  }
  const whole = [before, after, extent].every((value) => Number.isInteger(value) && value >= 1);
  if (!whole || (factor !== undefined && before * after !== factor)) return undefined;
  return target.map((own, axis) => {
    if (axis === open) return [...(before > 1 ? [before] : []), 'rows', ...(after > 1 ? [after] : [])];
    return [own === -1 ? extent : (own as number)];
  });
}

/** Whether a weight or a constant has values for nothing but axes after the rows'. */
export function isAfterRows({ shape }: Pick<Constant, 'shape'>, layout: Layout): boolean {
  const beyond = layout.length - 1 - rowsAxisOf(layout);
  return shape.slice(0, Math.max(0, shape.length - beyond)).every((extent) => extent === 1);
}
