// Files are read from the data folders and nowhere else, whatever lies at a path, and even if it changes meanwhile.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import type { Dictionary, Feature } from '@consilium/domain';
import { TrainerError } from '../errors.ts';
import { csvOf, DICTIONARY } from '../testing/small-consortium.ts';
import { DataFiles } from './data-files.ts';
import { folderProblems } from './data-folders.ts';
import { DataError } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-folders-'));
after(() => rmSync(root, { recursive: true }));
const folder = join(root, 'data');
const elsewhere = join(root, 'elsewhere');
for (const path of [folder, join(folder, 'deep'), elsewhere]) mkdirSync(path);
const secret = join(elsewhere, 'secret.csv');
writeFileSync(secret, csvOf(1));
const own = join(folder, 'deep', 'own.csv');
writeFileSync(own, csvOf(1));

const files = new DataFiles({ folders: [folder] });
const read = (path: string, from = files) => from.read({ path, dictionary: DICTIONARY });
/** What is said, whole. */
const refusalOf = async (path: string, from = files): Promise<string> => {
  try {
    await read(path, from);
  } catch (error) {
    assert.ok(error instanceof DataError || error instanceof TrainerError, String(error));
    return error.message;
  }
  return assert.fail(`${path} was read`);
};

it('reads a regular file in a folder, by its path or by a link within', async () => {
  symlinkSync(own, join(folder, 'linked.csv'));
  for (const path of [own, join(folder, 'linked.csv'), join(folder, 'deep', '..', 'deep', 'own.csv')]) {
    assert.equal((await read(path)).patients.count, 60);
  }
});

it('reads by a folder that is itself a link, under either of its names', async () => {
  const alias = join(root, 'alias');
  symlinkSync(folder, alias);
  const aliased = new DataFiles({ folders: [alias] });
  for (const path of [join(alias, 'deep', 'own.csv'), own]) {
    assert.equal((await read(path, aliased)).patients.count, 60);
  }
});

it('refuses a path elsewhere in the same words, whether a file is there or not', async () => {
  const words = await refusalOf(secret);
  assert.match(words, /^TRAINER_PATH_REFUSED: .*CONSILIUM_DATA_FOLDERS/);
  for (const path of [
    join(elsewhere, 'none.csv'),
    '/etc/passwd',
    '/proc/self/environ',
    '/dev/zero',
    `${folder}-besides/own.csv`,
    `${folder}/../elsewhere/secret.csv`,
    'own.csv',
    '',
  ]) {
    assert.equal(await refusalOf(path), words, path);
  }
  assert.equal(await refusalOf(own, new DataFiles({ folders: [] })), words, 'no folder, no file');
});

it('refuses what is no regular file of the folder in the same words as what is missing', async () => {
  const words = await refusalOf(join(folder, 'none.csv'));
  assert.match(words, /^FILE_UNREADABLE/);
  symlinkSync(secret, join(folder, 'leads-out.csv'));
  symlinkSync(join(elsewhere, 'none.csv'), join(folder, 'leads-nowhere.csv'));
  symlinkSync(elsewhere, join(folder, 'way-out'));
  symlinkSync('/dev/zero', join(folder, 'zero.csv'));
  symlinkSync('loop.csv', join(folder, 'loop.csv'));
  for (const name of [
    'leads-out.csv',
    'leads-nowhere.csv',
    'way-out/secret.csv',
    'zero.csv',
    'loop.csv',
    'deep',
    '',
  ]) {
    assert.equal(await refusalOf(join(folder, name)), words, name);
  }
});

it('neither waits for the writer of a FIFO nor holds up access to files and names meanwhile', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => join(folder, `${name}.fifo`));
  execFileSync('mkfifo', names);
  const refusals = names.map((path) => refusalOf(path));
  assert.ok((await readFile(own)).length > 0);
  assert.ok((await lookup('127.0.0.1')).address);
  for (const words of await Promise.all(refusals)) assert.match(words, /^FILE_UNREADABLE/);
});

it('ends a read that takes too long, and reads the next file', async () => {
  const impatient = new DataFiles({ folders: [folder], timeoutMs: 0 });
  assert.match(await refusalOf(own, impatient), /^TRAINER_DATASET_TOO_EXPENSIVE/);
  assert.equal((await read(own)).patients.count, 60);
});

it('ends a read that takes too much memory, and goes on', async () => {
  const path = join(folder, 'many.csv');
  const rows = Array.from({ length: 20_000 }, (_, i) => `p${i},44,1,0\n`).join('');
  writeFileSync(path, `id,age,smoker,ill\n${rows}`);
  const poor = new DataFiles({ folders: [folder], memoryBytes: 4_400_000 });
  assert.match(await refusalOf(path, poor), /^FILE_TOO_LARGE/);
  assert.equal((await read(own, poor)).patients.count, 60);
  assert.equal((await read(path)).patients.count, 20_000);
  rmSync(path);
});

