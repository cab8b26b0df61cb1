// What an operator watches, in Prometheus' text format. One registry per application, none global.
import { X509Certificate } from 'node:crypto';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { AccountFigures, HistoryFigures } from './history-metrics.ts';
import type { ApiKeys } from './http/api-keys.ts';
import type { TlsListener } from './http/tls-listener.ts';
import type { Outbox } from './outbox/outbox.ts';
import type { WatchedHistory } from './read-model/index-in-thread.ts';
import { numberOf } from './read-model/ledger-alarms.ts';
import type { WitnessStatus } from './witnesses/witness-exchange.ts';

interface MetricsOptions {
  readonly ofProcess: boolean;
  /** Whose state is read whenever it is asked for; none if absent. */
  readonly history?: Pick<WatchedHistory, 'status'>;
  /** Sums of what was verified of the ledger; none if absent. */
  readonly figures?: () => HistoryFigures | undefined;
  /** PEM by the name of the client that signs with it; none if absent. */
  readonly certificates?: () => Readonly<Record<string, string>>;
  /** The own privacy accounts, for those with a key; none if absent. */
  readonly accounts?: () => readonly AccountFigures[];
  readonly outbox?: Pick<Outbox, 'waiting'>;
  readonly apiKeys?: Pick<ApiKeys, 'problem'>;
  /** The connection file, where it is looked at again while the gateway serves. */
  readonly connection?: { readonly problem: string | undefined } | undefined;
  readonly witnesses?: () => readonly WitnessStatus[];
  /** Of the listener for other hospitals' gateways. */
  readonly witnessTls?: Pick<TlsListener, 'problem' | 'endsAtMs'> | undefined;
  readonly tls?: Pick<TlsListener, 'problem' | 'endsAtMs'> | undefined;
}

/** What is counted of webhooks, without naming any. */
export interface WatchedWebhooks {
  states(): Readonly<Record<string, number>>;
  numberOfDeadLetters(): number;
}

export type Metrics = ReturnType<typeof createMetrics>;

const HISTORY_STATES = ['building', 'following', 'waiting', 'stopped'] as const;

