// The programs of this repository that a runtime starts: where they are, and what environment they get.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Many small processes on one machine: a small young generation costs little time and saves much memory. */
export const NODE = [process.execPath, '--max-semi-space-size=2'] as const;

/** The repository's root, whichever folder the tool is run from (this file runs as network/dist/src/x.js). */
export const repository = join(import.meta.dirname, '../../..');

/** A module for Node's --import: the process ends when the one that started it with an IPC channel is gone. */
export const END_WITH_PARENT = join(repository, 'scripts/end-with-parent.js');

export const program = (name: string): string => join(repository, name, 'dist/src/main.js');

export const chaincodeMain = (): string => join(repository, 'chaincode/dist/src/index.js');

/** @throws Error naming every part that was not built. */
export function assertBuilt(): void {
  const needed = [program('test-network'), program('gateway'), program('trainer'), chaincodeMain()];
  const missing = needed.filter((file) => !existsSync(file));
  if (missing.length > 0) throw new Error(`not built: ${missing.join(', ')} → run \`make build\``);
}

const SYSTEM_VARIABLES = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'NODE_OPTIONS'];
/** Settings that hold for all processes of one machine. */
const OWN_VARIABLES = [
  'CONSILIUM_LOG_LEVEL',
  'CONSILIUM_REQUESTS_PER_MINUTE',
  'CONSILIUM_FAILURES_PER_MINUTE',
];

/** What every process gets of our own environment: never another process's secrets. */
export function inherited(): Record<string, string> {
  const kept = [...SYSTEM_VARIABLES, ...OWN_VARIABLES];
  const given = kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return { MALLOC_ARENA_MAX: '2', ...Object.fromEntries(given) };
}
