/**
 * Sets the traps of block-traps.ts that are named, each before an honest transaction, and prints as a line of JSON
 * what became of the honest one: for a network that is started for that, since it may stand afterwards.
 * CONSILIUM_CONNECTION and CONSILIUM_PROBE are those of native.test.ts.
 */

import { EXIT } from '@consilium/command-line';
import { TRAPS } from './block-traps.ts';
import { commitBehind } from './commit-behind-trap.ts';
import { readConnection } from './connection.ts';
import { Subject } from './subject.ts';

const names = process.argv.slice(2);
const { CONSILIUM_CONNECTION: connectionFile, CONSILIUM_PROBE: probe = 'probe' } = process.env;
if (
  names.length === 0 ||
  !names.every((name) => Object.hasOwn(TRAPS, name)) ||
  connectionFile === undefined
) {
  process.stderr.write(
    `usage: CONSILIUM_CONNECTION=FILE node spring-trap.js ${Object.keys(TRAPS).join('|')} …\n`,
  );
  process.exitCode = EXIT.unusable;
} else {
  const subject = new Subject({ connection: await readConnection(connectionFile), probe });
  for (const name of names) process.stdout.write(`${JSON.stringify(await commitBehind(name, subject))}\n`);
  subject.close();
}
