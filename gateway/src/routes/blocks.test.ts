import assert from 'node:assert/strict';
import { after, before, describe, it, test } from 'node:test';
import { ROLES } from '@consilium/domain';
import { blockBytes } from '@consilium/verify/testing/block-bytes';
import { CHANNEL, organisation, SyntheticChannel } from '@consilium/verify/testing/synthetic-channel';
import { Authority } from '@consilium/verify/testing/test-authority';
import { compositeKey } from '../read-model/index-schema.ts';
import type { LedgerIndex } from '../read-model/ledger-index.ts';
import { checkedHistory } from '../testing/checked-history.ts';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { MemoryLedger } from '../testing/memory-ledger.ts';
import { writtenHistory } from '../testing/written-history.ts';

/** A ledger whose peer has the blocks of a channel. */
class ChannelLedger extends MemoryLedger {
  override readonly channel = CHANNEL;
  readonly #channel: SyntheticChannel;
  shown: SyntheticChannel;
  asked = 0;
  /** What the next block waits for. */
  hold: Promise<void> | undefined;

  constructor(channel: SyntheticChannel) {
    super();
    this.#channel = channel;
    this.shown = channel;
  }

  override async block(number = 0): Promise<Uint8Array> {
    this.asked += 1;
    const { hold } = this;
    this.hold = undefined;
    await hold;
    return blockBytes(this.shown.blocks[number]!);
  }

  override async height(): Promise<number> {
    return this.#channel.height;
  }
}

const key = (...parts: string[]) => compositeKey('study', parts);

