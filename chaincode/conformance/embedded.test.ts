// Judges the chaincode on the embedded network: its own process, and one chaincode process per organisation.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { after, it } from 'node:test';
import { attackConformance } from './attack-conformance.ts';
import { FabricConsortium } from './fabric-consortium.ts';
import { raceConformance } from './race-conformance.ts';
import { studyConformance } from './study-conformance.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const NETWORK = join(ROOT, 'test-network/dist/src/main.js');
const CHAINCODE_NODE = createRequire(import.meta.url).resolve('fabric-shim/cli.js');
const MEMBERS = ['AlphaMSP', 'BetaMSP', 'GammaMSP'];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

class Embedded {
  readonly #processes: ChildProcess[] = [];
  #dir = '';

  async start(): Promise<FabricConsortium> {
    this.#dir = await mkdtemp(join(tmpdir(), 'consilium-chaincode-'));
    const addresses: Record<string, string> = {};
    for (const mspId of MEMBERS) {
      addresses[mspId] = `127.0.0.1:${await freePort()}`;
      const flags = ['--chaincode-address', addresses[mspId], '--chaincode-id', 'consilium:conformance'];
      this.#spawn([CHAINCODE_NODE, 'server', ...flags], {
        CORE_PEER_LOCALMSPID: mspId,
        CORE_CHAINCODE_LOGGING_LEVEL: 'error',
      });
    }
    const config = join(this.#dir, 'config.json');
    const organisations = MEMBERS.map((mspId) => ({ mspId, name: mspId.toLowerCase().replace('msp', '') }));
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
    throw new Error('the embedded network ended before it was ready');
  }

  #spawn(command: readonly string[], env: Record<string, string> = {}): ChildProcess {
    const child = spawn(process.execPath, [...command], {
      cwd: join(ROOT, 'chaincode'),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#processes.push(child);
    if (env.CORE_PEER_LOCALMSPID !== undefined) child.stdout!.resume();
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

if (existsSync(NETWORK)) {
  const embedded = new Embedded();
  let ledger: FabricConsortium | undefined;
  after(async () => {
    await ledger?.[Symbol.asyncDispose]();
    await embedded.stop();
  });
  // One network for all: the suites use names of their own.
  const network = {
    setup: async () => {
      ledger ??= await embedded.start();
      return ledger;
    },
    teardown: async () => {},
  };
  studyConformance('a study on the embedded network', network);
  attackConformance('attacks on the embedded network are refused', network);
  raceConformance('studies that race on the embedded network', network);
} else {
  it('a study runs on the embedded network', { skip: 'not run: test-network is not built' });
}
