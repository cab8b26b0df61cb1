// Hospitals on real Fabric, for tests: each is one organisation with a peer and an orderer, its own folder and its own
// keys, and founds its channel by a ceremony.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { exitStatusOf } from '@consilium/command-line';
import { Authority, type Signer } from '@consilium/verify/testing/test-authority';
import { stringify } from 'yaml';
import { findFabric } from '../../native/binaries.ts';
import { FabricCommands } from '../../native/fabric-commands.ts';
import type { FabricLayout, OrdererNode, PeerNode } from '../../native/layout.ts';
import { ordererConfiguration, peerConfiguration } from '../../native/node-configuration.ts';
import { isFree } from '../../ports.ts';
import { inherited } from '../../programs.ts';
import { accepts, answers } from '../../readiness.ts';
import { type CeremonyOutput, runCeremony } from '../ceremony-command.ts';
import { canonical } from './founders.ts';

const HOST = 'localhost';
const UNITS = ['Client', 'Peer', 'Admin', 'Orderer'];
const JOIN_MS = 120_000;

export interface Hospital {
  readonly mspId: string;
  readonly authority: Authority;
  readonly client: Signer;
  readonly folder: string;
  readonly orderer: OrdererNode;
  readonly peer: PeerNode;
  /** The file of its place. */
  readonly place: string;
}

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Below the ports that the system gives to connections, one of which could take it before its node does. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(12_000, 32_000);
    if (await isFree(port)) return port;
  }
}

