// A Fabric network of three organisations with the chaincode of this project, as processes of their own: what a
// gateway meets in the world, on one machine. With CONSILIUM_CONNECTION it is a network that runs already, such as a
// real Fabric one, with the chaincode CONSILIUM_CHAINCODE: tests use it, and neither start, stop nor break it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DomainError, type Role } from '@consilium/domain';
import { provenKey } from '@consilium/domain/testing/member-key';
import { DEFAULT_LIMITS, type Limits } from '../config.ts';
import { type Connection, readConnection } from '../fabric/connection-file.ts';
import type { Ledger } from '../fabric/ledger.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const NETWORK = join(ROOT, 'test-network/dist/src/main.js');
const CHAINCODE = join(ROOT, 'chaincode');
/** Preloaded by what is started here, over whose channel it hears that we are gone, however we ended. */
const END_WITH_PARENT = fileURLToPath(import.meta.resolve('@consilium/process-start/end-with-parent'));
const TOGETHER = join(CHAINCODE, 'dist/conformance/serve-organisations.js');
const CHAINCODE_NODE = join(ROOT, 'node_modules/fabric-shim/cli.js');
const ORGANISATIONS = ['Org1MSP', 'Org2MSP', 'Org3MSP'] as const;
export type TestOrganisation = (typeof ORGANISATIONS)[number];

const GIVEN = process.env.CONSILIUM_CONNECTION;
export const CHAINCODE_NAME = process.env.CONSILIUM_CHAINCODE ?? 'consilium';

/** Why peers and chaincode processes cannot be stopped; undefined where they can. */
export const notBreakable: string | undefined =
  GIVEN === undefined ? undefined : 'not run: CONSILIUM_CONNECTION names a network that is not to be broken';

/** Why the network cannot be started here; undefined where it can. */
export const notRun: string | undefined = [NETWORK, TOGETHER, CHAINCODE_NODE]
  .filter((path) => GIVEN === undefined && !existsSync(path))
  .map((path) => `not run: ${path} is not built`)[0];

const PATIENCE_MS = 120_000;
/** Of a gateway on a machine that is busy with much else: nothing here is decided by time, this is when it gives up. */
export const PATIENT_LIMITS: Limits = {
  ...DEFAULT_LIMITS,
  evaluateTimeoutMs: PATIENCE_MS,
  endorseTimeoutMs: PATIENCE_MS,
  submitTimeoutMs: PATIENCE_MS,
  commitTimeoutMs: PATIENCE_MS,
  recoveryTimeoutMs: PATIENCE_MS,
};

export interface NetworkOptions {
  /** By default late enough for two requests made at once to meet in one block. */
  readonly batchTimeoutMs?: number;
  readonly maxMessageCount?: number;
  /** Each a process of its own where they are apart, so that one can be killed alone; else one process for all. */
  readonly chaincodes?: 'together' | 'apart';
}

export class FabricNetwork {
  readonly #directory = mkdtempSync(join(tmpdir(), 'fabric-'));
  readonly #chaincodes = new Map<TestOrganisation, { address: string; process: ChildProcess | undefined }>();
  /** Where the chaincodes of all organisations share a process. */
  #together: ChildProcess | undefined;
  #network: ChildProcess | undefined;
  readonly connectionPath: string;

  static async start(options: NetworkOptions = {}): Promise<FabricNetwork> {
    const network = new FabricNetwork(GIVEN);
    if (GIVEN !== undefined) return network;
    return await network.#begin(options);
  }

