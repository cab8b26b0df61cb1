// Squeeze and Unsqueeze: y = x without, or with, axes of extent 1; dx = dy in the shape of x.
import { axesOf, reshaping, UnsupportedOp } from './op-rule.ts';

export const squeeze = reshaping('Squeeze', (node, values, shape) => {
  const given = axesOf(node, values)?.map((axis) => (axis < 0 ? axis + shape.length : axis));
  const axes = given ?? shape.flatMap((extent, axis) => (extent === 1 ? [axis] : []));
  if (axes.some((axis) => shape[axis] !== 1)) throw new UnsupportedOp('it squeezes an axis that is not 1');
  return shape.filter((_, axis) => !axes.includes(axis));
});

export const unsqueeze = reshaping('Unsqueeze', (node, values, shape) => {
  const given = axesOf(node, values) ?? [];
  const rank = shape.length + given.length;
  const axes = given.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  if (axes.includes(0)) throw new UnsupportedOp('it puts an axis before the rows');
  return axes.reduce<typeof shape>((result, axis) => result.toSpliced(axis, 0, 1), shape);
});
