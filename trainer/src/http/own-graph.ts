// A graph that a researcher brings for a study: read and tried in a process that can be ended, as every trainer will,
// and only then put into IPFS, in clear.
import { type Dictionary, encodingOf, inputNames, type Study } from '@consilium/domain';
import { matchesPattern, nodeProblem } from '@consilium/onnx-grad';
import { TrainerError } from '../errors.ts';
import { codeInputs } from '../study/code-features.ts';
import { modelProblemRefusal } from '../study/model-refusal.ts';
import { StudyModel } from '../study/study-model.ts';
import type { TrainerContext } from '../study/trainer-context.ts';

export interface OwnGraphRequest {
  /** The ONNX file in base64. */
  readonly onnx: string;
  readonly dictionary: Dictionary;
  readonly localParameters: readonly string[];
}

const refuse = (detail: string): never => {
  throw new TrainerError('TRAINER_MODEL_INVALID', detail);
};

/**
 * What a study says of the graph, once it is published.
 *
 * @throws TrainerError TRAINER_MODEL_INVALID where it does not fit the dictionary, or cannot be learned or run
 */
export async function publishOwnGraph(
  { exchange, graphs }: Pick<TrainerContext, 'exchange' | 'graphs'>,
  { onnx, dictionary, localParameters }: OwnGraphRequest,
): Promise<Study['model']> {
  const graph = new Uint8Array(Buffer.from(onnx, 'base64'));
  const { features, target } = encodingOf(dictionary);
  const names = inputNames(features);
  const facts = await graphs.read(graph);
  if (facts.features !== names.length) {
    refuse(
      `the graph takes ${facts.features} values a row, the dictionary gives ${names.length}: ${names.join(', ')}`,
    );
  }
  if (target.kind !== 'binary' && target.kind !== 'categorical') {
    refuse(`a study on the ledger learns a binary or categorical label, and this one is ${target.kind}`);
  }
  const wanted = target.kind === 'categorical' ? target.categories.length : 1;
  if (target.kind === 'binary' ? facts.outputs > 2 : facts.outputs !== wanted) {
    const needs = target.kind === 'binary' ? 'one or two' : wanted;
    refuse(`the graph has ${facts.outputs} outputs a row; a ${target.kind} label needs ${needs}`);
  }
  if (facts.finalActivation?.opType === 'Exp') {
    const reason = 'the graph ends in it, as those of counts do, and a study here learns classes';
    throw modelProblemRefusal(nodeProblem(facts.finalActivation, reason, 'export the value before it'));
  }
  for (const pattern of localParameters) {
    if (facts.parameters.some(({ name }) => matchesPattern(name, [pattern]))) continue;
    const there = facts.parameters.map(({ name }) => name).join(', ');
    refuse(`localParameters: no parameter matches ${pattern}; there are ${there}`);
  }
  const described = {
    inputs: facts.features,
    parameters: facts.parameterCount,
    localParameters: [...localParameters],
  };
  const model = await StudyModel.read(graph, described, graphs);
  await model.checkRuns(codeInputs(dictionary));
  return { graph: await exchange.publishPlain(graph, 'graph'), ...described };
}
