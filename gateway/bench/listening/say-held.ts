// Preloaded by a gateway whose memory a bench looks at: where it is asked, each of its threads collects what nobody
// holds and says what is left. What the process has of the system beside that is kept by V8 and `malloc` for later.
import { BroadcastChannel, isMainThread, type Worker } from 'node:worker_threads';

/** In bytes, of all threads. */
export interface Held {
  readonly heap: number;
  /** Outside the heap, for objects in it; buffers are a part of it. */
  readonly external: number;
  readonly buffers: number;
}

const { gc } = globalThis;
if (gc === undefined) throw new Error('what is held can be said with --expose-gc alone');

// They keep no thread alive.
const asks = new BroadcastChannel('what is held');
const answers = new BroadcastChannel('what a thread holds');
asks.unref();
answers.unref();

function heldByThread(): Held {
  gc!();
  const { heapUsed: heap, external, arrayBuffers: buffers } = process.memoryUsage();
  return { heap, external, buffers };
}

const sumOf = (all: readonly Held[]): Held => ({
  heap: all.reduce((sum, { heap }) => sum + heap, 0),
  external: all.reduce((sum, { external }) => sum + external, 0),
  buffers: all.reduce((sum, { buffers }) => sum + buffers, 0),
});

if (isMainThread) {
  const threads = new Set<Worker>();
  process.on('worker', (worker) => {
    threads.add(worker);
    worker.once('exit', () => threads.delete(worker));
  });
  process.on('message', () => {
    const others: Held[] = [];
    const answer = () => {
      if (others.length < threads.size) return;
      answers.onmessage = () => {};
      process.send!(sumOf([heldByThread(), ...others]));
    };
    answers.onmessage = ({ data }: { data: unknown }) => {
      others.push(data as Held);
      answer();
    };
    asks.postMessage('');
    answer();
  });
  process.channel?.unref();
} else {
  asks.onmessage = () => answers.postMessage(heldByThread());
}
