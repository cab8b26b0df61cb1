// The operators that can be trained through, and the reasons why some that people often need cannot.
import { abs } from './abs.ts';
import { add } from './add.ts';
import { averagePool } from './average-pool.ts';
import { cast } from './cast.ts';
import { clip } from './clip.ts';
import { comparisons, not } from './compare.ts';
import { concat } from './concat.ts';
import { conv } from './conv.ts';
import { div } from './div.ts';
import { elu } from './elu.ts';
import { erf } from './erf.ts';
import { exp } from './exp.ts';
import { flatten } from './flatten.ts';
import { gather } from './gather.ts';
import { gelu } from './gelu.ts';
import { gemm } from './gemm.ts';
import { groupNormalization, instanceNormalization } from './group-normalization.ts';
import { hardSigmoid, hardSwish } from './hard-sigmoid.ts';
import { layerNormalization } from './layer-normalization.ts';
import { leakyRelu } from './leaky-relu.ts';
import { log } from './log.ts';
import { matmul } from './matmul.ts';
import { maxPool } from './max-pool.ts';
import { mish } from './mish.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import type { OpRule } from './op-rule.ts';
import { pad } from './pad.ts';
import { pow } from './pow.ts';
import { reciprocal } from './reciprocal.ts';
import { globalAveragePool, reduceMean, reduceSum } from './reduce.ts';
import { globalMaxPool, reduceMax, reduceMin } from './reduce-max.ts';
import { relu } from './relu.ts';
import { reshape } from './reshape.ts';
import { roundings } from './round.ts';
import { sigmoid } from './sigmoid.ts';
import { slice } from './slice.ts';
import { logSoftmax, softmax } from './softmax.ts';
import { softplus } from './softplus.ts';
import { sqrt } from './sqrt.ts';
import { squeeze, unsqueeze } from './squeeze.ts';
import { sub } from './sub.ts';
import { tanh } from './tanh.ts';
import { transpose } from './transpose.ts';
import { where } from './where.ts';

const DENSE = [gemm, matmul, conv, gather];
const ARITHMETIC = [add, sub, mul, div, pow, exp, log, sqrt, neg, reciprocal, abs, erf, ...roundings];
const ACTIVATIONS = [
  relu,
  leakyRelu,
  elu,
  tanh,
  sigmoid,
  softplus,
  gelu,
  mish,
  softmax,
  logSoftmax,
  clip,
  hardSigmoid,
  hardSwish,
];
const POOLS = [
  maxPool,
  averagePool,
  globalAveragePool,
  reduceMean,
  reduceSum,
  globalMaxPool,
  reduceMax,
  reduceMin,
];
const SHAPES = [flatten, reshape, transpose, concat, slice, squeeze, unsqueeze, pad, cast];
const NORMALISATIONS = [layerNormalization, groupNormalization, instanceNormalization];
const CONDITIONS = [...comparisons, not, where];

/** The operators that have rules, in groups as the documentation names them. */
export const OPERATOR_GROUPS: Readonly<Record<string, readonly OpRule[]>> = {
  'Dense layers': DENSE,
  Arithmetic: ARITHMETIC,
  Comparisons: CONDITIONS,
  Activations: ACTIVATIONS,
  'Pools and reductions': POOLS,
  Shapes: SHAPES,
  Normalisations: NORMALISATIONS,
};

const RULES: ReadonlyMap<string, OpRule> = new Map(
  Object.values(OPERATOR_GROUPS)
    .flat()
    .map((rule) => [rule.opType, rule]),
);

/** Why an operator is not supported, and what to do about it. */
export interface OperatorRefusal {
  readonly reason: string;
  readonly remedy: string;
}

const RECURRENT = {
  reason: 'recurrent layers are not supported',
  remedy: 'use Conv over time, or attention',
};
const CONTROL = {
  reason: 'control flow is not supported',
  remedy: 'export a graph that is the same for every row',
};
const SEQUENCE = {
  reason: 'lists of values are not supported',
  remedy: 'export with optimize=True, the default of torch.onnx.export, which splits without',
};
const RECURRENT_OPERATORS = ['LSTM', 'GRU', 'RNN', 'Loop', 'Scan'];
/** Operators that people often need, and what to use instead. */
export const REFUSALS: Readonly<Record<string, OperatorRefusal>> = {
  BatchNormalization: {
    reason: 'it mixes patients, so no gradient belongs to one',
    remedy: 'use GroupNormalization or LayerNormalization',
  },
  LSTM: RECURRENT,
  GRU: RECURRENT,
  RNN: RECURRENT,
  Attention: {
    reason: 'it is not supported as one operator',
    remedy: 'export to operator set 22 or before, which spells it out',
  },
  Erfc: { reason: 'ONNX has no such operator', remedy: 'for Keras use gelu with approximate=True' },
  SplitToSequence: SEQUENCE,
  SequenceAt: SEQUENCE,
  If: CONTROL,
  Loop: CONTROL,
  Scan: CONTROL,
};

/** Operators that are read as several others. */
export const REWRITTEN: readonly string[] = ['Split', 'PRelu', 'Einsum'];
/** Operators without effect in training: the private step has its own noise. */
export const REMOVED: readonly string[] = ['Identity', 'Dropout'];

/** How an operator is differentiated and bounded; undefined where it is not supported. */
export function ruleOf(opType: string): OpRule | undefined {
  return RULES.get(opType);
}

/** Why an operator without a rule is refused. */
export function refusalOf(opType: string): OperatorRefusal {
  const refusal = isExplained(opType) ? REFUSALS[opType] : undefined;
  return refusal ?? { reason: 'the operator is not supported', remedy: 'write the layer in supported ones' };
}

/** Whether the refusal itself says what to use instead. */
export const isExplained = (opType: string): boolean => Object.hasOwn(REFUSALS, opType);

/** Whether the operator is recurrent: exporters transpose its input. */
export const isRecurrent = (opType: string): boolean => RECURRENT_OPERATORS.includes(opType);

/** What to export instead of operators without a rule. */
export function supportedOperators(): string {
  return `supported operators are ${[...RULES.keys(), ...REWRITTEN, ...REMOVED].join(', ')}`;
}
