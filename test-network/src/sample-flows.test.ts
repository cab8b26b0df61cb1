/**
 * The flows of two of Fabric's samples, asset-transfer-basic and asset-transfer-events, with a chaincode of our own:
 * what somebody meets who brings a chaincode and a client to this network. `fabric-samples.test.ts` runs the samples
 * themselves where they are at hand.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type FabricClient, openClient } from './fixtures/fabric-client.ts';
import { serveNodeChaincode } from './fixtures/node-chaincode.ts';
import { RunningNetwork } from './fixtures/running-network.ts';

const CHAINCODE = new URL('../../src/fixtures/asset-chaincode', import.meta.url).pathname;
const ID = 'asset_1.0:fixture';
/** The names of the samples' own network. */
const CONFIG = {
  channel: 'mychannel',
  organisations: [
    { mspId: 'Org1MSP', name: 'org1.example.com' },
    { mspId: 'Org2MSP', name: 'org2', hostAliases: ['peer0.org2.example.com'] },
  ],
};

describe("a chaincode and clients of one's own, as in Fabric's samples", () => {
  let network: RunningNetwork;
  const stop: (() => Promise<unknown>)[] = [];

  before(async () => {
    network = await RunningNetwork.start(CONFIG);
    const addresses: Record<string, string> = {};
    for (const { mspId } of CONFIG.organisations) {
      const served = await serveNodeChaincode({ folder: CHAINCODE, id: ID, mspId });
      stop.push(() => served.process.kill('SIGKILL'));
      addresses[mspId] = served.address;
    }
    await network.deploy('basic', addresses, ['--package-id', ID]);
    // Private properties are written by the client's own organisation, whose results are its own then.
    const policy = "OR('Org1MSP.peer','Org2MSP.peer')";
    await network.deploy('events', addresses, ['--package-id', ID, '--policy', policy]);
  });
  after(async () => {
    for (const end of stop) await end();
    await network.close();
  });

  const open = (chaincode: string, organisation: 1 | 2): FabricClient =>
    openClient({
      connection: network.connection,
      mspId: `Org${organisation}MSP`,
      chaincode,
      hostAlias: `peer0.org${organisation}.example.com`,
    });

  it('asset-transfer-basic: fills the ledger, lists, creates, transfers, reads, and hears why an update fails', async () => {
    const client = open('basic', 1);
    const { contract } = client;
    await contract.submitTransaction('InitLedger');
    const all = JSON.parse(await client.evaluate('GetAllAssets'));
    assert.deepEqual(
      all.map(({ ID: id, Owner }: { ID: string; Owner: string }) => [id, Owner]),
      [
        ['asset1', 'Tomoko'],
        ['asset2', 'Brad'],
      ],
    );
    await contract.submitTransaction('CreateAsset', 'own', 'Tom', '1300');
    const transfer = await contract.submitAsync('TransferAsset', { arguments: ['own', 'Saptha'] });
    assert.equal(Buffer.from(transfer.getResult()).toString(), 'Tom');
    const status = await transfer.getStatus();
    assert.ok(status.successful);
    const owned = { ID: 'own', Owner: 'Saptha', AppraisedValue: 1300 };
    assert.deepEqual(JSON.parse(await client.evaluate('ReadAsset', 'own')), owned);
    for (const [method, args, words] of [
      ['UpdateAsset', ['asset70', '300'], 'The asset asset70 does not exist'],
      ['CreateAsset', ['own', 'Eve', '1'], 'The asset own already exists'],
    ] as const) {
      await assert.rejects(contract.submitTransaction(method, ...args), (error: unknown) => {
        const { name, details } = error as { name: string; details: { message: string; mspId: string }[] };
        assert.equal(name, 'EndorseError');
        assert.deepEqual(
          details.map(({ mspId, message }) => [mspId, message]),
          [['Org1MSP', `chaincode response 500, ${words}`]],
        );
        return true;
      });
    }
    client.close();
    const other = open('basic', 2);
    assert.deepEqual(
      JSON.parse(await other.evaluate('ReadAsset', 'own')),
      owned,
      'the other organisation agrees',
    );
    other.close();
  });

  it('asset-transfer-events: hears its events as they happen and again from a block, and keeps private properties', async () => {
    const client = open('events', 1);
    const { contract } = client;
    const channel = client.gateway.getNetwork('mychannel');
    const live = await channel.getChaincodeEvents('events');
    const properties = { asset_properties: JSON.stringify({ price: 90 }) };
    const created = await contract.submitAsync('CreateAsset', {
      arguments: ['thing', 'Sam', '100'],
      transientData: properties,
    });
    const { successful, blockNumber } = await created.getStatus();
    assert.ok(successful);
    await contract.submitTransaction('UpdateAsset', 'thing', '200');
    const withPrice = { ID: 'thing', Owner: 'Sam', AppraisedValue: 200, Properties: { price: 90 } };
    assert.deepEqual(JSON.parse(await client.evaluate('ReadAsset', 'thing')), withPrice);
    const other = open('events', 2);
    const { Properties: _, ...without } = withPrice;
    assert.deepEqual(JSON.parse(await other.evaluate('ReadAsset', 'thing')), without, 'they stay at home');
    other.close();
    await contract.submitTransaction('TransferAsset', 'thing', 'Mary');
    await contract.submitTransaction('DeleteAsset', 'thing');
    const expected = [
      ['CreateAsset', 'Sam', 100],
      ['UpdateAsset', 'Sam', 200],
      ['TransferAsset', 'Mary', 200],
      ['DeleteAsset', 'Mary', 200],
    ];
    const replayed = await channel.getChaincodeEvents('events', { startBlock: blockNumber });
    for (const events of [live, replayed]) {
      const heard: unknown[] = [];
      for await (const { eventName, payload } of events) {
        const { Owner, AppraisedValue } = JSON.parse(Buffer.from(payload).toString());
        if (heard.push([eventName, Owner, AppraisedValue]) === expected.length) break;
      }
      assert.deepEqual(heard, expected);
      events.close();
    }
    await assert.rejects(client.evaluate('ReadAsset', 'thing'), /The asset thing does not exist/);
    client.close();
  });
});
