// The environment, read and checked once at the start: every problem is said at once, with its variable.

import assert from 'node:assert/strict';
import { type Environment, EnvironmentReader } from '@consilium/command-line';
import { ASSERTION } from '@consilium/domain';
import { collectorAt } from '@consilium/traces';
import { type Connection, readConnection } from './fabric/connection-file.ts';
import { proxyList } from './http/connection-limits.ts';
import { CROSS_ORIGIN_VARIABLES, type CrossOrigin, readCrossOrigin } from './http/cross-origin.ts';
import { readApiKeyFile } from './http/key-file.ts';
import { readSignIn, SIGN_IN_VARIABLES, type SignInSettings } from './http/sign-in-settings.ts';
import { type TlsFiles, TlsListener } from './http/tls-listener.ts';
import { NO_TARGETS, targetHosts, type WebhookTargets } from './webhooks/webhook-targets.ts';
import { statementSigner } from './witnesses/statement-signer.ts';
import { readWitnessFile, type WitnessSettings } from './witnesses/witness-file.ts';

export interface Config {
  readonly connection: Connection;
  readonly connectionPath: string;
  readonly chaincode: string;
  readonly apiKeysPath: string;
  /** Whether an operator may make API keys over REST, and so be whoever a key may be for. */
  readonly apiKeysByRest: boolean;
  readonly dataDirectory: string;
  /** SHA-256 of block 0's header in hexadecimal; the first seen is trusted where it is undefined. */
  readonly genesis: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly tls: TlsFiles | undefined;
  readonly signIn: SignInSettings | undefined;
  readonly trainer: { readonly url: URL; readonly key: string } | undefined;
  readonly proxies: readonly string[];
  /** How statements are exchanged with gateways of other hospitals; not at all where it is undefined. */
  readonly witnesses: WitnessSettings | undefined;
  readonly crossOrigin: CrossOrigin | undefined;
  /** Whether the console is served. */
  readonly console: boolean;
  /** Where webhooks may go. */
  readonly webhookTargets: WebhookTargets;
  /** Where traces are sent; nowhere where it is undefined. */
  readonly traces: URL | undefined;
  readonly logLevel: string;
  readonly limits: Limits;
}

export interface Limits {
  readonly requestsPerMinute: number;
  /** Worked on at once, of one key or person; others of it wait. */
  readonly requestsAtOncePerKey: number;
  /** Of one question of compliance teams. */
  readonly questionsPerMinute: number;
  /** Attempts without a valid key, of one address. */
  readonly failuresPerMinute: number;
  /** How long the answer waits that says that there were too many. */
  readonly refusalPauseMs: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** For the request line and headers, and for a whole request, to arrive. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly bodyBytes: number;
  readonly localBodyBytes: number;
  readonly eventStreams: number;
  readonly eventStreamsPerKey: number;
  /** Of all streams, those that only keys of the role trainer may have; the others have one at least. */
  readonly trainerEventStreams: number;
  readonly heartbeatMs: number;
  /** Of the console, in all and of one key or person. */
  readonly sessions: number;
  readonly sessionsPerKey: number;
  /** Without use, and in all. */
  readonly sessionIdleMs: number;
  readonly sessionMs: number;
  readonly evaluateTimeoutMs: number;
  readonly endorseTimeoutMs: number;
  readonly submitTimeoutMs: number;
  readonly commitTimeoutMs: number;
  /** How long a commit may take before the same transaction is sent once more. */
  readonly resendAfterMs: number;
  readonly recoveryTimeoutMs: number;
  readonly trainerTimeoutMs: number;
  /** How often each gateway of another hospital is asked what it saw. */
  readonly witnessIntervalMs: number;
  readonly webhooks: number;
  readonly webhooksPerKey: number;
  /** Of one kind and one key. */
  readonly webhookChangesPerMinute: number;
  /** For the whole of one attempt. */
  readonly webhookTimeoutMs: number;
  /** Of one event, before it is set aside. */
  readonly webhookAttempts: number;
  /** Of one webhook. */
  readonly webhookDeadLetters: number;
}

