// One check at a time, in a thread that is made for it and ended with it.
import { useCallback, useEffect, useRef, useState } from 'react';
import type { CheckResult } from './check-file.ts';
import type { VerifierMessage, VerifierTask } from './verifier-worker.ts';

/** How far a check is. */
export type CheckState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'checking'; readonly bytes: number; readonly total: number }
  | { readonly phase: 'stopped' }
  | { readonly phase: 'broken'; readonly text: string }
  | { readonly phase: 'done'; readonly task: VerifierTask; readonly result: CheckResult };

export interface Verifier {
  readonly state: CheckState;
  readonly start: (task: VerifierTask) => void;
  readonly stop: () => void;
  /** Forgets what was found. */
  readonly clear: () => void;
}

export function useVerifier(): Verifier {
  const worker = useRef<Worker | null>(null);
  const [state, setState] = useState<CheckState>({ phase: 'idle' });
  const end = useCallback(() => {
    worker.current?.terminate();
    worker.current = null;
  }, []);
  useEffect(() => end, [end]);

  const start = useCallback(
    (task: VerifierTask) => {
      end();
      setState({ phase: 'checking', bytes: 0, total: task.file.size });
      const thread = new Worker(new URL('./verifier-worker.ts', import.meta.url), {
        type: 'module',
        name: 'verifier',
      });
      worker.current = thread;
      const finish = (ending: CheckState) => {
        if (worker.current !== thread) return;
        end();
        setState(ending);
      };
      thread.onmessage = ({ data }: MessageEvent<VerifierMessage>) => {
        if (worker.current !== thread) return;
        if (data.kind === 'progress') {
          setState({ phase: 'checking', bytes: data.bytes, total: task.file.size });
        } else if (data.kind === 'result') finish({ phase: 'done', task, result: data.result });
        else finish({ phase: 'broken', text: data.text });
      };
      thread.onerror = (event) => finish({ phase: 'broken', text: event.message || 'no reason was given' });
      thread.postMessage(task);
    },
    [end],
  );
  const stop = useCallback(() => {
    end();
    setState({ phase: 'stopped' });
  }, [end]);
  const clear = useCallback(() => {
    end();
    setState({ phase: 'idle' });
  }, [end]);
  return { state, start, stop, clear };
}
