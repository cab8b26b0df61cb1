// What a consortium.yaml says otherwise than the one that the running consortium was started with, so that a change is
// never taken for done.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Consortium } from './config.ts';
import { writeWhole } from './state-file.ts';

const startedFile = (directory: string): string => join(directory, 'started.json');

/** Keeps what a consortium was started with. */
export const keepStarted = (directory: string, consortium: Consortium): void =>
  writeWhole(startedFile(directory), `${JSON.stringify(consortium, null, 2)}\n`);

/** One line for each field that is not what it was at the start; none where it is not known what that was. */
export function changesSinceStart(directory: string, consortium: Consortium): string[] {
  let started: unknown;
  try {
    started = JSON.parse(readFileSync(startedFile(directory), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return changes(started, JSON.parse(JSON.stringify(consortium)), '');
}

function changes(was: unknown, is: unknown, path: string): string[] {
  if (isObject(was) && isObject(is)) {
    return [...new Set([...Object.keys(was), ...Object.keys(is)])].flatMap((name) =>
      changes(was[name], is[name], path === '' ? name : `${path}.${name}`),
    );
  }
  // Organisations by their names: one that was taken out does not change those behind it.
  if (path === 'organisations' && Array.isArray(was) && Array.isArray(is)) {
    return changes(byName(was), byName(is), path);
  }
  if (JSON.stringify(was) === JSON.stringify(is)) return [];
  return [`${path} is ${text(is)}, and was ${text(was)} at the start`];
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const byName = (list: readonly { readonly name?: string }[]) =>
  Object.fromEntries(list.map((one) => [one.name ?? '', one]));

const text = (value: unknown): string => (value === undefined ? 'left out' : JSON.stringify(value));
