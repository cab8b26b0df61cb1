// The verifier in a thread of its own: the page stays usable while it checks, and ends it where it is stopped. It reads
// one file that it is given, and asks no network.
import { type CheckAsked, type CheckResult, checkFile } from './check-file.ts';

/** What the thread is asked. */
export interface VerifierTask extends CheckAsked {
  readonly file: File;
}

/** What it says. */
export type VerifierMessage =
  | { readonly kind: 'progress'; readonly bytes: number }
  | { readonly kind: 'result'; readonly result: CheckResult }
  | { readonly kind: 'broken'; readonly text: string };

/** What of a worker's global scope is used here: the page's own types have no name for it. */
interface WorkerScope {
  onmessage: ((event: { readonly data: VerifierTask }) => void) | null;
  postMessage(message: VerifierMessage): void;
}
declare const FileReaderSync: new () => { readAsArrayBuffer(blob: Blob): ArrayBuffer };

const PIECE_BYTES = 256 * 1024;
const scope = globalThis as unknown as WorkerScope;

function* piecesOf(file: Blob): Generator<Uint8Array, void, undefined> {
  const reader = new FileReaderSync();
  for (let at = 0; at < file.size; at += PIECE_BYTES) {
    yield new Uint8Array(reader.readAsArrayBuffer(file.slice(at, at + PIECE_BYTES)));
    scope.postMessage({ kind: 'progress', bytes: Math.min(at + PIECE_BYTES, file.size) });
  }
}

scope.onmessage = ({ data: { file, ...asked } }) => {
  try {
    scope.postMessage({ kind: 'result', result: checkFile(piecesOf(file), asked) });
  } catch (error) {
    scope.postMessage({ kind: 'broken', text: String(error).slice(0, 500) });
  }
};
