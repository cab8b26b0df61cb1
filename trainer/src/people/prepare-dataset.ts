// The hospital's own files: checked by their dictionary, committed to, and compared with the patients whom their
// population knows. Nothing leaves the house.
import assert from 'node:assert/strict';
import {
  bandOf,
  canonicalJson,
  type Dataset,
  type Dictionary,
  DomainError,
  largestAdvisedDelta,
  type NewBlock,
  populationIdOf,
  type RecordCountBand,
} from '@consilium/domain';
import type { BlockMembers, KnownBlock, OtherPeople, PeopleFound } from '../data/find-people.ts';
import { DataError, type Dataset as HospitalFile } from '../data/index.ts';
import { patientsDigest, SALTED_ID_BYTES } from '../data/salted-ids.ts';
import { TrainerError } from '../errors.ts';
import { describeFailure } from '../failure.ts';
import type { BlockBand, Revision } from '../journal/people-journal.ts';
import type { DailyLimit } from '../study/daily-limit.ts';
import { adopt, copyNameOf } from './adopt-dataset.ts';
import { everyone, removeUnnamed, writeBlockFile } from './kept-files.ts';
import {
  findDataset,
  findMissedRevision,
  type MissedRevision,
  type RegisterContext,
  recordRevisions,
  requireRegister,
  requireRemovalsKnown,
} from './register.ts';
import { inRegisterTurn } from './turns.ts';

type Context = RegisterContext & { readonly attempts: DailyLimit };

/** Patients of the smallest band. */
const FEWEST = 10;

/** What a prepared file is for the ledger, in its own words. */
export interface Prepared {
  readonly datasetId: string;
  readonly populationId: string;
  /** Which one it is, or would be. */
  readonly revision: number;
  readonly commitment: string;
  readonly recordCountBand: RecordCountBand;
  /** Blocks of the population whose patients are in it, as the ledger takes them; absent for its first dataset. */
  readonly blocks?: readonly BlockBand[];
  readonly newBlock?: NewBlock;
  readonly removed: boolean;
  /** Digest of the population's salt, for its registration. */
  readonly saltSha256: string;
  /** The largest δ for the privacy budget that is small against the band. */
  readonly largestAdvisedDelta: string;
  /** What this hospital alone is to know. */
  readonly notes: readonly string[];
}

export interface DatasetRequest {
  readonly datasetId: string;
  readonly populationId?: string;
  readonly path: string;
  readonly dictionary: Dictionary;
}

/**
 * Reads a file whole, compares its patients with those whom the population knows, and remembers it as the next revision
 * of its dataset until the ledger has it: nothing else changes before. Another one that is prepared takes its place.
 *
 * The salt is drawn once for a population's life and decides its split, so that preparing the same rows again (from
 * another path, say) gives the same commitment. Every attempt is counted and logged with who made it; what a refusal
 * tells of the file is which rule which column of the dictionary breaks.
 *
 * @throws DataError; TrainerError where the path, the number of attempts, the register or the ledger is against it;
 * DomainError DATASET_EXISTS for the id of another hospital's dataset
 */
export async function prepareDataset(
  context: Context,
  request: DatasetRequest,
  askedBy: string,
): Promise<Prepared> {
  const { datasetId, path } = request;
  const about = { audit: 'dataset check', askedBy, datasetId, path };
  try {
    const prepared = await inRegisterTurn(context.journal, () => checkAndKeep(context, request));
    context.log.info({ ...about, outcome: 'prepared' }, 'a file was checked');
    return prepared;
  } catch (thrown) {
    const error = thrown instanceof DataError ? thrown.withoutPlaces() : thrown;
    context.log.warn({ ...about, outcome: describeFailure(error).code }, 'a file was checked');
    throw error;
  }
}

async function checkAndKeep(context: Context, request: DatasetRequest): Promise<Prepared> {
  const { journal, dataFiles, attempts } = context;
  const { datasetId, path, dictionary } = request;
  // What the ledger refuses is refused before the file is looked at.
  const onLedger = await ownOnLedger(context, request);
  const populationId = populationOf(request, onLedger);
  if (populationId !== datasetId) requireIds(dictionary);
  await recordRevisions(context);
  const copy = copyNameOf(datasetId, path);
  journal.filesAtWork.add(copy);
  try {
    await dataFiles.keep({ path, copy: journal.copyPath(copy) }, (identity) => attempts.count(identity));
    if (onLedger !== undefined) await adopt(context, { onLedger, candidate: copy });
    const missed = onLedger && (await findMissedRevision(context, onLedger));
    const salt = await requireRegister(context, populationId, missed);
    const task = { request, onLedger, populationId, salt, copy };
    const found =
      missed === undefined
        ? await new Preparation(context, task).run()
        : await recoverOrGoOn(context, { ...task, missed });
    return { ...found, saltSha256: patientsDigest(salt) };
  } finally {
    journal.filesAtWork.clear();
    await removeUnnamed(journal);
  }
}

