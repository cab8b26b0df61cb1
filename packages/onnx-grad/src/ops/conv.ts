// Conv in one or two dimensions: y = x * W + b. It is computed in the cheapest of three ways: by the runtime's
// blocked convolution where that supports it, otherwise as products of matrices where there are many channels, and
// otherwise by the ordinary operator.
import { elementCount } from '../format/tensor-data.ts';
import {
  blockedBiasGradient,
  blockedForward,
  blockedInputGradient,
  blockedWeightGradient,
  hasBlockedInputGradient,
  isWorthBlocks,
} from './conv-blocked.ts';
import {
  columnsForward,
  columnsInputGradient,
  columnsWeightGradient,
  isWorthColumns,
  lastBiasGradient,
} from './conv-columns.ts';
import {
  directBiasGradient,
  directForward,
  directInputGradient,
  directWeightGradient,
  directWeightSum,
} from './conv-direct.ts';
import { convolutionOf } from './convolution.ts';
import {
  type BackwardStep,
  type ForwardStep,
  type OpNode,
  type OpRule,
  UnsupportedOp,
  whyNotParameter,
} from './op-rule.ts';
import { hasSpatialBlocks } from './spatial-blocks.ts';

function wayOf(node: OpNode, step: ForwardStep): 'columns' | 'blocks' | 'direct' {
  if (isWorthBlocks(node, step, 'blocks')) return 'blocks';
  if (isWorthColumns(node, step)) return 'columns';
  return isWorthBlocks(node, step, 'less') ? 'blocks' : 'direct';
}

function weightGradient(node: OpNode, gradient: string, step: BackwardStep) {
  switch (wayOf(node, step)) {
    case 'columns':
      return columnsWeightGradient(node, gradient, step);
    case 'blocks':
      return blockedWeightGradient(node, gradient, step);
    case 'direct': {
      const plainSum = directWeightSum(node, gradient, step);
      return { ...directWeightGradient(node, gradient, step), ...(plainSum && { plainSum }) };
    }
  }
}

const BIAS_GRADIENTS = {
  columns: lastBiasGradient,
  blocks: blockedBiasGradient,
  direct: directBiasGradient,
};

function inputGradient(node: OpNode, gradient: string, step: BackwardStep): string {
  const way = wayOf(node, step);
  if (way === 'direct' || !hasSpatialBlocks(convolutionOf(node, step)))
    return directInputGradient(node, gradient, step);
  if (way === 'blocks' && hasBlockedInputGradient(node, step))
    return blockedInputGradient(node, gradient, step);
  return isWorthColumns(node, step)
    ? columnsInputGradient(node, gradient, step)
    : directInputGradient(node, gradient, step);
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
    switch (wayOf(node, step)) {
      case 'columns':
        return columnsForward(node, step);
      case 'blocks':
        return blockedForward(node, step);
      case 'direct':
        return { output: directForward(node, step) };
    }
  },
  backward(node, gradient, step) {
    const [data, weight, bias] = node.inputs as [string, string, string | undefined];
    const { filters } = convolutionOf(node, step);
    const way = wayOf(node, step);
    const size = elementCount(step.sizesOf(weight));
    const parameters = [
      step.norms.perRow({ parameter: weight, size, ...weightGradient(node, gradient, step) }),
    ];
    if (bias) {
      const value = BIAS_GRADIENTS[way](node, gradient, step);
      parameters.push(step.norms.perRow({ parameter: bias, value, size: filters }));
    }
    if (!step.needsGradient(data)) return { inputs: [], parameters };
    return { inputs: [[data, inputGradient(node, gradient, step)]], parameters };
  },
};