function write(file: string, text: string): string {
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

const units = stringify({
  NodeOUs: {
    Enable: true,
    ...Object.fromEntries(
      UNITS.map((unit) => [`${unit}OUIdentifier`, { OrganizationalUnitIdentifier: unit.toLowerCase() }]),
    ),
  },
});

/** An MSP folder, with who signs. */
export function writeMsp(folder: string, authority: Authority, signer?: Signer): void {
  const root = canonical(authority.pem);
  write(join(folder, 'cacerts/ca.pem'), root);
  write(join(folder, 'tlscacerts/tlsca.pem'), root);
  write(join(folder, 'config.yaml'), units);
  if (signer === undefined) return;
  write(join(folder, 'signcerts/cert.pem'), canonical(signer.pem));
  write(join(folder, 'keystore/key.pem'), signer.keyPem);
}

/** A node's TLS certificate and key. */
export function writeTls(folder: string, authority: Authority, signer: Signer) {
  return {
    certificate: write(join(folder, 'server.crt'), canonical(signer.pem)),
    key: write(join(folder, 'server.key'), signer.keyPem),
    root: write(join(folder, 'ca.crt'), canonical(authority.pem)),
  };
}

export class NativeHospitals {
  readonly #root: string;
  readonly #ordering: 'raft' | 'bft';
  readonly #binaries = findFabric();
  readonly #running = new Map<string, ChildProcess>();
  readonly hospitals = new Map<string, Hospital>();

  constructor(root: string, ordering: 'raft' | 'bft') {
    this.#root = root;
    this.#ordering = ordering;
    process.once('exit', () => this.#kill());
  }

  async add(name: string): Promise<Hospital> {
    const mspId = `${name}MSP`;
    const folder = join(this.#root, name);
    const authority = await Authority.create(mspId);
    const hosts = [HOST];
    const [admin, client, peerSigner, peerTls, ordererSigner, ordererTls] = await Promise.all([
      authority.issue('admin'),
      authority.issue('client'),
      authority.issue('peer'),
      authority.issue('peer', { hosts }),
      authority.issue('orderer'),
      authority.issue('orderer', { hosts }),
    ]);
    writeMsp(join(folder, 'msp'), authority);
    writeMsp(join(folder, 'admin/msp'), authority, admin);
    writeMsp(join(folder, 'peer/msp'), authority, peerSigner);
    writeMsp(join(folder, 'orderer/msp'), authority, ordererSigner);
    const ports = [];
    for (let i = 0; i < 6; i++) ports.push(await freePort());
    const shared = { mspId, organisationDir: folder, host: HOST, listenHost: '127.0.0.1' };
    const orderer: OrdererNode = {
      ...shared,
      id: this.hospitals.size + 1,
      name: `orderer-${name}`,
      port: ports[0]!,
      adminPort: ports[1]!,
      operationsPort: ports[2]!,
      mspDir: join(folder, 'orderer/msp'),
      signCertificate: join(folder, 'orderer/msp/signcerts/cert.pem'),
      tls: writeTls(join(folder, 'orderer/tls'), authority, ordererTls),
      home: join(folder, 'orderer/home'),
    };
    const peer: PeerNode = {
      ...shared,
      organisation: { name: name.toLowerCase(), mspId, title: name },
      port: ports[3]!,
      chaincodePort: ports[4]!,
      operationsPort: ports[5]!,
      mspDir: join(folder, 'peer/msp'),
      adminMspDir: join(folder, 'admin/msp'),
      tls: writeTls(join(folder, 'peer/tls'), authority, peerTls),
      home: join(folder, 'peer/home'),
    };
    const hospital = { mspId, authority, client, folder, orderer, peer, place: join(folder, 'place.yaml') };
    this.hospitals.set(name, hospital);
    this.writePlace(name, undefined);
    return hospital;
  }

  of(name: string): Hospital {
    return this.hospitals.get(name)!;
  }

  /** What the place knows: after the founding also the digest, its peer and all orderers that are there. */
  writePlace(name: string, genesis: string | undefined, orderers: readonly string[] = []): void {
    const { mspId, folder, peer, place } = this.of(name);
    const node = ({ port, tls }: { port: number; tls: { root: string } }) => ({
      address: `${HOST}:${port}`,
      tlsRoots: tls.root,
    });
    const founded = genesis && {
      genesis,
      peer: node(peer),
      orderers: orderers.map((one) => node(this.of(one).orderer)),
    };
    write(
      place,
      stringify({ mspId, channel: 'consortium', administrator: join(folder, 'admin/msp'), ...founded }),
    );
  }

  /** A command of a ceremony at a hospital's place. */
  async run(name: string, ...parameters: readonly string[]): Promise<CommandResult> {
    let [out, err] = ['', ''];
    const output: CeremonyOutput = {
      print: (line) => {
        out += `${line}\n`;
      },
      note: (line) => {
        err += `${line}\n`;
      },
    };
    try {
      const code = await runCeremony([...parameters, '--place', this.of(name).place], output);
      return { code, out, err };
    } catch (error) {
      return { code: exitStatusOf(error), out, err: `${err}${(error as Error).message}` };
    }
  }

  get #layout(): FabricLayout {
    const all = [...this.hospitals.values()];
    return {
      directory: this.#root,
      channel: 'consortium',
      ordering: this.#ordering,
      batchTimeoutMs: 200,
      maxMessageCount: 1,
      orderers: all.map(({ orderer }) => orderer),
      peers: all.map(({ peer }) => peer),
      genesisBlock: join(this.#root, 'genesis.block'),
      connection: '',
    };
  }

  #commands(): FabricCommands {
    return new FabricCommands(this.#binaries, this.#layout);
  }

  async startOrderer(name: string): Promise<void> {
    const { orderer } = this.of(name);
    mkdirSync(orderer.home, { recursive: true });
    write(join(orderer.home, 'orderer.yaml'), stringify(ordererConfiguration(orderer, this.#layout)));
    await this.#start(`orderer-${name}`, [this.#binaries.programs.orderer], orderer);
  }

  async startPeer(name: string): Promise<void> {
    const { peer } = this.of(name);
    const { ccaasBuilder } = this.#binaries;
    mkdirSync(peer.home, { recursive: true });
    const configuration = peerConfiguration(peer, {
      ccaasBuilder,
      networkId: 'consortium',
      checksTimeWindow: true,
    });
    write(join(peer.home, 'core.yaml'), stringify(configuration));
    await this.#start(`peer-${name}`, [this.#binaries.programs.peer, 'node', 'start'], peer);
  }

  async joinOrderer(name: string, block: string): Promise<void> {
    const { orderer } = this.of(name);
    const commands = this.#commands();
    const parameters = ['channel', 'join', '--channelID', 'consortium', '--config-block', block];
    await commands.insist(JOIN_MS, () => commands.osnadmin(orderer, ...parameters));
  }

  async joinPeer(name: string, block: string): Promise<void> {
    const commands = this.#commands();
    await commands.insist(JOIN_MS, () =>
      commands.peer(this.of(name).peer, 'channel', 'join', '--blockpath', block),
    );
  }

  async #start(
    name: string,
    [program, ...parameters]: readonly string[],
    {
      home,
      operationsPort,
      port,
    }: { readonly home: string; readonly operationsPort: number; readonly port: number },
  ): Promise<void> {
    const env = { ...inherited(), FABRIC_CFG_PATH: home, FABRIC_LOGGING_SPEC: 'warn', GOMEMLIMIT: '256MiB' };
    const child = spawn(program!, parameters, { cwd: home, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk) => {
      said = (said + chunk).slice(-4000);
    });
    this.#running.set(name, child);
    const isReady = async () =>
      (await answers(`http://127.0.0.1:${operationsPort}/healthz`).catch(() => false)) &&
      (await accepts(port));
    for (let tries = 0; !(await isReady()); tries++) {
      if (child.exitCode !== null || tries > 600) throw new Error(`${name} does not start:\n${said}`);
      await sleep(200);
    }
  }

  async stop(name: string): Promise<void> {
    const child = this.#running.get(name);
    if (child === undefined || child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'close');
  }

  #kill(): void {
    for (const child of this.#running.values()) if (child.exitCode === null) child.kill('SIGKILL');
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.stop(name)));
  }

  /** A block of an organisation's peer, by Fabric's own command as its client. */
  async fetchAs(name: string, signer: Signer): Promise<string> {
    const folder = join(this.of(name).folder, `client-${signer.serialNumber}`);
    writeMsp(join(folder, 'msp'), this.of(name).authority, signer);
    const { peer } = this.of(name);
    const environment = { FABRIC_CFG_PATH: peer.home, CORE_PEER_MSPCONFIGPATH: join(folder, 'msp') };
    const env = { ...inherited(), ...environment, FABRIC_LOGGING_SPEC: 'error' };
    const parameters = ['channel', 'getinfo', '-c', 'consortium'];
    const { stdout } = await promisify(execFile)(this.#binaries.programs.peer, parameters, { env });
    return stdout;
  }
}
