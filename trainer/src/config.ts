// The environment, read once at start. Everything that is wrong with it is said at once.
import { delimiter, resolve } from 'node:path';
import { EnvironmentReader } from '@consilium/command-line';
import { ASSERTION } from '@consilium/domain';
import { collectorAt } from '@consilium/traces';
import { folderProblems } from './data/data-folders.ts';

export interface Config {
  readonly gatewayUrl: string;
  readonly gatewayKey: string;
  readonly trainerKey: string;
  readonly ipfsUrl: string;
  readonly dataDirectory: string;
  /** Folders of this hospital's files. */
  readonly dataFolders: readonly string[];
  readonly port: number;
  readonly mspId: string;
  readonly takeoverMs: number;
  readonly pollMs: number;
  /** Of a process that trains with a study's graph; undefined for a share of the machine's. */
  readonly graphMemoryBytes: number | undefined;
  /** Where traces are sent; nowhere where it is undefined. */
  readonly traces: URL | undefined;
  readonly logLevel: string;
}

/** Every variable with its meaning and default; the help text and the README are this table. */
export const ENVIRONMENT = {
  CONSILIUM_GATEWAY_URL: "URL of this hospital's gateway, for example http://127.0.0.1:8080 (required)",
  CONSILIUM_GATEWAY_KEY: 'API key at the gateway, with the role trainer (required)',
  CONSILIUM_TRAINER_KEY:
    'Key with which the gateway signs its requests to this trainer; at least 32 characters (required)',
  CONSILIUM_IPFS_URL: "URL of the IPFS node's RPC, for example http://127.0.0.1:5001 (required)",
  CONSILIUM_DATA_DIR: 'Folder of the journal, the keys and the salts; private to this trainer (required)',
  CONSILIUM_DATA_FOLDERS:
    "Folders of the hospital's files, with : between them; no file is read from another folder (default none)",
  CONSILIUM_MSP_ID: "The hospital's MSP id (required)",
  CONSILIUM_PORT: 'Port to listen on at 127.0.0.1; 0 takes a free one (default 0)',
  CONSILIUM_TAKEOVER_MS:
    "Milliseconds of silence after which another trainer takes a leader's step (default 20000)",
  CONSILIUM_POLL_MS:
    'Milliseconds before the trainer first looks for events that it missed; the pause grows to a minute (default 5000)',
  CONSILIUM_GRAPH_MEMORY_MIB:
    "Memory in MiB for a process that trains; others get a third (default two fifths of the machine's)",
  CONSILIUM_TRACES:
    'Address of a collector of OpenTelemetry, such as http://127.0.0.1:4318/v1/traces; nothing is traced if not set',
  CONSILIUM_LOG_LEVEL: 'One of fatal, error, warn, info, debug, trace, silent (default info)',
} as const;
type Name = keyof typeof ENVIRONMENT;

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/** @throws ConfigError naming every variable that is missing or malformed */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const variables = new EnvironmentReader(environment, ENVIRONMENT);
  const isUrl = (value: string) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
  const whole = (name: Name, fallback: number, [least, most]: readonly [number, number]) =>
    variables.whole(name, { fallback, least, most });
  const graphMemoryMib = whole('CONSILIUM_GRAPH_MEMORY_MIB', 0, [0, 2 ** 24]);
  const dataFolders = (variables.text('CONSILIUM_DATA_FOLDERS') ?? '').split(delimiter).filter(Boolean);
  const traces = variables.text('CONSILIUM_TRACES');
  const config: Config = {
    gatewayUrl: variables.required('CONSILIUM_GATEWAY_URL', isUrl),
    gatewayKey: variables.required('CONSILIUM_GATEWAY_KEY'),
    trainerKey: variables.required(
      'CONSILIUM_TRAINER_KEY',
      (value) => value.length >= ASSERTION.minKeyCharacters,
    ),
    ipfsUrl: variables.required('CONSILIUM_IPFS_URL', isUrl),
    dataDirectory: resolve(variables.required('CONSILIUM_DATA_DIR')),
    dataFolders,
    mspId: variables.required('CONSILIUM_MSP_ID', (value) => /^[A-Za-z][A-Za-z0-9.-]{0,63}$/.test(value)),
    port: whole('CONSILIUM_PORT', 0, [0, 65_535]),
    takeoverMs: whole('CONSILIUM_TAKEOVER_MS', 20_000, [100, 86_400_000]),
    pollMs: whole('CONSILIUM_POLL_MS', 5000, [50, 3_600_000]),
    graphMemoryBytes: graphMemoryMib === 0 ? undefined : graphMemoryMib * 2 ** 20,
    traces: traces === undefined ? undefined : collectorAt(traces),
    logLevel: variables.oneOf('CONSILIUM_LOG_LEVEL', LOG_LEVELS, 'info'),
  };
  for (const problem of folderProblems(dataFolders, config.dataDirectory)) {
    variables.refuse(
      'CONSILIUM_DATA_FOLDERS',
      `is wrong, since ${problem}`,
      ENVIRONMENT.CONSILIUM_DATA_FOLDERS,
    );
  }
  if (traces !== undefined && config.traces === undefined) {
    variables.refuse(
      'CONSILIUM_TRACES',
      'is malformed',
      'write an http or https address without a user in it',
    );
  }
  variables.finish();
  return config;
}
