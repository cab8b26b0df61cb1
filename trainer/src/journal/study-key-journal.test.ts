import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { generateMemberKeys, type MemberKeys, rawPrivateKey } from '../artefacts/index.ts';
import { Journal } from './journal.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-study-keys-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
const folder = (): string => join(root, String(folders++));

/** Files of a folder whose bytes hold a private key, as it is or as a text of it. */
function filesWith(directory: string, keys: MemberKeys): string[] {
  const raw = Buffer.from(rawPrivateKey(keys.privateKey));
  const forms = [
    raw,
    ...(['hex', 'base64', 'base64url'] as const).map((form) => Buffer.from(raw.toString(form))),
  ];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .filter((name) => {
      const bytes = readFileSync(join(directory, name));
      return forms.some((form) => bytes.includes(form));
    });
}
const same = (found: MemberKeys | undefined, keys: MemberKeys) => {
  assert.equal(found?.publicKey, keys.publicKey);
  assert.deepEqual(rawPrivateKey(found!.privateKey), rawPrivateKey(keys.privateKey));
};

describe("the journal's keys for studies", () => {
  it('are kept by study and dataset, also across a start, and never replaced', () => {
    const directory = folder();
    const [first, second] = [generateMemberKeys(), generateMemberKeys()];
    const of = { studyId: 's', datasetId: 'd' };
    {
      using journal = new Journal(directory);
      assert.equal(journal.studyKey(of), undefined);
      journal.keepStudyKey(of, first);
      journal.keepStudyKey(of, second);
      journal.recordStudyKeys('s', ['d']);
    }
    using journal = new Journal(directory);
    same(journal.studyKey(of), first);
    assert.deepEqual(journal.studyKeys('s'), [
      { datasetId: 'd', publicKey: first.publicKey, isRecorded: true, isDestroyed: false },
    ]);
    for (const other of [
      { studyId: 's', datasetId: 'e' },
      { studyId: 't', datasetId: 'd' },
    ]) {
      assert.equal(journal.studyKey(other), undefined);
    }
  });

  it('are destroyed one by one, so that no byte of the file or its log holds one, in any order', () => {
    const directory = folder();
    using journal = new Journal(directory);
    const keys = Array.from({ length: 100 }, () => generateMemberKeys());
    const of = (i: number) => ({ studyId: `study ${i % 7}`, datasetId: `dataset ${(i * 31) % 100}` });
    for (const [i, key] of keys.entries()) {
      journal.keepStudyKey(of(i), key);
      // Other rows come and go between them, and pages with them.
      journal.keepSecret(`secret ${i}`, new Uint8Array(50 + (i % 900)));
      if (i % 3 === 0) journal.forgetUpdates('study 0', `dataset ${i}`);
    }
    assert.notDeepEqual(filesWith(directory, keys[17]!), [], 'it is in a file before');
    const order = keys.map((_, i) => (i * 89) % keys.length);
    const gone = order.slice(0, 60);
    for (const [step, i] of gone.entries()) {
      journal.destroyStudyKey(of(i));
      assert.equal(journal.studyKey(of(i)), undefined);
      for (const before of gone.slice(Math.max(0, step - 3), step + 1)) {
        assert.deepEqual(filesWith(directory, keys[before]!), []);
      }
    }
    for (const i of gone) assert.deepEqual(filesWith(directory, keys[i]!), []);
    for (const i of order.slice(60)) same(journal.studyKey(of(i)), keys[i]!);
    journal.keepStudyKey(of(gone[0]!), generateMemberKeys());
    assert.equal(journal.studyKey(of(gone[0]!)), undefined, 'a destroyed key has no successor');
  });

  it('leave no byte where a crash comes before the log is emptied, once it is tried again', () => {
    const directory = folder();
    const of = { studyId: 's', datasetId: 'd' };
    const keys = generateMemberKeys();
    const crashed = folder();
    {
      using journal = new Journal(directory);
      journal.keepStudyKey(of, keys);
      class Stopped extends Error {}
      Object.defineProperty(journal, 'emptyLog', {
        configurable: true,
        value: () => {
          throw new Stopped();
        },
      });
      assert.throws(() => journal.destroyStudyKey(of), Stopped);
      cpSync(directory, crashed, { recursive: true });
    }
    assert.notDeepEqual(filesWith(crashed, keys), [], 'its log still has it');
    using journal = new Journal(crashed);
    assert.equal(journal.studyKey(of), undefined);
    assert.equal(journal.studyKeys('s')[0]?.isDestroyed, false, 'nobody has looked at the files');
    journal.destroyStudyKey(of);
    assert.equal(journal.studyKeys('s')[0]?.isDestroyed, true);
    assert.deepEqual(filesWith(crashed, keys), []);
  });

  it('are not said to be destroyed while any row of the file has their bytes', () => {
    const directory = folder();
    using journal = new Journal(directory);
    const of = { studyId: 's', datasetId: 'd' };
    const keys = generateMemberKeys();
    journal.keepStudyKey(of, keys);
    journal.keepSecret('a copy by mistake', rawPrivateKey(keys.privateKey));
    assert.throws(() => journal.destroyStudyKey(of), /TRAINER_JOURNAL_FAILED|still in the journal's file/);
  });

  it('are not said to be destroyed the second time either, while their bytes are there', () => {
    const directory = folder();
    using journal = new Journal(directory);
    const of = { studyId: 's', datasetId: 'd' };
    const keys = generateMemberKeys();
    journal.keepStudyKey(of, keys);
    const key = { studyId: 's', round: 1, subject: 'd' };
    journal.recordSealed(key, { ciphertext: rawPrivateKey(keys.privateKey), plaintextSha256: 'ab' });
    for (let time = 0; time < 3; time++) {
      assert.throws(() => journal.destroyStudyKey(of), /still in the journal's file/);
      assert.equal(journal.studyKeys('s')[0]?.isDestroyed, false);
    }
    journal.forgetUpdates('s', 'd');
    journal.destroyStudyKey(of);
    assert.deepEqual([journal.studyKey(of), journal.studyKeys('s')[0]?.isDestroyed], [undefined, true]);
    assert.deepEqual(filesWith(directory, keys), []);
  });

  it('are written out of the file where a disk was full after their rows were removed', () => {
    const directory = folder();
    using journal = new Journal(directory);
    const of = { studyId: 's', datasetId: 'd' };
    const keys = generateMemberKeys();
    journal.keepStudyKey(of, keys);
    const key = { studyId: 's', round: 1, subject: 'd' };
    journal.recordSealed(key, { ciphertext: rawPrivateKey(keys.privateKey), plaintextSha256: 'ab' });
    Object.defineProperty(journal, 'rewrite', {
      configurable: true,
      value: () => {
        throw new Error('the disk is full');
      },
    });
    assert.throws(() => journal.destroyStudyKey(of), /the disk is full/);
    Reflect.deleteProperty(journal, 'rewrite');
    assert.equal(journal.studyKeys('s')[0]?.isDestroyed, false);
    journal.forgetUpdates('s', 'd');
    journal.destroyStudyKey(of);
    assert.deepEqual(filesWith(directory, keys), []);
    assert.equal(journal.studyKeys('s')[0]?.isDestroyed, true);
  });

  it('destroying a key that there is not is no error, and makes none', () => {
    using journal = new Journal(folder());
    journal.destroyStudyKey({ studyId: 's', datasetId: 'd' });
    assert.deepEqual(journal.studyKeys('s'), []);
  });
});
