// Conv in one or two dimensions: y = x * W + b. dx is the transposed convolution of dy with W, with output_padding
// for the entries no window reached. A row's gradient of W is the convolution of x with dy as its kernel, strides
// and dilations exchanged; all rows take one convolution whose groups are the rows. That of b is Σ dy over space.
import { emitRowSum } from '../row-sums.ts';
import { elementCount } from '../tensor-data.ts';
import {
  type BackwardStep,
  dataShape,
  integerAttribute,
  type KnownValues,
  type OpNode,
  type OpRule,
  UnsupportedOp,
  whyNotParameter,
} from './op-rule.ts';
import { unreached, type Window, windowAttributes, windowOf } from './window.ts';

interface Reached {
  readonly value: string;
  /** Of its spatial axes. */
  readonly sizes: readonly number[];
  readonly pads: readonly number[];
}

interface Convolution {
  readonly group: number;
  readonly channels: number;
  readonly filters: number;
  readonly window: Window;
}

function convolutionOf(node: OpNode, values: KnownValues): Convolution {
  const [data, weight] = node.inputs as [string, string];
  const [, channels, ...input] = dataShape(data, values) as readonly number[];
  const [filters, perGroup, ...kernel] = values.shapeOf(weight) as readonly number[];
  const group = integerAttribute(node, 'group', 1);
  if (channels === undefined || filters === undefined || perGroup === undefined) {
    throw new UnsupportedOp('its input must be [rows, channels, space] and its weights as many axes');
  }
  if (perGroup * group !== channels || filters % group !== 0) {
    throw new UnsupportedOp(`${weight} takes ${perGroup * group} channels for an input of ${channels}`);
  }
  return { group, channels, filters, window: windowOf(node, { kernel, input }) };
}

/** A convolution's input without what no window reaches at its end, and the pads that are left. */
function reachedInput(node: OpNode, step: BackwardStep): Reached {
  const { writer } = step;
  const { window } = convolutionOf(node, step);
  const { pads, input } = window;
  const axes = input.length;
  // First the pad at the end is cut off, then the input's own end.
  const excess = unreached(window);
  const end = excess.map((count, i) => Math.min(count, pads[i + axes]!));
  const cut = pads.map((pad, i) => (i < axes ? pad : pad - end[i - axes]!));
  const used = input.map((size, i) => size - excess[i]! + end[i]!);
  let value = step.at(node.inputs[0]!);
  if (used.some((size, i) => size < input[i]!)) {
    const spatial = writer.int64s(input.map((_, i) => i + 2));
    value = writer.emit('Slice', [value, writer.int64s(input.map(() => 0)), writer.int64s(used), spatial]);
  }
  return { value, sizes: used, pads: cut };
}

/** The gradient of W summed over all rows, as one convolution whose channels are the rows; undefined for groups. */
function summedWeightGradient(
  node: OpNode,
  gradient: string,
  step: BackwardStep,
): (() => string) | undefined {
  const { writer } = step;
  const { group, window } = convolutionOf(node, step);
  if (group > 1) return undefined;
  const { strides, dilations, output } = window;
  const perm = [1, 0, ...output.map((_, i) => i + 2)];
  return () => {
    const { value, pads } = reachedInput(node, step);
    const x = writer.emit('Transpose', [value], { perm });
    const kernels = writer.emit('Transpose', [gradient], { perm });
    const attributes = { strides: dilations, dilations: strides, pads, kernel_shape: output };
    return writer.emit('Transpose', [writer.emit('Conv', [x, kernels], attributes)], { perm });
  };
}

/** Per-row gradients of W: [channels per group, rows, filters · kernel]. */
function weightGradient(node: OpNode, gradient: string, step: BackwardStep): string {
  const { writer, rowCount } = step;
  const { group, channels, filters, window } = convolutionOf(node, step);
  const { kernel, strides, dilations, input, output } = window;
  const perGroup = channels / group;
  const { value, sizes: used, pads: cut } = reachedInput(node, step);
  let x = value;
  if (perGroup > 1) {
    const split = writer.reshape(x, [rowCount, group, perGroup, ...used]);
    const space = input.map((_, i) => i + 3);
    x = writer.emit('Transpose', [split], { perm: [2, 0, 1, ...space] });
  }
  x = writer.reshape(x, [perGroup, rowCount * group, ...used]);
  const kernels = writer.reshape(gradient, [rowCount * filters, 1, ...output]);
  const product = writer.emit('Conv', [x, kernels], {
    group: rowCount * group,
    strides: dilations,
    dilations: strides,
    pads: cut,
    kernel_shape: output,
  });
  return writer.reshape(product, [perGroup, rowCount, filters * elementCount(kernel)]);
}

export const conv: OpRule = {
  opType: 'Conv',
  inferShape(node, values) {
    const [, weight, bias] = node.inputs as [string, string, string | undefined];
    if (!values.isParameter(weight)) throw new UnsupportedOp(whyNotParameter(weight, values));
    const { filters, window } = convolutionOf(node, values);
    if (bias && (!values.isParameter(bias) || values.shapeOf(bias).join() !== `${filters}`)) {
      throw new UnsupportedOp(`${bias} must be an initialiser of ${filters} values`);
    }
    return ['rows', filters, ...window.output];
  },
  forward(node, step) {
    const { group, window } = convolutionOf(node, step);
    const inputs = node.inputs.filter((input) => input !== '').map((input) => step.at(input));
    return { output: step.writer.emit('Conv', inputs, { group, ...windowAttributes(window) }) };
  },
  backward(node, gradient, step) {
    const { writer } = step;
    const [data, weight, bias] = node.inputs as [string, string, string | undefined];
    const { group, channels, filters, window } = convolutionOf(node, step);
    const kernelSize = elementCount(window.kernel);
    const plainSum = summedWeightGradient(node, gradient, step);
    const parameters = [
      step.norms.perRow({
        parameter: weight,
        value: weightGradient(node, gradient, step),
        size: (channels / group) * filters * kernelSize,
        lead: channels / group,
        // [channels, filters · kernel] to [filters, channels, kernel].
        restore: (sum) => {
          const split = writer.reshape(sum, [channels / group, filters, kernelSize]);
          return writer.emit('Transpose', [split], { perm: [1, 0, 2] });
        },
        ...(plainSum && { plainSum }),
      }),
    ];
    if (bias) {
      const sizes = step.sizesOf(node.output);
      const value = emitRowSum(writer, {
        value: gradient,
        sizes,
        axes: sizes.flatMap((_, i) => (i >= 2 ? [i] : [])),
      });
      parameters.push(step.norms.perRow({ parameter: bias, value, size: filters }));
    }
    if (!step.needsGradient(data)) return { inputs: [], parameters };
    const back = writer.emit('ConvTranspose', [gradient, step.at(weight)], {
      group,
      ...windowAttributes(window),
      output_padding: unreached(window),
    });
    return { inputs: [[data, back]], parameters };
  },
};
