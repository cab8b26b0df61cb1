import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '../..');
const preload = pathToFileURL(join(root, 'scripts/longer-properties.js')).href;
const ask = (program: string) => ['--import', preload, '--input-type=module', '--eval', program];
const of = (environment: Record<string, string>) => ({
  cwd: root,
  encoding: 'utf8' as const,
  env: { ...process.env, SEED: '', ...environment },
});

const COUNTS = `
import fc, { assert, property, integer } from 'fast-check';
let runs = 0;
const count = property(integer(), () => void runs++);
const few = () => fc.assert(count, { numRuns: 7 });
for (const run of [() => assert(count), few, () => fc.check(count, { numRuns: 2 })]) {
  runs = 0;
  run();
  console.log(runs);
}
await fc.assert(fc.asyncProperty(integer(), async () => void runs++), { numRuns: 5 });
console.log(runs);
`;

test('every property takes as many times more runs as asked, whether its test counts them or not', () => {
  const said = execFileSync(process.execPath, ask(COUNTS), of({ PROPERTY_RUNS: '3' }));
  assert.deepEqual(said.trim().split('\n'), ['300', '21', '6', '21']);
});

test('a finding names its seed, and the seed finds it again', () => {
  const program =
    "import fc from 'fast-check'; fc.assert(fc.property(fc.integer(), (n) => n < 1e6), { numRuns: 3 });";
  const { status, stderr } = spawnSync(process.execPath, ask(program), of({ PROPERTY_RUNS: '100' }));
  assert.notEqual(status, 0);
  const [, seed] = /seed: (-?\d+)/.exec(stderr)!;
  const again = spawnSync(process.execPath, ask(program), of({ PROPERTY_RUNS: '100', SEED: seed! }));
  assert.ok(again.stderr.includes(`seed: ${seed}`));
});

test('a factor that is no positive number is refused', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    ask("import 'fast-check';"),
    of({ PROPERTY_RUNS: 'many' }),
  );
  assert.notEqual(status, 0);
  assert.match(stderr, /PROPERTY_RUNS must be a positive number/);
});

test('a seed that is no whole number is refused, since another seed would repeat no finding', () => {
  for (const seed of ['abc', '1.5', '1e3']) {
    const { status, stderr } = spawnSync(process.execPath, ask("import 'fast-check';"), of({ SEED: seed }));
    assert.notEqual(status, 0);
    assert.match(stderr, /SEED must be a whole number/);
  }
});