/** `ofProcess` adds memory, event loop and file descriptor figures: once per process. */
export function createMetrics(options: MetricsOptions) {
  const { ofProcess, history, apiKeys, connection, tls, figures, witnesses, witnessTls } = options;
  const { certificates, outbox, accounts } = options;
  const registry = new Registry();
  const registers = [registry];
  let webhooks: WatchedWebhooks | undefined;
  let sessions: { readonly size: number } | undefined;
  if (ofProcess) collectDefaultMetrics({ register: registry });
  const registryOfKeys = new Registry();
  return {
    registry,
    /** Names populations: for those with a key alone. */
    registryOfKeys,
    budgetLeftOfAccount: new Gauge({
      name: 'consilium_budget_left_epsilon',
      help: 'Of each own privacy account the ε that is neither spent nor reserved.',
      labelNames: ['population', 'block', 'pool'],
      registers: [registryOfKeys],
      collect() {
        this.reset();
        for (const { populationId: population, block, pool, leftEpsilon } of accounts?.() ?? []) {
          this.set({ population, block, pool }, leftEpsilon);
        }
      },
    }),
    outboxWaiting: new Gauge({
      name: 'consilium_outbox_unknown',
      help: 'Transactions that were sent and whose outcome is not known: in flight, or lost.',
      registers,
      collect() {
        this.set(outbox?.waiting().number ?? 0);
      },
    }),
    outboxOldest: new Gauge({
      name: 'consilium_outbox_oldest_seconds',
      help: 'How long ago the oldest of them was sent; 0 where there is none.',
      registers,
      collect() {
        const sentAtMs = outbox?.waiting().oldestMs;
        this.set(sentAtMs === undefined ? 0 : Math.max(0, (Date.now() - sentAtMs) / 1000));
      },
    }),
    ledgerHeight: new Gauge({
      name: 'consilium_ledger_height',
      help: 'Blocks that the own peer has, as it was asked last; absent where it did not answer.',
      registers,
    }),
    peerServing: new Gauge({
      name: 'consilium_peer_serving',
      help: '1 for which of the two own peers serves this gateway; absent where there is one.',
      labelNames: ['peer'],
      registers,
    }),
    requests: new Histogram({
      name: 'consilium_http_request_duration_seconds',
      help: 'Time from a request to the end of its answer, by route.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.02, 0.1, 0.3, 1, 3, 10, 60],
      registers,
    }),
    ledgerCalls: new Histogram({
      name: 'consilium_ledger_call_duration_seconds',
      help: 'Time of a ledger call, by transaction and outcome (ok or the error code).',
      labelNames: ['transaction', 'outcome'],
      buckets: [0.005, 0.02, 0.1, 0.3, 1, 3, 10, 60],
      registers,
    }),
    conflictRetries: new Counter({
      name: 'consilium_ledger_conflict_retries_total',
      help: 'Submissions proposed again after the ledger recorded them as invalid.',
      labelNames: ['transaction'],
      registers,
    }),
    unknownOutcomes: new Counter({
      name: 'consilium_ledger_unknown_outcomes_total',
      help: 'Submissions whose answer was lost after sending.',
      registers,
    }),
    historyBlocks: new Gauge({
      name: 'consilium_history_blocks',
      help: 'Blocks of the channel that were checked and indexed.',
      registers,
      collect() {
        this.set(history?.status?.blocks ?? 0);
      },
    }),
    historyOrganisations: new Gauge({
      name: 'consilium_history_organisations',
      help: 'Organisations whose peers sent the same blocks, up to the last.',
      registers,
      collect() {
        this.set(history?.status?.organisations.length ?? 0);
      },
    }),
    historyState: new Gauge({
      name: 'consilium_history_state',
      help: '1 for what the index of the channel does: building, following, waiting, or stopped by an alarm.',
      labelNames: ['state'],
      registers,
      collect() {
        for (const state of HISTORY_STATES) this.set({ state }, history?.status?.state === state ? 1 : 0);
      },
    }),
    historyAlarms: new Gauge({
      name: 'consilium_history_alarms',
      help: 'What was found wrong with the ledger, or with what peers say of it, and not removed by an operator.',
      registers,
      collect() {
        this.set(numberOf(history?.status?.alarms ?? []));
      },
    }),
    ready: new Gauge({
      name: 'consilium_ready',
      help: '1 where this check of /readyz holds, 0 where it does not; absent where it was not asked.',
      labelNames: ['check'],
      registers,
    }),
    orderers: new Gauge({
      name: 'consilium_orderers',
      help: 'Orderers: consenters of the channel, needed for a block, and serving now.',
      labelNames: ['are'],
      registers,
    }),
    certificateExpiry: new Gauge({
      name: 'consilium_certificate_expiry_timestamp_seconds',
      help: 'When a certificate ends, in seconds since 1970: of clients, orderers and authorities.',
      labelNames: ['of'],
      registers,
      collect() {
        if (witnessTls !== undefined)
          this.set({ of: 'witness listener' }, Math.floor(witnessTls.endsAtMs / 1000));
        for (const [client, pem] of Object.entries(certificates?.() ?? {})) {
          this.set({ of: `client ${client}` }, Date.parse(new X509Certificate(pem).validTo) / 1000);
        }
      },
    }),
    budgetLeft: new Gauge({
      name: 'consilium_budget_least_left_ratio',
      help: 'Of the own privacy accounts the least share that is neither spent nor reserved, from 0 to 1.',
      registers,
      collect() {
        const left = figures?.()?.leastLeftRatio;
        if (left === undefined) this.remove();
        else this.set(left);
      },
    }),
    roundsOverdue: new Gauge({
      name: 'consilium_rounds_overdue',
      help: 'Running rounds of the channel whose deadline has passed.',
      registers,
      collect() {
        const overdue = figures?.()?.overdueRounds;
        if (overdue === undefined) this.remove();
        else this.set(overdue);
      },
    }),
    clockSeconds: new Gauge({
      name: 'consilium_clock_timestamp_seconds',
      help: 'The time by the clock of this machine, in seconds since 1970.',
      registers,
      collect() {
        this.set(Date.now() / 1000);
      },
    }),
    apiKeysBroken: new Gauge({
      name: 'consilium_api_keys_broken',
      help: '1 while the file of API keys is broken, so that no change of it counts.',
      registers,
      collect() {
        this.set(apiKeys?.problem() === undefined ? 0 : 1);
      },
    }),
    connectionBroken: new Gauge({
      name: 'consilium_connection_broken',
      help: '1 while the connection file, or one that it names, does not fit, so that no change of it counts.',
      registers,
      collect() {
        this.set(connection?.problem === undefined ? 0 : 1);
      },
    }),
    witnessedBlocks: new Gauge({
      name: 'consilium_witnessed_block',
      help: "The last block of this gateway's history that the gateway of a hospital signed that it saw.",
      labelNames: ['mspId'],
      registers,
      collect() {
        for (const { mspId, block } of witnesses?.() ?? []) this.set({ mspId }, block ?? 0);
      },
    }),
    witnessRefusals: new Counter({
      name: 'consilium_witness_refusals_total',
      help: "Statements of a hospital's gateway that did not count, by the reason.",
      labelNames: ['mspId', 'reason'],
      registers,
    }),
    ...(witnessTls !== undefined && {
      witnessTlsBroken: new Gauge({
        name: 'consilium_witness_tls_broken',
        help: '1 while the TLS files of the witnesses do not fit, or their certificate has ended.',
        registers,
        collect() {
          this.set(witnessTls.problem() === undefined ? 0 : 1);
        },
      }),
    }),
    ...(tls !== undefined && {
      tlsBroken: new Gauge({
        name: 'consilium_tls_broken',
        help: '1 while the files of TLS do not fit, or the certificate that is served has ended.',
        registers,
        collect() {
          this.set(tls.problem() === undefined ? 0 : 1);
        },
      }),
      tlsEnds: new Gauge({
        name: 'consilium_tls_certificate_ends_seconds',
        help: 'When the certificate that is served ends, in seconds since 1970.',
        registers,
        collect() {
          this.set(Math.floor(tls.endsAtMs / 1000));
        },
      }),
    }),
    webhookAttempts: new Counter({
      name: 'consilium_webhook_attempts_total',
      help: 'Attempts to deliver an event: delivered or failed; and events set aside after all attempts.',
      labelNames: ['outcome'],
      registers,
    }),
    webhooks: new Gauge({
      name: 'consilium_webhooks',
      help: 'Webhooks by what they do: delivering, retrying, stopped by the other side, or refused.',
      labelNames: ['state'],
      registers,
      collect() {
        for (const [state, number] of Object.entries(webhooks?.states() ?? {})) this.set({ state }, number);
      },
    }),
    webhookDeadLetters: new Gauge({
      name: 'consilium_webhook_dead_letters',
      help: 'Events that could not be delivered, and wait for their owner.',
      registers,
      collect() {
        this.set(webhooks?.numberOfDeadLetters() ?? 0);
      },
    }),
    /** They are made with these metrics, and so come later. */
    watchWebhooks(watched: WatchedWebhooks) {
      webhooks = watched;
    },
    consoleSessions: new Gauge({
      name: 'consilium_console_sessions',
      help: 'Sessions of the console that are not over.',
      registers,
      collect() {
        this.set(sessions?.size ?? 0);
      },
    }),
    consoleSignIns: new Counter({
      name: 'consilium_console_sign_ins_total',
      help: 'Attempts to sign in to the console, by way (apiKey, oidc) and outcome (ok, refused).',
      labelNames: ['way', 'outcome'],
      registers,
    }),
    /** They are made after these metrics. */
    watchSessions(watched: { readonly size: number }) {
      sessions = watched;
    },
    eventStreams: new Gauge({
      name: 'consilium_event_streams',
      help: 'Event streams being served.',
      registers,
    }),
  };
}
