// What runs, written down before anything else happens, so that `down` finds every process even after the
// supervisor was killed. Replaced whole and atomically.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
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
export const writeWholeBytes = (file: string, bytes: Uint8Array, mode = 0o644): void =>
  replaceBy(file, (descriptor) => writeFileSync(descriptor, bytes), mode);

/** The same, readable by everybody, whatever the process gives to its own files. */
export const publishWholeBytes = (file: string, bytes: Uint8Array): void =>
  replaceBy(file, (descriptor) => {
    writeFileSync(descriptor, bytes);
    fchmodSync(descriptor, 0o644);
  });

/** The draft's name is new: in a folder of many, one that is there could lead to another file of the own. */
function replaceBy(file: string, write: (descriptor: number) => void, mode?: number): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${randomBytes(6).toString('hex')}.new`;
  const descriptor = openSync(draft, 'wx', mode);
  try {
    write(descriptor);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
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
