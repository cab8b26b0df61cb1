// The programs of other packages that a runtime starts: where they are, and what environment they get.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Many small processes on one machine: a small young generation costs little time and saves much memory. */
export const NODE = [process.execPath, '--max-semi-space-size=2'] as const;

/** This package's own folder, with its configuration and its studies (this file runs as dist/src/x.js). */
export const ownFolder = join(import.meta.dirname, '../..');

/** A module for Node's --import: the process ends when the one that started it with an IPC channel is gone. */
export const END_WITH_PARENT = fileURLToPath(import.meta.resolve('@consilium/process-start/end-with-parent'));

interface Description {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
}

/** @param release any folder of a release that has node_modules; our own where absent */
const description = (name: string, release = ownFolder): string =>
  createRequire(join(release, 'package.json')).resolve(`@consilium/${name}/package.json`);
const describe = (name: string, release?: string) =>
  JSON.parse(readFileSync(description(name, release), 'utf8')) as Description;

/** Where a package lies whose program is started here. */
export const folderOf = (name: string, release?: string): string => dirname(description(name, release));

/** The file of a package's command. */
export const program = (name: string, release?: string): string =>
  join(folderOf(name, release), describe(name, release).bin[`consilium-${name}`]!);

/** What Fabric's server of Node chaincode loads. */
export const chaincodeMain = (): string => fileURLToPath(import.meta.resolve('@consilium/chaincode'));

export const chaincodeVersion = (): string => describe('chaincode').version;

/** Fabric's own server of Node chaincode, as the chaincode of a folder depends on it. */
export const chaincodeServer = (folder = folderOf('chaincode')): string =>
  createRequire(join(folder, 'package.json')).resolve('fabric-shim/cli.js');

/** @throws Error naming every part that was not built. */
export function assertBuilt(): void {
  const needed = ['test-network', 'gateway', 'trainer', 'chaincode'];
  const entries = needed.map((name) => fileURLToPath(import.meta.resolve(`@consilium/${name}`)));
  const missing = entries.filter((file) => !existsSync(file));
  if (missing.length > 0) throw new Error(`not built: ${missing.join(', ')} → run \`make build\``);
}

const SYSTEM_VARIABLES = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'NODE_OPTIONS'];
/** Settings that hold for all processes of one machine. */
const OWN_VARIABLES = [
  'CONSILIUM_LOG_LEVEL',
  'CONSILIUM_TRACES',
  'CONSILIUM_REQUESTS_PER_MINUTE',
  'CONSILIUM_QUESTIONS_PER_MINUTE',
  'CONSILIUM_FAILURES_PER_MINUTE',
  'CONSILIUM_WEBHOOK_CHANGES_PER_MINUTE',
  'CONSILIUM_API_KEYS_BY_REST',
];

/** Programs of others report to their makers unless these are set: ONNX Runtime since 1.29, and Kubo before 0.43. */
const NO_TELEMETRY = { ORT_DISABLE_TELEMETRY: '1', IPFS_TELEMETRY: 'off' };

/** What every process gets of our own environment: never another process's secrets. */
export function inherited(): Record<string, string> {
  const kept = [...SYSTEM_VARIABLES, ...OWN_VARIABLES];
  const given = kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return { MALLOC_ARENA_MAX: '2', ...NO_TELEMETRY, ...Object.fromEntries(given) };
}
