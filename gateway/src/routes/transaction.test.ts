import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { ROLES } from '@consilium/domain';
import { REGISTER_DATASET } from '../http/examples.ts';
import type { FollowerStatus } from '../read-model/block-follower.ts';
import { unwatched } from '../read-model/no-history.ts';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { written, writtenHistory } from '../testing/written-history.ts';

const AT = '2026-03-01T08:00:00.000Z';
const id = (block: number) => block.toString(16).padStart(64, '0');

describe('a transaction of the channel', () => {
  let gateway: GatewayFixture;
  afterEach(() => gateway.close());

  const historyOf = () =>
    writtenHistory([
      {
        at: AT,
        transactionId: id(0xa1),
        name: 'study:propose',
        argument: { studyId: 's' },
        sender: { mspId: 'Org2MSP', role: 'researcher', person: 'ada' },
        endorsers: ['Org1MSP', 'Org2MSP'],
        writes: [written('study', ['s'], { schema: 4 })],
      },
      { at: AT, transactionId: id(0xa2), code: 'MVCC_READ_CONFLICT', writes: [] },
      {
        at: AT,
        transactionId: id(0xa3),
        chaincode: '_lifecycle',
        name: 'CommitChaincodeDefinition',
        argument: {},
        writes: [],
      },
    ]);
  const ask = async (transactionId: string, role: (typeof ROLES)[number] = 'auditor') =>
    gateway.as(role, { method: 'GET', url: `/v1/transactions/${transactionId}` });

  it('is found by every role, whichever gateway sent it: who, when, what, and what it wrote', async () => {
    gateway = await openGateway({ history: historyOf() });
    for (const role of ROLES) {
      const answer = await ask(id(0xa1), role);
      assert.equal(answer.statusCode, 200);
      assert.deepEqual(answer.json(), {
        transactionId: id(0xa1),
        transaction: 'study:propose',
        state: 'committed',
        blockNumber: 0,
        validationCode: null,
        result: null,
        recorded: {
          block: 0,
          place: 0,
          at: AT,
          chaincode: 'consilium',
          name: 'study:propose',
          argument: { studyId: 's' },
          sender: { mspId: 'Org2MSP', role: 'researcher', person: 'ada' },
          endorsers: ['Org1MSP', 'Org2MSP'],
          rows: [{ kind: 'study', key: ['s'] }],
        },
        checked: { blocks: 3, organisations: ['Org1MSP'] },
      });
    }
    const invalid = (await ask(id(0xa2))).json();
    assert.deepEqual([invalid.state, invalid.validationCode], ['invalid', 'MVCC_READ_CONFLICT']);
    const rules = (await ask(id(0xa3))).json();
    assert.deepEqual([rules.transaction, rules.recorded.argument], ['CommitChaincodeDefinition', null]);
  });

  it('is refused without a key, and where it is in none of the blocks, whose number is said', async () => {
    gateway = await openGateway({ history: historyOf() });
    const url = `/v1/transactions/${id(0xa1)}`;
    assert.equal((await gateway.app.inject({ method: 'GET', url })).statusCode, 401);
    const unknown = await ask(id(0xff));
    assert.equal(unknown.json().code, 'TRANSACTION_NOT_FOUND');
    assert.match(unknown.json().detail, /none of the 3 blocks that it checked/);
  });

  it('can be asked for by who sent it before anything of the ledger was checked', async () => {
    gateway = await openGateway();
    const url = '/v1/datasets';
    const sent = await gateway.as('steward', { method: 'POST', url, payload: REGISTER_DATASET });
    const found = await ask(sent.json().transactionId);
    assert.deepEqual(
      [found.json().state, found.json().recorded, found.json().checked],
      ['committed', null, null],
    );
    assert.match((await ask(id(0xa1))).json().detail, /has not checked the ledger yet/);
  });
});

describe('a ledger that is not what it should be', () => {
  it('makes a gateway not ready where its history stopped, and is in what waits for people', async () => {
    const alarm = { mspId: 'Org2MSP', text: 'orderers signed two blocks 7', since: AT, stops: true };
    const problem = `${alarm.text} (found at ${AT})`;
    const common = { blocks: 7, height: 8, organisations: ['Org1MSP'], problem };
    const status: FollowerStatus = { ...common, state: 'stopped', alarms: [alarm] };
    const gateway = await openGateway({ history: { ...unwatched(writtenHistory([])), status } });
    try {
      const ready = await gateway.app.inject({ method: 'GET', url: '/readyz' });
      assert.equal(ready.statusCode, 503);
      assert.deepEqual(ready.json().checks.at(-1), { name: 'history', problem });
      const attention = await gateway.as('auditor', { method: 'GET', url: '/v1/attention' });
      assert.deepEqual(attention.json().alarms, [alarm]);
      const metrics = (await gateway.app.inject({ method: 'GET', url: '/metrics' })).body;
      assert.match(metrics, /consilium_history_state\{state="stopped"\} 1/);
      assert.match(metrics, /consilium_history_alarms 1/);
      assert.match(metrics, /consilium_history_blocks 7/);
    } finally {
      await gateway.close();
    }
  });

  it('makes a gateway not ready while the file of its history was changed, and is made again', async () => {
    const problem = 'the index of the ledger was changed while it was used';
    const gateway = await openGateway({ history: { ...unwatched(writtenHistory([])), damage: problem } });
    try {
      const ready = await gateway.app.inject({ method: 'GET', url: '/readyz' });
      assert.deepEqual([ready.statusCode, ready.json().checks.at(-1)], [503, { name: 'history', problem }]);
    } finally {
      await gateway.close();
    }
  });

  it('leaves a gateway ready that is still reading it, or whose peer is away', async () => {
    const common = { blocks: 7, height: 8, organisations: [], alarms: [] };
    const status: FollowerStatus = { ...common, state: 'waiting', problem: 'the peer sends no blocks' };
    const gateway = await openGateway({ history: { ...unwatched(writtenHistory([])), status } });
    try {
      assert.equal((await gateway.app.inject({ method: 'GET', url: '/readyz' })).statusCode, 200);
    } finally {
      await gateway.close();
    }
  });
});