/**
 * Where the ledger has a revision that this folder lacks: that one, if the file is it. Otherwise the next one after it,
 * if nothing was in it that this folder would have to know: no block, and nobody who is gone.
 */
async function recoverOrGoOn(
  context: Context,
  { missed, ...task }: Task & { readonly missed: MissedRevision },
): Promise<Omit<Prepared, 'saltSha256'>> {
  const recovered = await new Preparation(context, task).recover(missed);
  if (recovered !== undefined) return recovered;
  await requireRegister(context, task.populationId);
  await requireRemovalsKnown(context, task.onLedger!);
  return new Preparation(context, { ...task, last: task.onLedger!.revision ?? 1 }).run();
}

/** A dataset of this hospital on the ledger; undefined where it has none by this id. */
async function ownOnLedger(
  context: Context,
  { datasetId, dictionary }: Pick<DatasetRequest, 'datasetId' | 'dictionary'>,
): Promise<Dataset | undefined> {
  const onLedger = await findDataset(context, datasetId);
  if (onLedger === undefined) return undefined;
  if (onLedger.owner !== context.mspId) {
    throw new DomainError(
      'DATASET_EXISTS',
      `${datasetId} is a dataset of ${onLedger.owner}: choose another id`,
    );
  }
  if (canonicalJson(onLedger.dictionary) !== canonicalJson(dictionary)) {
    throw new TrainerError(
      'TRAINER_DATASET_CHANGED',
      `the ledger has another dictionary for ${datasetId}: give that one, or choose another datasetId and name the ` +
        `populationId ${populationIdOf(onLedger)}`,
    );
  }
  return onLedger;
}

function populationOf({ datasetId, populationId }: DatasetRequest, onLedger: Dataset | undefined): string {
  const present = onLedger === undefined ? undefined : populationIdOf(onLedger);
  if (present !== undefined && populationId !== undefined && populationId !== present) {
    throw new TrainerError(
      'TRAINER_DATASET_CHANGED',
      `${datasetId} is of population ${present} for good: leave populationId out, or choose another datasetId`,
    );
  }
  return present ?? populationId ?? datasetId;
}

function requireIds({ patientId }: Dictionary): void {
  if (patientId === null) throw new TrainerError('TRAINER_IDS_REQUIRED');
}

/** A file that was read for a population, under its salt. */
type ReadFile = HospitalFile & { readonly commitment: string; readonly people: PeopleFound };

interface Task {
  readonly request: DatasetRequest;
  readonly onLedger: Dataset | undefined;
  readonly populationId: string;
  readonly salt: Uint8Array;
  readonly copy: string;
  /** The ledger's last revision, where this folder lacks it. */
  readonly last?: number;
}

class Preparation {
  readonly #context: Context;
  readonly #task: Task;
  readonly #notes: string[] = [];

  constructor(context: Context, task: Task) {
    this.#context = context;
    this.#task = task;
  }

  async run(): Promise<Omit<Prepared, 'saltSha256'>> {
    const { journal } = this.#context;
    const { request, onLedger, populationId, copy, last = 0 } = this.#task;
    const { datasetId, path, dictionary } = request;
    const register = this.#registerNow();
    const first = await this.#read({ takesNew: true, without: [] });
    const present = journal.presentRevision(datasetId);
    if (present?.commitment === first.commitment) return this.#again(present);
    if (onLedger !== undefined) requireIds(dictionary);
    this.#refuseElsewhere(first.people.elsewhere);
    this.#refuseRespelled(first.people.spellings);
    const file = await this.#withoutFew(first);
    if (this.#registerNow() !== register) {
      // A study recorded a revision meanwhile: who is new is another question now.
      this.#notes.length = 0;
      return this.run();
    }
    if (present?.commitment === file.commitment) return this.#again(present);
    const { commitment, recordCountBand, people } = file;
    const opened = this.#newBlock(people);
    const shares = people.blocks.filter(({ patients }) => patients > 0);
    const members: BlockMembers[] = opened === undefined ? shares : [...shares, opened.members];
    const bands = shares.map(({ block, patients }) => ({ block, recordCountBand: bandOf(patients)! }));
    const newBlock = opened?.newBlock;
    const removed = present !== undefined && isSomebodyGone(journal.members(present), shares);
    const revision = Math.max(present?.revision ?? 0, last) + 1;
    journal.transaction(() => {
      // The same rows as once before: their copy may be the one that a consent of that time lacks.
      for (const former of journal.revisions(datasetId)) {
        if (former.commitment === commitment) journal.moveRevision(former, { copy, path });
      }
      journal.keepPending(
        {
          ...{ datasetId, revision, populationId, dictionary, path, copy },
          ...{ commitment, recordCountBand, removed },
          blocks: newBlock === undefined ? bands : [...bands, newBlock],
          newBlock: opened && { ...opened.newBlock, patients: opened.members.patients },
        },
        members,
      );
      // Until there is a revision on the ledger, the prepared one is what there is.
      if (present === undefined) {
        const { salt } = this.#task;
        journal.saveDataset({ datasetId, path, dictionary, salt, commitment, recordCountBand });
      }
    });
    const isFirst = newBlock?.block === 1 && bands.length === 0;
    return {
      ...{ datasetId, populationId, revision, commitment, recordCountBand },
      ...(!isFirst && { blocks: bands }),
      ...(newBlock !== undefined && { newBlock }),
      removed,
      largestAdvisedDelta: largestAdvisedDelta(recordCountBand),
      notes: this.#notes,
    };
  }

