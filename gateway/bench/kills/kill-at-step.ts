// Preloaded by a gateway that a bench kills: it ends by SIGKILL at one step of a submission, which KILL_AT names, when
// it takes that step for the KILL_AT_TIME-th time. What a gateway runs is not changed otherwise: the step is seen at
// the calls to its peer, its outbox and its answers.
import { ServerResponse } from 'node:http';
import { Client } from '@grpc/grpc-js';
import { Outbox } from '../../src/outbox/outbox.js';

/** In the order in which a submission takes them. */
export const STEPS = [
  'endorsement asked',
  'endorsed',
  'to be recorded',
  'recorded',
  'being sent',
  'sent',
  'commit asked',
  'committed',
  'outcome to be recorded',
  'outcome recorded',
  'answer begun',
  'answered',
] as const;
export type Step = (typeof STEPS)[number];

/** At most: a call that was made has left the process then, or has not. */
const SOON_MS = 4;

const killAt = process.env.KILL_AT as Step | undefined;
/** Steps of this kind that it takes first. */
let left = Number(process.env.KILL_AT_TIME ?? 1) - 1;

/** `soon`: not at once, so that what was begun may leave the process, whole or in part. */
function reach(step: Step, soon = false): void {
  if (step !== killAt) return;
  left -= 1;
  if (left >= 0) return;
  const end = () => process.kill(process.pid, 'SIGKILL');
  if (soon) setTimeout(end, Math.random() * SOON_MS);
  else end();
}

const CALLS: Record<string, readonly [asked: Step, answered: Step]> = {
  '/gateway.Gateway/Endorse': ['endorsement asked', 'endorsed'],
  '/gateway.Gateway/Submit': ['being sent', 'sent'],
  '/gateway.Gateway/CommitStatus': ['commit asked', 'committed'],
};

// biome-ignore lint/suspicious/noExplicitAny: all forms of a call of the SDK
type Any = any;

if (killAt !== undefined) {
  const { makeUnaryRequest } = Client.prototype as Any;
  (Client.prototype as Any).makeUnaryRequest = function (this: Client, method: string, ...rest: Any[]) {
    const [asked, answered] = CALLS[method] ?? [];
    const callback = rest.at(-1);
    if (asked === undefined || answered === undefined || typeof callback !== 'function') {
      return makeUnaryRequest.call(this, method, ...rest);
    }
    rest[rest.length - 1] = (error: unknown, ...more: Any[]) => {
      if (error === null || error === undefined) reach(answered);
      callback(error, ...more);
    };
    const call = makeUnaryRequest.call(this, method, ...rest);
    reach(asked, true);
    return call;
  };
  const { recordSending, recordOutcome } = Outbox.prototype;
  Outbox.prototype.recordSending = async function (record) {
    reach('to be recorded');
    await recordSending.call(this, record);
    reach('recorded');
  };
  Outbox.prototype.recordOutcome = async function (transactionId, outcome) {
    reach('outcome to be recorded');
    await recordOutcome.call(this, transactionId, outcome);
    reach('outcome recorded');
  };
  const { end } = ServerResponse.prototype as Any;
  (ServerResponse.prototype as Any).end = function (this: ServerResponse, ...rest: Any[]) {
    // An answer that says that nothing is known, or that the peer is away, ends no submission.
    const isAnswer = this.req.method === 'POST' && this.statusCode < 300;
    if (isAnswer) reach('answer begun', true);
    const ended = end.apply(this, rest);
    if (isAnswer) this.once('finish', () => reach('answered'));
    return ended;
  };
}
