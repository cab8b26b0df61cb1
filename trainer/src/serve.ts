// The service itself: its parts put together, from the environment until a signal.
import { readFileSync } from 'node:fs';
import { Tracer } from '@consilium/traces';
import { pino } from 'pino';
import { IpfsArtefactStore, MemberKeyRing } from './artefacts/index.ts';
import { buildTrainer } from './assemble-trainer.ts';
import { readConfig } from './config.ts';
import { TrainerError } from './errors.ts';
import { GatewayClient } from './gateway/gateway-client.ts';
import { followEvents } from './gateway/gateway-events.ts';
import { Journal } from './journal/journal.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Runs until SIGTERM or SIGINT. @throws ConfigError; and what the journal, a key or a port refuses */
export async function serve({ json }: { readonly json: boolean }): Promise<void> {
  const config = readConfig(process.env);
  // Salts, keys and draws are nobody else's business on this machine.
  process.umask(0o077);
  const log = pino({ level: config.logLevel, base: { mspId: config.mspId } }, process.stderr);
  using journal = new Journal(config.dataDirectory);
  const keys = await MemberKeyRing.open(config.dataDirectory);
  const stopping = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      log.info({ signal: name }, 'stopping');
      stopping.abort(new TrainerError('TRAINER_STOPPING'));
    });
  }
  const { signal } = stopping;
  const { gatewayUrl, gatewayKey, mspId, trainerKey, takeoverMs, pollMs } = config;
  const { dataFolders, graphMemoryBytes, traces } = config;
  const warn = (err: unknown) => log.warn({ err }, 'traces are dropped: the collector does not take them');
  const tracer =
    traces && new Tracer({ endpoint: traces, service: 'consilium-trainer', mspId, version, warn });
  const { service, http } = buildTrainer({
    mspId,
    trainerKey,
    takeoverMs,
    pollMs,
    dataFolders,
    ledger: new GatewayClient({ url: gatewayUrl, key: gatewayKey }),
    journal,
    store: new IpfsArtefactStore({ url: config.ipfsUrl }),
    keys,
    log,
    tracer,
    signal,
    ...(graphMemoryBytes !== undefined && { graphMemoryBytes }),
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
    await tracer?.close();
  }
  log.info('stopped');
}
