// Lists in pages and by filters, whose peer answers, and submissions that are not waited for.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DomainError } from '@consilium/domain';
import { LedgerError } from '../fabric/ledger.ts';
import { DEPRECATED } from '../http/deprecation.ts';
import { REGISTER_MEMBER, STUDY } from '../http/examples.ts';
import { OPERATION_LIMITS, Operations, prefersAsync } from '../operations/operations.ts';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { MemoryLedger } from '../testing/memory-ledger.ts';
import { LEDGER_PAGES_MAX } from './list-filters.ts';

/** A ledger with this many studies, every seventh of which is running, that answers in pages. */
class PagedLedger extends MemoryLedger {
  readonly studies: readonly object[];

  constructor(count: number) {
    super();
    this.studies = Array.from({ length: count }, (_, at) => ({
      ...STUDY,
      studyId: `study-${at}`,
      state: at % 7 === 0 ? 'running' : 'proposed',
      requester: at % 2 === 0 ? 'BrookMSP' : 'ClevelandMSP',
      proposedAt: `2026-03-${String(1 + (at % 28)).padStart(2, '0')}T09:00:00Z`,
    }));
  }

  override async evaluate(call: Parameters<MemoryLedger['evaluate']>[0]): Promise<unknown> {
    if (call.name !== 'study:list') return super.evaluate(call);
    this.calls.push(call);
    const { pageSize = 50, bookmark = '0' } = call.argument as { pageSize?: number; bookmark?: string };
    const next = Number(bookmark) + pageSize;
    const items = this.studies.slice(Number(bookmark), next);
    return { items, ...(next < this.studies.length && { bookmark: String(next) }) };
  }
}

async function open(t: { after(close: () => Promise<void>): void }, ledger = new PagedLedger(100)) {
  const gateway = await openGateway({ ledger });
  t.after(() => gateway.close());
  const read = async (url: string, headers = {}) => gateway.as('auditor', { url, headers });
  return { gateway, ledger, read };
}

test('a list is read by limit, bookmark and next, each item once', async (t) => {
  const { read } = await open(t);
  const seen: string[] = [];
  let url: string | undefined = '/v1/studies?limit=30';
  while (url !== undefined) {
    const answer = await read(url);
    const page = answer.json();
    assert.equal(answer.statusCode, 200);
    assert.ok(page.items.length <= 30);
    assert.equal(answer.headers.link, page.next && `<${page.next}>; rel="next"`);
    assert.equal(page.next === undefined, page.bookmark === undefined);
    seen.push(...page.items.map(({ studyId }: { studyId: string }) => studyId));
    url = page.next;
  }
  assert.deepEqual([seen.length, new Set(seen).size], [100, 100]);
});

test('the name of limit before is still taken, and the answer says until when', async (t) => {
  const { read } = await open(t);
  const old = await read('/v1/studies?pageSize=10');
  assert.equal(old.json().items.length, 10);
  assert.match(String(old.headers.deprecation), /^@\d+$/);
  assert.equal(old.headers.sunset, 'Wed, 01 Dec 2027 00:00:00 GMT');
  assert.equal((await read('/v1/studies?limit=10')).headers.deprecation, undefined);
});

test('no tutorial asks by a name that will go', () => {
  const tutorials = new URL('../../../../docs/tutorials/', import.meta.url);
  const pages = readdirSync(tutorials).filter((name) => name.endsWith('.md'));
  assert.ok(pages.length > 0);
  const asked = new RegExp(`(?:[?&]|urlencode "?)(?:${Object.keys(DEPRECATED).join('|')})=`);
  for (const name of pages) assert.doesNotMatch(readFileSync(new URL(name, tutorials), 'utf8'), asked, name);
});

test('a list is filtered by state, owner, purpose and time together, over pages, each item once', async (t) => {
  const { read } = await open(t);
  const all = async (query: string) => {
    const found: { studyId: string }[] = [];
    for (let url: string | undefined = `/v1/studies?${query}`; url !== undefined; ) {
      const page: { items: { studyId: string }[]; next?: string } = (await read(url)).json();
      found.push(...page.items);
      url = page.next;
    }
    return found.map(({ studyId }) => Number(studyId.slice('study-'.length)));
  };
  const numbers = Array.from({ length: 100 }, (_, at) => at);
  const sevenths = numbers.filter((at) => at % 7 === 0);
  assert.deepEqual(await all('state=running&limit=3'), sevenths);
  assert.deepEqual(
    await all('state=running&owner=BrookMSP&limit=1'),
    sevenths.filter((at) => at % 2 === 0),
  );
  assert.deepEqual(await all(`purpose=${encodeURIComponent(STUDY.purpose)}`), numbers);
  assert.deepEqual(await all('purpose=DUO:0000042'), []);
  const within = await all('from=2026-03-02&to=2026-03-04T09:00:00Z');
  assert.deepEqual(
    within,
    numbers.filter((at) => [1, 2].includes(at % 28)),
  );
});

