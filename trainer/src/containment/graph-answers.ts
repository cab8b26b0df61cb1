// Checks what a contained process answers: a graph that got hold of its process could answer anything.
import type { RoundInput, RoundResult } from '@consilium/dp-sgd';
import type { ModelProblem, RawOutputs } from '@consilium/onnx-grad';
import { GraphRefusedError } from '../errors.ts';
import type { GraphFacts } from './graph-engine.ts';
import type { GraphTask, Report } from './graph-task.ts';

/** Characters of a reason: many nodes may be named in it. */
const MOST_SAID = 2 ** 18;

type Fields = Readonly<Record<string, unknown>>;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
/** As long as names in a graph may be (`NAME_BYTES` of the engine). */
const isName = (value: unknown): boolean => typeof value === 'string' && value.length <= 512;
const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};

export const NO_REPORT = 'the process for graphs answered what no graph gives: export the model again';

function refuseUnless(holds: boolean, drawn: boolean): void {
  if (!holds) throw new GraphRefusedError('TRAINER_MODEL_INVALID', NO_REPORT, { drawn });
}

const PROBLEM_PARTS = ['field', 'text', 'remedy', 'node', 'operator'];

/** Problems of a model in their own words and nothing beside, as many characters as a reason may have. */
function areProblems(value: unknown): value is readonly ModelProblem[] {
  if (!Array.isArray(value)) return false;
  let characters = 0;
  return value.every((problem: unknown) => {
    const { field, text } = fieldsOf(problem);
    const parts = Object.entries(fieldsOf(problem));
    for (const [, part] of parts) characters += typeof part === 'string' ? part.length + 1 : Number.NaN;
    const areKnown = parts.every(([name]) => PROBLEM_PARTS.includes(name));
    return areKnown && field !== undefined && text !== undefined && characters <= MOST_SAID;
  });
}

/** A message of a process at a task; undefined where it is none. A round is prepared once. */
export function checkReport(
  message: unknown,
  { task, isPrepared }: { readonly task: GraphTask; readonly isPrepared: boolean },
): Report | undefined {
  const { kind, progress, reason, problems, total, isTooLarge } = fieldsOf(message);
  const { step, steps } = fieldsOf(progress);
  const holds: Readonly<Record<Report['kind'], boolean>> = {
    prepared: task.kind === 'train' && !isPrepared,
    progress: task.kind === 'train' && isPrepared && isCount(step) && isCount(steps),
    answer: task.kind !== 'train' || isPrepared,
    refused:
      typeof reason === 'string' &&
      reason.length <= MOST_SAID &&
      areProblems(problems) &&
      isCount(total) &&
      typeof isTooLarge === 'boolean',
  };
  const isReport = typeof kind === 'string' && Object.hasOwn(holds, kind) && holds[kind as Report['kind']];
  return isReport ? (message as Report) : undefined;
}

/** Parameters lie one after the other and fill the flat vector. */
export function checkFacts(answer: unknown): GraphFacts {
  const { features, outputs, parameters, parameterCount, values, finalActivation, shared } = fieldsOf(answer);
  let end = 0;
  const areLaidOut =
    Array.isArray(parameters) &&
    parameters.every((parameter) => {
      const { name, offset, size } = fieldsOf(parameter);
      const isNext = typeof name === 'string' && offset === end && isCount(size);
      if (isNext) end += size;
      return isNext;
    });
  const ends = fieldsOf(finalActivation ?? { name: '', opType: '' });
  const holds =
    areLaidOut &&
    parameterCount === end &&
    isCount(features) &&
    isCount(outputs) &&
    values instanceof Float32Array &&
    values.length === end &&
    typeof ends.name === 'string' &&
    typeof ends.opType === 'string' &&
    Array.isArray(shared) &&
    shared.every((weight) => {
      const { name, nodes } = fieldsOf(weight);
      return isName(name) && Array.isArray(nodes) && nodes.every(isName);
    });
  refuseUnless(holds, false);
  return answer as GraphFacts;
}

export function checkWritten(answer: unknown): Uint8Array {
  refuseUnless(answer instanceof Uint8Array, false);
  return answer as Uint8Array;
}

export function checkOutputs(answer: unknown): RawOutputs {
  const { values, width } = fieldsOf(answer);
  const isWhole =
    values instanceof Float64Array && isCount(width) && width > 0 && values.length % width === 0;
  refuseUnless(isWhole, true);
  return answer as RawOutputs;
}

/** Of the lengths that the round's own parameters have, and of as many steps as its plan. */
export function checkRoundResult(answer: unknown, { parameters, plan }: RoundInput): RoundResult {
  const { sharedDelta, localParameters, steps, state, noise } = fieldsOf(answer);
  const isWhole =
    sharedDelta instanceof Float64Array &&
    localParameters instanceof Float64Array &&
    sharedDelta.length + localParameters.length === parameters.length &&
    steps === plan.steps &&
    typeof state === 'object' &&
    typeof noise === 'object';
  refuseUnless(isWhole, true);
  return answer as RoundResult;
}
