// The ledgers that a bench runs on, one after the other in one run: the embedded network always, a real Fabric
// with Raft where its binaries are found, and with BFT where LEDGERS asks for it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CHAINCODE_NAME, FabricNetwork, notRun } from '../../src/testing/fabric-network.ts';

const NETWORK = fileURLToPath(new URL('../../../../network/dist/src/main.js', import.meta.url));
const KINDS = ['embedded', 'raft', 'bft'] as const;
type Kind = (typeof KINDS)[number];

export const ORGANISATIONS = ['Org1MSP', 'Org2MSP', 'Org3MSP'] as const;

export interface RunningLedger {
  /** embedded, raft, bft, or given: the one that CONSILIUM_CONNECTION names. */
  readonly name: string;
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
 * Calls `measure` for each ledger that can be had here; one that cannot is a line that says why. A ledger is
 * stopped before the next one starts.
 */
export async function onEachLedger(
  bench: string,
  measure: (ledger: RunningLedger) => Promise<void>,
): Promise<void> {
  for (const kind of wanted()) {
    const missing = whyNot(kind);
    if (missing !== undefined) {
      print({ bench, network: kind, notRun: missing });
      continue;
    }
    progress(`${bench}: starting ${kind}`);
    await measured(kind === 'embedded' ? await embedded() : await real(kind), measure);
  }
  if (process.env.CONSILIUM_CONNECTION !== undefined) await measured(await given(), measure);
}

async function measured(ledger: RunningLedger, measure: (ledger: RunningLedger) => Promise<void>) {
  try {
    await measure(ledger);
  } finally {
    await ledger.stop();
  }
}

function whyNot(kind: Kind): string | undefined {
  if (kind === 'embedded') return notRun;
  if ((process.env.FABRIC_BIN_DIR ?? '') === '') return 'FABRIC_BIN_DIR does not say where a real Fabric is';
  return existsSync(NETWORK) ? undefined : `${NETWORK} is not built`;
}

async function embedded(): Promise<RunningLedger> {
  const network = await FabricNetwork.startEmbedded(200);
  return {
    name: 'embedded',
    connectionPath: network.connectionPath,
    chaincode: 'consilium',
    stop: () => network.stop(),
  };
}

async function given(): Promise<RunningLedger> {
  const network = await FabricNetwork.start();
  const { connectionPath } = network;
  return { name: 'given', connectionPath, chaincode: CHAINCODE_NAME, stop: () => network.stop() };
}

async function real(ordering: 'raft' | 'bft'): Promise<RunningLedger> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-ledger-'));
  const args = [NETWORK, 'ledger', '--dir', directory, '--ordering', ordering];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
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
