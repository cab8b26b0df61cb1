// A hospital's population over the ledger's own rules: patients come, studies are consented to, trained, scored and
// settled. It also keeps what no ledger knows: which patient is in which block and pool, and what was released about
// whom, so that tests and benches compare the accounts with what every patient really lost.
import { createHash } from 'node:crypto';
import { addGaussian } from '../accounting/gaussian-cost.ts';
import { costOfEvent, epsilonOf, type PrivacyCost } from '../accounting/privacy-cost.ts';
import { addRdp, zeroRdp } from '../accounting/rdp-vector.ts';
import type { ConsentQuote } from '../answers.ts';
import type { Block } from '../block.ts';
import type { ConsentRow } from '../consent.ts';
import type { DatasetRow } from '../dataset.ts';
import type { Population } from '../population.ts';
import type { Pool, PrivacyEvent } from '../privacy-event.ts';
import { bandOf } from '../public-bands.ts';
import type { Revision } from '../revision.ts';
import type { RoundRow } from '../round.ts';
import { type AccountBook, accountIn, bookOf } from '../rules/account-book.ts';
import { openBudgets } from '../rules/budget-rules.ts';
import { quoteConsent } from '../rules/consent-quote.ts';
import { grantConsent, settleConsent } from '../rules/consent-rules.ts';
import { registerDataset } from '../rules/dataset-rules.ts';
import { plannedScoreEvent, plannedTrainingEvent } from '../rules/plan-cost.ts';
import { openBlock, registerPopulation } from '../rules/population-rules.ts';
import { blocksOf, reviseDataset } from '../rules/revision-rules.ts';
import { proposeStudy } from '../rules/study-rules.ts';
import { recordUpdate } from '../rules/update-rules.ts';
import { recordVerdict } from '../rules/verdict-rules.ts';
import type { ProposeStudy, StudyRow } from '../study.ts';
import type { Update } from '../update.ts';
import type { Verdict } from '../verdict.ts';
import {
  cid,
  patientsArgument,
  populationArgument,
  studyArgument,
  updateArgument,
  verdictArgument,
} from './examples.ts';

const AT = '2026-03-01T08:00:00.000Z';
const OWNER = 'AlphaMSP';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The rules that move accounts: tests put mistakes in their place. */
export const LEDGER_RULES = { grantConsent, recordUpdate, recordVerdict, settleConsent };
export type LedgerRules = typeof LEDGER_RULES;

/** One patient: of one block and one pool, for life. A mistaken register has some in two blocks. */
export interface Patient {
  readonly blocks: readonly number[];
  readonly pool: Pool;
  /** What was released about this patient. */
  readonly events: PrivacyEvent[];
}

/** A consent with its study and what the ledger has of its rounds. */
export interface Taken {
  readonly study: StudyRow;
  readonly rounds: { round: RoundRow; update: Update | undefined; verdict: Verdict | undefined }[];
  consent: ConsentRow;
}

export class PopulationLife {
  readonly patients: Patient[] = [];
  readonly taken: Taken[] = [];
  readonly #rules: LedgerRules;
  readonly #inTwoBlocks: boolean;
  population: Population;
  dataset: DatasetRow;
  revision: Revision;
  blocks: Block[] = [];
  book: AccountBook = bookOf([]);
  #studies = 0;

  constructor({
    patients,
    epsilon,
    rules = LEDGER_RULES,
    inTwoBlocks = false,
    name = 'clinic',
  }: {
    readonly patients: number;
    readonly epsilon: string;
    readonly rules?: LedgerRules;
    /** A register that counts patients whom it has seen among the new ones. */
    readonly inTwoBlocks?: boolean;
    readonly name?: string;
  }) {
    this.#rules = rules;
    this.#inTwoBlocks = inTwoBlocks;
    const recordCountBand = bandOf(patients)!;
    const none = {
      existing: undefined,
      committed: undefined,
      oldest: undefined,
      namesake: undefined,
      counted: undefined,
    };
    const population = registerPopulation(populationArgument('all', epsilon), {
      owner: OWNER,
      at: AT,
      existing: undefined,
      dataset: undefined,
    });
    const argument = patientsArgument(name, 'all');
    const newBlock = { ...argument.newBlock!, recordCountBand };
    const registered = registerDataset(
      { ...argument, recordCountBand, newBlock },
      { owner: OWNER, at: AT, population, ...none },
    );
    this.population = registered.population;
    this.dataset = registered.dataset;
    this.revision = registered.revision;
    this.#open(registered.block!, patients);
  }

