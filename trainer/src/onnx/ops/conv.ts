// Conv in one or two dimensions: y = x * W + b. What it costs depends on how it is computed: as products of matrices
// where channels are many, else by the runtime's convolution in blocks where there is one, or its ordinary one.
import { elementCount } from '../tensor-data.ts';
import { blockedForward, blockedWeightGradient, isWorthBlocks } from './conv-blocked.ts';
import {
  columnsForward,
  columnsInputGradient,
  columnsWeightGradient,
  hasColumnsInputGradient,
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

function wayOf(node: OpNode, step: ForwardStep): 'columns' | 'blocks' | 'direct' {
  if (isWorthColumns(node, step)) return 'columns';
  return isWorthBlocks(node, step) ? 'blocks' : 'direct';
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
      const biasGradient = way === 'direct' ? directBiasGradient : lastBiasGradient;
      const value = biasGradient(node, gradient, step);
      parameters.push(step.norms.perRow({ parameter: bias, value, size: filters }));
    }
    if (!step.needsGradient(data)) return { inputs: [], parameters };
    const inputGradient =
      way === 'columns' && hasColumnsInputGradient(node, step) ? columnsInputGradient : directInputGradient;
    return { inputs: [[data, inputGradient(node, gradient, step)]], parameters };
  },
};
