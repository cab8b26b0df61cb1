// An embedded network of any number of organisations in two processes: the network's, with every peer, and one that
// serves the chaincode of every organisation behind addresses of their own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endsWithBench } from './interruption.ts';
import { cpuMsOf } from './processor-time.ts';

const ROOT = new URL('../../../../', import.meta.url);
const programAt = (path: string): string => fileURLToPath(new URL(path, ROOT));

export class ManyOrganisations {
  readonly mspIds: readonly string[];
  connectionPath = '';
  readonly #directory = mkdtempSync(join(tmpdir(), 'bench-many-'));
  readonly #processes = new Map<'chaincode' | 'network', ChildProcess>();

  private constructor(count: number) {
    this.mspIds = Array.from({ length: count }, (_, at) => `Org${String(at + 1).padStart(2, '0')}MSP`);
  }

  static async start(count: number): Promise<ManyOrganisations> {
    const many = new ManyOrganisations(count);
    try {
      const addresses = await many.#serveChaincode();
      await many.#startNetwork(addresses);
      return many;
    } catch (error) {
      await many.stop();
      throw error;
    }
  }

  /** Processor time so far of the peers and the orderer, and of the chaincode. */
  cpuMs(): { readonly network: number; readonly chaincode: number } {
    const of = (name: 'chaincode' | 'network') => cpuMsOf(this.#processes.get(name)?.pid);
    return { network: of('network'), chaincode: of('chaincode') };
  }

  async stop(): Promise<void> {
    for (const name of ['network', 'chaincode'] as const) {
      const child = this.#processes.get(name);
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #serveChaincode(): Promise<Record<string, string>> {
    const ports = await freePorts(this.mspIds.length);
    const addresses = Object.fromEntries(this.mspIds.map((mspId, at) => [mspId, `127.0.0.1:${ports[at]}`]));
    const places = Object.entries(addresses).map(([mspId, address]) => `${mspId}=${address}`);
    await this.#run('chaincode', [
      programAt('chaincode/dist/conformance/serve-organisations.js'),
      'consilium:1',
      ...places,
    ]);
    return addresses;
  }

  async #startNetwork(addresses: Record<string, string>): Promise<void> {
    const config = join(this.#directory, 'config.json');
    const organisations = this.mspIds.map((mspId) => ({
      mspId,
      name: mspId.toLowerCase().replace('msp', ''),
    }));
    const chaincode = { name: 'consilium', version: '1', policy: 'MAJORITY Endorsement', addresses };
    writeFileSync(config, JSON.stringify({ organisations, chaincodes: [chaincode], batchTimeoutMs: 200 }));
    const directory = join(this.#directory, 'network');
    const program = programAt('test-network/dist/src/main.js');
    const said = await this.#run('network', [
      program,
      'start',
      '--dir',
      directory,
      '--config',
      config,
      '--json',
    ]);
    this.connectionPath = (said as { connection: string }).connection;
  }

  /** Starts a process and waits until it says, in a line of JSON, that it is ready. */
  async #run(name: 'chaincode' | 'network', args: readonly string[]): Promise<unknown> {
    const env = { ...process.env, CORE_CHAINCODE_LOGGING_LEVEL: 'error' };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
    this.#processes.set(name, child);
    endsWithBench(child);
    for await (const line of createInterface({ input: child.stdout! })) {
      if (!line.startsWith('{')) continue;
      const said = JSON.parse(line) as { ready?: boolean };
      if (said.ready) {
        child.stdout!.resume();
        return said;
      }
    }
    throw new Error(`the ${name} process ended before it was ready`);
  }
}

/** Different ones, since they are held until all are found. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
