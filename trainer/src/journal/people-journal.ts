// What the journal knows of a hospital's patients: populations with their salts and blocks, the revisions of their
// datasets, and who withdrew. A block's salted ids lie in a file beside the journal, named by their digest.
import { join } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Dictionary, RecordCountBand } from '@consilium/domain';
import type { BlockFile, BlockMembers, KnownBlock } from '../data/find-people.ts';
import { SALTED_ID_BYTES } from '../data/salted-ids.ts';
import type { Row } from './journal-database.ts';
import { StudyKeyJournal } from './study-key-journal.ts';

/** Patients who were first seen in one revision. */
export interface PatientBlock {
  readonly block: number;
  readonly patients: number;
  readonly patientsSha256: string;
}

/** A block that a revision would open, with its public words. */
export interface NewBlock extends PatientBlock {
  readonly recordCountBand: RecordCountBand;
}

export interface BlockBand {
  readonly block: number;
  readonly recordCountBand: RecordCountBand;
}

/** What a file was when it was prepared. pending: the ledger is not known to have it. */
export interface Revision {
  readonly datasetId: string;
  readonly revision: number;
  readonly populationId: string;
  readonly dictionary: Dictionary;
  readonly commitment: string;
  readonly recordCountBand: RecordCountBand;
  readonly blocks: readonly BlockBand[];
  readonly newBlock: NewBlock | undefined;
  readonly removed: boolean;
  /** Where the hospital has the file. */
  readonly path: string;
  /** Name of the copy that this trainer keeps; undefined where it keeps none. */
  readonly copy: string | undefined;
  readonly state: 'pending' | 'recorded';
}

export interface RevisionKey {
  readonly datasetId: string;
  readonly revision: number;
}

/** Which patients of a dataset a study was offered, as its consent says. */
export interface Offer extends RevisionKey {
  readonly studyId: string;
  readonly blocks: readonly number[];
}

export class PeopleJournal extends StudyKeyJournal {
  /** Names of files that are written, or copied, for a revision that is not in the journal yet. */
  readonly filesAtWork = new Set<string>();

  /** The salt of a population; undefined for one that this trainer does not know. */
  populationSalt(populationId: string): Uint8Array | undefined {
    const row = this.get('SELECT salt FROM populations WHERE population_id = ?', populationId);
    return row?.salt as Uint8Array | undefined;
  }

  /** Keeps the salt of a new population. One that is there keeps its own, which is the answer. */
  keepPopulation(populationId: string, salt: Uint8Array): Uint8Array {
    this.run(
      'INSERT INTO populations VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      populationId,
      salt,
      new Date().toISOString(),
    );
    return this.populationSalt(populationId)!;
  }

  populations(): string[] {
    return this.all('SELECT population_id FROM populations ORDER BY population_id').map(
      (row) => row.population_id as string,
    );
  }

  /** The recorded blocks of a population, in order. */
  blocks(populationId: string): PatientBlock[] {
    return this.all('SELECT * FROM blocks WHERE population_id = ? ORDER BY block', populationId).map(
      (row) => ({
        block: Number(row.block),
        patients: Number(row.patients),
        patientsSha256: row.patients_sha256 as string,
      }),
    );
  }

  blockPath(patientsSha256: string): string {
    return join(this.peopleDirectory, `${patientsSha256}.ids`);
  }

  blockFile({ block, patientsSha256 }: PatientBlock): BlockFile {
    return { block, patientsSha256, path: this.blockPath(patientsSha256) };
  }

  copyPath(copy: string): string {
    return join(this.copiesDirectory, copy);
  }

  revision({ datasetId, revision }: RevisionKey): Revision | undefined {
    const row = this.get(
      'SELECT * FROM revisions WHERE dataset_id = ? AND revision = ?',
      datasetId,
      revision,
    );
    return row && revisionOf(row);
  }

  /** Every revision, of a dataset or of all, oldest first. */
  revisions(datasetId?: string): Revision[] {
    const rows =
      datasetId === undefined
        ? this.all('SELECT * FROM revisions ORDER BY dataset_id, revision')
        : this.all('SELECT * FROM revisions WHERE dataset_id = ? ORDER BY revision', datasetId);
    return rows.map(revisionOf);
  }

  /** The last recorded revision of a dataset; undefined before the first. */
  presentRevision(datasetId: string): Revision | undefined {
    return this.revisions(datasetId).findLast(({ state }) => state === 'recorded');
  }

  /** Who of which block a revision is of. */
  members({ datasetId, revision }: RevisionKey): BlockMembers[] {
    return this.all(
      'SELECT * FROM revision_members WHERE dataset_id = ? AND revision = ? ORDER BY block',
      datasetId,
      revision,
    ).map((row) => ({
      block: Number(row.block),
      patients: Number(row.patients),
      members: unpacked(row.members as Uint8Array, Number(row.bytes)),
    }));
  }

  /** The blocks of a revision as they are looked patients up in: each with those who are in the revision. */
  knownBlocks(key: RevisionKey): KnownBlock[] {
    const { populationId } = this.revision(key)!;
    const members = new Map(this.members(key).map((one) => [one.block, one.members]));
    return this.blocks(populationId).flatMap((block) => {
      const own = members.get(block.block);
      return own === undefined ? [] : [{ ...this.blockFile(block), members: own }];
    });
  }