test('a filter reads a few pages of the ledger for one request and no more, however little it finds', async (t) => {
  const { read, ledger } = await open(t, new PagedLedger(5_000));
  const answer = await read('/v1/studies?owner=NobodyMSP&limit=200');
  assert.deepEqual([answer.statusCode, answer.json().items], [200, []]);
  assert.ok(answer.json().next !== undefined, 'the rest of the way is the next request');
  assert.equal(ledger.calls.length, LEDGER_PAGES_MAX);
});

test('filters that make no sense are refused with a sentence that helps', async (t) => {
  const { read } = await open(t);
  for (const [query, says] of [
    ['state=asleep', /state must be one of proposed, running/],
    ['from=yesterday', /from must be: A day such as 2026-11-29/],
    ['from=2026-02-30', /2026-02-30 is none: A day such as 2026-11-29/],
    ['from=2026-03-02&to=2026-03-01', /from must be before to/],
    ['limit=0', /limit/],
    ['limit=201', /limit/],
    ['bookmark=', /bookmark/],
    ['colour=red', /colour/],
  ] as const) {
    const answer = await read(`/v1/studies?${query}`);
    assert.equal(answer.statusCode, 400, query);
    assert.match(answer.json().detail, says, query);
  }
  const events = await read('/v1/events?from=2026-11-29');
  assert.equal(events.statusCode, 400);
  assert.match(
    events.json().detail,
    /from must be .+, and 2026-11-29 is a time.*Number of the first block, such as 42/,
  );
});

test('a day is taken where the ledger itself is asked for a period', async (t) => {
  const { read } = await open(t);
  const asked = async (query: string) => (await read(`/v1/audit/activities/all?${query}`)).json().argument;
  assert.deepEqual(await asked('from=2026-11-29&to=2026-11-30T08:00:00Z'), {
    by: 'all',
    from: '2026-11-29T00:00:00.000Z',
    to: '2026-11-30T08:00:00.000Z',
  });
});

test('a read says whose peer answered, and is asked of the own peer alone where that is wanted', async (t) => {
  const { gateway, ledger, read } = await open(t);
  const own = await read('/v1/studies', { 'consilium-peer': 'own' });
  assert.deepEqual([own.statusCode, own.headers['consilium-peer']], [200, 'Org1MSP']);
  assert.deepEqual(ledger.calls.at(-1)?.askedOf, ['Org1MSP']);
  const gone = () =>
    gateway.ledger.failNext({
      when: 'before-sending',
      error: new LedgerError({ code: 'ENDORSERS_UNAVAILABLE', step: 'evaluate', message: 'no peers' }),
    });
  gone();
  const another = await read('/v1/members');
  assert.deepEqual([another.statusCode, another.headers['consilium-peer']], [200, undefined]);
  gone();
  const refused = await read('/v1/members', { 'consilium-peer': 'own' });
  assert.deepEqual([refused.statusCode, refused.headers['retry-after']], [503, '15']);
  assert.equal((await read('/v1/members', { 'consilium-peer': 'ClevelandMSP' })).statusCode, 400);
});

test('a list of several pages names a peer only where it answered every one of them', async (t) => {
  /** The own peers are away for one page of several. */
  class AwayOnce extends PagedLedger {
    awayAt = -1;
    asked = 0;

    override async evaluate(call: Parameters<MemoryLedger['evaluate']>[0]): Promise<unknown> {
      if (call.askedOf !== undefined && this.asked++ === this.awayAt) {
        throw new LedgerError({ code: 'LEDGER_UNAVAILABLE', step: 'evaluate', message: 'away' });
      }
      return super.evaluate(call);
    }
  }
  const { ledger, read } = await open(t, new AwayOnce(5_000));
  const own = ledger as AwayOnce;
  const named = async (awayAt: number) => {
    Object.assign(own, { awayAt, asked: 0 });
    const answer = await read('/v1/studies?owner=NobodyMSP');
    assert.deepEqual([answer.statusCode, own.asked], [200, LEDGER_PAGES_MAX]);
    return answer.headers['consilium-peer'];
  };
  assert.equal(await named(-1), 'Org1MSP');
  for (let page = 0; page < LEDGER_PAGES_MAX; page += 1)
    assert.equal(await named(page), undefined, `${page}`);
});

