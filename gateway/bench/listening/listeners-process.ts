// The listeners' process as a bench speaks to it.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endsWithBench } from '../on-ledger/interruption.ts';
import type { Asked, Came } from './listeners.ts';

const LISTENERS = fileURLToPath(new URL('./listeners.js', import.meta.url));
/** After the last transaction: by then every listener has every event, or it is said that it has not. */
const DELIVERY_MS = 120_000;

export class Listeners {
  readonly host: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, host: string) {
    this.#child = child;
    this.host = host;
  }

  /** @param authorityFile where it writes the authority of its certificate */
  static async start(authorityFile: string): Promise<Listeners> {
    const child = fork(LISTENERS, [authorityFile]);
    endsWithBench(child);
    const [{ host }] = (await once(child, 'message')) as [{ host: string }];
    return new Listeners(child, host);
  }

  /** @returns what came until it was done */
  async ask(asked: Asked): Promise<Came> {
    const answered = once(this.#child, 'message');
    this.#child.send(asked);
    const [{ answer, error }] = (await answered) as [{ answer: Came; error?: string }];
    if (error !== undefined) throw new Error(error);
    return answer;
  }

  stop(): void {
    this.#child.kill('SIGTERM');
  }
}

/** Whether every stream and every webhook has the same number of events, and the streams in one order. */
export const isWhole = ({ events, webhooks, sequences, ended }: Came): boolean =>
  new Set([...events, ...webhooks]).size === 1 && sequences <= 1 && ended === 0;

/** What came, once everybody has everything, or after a while. */
export async function untilWhole(listeners: Listeners, holds = isWhole): Promise<Came> {
  const endsAtMs = Date.now() + DELIVERY_MS;
  let came = await listeners.ask({ do: 'count' });
  while (!holds(came) && Date.now() < endsAtMs) {
    await sleep(500);
    came = await listeners.ask({ do: 'count' });
  }
  return came;
}
