import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { InputError } from '@consilium/command-line';
import { stateFolder } from './begun-rounds.ts';
import { Checkpoint, type RunState } from './checkpoint.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-checkpoint-'));
const at = (name: string) => join(directory, name);
const stateHome = process.env.XDG_STATE_HOME;

before(() => {
  process.env.XDG_STATE_HOME = at('state');
});
after(() => {
  if (stateHome === undefined) delete process.env.XDG_STATE_HOME;
  else process.env.XDG_STATE_HOME = stateHome;
  rmSync(directory, { recursive: true });
});

const run = {
  request: { command: 'train', files: [{ name: 'data', path: '/a.csv' }], options: { study: '/s.yaml' } },
  digests: { study: 'aa', 'data of data': 'bb' },
} as const;
const create = (name: string, isPrivate = true) => Checkpoint.create(at(name), { ...run, isPrivate });
const open = (name: string) => Checkpoint.open(at(name));

const stateAfter = (round: number): RunState => ({
  progress: {
    round,
    shared: {
      parameters: Int32Array.of(round, -7),
      variates: new Map([['data', Float64Array.of(0.1)]]) as never,
    },
    sites: [
      {
        local: Float64Array.of(1 / 3),
        state: {
          steps: 20 * round,
          optimizer: { kind: 'sgd', velocity: Float64Array.of(Number.MIN_VALUE, -0) },
        },
      },
    ],
    average: undefined,
  },
  scorer: { baselines: [0.5], pooledBaseline: 0.25 },
  spentMs: { total: 10, scoring: 1 },
});
const scoresOf = (round: number) => ({ round, pooled: null, sites: [] });

function go(checkpoint: Checkpoint, from: number, to: number): void {
  for (let round = from; round <= to; round++) {
    checkpoint.begin(round);
    checkpoint.finish(round, stateAfter(round), scoresOf(round));
  }
}

/** A run whose process ended after a round. */
function runTo(name: string, last: number, isPrivate = true): void {
  using checkpoint = create(name, isPrivate);
  go(checkpoint, 0, last);
}

const refuses = (work: () => unknown, said: RegExp) =>
  assert.throws(work, (error: unknown) => {
    assert.ok(error instanceof InputError, String(error));
    assert.match(error.message, said);
    return true;
  });

test('what a run goes on from comes back as it was, to the bit, with what was asked for', () => {
  runTo('whole', 2);
  using again = open('whole');
  assert.deepEqual(again.state, stateAfter(2));
  assert.deepEqual(again.request, run.request);
  assert.deepEqual(again.curve, [0, 1, 2].map(scoresOf));
  assert.deepEqual([again.begunOnly, again.lostRounds, again.isPrivate], [[], [], true]);
});

test('a round that was begun and not finished is known as begun, and can be settled as lost', () => {
  {
    using checkpoint = create('died');
    go(checkpoint, 0, 1);
    checkpoint.begin(2);
  }
  {
    using again = open('died');
    assert.deepEqual(again.begunOnly, [2]);
    assert.deepEqual(again.state, stateAfter(1));
    again.lose(2, stateAfter(2));
    go(again, 3, 3);
  }
  using last = open('died');
  assert.deepEqual([last.begunOnly, last.lostRounds], [[], [2]]);
  assert.deepEqual(
    last.curve.map(({ round }) => round),
    [0, 1, 3],
  );
});

test('an older copy that was put back is refused, since it would draw rounds twice', () => {
  runTo('replayed', 1);
  cpSync(at('replayed'), at('older'), { recursive: true });
  {
    using newer = open('replayed');
    go(newer, 2, 4);
  }
  refuses(
    () => open('older'),
    /is an older copy: it knows of rounds up to 1, and this machine has begun round 4/,
  );
  rmSync(at('replayed'), { recursive: true });
  cpSync(at('older'), at('replayed'), { recursive: true });
  refuses(() => open('replayed'), /older copy/);
});

test('two copies of a folder draw each round once between them', () => {
  runTo('twin', 1);
  cpSync(at('twin'), at('other-twin'), { recursive: true });
  const begun: number[] = [];
  for (let turn = 0; turn < 4; turn++) {
    using own = open(turn % 2 === 0 ? 'twin' : 'other-twin');
    for (const lost of own.begunOnly) own.lose(lost, stateAfter(lost));
    const next = own.state!.progress.round + 1;
    begun.push(next);
    go(own, next, next);
  }
  assert.deepEqual(begun, [2, 3, 4, 5], 'none twice');
});

test('two copies of a private run are not open at once', () => {
  runTo('shared', 1);
  cpSync(at('shared'), at('shared-copy'), { recursive: true });
  using checkpoint = open('shared');
  refuses(() => open('shared-copy'), /what this machine knows of the run: .* is in use by another process/);
  go(checkpoint, 2, 2);
});

test('a round that was begun is not begun again, whoever asks for it', () => {
  runTo('again', 2);
  using checkpoint = open('again');
  for (const round of [2, 1, 0]) {
    assert.throws(() => checkpoint.begin(round), /was begun before/);
  }
  assert.deepEqual([checkpoint.begunOnly, checkpoint.state], [[], stateAfter(2)]);
});

test('a crash between the two notes of a round leaves it begun', () => {
  runTo('between', 1);
  cpSync(at('between'), at('between-copy'), { recursive: true });
  {
    using checkpoint = open('between');
    checkpoint.begin(2);
  }
  // As if only what is kept outside of the folder had been written.
  using again = open('between-copy');
  assert.deepEqual(again.begunOnly, [2]);
});

