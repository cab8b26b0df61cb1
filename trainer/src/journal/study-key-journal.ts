// The private keys of this hospital for studies: one for the updates of each dataset, destroyed when its consent is
// withdrawn. A private key lies in a row of its own, which is written over with zeros before it is removed, so that
// nothing of the file, or of its write-ahead log, holds it afterwards: that is looked at, and not assumed.
import { closeSync, openSync, readSync } from 'node:fs';
import { type MemberKeys, memberKeysOf, rawPrivateKey } from '../artefacts/index.ts';
import { TrainerError } from '../errors.ts';
import { JournalDatabase, type Row } from './journal-database.ts';

/** A key for one dataset's updates in one study, as the journal knows it. */
export interface StudyKeyRecord {
  readonly datasetId: string;
  readonly publicKey: string;
  /** Whether the ledger is known to have it. */
  readonly isRecorded: boolean;
  readonly isDestroyed: boolean;
}

interface KeyOf {
  readonly studyId: string;
  readonly datasetId: string;
}

const READ_BYTES = 1024 * 1024;

export class StudyKeyJournal extends JournalDatabase {
  /** The keys of a study, also those that are destroyed, by dataset. */
  studyKeys(studyId: string): StudyKeyRecord[] {
    return this.all('SELECT * FROM study_keys WHERE study_id = ? ORDER BY dataset_id', studyId).map(recordOf);
  }

  /** Keeps a new key pair. One that is there stays, a destroyed one too: there is never a second. */
  keepStudyKey({ studyId, datasetId }: KeyOf, { publicKey, privateKey }: MemberKeys): void {
    const bytes = rawPrivateKey(privateKey);
    this.transaction(() => {
      const number = Number(this.get('SELECT coalesce(max(number), 0) + 1 AS next FROM study_keys')?.next);
      const isFirst = this.insertOnce(
        'INSERT INTO study_keys (study_id, dataset_id, number, public_key, made_at) VALUES (?, ?, ?, ?, ?)',
        studyId,
        datasetId,
        number,
        publicKey,
        new Date().toISOString(),
      );
      if (isFirst) this.runWithSecret('INSERT INTO private_keys VALUES (?, ?)', number, bytes);
    });
    bytes.fill(0);
  }

  /** Notes that the ledger has these keys. */
  recordStudyKeys(studyId: string, datasetIds: readonly string[]): void {
    this.transaction(() => {
      for (const datasetId of datasetIds) {
        this.run(
          'UPDATE study_keys SET recorded = 1 WHERE study_id = ? AND dataset_id = ?',
          studyId,
          datasetId,
        );
      }
    });
  }

  /** The key pair for a dataset's updates; undefined where there is none, or it is destroyed. */
  studyKey({ studyId, datasetId }: KeyOf): MemberKeys | undefined {
    const row = this.#private(studyId, datasetId);
    if (row === undefined) return undefined;
    const bytes = row.private_key as Uint8Array;
    const keys = memberKeysOf(row.public_key as string, bytes);
    bytes.fill(0);
    return keys;
  }

  #private(studyId: string, datasetId: string): Row | undefined {
    return this.get(
      `SELECT number, public_key, private_key FROM study_keys JOIN private_keys USING (number)
       WHERE study_id = ? AND dataset_id = ?`,
      studyId,
      datasetId,
    );
  }

  /**
   * Destroys the private key for a dataset's updates, if there is one. When it returns, neither the journal's file nor
   * its log holds the key. What the disk, a backup or the memory of a process kept of it is beyond its reach.
   *
   * @throws TrainerError TRAINER_JOURNAL_FAILED where the bytes are still in a file; calling it again goes on
   */
  destroyStudyKey(of: KeyOf): void {
    const record = this.studyKeys(of.studyId).find(({ datasetId }) => datasetId === of.datasetId);
    if (record === undefined || record.isDestroyed) return;
    const row = this.#private(of.studyId, of.datasetId);
    if (row === undefined) this.#writeWithoutIt();
    else this.#overwrite(of, row);
    this.run(
      'UPDATE study_keys SET destroyed_at = ? WHERE study_id = ? AND dataset_id = ?',
      new Date().toISOString(),
      of.studyId,
      of.datasetId,
    );
  }

  #overwrite({ studyId, datasetId }: KeyOf, { number, private_key }: Row): void {
    const bytes = private_key as Uint8Array;
    try {
      this.transaction(() => {
        // As long as it was: the row is written over in its place.
        this.run('UPDATE private_keys SET private_key = zeroblob(32) WHERE number = ?', Number(number));
        this.run('DELETE FROM private_keys WHERE number = ?', Number(number));
      });
      this.emptyLog();
      if (!this.#holds(bytes)) return;
      this.#writeWithoutIt();
      if (!this.#holds(bytes)) return;
      // It is not destroyed: without its row, nobody could look for it the next time.
      this.runWithSecret('INSERT INTO private_keys VALUES (?, ?)', Number(number), bytes);
      throw new TrainerError(
        'TRAINER_JOURNAL_FAILED',
        `the key for updates of ${datasetId} in study ${studyId} is still in the journal's file`,
      );
    } finally {
      bytes.fill(0);
    }
  }

  /** Also where the key's row is gone, after a crash or a failure: what else the file has of it is not known then. */
  #writeWithoutIt(): void {
    this.rewrite();
    this.emptyLog();
  }

  /** Whether the journal's file or its log has these bytes anywhere. */
  #holds(bytes: Uint8Array): boolean {
    return [this.file, `${this.file}-wal`].some((path) => fileHolds(path, bytes));
  }
}

function fileHolds(path: string, wanted: Uint8Array): boolean {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  try {
    const buffer = Buffer.alloc(READ_BYTES);
    const view = Buffer.from(wanted.buffer, wanted.byteOffset, wanted.byteLength);
    // What two reads share is looked at in both.
    let kept = 0;
    for (;;) {
      const read = readSync(file, buffer, kept, READ_BYTES - kept, null);
      if (read === 0) return false;
      const filled = kept + read;
      if (buffer.subarray(0, filled).includes(view)) return true;
      kept = Math.min(filled, wanted.length - 1);
      buffer.copyWithin(0, filled - kept, filled);
    }
  } finally {
    closeSync(file);
  }
}

const recordOf = (row: Row): StudyKeyRecord => ({
  datasetId: row.dataset_id as string,
  publicKey: row.public_key as string,
  isRecorded: row.recorded === 1,
  isDestroyed: row.destroyed_at !== null,
});