it('ends a read whose dictionary makes more of a small file than the temporary folder may hold', async () => {
  const path = join(folder, 'widened.csv');
  writeFileSync(path, `id,a,y\n${Array.from({ length: 6600 }, (_, i) => `p${i},1,1\n`).join('')}`);
  // Every row becomes 20 kB: the same column 500 times, each time as a category of 40 characters.
  const features = Array.from(
    { length: 500 },
    (_, i): Feature => ({
      ...{ name: `f${i}`, column: 'a', kind: 'categorical' },
      categories: [`1.${'0'.repeat(38)}`, '2'],
    }),
  );
  const dictionary: Dictionary = {
    ...{ version: 1, header: true, patientId: 'id', missing: [], features, maxRowsPerPatient: 1 },
    label: { column: 'y', title: 'y', rule: { kind: 'binary' } },
  };
  const crowded = new DataFiles({ folders: [folder], diskBytes: 2 ** 20 });
  const salt = new Uint8Array(32);
  await assert.rejects(crowded.read({ path, dictionary, salt }), /^DataError: NO_ROOM_TO_SORT/);
  assert.equal((await read(own, crowded)).patients.count, 60);
  rmSync(path);
});

it('ends a read of a sparse file without end, whatever its size, when its first line is too long', async () => {
  const path = join(folder, 'sparse.csv');
  writeFileSync(path, 'id,age');
  truncateSync(path, 2 ** 40);
  assert.match(await refusalOf(path), /^FILE_HAS_NUL/);
  rmSync(path);
});

it('reads one file at a time, and refuses more than may wait', async () => {
  const asked = await Promise.allSettled(Array.from({ length: 40 }, () => read(join(folder, 'none.csv'))));
  const messages = asked.map((outcome) => String((outcome as PromiseRejectedResult).reason.message));
  assert.equal(messages.filter((message) => message.startsWith('TRAINER_BUSY')).length, 7);
  assert.equal(messages.filter((message) => message.startsWith('FILE_UNREADABLE')).length, 33);
});

it('reads for a study before all that people ask for, and refuses it for none of them', async () => {
  const order: string[] = [];
  const ask = (who: string, asked: Promise<unknown>) =>
    asked.then(
      () => order.push(who),
      (error: { code?: string }) => order.push(`${who}: ${error.code}`),
    );
  const asking = Array.from({ length: 34 }, (_, number) => ask(`person ${number}`, read(own)));
  const salt = new Uint8Array(32);
  const nobody = { blocks: [], withdrawn: new Uint8Array() };
  const people = { salt, ...nobody, leavesOutWithdrawn: false, takesNew: true };
  const study = ask(
    'study',
    files.unitsForStudy({ path: own, dictionary: DICTIONARY, salt, people, blocks: [1], unit: 'patient' }),
  );
  await Promise.all([...asking, study]);
  assert.deepEqual(order.slice(0, 3), ['person 33: TRAINER_BUSY', 'person 0', 'study']);
  assert.equal(order.length, 35);
});

it('keeps no units that were asked for before all were let go of, wherever their reading was', async () => {
  const reading = new DataFiles({ folders: [folder] });
  const salt = new Uint8Array(32);
  const people = { salt, blocks: [], withdrawn: new Uint8Array(), leavesOutWithdrawn: false, takesNew: true };
  const wish = { path: own, dictionary: DICTIONARY, salt, people, blocks: [1], unit: 'patient' } as const;
  const kept = await reading.unitsForStudy(wish);
  assert.equal(await reading.unitsForStudy(wish), kept);
  reading.letGoOfUnits();
  const underWay = reading.unitsForStudy(wish);
  const waits = reading.unitsForStudy(wish);
  reading.letGoOfUnits();
  const [first, second] = await Promise.all([underWay, waits]);
  const next = await reading.unitsForStudy(wish);
  assert.equal(new Set([kept, first, second, next]).size, 4);
  assert.equal(await reading.unitsForStudy(wish), next);
});

it('keeps no units of a file that was another while it was read, though it is as before again', async () => {
  const path = join(folder, 'changing.csv');
  const usual = csvOf(1);
  writeFileSync(path, usual);
  const { signal } = new AbortController();
  // Listened to when the thread begins to read; the clock is looked at for each digest, the second one behind it.
  signal.addEventListener = () => writeFileSync(path, usual.replace('p1,', 'x1,'));
  let digests = 0;
  const nowMs = () => {
    digests += 1;
    if (digests === 2) writeFileSync(path, usual);
    return Date.now();
  };
  const salt = new Uint8Array(32);
  const people = { salt, blocks: [], withdrawn: new Uint8Array(), leavesOutWithdrawn: false, takesNew: true };
  const wish = { path, dictionary: DICTIONARY, salt, people, blocks: [1], unit: 'patient' } as const;
  const reading = new DataFiles({ folders: [folder], signal, nowMs });
  const during = await reading.unitsForStudy(wish);
  writeFileSync(path, usual);
  signal.addEventListener = () => {};
  const { commitment } = await new DataFiles({ folders: [folder] }).unitsForStudy(wish);
  assert.notEqual(during.commitment, commitment);
  assert.equal((await reading.unitsForStudy(wish)).commitment, commitment);
});

it('says at the start what folders cannot be', () => {
  const keys = join(root, 'keys');
  mkdirSync(keys);
  assert.deepEqual(folderProblems([folder, elsewhere], keys), []);
  for (const [path, words] of [
    ['data', /not absolute/],
    [join(root, 'none'), /no folder/],
    [own, /no folder/],
    ['/', /whole machine/],
    [keys, /overlaps/],
    [root, /overlaps/],
  ] as const) {
    const [problem, ...others] = folderProblems([path], keys);
    assert.match(problem ?? '', words, path);
    assert.deepEqual(others, []);
  }
  assert.match(folderProblems([keys], join(keys, 'not-made-yet'))[0] ?? '', /overlaps/);
});
