// The real Fabric network that is judged: three organisations, the chaincodes that the suites ask, and the programs
// that they need of their network.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Consortium } from '../config.ts';
import { type NativeLedger, ordererOf } from '../ledger-network.ts';
import { findFabric } from '../native/binaries.ts';
import { FabricCommands } from '../native/fabric-commands.ts';
import type { Chaincode, FabricPlan } from '../native/native-runtime.ts';
import { program } from '../programs.ts';
import { writeWhole } from '../state-file.ts';
import type { RemovalPlace } from './remove-organisation.ts';
import { repository } from './suites.ts';

const PROBE = 'probe';
const PROBE_PACKAGE = join(repository, 'test-network/conformance/probe-chaincode');
const CHAINCODE_PACKAGE = join(repository, 'chaincode');
export const UPGRADED = 'consilium-upgraded';

/** The organisations of networks that are started to be judged. */
export const JUDGED_ORGANISATIONS = ['alpha', 'beta', 'gamma'].map((name) => organisation(name));
function organisation(name: string) {
  return { name, mspId: `${name[0]!.toUpperCase()}${name.slice(1)}MSP`, title: name };
}

/** Those of the network of which two leave. */
const FIVE = [...JUDGED_ORGANISATIONS, ...['delta', 'epsilon'].map((name) => organisation(name))];

export const conformanceConsortium = (network: NativeLedger): Consortium => ({
  name: 'conformance',
  channel: 'consortium',
  runtime: 'native',
  organisations: JUDGED_ORGANISATIONS,
  chaincode: { name: 'consilium', policy: 'MAJORITY' },
  // Some questions are about two transactions in one block.
  orderer: { ...ordererOf(network), maxMessageCount: 500 },
});

/** Five organisations with nothing but Consilium's chaincode. */
export const consortiumOfFive = (network: NativeLedger): Consortium => ({
  name: 'conformance-of-five',
  channel: 'consortium',
  runtime: 'native',
  organisations: FIVE,
  chaincode: { name: 'consilium', policy: 'MAJORITY' },
  orderer: ordererOf(network),
});

export const chaincodeOf = ({ chaincode }: Consortium): Chaincode => ({
  ...chaincode,
  version: '1',
  workingDirectory: CHAINCODE_PACKAGE,
});

/** What the suite of leaving asks of the network. */
export function leavingEnvironment({ layout }: FabricPlan, directory: string): Record<string, string> {
  const { programs } = findFabric();
  const commands = new FabricCommands({ programs, ccaasBuilder: '' }, layout);
  const place: RemovalPlace = {
    channel: layout.channel,
    peerProgram: programs.peer,
    configtxlator: join(dirname(programs.configtxgen), 'configtxlator'),
    toOrderer: commands.toOrderer,
    peers: layout.peers.map(({ mspId, home, adminMspDir }) => ({ mspId, home, adminMspDir })),
  };
  const file = join(directory, 'removal.json');
  writeWhole(file, JSON.stringify(place));
  const command = quoted([process.execPath, join(import.meta.dirname, 'remove-organisation.js'), file]);
  return {
    CONSILIUM_CONNECTION: layout.connection,
    CONSILIUM_CHAINCODE: 'consilium',
    CONSILIUM_REMOVE: script(directory, 'remove.sh', `${command} "$1"`),
  };
}

/**
 * The probe three times, as test-network/conformance/README.md asks; Consilium's own chaincode; and one that leaves
 * the rows of Consilium's version 1 behind, to be upgraded.
 */
export function chaincodesOf({ organisations, chaincode }: Consortium): Chaincode[] {
  const peers = organisations.map(({ mspId }) => `'${mspId}.peer'`);
  const [a, b, c] = peers;
  const probe = { version: '1', workingDirectory: PROBE_PACKAGE };
  return [
    { ...probe, name: PROBE, policy: 'MAJORITY' },
    { ...probe, name: `${PROBE}-any`, policy: `OR(${peers.join(',')})` },
    { ...probe, name: `${PROBE}-nested`, policy: `OR(${a},AND(${b},${c}))`, servedBy: PROBE },
    { ...chaincode, version: '1', workingDirectory: CHAINCODE_PACKAGE },
    {
      ...upgradedChaincode(chaincode.policy),
      version: '1',
      server: join(CHAINCODE_PACKAGE, 'dist/conformance/version-1-chaincode.js'),
    },
  ];
}

/** What is served under its next sequence. */
export const upgradedChaincode = (policy: string): Chaincode => ({
  name: UPGRADED,
  version: '2',
  policy,
  workingDirectory: CHAINCODE_PACKAGE,
});

/** A program of one command. */
function script(directory: string, name: string, command: string): string {
  const file = join(directory, name);
  writeWhole(file, `#!/bin/sh\nexec ${command}\n`, 0o700);
  return file;
}

const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ');

/** What fetches a block from the first organisation's peer, by Fabric's own command. */
function fetchCommand({ channel, peers }: FabricPlan['layout']): string {
  const { home, adminMspDir } = peers[0]!;
  const environment = [`FABRIC_CFG_PATH=${home}`, `CORE_PEER_MSPCONFIGPATH=${adminMspDir}`];
  const command = ['env', ...environment, 'FABRIC_LOGGING_SPEC=error', findFabric().programs.peer];
  return `${quoted([...command, 'channel', 'fetch'])} "$1" "$2" ${quoted(['--channelID', channel])}`;
}

export async function suiteEnvironment(
  { organisations, chaincode }: Consortium,
  { layout }: FabricPlan,
  directory: string,
) {
  const fabric = join(directory, 'fabric');
  const folders = join(fabric, 'organisations');
  const oddIdentities = join(directory, 'odd-identities.json');
  const issuer = join(repository, 'test-network/dist/conformance/write-odd-identities.js');
  const command = [issuer, join(folders, organisations[0]!.mspId)];
  const { stdout } = await promisify(execFile)(process.execPath, command);
  writeWhole(oddIdentities, stdout, 0o600);
  const peers = join(directory, 'peers.json');
  const keys = organisations.map(({ mspId }) => {
    const read = (file: string) => readFileSync(join(folders, mspId, 'nodes/peer0/msp', file), 'utf8');
    return [mspId, { certificate: read('signcerts/cert.pem'), privateKey: read('keystore/key.pem') }];
  });
  writeWhole(peers, JSON.stringify(Object.fromEntries(keys)), 0o600);
  const enrol = quoted([process.execPath, program('test-network'), 'enrol', '--organisation']);
  const crash = quoted([process.execPath, join(import.meta.dirname, 'crash.js'), directory]);
  return {
    CONSILIUM_CONNECTION: join(fabric, 'connection.json'),
    CONSILIUM_PROBE: PROBE,
    CONSILIUM_CHAINCODE: chaincode.name,
    CONSILIUM_ODD_IDENTITIES: oddIdentities,
    CONSILIUM_PEERS: peers,
    CONSILIUM_ENROL: script(
      directory,
      'enrol.sh',
      `${enrol} ${quoted([folders])}/"$1" --name "$2" --role "$3"`,
    ),
    CONSILIUM_CRASH: script(directory, 'crash.sh', crash),
    CONSILIUM_FETCH: script(directory, 'fetch.sh', fetchCommand(layout)),
  };
}
