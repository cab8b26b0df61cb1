import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { generateMemberKeys, rawPrivateKey } from '../artefacts/index.ts';
import { CopiedJournal, type StudyKeyApart } from './copied-journal.ts';
import { Journal } from './journal.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-copied-journal-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
const folder = (): string => join(root, String(folders++));
const draw = { studyId: 's', round: 1, datasetId: 'd', pool: 'training' } as const;

/** A journal with a release, a key that is in use and one that was destroyed. */
function aJournal() {
  const directory = folder();
  const keys = generateMemberKeys();
  using journal = new Journal(directory);
  journal.keepSecret('salt', new Uint8Array([1, 2, 3]));
  journal.keepStudyKey({ studyId: 's', datasetId: 'd' }, keys);
  journal.recordStudyKeys('s', ['d']);
  journal.keepStudyKey({ studyId: 's', datasetId: 'gone' }, generateMemberKeys());
  journal.destroyStudyKey({ studyId: 's', datasetId: 'gone' });
  journal.beginDraw(draw);
  journal.recordRelease(draw, { payload: new Uint8Array(5000).fill(7), subjectSha256: 'ab' });
  return { directory, keys };
}

/** Where the copy is, as a folder that a trainer could have. */
function copied(directory: string): { readonly to: string; readonly apart: readonly StudyKeyApart[] } {
  const to = folder();
  mkdirSync(to);
  using journal = new CopiedJournal(directory);
  const apart = journal.copyTo(join(to, 'journal.sqlite'));
  cpSync(join(directory, 'journal.sqlite.head'), join(to, 'journal.sqlite.head'));
  return { to, apart };
}

describe('the copy of a journal', () => {
  it('is whole for the trainer, with every draw that it has spent', () => {
    const { directory } = aJournal();
    const { to } = copied(directory);
    using journal = new Journal(to);
    assert.deepEqual(journal.secret('salt'), new Uint8Array([1, 2, 3]));
    assert.equal(journal.release(draw)?.payload.length, 5000);
    assert.throws(() => journal.beginDraw(draw), { code: 'TRAINER_RELEASE_SPENT' });
  });

  it('has no byte of a key for a study, and what it lacks is what shows the trainer an older copy', () => {
    const { directory, keys } = aJournal();
    const { to, apart } = copied(directory);
    const raw = Buffer.from(rawPrivateKey(keys.privateKey));
    for (const name of readdirSync(to)) assert.ok(!readFileSync(join(to, name)).includes(raw), name);
    using journal = new Journal(to);
    assert.deepEqual(
      journal.studyKeys('s').map(({ datasetId, isDestroyed }) => ({ datasetId, isDestroyed })),
      [{ datasetId: 'gone', isDestroyed: true }],
    );
    assert.deepEqual(
      apart.map(({ datasetId, privateKey }) => ({ datasetId, privateKey })),
      [{ datasetId: 'd', privateKey: raw.toString('base64') }],
    );
  });

  it('has its keys again where they are given back, as they were', () => {
    const { directory, keys } = aJournal();
    const { to, apart } = copied(directory);
    {
      using journal = new CopiedJournal(to);
      assert.equal(journal.take(apart), 1);
      assert.equal(journal.take(apart), 0);
    }
    using journal = new Journal(to);
    const found = journal.studyKey({ studyId: 's', datasetId: 'd' });
    assert.deepEqual(rawPrivateKey(found!.privateKey), rawPrivateKey(keys.privateKey));
    assert.equal(journal.studyKeys('s').find(({ datasetId }) => datasetId === 'd')?.isRecorded, true);
  });

  it('takes no key back that the journal knows to be destroyed', () => {
    const { directory } = aJournal();
    const { apart } = copied(directory);
    {
      using journal = new Journal(directory);
      journal.destroyStudyKey({ studyId: 's', datasetId: 'd' });
    }
    const { to } = copied(directory);
    {
      using journal = new CopiedJournal(to);
      assert.equal(journal.take(apart), 0);
    }
    using journal = new Journal(to);
    assert.equal(journal.studyKey({ studyId: 's', datasetId: 'd' }), undefined);
  });

  it('is not written over a file that is there', () => {
    const { directory } = aJournal();
    using journal = new CopiedJournal(directory);
    assert.throws(() => journal.copyTo(join(directory, 'journal.sqlite')), {
      code: 'TRAINER_JOURNAL_FAILED',
    });
  });
});

describe('the commands for backups', () => {
  const run = (directory: string, input: string, ...parameters: string[]) => {
    const main = join(import.meta.dirname, '../command-line.js');
    const env = { PATH: process.env.PATH, CONSILIUM_DATA_DIR: directory };
    return spawnSync(process.execPath, [main, ...parameters], { encoding: 'utf8', env, input });
  };

  it('give keys to a pipe, and take them from one', () => {
    const { directory } = aJournal();
    const to = folder();
    mkdirSync(to);
    const said = run(directory, '', 'copy-journal', join(to, 'journal.sqlite'));
    assert.equal(said.status, 0, said.stderr);
    assert.equal(statSync(join(to, 'journal.sqlite')).isFile(), true);
    assert.equal((JSON.parse(said.stdout) as unknown[]).length, 1);
    assert.deepEqual(JSON.parse(run(to, said.stdout, 'take-study-keys').stdout), { taken: 1 });
  });

  it('refuse what is no journal and what are no keys, and say nothing of what they read', () => {
    const { directory } = aJournal();
    assert.match(run(folder(), '', 'copy-journal', 'x').stderr, /has no journal/);
    assert.match(run(directory, '', 'copy-journal').stderr, /name the file of the copy/);
    const { status, stderr } = run(directory, '[{"privateKey":"AbCd"}]', 'take-study-keys');
    assert.equal(status, 2);
    assert.match(stderr, /holds no keys for studies/);
    assert.doesNotMatch(stderr, /AbCd/);
  });
});
