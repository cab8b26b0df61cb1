// Which processes of a hospital read a file at their start that is another one since. What the files were before is
// kept until all were restarted, so that a command that is interrupted, or run again, restarts neither too few nor too
// many.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../state-file.ts';
import type { Hospital } from './hospital-file.ts';
import type { HospitalLayout } from './hospital-layout.ts';

/** Digests of what each service's files were, by the service. */
const pendingFile = ({ directory }: HospitalLayout): string => join(directory, 'agreed/restart.json');

/** Each service with the files that say who the others are; orderer and peer learn that from the channel. */
function readersOf({ own }: Pick<Hospital, 'own'>, { directory, ipfsRepo, connection }: HospitalLayout) {
  return new Map([
    [`links-${own.name}`, [join(directory, 'links.json')]],
    [`ipfs-${own.name}`, [join(ipfsRepo, 'config')]],
    [`gateway-${own.name}`, [connection, join(directory, own.name, 'witnesses.json')]],
  ]);
}

/** Of the files, which hold keys. */
const digestOf = (files: readonly string[]): string =>
  createHash('sha256')
    .update(JSON.stringify(files.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : null))))
    .digest('hex');

/**
 * Writes the files again, and restarts the services that read one that differs now, or that were not restarted since.
 *
 * @returns the names of those that were restarted
 */
export async function restartChangedReaders(
  hospital: Pick<Hospital, 'own'>,
  layout: HospitalLayout,
  work: {
    readonly write: () => Promise<unknown>;
    /** Returns the names of those that it restarted: one that is stopped needs no restart. */
    readonly restart: (names: readonly string[]) => Promise<readonly string[]>;
  },
): Promise<readonly string[]> {
  const readers = readersOf(hospital, layout);
  const file = pendingFile(layout);
  const before: Readonly<Record<string, string>> = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : Object.fromEntries([...readers].map(([name, files]) => [name, digestOf(files)]));
  writeWhole(file, JSON.stringify(before), 0o600);
  await work.write();
  const names = [...readers]
    .filter(([name, files]) => before[name] !== digestOf(files))
    .map(([name]) => name);
  const restarted = names.length > 0 ? await work.restart(names) : [];
  rmSync(file);
  return restarted;
}
