// The thread that does what a request asks where it may take long or much: see request-work.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { buildForwardModel, readForwardModel, UnsupportedModelError } from '@consilium/onnx-grad';
import { DataError } from '../data/data-problem.ts';
import { encodeRows } from '../data/encode-rows.ts';
import type { RequestAnswer, RequestTask } from './request-work.ts';

function answer(task: RequestTask): RequestAnswer {
  try {
    if ('rows' in task) return { inputs: encodeRows(task.rows, task.dictionary) };
    const graph = buildForwardModel(task.model);
    return { graph, parameters: readForwardModel(graph).parameterCount };
  } catch (error) {
    if (error instanceof DataError) return { problems: error.problems, total: error.total };
    if (error instanceof UnsupportedModelError) {
      const { message, problems, total } = error;
      return { unsupported: { message, problems, total } };
    }
    throw error;
  }
}

parentPort?.postMessage(answer(workerData as RequestTask));
