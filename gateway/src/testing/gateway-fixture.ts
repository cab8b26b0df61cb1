// A gateway over a ledger in memory, with one API key per role, in a temporary folder.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROLES, type Role } from '@consilium/domain';
import type { Tracer } from '@consilium/traces';
import type { FastifyBaseLogger, FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { buildApp, type WebhooksGiven } from '../app.ts';
import { DEFAULT_LIMITS, type Limits } from '../config.ts';
import type { ConsoleGiven } from '../console/console.ts';
import type { TrainerAddress, WatchedFile } from '../dependencies.ts';
import type { Ledger } from '../fabric/ledger.ts';
import type { AccessTokens } from '../http/access-tokens.ts';
import { ApiKeys } from '../http/api-keys.ts';
import type { CrossOrigin } from '../http/cross-origin.ts';
import { createApiKey } from '../http/key-file.ts';
import { KeyUses, keyUsesFile } from '../http/key-uses.ts';
import type { TlsListener } from '../http/tls-listener.ts';
import { Outbox } from '../outbox/outbox.ts';
import type { WatchedHistory } from '../read-model/index-in-thread.ts';
import type { HistorySource } from '../read-model/ledger-history.ts';
import { unwatched } from '../read-model/no-history.ts';
import { KeptWebhooks } from '../webhooks/kept-webhooks.ts';
import type { WitnessExchange } from '../witnesses/witness-exchange.ts';
import { MemoryLedger } from './memory-ledger.ts';

export interface GatewayFixture<L extends Ledger = MemoryLedger> {
  readonly app: FastifyInstance;
  readonly ledger: L;
  readonly outbox: Outbox;
  readonly directory: string;
  readonly keys: Record<Role, string>;
  /** Sends a request with the key of a role. */
  as(role: Role, options: InjectOptions): Promise<LightMyRequestResponse>;
  close(): Promise<void>;
}

export interface FixtureOptions<L extends Ledger = MemoryLedger> {
  readonly limits?: Partial<Limits>;
  readonly trainer?: TrainerAddress;
  readonly proxies?: readonly string[];
  /** A folder to use again, as after a restart. */
  readonly directory?: string;
  readonly ledger?: L;
  readonly history?: HistorySource | WatchedHistory;
  readonly logger?: FastifyBaseLogger;
  readonly witnesses?: WitnessExchange;
  readonly tokens?: AccessTokens;
  readonly connection?: WatchedFile;
  readonly tls?: TlsListener;
  readonly crossOrigin?: CrossOrigin;
  readonly tracer?: Tracer;
  readonly console?: ConsoleGiven;
  readonly apiKeysByRest?: boolean;
  readonly certificates?: () => Readonly<Record<string, string>>;
  readonly webhooks?: Omit<WebhooksGiven, 'kept'>;
  readonly closeWithinMs?: number;
}

const SEND_NOTHING = async () => ({ delivered: false, problem: 'nothing is sent in this test' }) as const;

export async function openGateway<L extends Ledger = MemoryLedger>(
  options: FixtureOptions<L> = {},
): Promise<GatewayFixture<L>> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'gateway-'));
  const path = join(directory, 'api-keys.json');
  const keys = Object.fromEntries(ROLES.map((role) => [role, createApiKey({ path, role }).key])) as Record<
    Role,
    string
  >;
  const ledger = options.ledger ?? (new MemoryLedger() as Ledger as L);
  const outbox = new Outbox(directory);
  const app = await buildApp({
    ledger,
    outbox,
    history: options.history && ('status' in options.history ? options.history : unwatched(options.history)),
    apiKeys: new ApiKeys(path, {
      uses: new KeyUses(keyUsesFile(directory), () => {}),
    }),
    witnesses: options.witnesses,
    webhooks: { kept: new KeptWebhooks(directory), ...(options.webhooks ?? { send: SEND_NOTHING }) },
    trainer: options.trainer,
    proxies: options.proxies ?? [],
    ...(options.logger && { logger: options.logger }),
    tokens: options.tokens,
    connection: options.connection,
    tls: options.tls,
    crossOrigin: options.crossOrigin,
    tracer: options.tracer,
    console: options.console,
    apiKeysByRest: options.apiKeysByRest ?? false,
    ...(options.closeWithinMs !== undefined && { closeWithinMs: options.closeWithinMs }),
    ...(options.certificates && { certificates: options.certificates }),
    limits: { ...DEFAULT_LIMITS, recoveryTimeoutMs: 50, refusalPauseMs: 0, ...options.limits },
  });
  return {
    app,
    ledger,
    outbox,
    directory,
    keys,
    as: (role, request) =>
      app.inject({ ...request, headers: { ...request.headers, authorization: `Bearer ${keys[role]}` } }),
    close: async () => {
      await app.close();
      if (options.directory === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}
