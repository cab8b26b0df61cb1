// What the system says of a file that cannot be opened or written, with what whoever runs the program can do.

const LOCKED = /\blocked\b|SQLITE_BUSY/;
const REMEDIES: readonly (readonly [says: RegExp, remedy: string])[] = [
  [
    /EACCES|EPERM|EROFS|readonly database|unable to open/,
    'the user that runs this program must own it and its folder, and be able to read and write both',
  ],
  [
    /ENOSPC|EDQUOT|EFBIG|is full|disk I\/O/,
    'make room on its disk, and look at quotas and at limits of the size of files',
  ],
];

/**
 * The words of an error of Node or of SQLite, with a remedy in brackets where one is known.
 *
 * @param error - what was thrown when a file was opened or written
 * @param locked - the remedy where another program uses the file
 */
export function problemWithRemedy(error: unknown, locked = 'another program uses it: stop that one'): string {
  const reason = error instanceof Error ? error.message : String(error);
  const remedy = LOCKED.test(reason) ? locked : REMEDIES.find(([says]) => says.test(reason))?.[1];
  return remedy === undefined ? reason : `${reason} (${remedy})`;
}
