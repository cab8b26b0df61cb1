// Sends one message to one orderer after the other, until what it was sent for is there. The first that takes it is
// usually enough. But one of several that agree with each other can take a message and order nothing, as while it alone
// asks for another leader: then the next one gets it too, which orders it, or knows that it was ordered.
import { setTimeout as sleep } from 'node:timers/promises';

export interface Sending<Orderer, There> {
  readonly orderers: readonly Orderer[];
  /** Undefined where the orderer takes it; else why it does not. */
  readonly send: (orderer: Orderer) => Promise<string | undefined>;
  /** What it was sent for; undefined while that is not there. */
  readonly look: () => Promise<There | undefined>;
  readonly lookEveryMs: number;
  readonly askAnotherAfterMs: number;
  readonly giveUpAfterMs: number;
}

/** No orderer took it, for these reasons. */
export class NotTakenError extends Error {
  override readonly name = 'NotTakenError';
  readonly answers: readonly string[];

  constructor(answers: readonly string[]) {
    super(`no orderer took it: ${answers.join('; ')}`);
    this.answers = answers;
  }
}

/**
 * @returns what is there then; undefined where it was taken, and is not there in time
 * @throws NotTakenError, and what `look` throws
 */
export async function sendUntilThere<Orderer, There>(
  sending: Sending<Orderer, There>,
): Promise<There | undefined> {
  const { send, look, lookEveryMs, askAnotherAfterMs, giveUpAfterMs } = sending;
  const left = [...sending.orderers];
  const answers: string[] = [];
  const sendToNext = async (): Promise<boolean> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const refusal = await send(next);
      if (refusal === undefined) return true;
      answers.push(refusal);
    }
    return false;
  };
  if (!(await sendToNext())) throw new NotTakenError(answers);
  const end = Date.now() + giveUpAfterMs;
  for (let another = Date.now() + askAnotherAfterMs; ; await sleep(lookEveryMs)) {
    const there = await look();
    if (there !== undefined) return there;
    if (Date.now() > end) return undefined;
    if (Date.now() < another) continue;
    // What it answers changes nothing: one has taken it.
    await sendToNext();
    another = Date.now() + askAnotherAfterMs;
  }
}
