/**
 * The embedded network as an operator runs it, for the suite to judge: its own process, its own probe
 * processes (one per organisation), deployed through the command line.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type ConformanceNetwork, probeDefinitions, readConnection } from './index.ts';
import { issueOddIdentities } from './odd-identities.ts';

const PROBE = 'probe';
const PROGRAM = fileURLToPath(new URL('../src/main.js', import.meta.url));
/** The probe's package stays in the source tree: the compiler copies no package.json. */
const PROBE_PACKAGE = fileURLToPath(new URL('../../conformance/probe-chaincode/', import.meta.url));
const CHAINCODE_NODE = createRequire(import.meta.url).resolve('fabric-shim/cli.js');
/** Preloaded by what is started here, over whose channel it hears that we are gone, however we ended. */
const END_WITH_PARENT = fileURLToPath(import.meta.resolve('@consilium/process-start/end-with-parent'));
const START = ['--import', END_WITH_PARENT, PROGRAM, 'start'];
const PORT_TIMEOUT_MS = 30_000;

export class EmbeddedNetwork {
  readonly #dir: string;
  readonly #probes: ChildProcess[] = [];
  #process: ChildProcess | undefined;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async create(): Promise<EmbeddedNetwork> {
    return new EmbeddedNetwork(await mkdtemp(join(tmpdir(), 'consilium-conformance-')));
  }

  async start(): Promise<ConformanceNetwork> {
    await this.#startProcess();
    const connection = await readConnection(join(this.#dir, 'connection.json'));
    const mspIds = connection.organisations.map(({ mspId }) => mspId);
    const addresses = await Promise.all(mspIds.map((mspId) => this.#startProbe(mspId)));
    const flags = addresses.flatMap((address, index) => ['--address', `${mspIds[index]}=${address}`]);
    for (const { name, policy } of probeDefinitions(PROBE, mspIds)) {
      const policyFlags = policy === undefined ? [] : ['--policy', policy];
      const command = [PROGRAM, 'deploy', '--dir', this.#dir, '--name', name, ...flags, ...policyFlags];
      await promisify(execFile)(process.execPath, command);
    }
    return {
      connection,
      probe: PROBE,
      oddIdentities: await issueOddIdentities(join(this.#dir, 'organisations', mspIds[0]!)),
      crashAndRestart: () => this.#crashAndRestart(),
    };
  }

  async stop(): Promise<void> {
    const running = [this.#process, ...this.#probes].filter((child) => child !== undefined);
    await Promise.all(running.map((child) => end(child, 'SIGTERM')));
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #crashAndRestart(): Promise<void> {
    await end(this.#process!, 'SIGKILL');
    await this.#startProcess();
  }

  async #startProcess(): Promise<void> {
    const child = spawn(process.execPath, [...START, '--dir', this.#dir, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#process = child;
    let complaints = '';
    child.stderr!.on('data', (text) => {
      complaints += text;
    });
    for await (const line of createInterface(child.stdout!)) {
      if (JSON.parse(line).ready === true) {
        child.stdout!.resume();
        return;
      }
    }
    throw new Error(`the embedded network did not start: ${complaints}`);
  }

  async #startProbe(mspId: string): Promise<string> {
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(process.execPath, ['--import', END_WITH_PARENT, CHAINCODE_NODE, 'server'], {
      cwd: PROBE_PACKAGE,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: {
        ...process.env,
        CORE_PEER_LOCALMSPID: mspId,
        CORE_CHAINCODE_ID: `${PROBE}:embedded`,
        CORE_CHAINCODE_ADDRESS: address,
        CORE_CHAINCODE_LOGGING_LEVEL: 'warning',
      },
    });
    this.#probes.push(child);
    await listening(Number(address.split(':')[1]));
    return address;
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

async function listening(port: number): Promise<void> {
  for (const deadline = Date.now() + PORT_TIMEOUT_MS; Date.now() < deadline; await delay(50)) {
    const socket = connect(port, '127.0.0.1');
    const open = await new Promise<boolean>((resolve) => {
      socket.on('connect', () => resolve(true));
      socket.on('error', () => resolve(false));
    });
    socket.destroy();
    if (open) return;
  }
  throw new Error(`the probe does not listen on port ${port}`);
}
