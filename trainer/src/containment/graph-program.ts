// The program of a contained process: it does with a graph what it is asked to, one task at a time, and nothing else.
// It has no secrets, an empty working directory, and can be killed at any line.
import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import { isOutOfMemory, TrainingInputError } from '@consilium/dp-sgd';
import { OnnxFormatError, UnsupportedModelError } from '@consilium/onnx-grad';
import { graphEngineInProcess as engine } from './graph-engine.ts';
import type { GraphTask, HeldRoundInput, Report, Request } from './graph-task.ts';
import { KeptRounds } from './kept-rounds.ts';
import { KeptScoring } from './kept-scoring.ts';
import { leaveDirectory } from './leave-directory.ts';

const PROGRESS_INTERVAL_MS = 50;

assert(process.send !== undefined, 'started by the trainer, with a channel');
const report = (message: Report): void => {
  process.send?.(message);
};
let onDrawAllowed: (() => void) | undefined;

const keptRounds = new KeptRounds();
const keptScoring = new KeptScoring();

async function train(input: HeldRoundInput) {
  let reportedAt = 0;
  return keptRounds.run(input, {
    onDrawing() {
      const { promise, resolve } = Promise.withResolvers<void>();
      onDrawAllowed = resolve;
      report({ kind: 'prepared' });
      return promise;
    },
    onProgress(progress) {
      const now = performance.now();
      if (now - reportedAt < PROGRESS_INTERVAL_MS && progress.step < progress.steps) return;
      reportedAt = now;
      report({ kind: 'progress', progress });
    },
  });
}

function perform(task: GraphTask): Promise<unknown> {
  switch (task.kind) {
    case 'read':
      return engine.read(task.graph);
    case 'probe':
      return engine.probe(task.graph, task.codes);
    case 'write':
      return engine.write(task.graph, task.values);
    case 'outputs':
      return keptScoring.outputs(task);
    case 'train':
      return train(task.input);
  }
}

/** The innermost reason of an error, in one line. */
function innermostOf(error: unknown): string {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  return current instanceof Error ? current.message.split('\n')[0]! : String(current);
}

/** What may be said of an error: what a runtime says of patients' rows may hold a value of theirs. */
function reasonFor(error: unknown, { kind }: GraphTask): string {
  const isOurs =
    error instanceof UnsupportedModelError ||
    error instanceof OnnxFormatError ||
    error instanceof TrainingInputError;
  if (isOurs) return error.message;
  switch (kind) {
    case 'read':
    case 'write':
      return `it cannot be read: ${innermostOf(error)}: export it again`;
    case 'probe':
      return `ONNX Runtime does not run the graph: ${innermostOf(error)}: export it to another operator set`;
    case 'outputs':
      return 'ONNX Runtime failed to run the graph on rows: export it to another operator set';
    case 'train':
      return 'its training step could not be built or run: export it to another operator set';
  }
}

process.on('message', async (request: Request) => {
  if (request.kind === 'draw') {
    onDrawAllowed?.();
    onDrawAllowed = undefined;
    return;
  }
  const { task } = request;
  try {
    report({ kind: 'answer', answer: await perform(task) });
  } catch (error) {
    const { problems, total } = error instanceof UnsupportedModelError ? error : { problems: [], total: 0 };
    const isTooLarge = isOutOfMemory(error);
    report({ kind: 'refused', reason: reasonFor(error, task), problems, total, isTooLarge });
  }
});
process.on('disconnect', () => {
  leaveDirectory();
  process.exit();
});
// A signal to the whole group (a service manager's, a terminal's) is the trainer's to answer: it ends this process, and
// must see that before it sees a draw fail.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => undefined);
new Worker(new URL('./parent-watch.js', import.meta.url), { workerData: process.ppid }).unref();
