// The gateway's process: reads the environment, listens, closes cleanly; and its other commands.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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
import { problemWithRemedy } from '@consilium/guarded-rows';
import { Tracer } from '@consilium/traces';
import { pino } from 'pino';
import { buildApp } from './app.ts';
import { type Config, readConfig, VARIABLES } from './config.ts';
import { SITE_DIRECTORY } from './console/console.ts';
import { awaitEndorsers } from './fabric/await-endorsers.ts';
import { readConnections } from './fabric/connection-file.ts';
import { FabricLedger } from './fabric/fabric-ledger.ts';
import { WatchedConnection } from './fabric/watched-connection.ts';
import { AccessTokens } from './http/access-tokens.ts';
import { ApiKeys } from './http/api-keys.ts';
import { KeyUses, keyUsesFile } from './http/key-uses.ts';
import { TlsListener } from './http/tls-listener.ts';
import { KEY_HELP, KEY_OPTIONS, runKeyCommand } from './key-command.ts';
import { Outbox } from './outbox/outbox.ts';
import { IndexInThread } from './read-model/index-in-thread.ts';
import { KeptWebhooks } from './webhooks/kept-webhooks.ts';
import { webhookSender } from './webhooks/send-webhook.ts';
import { neighbourAt } from './witnesses/ask-neighbour.ts';
import { KeptStatements } from './witnesses/kept-statements.ts';
import { OwnStatements } from './witnesses/own-statements.ts';
import { statementSigner } from './witnesses/statement-signer.ts';
import { WitnessExchange } from './witnesses/witness-exchange.ts';
import { listenForWitnesses } from './witnesses/witness-listener.ts';

const HELP = `consilium-gateway: one hospital's REST service

  consilium-gateway [serve]
      Serves until SIGTERM or SIGINT. The environment configures it:
${VARIABLES.map(([name, meaning]) => `        ${name}\n            ${meaning}`).join('\n')}
      Prints one line on standard output when it serves, and writes the address to
      CONSILIUM_DATA_DIR/gateway.json; logs go to standard error.

${KEY_HELP}
  consilium-gateway ready --connection FILE [--chaincode NAME] [--timeout SECONDS]
      Waits until each organisation in FILE can get endorsements from peers of all organisations. Fails after
      SECONDS (default 60; 0 asks once) and says what is missing.

  consilium-gateway --help

${exitStatusLine()}
`;

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const EXIT_AFTER_MS = 1_000;

const OPTIONS = {
  ...COMMON_OPTIONS,
  ...KEY_OPTIONS,
  connection: { type: 'string' },
  chaincode: { type: 'string' },
  timeout: { type: 'string' },
} as const;