describe('blocks and transactions that were checked', () => {
  let gateway: GatewayFixture<ChannelLedger>;
  let ledger: ChannelLedger;
  let history: LedgerIndex;
  let channel: SyntheticChannel;
  const ask = async (url: string, role: (typeof ROLES)[number] = 'auditor') =>
    gateway.as(role, { method: 'GET', url: `/v1${url}` });
  const get = async (url: string) => {
    const answer = await ask(url);
    assert.equal(answer.statusCode, 200, answer.body);
    return answer.json();
  };

  before(async () => {
    const authorities = await Promise.all(['AlphaMSP', 'BetaMSP'].map((name) => Authority.create(name)));
    const organisations = await Promise.all(authorities.map(organisation));
    const ordererAuthority = await Authority.create('OrdererMSP');
    const orderers = [await ordererAuthority.issue('orderer')];
    channel = new SyntheticChannel(organisations, { orderers, ordererAuthority, consensus: 'etcdraft' });
    channel.transact({ rows: [{ key: key('heart'), value: '{"schema":4}' }], endorsers: channel.peers });
    channel.transact({ rows: [{ key: key('lung'), value: '{"schema":4}' }], endorsers: channel.peers });
    ledger = new ChannelLedger(channel);
    history = await checkedHistory(ledger);
    history.agree(['AlphaMSP'], 3);
    gateway = await openGateway<ChannelLedger>({ ledger, history });
  });
  after(async () => {
    await gateway?.close();
    history?.close();
  });

  it('are listed newest first, each with who signed it and whose peers sent the same', async () => {
    const all = await get('/blocks');
    assert.deepEqual(
      all.items.map(({ number }: { number: number }) => number),
      [3, 2, 1, 0],
    );
    const [newest, before] = all.items;
    assert.deepEqual([newest.signedBy, newest.agreed], [['OrdererMSP'], []]);
    assert.deepEqual([before.agreed, newest.previousHash], [['AlphaMSP'], before.hash]);
    assert.deepEqual([all.items[3].isConfiguration, all.items[3].signedBy], [true, []]);
    const pages = [await get('/blocks?limit=3')];
    pages.push(await get(pages[0].next.replace('/v1', '')));
    assert.deepEqual([pages[0].items.length, pages[1].items.length, pages[1].next], [3, 1, undefined]);
    assert.deepEqual(await get('/blocks/3'), newest);
  });

  it('are found by what their transactions wrote, and show what they read', async () => {
    const { items } = await get('/transactions?subject=heart');
    assert.equal(items.length, 1);
    const rows = await get(`/transactions/${items[0].transactionId}/rows`);
    assert.deepEqual(
      [rows.block, rows.writes, rows.complete],
      [2, [{ chaincode: 'consilium', kind: 'study', key: ['heart'], deleted: false }], true],
    );
    const ofBlock = await get('/transactions?block=3&validity=valid');
    assert.deepEqual(
      ofBlock.items.map(({ block }: { block: number }) => block),
      [3],
    );
    assert.deepEqual((await get('/transactions?hospital=BetaMSP')).items, []);
  });

  it('show no rows of a block that is not the one that was checked', async () => {
    const { items } = await get('/transactions?subject=heart');
    const other = channel.fork();
    other.blocks.splice(2, 2);
    other.transact({ rows: [{ key: key('heart'), value: '{"schema":5}' }], endorsers: other.peers });
    ledger.shown = other;
    try {
      const refused = await ask(`/transactions/${items[0].transactionId}/rows`);
      assert.deepEqual([refused.statusCode, refused.json().code], [503, 'HISTORY_UNAVAILABLE']);
      assert.match(refused.json().detail, /another block 2/);
    } finally {
      ledger.shown = channel;
    }
  });

  it('are read from the peer for rows one at a time of a key, and other keys do not wait', async () => {
    const { items } = await get('/transactions?subject=heart');
    const url = `/transactions/${items[0].transactionId}/rows`;
    const before = ledger.asked;
    const held = Promise.withResolvers<void>();
    ledger.hold = held.promise;
    const first = ask(url);
    while (ledger.asked === before) await new Promise(setImmediate);
    const second = ask(url);
    assert.equal((await ask(url, 'steward')).statusCode, 200);
    assert.equal(ledger.asked, before + 2);
    held.resolve();
    assert.deepEqual([(await first).statusCode, (await second).statusCode], [200, 200]);
    assert.equal(ledger.asked, before + 3);
  });

  it('are for every role, and for nobody without a key; what is not there or makes no sense is refused', async () => {
    const urls = ['/blocks', '/blocks/1', '/transactions'];
    for (const role of ROLES) {
      for (const url of urls) assert.equal((await ask(url, role)).statusCode, 200);
    }
    for (const url of urls) {
      assert.equal((await gateway.app.inject({ method: 'GET', url: `/v1${url}` })).statusCode, 401);
    }
    const refusals: readonly [url: string, status: number, says: RegExp][] = [
      ['/blocks/4', 404, /end before block 4/],
      ['/blocks/-1', 400, /number/],
      ['/blocks?bookmark=x', 400, /bookmark/],
      ['/blocks?limit=201', 400, /limit/],
      ['/transactions?bookmark=1e9', 400, /bookmark/],
      ['/transactions?from=2026-02-30', 400, /from/],
      ['/transactions?validity=maybe', 400, /validity/],
      ['/transactions?colour=red', 400, /colour/],
      [`/transactions/${'f'.repeat(64)}/rows`, 404, /None of the 4 blocks/],
    ];
    for (const [url, status, says] of refusals) {
      const answer = await ask(url);
      assert.equal(answer.statusCode, status, url);
      assert.match(answer.json().detail, says, url);
    }
  });
});

test('a gateway that has checked nothing says so', async () => {
  const gateway = await openGateway();
  try {
    for (const url of ['/v1/blocks', '/v1/blocks/1', '/v1/transactions']) {
      const answer = await gateway.as('auditor', { method: 'GET', url });
      assert.deepEqual([answer.statusCode, answer.json().code], [503, 'HISTORY_UNAVAILABLE']);
    }
  } finally {
    await gateway.close();
  }
});

test('pages of a filter lead to each transaction once', async () => {
  const history = writtenHistory(
    Array.from({ length: 25 }, (_, minute) => ({
      at: new Date(Date.UTC(2026, 2, 1, 0, minute)).toISOString(),
      argument: { studyId: minute % 2 === 0 ? 'even' : 'odd', datasetId: 'd' },
      writes: [],
    })),
  );
  const gateway = await openGateway({ history });
  try {
    const seen: number[] = [];
    for (let url: string | undefined = '/v1/transactions?subject=even&limit=4'; url !== undefined; ) {
      const answer: { body: string } = await gateway.as('auditor', { method: 'GET', url });
      const page = JSON.parse(answer.body);
      for (const { block, subjects } of page.items) {
        seen.push(block);
        assert.deepEqual(subjects, [
          { kind: 'study', id: 'even' },
          { kind: 'dataset', id: 'd' },
        ]);
      }
      url = page.next;
    }
    assert.deepEqual(seen, [24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0]);
  } finally {
    await gateway.close();
    history.close();
  }
});
