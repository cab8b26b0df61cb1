// The operators the engine can train through, and the reasons why some that people ask for are not among them.
import { add } from './add.ts';
import { flatten } from './flatten.ts';
import { gemm } from './gemm.ts';
import { identity } from './identity.ts';
import { matmul } from './matmul.ts';
import type { OpRule } from './op-rule.ts';
import { relu } from './relu.ts';
import { sigmoid } from './sigmoid.ts';
import { tanh } from './tanh.ts';

const RULES: ReadonlyMap<string, OpRule> = new Map(
  [add, flatten, gemm, identity, matmul, relu, sigmoid, tanh].map((rule) => [rule.opType, rule]),
);

const REFUSALS: Readonly<Record<string, string>> = {
  BatchNormalization: 'it mixes patients, so no gradient belongs to one; use LayerNormalization or none',
  Dropout: 'it is random; export the model in inference mode, without it',
};

export function ruleOf(opType: string): OpRule | undefined {
  return RULES.get(opType);
}

/** Why an operator without a rule is refused. */
export function refusalOf(opType: string): string {
  const known = [...RULES.keys()].join(', ');
  return REFUSALS[opType] ?? `the operator is not supported; supported are ${known}`;
}