export const DEFAULT_LIMITS: Limits = {
  requestsPerMinute: 6_000,
  requestsAtOncePerKey: 64,
  questionsPerMinute: 60,
  failuresPerMinute: 60,
  refusalPauseMs: 1_000,
  connections: 2_000,
  connectionsPerAddress: 500,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 120_000,
  bodyBytes: 1024 * 1024,
  localBodyBytes: 16 * 1024 * 1024,
  eventStreams: 100,
  eventStreamsPerKey: 20,
  trainerEventStreams: 10,
  heartbeatMs: 15_000,
  sessions: 1_000,
  sessionsPerKey: 10,
  sessionIdleMs: 1_800_000,
  sessionMs: 43_200_000,
  evaluateTimeoutMs: 10_000,
  endorseTimeoutMs: 30_000,
  submitTimeoutMs: 15_000,
  commitTimeoutMs: 60_000,
  resendAfterMs: 5_000,
  recoveryTimeoutMs: 10_000,
  trainerTimeoutMs: 120_000,
  witnessIntervalMs: 60_000,
  webhooks: 50,
  webhooksPerKey: 10,
  webhookChangesPerMinute: 60,
  webhookTimeoutMs: 10_000,
  webhookAttempts: 12,
  webhookDeadLetters: 1_000,
};

const LIMIT_VARIABLES: Record<keyof Limits, string> = {
  requestsPerMinute: 'CONSILIUM_REQUESTS_PER_MINUTE',
  requestsAtOncePerKey: 'CONSILIUM_REQUESTS_AT_ONCE_PER_KEY',
  questionsPerMinute: 'CONSILIUM_QUESTIONS_PER_MINUTE',
  failuresPerMinute: 'CONSILIUM_FAILURES_PER_MINUTE',
  refusalPauseMs: 'CONSILIUM_REFUSAL_PAUSE_MS',
  connections: 'CONSILIUM_CONNECTIONS',
  connectionsPerAddress: 'CONSILIUM_CONNECTIONS_PER_ADDRESS',
  headersTimeoutMs: 'CONSILIUM_HEADERS_TIMEOUT_MS',
  requestTimeoutMs: 'CONSILIUM_REQUEST_TIMEOUT_MS',
  bodyBytes: 'CONSILIUM_BODY_BYTES',
  localBodyBytes: 'CONSILIUM_LOCAL_BODY_BYTES',
  eventStreams: 'CONSILIUM_EVENT_STREAMS',
  eventStreamsPerKey: 'CONSILIUM_EVENT_STREAMS_PER_KEY',
  trainerEventStreams: 'CONSILIUM_TRAINER_EVENT_STREAMS',
  heartbeatMs: 'CONSILIUM_HEARTBEAT_MS',
  sessions: 'CONSILIUM_SESSIONS',
  sessionsPerKey: 'CONSILIUM_SESSIONS_PER_KEY',
  sessionIdleMs: 'CONSILIUM_SESSION_IDLE_MS',
  sessionMs: 'CONSILIUM_SESSION_MS',
  evaluateTimeoutMs: 'CONSILIUM_EVALUATE_TIMEOUT_MS',
  endorseTimeoutMs: 'CONSILIUM_ENDORSE_TIMEOUT_MS',
  submitTimeoutMs: 'CONSILIUM_SUBMIT_TIMEOUT_MS',
  commitTimeoutMs: 'CONSILIUM_COMMIT_TIMEOUT_MS',
  resendAfterMs: 'CONSILIUM_RESEND_AFTER_MS',
  recoveryTimeoutMs: 'CONSILIUM_RECOVERY_TIMEOUT_MS',
  trainerTimeoutMs: 'CONSILIUM_TRAINER_TIMEOUT_MS',
  witnessIntervalMs: 'CONSILIUM_WITNESS_INTERVAL_MS',
  webhooks: 'CONSILIUM_WEBHOOKS',
  webhooksPerKey: 'CONSILIUM_WEBHOOKS_PER_KEY',
  webhookChangesPerMinute: 'CONSILIUM_WEBHOOK_CHANGES_PER_MINUTE',
  webhookTimeoutMs: 'CONSILIUM_WEBHOOK_TIMEOUT_MS',
  webhookAttempts: 'CONSILIUM_WEBHOOK_ATTEMPTS',
  webhookDeadLetters: 'CONSILIUM_WEBHOOK_DEAD_LETTERS',
};

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/** Of one limit: what it bounds, and what happens beyond it. */
const LIMIT_MEANINGS: Record<keyof Limits, string> = {
  requestsPerMinute: 'Requests per minute with one API key; more get 429',
  requestsAtOncePerKey:
    'Requests of one API key or person that are worked on at once; more wait for their turn',
  questionsPerMinute:
    'Requests per minute for one question of compliance teams with one API key; more get 429',
  failuresPerMinute: 'Requests per minute without a valid key from one address; more get 429',
  refusalPauseMs: 'Milliseconds before such a 429 is sent',
  connections: 'Open connections in all; a new one replaces the oldest without a valid key',
  connectionsPerAddress: 'Open connections from one address',
  headersTimeoutMs: 'Milliseconds for a request line and its headers to arrive; slower ones get 408',
  requestTimeoutMs: 'Milliseconds for a whole request to arrive; slower ones get 408',
  bodyBytes: 'Largest request body in bytes; larger ones get 413',
  localBodyBytes: 'Largest request body in bytes under /v1/local; larger ones get 413',
  eventStreams: 'Open event streams in all; more get 503',
  eventStreamsPerKey: 'Open event streams of one API key; more get 503',
  trainerEventStreams: 'Event streams, of all, that only keys with the role trainer may use',
  heartbeatMs: 'Milliseconds between signs of life on an idle event stream',
  sessions: 'Sessions of the console in all; a new one ends the one that was used longest ago',
  sessionsPerKey:
    'Sessions of the console of one API key or person; a new one ends the one that was used longest ago',
  sessionIdleMs: 'Milliseconds without use after which a session of the console ends',
  sessionMs: 'Milliseconds after which a session of the console ends in any case',
  evaluateTimeoutMs: 'Milliseconds for the ledger to answer a query; then 504',
  endorseTimeoutMs: 'Milliseconds for peers to endorse a transaction; then 504',
  submitTimeoutMs: 'Milliseconds for an orderer to accept a transaction',
  commitTimeoutMs: 'Milliseconds for a transaction to appear in a block; then 504 with OUTCOME_UNKNOWN',
  resendAfterMs: 'Milliseconds after which a transaction that no block has is sent again',
  recoveryTimeoutMs: 'Milliseconds to ask the ledger what became of a transaction whose answer was lost',
  trainerTimeoutMs: 'Milliseconds for the trainer to answer a request under /v1/local; then 503',
  witnessIntervalMs: 'Milliseconds between two questions to each gateway of another hospital, what it saw',
  webhooks: 'Webhooks in all; more get 409',
  webhooksPerKey: 'Webhooks of one API key; more get 409',
  webhookChangesPerMinute:
    'Requests per minute for one kind of change of webhooks with one API key; more get 429',
  webhookTimeoutMs: 'Milliseconds for a webhook to be sent and answered; then it is tried again',
  webhookAttempts: 'Attempts for one event, in about an hour by default; then it is a dead letter',
  webhookDeadLetters: 'Dead letters of one webhook; beyond, the event at hand is tried on',
};

