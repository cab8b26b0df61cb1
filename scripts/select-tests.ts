// Prints the arguments for `node --test` that the environment asks for, one a line: W is a workspace, T a text, and
// ALL=1 takes the end-to-end tests too where neither is said. Where whole workspaces are meant, files that may share a
// process are one program, in out/tests/; --one-by-one takes all and leaves each to itself. With --workspace prints the
// workspace's folder alone.

import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '@consilium/command-line';
import { withoutEndToEnd } from './end-to-end.ts';
import { compiledFolders, readPackages } from './packages.ts';
import { NoSuchTestError, selectTests, type TestFile, workspaceOf } from './test-files.ts';
import { groupTests, programOf, type TestGroup } from './test-groups.ts';

const root = join(import.meta.dirname, '../..');
const packages = readPackages(root);
const files = compiledFolders(packages)
  .flatMap((folder) => globSync(`${folder}/dist/**/*.test.js`, { cwd: root }).sort())
  .map((path) => ({ path, read: () => readFileSync(join(root, path), 'utf8') }));
const wish = { workspace: process.env.W || undefined, text: process.env.T || undefined };
const isOneByOne = process.argv[2] === '--one-by-one';
const isAll =
  Boolean(process.env.ALL) || isOneByOne || wish.workspace !== undefined || wish.text !== undefined;

/** The contracts' suites, recorded for the guard that replays them. */
async function recordedSuites(): Promise<TestGroup> {
  const folder = 'chaincode/dist/src';
  type List = { readonly RECORDED_SUITES: readonly string[] };
  const { RECORDED_SUITES }: List = await import(join(root, folder, 'testing/recorded-suites.js'));
  const suites = [...RECORDED_SUITES, 'determinism'].map((suite) => `${folder}/contracts/${suite}.test.js`);
  return { name: 'chaincode-src-recorded', files: [`${folder}/testing/start-recording.js`, ...suites] };
}

async function grouped(chosen: readonly TestFile[]): Promise<string[]> {
  const { groups, alone } = groupTests(chosen, await recordedSuites());
  const folder = 'out/tests';
  mkdirSync(join(root, folder), { recursive: true });
  const programs = groups.map((group) => {
    const program = `${folder}/${group.name}.test.js`;
    writeFileSync(join(root, program), programOf(group));
    return program;
  });
  return [...programs, ...alone];
}

try {
  if (process.argv[2] === '--workspace') {
    const { workspace } = wish;
    console.log(workspace === undefined ? '' : workspaceOf(workspace, packages));
    process.exit();
  }
  const considered = isAll ? files : withoutEndToEnd(files);
  const { files: chosen, title } = selectTests(wish, considered, packages);
  const left = files.length - considered.length;
  if (left > 0)
    process.stderr.write(`not run: ${left} files of end-to-end tests (make test ALL=1, as CI does)\n`);
  const whole = wish.text === undefined && !isOneByOne;
  const paths = whole ? await grouped(files.filter(({ path }) => chosen.includes(path))) : chosen;
  const lines = [...(title === undefined ? [] : [`--test-name-pattern=${title}`]), ...paths];
  process.stdout.write(`${lines.join('\n')}\n`);
} catch (error) {
  if (!(error instanceof NoSuchTestError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = EXIT.unusable;
}
