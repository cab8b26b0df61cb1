// What of an organisation's folder a backup has. Left out is what would do harm if it came back (what an orderer
// wrote), what is made again from the rest (the gateway's index, configurations, logs), and what nobody wants to keep
// (blocks in IPFS that are not pinned: they may have been erased).
import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import type { ArchiveEntry } from './folder-archive.ts';

/** Below the organisation's folder while a backup is made, and while one is restored. */
export const BACKUP_DRAFT = 'backup.draft';
export const RESTORE_DRAFT = '.restoring';

export interface Listed extends ArchiveEntry {
  readonly path: string;
}

export interface Listing {
  /** Each folder before what is in it. */
  readonly entries: readonly Listed[];
  /** Links to files of patients: what they lead to is not in the folder. */
  readonly links: readonly string[];
}

/** @param organisation its name, which its own processes' folder has */
const leftOut = (organisation: string): readonly RegExp[] => [
  new RegExp(`^(${BACKUP_DRAFT}|[.]restoring|logs|state[.]json|lock(-journal)?)$`),
  // An orderer that forgets what it wrote is safer than one that remembers half of it: see decision 83.
  /^fabric\/orderer$/,
  // One ledger is enough: the second peer fetches every block again.
  /^fabric\/peer1$/,
  /^fabric\/peer\/snapshots$/,
  /^ca\/[a-z]+\/client-[^/]+$/,
  /^founding-[^/]+$/,
  /(^|\/)enrolling-[^/]+$/,
  /[.][0-9a-f]{12}[.]new$/,
  /^ipfs\/(repo[.]lock|api|gateway)$/,
  new RegExp(`^${organisation}/gateway/(gateway[.]json|ledger-index[.]sqlite.*)$`),
  // A copy without the keys for studies takes its place.
  new RegExp(`^${organisation}/trainer/journal[.]sqlite(-wal|-shm)?$`),
];

/**
 * Everything below the folder that a backup has.
 *
 * @param pinned names of pinned blocks, as Kubo's repository has them
 * @throws InputError for a link, where something of the organisation's own would be missing
 */
export function listPlace(
  directory: string,
  { organisation, pinned }: { readonly organisation: string; readonly pinned: ReadonlySet<string> },
): Listing {
  const left = leftOut(organisation);
  const data = `${organisation}/data/`;
  const entries: Listed[] = [];
  const links: string[] = [];
  const list = (folder: string) => {
    for (const child of readdirSync(join(directory, folder)).sort()) {
      const name = folder === '' ? child : `${folder}/${child}`;
      if (left.some((pattern) => pattern.test(name)) || isUnpinned(name, pinned)) continue;
      const path = join(directory, name);
      const stat = lstatSync(path, { bigint: true });
      if (stat.isSymbolicLink()) {
        if (!name.startsWith(data)) {
          throw new InputError(
            `${path} is a link: put what it leads to in its place, so that the backup has it`,
          );
        }
        links.push(path);
      }
      if (stat.isFile()) entries.push(entryOf({ name, path, stat }));
      if (!stat.isDirectory()) continue;
      entries.push(entryOf({ name, path, stat }));
      list(name);
    }
  };
  list('');
  return { entries, links };
}

const entryOf = ({
  name,
  path,
  stat,
}: {
  readonly name: string;
  readonly path: string;
  readonly stat: BigIntStats;
}): Listed => ({
  name,
  path,
  kind: stat.isDirectory() ? 'folder' : 'file',
  mode: Number(stat.mode) & 0o777,
  user: Number(stat.uid),
  group: Number(stat.gid),
  sizeBytes: stat.isDirectory() ? 0 : Number(stat.size),
});

function isUnpinned(name: string, pinned: ReadonlySet<string>): boolean {
  const [, block] = /^ipfs\/blocks\/[^/]+\/([A-Z2-7]+)[.]data$/.exec(name) ?? [];
  return block !== undefined && !pinned.has(block);
}
