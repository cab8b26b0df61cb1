/** The network as its operators and clients meet it: started, crashed, upgraded, misused. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { peer } from './fabric-protos.ts';
import { type FabricClient, openClient } from './fixtures/fabric-client.ts';
import { RunningNetwork } from './fixtures/running-network.ts';

const ANY = "OR('Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')";
const COLLECTION = '_implicit_org_Org1MSP';

interface CommandFailure {
  readonly code: number;
  readonly stderr: string;
}

describe('a network of three organisations', () => {
  let network: RunningNetwork;
  let addresses: Record<string, string>;
  let chaincode: Awaited<ReturnType<RunningNetwork['serveChaincode']>>['process'];
  let client: FabricClient;
  let closed = false;

  const open = () => openClient({ connection: network.connection, mspId: 'Org1MSP' });
  const reopen = () => {
    client.close();
    client = open();
  };
  const refused = async (...args: [string, ...string[]]): Promise<CommandFailure> => {
    try {
      await network.command(...args);
    } catch (error) {
      return error as CommandFailure;
    }
    return assert.fail(`${args.join(' ')} was accepted`);
  };

  before(async () => {
    network = await RunningNetwork.start();
    ({ addresses, process: chaincode } = await network.serveChaincode());
    await network.deploy('ledger', addresses);
    client = open();
  });
  after(async () => {
    client.close();
    if (!closed) await network.close();
  });

  it('keeps keys and the connection file from other users of the machine', () => {
    const organisation = join(network.dir, 'organisations/Org1MSP');
    const secrets = [
      join(network.dir, 'connection.json'),
      join(network.dir, 'organisations/Org1MSP.json'),
      join(network.dir, 'run.json'),
      join(organisation, 'ca/ca.key'),
      join(organisation, 'nodes/peer0/msp/keystore/key.pem'),
      join(organisation, 'users/steward/msp/keystore/key.pem'),
    ];
    for (const path of secrets) assert.equal(statSync(path).mode & 0o777, 0o600, path);
  });

  it('gives an organisation a connection file of its own, with nothing of the others but where their peers are', () => {
    const own = JSON.parse(readFileSync(join(network.dir, 'organisations/Org2MSP.json'), 'utf8'));
    assert.deepEqual(Object.keys(own).sort(), ['channel', 'ipfs', 'organisations', 'peers']);
    assert.deepEqual(own.organisations, [network.connection.organisations[1]]);
    const others = network.connection.organisations.filter(({ mspId }) => mspId !== 'Org2MSP');
    assert.deepEqual(
      own.peers,
      others.map(({ mspId, endpoint, tlsRootCertificate }) => ({ mspId, endpoint, tlsRootCertificate })),
    );
  });

  it('lays the identities out as Fabric MSP directories', () => {
    const msp = join(network.dir, 'organisations/Org1MSP/nodes/peer0/msp');
    for (const folder of ['cacerts', 'signcerts', 'keystore', 'tlscacerts', 'config.yaml']) {
      assert.ok(existsSync(join(msp, folder)), folder);
    }
    assert.match(readFileSync(join(msp, 'config.yaml'), 'utf8'), /OrganizationalUnitIdentifier: peer/);
  });

  it('tells the chaincode the role that the client’s certificate carries', async () => {
    const { connection } = network;
    for (const [role, identity] of Object.entries(connection.organisations[0]!.clients)) {
      const there = openClient({ connection, mspId: 'Org1MSP', identity });
      assert.equal(await there.evaluate('role'), role === 'admin' ? '' : role);
      there.close();
    }
  });

  it('lets clients know a peer by its own name, and by no name that is not in its certificate', async () => {
    const { connection } = network;
    const byName = (hostAlias: string) => openClient({ connection, mspId: 'Org1MSP', hostAlias });
    const known = byName('peer0.org1');
    assert.equal(await known.evaluate('get', 'nothing'), '');
    known.close();
    const unknown = byName('peer0.org2');
    await assert.rejects(unknown.evaluate('get', 'nothing'), /UNAVAILABLE/);
    unknown.close();
  });

  it('tells the chaincode the attributes that a person was enrolled with', async () => {
    const { connection, dir } = network;
    const organisation = ['--organisation', join(dir, 'organisations/Org1MSP'), '--name', 'ben'];
    const site = ['--attribute', 'site=north=east', '--attribute', 'abac.creator=true:ecert'];
    const identity = JSON.parse(await network.command('enrol', ...organisation, ...site));
    const there = openClient({ connection, mspId: 'Org1MSP', identity });
    const told = await Promise.all(
      ['site', 'abac.creator', 'consilium.role'].map((name) => there.evaluate('attribute', name)),
    );
    assert.deepEqual(told, ['north=east', 'true', '']);
    there.close();
    for (const [wrong, words] of [
      [[], /--role or --attribute is needed/],
      [['--role', 'king'], /--role must be one of operator, steward/],
      [['--attribute', 'consilium.role=operator'], /--attribute: consilium\.role is reserved/],
    ] as const) {
      const { code, stderr } = await refused('enrol', ...organisation, ...wrong);
      assert.equal(code, 2);
      assert.match(stderr, words);
    }
  });

  it('says of the system chaincodes it lacks that it does not offer them, whoever asks how', async () => {
    const words = (name: string) =>
      `This stand-in for a Fabric peer does not offer the system chaincode ${name}. ` +
      `It offers qscc, to clients only.`;
    for (const [channel, name, method] of [
      ['', 'cscc', 'GetChannels'],
      ['consortium', 'cscc', 'GetConfigBlock'],
      ['', '_lifecycle', 'QueryInstalledChaincodes'],
      ['consortium', '_lifecycle', 'QueryChaincodeDefinitions'],
      ['', 'lscc', 'getinstalledchaincodes'],
      ['another', 'cscc', 'JoinChain'],
    ] as const) {
      await assert.rejects(client.ask(channel, name, method), (error: { details: string }) => {
        assert.ok(error.details.startsWith(words(name)), error.details);
        assert.equal(error.details.includes('consilium-test-network deploy'), name === '_lifecycle');
        return true;
      });
    }
    const contract = client.gateway.getNetwork('consortium').getContract('cscc');
    await assert.rejects(contract.evaluateTransaction('GetChannels'), (error: Error) => {
      assert.ok(error.message.includes(words('cscc')), error.message);
      return true;
    });
    for (const name of ['cscc', 'qscc']) {
      await assert.rejects(client.evaluate('call', name, 'GetChainInfo', 'consortium'), (error: Error) => {
        assert.ok(error.message.includes(words(name)), error.message);
        return true;
      });
    }
    // One that exists nowhere is another matter, and so is a channel that does not.
    const nowhere = await client.ask('', 'ledger', 'get', 'x');
    assert.deepEqual(nowhere, { status: 500, message: "channel '' not found" });
  });

  it('tells a key its past, newest first, deletions included', async () => {
    await client.commit('put', ['past', 'first']);
    await client.commit('put', ['past', 'second']);
    await client.commit('delete', ['past']);
    const past = JSON.parse(await client.evaluate('history', 'past')) as {
      value: string;
      isDelete: boolean;
    }[];
    const told = past.map(({ value, isDelete }) => [value, isDelete]);
    assert.deepEqual(told, [
      ['', true],
      ['second', false],
      ['first', false],
    ]);
  });

  it('finds other organisations when one peer refuses, as long as the policy can be met', async () => {
    assert.equal(await client.commit('onlyAt', ['two of three', 'Org1MSP,Org3MSP']), 'VALID');
    await assert.rejects(client.commit('onlyAt', ['one of three', 'Org1MSP']), (error: unknown) => {
      const { details } = error as { details: { message: string }[] };
      const messages = details.map(({ message }) => message).sort();
      assert.deepEqual(messages, [
        'chaincode response 500, NOT_HERE: Org2MSP',
        'chaincode response 500, NOT_HERE: Org3MSP',
      ]);
      return true;
    });
  });

  it('asks all whom a key names, although the chaincode is content with fewer', async () => {
    const everyone = "AND('Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')";
    assert.equal(await client.commit('protect', ['kept', 'v', everyone]), 'VALID');
    assert.equal(await client.commit('put', ['kept', 'w']), 'VALID');
  });

  it('forgets a purged private value and keeps its absence on the ledger', async () => {
    const at = ['Org1MSP', 'Org2MSP'];
    await client.commit('putPrivate', [COLLECTION, 'purged'], { at, transient: { value: 'secret' } });
    assert.equal(await client.evaluate('getPrivate', COLLECTION, 'purged'), 'secret');
    assert.equal(await client.commit('purgePrivate', [COLLECTION, 'purged'], { at }), 'VALID');
    assert.equal(await client.evaluate('getPrivate', COLLECTION, 'purged'), '');
    assert.equal(await client.evaluate('getPrivateHash', COLLECTION, 'purged'), '');
  });

  it('replays the last event a transaction set, and one only', async () => {
    const transaction = await client.contract
      .newProposal('emit', { arguments: ['news', 'payload'] })
      .endorse();
    const status = await (await transaction.submit()).getStatus();
    const channel = client.gateway.getNetwork('consortium');
    const events = await channel.getChaincodeEvents('ledger', { startBlock: status.blockNumber });
    for await (const event of events) {
      assert.equal(event.transactionId, status.transactionId);
      assert.deepEqual([event.eventName, Buffer.from(event.payload).toString()], ['news', 'payload']);
      break;
    }
    events.close();
  });

  it('delivers filtered blocks with codes and event names, and no payloads', async () => {
    const transaction = await client.contract
      .newProposal('emit', { arguments: ['seen', 'unseen'] })
      .endorse();
    const status = await (await transaction.submit()).getStatus();
    const blocks = await client.gateway
      .getNetwork('consortium')
      .getFilteredBlockEvents({ startBlock: status.blockNumber });
    for await (const block of blocks) {
      const [filtered] = block.getFilteredTransactionsList();
      assert.equal(filtered!.getTxid(), status.transactionId);
      assert.equal(filtered!.getTxValidationCode(), peer.TxValidationCode.VALID);
      const [action] = filtered!.getTransactionActions()!.getChaincodeActionsList();
      assert.equal(action!.getChaincodeEvent()!.getEventName(), 'seen');
      assert.equal(action!.getChaincodeEvent()!.getPayload_asU8().length, 0);
      break;
    }
    blocks.close();
  });

  it('deploys a second chaincode while it runs, which the first can call', async () => {
    const other = await network.serveChaincode();
    await network.deploy('other', other.addresses, ['--policy', ANY]);
    await network.deploy('other', other.addresses, ['--policy', ANY]);
    assert.equal(await client.commit('call', ['other', 'put', 'elsewhere', 'v']), 'VALID');
    const there = openClient({ connection: network.connection, mspId: 'Org2MSP', chaincode: 'other' });
    assert.equal(await there.evaluate('get', 'elsewhere'), 'v');
    there.close();
  });

  it('upgrades a chaincode with its state, and conflicts with what was endorsed before', async () => {
    await client.commit('put', ['kept through upgrade', 'v']);
    const earlier = await client.contract.newProposal('put', { arguments: ['stale', 'v'] }).endorse();
    await network.deploy('ledger', addresses, ['--policy', ANY, '--version', '2.0']);
    const stale = await (await earlier.submit()).getStatus();
    assert.equal(stale.code, peer.TxValidationCode.MVCC_READ_CONFLICT);
    assert.equal(await client.evaluate('get', 'kept through upgrade'), 'v');
    assert.equal(await client.commit('put', ['one suffices', 'v'], { at: ['Org1MSP'] }), 'VALID');
    const status = JSON.parse(await network.command('status', '--json'));
    const sequenceOf = (name: string) =>
      status.chaincodes.find((one: { name: string }) => one.name === name).sequence;
    assert.equal(sequenceOf('ledger'), 2);
    assert.equal(sequenceOf('other'), 1, 'deploying the same again is no upgrade');
  });

  it('goes on with a chaincode that was killed and started again', async () => {
    await chaincode.kill('SIGKILL');
    await assert.rejects(client.commit('put', ['while away', 'v']), (error: unknown) => {
      const [detail] = (error as { details: { message: string }[] }).details;
      // Depending on whether the peer has noticed yet.
      assert.match(
        detail!.message,
        /could not launch chaincode ledger: connection|chaincode stream terminated/,
      );
      return true;
    });
    ({ process: chaincode } = await network.serveChaincode({ addresses }));
    assert.equal(await client.commit('put', ['back', 'v']), 'VALID');
  });

  it('refuses a chaincode server under another id than the deployed one, as Fabric’s peer does', async () => {
    const served = await network.serveChaincode({ id: 'own_1:abc' });
    await network.deploy('own', served.addresses, ['--package-id', 'own_1:abc', '--policy', ANY]);
    const there = openClient({ connection: network.connection, mspId: 'Org1MSP', chaincode: 'own' });
    assert.equal(await there.commit('put', ['k', 'v']), 'VALID');
    await served.process.kill('SIGKILL');

    const stranger = await network.serveChaincode({ id: 'own_2:def', addresses: served.addresses });
    const words =
      'peer will not accept external chaincode connection own_2:def (except in dev mode): own_1:abc';
    await assert.rejects(there.evaluate('get', 'k'), (error: { details: { message: string }[] }) => {
      const messages = error.details.map(({ message }) => message);
      assert.ok(
        messages.every((message) => message.includes(words)),
        messages.join('\n'),
      );
      return true;
    });
    assert.ok((await network.command('status')).includes(`refused: ${words}`));

    await network.deploy('own', served.addresses, ['--package-id', 'own_2:def', '--policy', ANY]);
    assert.equal(await there.evaluate('get', 'k'), 'v', 'its package is the one deployed now');
    await stranger.process.kill('SIGKILL');
    await network.serveChaincode({ id: 'own_2:def', addresses: served.addresses });
    assert.equal(await there.evaluate('get', 'k'), 'v', 'the same package may start again');
    there.close();
  });

  it('keeps the id of whoever registered first when the deployment names none', async () => {
    const served = await network.serveChaincode({ id: 'first:1' });
    await network.deploy('unnamed', served.addresses, ['--policy', ANY]);
    const there = openClient({ connection: network.connection, mspId: 'Org1MSP', chaincode: 'unnamed' });
    assert.equal(await there.commit('put', ['k', 'v'], { at: ['Org1MSP'] }), 'VALID');
    // Deployed again as it is, it is no upgrade, and its server stays connected.
    await network.deploy('unnamed', served.addresses, ['--policy', ANY]);
    await served.process.kill('SIGKILL');
    const other = await network.serveChaincode({ id: 'other:1', addresses: served.addresses });
    await assert.rejects(there.evaluate('get', 'k'), /Error/);
    const { chaincodes } = JSON.parse(await network.command('status', '--json'));
    const [first] = chaincodes.find(({ name }: { name: string }) => name === 'unnamed').peers;
    assert.equal(first.packageId, 'first:1');
    assert.match(first.refused, /connection other:1 .*first:1 is deployed/);
    await network.deploy('unnamed', served.addresses, ['--policy', ANY]);
    assert.equal(await there.evaluate('get', 'k'), 'v', 'a deployment means who is there now');
    await other.process.kill('SIGKILL');
    there.close();
  });

  it('reaches a chaincode over TLS', async () => {
    const tls = join(network.dir, 'organisations/Org1MSP/nodes/peer0/tls');
    const secured = await network.serveChaincode({ tls });
    const local = Object.fromEntries(
      Object.entries(secured.addresses).map(([mspId, address]) => [
        mspId,
        address.replace('127.0.0.1', 'localhost'),
      ]),
    );
    await network.deploy('secured', local, ['--tls-root', join(tls, 'ca.crt')]);
    const there = openClient({ connection: network.connection, mspId: 'Org3MSP', chaincode: 'secured' });
    assert.equal(await there.commit('put', ['k', 'v']), 'VALID');
    there.close();
  });

  it('comes back from kill -9 with every answered transaction, its identities and its ports', async () => {
    const { connection } = network;
    const answered: string[] = [];
    const enough = Promise.withResolvers<void>();
    const writing = (async () => {
      for (let at = 0; ; at += 1) {
        await client.commit('put', [`durable-${at}`, String(at)]);
        if (answered.push(`durable-${at}`) === 3) enough.resolve();
      }
    })();
    await Promise.race([writing, enough.promise]);
    await network.kill('SIGKILL');
    await assert.rejects(writing);
    await network.resume();
    assert.deepEqual(network.connection, connection);
    reopen();
    for (const key of answered) assert.notEqual(await client.evaluate('get', key), '', key);
    assert.equal(await client.commit('put', ['after the crash', 'v']), 'VALID');
    assert.equal(await client.evaluate('getPrivateHash', COLLECTION, 'purged'), '');
  });

  it('refuses a second start in the same directory', async () => {
    const { code, stderr } = await refused('start');
    assert.equal(code, 1);
    assert.match(stderr, /already running/);
  });

  it('names every problem of a configuration at once', async () => {
    const path = join(network.dir, 'bad.json');
    const organisations = [
      { mspId: 'A', name: 'a' },
      { mspId: 'A', name: 'B!' },
    ];
    const chaincodes = [{ name: 'x', addresses: { C: 'nowhere' }, policy: 'SOME' }];
    writeFileSync(path, JSON.stringify({ organisations, chaincodes, batchTimeoutMs: 0, colour: 'red' }));
    const elsewhere = join(network.dir, 'elsewhere');
    const { code, stderr } = await refused('start', '--dir', elsewhere, '--config', path);
    assert.equal(code, 2);
    for (const field of [
      'colour',
      'organisations[1].name',
      'organisations has the mspId A twice',
      'chaincodes[0].policy',
      'chaincodes[0].addresses.C is for no organisation',
      'chaincodes[0].addresses.C must be host:port',
      'batchTimeoutMs',
    ]) {
      assert.ok(stderr.includes(field), `${field} is not in ${stderr}`);
    }
  });

  it('refuses a deployment whose sequence does not follow, or whose policy is none', async () => {
    const address = ['--address', '127.0.0.1:1'];
    const skipped = await refused('deploy', '--name', 'ledger', ...address, '--sequence', '9');
    assert.match(skipped.stderr, /new definition must be sequence 3/);
    const unreadable = await refused('deploy', '--name', 'bad', ...address, '--policy', "OR('Org1MSP')");
    assert.match(unreadable.stderr, /chaincode\.policy: .*expected a principal/);
  });

  it('prints help, and tells wrong usage from failure', async () => {
    assert.match(await network.command('start', '--help'), /Usage/);
    assert.equal((await refused('dance')).code, 2);
    assert.equal((await refused('deploy', '--name', 'x')).code, 2);
    assert.equal((await refused('status', '--dir', join(network.dir, 'nowhere'))).code, 3);
  });

  it('stops when asked to, with exit status 0 and nothing left listening', async () => {
    const { endpoint } = network.connection.organisations[0]!;
    await network.command('stop');
    assert.equal(await network.exited, 0);
    await assert.rejects(fetch(`https://${endpoint}/`));
    client.close();
    await network.close();
    closed = true;
  });
});
