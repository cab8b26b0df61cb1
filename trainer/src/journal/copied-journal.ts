// A journal as a backup keeps it: whole, but without the private keys for studies, which are given out beside it. So a
// backup can be kept for years and holds no key that was to be destroyed since (decision 59); the keys lie in a small
// file of their own, of which the newest alone is kept. A journal without them is an older copy to the trainer, which
// then draws nothing for the studies that have them.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { memberKeysOf, rawPrivateKey } from '../artefacts/index.ts';
import { TrainerError } from '../errors.ts';
import { StudyKeyJournal } from './study-key-journal.ts';

/** One key for one dataset's updates in one study, outside the journal. */
export interface StudyKeyApart {
  readonly studyId: string;
  readonly datasetId: string;
  readonly publicKey: string;
  /** Base64. */
  readonly privateKey: string;
  readonly isRecorded: boolean;
}

const NOT_APART = 'destroyed_at IS NOT NULL';
/** What the copy has of a table. The digests of rows that are left out are left out too. */
const KEPT: Readonly<Record<string, string>> = {
  private_keys: '0',
  study_keys: NOT_APART,
  guard_rows: `table_name <> 'private_keys' AND NOT (table_name = 'study_keys' AND row_key IN
    (SELECT hex(study_id) || ',' || hex(dataset_id) FROM study_keys WHERE NOT ${NOT_APART}))`,
};

export class CopiedJournal extends StudyKeyJournal {
  /**
   * Writes the copy to `file`, in which no byte of a private key for a study ever lies.
   *
   * @returns the keys
   * @throws TrainerError TRAINER_JOURNAL_FAILED where the file is there already
   */
  copyTo(file: string): StudyKeyApart[] {
    if (existsSync(file)) {
      throw new TrainerError('TRAINER_JOURNAL_FAILED', `${file} is there already: name a new file`);
    }
    const target = new DatabaseSync(file);
    try {
      target.exec('PRAGMA journal_mode = MEMORY; PRAGMA synchronous = FULL; BEGIN');
      const tables = this.all(
        "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY rowid",
      );
      for (const { sql } of tables) target.exec(String(sql));
      for (const { name } of tables.filter(({ type }) => type === 'table')) {
        this.#copyRows(String(name), target);
      }
      for (const pragma of ['application_id', 'user_version']) {
        target.exec(`PRAGMA ${pragma} = ${Number(this.get(`PRAGMA ${pragma}`)?.[pragma])}`);
      }
      target.exec('COMMIT');
    } finally {
      target.close();
    }
    return this.#keysApart();
  }

  #copyRows(table: string, target: DatabaseSync): void {
    const columns = this.all('SELECT name FROM pragma_table_info(?) ORDER BY cid', table);
    const places = columns.map(() => '?').join(', ');
    const insert = target.prepare(`INSERT INTO ${table} VALUES (${places})`);
    for (const row of this.each(`SELECT * FROM ${table} WHERE ${KEPT[table] ?? '1'}`)) {
      insert.run(...Object.values(row));
    }
  }

  #keysApart(): StudyKeyApart[] {
    const rows = this.all('SELECT study_id, dataset_id, recorded FROM study_keys ORDER BY number');
    return rows.flatMap(({ study_id, dataset_id, recorded }) => {
      const of = { studyId: String(study_id), datasetId: String(dataset_id) };
      const keys = this.studyKey(of);
      if (keys === undefined) return [];
      const bytes = rawPrivateKey(keys.privateKey);
      const privateKey = Buffer.from(bytes).toString('base64');
      bytes.fill(0);
      return [{ ...of, publicKey: keys.publicKey, privateKey, isRecorded: recorded === 1 }];
    });
  }

  /**
   * Puts keys that were kept apart back into the journal. One that was destroyed is not taken, and one that is there
   * stays.
   *
   * @returns how many were taken
   */
  take(keys: readonly StudyKeyApart[]): number {
    return this.transaction(() => {
      let taken = 0;
      for (const { studyId, datasetId, publicKey, privateKey, isRecorded } of keys) {
        const isKnown = this.studyKeys(studyId).some((one) => one.datasetId === datasetId);
        if (isKnown) continue;
        const bytes = Buffer.from(privateKey, 'base64');
        this.keepStudyKey({ studyId, datasetId }, memberKeysOf(publicKey, bytes));
        bytes.fill(0);
        if (isRecorded) this.recordStudyKeys(studyId, [datasetId]);
        taken += 1;
      }
      return taken;
    });
  }
}

/** Whether a trainer ever ran on the folder. */
export const hasJournal = (dataDirectory: string): boolean =>
  existsSync(join(dataDirectory, 'journal.sqlite'));