test('a private run goes on only where it was begun; a run without privacy anywhere', () => {
  runTo('moved', 1);
  runTo('moved-open', 1, false);
  process.env.XDG_STATE_HOME = at('another-machine');
  try {
    refuses(() => open('moved'), /a private run goes on only where it was begun/);
    using again = open('moved-open');
    assert.deepEqual(again.state, stateAfter(1));
  } finally {
    process.env.XDG_STATE_HOME = at('state');
  }
});

test('a run in use by one process is not opened by another', () => {
  using checkpoint = create('busy');
  go(checkpoint, 0, 0);
  refuses(() => open('busy'), /in use by another process: wait for it to end/);
});

test('a damaged, truncated, emptied or missing file is refused by name', () => {
  runTo('sound', 3);
  const file = 'checkpoint.sqlite';
  const damage = (name: string, work: (path: string) => void) => {
    cpSync(at('sound'), at(name), { recursive: true });
    work(join(at(name), file));
    refuses(() => open(name), /checkpoint\.sqlite.* (damaged|missing|not a database)/);
  };
  damage('truncated', (path) => truncateSync(path, Math.floor(statSync(path).size / 2)));
  damage('emptied', (path) => truncateSync(path, 0));
  damage('emptied-all', (path) => {
    truncateSync(path, 0);
    for (const end of ['.head', '-wal', '-shm']) rmSync(path + end, { force: true });
  });
  damage('overwritten', (path) => writeFileSync(path, 'no database at all'));
  damage('removed', (path) => rmSync(path));
  damage('log-removed', (path) => {
    rmSync(`${path}-wal`, { force: true });
    // Where the log was merged already, what is missing must be taken out of the file itself.
    const bytes = readFileSync(path);
    const place = bytes.indexOf('"round":3');
    if (place >= 0) bytes.write('"round":9', place);
    writeFileSync(path, bytes);
  });
});

test('a run with other data, study or version is refused by what differs, each by name', () => {
  runTo('digests', 1);
  using again = open('digests');
  again.checkDigests(run.digests);
  refuses(() => again.checkDigests({ ...run.digests, study: 'cc' }), /was begun with another study: restore/);
  refuses(
    () => again.checkDigests({ study: 'cc', 'data of data': 'dd', model: 'ee' }),
    /another study[\s\S]*another data of data[\s\S]*another model/,
  );
  refuses(() => again.checkDigests({ study: 'aa' }), /another data of data/);
});

test('the folder is of its own, and closed to others', () => {
  runTo('own', 0);
  assert.equal(statSync(at('own')).mode & 0o777, 0o700);
  for (const name of readdirSync(at('own'))) {
    assert.equal(statSync(join(at('own'), name)).mode & 0o077, 0, name);
  }
  refuses(() => create('own'), /holds a run already: consilium-trainer resume/);
  mkdirSync(at('wide'), { mode: 0o700 });
  chmodSync(at('wide'), 0o750);
  refuses(() => create('wide'), /open to others \(mode 750\).*chmod 700/);
  chmodSync(at('own'), 0o755);
  refuses(() => open('own'), /open to others \(mode 755\).*chmod 700/);
  mkdirSync(at('used'), { mode: 0o700 });
  copyFileSync(process.argv[1]!, join(at('used'), 'something.js'));
  refuses(() => create('used'), /not empty/);
  writeFileSync(at('file'), '');
  refuses(() => create('file'), /is no folder/);
  refuses(() => create('missing/folder'), /missing is missing: make it first/);
  refuses(() => open('nowhere'), /cannot be read: there is no such/);
});

test('what is written to a run goes to no file elsewhere', () => {
  for (const end of ['', '.head']) {
    const name = `linked${end}`;
    runTo(name, 1);
    const file = join(at(name), `checkpoint.sqlite${end}`);
    const elsewhere = at(`elsewhere${end}`);
    cpSync(file, elsewhere);
    rmSync(file);
    symlinkSync(elsewhere, file);
    const before = readFileSync(elsewhere);
    refuses(() => open(name), /checkpoint\.sqlite.* is a link or no file: put back the files/);
    assert.deepEqual(readFileSync(elsewhere), before);
  }
});

test('the folder of begun rounds is the same from every folder, and nobody else may write to it', () => {
  const runs = '.local/state/consilium-trainer/runs';
  assert.equal(stateFolder({ HOME: '/home/a' }), `/home/a/${runs}`);
  assert.equal(stateFolder({ HOME: '/home/a', XDG_STATE_HOME: '' }), `/home/a/${runs}`);
  assert.equal(stateFolder({ HOME: '/home/a', XDG_STATE_HOME: 'state' }), `/home/a/${runs}`);
  assert.equal(stateFolder({ HOME: '', XDG_STATE_HOME: '/s' }), '/s/consilium-trainer/runs');
  for (const HOME of ['', '.']) assert.equal(stateFolder({ HOME }), join(homedir(), runs));
  process.env.XDG_STATE_HOME = at('for-all');
  try {
    mkdirSync(stateFolder(), { recursive: true });
    chmodSync(stateFolder(), 0o777);
    refuses(() => create('open-notes'), /others may write to it \(mode 777\): set XDG_STATE_HOME/);
  } finally {
    process.env.XDG_STATE_HOME = at('state');
  }
});

test('a private run is refused where nothing can be kept outside of its folder', () => {
  writeFileSync(at('blocked'), '');
  process.env.XDG_STATE_HOME = at('blocked');
  try {
    refuses(() => create('unkept'), /needs .*blocked.*cannot be made.*XDG_STATE_HOME/);
  } finally {
    process.env.XDG_STATE_HOME = at('state');
  }
});
