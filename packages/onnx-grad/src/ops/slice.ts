// Slice of a row's axes: y = x[start:end:step]; dx = dy among zeros.
import {
  constantNumbers,
  dataShape,
  type Extent,
  integersAttribute,
  type KnownValues,
  NO_GRADIENTS,
  type OpNode,
  type OpRule,
  UnsupportedOp,
} from './op-rule.ts';
import { scatterBack } from './select.ts';

interface Range {
  readonly axis: number;
  readonly start: number;
  readonly count: number;
  readonly step: number;
}

function rangesOf(node: OpNode, values: KnownValues): Range[] {
  const shape = dataShape(node.inputs[0]!, values);
  const list = (index: number, attribute: string): readonly number[] | undefined =>
    node.inputs[index]
      ? (constantNumbers(node.inputs[index], values) as readonly number[])
      : integersAttribute(node, attribute);
  const [starts, ends] = [list(1, 'starts') ?? [], list(2, 'ends') ?? []];
  const axes = list(3, 'axes') ?? starts.map((_, i) => i);
  const steps = list(4, 'steps') ?? starts.map(() => 1);
  return starts.flatMap((from, i) => {
    const axis = axes[i]! < 0 ? axes[i]! + shape.length : axes[i]!;
    const [end, step] = [ends[i]!, steps[i]!];
    if (axis === 0) {
      if (from === 0 && step === 1 && end >= 2 ** 31 - 1) return [];
      throw new UnsupportedOp('it takes some rows only, which would mix them');
    }
    if (step < 1) throw new UnsupportedOp('its steps must be positive');
    const extent = shape[axis] as number;
    const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + extent : at, 0), extent);
    const start = clamp(from);
    return [{ axis, start, step, count: Math.max(0, Math.ceil((clamp(end) - start) / step)) }];
  });
}

export const slice: OpRule = {
  opType: 'Slice',
  inferShape(node, values) {
    const shape = dataShape(node.inputs[0]!, values);
    return rangesOf(node, values).reduce<readonly Extent[]>(
      (result, { axis, count }) => result.with(axis, count),
      shape,
    );
  },
  isDiscrete: (node, values) => values.isDiscrete(node.inputs[0]!),
  forward(node, step) {
    const { writer } = step;
    const ranges = rangesOf(node, step);
    const lists = [
      ranges.map(({ start }) => start),
      ranges.map(({ start, count, step: by }) => start + (count - 1) * by + 1),
      ranges.map(({ axis }) => axis),
      ranges.map(({ step: by }) => by),
    ];
    const inputs = [step.at(node.inputs[0]!), ...lists.map((list) => writer.int64s(list))];
    return { output: writer.emit('Slice', inputs) };
  },
  backward(node, gradient, step) {
    const [input] = node.inputs as [string];
    if (!step.needsGradient(input)) return NO_GRADIENTS;
    const sizes = step.sizesOf(input);
    const ranges = rangesOf(node, step);
    const { writer } = step;
    if (ranges.every((range) => range.step === 1)) {
      const before = sizes.map((_, axis) => ranges.find((range) => range.axis === axis)?.start ?? 0);
      const after = sizes.map((size, axis) => {
        const range = ranges.find((candidate) => candidate.axis === axis);
        return range === undefined ? 0 : size - range.start - range.count;
      });
      const padded = writer.emit('Pad', [gradient, writer.int64s([...before, ...after]), writer.float(0)]);
      return { inputs: [[input, padded]], parameters: [] };
    }
    let current = gradient;
    for (const { axis, start, count, step: by } of ranges) {
      const indices = Array.from({ length: count }, (_, k) => start + k * by);
      current = scatterBack(current, { axis, sizes, indices }, step);
    }
    return { inputs: [[input, current]], parameters: [] };
  },
};
