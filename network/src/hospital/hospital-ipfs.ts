// An organisation's IPFS node: a private swarm with a key, which knows no public node and listens to this host alone.
// Other hospitals' nodes are reached through the links (swarm-link.ts), which prove who is who by TLS.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { READY_TIMEOUT_MS } from '../hospital-services.ts';
import { inherited } from '../programs.ts';
import type { ServiceDefinition } from '../service.ts';
import { writeWhole } from '../state-file.ts';

const LOOPBACK = '/ip4/127.0.0.1/tcp';

export interface IpfsNode {
  readonly kubo: string;
  readonly repo: string;
}

export interface Neighbour {
  readonly ipfsPeerId: string;
  /** Of the link to it, on this host. */
  readonly localPort: number;
}

/** Makes the node's identity once. Returns its peer id. */
export async function ensureIpfsNode({ kubo, repo }: IpfsNode): Promise<string> {
  const configuration = join(repo, 'config');
  if (!existsSync(configuration)) {
    mkdirSync(repo, { recursive: true, mode: 0o700 });
    await promisify(execFile)(kubo, ['init', '--profile=test'], { env: environmentOf(repo) });
  }
  const { Identity } = JSON.parse(readFileSync(configuration, 'utf8')) as { Identity: { PeerID: string } };
  return Identity.PeerID;
}

/** Without the swarm's key the node does not start, rather than join the public swarm. */
const environmentOf = (repo: string) => ({ ...inherited(), IPFS_PATH: repo, LIBP2P_FORCE_PNET: '1' });

/** Writes what the node is to do, over whatever was configured before. */
export function configureIpfs(
  { repo }: IpfsNode,
  {
    api,
    swarm,
    neighbours,
  }: { readonly api: number; readonly swarm: number; readonly neighbours: readonly Neighbour[] },
): void {
  const file = join(repo, 'config');
  const before = JSON.parse(readFileSync(file, 'utf8')) as Record<string, object>;
  const configuration = {
    ...before,
    Addresses: {
      API: `${LOOPBACK}/${api}`,
      Gateway: [],
      Swarm: [`${LOOPBACK}/${swarm}`],
      Announce: [],
      AppendAnnounce: [],
      NoAnnounce: [],
    },
    Bootstrap: [],
    AutoConf: { Enabled: false },
    AutoNAT: { ServiceMode: 'disabled' },
    AutoTLS: { Enabled: false },
    Discovery: { MDNS: { Enabled: false } },
    DNS: { Resolvers: {} },
    Ipns: { DelegatedPublishers: [] },
    Peering: {
      Peers: neighbours.map(({ ipfsPeerId, localPort }) => ({
        ID: ipfsPeerId,
        Addrs: [`${LOOPBACK}/${localPort}`],
      })),
    },
    Provide: { Enabled: false },
    Routing: { Type: 'none', DelegatedRouters: [] },
    Swarm: {
      DisableNatPortMap: true,
      EnableHolePunching: false,
      RelayClient: { Enabled: false },
      RelayService: { Enabled: false },
      Transports: {
        Network: {
          QUIC: false,
          Relay: false,
          TCP: true,
          WebRTCDirect: false,
          WebTransport: false,
          Websocket: false,
        },
      },
    },
  };
  writeWhole(file, `${JSON.stringify(configuration, null, 2)}\n`, 0o600);
}

export function ipfsNodeService(
  { kubo, repo }: IpfsNode,
  {
    directory,
    organisation,
    api,
  }: { readonly directory: string; readonly organisation: string; readonly api: number },
): ServiceDefinition {
  const url = `http://127.0.0.1:${api}`;
  return {
    name: `ipfs-${organisation}`,
    organisation,
    command: [kubo, 'daemon'],
    workingDirectory: repo,
    environment: environmentOf(repo),
    port: api,
    url,
    log: join(directory, `logs/ipfs-${organisation}.log`),
    isReady: async () => (await fetch(`${url}/api/v0/version`, { method: 'POST' })).ok,
    readyTimeoutMs: READY_TIMEOUT_MS,
  };
}