  /**
   * Takes a file for the revision of the ledger that this folder lacks, where it is that revision: with its rows, its
   * blocks and its patients; undefined where it is another.
   *
   * @throws as `run`
   */
  async recover(missed: MissedRevision): Promise<Omit<Prepared, 'saltSha256'> | undefined> {
    const { journal } = this.#context;
    const { request, populationId, copy } = this.#task;
    const { datasetId, path, dictionary } = request;
    // Who withdrew may have done so before that revision, or since.
    for (const leavesOutWithdrawn of [true, false]) {
      const first = await this.#read({ takesNew: true, without: [], leavesOutWithdrawn });
      const file = await this.#withoutFew(first, leavesOutWithdrawn);
      this.#notes.length = 0;
      if (file.commitment !== missed.commitment) continue;
      this.#refuseElsewhere(file.people.elsewhere);
      const opened = this.#newBlock(file.people);
      const shares = file.people.blocks.filter(({ patients }) => patients > 0);
      const members = opened === undefined ? shares : [...shares, opened.members];
      const bands = members.map(({ block, patients }) => ({ block, recordCountBand: bandOf(patients)! }));
      const { recordCountBand } = missed;
      const present = journal.presentRevision(datasetId);
      journal.keepPending(
        {
          ...{ datasetId, revision: missed.revision, populationId, dictionary, path, copy },
          ...{ commitment: missed.commitment, recordCountBand, blocks: bands },
          newBlock: opened && { ...opened.newBlock, patients: opened.members.patients },
          removed: present !== undefined && isSomebodyGone(journal.members(present), shares),
        },
        members,
      );
      // It counts where the ledger says the same of it.
      await recordRevisions(this.#context, datasetId);
      const recovered = journal.presentRevision(datasetId);
      if (recovered?.revision === missed.revision) return this.#again(recovered);
    }
    return undefined;
  }

  /** What changes when a revision is recorded. */
  #registerNow(): string {
    const { journal } = this.#context;
    const { request, populationId } = this.#task;
    return JSON.stringify([
      journal.blocks(populationId),
      journal.presentRevision(request.datasetId)?.revision ?? 0,
    ]);
  }

