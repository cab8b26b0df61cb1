// What this trainer must never forget, in one SQLite file: which noise was drawn for which charge, what was
// sealed, what was sent, and where each dataset's file and salt are. Every step is one transaction on disk
// (WAL, synchronous=FULL) before the next step begins, so that after a crash the same bytes are sent again.
import type { ArtefactRef, Dictionary, Pool } from '@consilium/domain';
import { sha256Hex } from '../artefacts/index.ts';
import { TrainerError } from '../errors.ts';
import type { Row } from './journal-database.ts';
import type {
  Draw,
  DrawOutcome,
  Inconclusive,
  PreparedDataset,
  Release,
  ReleaseKey,
  Sealed,
  StepKey,
  Undelivered,
} from './journal-records.ts';
import { PeopleJournal } from './people-journal.ts';

export class Journal extends PeopleJournal {
  /** Draws that could not be written down yet, by `JSON.stringify` of their key: nobody is drawn for them again. */
  readonly held = new Map<string, Draw>();

  secret(name: string): Uint8Array | undefined {
    return this.get('SELECT value FROM secrets WHERE name = ?', name)?.value as Uint8Array | undefined;
  }

  keepSecret(name: string, value: Uint8Array): void {
    this.run('INSERT INTO secrets VALUES (?, ?)', name, value);
  }

  saveDataset({
    datasetId,
    path,
    dictionary,
    salt,
    commitment,
    recordCountBand: band,
  }: PreparedDataset): void {
    this.run(
      `INSERT INTO datasets VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (dataset_id) DO UPDATE SET path = excluded.path, dictionary = excluded.dictionary,
         salt = excluded.salt, commitment = excluded.commitment,
         band_low = excluded.band_low, band_high = excluded.band_high,
         prepared_at = excluded.prepared_at`,
      datasetId,
      path,
      JSON.stringify(dictionary),
      salt,
      commitment,
      band.low,
      band.high,
      new Date().toISOString(),
    );
  }

  /** For one that was prepared and never registered. */
  forgetDataset(datasetId: string): void {
    this.run('DELETE FROM datasets WHERE dataset_id = ?', datasetId);
  }

  dataset(datasetId: string): PreparedDataset | undefined {
    const row = this.get('SELECT * FROM datasets WHERE dataset_id = ?', datasetId);
    return row && datasetOf(row);
  }

  datasets(): PreparedDataset[] {
    return this.all('SELECT * FROM datasets ORDER BY dataset_id').map(datasetOf);
  }

  release({ studyId, round, datasetId, pool }: ReleaseKey): Release | undefined {
    const row = this.get(
      'SELECT * FROM releases WHERE study_id = ? AND round = ? AND dataset_id = ? AND pool = ?',
      studyId,
      round,
      datasetId,
      pool,
    );
    return row && releaseOf(row);
  }

  /**
   * Stores a draw before anything of it leaves this process. From here on it is the only one for its key.
   *
   * @throws TrainerError TRAINER_RELEASE_SPENT if the key has had its draw; the stored one is kept
   */
  recordRelease(key: ReleaseKey, draw: Draw): Release {
    return this.transaction(() => {
      const release = this.#insertRelease(key, draw);
      this.run(
        `UPDATE draws SET outcome = ? WHERE study_id = ? AND round = ? AND dataset_id = ? AND pool = ?`,
        draw.isOfNobody === true ? 'nobody' : 'patients',
        key.studyId,
        key.round,
        key.datasetId,
        key.pool,
      );
      return release;
    });
  }

