import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { DamagedDatabaseError, RowGuard } from '@consilium/guarded-rows';
import { contentOf, flipBytes, sampledOffsets } from '@consilium/guarded-rows/testing';
import { type Block, blockHash, createBlock } from './block.ts';
import { LEDGER_SCHEMA, LEDGER_TABLES } from './ledger-schema.ts';
import { LedgerStore } from './ledger-store.ts';

const NONCE = new Uint8Array(24);

describe('a ledger on disk', () => {
  let root: string;
  let file: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'ledger-store-'));
    mkdirSync(join(root, 'data'));
    file = join(root, 'data', 'ledger.sqlite');
  });

  afterEach(() => rmSync(root, { recursive: true }));

  function blocksOf(count: number): Block[] {
    const blocks: Block[] = [];
    let previousHash: Uint8Array = new Uint8Array();
    for (let number = 0; number < count; number++) {
      const envelopes = [Buffer.from(`transaction of block ${number}`.repeat(12))];
      const block = createBlock({ number, previousHash, envelopes, orderer: undefined, nonce: NONCE });
      previousHash = blockHash(block.getHeader()!);
      blocks.push(block);
    }
    return blocks;
  }

  function fill(store: LedgerStore): void {
    for (const [number, block] of blocksOf(8).entries()) {
      const version = { block: number, tx: 0 };
      const hash = Buffer.alloc(32, number);
      store.keepTransient({
        txId: `tx-${number + 100}`,
        ns: 'c',
        coll: 'p',
        hash,
        rwset: Buffer.alloc(20, number),
        height: number,
      });
      store.commit(block, {
        transactions: [{ txId: `tx-${number}`, tx: 0, code: 0 }],
        keys: [
          { ns: 'c', key: `study\0${number}`, value: Buffer.alloc(90, number), metadata: undefined, version },
          { ns: 'c', key: 'latest', value: Buffer.from(String(number)), metadata: Buffer.from('m'), version },
          { ns: 'c', key: `study\0${number - 3}`, value: undefined, metadata: undefined, version },
        ],
        hashes: [{ ns: 'c', coll: 'p', keyHash: hash, valueHash: hash, metadata: undefined, version }],
        privateKeys: [{ ns: 'c', coll: 'p', key: `${number}`, value: Buffer.alloc(30, number), version }],
        privateWrites: [{ tx: 0, ns: 'c', coll: 'p', rwset: Buffer.alloc(40, number) }],
        history: [{ ns: 'c', key: 'latest', tx: 0 }],
        purgedWrites: number === 5 ? [{ block: 2, tx: 0, ns: 'c', coll: 'p', rwset: new Uint8Array() }] : [],
      });
    }
    store.install({
      name: 'c',
      mspId: 'Org1MSP',
      address: '127.0.0.1:9',
      tlsRootPem: undefined,
      packageId: 'c:1',
    });
  }

  const damaged = (place: RegExp) => (error: unknown) => {
    assert.ok(error instanceof DamagedDatabaseError, String(error));
    assert.match(error.message, /ledger\.sqlite is damaged: .*put back a copy of its folder/);
    assert.match(error.place, place);
    return true;
  };

  it('starts unharmed or stops by name, whichever byte of its file changes', () => {
    const store = new LedgerStore(file);
    fill(store);
    store.close();
    const outcomes = flipBytes({
      file,
      offsets: sampledOffsets(file, 197),
      open: (path) => new LedgerStore(path).close(),
    });
    for (const { offset, mask, error, isSame } of outcomes) {
      const told = error instanceof DamagedDatabaseError;
      assert.ok(
        told || (error === undefined && isSame),
        `byte ${offset} ^ ${mask}: ${error ?? 'another content'}`,
      );
    }
    assert.ok(outcomes.filter(({ error }) => error !== undefined).length > 100);
  });

  it('names the row of the state that another program changed', () => {
    const store = new LedgerStore(file);
    fill(store);
    store.close();
    const editor = new DatabaseSync(file);
    editor.exec("UPDATE state SET value = x'00' WHERE key = CAST('latest' AS BLOB)");
    editor.close();
    assert.throws(() => new LedgerStore(file), damaged(/^table state, row \(c, latest\): its content/));
  });

  /** A file as the version without digests wrote it. */
  function writePrevious(blocks: readonly Block[]): void {
    const previous = new DatabaseSync(file);
    previous.exec(LEDGER_SCHEMA);
    for (const block of blocks) {
      const header = block.getHeader()!;
      const insert = previous.prepare('INSERT INTO blocks VALUES (?, ?, ?)');
      insert.run(header.getNumber(), blockHash(header), block.serializeBinary());
    }
    previous.exec("INSERT INTO state VALUES ('c', CAST('k' AS BLOB), x'01', NULL, 1, 0)");
    previous.close();
  }

  it('goes on from a file of the previous version, and guards it from there', () => {
    writePrevious(blocksOf(3));
    const before = contentOf(file);
    const store = new LedgerStore(file);
    assert.equal(store.latest.height(), 3);
    assert.deepEqual([...store.latest.state('c', 'k')!.value], [1]);
    store.close();
    assert.equal(contentOf(file), before);
    const editor = new DatabaseSync(file);
    editor.exec("UPDATE state SET value = x'02'");
    editor.close();
    assert.throws(() => new LedgerStore(file), damaged(/^table state, row \(c, k\)/));
  });

  it('goes on from a file of a version that kept no package ids, with the chaincodes that are installed', () => {
    const schema = LEDGER_SCHEMA.replace(' package_id TEXT,', '');
    assert.notEqual(schema, LEDGER_SCHEMA);
    const previous = new RowGuard({ file, pragmas: '', tables: LEDGER_TABLES, remedy: 'none' });
    previous.upgrade(() => previous.database.exec(schema));
    previous.database.exec("INSERT INTO installed VALUES ('c', 'Org1MSP', '127.0.0.1:9', NULL)");
    previous.close();
    previous.database.close();
    for (const packageId of [undefined, 'c:1']) {
      const store = new LedgerStore(file);
      const installed = { name: 'c', mspId: 'Org1MSP', address: '127.0.0.1:9', tlsRootPem: undefined };
      assert.deepEqual(store.installed(), [{ ...installed, packageId }]);
      store.keepPackageId({ name: 'c', mspId: 'Org1MSP', packageId: 'c:1' });
      store.close();
    }
  });

  it('refuses a file of the previous version whose blocks are no chain, again and again', () => {
    const blocks = blocksOf(3);
    blocks[1]!.getData()!.setDataList([Buffer.from('forged')]);
    writePrevious(blocks);
    for (let start = 0; start < 2; start++) {
      assert.throws(
        () => new LedgerStore(file),
        damaged(/^block 1 does not hold the data that its header names/),
      );
    }
  });
});
