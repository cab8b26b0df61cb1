// The errors a client of the RPC sees. Kubo answers 500 with a JSON body when a command fails, and 400 with
// plain text when the request itself cannot be read; clients tell them apart by that, so we do the same.

export class KuboError extends Error {
  override readonly name = 'KuboError';
}

export class KuboBadRequest extends Error {
  override readonly name = 'KuboBadRequest';
}

export function kuboErrorBody(message: string): string {
  return `${JSON.stringify({ Message: message, Code: 0, Type: 'error' })}\n`;
}

/** The message that a client gets for an error that is not one of ours, such as a failed write. */
export function kuboMessageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return `${syscall ?? 'write'} ${path ?? 'block'}: no space left on device`;
  }
  return error.message;
}