async function run(args: readonly string[]): Promise<undefined> {
  const { values, positionals } = readArguments(args, OPTIONS);
  const command = positionals.join(' ');
  if (values.help || command === 'help') process.stdout.write(HELP);
  else if (command === '' || command === 'serve') await begin(readConfig(process.env));
  else if (positionals[0] === 'key') process.stdout.write(runKeyCommand(positionals.slice(1), values));
  else if (command === 'ready') await ready(values);
  else throw new UsageError(`unknown command "${command}"`);
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

/** Calls to a peer that does not answer, and threads, would hold a process that serves nobody. */
const endSoon = () => void setTimeout(() => process.exit(), EXIT_AFTER_MS).unref();

async function begin(config: Config): Promise<void> {
  try {
    await serve(config);
  } catch (error) {
    endSoon();
    throw error;
  }
}

async function serve(config: Config): Promise<void> {
  const { connection, dataDirectory, limits } = config;
  const { mspId } = connection.organisation;
  const logger = pino({ level: config.logLevel, base: { mspId } }, pino.destination({ fd: 2, sync: true }));
  const addressFile = join(dataDirectory, 'gateway.json');
  try {
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
    rmSync(addressFile, { force: true });
  } catch (cause) {
    throw new Error(`cannot use CONSILIUM_DATA_DIR: ${problemWithRemedy(cause)}`, { cause });
  }
  const outbox = new Outbox(dataDirectory);
  const keptWebhooks = new KeptWebhooks(dataDirectory);
  const uses = new KeyUses(keyUsesFile(dataDirectory), (err) =>
    logger.error({ err }, 'the last uses of API keys cannot be written down'),
  );
  const apiKeys = new ApiKeys(config.apiKeysPath, {
    uses,
    onChange(problem) {
      if (problem === undefined) logger.info('the file of API keys is right again');
      else logger.error({ problem }, 'the file of API keys is broken');
    },
  });
  const tls =
    config.tls &&
    new TlsListener(config.tls, (problem) => {
      if (problem === undefined)
        logger.info('new connections are served with the files of TLS as they are now');
      else logger.error({ problem }, 'the files of TLS do not fit');
    });
  const ledger = new FabricLedger({ connection, chaincode: config.chaincode, limits, log: logger });
  const history = new IndexInThread({
    directory: dataDirectory,
    connection,
    chaincode: config.chaincode,
    genesis: config.genesis,
    limits,
    log: (level, text) => logger[level]({ history: true }, text),
  });
  let signer = statementSigner(connection);
  const watched = new WatchedConnection({
    path: config.connectionPath,
    connection,
    onClients(clients) {
      ledger.takeClients(clients);
      history.takeClients(clients);
      signer = statementSigner(watched.connection);
      logger.info({ clients: Object.keys(clients) }, 'signs with the certificates as they are now');
    },
    onProblem: (problem) =>
      logger.error({ problem }, 'the connection file, or a file that it names, does not fit'),
  });
  const { witnesses: settings } = config;
  const own = new OwnStatements({
    ledger,
    history,
    get signer() {
      return signer;
    },
  });
  const logWitness = (level: 'info' | 'warn' | 'error', text: string) =>
    logger[level]({ witnesses: true }, text);
  const witnessTls =
    settings &&
    new TlsListener(settings.tls, (problem) => {
      if (problem === undefined) logWitness('info', 'other hospitals see the TLS files as they are now');
      else logWitness('error', problem);
    });
  const witnesses = new WitnessExchange({
    own,
    kept: new KeptStatements(join(dataDirectory, 'witnesses'), (text) => logWitness('warn', text)),
    history,
    mspId,
    channel: connection.channel,
    neighbours: witnessTls ? settings.neighbours.map((one) => neighbourAt(one, witnessTls)) : [],
    intervalMs: limits.witnessIntervalMs,
    log: logWitness,
  });
  const warn = (err: unknown) => logger.warn({ err }, 'traces are dropped: the collector does not take them');
  const traced = { service: 'consilium-gateway', mspId, version, warn };
  const tracer = config.traces && new Tracer({ ...traced, endpoint: config.traces });
  const listener =
    witnessTls && (await listenForWitnesses({ ...settings, tls: witnessTls, own, log: logWitness }));
  const app = await buildApp({
    ledger,
    history,
    witnesses,
    witnessTls,
    outbox,
    connection: watched,
    apiKeys,
    apiKeysByRest: config.apiKeysByRest,
    tokens: config.signIn && new AccessTokens(config.signIn),
    webhooks: {
      kept: keptWebhooks,
      targets: config.webhookTargets,
      send: webhookSender({ timeoutMs: limits.webhookTimeoutMs, allowed: config.webhookTargets.allowed }),
    },
    tls,
    tracer,
    trainer: config.trainer,
    limits,
    proxies: config.proxies,
    crossOrigin: config.crossOrigin,
    console: config.console ? { directory: SITE_DIRECTORY } : undefined,
    logger,
    metricsOfProcess: true,
    certificates: () =>
      Object.fromEntries(
        Object.entries(watched.connection.organisation.clients).map(([name, { certificate }]) => [
          name,
          certificate,
        ]),
      ),
  });
  await app.listen({ host: config.host, port: config.port });
  witnesses.start();
  watched.watch();
  const { port } = app.server.address() as AddressInfo;
  const scheme = tls === undefined ? 'http' : 'https';
  const url = `${scheme}://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
  const address = { url, host: config.host, port, mspId, pid: process.pid };
  try {
    writeFileSync(`${addressFile}.new`, `${JSON.stringify(address)}\n`);
    renameSync(`${addressFile}.new`, addressFile);
  } catch (cause) {
    // Whoever started it waits for this file, and would find a gateway that serves nobody.
    await Promise.all([listener?.close(), app.close()]);
    throw new Error(`cannot write ${addressFile}: ${problemWithRemedy(cause)}`, { cause });
  }
  process.stdout.write(
    `consilium-gateway of ${mspId} serves at ${url} (documentation: ${url}/documentation)\n`,
  );

  const close = async (signal: string) => {
    logger.info({ signal }, 'closing');
    rmSync(addressFile, { force: true });
    watched.close();
    await listener?.close();
    await app.close();
    uses.close();
    process.exitCode = 0;
    endSoon();
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