  #open(block: Block, patients: number): void {
    this.blocks = [...this.blocks, block];
    this.book = new Map([...this.book, ...bookOf(openBudgets(this.population, block))]);
    this.#count(block, patients);
  }

  #count(block: Block, patients: number): void {
    for (let i = 0; i < patients; i++) {
      const earlier = this.#inTwoBlocks && i === 0 && block.block > 1 ? [block.block - 1] : [];
      // One in five is held out, as trainers split them.
      const pool = i % 5 === 4 ? 'held-out' : 'training';
      this.patients.push({ blocks: [...earlier, block.block], pool, events: [] });
    }
  }

  /** The next revision, with patients whom nobody had seen. */
  admit(patients: number): void {
    const number = this.population.blocks + 1;
    const recordCountBand = bandOf(patients)!;
    const newBlock = { block: number, recordCountBand, patientsSha256: sha256(`patients ${number}`) };
    const { dataset, revision } = reviseDataset(
      {
        datasetId: this.dataset.datasetId,
        commitment: cid(`rows with block ${number}`),
        recordCountBand: bandOf(this.patients.length + patients)!,
        blocks: this.revision.blocks,
        newBlock,
        removed: false,
      },
      { mspId: OWNER, at: AT, dataset: this.dataset, population: this.population, committed: undefined },
    );
    const opened = openBlock(this.population, newBlock, { at: AT, counted: undefined });
    this.population = opened.population;
    this.dataset = dataset;
    this.revision = revision;
    this.#open(opened.block, patients);
  }

  /** More patients of the first block, as before there were blocks: its account is theirs too. */
  join(patients: number): void {
    const [block] = this.blocks;
    this.#count(block!, patients);
    const recordCountBand = bandOf(this.patients.length)!;
    this.dataset = { ...this.dataset, recordCountBand };
    this.revision = { ...this.revision, recordCountBand, blocks: [{ block: 1, recordCountBand }] };
  }

  propose(change: Partial<ProposeStudy> = {}): StudyRow {
    const studyId = `study-${++this.#studies}`;
    const { datasetId } = this.dataset;
    const proposed = proposeStudy(studyArgument({ studyId, datasets: [datasetId], ...change }), {
      requester: OWNER,
      at: AT,
      existing: undefined,
      wanted: [this.dataset],
    });
    return { ...proposed, state: 'running', startedAt: AT };
  }

  quote(study: StudyRow, asked?: readonly number[]): ConsentQuote {
    const { dataset, revision, blocks, book } = this;
    return quoteConsent(study, {
      dataset,
      revision,
      blocks,
      book,
      asked: asked && [...asked],
      sha256,
      approved: { approvals: [], declined: undefined, membership: 1 },
    });
  }

  /** @throws DomainError as the ledger refuses */
  consent(study: StudyRow, blocks: readonly number[]): Taken {
    const { dataset, revision } = this;
    const granted = this.#rules.grantConsent(
      {
        studyId: study.studyId,
        datasetId: dataset.datasetId,
        claimedEpsilon: { training: '999', heldOut: '999' },
        blocks: [...blocks],
      },
      {
        mspId: OWNER,
        membership: 1,
        at: AT,
        study,
        dataset,
        revision,
        blocks: this.blocks,
        existing: undefined,
        declined: undefined,
        steward: 'ann',
        sha256,
        book: this.book,
        approvals: [],
      },
    );
    this.book = granted.book;
    const taken = { study, consent: granted.consent, rounds: [] };
    this.taken.push(taken);
    return taken;
  }

  /** Opens the study's next round. */
  open({ study, rounds }: Taken): RoundRow {
    const { datasetId } = this.dataset;
    const round: RoundRow = {
      schema: 2,
      studyId: study.studyId,
      round: rounds.length + 1,
      state: 'training',
      base: null,
      participants: [{ datasetId, mspId: OWNER, weight: 1 }],
      validators: [OWNER],
      leader: OWNER,
      quorum: study.quorum,
      openedAt: AT,
      deadline: AT,
      stageSince: AT,
    };
    rounds.push({ round, update: undefined, verdict: undefined });
    return round;
  }

  /** A release about the patients of a pool whom a consent gives. */
  #release(consent: ConsentRow, event: PrivacyEvent): void {
    const given = blocksOf(consent);
    for (const { blocks, pool, events } of this.patients) {
      if (pool !== event.pool) continue;
      // Rows of somebody in two blocks are there twice: both are in one release.
      for (const block of blocks) if (given.includes(block)) events.push(event);
    }
  }

  /** Trains on the consented patients and records the update; or fails in between, where nothing is recorded. */
  train(taken: Taken, isRecorded = true): void {
    const { study, consent } = taken;
    const at = taken.rounds.at(-1)!;
    this.#release(consent, plannedTrainingEvent(study));
    if (!isRecorded) return;
    const { datasetId } = this.dataset;
    const { studyId } = study;
    const claim = { claimedEpsilon: '999', privacyEvent: plannedTrainingEvent(study) };
    const recorded = this.#rules.recordUpdate(
      updateArgument({ studyId, datasetId, round: at.round.round, ...claim }),
      {
        mspId: OWNER,
        at: AT,
        transactionId: 't',
        study,
        round: at.round,
        existing: undefined,
        released: undefined,
        consent,
        dataset: this.dataset,
        book: this.book,
        keyed: [],
        planSha256: consent.planSha256!,
      },
    );
    this.book = recorded.book;
    at.update = recorded.update;
  }

  /** Scores the candidate on the consented held-out patients and records the verdict. */
  score(taken: Taken, isRecorded = true): void {
    const { study, consent } = taken;
    const at = taken.rounds.at(-1)!;
    const { datasetId } = this.dataset;
    at.round = { ...at.round, state: 'validating', updates: at.update === undefined ? [] : [datasetId] };
    this.#release(consent, plannedScoreEvent(study));
    if (!isRecorded) return;
    const verdict = verdictArgument({
      studyId: study.studyId,
      round: at.round.round,
      datasets: at.round.updates ?? [],
      own: [datasetId],
    });
    const scores = verdict.scores.map((score) => ({
      ...score,
      claimedEpsilon: '999',
      privacyEvent: plannedScoreEvent(study),
    }));
    const recorded = this.#rules.recordVerdict(
      { ...verdict, scores },
      {
        mspId: OWNER,
        at: AT,
        transactionId: 't',
        study,
        round: at.round,
        existing: undefined,
        signerSha256: sha256('key'),
        planSha256: consent.planSha256!,
        own: new Map([[datasetId, { consent, dataset: this.dataset }]]),
        book: this.book,
      },
    );
    this.book = recorded.book;
    at.verdict = recorded.verdict;
  }

  settle(taken: Taken): void {
    const settled = this.#rules.settleConsent(taken.consent, {
      ownerLeft: false,
      mspId: OWNER,
      at: AT,
      transactionId: 't',
      study: { ...taken.study, state: 'aborted' },
      dataset: this.dataset,
      book: this.book,
      rounds: taken.rounds,
    });
    taken.consent = settled.consent;
    this.book = settled.book;
  }

  account(block: number, pool: Pool) {
    return accountIn(this.book, { populationId: 'all', block, pool });
  }

  /** What was released about each kind of patient: those who came together, of one block and pool, have the same. */
  kinds(): PrivacyEvent[][] {
    const kindOf = ({ blocks, pool, events }: Patient) => `${blocks} ${pool} ${events.length}`;
    return [...new Map(this.patients.map((one) => [kindOf(one), one.events])).values()];
  }

  /** The ε of everything that was released about the patient who lost most, recomputed from the events alone. */
  largestEpsilon(): string {
    return largestOf(this.kinds(), this.population.privacyBudget.delta);
  }
}

/** The greatest ε of several lists of events, each composed. */
export function largestOf(kinds: readonly (readonly PrivacyEvent[])[], delta: string): string {
  const epsilons = kinds.map((events) =>
    epsilonOf(
      events.map((event) => ({ event, count: 1 })),
      delta,
    ),
  );
  return epsilons.reduce((most, epsilon) => (Number(epsilon) > Number(most) ? epsilon : most), '0');
}

/** The cost of events one after the other, in both measures. */
export const lossOf = (events: readonly PrivacyEvent[]): PrivacyCost =>
  events.map(costOfEvent).reduce(
    (sum, cost) => ({
      renyi: addRdp(sum.renyi, cost.renyi),
      gaussian: addGaussian(sum.gaussian!, cost.gaussian!),
    }),
    { renyi: zeroRdp(), gaussian: '0' },
  );