  async #read({
    takesNew,
    without,
    leavesOutWithdrawn = true,
  }: {
    readonly takesNew: boolean;
    readonly without: readonly number[];
    readonly leavesOutWithdrawn?: boolean;
  }): Promise<ReadFile> {
    const { journal, dataFiles } = this.#context;
    const { request, populationId, salt, copy } = this.#task;
    const blocks = journal.blocks(populationId).map((block): KnownBlock => {
      const nobody = new Uint8Array(Math.ceil(block.patients / 8));
      return { ...journal.blockFile(block), ...(without.includes(block.block) && { members: nobody }) };
    });
    const file = await dataFiles.read({
      path: journal.copyPath(copy),
      isKept: true,
      dictionary: request.dictionary,
      salt,
      people: {
        salt,
        blocks,
        withdrawn: journal.withdrawn(populationId),
        leavesOutWithdrawn,
        takesNew,
        others: this.#others(),
      },
    });
    const { commitment, people } = file;
    assert(commitment !== undefined && people !== undefined, 'a salt and people were given');
    return { ...file, commitment, people };
  }

  /** The other populations' people: those on the ledger, and those of revisions that may come there. */
  #others(): OtherPeople[] {
    const { journal } = this.#context;
    const { populationId } = this.#task;
    const others = journal.populations().filter((id) => id !== populationId);
    const pending = journal
      .revisions()
      .flatMap(({ state, newBlock, populationId: of, datasetId }) =>
        state === 'pending' && newBlock !== undefined && of !== populationId
          ? [{ name: `pending ${datasetId}`, of, newBlock }]
          : [],
      );
    return [
      ...others.map((id) => ({
        name: id,
        salt: journal.populationSalt(id)!,
        blocks: journal.blocks(id).map((block) => journal.blockFile(block)),
      })),
      ...pending.map(({ name, of, newBlock }) => ({
        name,
        salt: journal.populationSalt(of)!,
        blocks: [journal.blockFile(newBlock)],
      })),
    ];
  }

  /** Patients whom another population counts have its accounts, and would get fresh ones here. */
  #refuseElsewhere(names: readonly string[]): void {
    const { journal } = this.#context;
    const other = names.find((name) => !name.startsWith('pending '));
    if (other !== undefined) {
      throw new TrainerError(
        'TRAINER_PATIENTS_ELSEWHERE',
        `patients of the file are in population ${other}: give populationId ${other}, whose accounts are theirs for ` +
          'life. Where they are other people with the same ids, make the ids differ',
      );
    }
    for (const name of names) {
      const datasetId = name.slice('pending '.length);
      for (const revision of journal.revisions(datasetId)) {
        if (revision.state !== 'pending') continue;
        journal.dropRevision(revision);
        if (revision.revision === 1) journal.forgetDataset(datasetId);
      }
      this.#notes.push(
        `${datasetId} was prepared with some of the same patients and is not on the ledger: prepare it again, with ` +
          `populationId ${this.#task.populationId}, if it is still wanted.`,
      );
    }
  }

  /** One person by two ids would have two accounts. */
  #refuseRespelled({ lookedFor, known }: PeopleFound['spellings']): void {
    if (known === 0) return;
    const those = `${known} of the first ${lookedFor} new ids are known by another spelling (such as 7, 007 and 7.0)`;
    if (known * 2 > lookedFor) {
      throw new TrainerError(
        'TRAINER_IDS_RESPELLED',
        `${those}: write the ids as they were, so that those patients keep their accounts`,
      );
    }
    this.#notes.push(
      `${those}: if they are the same people, write their ids as they were before you revise.`,
    );
  }

  /** The file without those who are too few to have a band, read again where there are any. */
  async #withoutFew(first: ReadFile, leavesOutWithdrawn = true): Promise<ReadFile> {
    const { people } = first;
    const fresh = people.fresh.length / SALTED_ID_BYTES;
    const waits = fresh > 0 && fresh < FEWEST;
    const few = people.blocks.filter(({ patients }) => patients > 0 && patients < FEWEST);
    if (waits) {
      this.#notes.push(
        `${fresh} new patients wait: fewer than ${FEWEST} form no block. They are left out until a revision has more.`,
      );
    }
    for (const { block, patients } of few) {
      this.#notes.push(
        `The ${patients} patients of block ${block} are left out: fewer than ${FEWEST} have no band.`,
      );
    }
    if (!waits && few.length === 0) return first;
    return this.#read({ takesNew: !waits, without: few.map(({ block }) => block), leavesOutWithdrawn });
  }

  #newBlock({
    fresh,
  }: PeopleFound): { readonly newBlock: NewBlock; readonly members: BlockMembers } | undefined {
    const { journal } = this.#context;
    const patients = fresh.length / SALTED_ID_BYTES;
    if (patients < FEWEST) return undefined;
    const block = journal.blocks(this.#task.populationId).length + 1;
    const patientsSha256 = writeBlockFile(journal, fresh);
    return {
      newBlock: { block, recordCountBand: bandOf(patients)!, patientsSha256 },
      members: everyone({ block, patients }),
    };
  }

  /** Rows that are the ledger's already: where they lie now, and no new revision. */
  #again(present: Revision): Omit<Prepared, 'saltSha256'> {
    const { journal } = this.#context;
    const { request, salt, copy } = this.#task;
    const { datasetId, revision, populationId, commitment, recordCountBand, blocks, newBlock } = present;
    const { path, dictionary } = request;
    journal.transaction(() => {
      journal.moveRevision(present, { copy, path });
      journal.saveDataset({ datasetId, path, dictionary, salt, commitment, recordCountBand });
    });
    this.#notes.push(`The ledger has these rows as revision ${revision}: there is nothing to register.`);
    return {
      ...{ datasetId, populationId, revision, commitment, recordCountBand },
      blocks: blocks.filter(({ block }) => block !== newBlock?.block),
      removed: present.removed,
      largestAdvisedDelta: largestAdvisedDelta(recordCountBand),
      notes: this.#notes,
    };
  }
}

/** Whether somebody of a revision is not in the next one. */
export function isSomebodyGone(before: readonly BlockMembers[], after: readonly BlockMembers[]): boolean {
  return before.some(({ block, members }) => {
    const now = after.find((one) => one.block === block)?.members;
    return members.some((byte, i) => (byte & ~(now?.[i] ?? 0)) !== 0);
  });
}
