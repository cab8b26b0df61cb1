import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { groupTests, programOf } from './test-groups.ts';

const TEST = "test('a round is taken', () => {});";
const fileOf = (path: string, text = TEST) => ({ path, read: () => text });
const domain = (name: string) => `packages/domain/dist/src/${name}.test.js`;
const NONE = { name: 'recorded', files: [] };

describe('groupTests', () => {
  it('has files of one folder share a process, and leaves a single one alone', () => {
    const files = [
      domain('a'),
      domain('b'),
      'packages/dp-sgd/dist/src/c.test.js',
      'network/dist/src/d.test.js',
    ];
    const groups = [{ name: 'packages-domain-1', files: [domain('a'), domain('b')] }];
    assert.deepEqual(
      groupTests(
        files.map((path) => fileOf(path)),
        NONE,
      ),
      { groups, alone: files.slice(2) },
    );
  });

  it('leaves alone who starts processes, hooks on every test, or changes what a process has once', () => {
    const alone = [
      "import { spawn } from 'node:child_process';",
      "import { Worker } from 'node:worker_threads';",
      'beforeEach(() => {});',
      'afterEach(() => {});',
      "t.mock.timers.enable({ apis: ['Date'] });",
      "process.env.TZ = 'UTC';",
      "process.env.TZ ??= 'UTC';",
      'process.exitCode = 1;',
      "process.on('exit', () => {});",
      'const { rss } = process.memoryUsage();',
      'globalThis.fetch = () => {};',
      'Runner.prototype.run = () => {};',
      "import { runCrashChain } from '../testing/crash-chain.js';",
    ].map((text, index) => fileOf(domain(`alone-${index}`), `${text}\n${TEST}`));
    const shared = [
      "after(() => rmSync(root));\nif (process.env.TZ === 'UTC') process.stdout.write('');",
      'describe(() => {\n  beforeEach(() => {});\n});',
      'before(async () => {});',
    ].map((text, index) => fileOf(domain(`shared-${index}`), `${text}\n${TEST}`));
    const { groups, alone: rest } = groupTests([...alone, ...shared], NONE);
    assert.deepEqual(
      groups.map(({ files }) => files),
      [shared.map(({ path }) => path)],
    );
    assert.deepEqual(
      rest,
      alone.map(({ path }) => path),
    );
  });

  it('leaves a file without tests to the runner, which counts it', () => {
    const files = [fileOf(domain('a')), fileOf(domain('b')), fileOf(domain('none'), "import './a.js';")];
    assert.deepEqual(groupTests(files, NONE).alone, [domain('none')]);
  });

  it('parts long folders evenly, and has every file run once', () => {
    const files = Array.from({ length: 30 }, (_, index) => fileOf(domain(`t${index}`)));
    const { groups, alone } = groupTests(files, NONE);
    assert.deepEqual(
      groups.map((group) => group.files.length),
      [10, 10, 10],
    );
    const run = [...groups.flatMap((group) => group.files), ...alone].sort();
    assert.deepEqual(run, files.map(({ path }) => path).sort());
  });

  it('records suites only where all of them and their guard run', () => {
    const suites = ['a', 'guard'].map((name) => `chaincode/dist/src/contracts/${name}.test.js`);
    const recorded = {
      name: 'recorded',
      files: ['chaincode/dist/src/testing/start-recording.js', ...suites],
    };
    const files = suites.map((path) => fileOf(path));
    assert.deepEqual(groupTests(files, recorded), { groups: [recorded], alone: [] });
    const part = groupTests(files.slice(1), recorded);
    assert.deepEqual(part, { groups: [], alone: suites.slice(1) });
  });
});

