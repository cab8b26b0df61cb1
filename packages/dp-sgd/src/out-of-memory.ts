// Memory that a step does not get: what Node and ONNX Runtime say then, and what a user can do about it.

const SAYINGS = [
  /Array buffer allocation failed/,
  /Invalid (typed )?array (buffer )?length/i,
  /Failed to allocate memory/,
  /bad_alloc|bad allocation/,
];

/** Whether an error, or what caused it, is that there was no memory. */
export function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return true;
  return SAYINGS.some((saying) => saying.test(error.message)) || isOutOfMemory(error.cause);
}

export const OUT_OF_MEMORY =
  'rowsPerRun: a step does not fit into the memory of this machine: take a smaller rowsPerRun (4096 where it is not ' +
  'given), a smaller model, or a dictionary of fewer features';