/** A number as a person reads it: 1 MiB for bytes, with separators for the rest. */
const readable = (name: string, value: number): string =>
  name.endsWith('_BYTES') ? `${value / 2 ** 20} MiB` : value.toLocaleString('en-US');

/** Every variable with its meaning and default; the help text and the README are this table. */
export const VARIABLES: readonly (readonly [name: string, meaning: string])[] = [
  ['CONSILIUM_CONNECTION', "The organisation's connection file (required)"],
  ['CONSILIUM_API_KEYS', 'File of API keys; "consilium-gateway key create" writes it (required)'],
  [
    'CONSILIUM_API_KEYS_BY_REST',
    'Whether operators may make and rotate API keys over REST, and so act in any role: on or off (default off)',
  ],
  ['CONSILIUM_DATA_DIR', 'Folder for the outbox, the index of the ledger and gateway.json (required)'],
  ['CONSILIUM_MSP_ID', 'The organisation to serve; needed if the connection file has several'],
  ['CONSILIUM_CHAINCODE', 'Name of the chaincode (default consilium)'],
  [
    'CONSILIUM_GENESIS_SHA256',
    'Digest of the genesis block, as others say it; where it is not set, the first one seen is trusted',
  ],
  ['CONSILIUM_HOST', 'Address to listen on (default 127.0.0.1)'],
  ['CONSILIUM_PORT', 'Port to listen on; 0 takes a free one (default 8080)'],
  ['CONSILIUM_TLS_CERTIFICATE', 'PEM file of the certificate to serve TLS with; plain HTTP if it is not set'],
  ['CONSILIUM_TLS_KEY', 'PEM file of its private key'],
  [
    'CONSILIUM_TLS_CLIENT_AUTHORITIES',
    'PEM file of authorities: clients then need a certificate of one of them',
  ],
  ...SIGN_IN_VARIABLES,
  ['CONSILIUM_TRAINER_URL', "Address of the hospital's trainer; if it is not set, /v1/local answers 503"],
  ['CONSILIUM_TRAINER_KEY', 'Key that signs requests to the trainer; at least 32 characters'],
  [
    'CONSILIUM_PROXIES',
    "Addresses or networks of the hospital's own proxies; their X-Forwarded-For is believed",
  ],
  [
    'CONSILIUM_WITNESSES',
    'File that says where gateways of other hospitals give their statements, and where this one does; none if not set',
  ],
  ['CONSILIUM_CONSOLE', 'Whether the console is served at /console/: on or off (default on)'],
  ...CROSS_ORIGIN_VARIABLES,
  [
    'CONSILIUM_WEBHOOK_TARGETS',
    'Hosts that webhooks may go to, such as siem.hospital.example,hooks.hospital.example:8443; none if not set',
  ],
  [
    'CONSILIUM_WEBHOOK_LOOPBACK',
    'Addresses or networks of this machine that they may go to, such as 127.0.0.1; none if not set',
  ],
  [
    'CONSILIUM_TRACES',
    'Address of a collector of OpenTelemetry, such as http://127.0.0.1:4318/v1/traces; nothing is traced if not set',
  ],
  ['CONSILIUM_LOG_LEVEL', `One of ${LOG_LEVELS.join(', ')} (default info)`],
  ...Object.entries(LIMIT_VARIABLES).map(([limit, name]) => {
    const key = limit as keyof Limits;
    return [name, `${LIMIT_MEANINGS[key]} (default ${readable(name, DEFAULT_LIMITS[key])})`] as const;
  }),
];

