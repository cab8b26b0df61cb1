import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_LIMITS } from '../config.ts';
import { FabricLedger } from '../fabric/fabric-ledger.ts';
import type { REGISTER_DATASET } from '../http/examples.ts';
import { anotherDataset } from '../testing/another-dataset.ts';
import {
  CHAINCODE_NAME,
  FabricNetwork,
  notBreakable,
  notRun,
  RUN,
  registerMember,
  type TestOrganisation,
} from '../testing/fabric-network.ts';
import { IndexInThread } from './index-in-thread.ts';
import { indexFile } from './open-index.ts';

describe('the history of a channel of Fabric', { skip: notRun }, () => {
  const log = { info: () => {}, warn: () => {} };
  let network: FabricNetwork;
  let directory: string;
  let history: IndexInThread;
  let lines: string[];

  const ledgerOf = (mspId: TestOrganisation) =>
    new FabricLedger({
      connection: network.connection(mspId),
      chaincode: CHAINCODE_NAME,
      limits: DEFAULT_LIMITS,
      log,
    });
  const open = () =>
    new IndexInThread({
      directory,
      connection: network.connection('Org1MSP'),
      chaincode: CHAINCODE_NAME,
      genesis: undefined,
      limits: DEFAULT_LIMITS,
      log: (_, text) => lines.push(text),
    });
  async function until<T>(ask: () => T | undefined): Promise<T> {
    for (;;) {
      const found = ask();
      if (found !== undefined) return found;
      assert.notEqual(history.status?.state, 'stopped', history.status?.problem);
      await sleep(50);
    }
  }
  /** From the history, once it is there. */
  const whenFound = (transactionId: string) =>
    until(() => {
      if (history.status?.state !== 'following') return undefined;
      return history.read((ledger) => ledger.transaction(transactionId));
    });

  before(async () => {
    network = await FabricNetwork.start();
    directory = mkdtempSync(join(tmpdir(), 'history-'));
    lines = [];
    history = open();
  });
  after(async () => {
    await history?.close();
    await network?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('holds transactions of all gateways, checked, with what they wrote', async () => {
    const other = ledgerOf('Org2MSP');
    await registerMember(other);
    const argument = anotherDataset(`history-${RUN}`);
    const call = { name: 'dataset:register', argument, role: 'steward' } as const;
    const { transactionId, blockNumber } = await other.submit(call, () => {});
    await other.close();
    const found = await whenFound(transactionId);
    assert.deepEqual(
      [found.block, found.name, found.code, found.chaincode],
      [blockNumber, 'dataset:register', 'VALID', CHAINCODE_NAME],
    );
    assert.deepEqual(found.argument, argument);
    assert.equal(found.sender.mspId, 'Org2MSP');
    assert.equal(found.sender.role, 'steward');
    assert.ok(found.endorsers.includes('Org2MSP'));
    assert.ok(found.rows.some(({ kind, key }) => kind === 'dataset' && key[0] === argument.datasetId));
    const row = history.read((ledger) =>
      ledger.row<typeof REGISTER_DATASET>('dataset', [argument.datasetId]),
    );
    assert.equal(row!.row!.title, argument.title);
    assert.equal(row!.transactionId, transactionId);
  });

  it('says that peers of all organisations sent the same blocks', async () => {
    const agreeing = await until(() => {
      const { organisations } = history.read((ledger) => ledger.edge());
      return organisations.length === 3 ? organisations : undefined;
    });
    assert.deepEqual(agreeing, ['Org1MSP', 'Org2MSP', 'Org3MSP']);
  });

  it('goes on after a restart where it was, and has the changes of the rules themselves', async () => {
    const { blocks } = history.read((ledger) => ledger.edge());
    await history.close();
    lines.length = 0;
    history = open();
    await until(() => (history.status?.state === 'following' ? true : undefined));
    assert.ok(history.read((ledger) => ledger.edge()).blocks >= blocks);
    assert.deepEqual(
      lines.filter((line) => /trusting|made again/.test(line)),
      [],
    );
    const names = history.read((ledger) =>
      [...ledger.transactions({})]
        .filter(({ chaincode }) => chaincode === '_lifecycle')
        .map(({ name }) => name),
    );
    assert.ok(names.includes('CommitChaincodeDefinition'), names.join(', '));
  });

  it('is made again where its file is changed while it is used, which /readyz is to say meanwhile', async () => {
    await until(() => (history.status?.state === 'following' ? true : undefined));
    const database = new DatabaseSync(indexFile(directory));
    database.exec(
      "UPDATE transactions SET code = 'BAD' WHERE position = (SELECT min(position) FROM transactions)",
    );
    database.close();
    lines.length = 0;
    history.checkAgain();
    await until(() => history.damage);
    assert.match(history.damage!, /was changed while it was used, and is made again/);
    assert.throws(() => history.read((ledger) => ledger.edge()), /HISTORY_UNAVAILABLE|not checked/);
    await until(() => (history.damage === undefined ? true : undefined));
    assert.ok(lines.some((line) => /made again from block 0: .*table transactions, row /.test(line)));
    assert.equal(
      history.read((ledger) => [...ledger.transactions({})][0]!.code),
      'VALID',
    );
  });

  it('waits for a peer that is gone, and can be asked meanwhile', { skip: notBreakable }, async () => {
    const { blocks } = history.read((ledger) => ledger.edge());
    await network.killPeers();
    await until(() => (history.status?.state === 'waiting' ? true : undefined));
    assert.equal(history.read((ledger) => ledger.edge()).blocks, blocks);
    await network.startPeers();
    await until(() => (history.status?.state === 'following' ? true : undefined));
  });
});
