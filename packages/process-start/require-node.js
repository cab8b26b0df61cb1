// Imported by every command before its own code, which an older Node cannot even load: says in one line which Node
// is needed and how to get it, with the exit status of wrong usage. Has to run on old versions itself.
import { readFileSync } from 'node:fs';

const { engines } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const least = Number(/\d+/.exec(engines.node)[0]);
if (Number(process.versions.node.split('.')[0]) < least) {
  process.stderr.write(
    `Consilium needs Node.js ${least} or newer, and this is ${process.versions.node}: install a newer one from ` +
      'https://nodejs.org. In a clone, run `make setup`, then put first what it fetched: ' +
      'PATH="$(scripts/node-24.sh):$PATH"\n',
  );
  process.exit(2);
}
