/** Prints the odd identities of an organisation's folder, for CONSILIUM_ODD_IDENTITIES. */

import { EXIT } from '@consilium/command-line';
import { issueOddIdentities } from './odd-identities.ts';

const [organisationDir] = process.argv.slice(2);
if (organisationDir === undefined) {
  process.stderr.write('usage: node write-odd-identities.js ORGANISATION_DIR > FILE.json\n');
  process.exitCode = EXIT.unusable;
} else {
  process.stdout.write(`${JSON.stringify(await issueOddIdentities(organisationDir))}\n`);
}
