/** Fabric's own `peer` command at this network, where FABRIC_BIN_DIR has one; not run otherwise. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { common } from './fabric-protos.ts';
import { RunningNetwork } from './fixtures/running-network.ts';

const PEER = join(process.env.FABRIC_BIN_DIR ?? '/nowhere', 'peer');
const skip = existsSync(PEER) ? false : 'not run: no `peer` in FABRIC_BIN_DIR';
/** The least that the command reads of Fabric's configuration. */
const CORE = 'peer: { BCCSP: { Default: SW, SW: { Hash: SHA2, Security: 256 } } }\n';
const run = promisify(execFile);

describe("Fabric's `peer` command", { skip }, () => {
  let network: RunningNetwork;
  let peer: (...args: readonly string[]) => Promise<string>;
  let ordering: readonly string[];

  before(async () => {
    network = await RunningNetwork.start({ orderer: { hostAliases: ['orderer.example.com'] } });
    const { addresses } = await network.serveChaincode();
    await network.deploy('ledger', addresses);
    const of = (path: string) => join(network.dir, 'organisations', path);
    const configuration = join(network.dir, 'fabric');
    mkdirSync(configuration);
    writeFileSync(join(configuration, 'core.yaml'), CORE);
    const { organisations, orderer } = network.connection;
    const env = {
      FABRIC_CFG_PATH: configuration,
      FABRIC_LOGGING_SPEC: 'warning',
      CORE_PEER_TLS_ENABLED: 'true',
      CORE_PEER_LOCALMSPID: 'Org1MSP',
      CORE_PEER_MSPCONFIGPATH: of('Org1MSP/users/admin/msp'),
      CORE_PEER_TLS_ROOTCERT_FILE: of('Org1MSP/nodes/peer0/tls/ca.crt'),
      CORE_PEER_ADDRESS: organisations[0]!.endpoint,
    };
    peer = async (...args) => (await run(PEER, args, { env, cwd: network.dir })).stdout;
    const orderers = of('OrdererMSP/nodes/orderer0/tls/ca.crt');
    ordering = ['--orderer', orderer!.endpoint, '--tls', '--cafile', orderers];
    ordering = [...ordering, '--ordererTLSHostnameOverride', 'orderer.example.com'];
  });
  after(() => network?.close());

  it('submits, waits for the event, and asks', async () => {
    const endorsers = network.connection.organisations
      .slice(1)
      .flatMap(({ mspId, endpoint }) => [
        '--peerAddresses',
        endpoint,
        '--tlsRootCertFiles',
        join(network.dir, 'organisations', mspId, 'nodes/peer0/tls/ca.crt'),
      ]);
    const chaincode = ['--channelID', 'consortium', '--name', 'ledger', '--ctor'];
    const call = (...args: string[]) => JSON.stringify({ Args: args });
    const invoke = ['chaincode', 'invoke', ...ordering, ...endorsers, '--waitForEvent', ...chaincode];
    await peer(...invoke, call('put', 'k', 'by hand'));
    assert.equal((await peer('chaincode', 'query', ...chaincode, call('get', 'k'))).trim(), 'by hand');
  });

  it('fetches blocks of the peer and of the orderer, and the height', async () => {
    for (const [name, source] of [
      ['peer.block', []],
      ['orderer.block', ordering],
    ] as const) {
      await peer('channel', 'fetch', '0', name, '--channelID', 'consortium', ...source);
      const block = common.Block.deserializeBinary(readFileSync(join(network.dir, name)));
      assert.equal(block.getHeader()!.getNumber(), 0);
    }
    const info = await peer('channel', 'getinfo', '--channelID', 'consortium');
    const { height } = JSON.parse(await network.command('status', '--json'));
    assert.ok(info.includes(`"height":${height}`), info);
  });

  it('leaves a first block that configtxlator reads, with policies that its own blocks satisfy', async (t) => {
    const translator = join(process.env.FABRIC_BIN_DIR ?? '/nowhere', 'configtxlator');
    if (!existsSync(translator)) return t.skip('not run: no `configtxlator` in FABRIC_BIN_DIR');
    const input = join(network.dir, 'genesis.block');
    const output = join(network.dir, 'genesis.json');
    await run(translator, ['proto_decode', '--type', 'common.Block', '--input', input, '--output', output]);
    const { data, header } = JSON.parse(readFileSync(output, 'utf8'));
    assert.equal(header.number, '0');
    const { groups } = data.data[0].payload.data.config.channel_group;
    const writers = groups.Orderer.groups.OrdererMSP.policies.Writers.policy.value;
    assert.equal(writers.identities[0].principal.role, 'MEMBER');
    assert.equal(groups.Orderer.policies.BlockValidation.policy.value.sub_policy, 'Writers');
    assert.deepEqual(Object.keys(groups.Application.groups), ['Org1MSP', 'Org2MSP', 'Org3MSP']);
  });

  it('says which system chaincodes are not offered', async () => {
    for (const [name, ...command] of [
      ['cscc', 'channel', 'list'],
      ['_lifecycle', 'lifecycle', 'chaincode', 'queryinstalled'],
      ['_lifecycle', 'lifecycle', 'chaincode', 'querycommitted', '--channelID', 'consortium'],
    ] as const) {
      await assert.rejects(peer(...command), (error: { stderr: string }) => {
        assert.ok(error.stderr.includes(`does not offer the system chaincode ${name}. `), error.stderr);
        return true;
      });
    }
  });
});
