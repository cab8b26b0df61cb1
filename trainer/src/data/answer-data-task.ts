// What a thread that reads files does with a task: the file from a descriptor that was opened and checked, no more
// bytes than it had then.
import { sourceOfDescriptor } from './byte-source.ts';
import { DataError } from './data-problem.ts';
import type { DataAnswer, DataTask } from './data-task.ts';
import { BlockFileError } from './find-people.ts';
import { datasetOf } from './read-dataset.ts';

export async function answerDataTask({
  descriptor,
  sizeBytes,
  name,
  ...wish
}: DataTask): Promise<DataAnswer> {
  const source = sourceOfDescriptor(descriptor, sizeBytes);
  try {
    return { dataset: await datasetOf({ source, name }, wish) };
  } catch (error) {
    if (error instanceof BlockFileError) return { damaged: error.path };
    if (!(error instanceof DataError)) throw error;
    return { problems: error.problems, total: error.total };
  }
}