const LATER = { prefer: 'respond-async' };
const POST = { method: 'POST', url: '/v1/members', payload: REGISTER_MEMBER } as const;

async function endOf(gateway: Pick<GatewayFixture, 'as'>, url: string) {
  for (;;) {
    const { state, ...rest } = (await gateway.as('operator', { url })).json();
    if (state !== 'running') return { state, ...rest };
    // Injected requests leave timers no room.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a submission that is not waited for is an operation, with the answer or the problem in the end', async (t) => {
  const { gateway } = await open(t);
  const begun = await gateway.as('operator', { ...POST, headers: LATER });
  const { operationId, idempotencyKey, transaction } = begun.json();
  assert.deepEqual(
    [begun.statusCode, begun.headers['preference-applied'], begun.headers.location, transaction],
    [202, 'respond-async', `/v1/operations/${operationId}`, 'member:register'],
  );
  const ended = await endOf(gateway, String(begun.headers.location));
  assert.deepEqual([ended.state, ended.result.title], ['succeeded', REGISTER_MEMBER.title]);
  const again = await gateway.as('operator', { ...POST, headers: { 'idempotency-key': idempotencyKey } });
  assert.deepEqual([again.statusCode, again.headers['idempotency-replayed']], [201, 'true']);
  gateway.ledger.failNext({ when: 'before-sending', error: new DomainError('MEMBER_EXISTS', 'it is one') });
  const second = await gateway.as('operator', { ...POST, headers: LATER });
  const { state, problem } = await endOf(gateway, String(second.headers.location));
  assert.deepEqual([state, problem.code, problem.status], ['failed', 'MEMBER_EXISTS', 409]);
  assert.equal(problem.requestId, second.headers['x-request-id']);
});

test('an operation is read by the key that began it and by no other', async (t) => {
  const { gateway } = await open(t);
  const { location } = (await gateway.as('operator', { ...POST, headers: LATER })).headers;
  for (const role of ['auditor', 'steward'] as const) {
    const other = await gateway.as(role, { url: String(location) });
    assert.deepEqual([other.statusCode, other.json().code], [404, 'OPERATION_NOT_FOUND']);
  }
  assert.equal((await gateway.app.inject({ url: String(location) })).statusCode, 401);
  const refused = await gateway.as('auditor', { ...POST, headers: LATER });
  assert.equal(refused.statusCode, 403, 'what may not be sent is refused at once');
});

test('operations of one key are bounded and leave room for others; what ended is forgotten', async () => {
  let nowMs = 0;
  const operations = new Operations(() => nowMs);
  const request = (keyId: string, number: number) => ({
    ...{ keyId, idempotencyKey: `${number}`, fingerprint: `${number}`, transaction: 'study:start' },
  });
  const release = Promise.withResolvers<void>();
  const wait = async () => {
    await release.promise;
    return { state: 'succeeded', result: {} } as const;
  };
  const { runningPerKey, endedPerKey, keptMs } = OPERATION_LIMITS;
  const begun = Array.from({ length: runningPerKey }, (_, number) =>
    operations.begin(request('a', number), wait),
  );
  assert.equal(operations.begin(request('a', 0), wait), begun[0], 'the same request is the same operation');
  const other = { ...request('a', 0), fingerprint: 'another' };
  assert.throws(() => operations.begin(other, wait), { code: 'IDEMPOTENCY_KEY_REUSED' });
  assert.throws(() => operations.begin(request('a', 99), wait), { code: 'TOO_MANY_OPERATIONS' });
  const ofOther = operations.begin(request('b', 99), wait);
  release.resolve();
  await operations.close();
  for (let number = 100; number < 100 + endedPerKey; number += 1) {
    operations.begin(request('a', number), wait);
    await operations.close();
  }
  assert.equal(operations.find(begun[0]!.operationId, 'a'), undefined, 'beyond what is kept of a key');
  assert.equal(operations.find(ofOther.operationId, 'b')?.ending?.state, 'succeeded');
  assert.equal(operations.find(ofOther.operationId, 'a'), undefined);
  nowMs = keptMs;
  assert.equal(operations.find(ofOther.operationId, 'b'), undefined);
});

test('the preference is read as RFC 7240 writes it', () => {
  const asked = [
    'respond-async',
    'wait=10, Respond-Async',
    'respond-async; foo=1',
    'handling=lenient,respond-async',
  ];
  assert.deepEqual(
    [...asked, undefined, '', 'respond-asynchronously', 'wait=10'].filter(prefersAsync),
    asked,
  );
});
