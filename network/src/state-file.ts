// What runs, written down before anything else happens, so that `down` finds every process even after the
// supervisor was killed. Replaced whole and atomically.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ProcessIdentity } from './process-identity.ts';

export type ServiceState = 'starting' | 'running' | 'restarting' | 'stopped';

export interface ServiceRecord {
  readonly name: string;
  readonly organisation: string | null;
  readonly state: ServiceState;
  readonly process: ProcessIdentity | null;
  readonly port: number | null;
  readonly url: string | null;
  readonly log: string;
  readonly startedAt: string | null;
  readonly restarts: number;
  readonly lastExit: string | null;
}

export interface ConsortiumState {
  readonly version: 1;
  readonly name: string;
  readonly phase: 'starting' | 'running' | 'stopping';
  readonly startedAt: string;
  readonly supervisor: ProcessIdentity;
  readonly services: readonly ServiceRecord[];
}

const stateFile = (directory: string): string => join(directory, 'state.json');

/** Writes a file so that a reader, or a crash, sees the old text or the new one and nothing between. */
export const writeWhole = (file: string, text: string, mode = 0o644): void =>
  writeWholeBytes(file, Buffer.from(text, 'utf8'), mode);

/** The same of bytes. */
export function writeWholeBytes(file: string, bytes: Uint8Array, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.new`;
  writeFileSync(temporary, bytes, { mode });
  renameSync(temporary, file);
}

export function writeState(directory: string, state: ConsortiumState): void {
  writeWhole(stateFile(directory), `${JSON.stringify(state, null, 2)}\n`);
}

/** Undefined where nothing was started in the directory, or everything was stopped in order. */
export function readState(directory: string): ConsortiumState | undefined {
  let text: string;
  try {
    text = readFileSync(stateFile(directory), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const state = JSON.parse(text) as ConsortiumState;
  if (state.version !== 1) throw new Error(`${stateFile(directory)} was written by another version`);
  return state;
}

export function removeState(directory: string): void {
  rmSync(stateFile(directory), { force: true });
}
