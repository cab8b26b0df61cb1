// Paths of the gateway and of the trainer's service are written once, in the domain: who serves one and who asks it
// takes it from there. Tests write them out, so that a change of the table is seen.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');
const isClone = existsSync(join(root, '.git'));
const skip = isClone ? false : 'not run: not a git checkout, so the list of files is unknown';
const TABLES = ['packages/domain/src/rest-paths.ts', 'packages/domain/src/local-routes.ts'];
/** Written from the document of the gateway, which is made of the tables. */
const WRITTEN = 'packages/client/src/api.generated.ts';
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** First segments of the paths in the tables. */
const segments = () => {
  const found = TABLES.flatMap((file) => [...read(file).matchAll(/'\/([a-z-]+)[/']/g)]);
  return [...new Set(found.map(([, segment]) => segment!))].filter((segment) => segment !== 'v1');
};

test('no route is written out but in the table of paths', { skip }, () => {
  assert.ok(segments().length >= 8, segments().join());
  const first = segments().join('|');
  const prefix = '[\'"`}]/v1[\'"`/$]';
  const route = new RegExp(`${prefix}|['"\`}](/v1)?/(${first})(['"\`?]|/[a-z$:{])`);
  // Its own pages have addresses such as /studies too.
  const routeOf = (file: string) => (file.startsWith('gateway/console/src/') ? new RegExp(prefix) : route);
  const sources = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((file) => file !== '' && existsSync(join(root, file)) && ![...TABLES, WRITTEN].includes(file))
    .filter((file) => /^(gateway|trainer|network|chaincode|packages|examples)\//.test(file))
    .filter((file) => !/\.test\.ts$|(^|\/)(testing|fixtures|conformance|fuzz|documentation)\//.test(file));
  assert.ok(sources.length > 300);
  const found = sources.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, at) => (routeOf(file).test(line) ? [`${file}:${at + 1} ${line.trim()}`] : [])),
  );
  assert.deepEqual(found, []);
});
