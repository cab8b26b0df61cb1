// The thread that reads files: each from a descriptor that was opened and checked, no more bytes than it had then.
import { readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { DataError, problem } from './data-problem.ts';
import type { DataAnswer, DataTask } from './data-task.ts';
import { datasetOf } from './read-dataset.ts';
import { tableOf } from './read-table.ts';

function readBytes({ descriptor, sizeBytes }: DataTask): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let length = 0;
  try {
    while (length < sizeBytes) {
      const read = readSync(descriptor, bytes, length, sizeBytes - length, length);
      if (read === 0) break;
      length += read;
    }
  } catch (cause) {
    throw new DataError([problem('FILE_UNREADABLE')], { cause });
  }
  return bytes.subarray(0, length);
}

async function answer(task: DataTask): Promise<DataAnswer> {
  const { name, dictionary } = task;
  try {
    return { dataset: datasetOf(await tableOf({ bytes: readBytes(task), name }, dictionary), dictionary) };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { problems: error.problems, total: error.total };
  }
}

parentPort?.on('message', async (task: DataTask) => parentPort?.postMessage(await answer(task)));
