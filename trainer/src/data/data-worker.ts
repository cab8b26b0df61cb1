// The thread that reads files: each from a descriptor that was opened and checked, no more bytes than it had then.
import { parentPort } from 'node:worker_threads';
import { sourceOfDescriptor } from './byte-source.ts';
import { DataError } from './data-problem.ts';
import type { DataAnswer, DataTask } from './data-task.ts';
import { BlockFileError } from './find-people.ts';
import { type Dataset, datasetOf } from './read-dataset.ts';

async function answer({ descriptor, sizeBytes, name, ...wish }: DataTask): Promise<DataAnswer> {
  const source = sourceOfDescriptor(descriptor, sizeBytes);
  try {
    return { dataset: await datasetOf({ source, name }, wish) };
  } catch (error) {
    if (error instanceof BlockFileError) return { damaged: error.path };
    if (!(error instanceof DataError)) throw error;
    return { problems: error.problems, total: error.total };
  }
}

/** What is handed over rather than copied. */
const buffersOf = ({ patients, patientOfRow, encoded, people }: Dataset): ArrayBuffer[] =>
  [
    ...patients.chunks,
    patients.starts,
    patients.lengths,
    patientOfRow,
    ...(encoded === undefined ? [] : [...encoded.parts, encoded.labels]),
    ...(people === undefined ? [] : [people.flags, people.blockOf, people.fresh]),
  ].map(({ buffer }) => buffer as ArrayBuffer);

parentPort?.on('message', async (task: DataTask) => {
  const answered = await answer(task);
  parentPort?.postMessage(answered, 'dataset' in answered ? buffersOf(answered.dataset) : []);
});
