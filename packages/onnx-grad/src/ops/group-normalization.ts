// GroupNormalization and InstanceNormalization (one channel a group): x̂ within each row and group of channels,
// y = x̂ s + b per channel; a row's gradient of s is Σ dy x̂ over space, that of b Σ dy. Wu and He 2018.

import { elementCount } from '../format/tensor-data.ts';
import { emitNormalised, emitNormalisedGradient } from './normalise.ts';
import {
  dataShape,
  type ForwardStep,
  floatAttribute,
  integerAttribute,
  type KnownValues,
  type OpNode,
  type OpRule,
  UnsupportedOp,
} from './op-rule.ts';
import { emitRowSum } from './row-sums.ts';

/** [channels], or [groups] where operator set 18 gave each group one scale; repeated per channel and spread. */
function perChannel(step: ForwardStep, parameter: string, sizes: readonly number[]): string {
  const { writer } = step;
  const [, channels = 1, ...space] = sizes;
  const own = step.sizesOf(parameter)[0]!;
  let value = step.at(parameter);
  if (own !== channels) {
    const column = writer.reshape(value, [own, 1]);
    value = writer.emit('Expand', [column, writer.int64s([own, channels / own])]);
  }
  return writer.reshape(value, [1, channels, ...space.map(() => 1)]);
}

function groupedRule(opType: string, groupsOf: (node: OpNode, channels: number) => number): OpRule {
  const layout = (node: OpNode, values: KnownValues) => {
    const [, channels, ...space] = dataShape(node.inputs[0]!, values) as readonly number[];
    if (channels === undefined) throw new UnsupportedOp('its input must be [rows, channels, space]');
    return { channels, space: elementCount(space), groups: groupsOf(node, channels) };
  };
  return {
    opType,
    inferShape(node, values) {
      const { channels, groups } = layout(node, values);
      if (groups < 1 || channels % groups !== 0) {
        throw new UnsupportedOp(`${channels} channels do not divide into ${groups} groups`);
      }
      for (const input of node.inputs.slice(1)) {
        const [own, ...rest] = values.shapeOf(input);
        if (rest.length > 0 || (own !== channels && own !== groups)) {
          throw new UnsupportedOp(`${input} must have ${channels} values`);
        }
      }
      return values.shapeOf(node.inputs[0]!);
    },
    forward(node, step) {
      const { writer } = step;
      const [data, scale, bias] = node.inputs as [string, string, string];
      const sizes = step.sizesOf(data);
      const { channels, space, groups } = layout(node, step);
      const groupSizes = [step.rowCount, groups, (channels / groups) * space];
      const grouped = writer.reshape(step.at(data), groupSizes);
      const epsilon = floatAttribute(node, 'epsilon', 1e-5);
      const { normalised, inverse } = emitNormalised(step, {
        value: grouped,
        sizes: groupSizes,
        axes: [2],
        epsilon,
      });
      const shaped = writer.reshape(normalised, sizes);
      const scaled = writer.emit('Mul', [shaped, perChannel(step, scale, sizes)]);
      const output = writer.emit('Add', [scaled, perChannel(step, bias, sizes)]);
      return { output, saved: [normalised, inverse] };
    },
    backward(node, gradient, step) {
      const { writer, rowCount } = step;
      const [data, scale, bias] = node.inputs as [string, string, string];
      const [normalised, inverse] = step.savedBy(node) as [string, string];
      const sizes = step.sizesOf(data);
      const { channels, space, groups } = layout(node, step);
      const perRow = (parameter: string, value: string) => {
        const size = step.sizesOf(parameter)[0]!;
        const shape = [rowCount, size, (channels / size) * space];
        const flat = writer.reshape(value, shape);
        const summed = emitRowSum(writer, { value: flat, sizes: shape, axes: [2] });
        return step.norms.perRow({ parameter, value: summed, size });
      };
      const parameters = [];
      if (step.isParameter(scale)) {
        parameters.push(perRow(scale, writer.emit('Mul', [gradient, writer.reshape(normalised, sizes)])));
      }
      if (step.isParameter(bias)) parameters.push(perRow(bias, gradient));
      if (!step.needsGradient(data)) return { inputs: [], parameters };
      const scaled = writer.emit('Mul', [gradient, perChannel(step, scale, sizes)]);
      const groupSizes = [rowCount, groups, (channels / groups) * space];
      const grouped = writer.reshape(scaled, groupSizes);
      const back = emitNormalisedGradient(step, {
        gradient: grouped,
        normalised,
        inverse,
        sizes: groupSizes,
        axes: [2],
      });
      return { inputs: [[data, writer.reshape(back, sizes)]], parameters };
    },
  };
}

export const groupNormalization = groupedRule('GroupNormalization', (node) =>
  integerAttribute(node, 'num_groups', 0),
);
export const instanceNormalization = groupedRule('InstanceNormalization', (_node, channels) => channels);
