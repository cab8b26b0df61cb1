// The hospital's other systems while a gateway is measured: readers of its event stream, and a receiver of webhooks.
// They are a process of their own, so that what they do is nobody else's processor time. Started by the bench, which
// tells them where to listen and asks what came, over the channel between the two.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { get, request } from 'node:https';
import { ROUTES } from '@consilium/client';
import { WebhookReceiver } from '../../src/testing/webhook-receiver.ts';

/** What a bench says. */
export type Asked =
  | { readonly do: 'listen'; readonly to: Gateway; readonly streams: number; readonly webhooks: number }
  | { readonly do: 'count' };

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
}

/** The most streams that are opened at once. */
const OPENED_AT_ONCE = 20;

interface Stream {
  events: number;
  readonly ids: ReturnType<typeof createHash>;
}

const streams: Stream[] = [];
let ended = 0;

function open({ url, authority, token }: Gateway): Promise<void> {
  const stream: Stream = { events: 0, ids: createHash('sha256') };
  streams.push(stream);
  return new Promise((resolve, reject) => {
    const options = { agent: false, ca: authority, headers: { authorization: `Bearer ${token}` } };
    get(`${url}${ROUTES.streamEvents.path}`, options, (answer) => {
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
        ended += 1;
      });
      answer.on('error', reject);
    }).on('error', reject);
  });
}

function register({ url, authority, apiKey }: Gateway, target: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ url: target });
    const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
    const sent = request(
      `${url}${ROUTES.registerWebhook.path}`,
      { agent: false, ca: authority, method: 'POST', headers },
      async (answer) => {
        let text = '';
        for await (const piece of answer.setEncoding('utf8')) text += piece;
        if (answer.statusCode === 201) resolve();
        else reject(new Error(`a webhook is refused: ${answer.statusCode} ${text}`));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const perHook = new Map<string, Set<string>>();

async function listen(receiver: WebhookReceiver, asked: Asked & { do: 'listen' }): Promise<void> {
  const { to, streams: count, webhooks } = asked;
  for (let at = 0; at < webhooks; at += 1) {
    perHook.set(`/hook/${at}`, new Set());
    await register(to, receiver.url(`/hook/${at}`));
  }
  for (let at = 0; at < count; at += OPENED_AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(OPENED_AT_ONCE, count - at) }, () => open(to)));
  }
}

function came(): Came {
  const events = [...new Set(streams.map((stream) => stream.events))];
  // A digest of what came until now, while more may come.
  const sequences = new Set(streams.map(({ ids }) => ids.copy().digest('hex'))).size;
  const webhooks = [...new Set([...perHook.values()].map(({ size }) => size))];
  return { streams: streams.length, ended, events, sequences, webhooks };
}

const receiver = await WebhookReceiver.start();
receiver.answer(({ path, id }) => {
  perHook.get(path)?.add(id);
  // Kept above as ids: what came whole is not kept, however long the bench goes on.
  receiver.received.length = 0;
  return 204;
});
const [authorityFile] = process.argv.slice(2);
writeFileSync(authorityFile!, receiver.authority);
process.on('message', (asked: Asked) => {
  const work = asked.do === 'count' ? Promise.resolve(came()) : listen(receiver, asked).then(() => undefined);
  work.then(
    (answer) => process.send!({ answer }),
    (error: Error) => process.send!({ error: error.message }),
  );
});
process.on('disconnect', () => process.exit());
process.send!({ host: receiver.host });
