// The hospital's other systems while a gateway is measured: readers of its event stream, and a receiver of webhooks.
// They are a process of their own, so that what they do is nobody else's processor time. Started by the bench, which
// tells them where to listen and asks what came, over the channel between the two.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { ClientRequest } from 'node:http';
import { get, request } from 'node:https';
import { ROUTES } from '@consilium/client';
import { WebhookReceiver } from '../../src/testing/webhook-receiver.ts';

/** What a bench says. */
export type Asked =
  | { readonly do: 'listen'; readonly to: Gateway; readonly streams: number; readonly webhooks: number }
  | { readonly do: 'count' }
  /** Closes the streams and removes the webhooks. */
  | { readonly do: 'end' };

export interface Gateway {
  readonly url: string;
  /** PEM of the authority of its certificate. */
  readonly authority: string;
  /** What to show for streams. */
  readonly token: string;
  /** What registers webhooks: they need an API key. */
  readonly apiKey: string;
}

/** What came until now. */
export interface Came {
  readonly streams: number;
  /** Streams that were ended. */
  readonly ended: number;
  /** By how many events a stream or a webhook has. */
  readonly events: readonly number[];
  /** How many different sequences of ids the streams have: 1 where all have the same. */
  readonly sequences: number;
  readonly webhooks: readonly number[];
  /** In all, with what came more than once. */
  readonly requestsOfWebhooks: number;
}

/** The most streams that are opened at once. */
const OPENED_AT_ONCE = 20;

interface Stream {
  events: number;
  readonly ids: ReturnType<typeof createHash>;
}

const streams: Stream[] = [];
const openRequests: ClientRequest[] = [];
let isEnding = false;
let ended = 0;

function open({ url, authority, token }: Gateway): Promise<void> {
  const stream: Stream = { events: 0, ids: createHash('sha256') };
  streams.push(stream);
  return new Promise((resolve, reject) => {
    const options = { agent: false, ca: authority, headers: { authorization: `Bearer ${token}` } };
    const asked = get(`${url}${ROUTES.streamEvents.path}`, options, (answer) => {
      if (answer.statusCode !== 200) {
        reject(new Error(`an event stream is refused: ${answer.statusCode}`));
        return;
      }
      let rest = '';
      answer.setEncoding('utf8').on('data', (text: string) => {
        const lines = `${rest}${text}`.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          if (!line.startsWith('id: ')) continue;
          stream.events += 1;
          stream.ids.update(line);
        }
        resolve();
      });
      answer.once('close', () => {
        if (!isEnding) ended += 1;
      });
      answer.on('error', reject);
    });
    asked.on('error', reject);
    openRequests.push(asked);
  });
}

/** @returns the body of an answer of success */
function ask({ url, authority, apiKey }: Gateway, method: string, path: string, body = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${apiKey}`,
      ...(body !== '' && { 'content-type': 'application/json' }),
    };
    const sent = request(
      `${url}${path}`,
      { agent: false, ca: authority, method, headers },
      async (answer) => {
        let text = '';
        for await (const piece of answer.setEncoding('utf8')) text += piece;
        const status = answer.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve(text);
        else reject(new Error(`${method} ${path}: ${status} ${text}`));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const perHook = new Map<string, Set<string>>();
let requestsOfWebhooks = 0;
const removals: (() => Promise<unknown>)[] = [];

async function listen(receiver: WebhookReceiver, asked: Asked & { do: 'listen' }): Promise<void> {
  const { to, streams: count, webhooks } = asked;
  const { path } = ROUTES.registerWebhook;
  for (let at = 0; at < webhooks; at += 1) {
    perHook.set(`/hook/${at}`, new Set());
    const target = JSON.stringify({ url: receiver.url(`/hook/${at}`) });
    const { webhookId } = JSON.parse(await ask(to, 'POST', path, target)) as { webhookId: string };
    removals.push(() => ask(to, 'DELETE', ROUTES.removeWebhook.path.replace('{webhookId}', webhookId)));
  }
  for (let at = 0; at < count; at += OPENED_AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(OPENED_AT_ONCE, count - at) }, () => open(to)));
  }
}

async function end(): Promise<void> {
  isEnding = true;
  for (const remove of removals) await remove();
  for (const open of openRequests) open.destroy();
}

function came(): Came {
  const events = [...new Set(streams.map((stream) => stream.events))];
  // A digest of what came until now, while more may come.
  const sequences = new Set(streams.map(({ ids }) => ids.copy().digest('hex'))).size;
  const webhooks = [...new Set([...perHook.values()].map(({ size }) => size))];
  return { streams: streams.length, ended, events, sequences, webhooks, requestsOfWebhooks };
}

const receiver = await WebhookReceiver.start();
receiver.answer(({ path, id }) => {
  perHook.get(path)?.add(id);
  requestsOfWebhooks += 1;
  // Kept above as ids: what came whole is not kept, however long the bench goes on.
  receiver.received.length = 0;
  return 204;
});
const [authorityFile] = process.argv.slice(2);
writeFileSync(authorityFile!, receiver.authority);
process.on('message', (asked: Asked) => {
  const work = async () => {
    if (asked.do === 'listen') await listen(receiver, asked);
    else if (asked.do === 'end') await end();
    return came();
  };
  work().then(
    (answer) => process.send!({ answer }),
    (error: Error) => process.send!({ error: error.message }),
  );
});
process.on('disconnect', () => process.exit());
process.send!({ host: receiver.host });