/** @throws ConfigError listing every problem. */
export function readConfig(environment: Environment): Config {
  const variables = new EnvironmentReader(environment, Object.fromEntries(VARIABLES));
  const connectionPath = variables.required('CONSILIUM_CONNECTION');
  const connection =
    connectionPath === ''
      ? undefined
      : variables.attempt('CONSILIUM_CONNECTION', () =>
          readConnection(connectionPath, variables.text('CONSILIUM_MSP_ID')),
        );
  const apiKeysPath = variables.required('CONSILIUM_API_KEYS');
  const apiKeysByRest = variables.oneOf('CONSILIUM_API_KEYS_BY_REST', ['on', 'off'], 'off') === 'on';
  const keys =
    apiKeysPath === ''
      ? undefined
      : variables.attempt('CONSILIUM_API_KEYS', () => readApiKeyFile(apiKeysPath));
  if (connection !== undefined && keys !== undefined) {
    const { clients } = connection.organisation;
    for (const signer of new Set(keys.keys.map(({ role, person }) => person ?? role))) {
      if (clients[signer] === undefined) {
        variables.refuse(
          'CONSILIUM_API_KEYS',
          `has a key for ${signer}, but CONSILIUM_CONNECTION has no such client`,
        );
      }
    }
  }
  const dataDirectory = variables.required('CONSILIUM_DATA_DIR');
  const genesis = variables.text('CONSILIUM_GENESIS_SHA256');
  if (genesis !== undefined && !/^[0-9a-f]{64}$/.test(genesis)) {
    variables.refuse('CONSILIUM_GENESIS_SHA256', 'is malformed', 'write 64 digits from 0 to 9 and a to f');
  }
  const proxies = (variables.text('CONSILIUM_PROXIES') ?? '').split(',').flatMap((one) => one.trim() || []);
  variables.attempt('CONSILIUM_PROXIES', () => proxyList(proxies));
  const trainer = readTrainer(variables);
  const witnesses = readWitnesses(variables, connection);
  const webhookTargets = readWebhookTargets(variables);
  const traces = readTraces(variables);
  const tls = readTls(variables);
  const signIn = readSignIn(variables);
  const crossOrigin = readCrossOrigin(variables);
  const console = variables.oneOf('CONSILIUM_CONSOLE', ['on', 'off'], 'on') === 'on';
  const logLevel = variables.oneOf('CONSILIUM_LOG_LEVEL', LOG_LEVELS, 'info');
  const port = variables.whole('CONSILIUM_PORT', { fallback: 8080, least: 0, most: 65535 });
  const limits = Object.fromEntries(
    Object.entries(LIMIT_VARIABLES).map(([limit, name]) => [
      limit,
      variables.whole(name, { fallback: DEFAULT_LIMITS[limit as keyof Limits], least: 1, most: 2 ** 31 - 1 }),
    ]),
  ) as unknown as Limits;
  if (limits.headersTimeoutMs > limits.requestTimeoutMs) {
    variables.refuse('CONSILIUM_HEADERS_TIMEOUT_MS', 'must not be greater than CONSILIUM_REQUEST_TIMEOUT_MS');
  }
  variables.finish();
  assert(connection !== undefined, 'a connection that cannot be read is a problem');
  return {
    connection,
    connectionPath,
    chaincode: variables.text('CONSILIUM_CHAINCODE') ?? 'consilium',
    apiKeysPath,
    apiKeysByRest,
    dataDirectory,
    genesis,
    host: variables.text('CONSILIUM_HOST') ?? '127.0.0.1',
    port,
    tls,
    signIn,
    trainer,
    proxies,
    witnesses,
    crossOrigin,
    console,
    webhookTargets,
    traces,
    logLevel,
    limits,
  };
}

