// The services of real Fabric nodes: each orderer and peer with the configuration that it reads at its start.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { READY_TIMEOUT_MS } from '../hospital-services.ts';
import { inherited } from '../programs.ts';
import { accepts, answers } from '../readiness.ts';
import type { ServiceDefinition } from '../service.ts';
import { writeWhole } from '../state-file.ts';
import type { FabricBinaries } from './binaries.ts';
import type { FabricVersion } from './fabric-version.ts';
import type { FabricLayout, OrdererNode, PeerNode } from './layout.ts';
import { ordererConfiguration, peerConfiguration } from './node-configuration.ts';

/** Where a node runs, and as what. */
export interface NodePlace {
  readonly directory: string;
  readonly layout: FabricLayout;
  readonly binaries: FabricBinaries;
}

function nodeEnvironment(home: string): Record<string, string> {
  const { FABRIC_LOGGING_SPEC = 'warn' } = process.env;
  return { ...inherited(), FABRIC_CFG_PATH: home, FABRIC_LOGGING_SPEC, GOMEMLIMIT: '256MiB' };
}

/** Writes the orderer's configuration. */
export function ordererService(
  orderer: OrdererNode,
  { directory, layout, binaries }: NodePlace,
): ServiceDefinition {
  const { id, home, listenHost, port, adminPort, operationsPort } = orderer;
  mkdirSync(home, { recursive: true, mode: 0o700 });
  writeWhole(join(home, 'orderer.yaml'), stringify(ordererConfiguration(orderer, layout)));
  return {
    name: `orderer-${id}`,
    organisation: null,
    command: [binaries.programs.orderer],
    workingDirectory: home,
    environment: nodeEnvironment(home),
    port,
    url: null,
    log: join(directory, `logs/orderer-${id}.log`),
    isReady: async () =>
      (await answers(`http://127.0.0.1:${operationsPort}/healthz`)) &&
      (await accepts(adminPort)) &&
      (await accepts(port, listenHost)),
    readyTimeoutMs: READY_TIMEOUT_MS,
  };
}

/** The same of a peer. */
export interface PeerPlace extends NodePlace {
  readonly version: FabricVersion;
  /** What the peer's builder of chaincode is given of the environment. */
  readonly builderEnvironment?: Readonly<Record<string, string>>;
}

/** Such as `peer-aldermoor`, or `peer1-aldermoor` of its second one. */
export const peerServiceName = ({ organisation, isSecond }: PeerNode): string =>
  `${isSecond ? 'peer1' : 'peer'}-${organisation.name}`;

/** Writes the peer's configuration. */
export function peerService(
  peer: PeerNode,
  { directory, layout, binaries, version, builderEnvironment = {} }: PeerPlace,
): ServiceDefinition {
  const { home, port, operationsPort, organisation } = peer;
  const name = peerServiceName(peer);
  const { ccaasBuilder } = binaries;
  const { checksTimeWindow } = version;
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const configuration = peerConfiguration(peer, {
    ccaasBuilder,
    networkId: layout.channel,
    checksTimeWindow,
    propagateEnvironment: Object.keys(builderEnvironment),
  });
  writeWhole(join(home, 'core.yaml'), stringify(configuration));
  return {
    name,
    organisation: organisation.name,
    command: [binaries.programs.peer, 'node', 'start'],
    workingDirectory: home,
    environment: { ...nodeEnvironment(home), ...builderEnvironment },
    port,
    url: null,
    log: join(directory, `logs/${name}.log`),
    isReady: async () =>
      (await answers(`http://127.0.0.1:${operationsPort}/healthz`)) && (await accepts(port, peer.listenHost)),
    readyTimeoutMs: READY_TIMEOUT_MS,
  };
}
