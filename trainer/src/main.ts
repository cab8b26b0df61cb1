#!/usr/bin/env node
// The trainer's program.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { ArtefactError, IpfsArtefactStore, loadOrCreateMemberKeys } from './artefact/index.ts';
import { COMMANDS, COMMANDS_HELP, runCommand } from './commands/index.ts';
import { ConfigError, ENVIRONMENT, readConfig } from './config.ts';
import { TrainerError } from './errors.ts';
import { GatewayClient } from './gateway-client.ts';
import { followEvents } from './gateway-events.ts';
import { Journal } from './journal.ts';
import { buildTrainer } from './trainer.ts';

const EXIT = { ok: 0, refused: 1, usage: 64, unavailable: 69, bug: 70, config: 78 } as const;

const HELP = `consilium-trainer: one hospital's training service

  consilium-trainer serve                      run until SIGTERM or SIGINT
${COMMANDS_HELP}
  --json    one JSON document on standard output instead of text
  --help    this text

Environment of serve:
${Object.entries(ENVIRONMENT)
  .map(([name, meaning]) => `  ${name.padEnd(22)} ${meaning}`)
  .join('\n')}

Exit codes of serve: 0 done; 64 wrong usage; 69 the journal, a key or a port cannot be had; 70 a bug; 78 the
environment is not complete.
`;

async function serve({ json }: { readonly json: boolean }): Promise<number> {
  const config = readConfig(process.env);
  // Salts, keys and draws are nobody else's business on this machine.
  process.umask(0o077);
  const log = pino({ level: config.logLevel, base: { mspId: config.mspId } }, process.stderr);
  using journal = new Journal(config.dataDirectory);
  const keys = await loadOrCreateMemberKeys(join(config.dataDirectory, 'encryption-key.pem'));
  const stopping = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      log.info({ signal: name }, 'stopping');
      stopping.abort(new TrainerError('TRAINER_STOPPING'));
    });
  }
  const { signal } = stopping;
  const { gatewayUrl, gatewayKey, mspId, trainerKey, takeoverMs, pollMs } = config;
  const { service, http } = buildTrainer({
    mspId,
    trainerKey,
    takeoverMs,
    pollMs,
    ledger: new GatewayClient({ url: gatewayUrl, key: gatewayKey }),
    journal,
    store: new IpfsArtefactStore({ url: config.ipfsUrl }),
    keys,
    log,
    signal,
  });
  const address = await http.listen({ host: '127.0.0.1', port: config.port });
  process.stdout.write(json ? `${JSON.stringify({ url: address, mspId })}\n` : `listening on ${address}\n`);
  const events = followEvents({
    url: gatewayUrl,
    key: gatewayKey,
    signal,
    onEvent: (event) => service.notice(event),
    onConnected: () => service.wakeAll(),
    onDisconnected: (error) => log.debug({ err: error }, 'the event stream broke'),
  });
  try {
    await service.run();
  } finally {
    stopping.abort(new TrainerError('TRAINER_STOPPING'));
    await events;
    await http.close();
  }
  log.info('stopped');
  return EXIT.ok;
}

function usage(problem: string): number {
  process.stderr.write(`consilium-trainer: ${problem}\nTry consilium-trainer --help.\n`);
  return EXIT.usage;
}

async function main(): Promise<number> {
  const [name = '', ...argv] = process.argv.slice(2);
  if (Object.hasOwn(COMMANDS, name)) return runCommand(name, argv);
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const [command, ...rest] = positionals;
  if (rest.length > 0) return usage(`unexpected ${rest.join(' ')}`);
  if (command === 'serve') return serve(values);
  return usage(command === undefined ? 'name a command' : `no command ${command}`);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return EXIT.config;
  if (error instanceof TrainerError || error instanceof ArtefactError) return EXIT.unavailable;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS')) return EXIT.usage;
  return typeof code === 'string' ? EXIT.unavailable : EXIT.bug;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = exitCodeOf(error);
  const { message, stack } = error as Error;
  process.stderr.write(`consilium-trainer: ${process.exitCode === EXIT.bug ? stack : message}\n`);
}
