// The thread that reads files.
import { parentPort } from 'node:worker_threads';
import { answerDataTask } from './answer-data-task.ts';
import type { DataTask } from './data-task.ts';
import type { Dataset } from './read-dataset.ts';

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
  const answered = await answerDataTask(task);
  parentPort?.postMessage(answered, 'dataset' in answered ? buffersOf(answered.dataset) : []);
});
