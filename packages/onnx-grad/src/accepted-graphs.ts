// What a graph may be, as tables: operators, why others are refused, and limits. For whoever documents or checks them.
export * as limits from './format/graph-limits.ts';
export { MAXIMUM_PARAMETERS } from './format/unsupported-model.ts';
export { OPERATOR_GROUPS, REFUSALS, REMOVED, REWRITTEN, ruleOf } from './ops/registry.ts';
