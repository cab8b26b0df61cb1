/** The questions of `fabric-3.1.5-outcomes.json`, asked here, must get the answers that real Fabric gave. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { common, gateway as protos } from './fabric-protos.ts';
import { codeName, type FabricClient, openClient, outcomeOf } from './fixtures/fabric-client.ts';
import { alterResult, forge, type TransactionParts } from './fixtures/forged-transaction.ts';
import { RunningNetwork } from './fixtures/running-network.ts';
import { blockHash } from './ledger/block.ts';
import { serializeIdentity } from './msp/signing-identity.ts';

const VECTORS = new URL('../../reference-values/fabric-3.1.5-outcomes.json', import.meta.url);
const CHANNEL = 'consortium';
const ALL_THREE = "AND('Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')";
const COLLECTION = '_implicit_org_Org1MSP';

interface Parties {
  readonly a: FabricClient;
  readonly b: FabricClient;
  readonly network: RunningNetwork;
}
type Question = (parties: Parties) => Promise<string>;

const QUESTIONS: Readonly<Record<string, Question>> = {
  'submit plain': ({ a }) => a.commit('put', ['plain', '1']),
  'evaluate from another org': ({ b }) => b.evaluate('get', 'plain'),
  'own writes are not read back': ({ a }) => a.evaluate('putAndGet', 'own', 'v'),
  'chaincode refuses (submit)': ({ a }) => a.commit('refuse', []),
  'wrong number of arguments': ({ a }) => a.evaluate('put', 'k'),
  'unknown chaincode (submit)': async ({ network }) =>
    withClient({ network, chaincode: 'nochaincode' }, (client) => client.commit('put', ['k', 'v'])),
  'unknown channel': ({ network }) =>
    withClient({ network, channel: 'nochannel' }, (client) => client.evaluate('get', 'k')),
  'key does not match certificate': ({ network }) => {
    const { researcher, trainer } = network.connection.organisations[0]!.clients;
    const identity = { certificate: researcher!.certificate, privateKey: trainer!.privateKey };
    return withClient({ network, identity }, (client) => client.evaluate('get', 'k'));
  },
  'certificate of another org under our MSP': ({ network }) => {
    const identity = network.connection.organisations[1]!.clients.researcher!;
    return withClient({ network, identity }, (client) => client.commit('put', ['k', 'v']));
  },
  'certificate is not one': ({ network }) => {
    const { privateKey } = network.connection.organisations[0]!.clients.researcher!;
    const identity = { certificate: 'not a certificate', privateKey };
    return withClient({ network, identity }, (client) => client.commit('put', ['k', 'v']));
  },
  'client of another org submits at our peer': ({ network }) => {
    const { researcher } = network.connection.organisations[1]!.clients;
    const identity = { mspId: 'Org2MSP', ...researcher! };
    return withClient({ network, identity }, (client) => client.commit('put', ['guest', 'v']));
  },
  'one endorsement only': ({ a }) => a.commit('put', ['one', 'v'], { at: ['Org1MSP'] }),
  'two endorsements': ({ a }) => a.commit('put', ['two', 'v'], { at: ['Org1MSP', 'Org2MSP'] }),
  'endorsements dropped to one': ({ a }) =>
    tampered(a, ({ endorsed }) => endorsed.setEndorsementsList(endorsed.getEndorsementsList().slice(0, 1))),
  'endorser swapped for a client certificate': ({ a, network }) =>
    tampered(a, ({ endorsed }) => {
      const { certificate } = network.connection.organisations[1]!.clients.researcher!;
      endorsed.getEndorsementsList()[1]!.setEndorser(serializeIdentity('Org2MSP', certificate));
    }),
  'result altered after endorsement': ({ a }) =>
    tampered(a, ({ endorsed }) => alterResult(endorsed, 'altered')),
  'envelope signed by another client': ({ a, b }) => tampered(a, () => undefined, b),
  'creator replaced in the header': ({ a, b, network }) => {
    const { certificate } = network.connection.organisations[1]!.clients.researcher!;
    const replace = ({ payload }: TransactionParts) => {
      const header = payload.getHeader()!;
      const signature = common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8());
      signature.setCreator(serializeIdentity('Org2MSP', certificate));
      header.setSignatureHeader(signature.serializeBinary());
    };
    return tampered(a, replace, b);
  },
  'same transaction submitted twice': async ({ a }) => {
    const transaction = await a.contract.newProposal('put', { arguments: ['twice', 'v'] }).endorse();
    const submitted = await transaction.submit();
    const first = codeName((await submitted.getStatus()).code);
    const again = await transaction.submit();
    return JSON.stringify({ first, second: 'accepted', status: codeName((await again.getStatus()).code) });
  },
  'read conflict inside one block': async ({ a }) => {
    const endorse = () => a.contract.newProposal('append', { arguments: ['conflict', 'x'] }).endorse();
    const endorsed = await Promise.all([endorse(), endorse(), endorse()]);
    const submitted = await Promise.all(endorsed.map((transaction) => transaction.submit()));
    const codes = await Promise.all(submitted.map(async (one) => codeName((await one.getStatus()).code)));
    return JSON.stringify(codes.sort());
  },
  'phantom in a range': async ({ a }) => {
    const endorsed = await a.contract
      .newProposal('countInto', { arguments: ['phantom-', 'phantom-~', 'count'] })
      .endorse();
    await a.commit('put', ['phantom-1', 'v']);
    return codeName((await (await endorsed.submit()).getStatus()).code);
  },
  'key policy set 3 of 3': ({ a }) => a.commit('protect', ['guarded', 'v', ALL_THREE]),
  'guarded key, two endorsements': ({ a }) =>
    a.commit('put', ['guarded', 'w'], { at: ['Org1MSP', 'Org3MSP'] }),
  'same key by A and B only': ({ a }) => a.commit('put', ['guarded', 'w'], { at: ['Org1MSP', 'Org2MSP'] }),
  'results differ between endorsers': ({ a }) => a.commit('differ', ['different']),
  'deadline shorter than the chaincode': ({ network }) =>
    withClient({ network, evaluateTimeoutMs: 700 }, (client) => client.evaluate('sleep', '1500')),
  'blocks replayed from 0': async ({ a }) => {
    const blocks = await a.gateway.getNetwork(CHANNEL).getBlockEvents({ startBlock: 0n });
    const headers: InstanceType<typeof common.BlockHeader>[] = [];
    for await (const block of blocks) {
      headers.push(block.getHeader()! as never);
      if (headers.length === 5) break;
    }
    blocks.close();
    const linked = headers
      .slice(1)
      .every((header, at) => blockHash(headers[at]!).equals(header.getPreviousHash_asU8()));
    return JSON.stringify({ first: headers[0]!.getNumber(), linked });
  },
  'private data hash read by another org': async ({ a, b }) => {
    await a.commit('putPrivate', [COLLECTION, 'secret'], {
      at: ['Org1MSP', 'Org2MSP'],
      transient: { value: 'mine' },
    });
    return String((await b.evaluate('getPrivateHash', COLLECTION, 'secret')).length === 64);
  },
  pagination: async ({ a }) => {
    await Promise.all(['Rwa', 'Rwb', 'Rwc', 'Rwd', 'Rwe'].map((key) => a.commit('put', [key, 'v'])));
    const page = async (bookmark: string) =>
      JSON.parse(await a.evaluate('page', 'Rw', 'Rw~', '2', bookmark)) as {
        keys: string[];
        bookmark: string;
      };
    const first = await page('');
    const second = await page(first.bookmark);
    const third = await page(second.bookmark);
    return JSON.stringify({
      a: first.keys,
      m1: first.bookmark,
      b: second.keys,
      c: third.keys,
      m3: third.bookmark,
    });
  },
  'reserved key with null byte prefix': async ({ a }) => {
    assert.equal(await a.commit('put', ['\u0000reserved', 'v']), 'VALID');
    return 'TXID';
  },
  'two megabytes of value': ({ a }) => a.commit('putSized', ['large', String(2 * 1024 * 1024)]),
  'status of an unknown transaction times out': async ({ network }) => {
    const client = openClient({ connection: network.connection, mspId: 'Org1MSP' });
    try {
      const unsent = await client.contract.newProposal('put', { arguments: ['never', 'sent'] }).endorse();
      const answered = await statusWithin(client, unsent.getTransactionId(), 500);
      return answered ? 'answered' : 'still waiting after 2 s';
    } finally {
      client.close();
    }
  },
};

describe('a client of this network', () => {
  const { outcomes } = JSON.parse(readFileSync(VECTORS, 'utf8')) as {
    outcomes: Record<string, Record<string, unknown>>;
  };
  let parties: Parties;

  before(async () => {
    const network = await RunningNetwork.start();
    const { addresses } = await network.serveChaincode();
    await network.deploy('ledger', addresses);
    const { connection } = network;
    parties = {
      network,
      a: openClient({ connection, mspId: 'Org1MSP' }),
      b: openClient({ connection, mspId: 'Org2MSP' }),
    };
  });
  after(async () => {
    parties.a.close();
    parties.b.close();
    await parties.network.close();
  });

  it('is asked every question of the file', () => {
    assert.deepEqual(Object.keys(QUESTIONS).sort(), Object.keys(outcomes).sort());
  });

  for (const [title, expected] of Object.entries(outcomes)) {
    it(`gets Fabric's answer to: ${title}`, async () => {
      const given = await outcomeOf(() => QUESTIONS[title]!(parties));
      assert.deepEqual(comparable(given), comparable(expected));
    });
  }
});

/** Times, addresses and the client's own error classes differ between recordings. */
function comparable(outcome: Record<string, unknown>): Record<string, unknown> {
  const message = outcome.message;
  if (typeof message !== 'string') return outcome;
  const { error, ...rest } = outcome;
  return {
    ...rest,
    error: error === 'EndorseError' ? error : 'GatewayError',
    message: message.replace(/(Deadline exceeded) after .*/, '$1'),
    ...(Array.isArray(outcome.details) ? { details: [...outcome.details].sort() } : {}),
  };
}

