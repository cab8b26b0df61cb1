// Which test files share a process. Node's runner starts one for each file, and loading what a file imports costs more
// processor time than most files' tests. So files of a workspace that keep to themselves run one after the other in one
// process: a program is written for each group, and node's runner runs it as it does any file. Decision 48 says more.
import type { TestFile } from './test-files.ts';

/** Below the root, with a slash at the end: where tests work in memory, or in temporary folders of their own. */
const SHARED_FOLDERS = [
  'chaincode/dist/src/',
  'gateway/console/dist/src/',
  'gateway/dist/src/',
  'network/dist/',
  'packages/command-line/dist/',
  'packages/domain/dist/',
  'packages/dp-accountant/dist/',
  'packages/dp-sgd/dist/',
  'packages/federation/dist/',
  'packages/onnx-grad/dist/',
  'packages/verify/dist/',
  'test-network/dist/src/',
  'trainer/dist/src/actions/',
  'trainer/dist/src/artefacts/',
  'trainer/dist/src/data/',
  'trainer/dist/src/http/',
  'trainer/dist/src/journal/',
  'trainer/dist/src/offline/',
  'trainer/dist/src/people/',
  'trainer/dist/src/study/',
];

/** What a process has once: whoever changes, measures or waits for it there has a process alone. */
const ALONE = [
  /node:(?:child_process|worker_threads)/,
  /^(?:beforeEach|afterEach)\(/m,
  /\bmock\./,
  /\bprocess\.(?:chdir|cpuUsage|exit|memoryUsage|on|once|umask)\b/,
  /\bprocess\.(?:env\.\w+|exitCode|title) (?:\?\?)?=[^=]/,
  /\bglobalThis\.\w+ =[^=]/,
  /\.prototype\.\w+ =[^=]/,
  /testing\/crash-chain\./,
];
/** A file without is not taken into a group, where nobody would miss its tests. */
const HAS_TESTS = /^ *(?:test|it|describe)\(/m;

/** A group is over by far before the time that the runner gives a file, also on a busy machine. */
const FILES_OF_GROUP = 12;

/** Programs or test files, below the root, that one process imports in this order. */
export interface TestGroup {
  /** As a file's name, without its end. */
  readonly name: string;
  readonly files: readonly string[];
}

/** @returns the groups, of two files or more each, and the files that each have a process alone */
export function groupTests(
  files: readonly TestFile[],
  recorded: TestGroup,
): { readonly groups: readonly TestGroup[]; readonly alone: readonly string[] } {
  const paths = new Set(files.map(({ path }) => path));
  const tests = recorded.files.filter((path) => path.endsWith('.test.js'));
  const isRecorded = tests.length > 0 && tests.every((path) => paths.has(path));
  const taken = new Set(isRecorded ? tests : []);
  const byFolder = new Map<string, string[]>();
  for (const { path, read } of files) {
    const folder = SHARED_FOLDERS.find((one) => path.startsWith(one));
    if (folder === undefined || taken.has(path)) continue;
    const text = read();
    if (HAS_TESTS.test(text) && !ALONE.some((sign) => sign.test(text))) {
      byFolder.set(folder, [...(byFolder.get(folder) ?? []), path]);
    }
  }
  const groups = [...byFolder].flatMap(([folder, members]) =>
    portions(members).map((portion, index) => ({ name: groupName(folder, index + 1), files: portion })),
  );
  const all = [...(isRecorded ? [recorded] : []), ...groups.filter((group) => group.files.length > 1)];
  const shared = new Set(all.flatMap((group) => group.files));
  return { groups: all, alone: files.map(({ path }) => path).filter((path) => !shared.has(path)) };
}

/** Of nearly the same length, and no longer than a group may be. */
function portions(members: readonly string[]): string[][] {
  const count = Math.ceil(members.length / FILES_OF_GROUP);
  return Array.from({ length: count }, (_, index) => members.filter((__, at) => at % count === index));
}

const groupName = (folder: string, number: number): string =>
  `${folder.slice(0, -1).replace('/dist', '').replaceAll('/', '-')}-${number}`;

/** The text of a group's program, which lies two folders below the root. */
export const programOf = ({ files }: TestGroup): string =>
  [
    "import { importTests } from '../../scripts/dist/import-tests.js';",
    `await importTests(${JSON.stringify(files, null, 2)});`,
    '',
  ].join('\n');