  #insertRelease(key: ReleaseKey, draw: Draw): Release {
    const payloadSha256 = sha256Hex(draw.payload);
    const isFirst = this.insertOnce(
      `INSERT INTO releases (study_id, round, dataset_id, pool, payload, payload_sha256, subject_sha256,
         local_parameters, drawn_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      key.studyId,
      key.round,
      key.datasetId,
      key.pool,
      draw.payload,
      payloadSha256,
      draw.subjectSha256,
      draw.localParameters ?? null,
      new Date().toISOString(),
    );
    if (!isFirst) throw new TrainerError('TRAINER_RELEASE_SPENT');
    const { payload, subjectSha256, localParameters } = draw;
    return { payload, payloadSha256, subjectSha256, localParameters, charge: 'open' };
  }

  /**
   * To be called before the first patient is drawn; on disk when it returns.
   *
   * @throws TrainerError TRAINER_RELEASE_SPENT if a draw was begun for the key before
   */
  beginDraw({ studyId, round, datasetId, pool }: ReleaseKey, nowMs = Date.now()): void {
    const isFirst = this.insertOnce(
      'INSERT INTO draws (study_id, round, dataset_id, pool, begun_at) VALUES (?, ?, ?, ?, ?)',
      studyId,
      round,
      datasetId,
      pool,
      new Date(nowMs).toISOString(),
    );
    if (!isFirst) throw new TrainerError('TRAINER_RELEASE_SPENT');
  }

  /** When a draw began (epoch ms). */
  begunAtMs({ studyId, round, datasetId, pool }: ReleaseKey): number | undefined {
    const row = this.get(
      'SELECT begun_at FROM draws WHERE study_id = ? AND round = ? AND dataset_id = ? AND pool = ?',
      studyId,
      round,
      datasetId,
      pool,
    );
    return row && Date.parse(String(row.begun_at));
  }

  /** Takes a beginning back: the draw was broken off for a reason that has nothing to do with the patients. */
  cancelDraw({ studyId, round, datasetId, pool }: ReleaseKey): void {
    this.run(
      `DELETE FROM draws WHERE study_id = ? AND round = ? AND dataset_id = ? AND pool = ? AND outcome = 'begun'`,
      studyId,
      round,
      datasetId,
      pool,
    );
  }

  /** undefined where no patient was drawn for the key (or a version that kept no record of it drew). */
  drawOutcome({ studyId, round, datasetId, pool }: ReleaseKey): DrawOutcome | undefined {
    const row = this.get(
      'SELECT outcome FROM draws WHERE study_id = ? AND round = ? AND dataset_id = ? AND pool = ?',
      studyId,
      round,
      datasetId,
      pool,
    );
    return row?.outcome as DrawOutcome | undefined;
  }

  /** Whether a dataset's patients were ever drawn for a study, or may have been. */
  hasDrawn(studyId: string, datasetId: string): boolean {
    const drawn = this.get(
      `SELECT 1 FROM releases WHERE study_id = ?1 AND dataset_id = ?2
       UNION SELECT 1 FROM draws WHERE study_id = ?1 AND dataset_id = ?2`,
      studyId,
      datasetId,
    );
    return drawn !== undefined;
  }

  /** Draws for these studies no more; those that are barred already keep their reason. */
  bar(studyIds: readonly string[], reason: string): void {
    this.transaction(() => {
      for (const studyId of studyIds) {
        this.run(
          'INSERT INTO barred VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
          studyId,
          reason,
          new Date().toISOString(),
        );
      }
    });
  }

  unbar(studyId: string): void {
    this.run('DELETE FROM barred WHERE study_id = ?', studyId);
  }

  /** Why nothing is drawn for a study any more; undefined where it is. */
  barredBecause(studyId: string): string | undefined {
    return this.get('SELECT reason FROM barred WHERE study_id = ?', studyId)?.reason as string | undefined;
  }

  settleCharge({ studyId, round, datasetId, pool }: ReleaseKey, charge: 'charged' | 'void'): void {
    this.run(
      `UPDATE releases SET charge = ? WHERE study_id = ? AND round = ? AND dataset_id = ? AND pool = ?
         AND charge <> 'charged'`,
      charge,
      studyId,
      round,
      datasetId,
      pool,
    );
  }

  /** Rounds whose training release is not known to be charged, oldest first. */
  openRounds(studyId: string, datasetId: string): number[] {
    return this.all(
      `SELECT round FROM releases
       WHERE study_id = ? AND dataset_id = ? AND pool = 'training' AND charge = 'open' ORDER BY round`,
      studyId,
      datasetId,
    ).map(({ round }) => Number(round));
  }

  /**
   * The local parameters after the last charged round up to a given one; undefined before any.
   *
   * Only charged rounds count: a draw whose charge never reached the ledger must leave no trace in later
   * releases, or its cost would be spent without being accounted for.
   */
  localParameters(of: { studyId: string; datasetId: string; round: number }): Uint8Array | undefined {
    const row = this.get(
      `SELECT local_parameters FROM releases WHERE study_id = ? AND dataset_id = ? AND pool = 'training'
         AND charge = 'charged' AND round <= ? ORDER BY round DESC LIMIT 1`,
      of.studyId,
      of.datasetId,
      of.round,
    );
    return (row?.local_parameters as Uint8Array | null | undefined) ?? undefined;
  }

  sealed({ studyId, round, subject }: StepKey): Sealed | undefined {
    const row = this.get(
      'SELECT * FROM sealed WHERE study_id = ? AND round = ? AND subject = ?',
      studyId,
      round,
      subject,
    );
    if (row === undefined || row.ciphertext === null) return undefined;
    return {
      ciphertext: row.ciphertext as Uint8Array,
      plaintextSha256: row.plaintext_sha256 as string,
      sha256: row.sha256 as string,
      sizeBytes: Number(row.size_bytes),
      cid: (row.cid as string | null) ?? undefined,
    };
  }

  recordSealed(
    { studyId, round, subject }: StepKey,
    { ciphertext, plaintextSha256 }: { ciphertext: Uint8Array; plaintextSha256: string },
  ): Sealed {
    const sha256 = sha256Hex(ciphertext);
    const sizeBytes = ciphertext.length;
    this.run(
      'INSERT INTO sealed VALUES (?, ?, ?, ?, ?, ?, ?, NULL)',
      studyId,
      round,
      subject,
      ciphertext,
      plaintextSha256,
      sha256,
      sizeBytes,
    );
    return { ciphertext, plaintextSha256, sha256, sizeBytes, cid: undefined };
  }

  /** Under which CID what was sealed was put into IPFS, also once its bytes are dropped. */
  cidOf({ studyId, round, subject }: StepKey): string | undefined {
    const row = this.get(
      'SELECT cid FROM sealed WHERE study_id = ? AND round = ? AND subject = ?',
      studyId,
      round,
      subject,
    );
    return (row?.cid as string | null | undefined) ?? undefined;
  }

  recordPut({ studyId, round, subject }: StepKey, cid: string): void {
    this.run(
      'UPDATE sealed SET cid = ? WHERE study_id = ? AND round = ? AND subject = ?',
      cid,
      studyId,
      round,
      subject,
    );
  }

  /** What was sealed here and is not known to be in IPFS, oldest first. */
  undelivered(studyId: string): Undelivered[] {
    return this.all(
      `SELECT round, subject, sha256 FROM sealed
       WHERE study_id = ? AND cid IS NULL AND ciphertext IS NOT NULL ORDER BY round, subject`,
      studyId,
    ).map(({ round, subject, sha256 }) => ({
      round: Number(round),
      subject: subject as string,
      sha256: sha256 as string,
    }));
  }

  /** What was sealed here and is not concluded, of one round or of all. */
  inconclusive(studyId: string, ofRound?: number): Inconclusive[] {
    return this.all(
      `SELECT round, subject, sha256, cid, ciphertext FROM sealed WHERE study_id = ? AND coalesce(?, round) = round
         AND (cid IS NOT NULL OR ciphertext IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM concluded
           WHERE study_id = sealed.study_id AND round = sealed.round AND subject = sealed.subject)`,
      studyId,
      ofRound ?? null,
    ).map(({ round, subject, sha256, cid, ciphertext }) => ({
      round: Number(round),
      subject: subject as string,
      sha256: sha256 as string,
      cid: (cid as string | null) ?? undefined,
      ciphertext: (ciphertext as Uint8Array | null) ?? undefined,
    }));
  }

  /** What the ledger names stays what it is; what it never named is nowhere any more. */
  concludeSealed(key: StepKey, { isNamed }: { readonly isNamed: boolean }): void {
    const of = [key.studyId, key.round, key.subject];
    this.transaction(() => {
      this.run('INSERT INTO concluded VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING', ...of, isNamed ? 1 : 0);
      if (isNamed) return;
      const cid = this.cidOf(key);
      if (cid !== undefined) this.run('DELETE FROM artefacts WHERE cid = ?', cid);
      this.run(
        'UPDATE sealed SET ciphertext = NULL, cid = NULL WHERE study_id = ? AND round = ? AND subject = ?',
        ...of,
      );
    });
  }

  /** Keeps an aggregate that this trainer has recomputed, under its hash. */
  keepAggregate(studyId: string, parameters: Uint8Array): void {
    this.run(
      'INSERT INTO aggregates VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      studyId,
      sha256Hex(parameters),
      parameters,
    );
  }

  aggregate(studyId: string, parametersSha256: string): Uint8Array | undefined {
    const row = this.get(
      'SELECT parameters FROM aggregates WHERE study_id = ? AND parameters_sha256 = ?',
      studyId,
      parametersSha256,
    );
    return row?.parameters as Uint8Array | undefined;
  }

  /** Drops a study's aggregates but one: the base of what comes next. */
  forgetAggregates(studyId: string, except: string): void {
    this.run('DELETE FROM aggregates WHERE study_id = ? AND parameters_sha256 <> ?', studyId, except);
  }

  /** Counts an artefact that this trainer put to IPFS. */
  countArtefact({ cid, sizeBytes }: Pick<ArtefactRef, 'cid' | 'sizeBytes'>, purpose: string): void {
    this.run(
      'INSERT INTO artefacts VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      cid,
      sizeBytes,
      purpose,
      new Date().toISOString(),
    );
  }

  /** CIDs of what this trainer put to IPFS for good: all but updates, which may have to be let go. */
  artefactsForGood(): string[] {
    return this.all("SELECT cid FROM artefacts WHERE purpose <> 'update' ORDER BY cid").map(({ cid }) =>
      String(cid),
    );
  }

  artefactUsage(): { count: number; bytes: number } {
    const row = this.get('SELECT count(*) AS count, coalesce(sum(size_bytes), 0) AS bytes FROM artefacts');
    return { count: Number(row?.count), bytes: Number(row?.bytes) };
  }

  /**
   * What to send, and under which idempotency key. A transaction whose outcome is not known is sent again as
   * it was, under the same key; after a refusal (nothing was written) the next attempt has a new one.
   */
  prepareSubmission(key: StepKey & { name: string }, body: string): { body: string; idempotencyKey: string } {
    return this.transaction(() => {
      const values = [key.studyId, key.round, key.name, key.subject];
      const row = this.get(
        'SELECT * FROM submissions WHERE study_id = ? AND round = ? AND name = ? AND subject = ?',
        ...values,
      );
      const pending = row?.state === 'sending';
      const attempt = pending ? Number(row.attempt) : Number(row?.attempt ?? 0) + 1;
      const text = pending ? String(row.body) : body;
      if (!pending) {
        this.run(
          `INSERT INTO submissions VALUES (?, ?, ?, ?, ?, ?, 'sending')
           ON CONFLICT DO UPDATE SET body = excluded.body, attempt = excluded.attempt, state = 'sending'`,
          ...values,
          text,
          attempt,
        );
      }
      const id = sha256Hex(new TextEncoder().encode(JSON.stringify([...values, text, attempt])));
      return { body: text, idempotencyKey: `trainer-${id.slice(0, 40)}` };
    });
  }

  concludeSubmission(key: StepKey & { name: string }, state: 'refused' | 'recorded'): void {
    this.run(
      'UPDATE submissions SET state = ? WHERE study_id = ? AND round = ? AND name = ? AND subject = ?',
      state,
      key.studyId,
      key.round,
      key.name,
      key.subject,
    );
  }

  /**
   * Drops bytes that nobody needs once a round and those before are over. The draws remain spent.
   *
   * @param owed SHA-256 of a sealed artefact that the ledger names and IPFS does not have yet: it is kept until then
   */
  forgetBytes(studyId: string, upToRound: number, owed = ''): void {
    const last = Math.min(upToRound, Number.MAX_SAFE_INTEGER);
    this.transaction(() => {
      this.run(
        'UPDATE releases SET payload = NULL WHERE study_id = ? AND round <= ? AND payload IS NOT NULL',
        studyId,
        last,
      );
      this.run(
        `UPDATE sealed SET ciphertext = NULL WHERE study_id = ? AND round <= ? AND ciphertext IS NOT NULL
           AND NOT (cid IS NULL AND sha256 = ?)`,
        studyId,
        last,
        owed,
      );
    });
  }

  /** Drops what is left of a dataset's updates in a study. The draws remain spent. */
  forgetUpdates(studyId: string, datasetId: string): void {
    this.transaction(() => {
      this.run(
        `UPDATE releases SET payload = NULL WHERE study_id = ? AND dataset_id = ? AND pool = 'training'`,
        studyId,
        datasetId,
      );
      this.run('UPDATE sealed SET ciphertext = NULL WHERE study_id = ? AND subject = ?', studyId, datasetId);
    });
  }

  /** How many draws there are per key: 1 each, by the primary key. For reports and tests. */
  releases(): (ReleaseKey & Release & { readonly drawnAt: string })[] {
    return this.all('SELECT * FROM releases ORDER BY study_id, round, dataset_id, pool').map((row) => ({
      studyId: row.study_id as string,
      round: Number(row.round),
      datasetId: row.dataset_id as string,
      pool: row.pool as Pool,
      drawnAt: row.drawn_at as string,
      ...releaseOf(row),
    }));
  }
}

const releaseOf = (row: Row): Release => ({
  payload: (row.payload as Uint8Array | null) ?? new Uint8Array(),
  payloadSha256: row.payload_sha256 as string,
  subjectSha256: row.subject_sha256 as string,
  localParameters: (row.local_parameters as Uint8Array | null) ?? undefined,
  charge: row.charge as Release['charge'],
});

const datasetOf = (row: Row): PreparedDataset => ({
  datasetId: row.dataset_id as string,
  path: row.path as string,
  dictionary: JSON.parse(row.dictionary as string) as Dictionary,
  salt: row.salt as Uint8Array,
  commitment: row.commitment as string,
  recordCountBand: { low: Number(row.band_low), high: Number(row.band_high) },
});