  /** Keeps a prepared revision until the ledger has it; another one of the same number is replaced. */
  keepPending(revision: Omit<Revision, 'state'>, members: readonly BlockMembers[]): void {
    const { datasetId, revision: number } = revision;
    this.transaction(() => {
      this.dropRevision({ datasetId, revision: number });
      this.run(
        `INSERT INTO revisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?)`,
        datasetId,
        number,
        revision.populationId,
        JSON.stringify(revision.dictionary),
        revision.commitment,
        revision.recordCountBand.low,
        revision.recordCountBand.high,
        JSON.stringify(revision.blocks),
        revision.newBlock === undefined ? null : JSON.stringify(revision.newBlock),
        revision.removed ? 1 : 0,
        revision.path,
        revision.copy ?? null,
        new Date().toISOString(),
      );
      for (const { block, patients, members: bits } of members) {
        this.run(
          'INSERT INTO revision_members VALUES (?, ?, ?, ?, ?, ?)',
          datasetId,
          number,
          block,
          patients,
          bits.length,
          deflateRawSync(bits),
        );
      }
    });
  }

  dropRevision({ datasetId, revision }: RevisionKey): void {
    this.transaction(() => {
      for (const table of ['revisions', 'revision_members']) {
        this.run(`DELETE FROM ${table} WHERE dataset_id = ? AND revision = ?`, datasetId, revision);
      }
    });
  }

  /** The ledger has a pending revision: from now on its new block is one of the population's. */
  recordRevision(key: RevisionKey): void {
    const { populationId, newBlock } = this.revision(key)!;
    this.transaction(() => {
      if (newBlock !== undefined) {
        const { block, patients, patientsSha256 } = newBlock;
        this.run('INSERT INTO blocks VALUES (?, ?, ?, ?)', populationId, block, patients, patientsSha256);
      }
      this.run(
        `UPDATE revisions SET state = 'recorded' WHERE dataset_id = ? AND revision = ?`,
        key.datasetId,
        key.revision,
      );
    });
  }

  /** Names another copy of a revision's file, or none, and where the hospital has it. */
  moveRevision(
    { datasetId, revision }: RevisionKey,
    { copy, path }: { readonly copy: string | undefined; readonly path: string },
  ): void {
    this.run(
      'UPDATE revisions SET copy = ?, path = ? WHERE dataset_id = ? AND revision = ?',
      copy ?? null,
      path,
      datasetId,
      revision,
    );
  }

  /** Records that these people withdrew; who did before keeps the time. @param people salted ids in hexadecimal */
  withdraw(populationId: string, people: readonly string[], nowMs: number): void {
    const at = new Date(nowMs).toISOString();
    this.transaction(() => {
      for (const person of people) {
        this.run('INSERT INTO withdrawn VALUES (?, ?, ?) ON CONFLICT DO NOTHING', populationId, person, at);
      }
    });
  }

  /** [n · 16] the sorted salted ids of those who withdrew. */
  withdrawn(populationId: string): Uint8Array {
    const rows = this.all(
      'SELECT person FROM withdrawn WHERE population_id = ? ORDER BY person',
      populationId,
    );
    const ids = new Uint8Array(rows.length * SALTED_ID_BYTES);
    for (const [i, { person }] of rows.entries())
      ids.set(Buffer.from(person as string, 'hex'), i * SALTED_ID_BYTES);
    return ids;
  }

  /** How many withdrew: it only grows, so that who counted it knows whether somebody did since. */
  countWithdrawn(populationId: string): number {
    const row = this.get('SELECT count(*) AS count FROM withdrawn WHERE population_id = ?', populationId);
    return Number(row?.count);
  }

  /** When a person withdrew (ISO 8601). */
  withdrawnAt(populationId: string, person: string): string | undefined {
    const row = this.get(
      'SELECT withdrawn_at FROM withdrawn WHERE population_id = ? AND person = ?',
      populationId,
      person,
    );
    return row?.withdrawn_at as string | undefined;
  }

  /** Notes which patients a study is offered, before anything is drawn for it. */
  keepOffer({ studyId, datasetId, revision, blocks }: Offer): void {
    this.run(
      `INSERT INTO offers VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET revision = excluded.revision, blocks = excluded.blocks`,
      studyId,
      datasetId,
      revision,
      JSON.stringify(blocks),
    );
  }

  offer(studyId: string, datasetId: string): Offer | undefined {
    const row = this.get('SELECT * FROM offers WHERE study_id = ? AND dataset_id = ?', studyId, datasetId);
    if (row === undefined) return undefined;
    return {
      studyId,
      datasetId,
      revision: Number(row.revision),
      blocks: JSON.parse(row.blocks as string) as number[],
    };
  }
}

const unpacked = (bytes: Uint8Array, length: number): Uint8Array =>
  new Uint8Array(inflateRawSync(bytes, { maxOutputLength: Math.max(1, length) }));

const revisionOf = (row: Row): Revision => ({
  datasetId: row.dataset_id as string,
  revision: Number(row.revision),
  populationId: row.population_id as string,
  dictionary: JSON.parse(row.dictionary as string) as Dictionary,
  commitment: row.commitment as string,
  recordCountBand: { low: Number(row.band_low), high: Number(row.band_high) },
  blocks: JSON.parse(row.blocks as string) as BlockBand[],
  newBlock: row.new_block === null ? undefined : (JSON.parse(row.new_block as string) as NewBlock),
  removed: row.removed === 1,
  path: row.path as string,
  copy: (row.copy as string | null) ?? undefined,
  state: row.state as Revision['state'],
});
