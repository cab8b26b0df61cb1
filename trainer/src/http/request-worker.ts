// The thread that does what a request asks where it may take long or much: see request-work.ts. There is one for each
// request, so that it loads what its task needs and no more.
import { parentPort, workerData } from 'node:worker_threads';
import type { ForwardModelDescription } from '@consilium/onnx-grad';
import { DataError } from '../data/data-problem.ts';
import { encodeRows } from '../data/encode-rows.ts';
import type { RequestAnswer, RequestTask } from './request-work.ts';

async function answer(task: RequestTask): Promise<RequestAnswer> {
  if ('model' in task) return buildGraph(task.model);
  try {
    return { inputs: encodeRows(task.rows, task.dictionary) };
  } catch (error) {
    if (error instanceof DataError) return { problems: error.problems, total: error.total };
    throw error;
  }
}

async function buildGraph(model: ForwardModelDescription): Promise<RequestAnswer> {
  const { buildForwardModel, readForwardModel, UnsupportedModelError } = await import('@consilium/onnx-grad');
  try {
    const graph = buildForwardModel(model);
    return { graph, parameters: readForwardModel(graph).parameterCount };
  } catch (error) {
    if (!(error instanceof UnsupportedModelError)) throw error;
    const { message, problems, total } = error;
    return { unsupported: { message, problems, total } };
  }
}

parentPort?.postMessage(await answer(workerData as RequestTask));
