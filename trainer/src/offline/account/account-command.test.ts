import { strict as assert } from 'node:assert';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runAccountCommand } from './account-command.ts';

const folder = await mkdtemp(join(tmpdir(), 'account-'));
after(() => rm(folder, { recursive: true }));

async function run(...argv: string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ['', ''];
  const code = await runAccountCommand(argv, {
    out: (text) => {
      out += text;
    },
    error: (text) => {
      error += text;
    },
  });
  return { code, out, error };
}

async function fileOf(content: unknown): Promise<string> {
  const path = join(folder, `${crypto.randomUUID()}.json`);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const plan = (changes: Readonly<Record<string, string>> = {}): string[] =>
  Object.entries({ 'sampling-rate': '0.01', steps: '1000', delta: '1e-5', ...changes }).flatMap(
    ([name, value]) => [`--${name}`, value],
  );
const PLAN = plan();

test('a plan costs what dp-accounting 0.6.0 says: PLD 1.828, RDP 2.101', async () => {
  const { code, out, error } = await run('--noise-multiplier', '1', ...PLAN, '--json');
  assert.equal(code, 0, error);
  const { epsilonPld, epsilonRdp, ...rest } = JSON.parse(out);
  assert.deepEqual(rest, {});
  assert.ok(epsilonPld > 1.8281 && epsilonPld < 1.8287, `${epsilonPld}`);
  assert.ok(Math.abs(epsilonRdp / 2.1014 - 1) < 1e-3, `${epsilonRdp}`);
});

test('without --json the answer is for people, rounded up', async () => {
  const { code, out } = await run('--noise-multiplier', '1', ...PLAN);
  assert.equal(code, 0);
  assert.match(
    out,
    /^epsilon at delta 0\.00001: 1\.828\d+ \(tight, privacy loss distributions\)\n +2\.10\d+ \(Renyi\)\n$/,
  );
});

test('a file of events is composed, in any order and with a byte order mark', async () => {
  const events = [
    { noiseMultiplier: 1, samplingRate: 0.01, steps: 500 },
    { noiseMultiplier: 1.2, samplingRate: '0.01', steps: 500 },
  ];
  const first = await run('--events', await fileOf(events), '--delta', '1e-5', '--json');
  assert.equal(first.code, 0, first.error);
  const { epsilonPld, epsilonRdp } = JSON.parse(first.out);
  assert.ok(Math.abs(epsilonPld / 1.597326 - 1) < 1e-3, `${epsilonPld}`);
  assert.ok(Math.abs(epsilonRdp / 1.877427 - 1) < 1e-3, `${epsilonRdp}`);
  const marked = await fileOf(`\u{FEFF}${JSON.stringify(events.toReversed())}`);
  const second = await run('--events', marked, '--delta', '1e-5', '--json');
  assert.equal(JSON.parse(second.out).epsilonPld, epsilonPld);
});

test('a target is answered by the noise that it needs', async () => {
  const { code, out } = await run('--target-epsilon', '1', ...PLAN, '--json');
  assert.equal(code, 0);
  const { noiseMultiplier } = JSON.parse(out);
  assert.ok(noiseMultiplier >= 1.4146 && noiseMultiplier <= 1.415, out);
  const back = await run('--noise-multiplier', `${noiseMultiplier}`, ...PLAN, '--json');
  assert.ok(JSON.parse(back.out).epsilonPld <= 1);
  assert.match(
    (await run('--target-epsilon', '1', ...PLAN)).out,
    /^noise multiplier 1\.41\d+: epsilon at most 1 /,
  );
});

test('--help says how, and asks for nothing else', async () => {
  const { code, out, error } = await run('--help');
  assert.equal(code, 0);
  assert.match(out, /--target-epsilon E --sampling-rate Q --steps T --delta D/);
  assert.equal(error, '');
});

const REFUSED: Readonly<Record<string, readonly [readonly string[], RegExp]>> = {
  'no question': [PLAN, /give one of --noise-multiplier, --target-epsilon and --events/],
  'two questions': [
    ['--noise-multiplier', '1', '--target-epsilon', '2', ...PLAN],
    /--noise-multiplier and --target-epsilon exclude each other/,
  ],
  'an unknown option': [['--epsilon', '1', ...PLAN], /--epsilon/],
  'a word too many': [['plan', '--noise-multiplier', '1', ...PLAN], /plan/],
  'no delta': [
    ['--noise-multiplier', '1', '--sampling-rate', '0.1', '--steps', '1'],
    /--delta is missing.*1e-5/,
  ],
  'a delta of 1': [['--noise-multiplier', '1', ...plan({ delta: '1' })], /--delta must be .* below 1/],
  'noise that is no number': [
    ['--noise-multiplier', 'much', ...PLAN],
    /--noise-multiplier must be a number above 0/,
  ],
  'no noise': [['--noise-multiplier', '0', ...PLAN], /--noise-multiplier must be a number above 0/],
  'one option twice': [['--noise-multiplier', '1', ...PLAN, '--steps', '1'], /--steps is given twice/],
  'an empty noise': [['--noise-multiplier', '', ...PLAN], /--noise-multiplier must be a number above 0/],
  'a rate above 1': [
    ['--noise-multiplier', '1', ...plan({ 'sampling-rate': '1.5' })],
    /--sampling-rate .* at most 1/,
  ],
  'half a step': [['--noise-multiplier', '1', ...plan({ steps: '0.5' })], /--steps must be a whole number/],
  'a target of 0': [['--target-epsilon', '0', ...PLAN], /--target-epsilon must be a number above 0/],
  'a file that is not there': [
    ['--events', '/nowhere/events.json', '--delta', '1e-5'],
    /--events: .* cannot be read/,
  ],
  'a rate beside a file': [
    ['--events', 'x', '--delta', '1e-5', '--steps', '3'],
    /--steps is in the file of --events/,
  ],
};
for (const [name, [argv, message]] of Object.entries(REFUSED)) {
  test(`refused with exit code 2, the option and the remedy: ${name}`, async () => {
    const { code, out, error } = await run(...argv);
    assert.equal(code, 2);
    assert.equal(out, '');
    assert.match(error, message);
    assert.match(error, /Try consilium-trainer account --help/);
  });
}

test('every problem is named at once', async () => {
  const { code, error } = await run('--noise-multiplier=-1', '--sampling-rate', '0', '--steps', '0');
  assert.equal(code, 2);
  for (const option of ['--noise-multiplier', '--sampling-rate', '--steps', '--delta']) {
    assert.ok(error.includes(option), option);
  }
});

test('a file of events that is wrong is refused by entry and field', async () => {
  const good = { noiseMultiplier: 1, samplingRate: 0.1, steps: 10 };
  for (const [content, message] of [
    ['not json', /is not JSON/],
    [[], /at least one/],
    [good, /must hold a list/],
    [[good, 7], /\[1\] must be an object/],
    [[{ ...good, steps: 1.5 }], /\[0\]\.steps must be a whole number/],
    [[good, { noiseMultiplier: 1, steps: 10 }], /\[1\]\.samplingRate is missing/],
    [[{ ...good, rounds: 3 }], /\[0\]\.rounds is not a known field/],
  ] as const) {
    const { code, error } = await run('--events', await fileOf(content), '--delta', '1e-5');
    assert.equal(code, 2);
    assert.match(error, message);
  }
});

test('a target that no noise reaches is no answer, and is said to be none', async () => {
  const { code, out, error } = await run(
    ...['--target-epsilon', '1e-9', '--sampling-rate', '1', '--steps', '1000000', '--delta', '1e-12'],
  );
  assert.equal(code, 2, out);
  assert.match(error, /no noise multiplier .* raise --target-epsilon or --delta/);
});