function readWebhookTargets(variables: EnvironmentReader): WebhookTargets {
  const list = (variables.text('CONSILIUM_WEBHOOK_LOOPBACK') ?? '').split(',');
  return {
    hosts:
      variables.attempt('CONSILIUM_WEBHOOK_TARGETS', () =>
        targetHosts(variables.text('CONSILIUM_WEBHOOK_TARGETS') ?? ''),
      ) ?? NO_TARGETS.hosts,
    allowed:
      variables.attempt('CONSILIUM_WEBHOOK_LOOPBACK', () =>
        proxyList(list.flatMap((one) => one.trim() || [])),
      ) ?? NO_TARGETS.allowed,
  };
}

function readTraces(variables: EnvironmentReader): URL | undefined {
  const text = variables.text('CONSILIUM_TRACES');
  const url = text === undefined ? undefined : collectorAt(text);
  if (text !== undefined && url === undefined) {
    variables.refuse(
      'CONSILIUM_TRACES',
      'is malformed',
      'write an http or https address without a user in it',
    );
  }
  return url;
}

function readWitnesses(
  variables: EnvironmentReader,
  connection: Connection | undefined,
): WitnessSettings | undefined {
  const path = variables.text('CONSILIUM_WITNESSES');
  if (path === undefined) return undefined;
  if (connection !== undefined && statementSigner(connection) === undefined) {
    const text = 'needs the client operator in CONSILIUM_CONNECTION, with a key on P-256';
    variables.refuse('CONSILIUM_WITNESSES', text);
  }
  return variables.attempt('CONSILIUM_WITNESSES', () => readWitnessFile(path, connection));
}

function readTls(variables: EnvironmentReader): TlsFiles | undefined {
  const certificate = variables.text('CONSILIUM_TLS_CERTIFICATE');
  const key = variables.text('CONSILIUM_TLS_KEY');
  const clientAuthorities = variables.text('CONSILIUM_TLS_CLIENT_AUTHORITIES');
  if (certificate === undefined) {
    for (const name of ['CONSILIUM_TLS_KEY', 'CONSILIUM_TLS_CLIENT_AUTHORITIES']) {
      if (variables.text(name) !== undefined) {
        variables.refuse(name, 'is set, but CONSILIUM_TLS_CERTIFICATE is not');
      }
    }
    return undefined;
  }
  if (key === undefined) {
    variables.refuse('CONSILIUM_TLS_KEY', 'is not set, but CONSILIUM_TLS_CERTIFICATE is');
    return undefined;
  }
  const files = { certificate, key, clientAuthorities };
  variables.attempt('CONSILIUM_TLS_CERTIFICATE', () => new TlsListener(files));
  return files;
}

function readTrainer(variables: EnvironmentReader): Config['trainer'] {
  const url = variables.text('CONSILIUM_TRAINER_URL');
  const key = variables.text('CONSILIUM_TRAINER_KEY');
  if (url === undefined) return undefined;
  if (key === undefined) {
    variables.refuse('CONSILIUM_TRAINER_KEY', 'is not set, but CONSILIUM_TRAINER_URL is');
  } else if (key.length < ASSERTION.minKeyCharacters) {
    variables.refuse('CONSILIUM_TRAINER_KEY', `must have ${ASSERTION.minKeyCharacters} characters or more`);
  }
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    variables.refuse('CONSILIUM_TRAINER_URL', `is "${url}"`, 'write an http or https address');
    return undefined;
  }
  return { url: parsed, key: key ?? '' };
}
