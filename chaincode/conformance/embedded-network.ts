// The embedded network for the suites here: its own process, and one chaincode process per organisation.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Credentials, FabricConsortium } from './fabric-consortium.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const NETWORK = join(ROOT, 'test-network/dist/src/main.js');
/** Preloaded by what is started here, over whose channel it hears that we are gone, however we ended. */
const END_WITH_PARENT = fileURLToPath(import.meta.resolve('@consilium/process-start/end-with-parent'));
const CHAINCODE_NODE = createRequire(import.meta.url).resolve('fabric-shim/cli.js');
const SERVER: readonly string[] = [CHAINCODE_NODE, 'server'];
export const MEMBERS = ['AlphaMSP', 'BetaMSP', 'GammaMSP'];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

export const embeddedExists = (): boolean => existsSync(NETWORK);

export class EmbeddedNetwork {
  readonly #members: readonly string[];
  readonly #processes: ChildProcess[] = [];
  #dir = '';
  #complaints = '';

  constructor(members: readonly string[] = MEMBERS) {
    this.#members = members;
  }

  /** Starts the network with the chaincode of this package, or another program that serves one. */
  async start(program = SERVER): Promise<FabricConsortium> {
    this.#dir = await mkdtemp(join(tmpdir(), 'consilium-chaincode-'));
    const addresses = await this.#serve(program);
    const config = join(this.#dir, 'config.json');
    const organisations = this.#members.map((mspId) => ({
      mspId,
      name: mspId.toLowerCase().replace('msp', ''),
    }));
    const definition = {
      name: 'consilium',
      version: '1',
      sequence: 1,
      policy: 'MAJORITY Endorsement',
      addresses,
    };
    await writeFile(config, JSON.stringify({ organisations, chaincodes: [definition] }));
    const network = this.#spawn([NETWORK, 'start', '--dir', this.#dir, '--config', config, '--json']);
    for await (const line of createInterface({ input: network.stdout! })) {
      const { ready, connection } = JSON.parse(line) as { ready?: boolean; connection: string };
      if (ready) return FabricConsortium.connected(connection, 'consilium');
    }
    throw new Error(`the embedded network ended before it was ready: ${this.#complaints}`);
  }

  /** Runs this package's chaincode from now on, under the next sequence of its definition. */
  async upgrade(): Promise<void> {
    const addresses = Object.entries(await this.#serve(SERVER)).flatMap(([mspId, address]) => [
      '--address',
      `${mspId}=${address}`,
    ]);
    const flags = ['--dir', this.#dir, '--name', 'consilium', '--version', '2', ...addresses];
    await promisify(execFile)(process.execPath, [NETWORK, 'deploy', ...flags]);
  }

  /** A certificate that the organisation's authority issues now. */
  async enrol(mspId: string, person: string, role: string): Promise<Credentials> {
    const organisation = join(this.#dir, 'organisations', mspId);
    const command = [NETWORK, 'enrol', '--organisation', organisation, '--name', person, '--role', role];
    const { stdout } = await promisify(execFile)(process.execPath, command);
    return JSON.parse(stdout) as Credentials;
  }

  /** What an organisation's peer signs with. */
  async peer(mspId: string): Promise<Credentials> {
    const folder = join(this.#dir, 'organisations', mspId, 'nodes/peer0/msp');
    const read = (file: string) => readFile(join(folder, file), 'utf8');
    return { certificate: await read('signcerts/cert.pem'), privateKey: await read('keystore/key.pem') };
  }

  /** One chaincode process for each member; where each listens. */
  async #serve(program: readonly string[]): Promise<Record<string, string>> {
    const addresses: Record<string, string> = {};
    for (const mspId of this.#members) {
      const address = `127.0.0.1:${await freePort()}`;
      addresses[mspId] = address;
      const flags = ['--chaincode-address', address, '--chaincode-id', 'consilium:conformance'];
      this.#spawn([...program, ...flags], {
        CORE_PEER_LOCALMSPID: mspId,
        CORE_CHAINCODE_LOGGING_LEVEL: 'error',
      });
    }
    return addresses;
  }

  #spawn(command: readonly string[], env: Record<string, string> = {}): ChildProcess {
    const child = spawn(process.execPath, ['--import', END_WITH_PARENT, ...command], {
      cwd: join(ROOT, 'chaincode'),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#processes.push(child);
    if (env.CORE_PEER_LOCALMSPID !== undefined) child.stdout!.resume();
    child.stderr!.on('data', (text) => {
      this.#complaints = `${this.#complaints}${text}`.slice(-4000);
    });
    return child;
  }

  async stop(): Promise<void> {
    for (const child of this.#processes.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }
    await rm(this.#dir, { recursive: true, force: true });
  }
}