async function tampered(
  client: FabricClient,
  change: (parts: TransactionParts) => void,
  signer: FabricClient = client,
): Promise<string> {
  const proposal = client.contract.newProposal('put', {
    arguments: ['tampered', 'v'],
    endorsingOrganizations: ['Org1MSP', 'Org2MSP'],
  });
  const submitted = await forge(await proposal.endorse(), signer.gateway, change).submit();
  return codeName((await submitted.getStatus()).code);
}

async function withClient(
  options: Omit<Parameters<typeof openClient>[0], 'connection' | 'mspId'> & { network: RunningNetwork },
  use: (client: FabricClient) => Promise<string>,
): Promise<string> {
  const { network, ...rest } = options;
  const client = openClient({ connection: network.connection, mspId: 'Org1MSP', ...rest });
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

async function statusWithin(client: FabricClient, txId: string, patienceMs: number): Promise<boolean> {
  const request = new protos.CommitStatusRequest();
  request.setChannelId(CHANNEL);
  request.setTransactionId(txId);
  request.setIdentity(serializeIdentity(client.mspId, identityPem(client)));
  const signed = new protos.SignedCommitStatusRequest();
  signed.setRequest(request.serializeBinary());
  const commit = client.gateway.newCommit(signed.serializeBinary());
  try {
    await commit.getStatus({ deadline: Date.now() + patienceMs });
    return true;
  } catch (error) {
    assert.equal((error as { code?: number }).code, 4);
    return false;
  }
}

function identityPem(client: FabricClient): string {
  return Buffer.from(client.gateway.getIdentity().credentials).toString('utf8');
}
