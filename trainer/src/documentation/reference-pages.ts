// The pages of docs/reference/ that the trainer's code knows best: its errors, the operators that a graph may use, and
// the limits of a graph's file. A test keeps the pages equal to this.

import {
  limits,
  MAXIMUM_PARAMETERS,
  OPERATOR_GROUPS,
  REFUSALS,
  REMOVED,
  REWRITTEN,
} from '@consilium/onnx-grad/accepted-graphs';
import { DATA_PROBLEMS } from '../data/data-problem.ts';
import { TRAINER_ERRORS } from '../errors.ts';

const WRITTEN = 'Written from the code by `scripts/write-documentation.sh`.';

/** What an operator takes, where that is not all that ONNX allows. */
export const OPERATOR_NOTES: Readonly<Record<string, string>> = {
  MatMul: 'by a weight, by a constant, or data by data',
  Conv: 'one and two dimensions; stride, pads, `auto_pad`, dilation, groups',
  Gather: 'an embedding by integer codes, or constant places',
  Einsum: 'two operands; each letter in both of them or in the output; no ellipsis',
  Clip: 'constant bounds (ReLU6)',
  Round: 'halves to the even neighbour; its gradient is 0',
  Floor: 'its gradient is 0',
  Ceil: 'its gradient is 0',
  MaxPool: 'stride, pads, `auto_pad`, dilation, `ceil_mode`; the first of equal values gets the gradient',
  AveragePool: 'stride, pads, `auto_pad`, dilation, `ceil_mode`, `count_include_pad`',
  ReduceMax: 'equal values share the gradient',
  ReduceMin: 'equal values share the gradient',
  GlobalMaxPool: 'equal values share the gradient',
  PRelu: 'read as relu(x) - s relu(-x), so its gradient is 0 at x = 0',
  GroupNormalization: 'also as exporters spell it out',
};

const count = (number: number): string => number.toLocaleString('en-US');

/** What is limited, and the most that is accepted. */
const LIMITS: readonly (readonly [string, number])[] = [
  ...Object.values(limits.FILE_LIMITS).map(([what, most]) => [`the file: ${what}`, most] as const),
  ['bytes of a name; no control characters or marks of direction', limits.NAME_BYTES],
  ['axes of a value', limits.MAXIMUM_RANK],
  ['inputs of one node', limits.NODE_INPUTS],
  ['trained parameters', MAXIMUM_PARAMETERS],
  ['numbers in one constant', limits.CONSTANT_NUMBERS],
  ['numbers in all constants, computed ones included', limits.ALL_CONSTANT_NUMBERS],
  ['numbers of constants, counted each time that a node reads them', limits.CONSTANT_READS],
  ['numbers in all values of one row, windows of convolutions included', limits.NUMBERS_PER_ROW],
  ['numbers of one row in the output', limits.OUTPUTS],
  ['numbers in one channel with its pads', limits.PADDED_NUMBERS],
  ['patterns in `consilium.frozen`', limits.FROZEN_PATTERNS],
  ['graphs within graphs, the outermost included (control flow is refused by name)', limits.GRAPH_DEPTH],
];

function operatorsPage(): string {
  const rows = Object.entries(OPERATOR_GROUPS).flatMap(([group, rules]) =>
    rules.map(({ opType }) => `| \`${opType}\` | ${group} | ${OPERATOR_NOTES[opType] ?? ''} |`),
  );
  const rewritten = REWRITTEN.map(
    (opType) => `| \`${opType}\` | Read as several others | ${OPERATOR_NOTES[opType] ?? ''} |`,
  );
  return `# Operators and limits of a graph

${WRITTEN} [Graphs of your own](../concepts/graphs-of-your-own.md) says how to bring a model.

## Operators

| Operator | Kind | What it takes |
| --- | --- | --- |
${[...rows, ...rewritten].join('\n')}
| ${REMOVED.map((opType) => `\`${opType}\``).join(', ')} | Removed | the private step has noise of its own |

## Operators that are refused, and what to use

| Operator | Reason | Instead |
| --- | --- | --- |
${Object.entries(REFUSALS)
  .map(([opType, { reason, remedy }]) => `| \`${opType}\` | ${reason} | ${remedy} |`)
  .join('\n')}

## Limits

Every trainer that consents reads and runs a study's graph, and any member may propose one. So the file is read
strictly. A trainer checks these limits before it computes anything. A refusal names what was found and the limit. The
limits also hold for \`train\` and \`simulate\`.

| What | At most |
| --- | ---: |
${LIMITS.map(([what, most]) => `| ${what} | ${count(most)} |`).join('\n')}

Data outside the file is refused for every tensor.
`;
}

function errorsPage(): string {
  const rows = Object.entries(TRAINER_ERRORS).map(
    ([code, [kind, retries, meaning]]) =>
      `| \`${code}\` | ${kind} | ${retries ? 'yes' : 'no'} | ${meaning} |`,
  );
  const problems = Object.entries(DATA_PROBLEMS).map(([code, remedy]) => `| \`${code}\` | ${remedy} |`);
  return `# Errors of the trainer

${WRITTEN} The codes appear in answers under \`/v1/local\`, on \`/v1/local/jobs\`,
and in the trainer's log. "Tries again" means that the trainer tries again by itself, with growing pauses, and that
waiting costs no privacy.

| Code | Kind | Tries again | Meaning |
| --- | --- | --- | --- |
${rows.join('\n')}

## Problems of a data file

\`consilium-trainer check\` names line and column of each. An answer under \`/v1/local\` names the column only. Neither
shows a value.

| Code | Meaning, and what to do |
| --- | --- |
${problems.join('\n')}
`;
}

/** Each page by its file in docs/reference/. */
export const REFERENCE_PAGES: Readonly<Record<string, string>> = {
  'onnx-operators.md': operatorsPage(),
  'trainer-errors.md': errorsPage(),
};
