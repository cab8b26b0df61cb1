// Recognises the errors of Node and ONNX Runtime when there is not enough memory for a step, and says what to do.

const SAYINGS = [
  /Array buffer allocation failed/,
  /Invalid (typed )?array (buffer )?length/i,
  /Failed to allocate memory/,
  /bad_alloc|bad allocation/,
];

/** Whether an error, or one of its causes, means that there was not enough memory. */
export function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return true;
  return SAYINGS.some((saying) => saying.test(error.message)) || isOutOfMemory(error.cause);
}

/** What is wrong, and what to do, where a step does not fit into memory. See `isOutOfMemory`. */
export const OUT_OF_MEMORY =
  'rowsPerRun: a step does not fit into the memory of this machine: take a smaller rowsPerRun (4096 where it is not ' +
  'given), a smaller model, or a dictionary of fewer features';
