// The gateway's process: reads the environment, listens, closes cleanly; and the command that makes API keys.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  COMMON_OPTIONS,
  exitStatusLine,
  readArguments,
  reportError,
  required,
  runProgram,
  UsageError,
  wholeNumber,
} from '@consilium/command-line';
import { ROLES, type Role } from '@consilium/domain';
import { pino } from 'pino';
import { buildApp } from './app.ts';
import { type Config, readConfig, VARIABLES } from './config.ts';
import { awaitEndorsers } from './fabric/await-endorsers.ts';
import { readConnections } from './fabric/connection-file.ts';
import { FabricLedger } from './fabric/fabric-ledger.ts';
import { ApiKeys, createApiKey } from './http/api-keys.ts';
import { Outbox } from './outbox/outbox.ts';
import { IndexInThread } from './read-model/index-in-thread.ts';

const HELP = `consilium-gateway: one hospital's REST service

  consilium-gateway [serve]
      Serves until SIGTERM or SIGINT. The environment configures it:
${VARIABLES.map(([name, meaning]) => `        ${name}\n            ${meaning}`).join('\n')}
      Prints one line on standard output when it serves, and writes the address to
      CONSILIUM_DATA_DIR/gateway.json; logs go to standard error.

  consilium-gateway key create --role ROLE [--id ID] [--person NAME] [--file FILE] [--json]
      Creates an API key for a role (${ROLES.join(', ')}), prints it once
      and appends its hash to FILE (default: CONSILIUM_API_KEYS). Requests with the key are signed with the
      role's certificate. With --person they are signed with the certificate of the client NAME in the
      connection file, for example when a hospital has several stewards.

  consilium-gateway ready --connection FILE [--chaincode NAME] [--timeout SECONDS]
      Waits until each organisation in FILE can get endorsements from peers of all organisations. Fails after
      SECONDS (default 60; 0 asks once) and says what is missing.

  consilium-gateway --help

${exitStatusLine()}
`;

const CLOSE_TIMEOUT_MS = 10_000;

const OPTIONS = {
  ...COMMON_OPTIONS,
  role: { type: 'string' },
  id: { type: 'string' },
  person: { type: 'string' },
  file: { type: 'string' },
  connection: { type: 'string' },
  chaincode: { type: 'string' },
  timeout: { type: 'string' },
} as const;

async function run(args: readonly string[]): Promise<undefined> {
  const { values, positionals } = readArguments(args, OPTIONS);
  const command = positionals.join(' ');
  if (values.help || command === 'help') process.stdout.write(HELP);
  else if (command === '' || command === 'serve') await serve(readConfig(process.env));
  else if (command === 'key create') createKey(values);
  else if (command === 'ready') await ready(values);
  else throw new UsageError(`unknown command "${command}"`);
}

interface KeyOptions {
  readonly role?: string | undefined;
  readonly id?: string | undefined;
  readonly person?: string | undefined;
  readonly file?: string | undefined;
  readonly json?: boolean | undefined;
}

function createKey({ role, id, person, file = process.env.CONSILIUM_API_KEYS, json }: KeyOptions): void {
  if (role === undefined || !ROLES.includes(role as Role)) {
    throw new UsageError({ field: '--role', text: `must be one of ${ROLES.join(', ')}` });
  }
  if (file === undefined) throw new UsageError('--file is needed, or CONSILIUM_API_KEYS in the environment');
  const made = createApiKey({ path: file, role: role as Role, id, person });
  process.stdout.write(json === true ? `${JSON.stringify(made)}\n` : `${made.key}\n`);
}

interface ReadyOptions {
  readonly connection?: string | undefined;
  readonly chaincode?: string | undefined;
  readonly timeout?: string | undefined;
}

async function ready({ connection, chaincode = 'consilium', timeout }: ReadyOptions): Promise<void> {
  const file = required(connection, 'connection');
  const seconds = wholeNumber(timeout, 'timeout', { most: 99_999 }) ?? 60;
  const connections = readConnections(file);
  await awaitEndorsers(connections, { chaincode, timeoutMs: seconds * 1000 });
}

async function serve(config: Config): Promise<void> {
  const { connection, dataDirectory, limits } = config;
  const { mspId } = connection.organisation;
  const logger = pino({ level: config.logLevel, base: { mspId } }, pino.destination({ fd: 2, sync: true }));
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const addressFile = join(dataDirectory, 'gateway.json');
  rmSync(addressFile, { force: true });
  const outbox = new Outbox(dataDirectory);
  const apiKeys = new ApiKeys(config.apiKeysPath, (err) =>
    logger.error({ err }, 'keeping the last good keys'),
  );
  const ledger = new FabricLedger({ connection, chaincode: config.chaincode, limits, log: logger });
  const history = new IndexInThread({
    directory: dataDirectory,
    connection,
    chaincode: config.chaincode,
    genesis: config.genesis,
    limits,
    log: (level, text) => logger[level]({ history: true }, text),
  });
  const app = await buildApp({
    ledger,
    history,
    outbox,
    apiKeys,
    trainer: config.trainer,
    limits,
    proxies: config.proxies,
    logger,
    metricsOfProcess: true,
    certificates: Object.fromEntries(
      Object.entries(connection.organisation.clients).map(([name, { certificate }]) => [name, certificate]),
    ),
  });
  await app.listen({ host: config.host, port: config.port });
  const { port } = app.server.address() as AddressInfo;
  const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
  const address = { url, host: config.host, port, mspId, pid: process.pid };
  writeFileSync(`${addressFile}.new`, `${JSON.stringify(address)}\n`);
  renameSync(`${addressFile}.new`, addressFile);
  process.stdout.write(
    `consilium-gateway of ${mspId} serves at ${url} (documentation: ${url}/documentation)\n`,
  );

  const close = async (signal: string) => {
    logger.info({ signal }, 'closing');
    rmSync(addressFile, { force: true });
    // What is in flight gets this long; a transaction cut off here is in the outbox.
    setTimeout(() => app.server.closeAllConnections(), CLOSE_TIMEOUT_MS).unref();
    await app.close();
    process.exitCode = 0;
  };
  let closing = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (closing) return;
      closing = true;
      close(signal).catch((error: unknown) => {
        process.exitCode = reportError(error, 'consilium-gateway');
      });
    });
  }
}

await runProgram('consilium-gateway', run);
