import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createBlock } from './block.ts';
import { BlockState } from './conflicts.ts';
import { type KeyUpdate, LedgerStore } from './ledger-store.ts';
import { parseReadWriteSet } from './transaction.ts';
import { TransactionSimulator } from './transaction-simulator.ts';

const NS = 'cc';

describe('a simulated transaction', () => {
  const dir = mkdtempSync(join(tmpdir(), 'consilium-ledger-'));
  let store: LedgerStore;

  const commitKeys = (...keys: Partial<KeyUpdate>[]) => {
    const number = store.latest.height();
    const block = createBlock({
      number,
      previousHash: new Uint8Array(),
      envelopes: [],
      orderer: undefined,
      nonce: new Uint8Array(),
    });
    const update = { ns: NS, metadata: undefined, version: { block: number, tx: 0 } };
    store.commit(block, {
      transactions: [],
      keys: keys.map((key) => ({ ...update, ...key }) as KeyUpdate),
      hashes: [],
      privateKeys: [],
      privateWrites: [],
      purgedWrites: [],
      history: [],
    });
  };
  const simulate = (work: (simulator: TransactionSimulator) => void) => {
    const reader = store.snapshot();
    const simulator = new TransactionSimulator({ reader, txId: 'tx', mspId: 'A', mspIds: ['A', 'B'] });
    try {
      work(simulator);
      return parseReadWriteSet(simulator.finish().publicBytes);
    } finally {
      store.release(reader);
    }
  };
  const all = (simulator: TransactionSimulator, start = '', end = '') => {
    const range = simulator.stateRange(NS, start, end);
    const keys: string[] = [];
    for (let entry = range.next(); entry; entry = range.next()) keys.push(entry.key);
    return keys;
  };
  const value = Buffer.from('v');

  before(() => {
    store = new LedgerStore(join(dir, 'ledger.sqlite'));
    const many = Array.from({ length: 260 }, (_, at) => ({
      key: `many-${String(at).padStart(4, '0')}`,
      value,
    }));
    commitKeys({ key: 'a', value }, { key: '\u0000composite\u0000', value }, ...many);
  });
  after(() => {
    store.close();
    rmSync(dir, { recursive: true });
  });

  it('does not read its own writes, and sees one height however many blocks come', () => {
    simulate((simulator) => {
      simulator.putState(NS, 'fresh', value);
      assert.equal(simulator.getState(NS, 'fresh'), undefined);
      assert.deepEqual(Buffer.from(simulator.getState(NS, 'a')!), value);
      commitKeys({ key: 'a', value: Buffer.from('newer') });
      assert.deepEqual(Buffer.from(simulator.getState(NS, 'a')!), value);
    });
  });

  it('finds keys in order of their bytes, beyond the batches they are fetched in', () => {
    commitKeys({ key: 'order-\u{1f600}', value }, { key: 'order-\uffee', value });
    simulate((simulator) => {
      assert.deepEqual(all(simulator, 'order-', 'order.'), ['order-\uffee', 'order-\u{1f600}']);
      assert.equal(all(simulator, 'many-', 'many.').length, 260);
      assert.ok(all(simulator).includes('\u0000composite\u0000'));
    });
  });

  it('conflicts with a write to what it read, and with nothing else', () => {
    const sets = simulate((simulator) => simulator.getState(NS, 'a'));
    const state = new BlockState(store.latest);
    assert.equal(state.conflictOf(sets), undefined);
    const unrelated = simulate((simulator) => simulator.putState(NS, 'b', value));
    state.apply(unrelated, { block: 9, tx: 0 });
    assert.equal(state.conflictOf(sets), undefined);
    state.apply(
      simulate((simulator) => simulator.putState(NS, 'a', value)),
      { block: 9, tx: 1 },
    );
    assert.equal(state.conflictOf(sets), 'MVCC_READ_CONFLICT');
  });

  for (const [what, start, end] of [
    ['a few', 'a', 'b'],
    ['hundreds, kept as a Merkle tree,', 'many-', 'many.'],
  ] as const) {
    it(`conflicts with a phantom among ${what} keys, whether added, changed or deleted`, () => {
      const sets = simulate((simulator) => all(simulator, start, end));
      assert.equal(new BlockState(store.latest).conflictOf(sets), undefined);
      const changes = [
        { key: `${start}0`, value },
        { key: start === 'a' ? 'a' : 'many-0200', value },
        { key: start === 'a' ? 'a' : 'many-0200', value: undefined },
      ];
      for (const change of changes) {
        const state = new BlockState(store.latest);
        const writes = simulate((simulator) => simulator.putState(NS, change.key, change.value));
        state.apply(writes, { block: 9, tx: 0 });
        assert.equal(state.conflictOf(sets), 'PHANTOM_READ_CONFLICT', JSON.stringify(change.key));
      }
      const state = new BlockState(store.latest);
      const outside = simulate((simulator) => simulator.putState(NS, 'zzz', value));
      state.apply(outside, { block: 9, tx: 0 });
      assert.equal(state.conflictOf(sets), undefined);
    });
  }

  it('keeps metadata when only the value changes, and the value when only metadata does', () => {
    const metadata = new Map([['VALIDATION_PARAMETER', Buffer.from('policy')]]);
    const state = new BlockState(store.latest);
    state.apply(
      simulate((simulator) => {
        simulator.putState(NS, 'guarded', value);
        simulator.putStateMetadata(NS, 'guarded', metadata);
        simulator.putStateMetadata(NS, 'absent', metadata);
      }),
      { block: 9, tx: 0 },
    );
    const newer = Buffer.from('newer');
    state.apply(
      simulate((simulator) => simulator.putState(NS, 'guarded', newer)),
      { block: 9, tx: 1 },
    );
    const [update, ...others] = state.keyUpdates;
    assert.deepEqual(others, []);
    assert.deepEqual(Buffer.from(update!.value!), newer);
    assert.ok(Buffer.from(update!.metadata!).includes('policy'));
  });

  it('may not write after it looked at a page or queried private data, nor the other way round', () => {
    simulate((simulator) => {
      simulator.stateRangePage(NS, 'a', 'b', 1);
      assert.throws(() => simulator.putState(NS, 'a', value), /already performed a paginated query/);
    });
    simulate((simulator) => {
      simulator.privateRange(NS, '_implicit_org_A', '', '');
      assert.throws(() => simulator.putState(NS, 'a', value), /already performed queries on pvt data/);
    });
    simulate((simulator) => {
      simulator.putState(NS, 'a', value);
      assert.throws(() => simulator.stateRangePage(NS, 'a', 'b', 1), /only in a read-only transaction/);
    });
  });

  it('has no collections but those of the organisations', () => {
    simulate((simulator) => {
      assert.throws(() => simulator.putPrivate(NS, '_implicit_org_X', 'k', value), /not defined/);
      assert.throws(() => simulator.getPrivateHash(NS, 'secrets', 'k'), /not defined/);
    });
  });
});