/** Node's runner on a program for files of these texts, as test.sh calls it. */
async function runGroup(...texts: readonly string[]): Promise<{ status: number; out: string }> {
  const root = join(import.meta.dirname, '../..');
  mkdirSync(join(root, 'out'), { recursive: true });
  const folder = mkdtempSync(join(root, 'out/group-'));
  try {
    const files = texts.map((text, index) => {
      const file = join(folder, `file-${index}.mjs`);
      writeFileSync(file, `import { before, test } from 'node:test';\n${text}\n`);
      return file.slice(root.length + 1);
    });
    const program = join(folder, 'together.test.js');
    writeFileSync(program, programOf({ name: 'together', files }));
    writeFileSync(
      join(folder, 'other.test.mjs'),
      "import { test } from 'node:test';\ntest('elsewhere', () => {});\n",
    );
    const env: NodeJS.ProcessEnv = { ...process.env };
    delete env.NODE_TEST_CONTEXT;
    const args = ['--test', '--test-reporter=spec', program, join(folder, 'other.test.mjs')];
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    const status = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
    return { status, out };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const counted = (out: string, what: string) =>
  [...out.matchAll(new RegExp(`^ℹ ${what} (\\d+)$`, 'gm'))].map(([, count]) => Number(count));

describe("a group's program", () => {
  it('runs the tests of its files, which are counted once in one closing summary', async () => {
    const { status, out } = await runGroup("test('one', () => {});", "test('two', () => {});");
    assert.equal(status, 0, out);
    assert.deepEqual([counted(out, 'tests'), counted(out, 'pass'), counted(out, 'fail')], [[3], [3], [0]]);
  });

  it('starts no test before all files are imported', async () => {
    const late = "test('late', () => { if (value !== 1) throw new Error(); });\nconst value = 1;";
    const slow = "test('slow', () => {});\nawait new Promise((resolve) => setTimeout(resolve, 50));";
    const { status, out } = await runGroup(slow, late, slow, late);
    assert.equal(status, 0, out);
    assert.deepEqual(counted(out, 'pass'), [5]);
  });

  it('fails with the name and file of a test that fails, and runs the others', async () => {
    const { status, out } = await runGroup(
      "test('one', () => { throw new Error('no'); });",
      "test('two', () => {});",
    );
    assert.equal(status, 1);
    assert.match(out, /test at out\/group-\w+\/file-0\.mjs:2:1\n✖ one/);
    assert.deepEqual([counted(out, 'pass'), counted(out, 'fail')], [[2], [1]]);
  });

  it('prepares what each file prepares once, before the tests of any', async () => {
    const prepares = (own: string, other: string) =>
      `before(async () => { await null; globalThis.${own} = (globalThis.${own} ?? 0) + 1; });
       test('${own}', () => { if (globalThis.${own} + globalThis.${other} !== 2) throw new Error('not prepared'); });`;
    const { status, out } = await runGroup(prepares('first', 'second'), prepares('second', 'first'));
    assert.equal(status, 0, out);
    assert.deepEqual([counted(out, 'pass'), counted(out, 'fail')], [[3], [0]]);
  });

  it('fails with the name of a file that cannot be imported, and runs the others', async () => {
    const { status, out } = await runGroup("import './nothing.js';", "test('two', () => {});");
    assert.equal(status, 1);
    assert.match(out, /✖ out\/group-\w+\/file-0\.mjs/);
    assert.match(out, /Cannot find module/);
    assert.deepEqual([counted(out, 'pass'), counted(out, 'fail')], [[2], [1]]);
  });

  it('fails where its process dies, is ended by a test, or throws after one', async () => {
    for (const end of [
      "process.kill(process.pid, 'SIGKILL')",
      'process.exit(0)',
      "setTimeout(() => { throw new Error('late'); }, 1)",
    ]) {
      const { status, out } = await runGroup(
        `test('one', async () => { ${end}; await new Promise((resolve) => setTimeout(resolve, 1_000)); });`,
        "test('two', () => {});",
      );
      assert.equal(status, 1, `${end}: ${out}`);
      assert.deepEqual(counted(out, 'tests').length, 1);
      assert.ok(counted(out, 'fail')[0]! + counted(out, 'cancelled')[0]! > 0, `${end}: ${out}`);
    }
  });
});
