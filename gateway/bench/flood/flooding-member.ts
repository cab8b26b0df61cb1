// One member that does its worst within its rights, with its own certificate only: proposals and their ends, arguments
// as long as may be, transactions that are refused, and long lists, at the peers of all others; requests without a key
// at their gateways. It prints a line once all of it is under way, runs until its time is over or its input ends, and
// then prints what it did, by outcome.
//
//   CONNECTIONS=own.json,others.json,… STUDY=id GATEWAYS=url,… SECONDS=60 IN_FLIGHT=2 node flooding-member.js

import { setTimeout as sleep } from 'node:timers/promises';
import {
  API_PREFIX,
  type Argument,
  LEDGER_PATHS,
  type ProposeStudy,
  studyText,
  type TransactionName,
} from '@consilium/domain';
import { type Connection, readConnection } from '../../src/fabric/connection-file.ts';
import { BareClient, refusalOf } from '../on-ledger/bare-client.ts';
import { inParallel } from '../on-ledger/open-rounds.ts';

const listOf = (name: string): string[] => (process.env[name] ?? '').split(',').filter(Boolean);
const seconds = Number(process.env.SECONDS ?? 60);
const inFlight = Number(process.env.IN_FLIGHT ?? 2);
const studyId = process.env.STUDY ?? '';
/** A refusal costs its sender nothing; a pause keeps one who is refused at once from measuring this process alone. */
const PAUSE_MS = 5;
const LONGEST = 1024 * 1024 - 64;

const [own, ...others] = listOf('CONNECTIONS').map((path) => readConnection(path, undefined));
if (own === undefined || studyId === '') throw new Error('CONNECTIONS and STUDY must be set');

/** This member at another's peer: its own certificates, and the other's address. */
const at = ({ organisation: { endpoint, tlsRootCertificate } }: Connection): Connection => ({
  ...own,
  organisation: { ...own.organisation, endpoint, tlsRootCertificate },
});
const home = new BareClient(own, 'consilium', 'native');
/** At the peers of others: what it asks of its own costs nobody else anything. */
const abroad = others.map((connection) => new BareClient(at(connection), 'consilium', 'native'));

/** What has not ended once: until then it is no flood yet. */
const waiting = new Set(['proposals', 'longest arguments', 'refused', 'lists', 'activities']);
const counts: Record<string, Record<string, number>> = {};
const endMs = performance.now() + seconds * 1000;
let over = false;
for (const name of ['SIGTERM', 'SIGINT'] as const) {
  process.on(name, () => {
    over = true;
  });
}
process.stdin
  .on('end', () => {
    over = true;
  })
  .resume();

/** Does something again and again, and counts how it ends. */
async function keepAt(kind: string, work: () => Promise<unknown>): Promise<void> {
  const outcomes: Record<string, number> = {};
  counts[kind] ??= outcomes;
  const tally = counts[kind];
  while (!over && performance.now() < endMs) {
    const outcome = await work().then(
      () => 'accepted',
      (error: unknown) => refusalOf(error) ?? wordOf(error),
    );
    tally[outcome] = (tally[outcome] ?? 0) + 1;
    if (waiting.delete(kind) && waiting.size === 0) process.stdout.write('{"flooding":true}\n');
    await sleep(PAUSE_MS);
  }
}

function wordOf(error: unknown): string {
  const { message } = error as Error;
  if (/concurrency limit/.test(message)) return 'over the concurrency limit';
  return /^answered \d+$/.test(message) ? message : 'failed otherwise';
}

// The weights are the ledger's: a proposal does not bring them.
const { weights: _, ...ofStudy } = studyText(await home.evaluate('auditor', 'study:get', { studyId }));
const text = ofStudy as ProposeStudy;
let proposals = 0;
/** Proposes under one id after the other, and retires each fifth, so that events and blocks go on. */
async function propose(): Promise<void> {
  proposals += 1;
  const mine = `flood-${process.pid}-${proposals}`;
  await home.timed('researcher', 'study:propose', { ...text, studyId: mine });
  if (proposals % 5 === 0)
    await home.timed('researcher', 'study:retire', { studyId: mine, reason: 'a flood' });
}

const ask = <N extends TransactionName>(
  client: BareClient,
  role: 'researcher' | 'trainer' | 'auditor',
  name: N,
  argument: object,
) => client.evaluate(role, name, argument as Argument<N>);
const long = { ...text, studyId: 'too-long', question: 'x'.repeat(LONGEST) };
const times = (work: () => Promise<void>): Promise<void>[] => Array.from({ length: inFlight }, work);

await Promise.all([
  ...times(() => keepAt('proposals', propose)),
  ...abroad.flatMap((client) => [
    ...times(() => keepAt('longest arguments', () => ask(client, 'researcher', 'study:propose', long))),
    ...times(() =>
      keepAt('refused', () => ask(client, 'trainer', 'round:open', { studyId: 'none', round: 1 })),
    ),
    ...times(() => keepAt('lists', () => ask(client, 'auditor', 'study:list', { pageSize: 200 }))),
    ...times(() =>
      keepAt('activities', () =>
        ask(client, 'auditor', 'audit:listActivities', { by: 'all', pageSize: 200 }),
      ),
    ),
  ]),
  ...listOf('GATEWAYS').flatMap((url) =>
    times(() =>
      keepAt('requests without a key', async () => {
        const response = await fetch(`${url}${API_PREFIX}${LEDGER_PATHS['study:list']}`, {
          headers: { authorization: 'Bearer mine' },
        });
        await response.arrayBuffer();
        throw new Error(`answered ${response.status}`);
      }),
    ),
  ),
]);

// What it left open is ended, as its flood is.
over = false;
const left = (await home.evaluate('auditor', 'study:list', { pageSize: 200 })).items.filter(
  (study: { studyId: string; state: string }) =>
    study.studyId.startsWith('flood-') && study.state === 'proposed',
);
await inParallel(left as { studyId: string }[], 1, ({ studyId: mine }) =>
  home.submit('researcher', 'study:retire', { studyId: mine, reason: 'the flood is over' }),
);
for (const client of [home, ...abroad]) client.close();
process.stdout.write(`${JSON.stringify(counts)}\n`);
process.exit(0);
