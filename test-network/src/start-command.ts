/** The `start` command: runs a network until a signal or a command stops it, and serves other commands meanwhile. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, EXIT } from '@consilium/command-line';
import { parseChaincode, parseConfig } from './config.ts';
import { ControlError, callControl, NotRunningError, startControl } from './control.ts';
import { writeJsonFile } from './identities/connection-file.ts';
import { Network } from './network.ts';

/** @throws ConfigError, or ControlError when a network runs in the directory already. */
export async function runNetwork(options: {
  readonly dir: string;
  readonly configFile: string | undefined;
  readonly portBase: number | undefined;
  /** Whether to print one JSON line on standard output when ready. */
  readonly json: boolean;
}): Promise<void> {
  const { dir, portBase } = options;
  // Only the owner may read keys and private data, even where somebody else made the directory.
  process.umask(0o077);
  if (await isRunning(dir)) throw new ControlError(`a network is already running in ${dir}`);
  const raw = configuration(dir, options.configFile);
  const config = parseConfig(raw);
  say(`starting channel ${config.channel} with ${config.organisations.length} organisations in ${dir}`);
  const network = await Network.start({ dir, config, ...(portBase === undefined ? {} : { portBase }) });
  // Chaincodes are on the ledger from here on; only the shape is needed to start again.
  writeJsonFile(join(dir, 'config.json'), { ...(raw as object), chaincodes: [] });
  const finished = Promise.withResolvers<void>();
  const mspIds = config.organisations.map((organisation) => organisation.mspId);
  const control = await startControl(dir, {
    status: () => network.status(),
    deploy: (body) => deploy(network, body as Record<string, unknown>, mspIds),
    stop: () => finished.resolve(),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => finished.resolve());
  process.once('uncaughtException', (error) => {
    // A block that cannot be stored must not be announced: better to stop, and go on from the last one.
    say(`stopping at once, the ledger stays at its last block: ${error.stack}`);
    process.exit(EXIT.failed);
  });
  announce(network, options.json);
  await finished.promise;
  say('stopping');
  await network.close();
  control.close();
}

async function deploy(
  network: Network,
  given: Record<string, unknown>,
  mspIds: readonly string[],
): Promise<unknown> {
  const chaincode = parseChaincode(given, mspIds);
  const sequence = given.sequence === undefined ? network.sequenceFor(chaincode) : chaincode.sequence;
  const { block } = await network.deploy({ ...chaincode, sequence });
  say(`deployed ${chaincode.name} version ${chaincode.version} sequence ${sequence}`);
  return { ...chaincode, sequence, block: block ?? null };
}

function announce(network: Network, json: boolean): void {
  const { organisations, ipfs } = network.connection;
  for (const { mspId, endpoint } of organisations) say(`  ${mspId} at ${endpoint}`);
  say(`  IPFS at ${ipfs?.url}`);
  say(`ready; clients read ${network.connectionPath}`);
  if (!json) return;
  const facts = {
    ready: true,
    connection: network.connectionPath,
    pid: process.pid,
    organisations: organisations.map(({ mspId, endpoint }) => ({ mspId, endpoint })),
    ipfs,
  };
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}

function configuration(dir: string, file: string | undefined): unknown {
  const kept = join(dir, 'config.json');
  const path = file ?? (existsSync(kept) ? kept : undefined);
  if (path === undefined) return {};
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(path, `cannot be read: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError(path, `is not JSON: ${(error as Error).message}`);
  }
}

async function isRunning(dir: string): Promise<boolean> {
  try {
    await callControl(dir, 'status', {});
    return true;
  } catch (error) {
    if (error instanceof NotRunningError) return false;
    throw error;
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
