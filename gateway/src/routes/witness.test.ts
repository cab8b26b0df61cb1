import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type ClientRequest, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkHistory, makeHistoryFile } from '@consilium/verify';
import { blockBytes } from '@consilium/verify/testing/block-bytes';
import { signedStatement } from '@consilium/verify/testing/signed-statement';
import {
  type Organisation,
  organisation,
  SyntheticChannel,
} from '@consilium/verify/testing/synthetic-channel';
import { Authority, type Signer } from '@consilium/verify/testing/test-authority';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { WitnessingHospital } from '../testing/witnessing-hospital.ts';

const URL_ = '/v1/ledger/witness-statement';

async function until(isDone: () => Promise<boolean>): Promise<void> {
  while (!(await isDone())) await sleep(50);
}

describe('statements by hand', () => {
  const directory = mkdtempSync(join(tmpdir(), 'witness-route-'));
  let gateway: GatewayFixture;
  let hospital: WitnessingHospital;
  let channel: SyntheticChannel;
  let other: SyntheticChannel;
  let operator: Signer;

  before(async () => {
    const organisations: Organisation[] = await Promise.all(
      ['AMSP', 'BMSP'].map(async (mspId) => organisation(await Authority.create(mspId))),
    );
    const ordererAuthority = await Authority.create('OrdererMSP');
    const orderers = [await ordererAuthority.issue('orderer')];
    channel = new SyntheticChannel(organisations, { orderers, ordererAuthority, consensus: 'etcdraft' });
    other = channel.fork();
    for (const of of [channel, other]) of.transact({ rows: [{ key: 'a', value: '1' }], endorsers: of.peers });
    const [own, another] = organisations as [Organisation, Organisation];
    operator = await another.authority.issue('client', { role: 'operator' });
    hospital = new WitnessingHospital(directory, {
      operator: await own.authority.issue('client', { role: 'operator' }),
    });
    await hospital.sees(channel);
    gateway = await openGateway({ history: hospital.history, witnesses: hospital.exchange });
  });
  after(async () => {
    await gateway?.close();
    await hospital?.end();
    rmSync(directory, { recursive: true });
  });

  const fileOf = (of: SyntheticChannel, block: number): string => {
    const statement = signedStatement(of.blocks[block]!, operator, { genesis: channel.genesis });
    return Buffer.from(makeHistoryFile(statement, [blockBytes(of.blocks[0]!)])).toString('utf8');
  };
  const compare = (payload: string, role: 'auditor' | 'operator' | 'researcher' = 'auditor') =>
    gateway.as(role, {
      method: 'POST',
      url: URL_,
      payload,
      headers: { 'content-type': 'application/x-ndjson' },
    });

  it('are files that can be checked alone, of the last block or of one that is named', async () => {
    const answer = await gateway.as('researcher', { url: URL_ });
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers['content-type'], 'application/x-ndjson');
    const checked = checkHistory(answer.rawPayload, { genesis: channel.genesis });
    assert.equal('history' in checked && checked.history.statement.header.number, 2);
    const first = await gateway.as('auditor', { url: `${URL_}?block=1` });
    const named = checkHistory(first.rawPayload, { genesis: channel.genesis });
    assert.equal('history' in named && named.history.statement.header.number, 1);
    const beyond = await gateway.as('auditor', { url: `${URL_}?block=9` });
    assert.deepEqual([beyond.statusCode, beyond.json().code], [404, 'BLOCK_NOT_CHECKED']);
    assert.equal((await gateway.as('auditor', { url: `${URL_}?block=0` })).json().code, 'INVALID_ARGUMENT');
    assert.equal((await gateway.app.inject(URL_)).statusCode, 401);
  });

  it('are not signed where no block was checked, or there is no operator', async () => {
    const unchecked = await openGateway();
    try {
      assert.equal((await unchecked.as('auditor', { url: URL_ })).json().code, 'HISTORY_UNAVAILABLE');
    } finally {
      await unchecked.close();
    }
    const unsigned = await openGateway({ history: hospital.history });
    try {
      assert.equal((await unsigned.as('auditor', { url: URL_ })).json().code, 'IDENTITY_MISSING');
    } finally {
      await unsigned.close();
    }
  });

  it('are compared for operators and auditors, and refused with the reason', async () => {
    const refused = async (payload: string) => (await compare(payload)).json();
    assert.equal((await compare('{}\n', 'researcher')).json().code, 'ROLE_REQUIRED');
    assert.deepEqual((await refused('{}\n')).code, 'MALFORMED_BODY');
    assert.match((await refused('{}\n')).detail, /^line 1: format is missing\.$/);
    assert.deepEqual((await refused('')).code, 'MALFORMED_BODY');
    const json = { method: 'POST', url: URL_, payload: {} } as const;
    assert.equal((await gateway.as('auditor', json)).json().code, 'UNSUPPORTED_MEDIA_TYPE');
    const nothing = { method: 'POST', url: URL_ } as const;
    assert.equal((await gateway.as('auditor', nothing)).json().code, 'MALFORMED_BODY');
    const huge = await compare(' '.repeat(9 * 2 ** 20));
    assert.equal(huge.json().code, 'PAYLOAD_TOO_LARGE');
    const altered = fileOf(channel, 2).replace(/"at":"20/, '"at":"21');
    assert.deepEqual(await refused(altered), {
      result: 'refused',
      text:
        'The file does not hold: statement: its certificate was not valid any more at ' +
        /at":"(21[^"]*)/.exec(altered)![1] +
        '.',
    });
  });

  it('say who saw the same history, and are in the state of the ledger then', async () => {
    const same = await compare(fileOf(channel, 2), 'operator');
    assert.deepEqual(same.json(), { result: 'same', text: 'BMSP saw the same history up to block 2.' });
    const { witnessed, checked } = (await gateway.as('auditor', { url: '/v1/ledger' })).json();
    assert.equal(checked, 3);
    assert.deepEqual([witnessed[0].mspId, witnessed[0].block], ['BMSP', 2]);
    const { body } = await gateway.app.inject('/metrics');
    assert.match(body, /^consilium_witnessed_block\{mspId="BMSP"\} 2$/m);
  });

  it('are received from few at once, and of one key one: others are refused before their bytes are read', async () => {
    const url = new URL(await gateway.app.listen({ port: 0, host: '127.0.0.1' }));
    const sending: ClientRequest[] = [];
    const send = async (key: string, declared: number) => {
      const arrived = once(gateway.app.server, 'request');
      const headers = { 'content-type': 'application/x-ndjson', 'content-length': declared };
      const sent = request({
        ...{ host: url.hostname, port: url.port, path: URL_, method: 'POST' },
        headers: { ...headers, authorization: `Bearer ${key}` },
      });
      sent.on('error', () => {});
      sending.push(sent);
      sent.flushHeaders();
      const answer = new Promise<string>((resolve, reject) => {
        sent.once('response', async (response) => {
          resolve(JSON.parse(Buffer.concat(await response.toArray()).toString()).code);
        });
        sent.once('close', () => reject(new Error('no answer')));
      });
      answer.catch(() => {});
      await arrived;
      return { sent, answer };
    };
    const { auditor, operator: own } = gateway.keys;
    const first = await send(auditor, 8 * 2 ** 20);
    await until(async () => (await compare('')).json().code === 'EVIDENCE_BUSY');
    assert.equal(await (await send(auditor, 10)).answer, 'EVIDENCE_BUSY');
    const second = await send(own, 8 * 2 ** 20);
    await until(async () => (await compare('', 'operator')).json().code === 'EVIDENCE_BUSY');
    first.sent.destroy();
    await until(async () => (await compare('')).json().code === 'MALFORMED_BODY');
    const third = await send(auditor, 8 * 2 ** 20 + 1);
    assert.equal(await third.answer, 'PAYLOAD_TOO_LARGE');
    // Who goes away leaves the place.
    second.sent.destroy();
    await until(async () => (await compare(fileOf(channel, 2), 'operator')).json().result === 'same');
    for (const one of sending) one.destroy();
  });

  it('stop the history where orderers signed two, with both headers', async () => {
    const { result } = (await compare(fileOf(other, 2))).json();
    assert.equal(result, 'two');
    await hospital.stops();
    const { alarms } = (await gateway.as('auditor', { url: '/v1/attention' })).json();
    assert.match(
      alarms[0].text,
      /^orderers signed two blocks 2: the gateways of AMSP and BMSP saw different ones/,
    );
    assert.equal(alarms[0].headers.own.signatures.length, 1);
    assert.equal(alarms[0].headers.other.signatures.length, 1);
    const ready = await gateway.app.inject('/readyz');
    assert.equal(ready.statusCode, 503);
    assert.match(ready.body, /orderers signed two blocks 2/);
    assert.equal(
      (await gateway.as('auditor', { url: URL_ })).statusCode,
      200,
      'others can still find it too',
    );
  });
});
