// The ledgers that a bench runs on, one after the other in one run: the embedded network always, a real Fabric
// with Raft where its binaries are found, and with BFT where LEDGERS asks for it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { FabricNetwork, notRun } from '../../src/testing/fabric-network.ts';
import { endsWithBench, unlessInterrupted } from './interruption.ts';

const NETWORK = fileURLToPath(new URL('../../../../network/dist/src/main.js', import.meta.url));
const KINDS = ['embedded', 'raft', 'bft'] as const;
export type Kind = (typeof KINDS)[number];

export const ORGANISATIONS = ['Org1MSP', 'Org2MSP', 'Org3MSP'] as const;

export interface RunningLedger {
  readonly name: Kind;
  readonly connectionPath: string;
  readonly chaincode: string;
  stop(): Promise<void>;
}

export const progress = (line: string): void => void process.stderr.write(`${line}\n`);
export const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

function wanted(): Kind[] {
  const text = process.env.LEDGERS ?? 'embedded,raft';
  return text.split(',').map((word) => {
    const kind = KINDS.find((candidate) => candidate === word);
    if (kind === undefined) throw new Error(`LEDGERS must be some of ${KINDS.join(',')}, not ${word}`);
    return kind;
  });
}

/**
 * Calls `measure` for each kind of ledger that is available here; for another, a line says why it is not. `count` of
 * them run side by side, and are stopped before those of the next kind start.
 */
export async function onEachLedger(
  bench: string,
  measure: (...ledgers: RunningLedger[]) => Promise<void>,
  count: (kind: Kind) => number = () => 1,
): Promise<void> {
  for (const kind of wanted()) {
    const missing = whyNot(kind);
    if (missing !== undefined) {
      print({ bench, network: kind, notRun: missing });
      continue;
    }
    const ledgers: RunningLedger[] = [];
    try {
      for (let at = 0; at < count(kind); at += 1) {
        progress(`${bench}: starting ${kind}`);
        ledgers.push(kind === 'embedded' ? await embedded() : await real(kind));
      }
      await unlessInterrupted(measure(...ledgers));
    } finally {
      for (const ledger of ledgers) await ledger.stop();
    }
  }
}

function whyNot(kind: Kind): string | undefined {
  if (kind === 'embedded') return notRun;
  if ((process.env.FABRIC_BIN_DIR ?? '') === '') return 'FABRIC_BIN_DIR does not say where a real Fabric is';
  return existsSync(NETWORK) ? undefined : `${NETWORK} is not built`;
}

async function embedded(): Promise<RunningLedger> {
  const network = await FabricNetwork.startEmbedded({ batchTimeoutMs: 200, chaincodes: 'apart' });
  return {
    name: 'embedded',
    connectionPath: network.connectionPath,
    chaincode: 'consilium',
    stop: () => network.stop(),
  };
}

async function real(ordering: 'raft' | 'bft'): Promise<RunningLedger> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-ledger-'));
  const args = [NETWORK, 'ledger', '--dir', directory, '--ordering', ordering];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  endsWithBench(child);
  const exit = once(child, 'exit');
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await exit;
    rmSync(directory, { recursive: true, force: true });
  };
  for await (const line of createInterface({ input: child.stdout })) {
    const { ready, connection } = JSON.parse(line) as { ready: boolean; connection: string };
    if (ready) return { name: ordering, connectionPath: connection, chaincode: 'consilium', stop };
  }
  await stop();
  throw new Error(`the ${ordering} network ended before it was ready`);
}