  private constructor(given?: string) {
    this.connectionPath = given ?? join(this.#networkDirectory, 'connection.json');
  }

  /** One of our own, whatever network is given: for comparing the two. */
  static startEmbedded(options: NetworkOptions): Promise<FabricNetwork> {
    return new FabricNetwork().#begin(options);
  }

  async #begin({ chaincodes, batchTimeoutMs = 150, maxMessageCount }: NetworkOptions): Promise<this> {
    const blocks = { batchTimeoutMs, ...(maxMessageCount && { maxMessageCount }) };
    try {
      const ports = await Promise.all(ORGANISATIONS.map(freePort));
      for (const [i, mspId] of ORGANISATIONS.entries()) {
        this.#chaincodes.set(mspId, { address: `127.0.0.1:${ports[i]}`, process: undefined });
      }
      const config = join(this.#directory, 'config.json');
      writeFileSync(config, JSON.stringify({ ...blocks, chaincodes: [this.#definition()] }));
      // Peers connect to what listens already.
      if (chaincodes === 'apart') await Promise.all(ORGANISATIONS.map((mspId) => this.startChaincode(mspId)));
      else await this.#startTogether();
      await this.startPeers(['--config', config]);
      return this;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  #definition(): object {
    const addresses = Object.fromEntries(
      [...this.#chaincodes].map(([mspId, { address }]) => [mspId, address]),
    );
    const policy = 'MAJORITY Endorsement';
    return { name: 'consilium', version: '1', sequence: 1, policy, addresses };
  }

  get #networkDirectory(): string {
    return join(this.#directory, 'network');
  }

  connection(mspId: TestOrganisation): Connection {
    return readConnection(this.connectionPath, mspId);
  }

  /** A certificate that the organisation's authority issues now; only on a network of our own. */
  enrol(mspId: TestOrganisation, person: string, role: Role): { certificate: string; privateKey: string } {
    const organisation = join(this.#networkDirectory, 'organisations', mspId);
    const command = [NETWORK, 'enrol', '--organisation', organisation, '--name', person, '--role', role];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`cannot enrol: ${stderr}`);
    return JSON.parse(stdout);
  }

  /** Peers and orderer, on the ports they had before. */
  async startPeers(options: readonly string[] = []): Promise<void> {
    const args = ['start', '--dir', this.#networkDirectory, '--json', ...options];
    const child = spawn(process.execPath, ['--import', END_WITH_PARENT, NETWORK, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#network = child;
    const ready = once(child.stdout!, 'data');
    let complaints = '';
    child.stderr!.on('data', (text) => {
      complaints = `${complaints}${text}`.slice(-4000);
    });
    const ended = once(child, 'close').then(([code]) => {
      throw new Error(`the network ended with ${code}: ${complaints}`);
    });
    await Promise.race([ready, ended]);
    ended.catch(() => {});
  }

  async killPeers(): Promise<void> {
    await kill(this.#network);
  }

  /** `clockOffsetMs` sets the clock of this organisation's chaincode wrong. */
  async startChaincode(mspId: TestOrganisation, clockOffsetMs = 0): Promise<void> {
    const address = this.#chaincodes.get(mspId)?.address ?? `127.0.0.1:${await freePort()}`;
    const args = ['server', '--chaincode-address', address, '--chaincode-id', 'consilium:1'];
    const clock = `const now = Date.now; Date.now = () => now() + ${clockOffsetMs};`;
    const preload = `--import=data:text/javascript,${encodeURIComponent(clock)}`;
    const child = spawn(process.execPath, ['--import', END_WITH_PARENT, preload, CHAINCODE_NODE, ...args], {
      cwd: CHAINCODE,
      env: { ...process.env, CORE_PEER_LOCALMSPID: mspId },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#chaincodes.set(mspId, { address, process: child });
    await answers(address);
  }

  async #startTogether(): Promise<void> {
    const places = [...this.#chaincodes].map(([mspId, { address }]) => `${mspId}=${address}`);
    this.#together = spawn(
      process.execPath,
      ['--import', END_WITH_PARENT, TOGETHER, 'consilium:1', ...places],
      { cwd: CHAINCODE, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
    );
    await Promise.all([...this.#chaincodes.values()].map(({ address }) => answers(address)));
  }

  /** Only where chaincodes are apart. */
  async killChaincode(mspId: TestOrganisation): Promise<void> {
    if (this.#together !== undefined) throw new Error('start the network with its chaincodes apart');
    await kill(this.#chaincodes.get(mspId)?.process);
  }

  async stop(): Promise<void> {
    for (const { process: child } of this.#chaincodes.values()) await kill(child);
    await kill(this.#together);
    await kill(this.#network);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(address: string): Promise<void> {
  const [host, port] = address.split(':') as [string, string];
  for (;;) {
    const socket = connect(Number(port), host);
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (connected) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A wire between a gateway and its peer that can be cut and repaired. */
export class Wire {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut = false;

  private constructor(target: string) {
    const [host, port] = target.split(':') as [string, string];
    this.#server = createServer((near) => {
      if (this.#cut) {
        near.destroy();
        return;
      }
      const far = connect(Number(port), host);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
    });
  }

  static async to(target: string): Promise<Wire> {
    const wire = new Wire(target);
    wire.#server.listen(0, 'localhost');
    await once(wire.#server, 'listening');
    return wire;
  }

  get endpoint(): string {
    return `localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  repair(): void {
    this.#cut = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

/** Sets this run's rows apart from those of earlier ones, on a network that outlives a test. */
export const RUN = randomBytes(4).toString('hex');

/** On a network that outlives a test the organisation may be a member already. */
export async function registerMember(ledger: Ledger): Promise<void> {
  const { mspId, channel } = ledger;
  const argument = { title: mspId, ...provenKey(mspId, mspId, channel) };
  const call = { name: 'member:register', argument, role: 'operator' } as const;
  await ledger
    .submit(call, () => {})
    .catch((error: unknown) => {
      if (!(error instanceof DomainError && error.code === 'MEMBER_EXISTS')) throw error;
    });
}
