// A study on a consortium in memory, brought to any point of its life in a few words.
import type { CastVote, MoveMotion, ProposeStudy, Role } from '@consilium/domain';
import {
  aggregate,
  datasetArgument,
  memberArgument,
  sha256,
  studyArgument,
  updateArgument,
  verdictArgument,
} from '@consilium/domain/testing/examples';
import { type Caller, MemoryConsortium } from './memory-consortium.ts';

export const MEMBERS = ['AlphaMSP', 'BetaMSP', 'GammaMSP', 'DeltaMSP'] as const;
/** The hospital of each dataset. */
export const OWNERS: Readonly<Record<string, string>> = {
  alpha: 'AlphaMSP',
  beta: 'BetaMSP',
  gamma: 'GammaMSP',
  delta: 'DeltaMSP',
};
export const DATASETS = Object.keys(OWNERS).sort();
export const STUDY = 'heart';

export const as = (role: Role, mspId: string): Caller => ({ mspId, role });
export const ownerOf = (datasetId: string): string => OWNERS[datasetId]!;

/** Studies that were brought to a point of their life before, by that point: the same acts lead to the same ledger. */
const reached = new Map<string, Promise<StudyOnLedger>>();

export class StudyOnLedger extends MemoryConsortium {
  constructor() {
    super(MEMBERS);
  }

  /** A study of its own at this point, which is led there once in a process. */
  static async #at(point: string, lead: () => Promise<StudyOnLedger>): Promise<StudyOnLedger> {
    if (!reached.has(point)) reached.set(point, lead());
    const study = new StudyOnLedger();
    study.continueFrom(await reached.get(point)!);
    return study;
  }

  /** Members and datasets are there. */
  static prepared(epsilon = '8'): Promise<StudyOnLedger> {
    return StudyOnLedger.#at(`prepared ${epsilon}`, async () => {
      const study = new StudyOnLedger();
      for (const mspId of MEMBERS) {
        await study.submit(as('operator', mspId), 'member:register', memberArgument(mspId));
      }
      for (const datasetId of DATASETS) {
        const argument = datasetArgument(datasetId, epsilon);
        await study.submit(as('steward', ownerOf(datasetId)), 'dataset:register', argument);
      }
      return study;
    });
  }

  /** The study is proposed by Alpha over all four datasets. */
  static proposed(change: Partial<ProposeStudy> = {}): Promise<StudyOnLedger> {
    return StudyOnLedger.#at(`proposed ${JSON.stringify(change)}`, async () => {
      const study = await StudyOnLedger.prepared();
      await study.propose(change);
      return study;
    });
  }

  /** The study runs with everyone's consent. */
  static running(change: Partial<ProposeStudy> = {}): Promise<StudyOnLedger> {
    return StudyOnLedger.#at(`running ${JSON.stringify(change)}`, async () => {
      const study = await StudyOnLedger.proposed(change);
      for (const datasetId of DATASETS) await study.consent(datasetId);
      await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
      return study;
    });
  }

  propose(change: Partial<ProposeStudy> = {}) {
    const quorum = { updates: 3, validators: 3 };
    const argument = studyArgument({ studyId: STUDY, datasets: DATASETS, quorum, ...change });
    return this.submit(as('researcher', 'AlphaMSP'), 'study:propose', argument);
  }

  async consent(datasetId: string, studyId = STUDY, steward = as('steward', ownerOf(datasetId))) {
    const { claimedEpsilon } = await this.evaluate(steward, 'privacy:quote', { studyId, datasetId });
    return this.submit(steward, 'study:consent', { studyId, datasetId, claimedEpsilon });
  }

  open(round: number, mspId = 'AlphaMSP') {
    return this.submit(as('trainer', mspId), 'round:open', { studyId: STUDY, round });
  }

  update(datasetId: string, round: number, change: Partial<Parameters<typeof updateArgument>[0]> = {}) {
    const argument = updateArgument({ studyId: STUDY, round, datasetId, ...change });
    return this.submit(as('trainer', ownerOf(datasetId)), 'round:recordUpdate', argument);
  }

  close(round: number, mspId = 'AlphaMSP') {
    return this.submit(as('trainer', mspId), 'round:close', { studyId: STUDY, round });
  }

  commitScore(datasetId: string, round: number, score = 'score') {
    const argument = { studyId: STUDY, round, datasetId, scoreSha256: sha256(score) };
    return this.submit(as('trainer', ownerOf(datasetId)), 'round:commitScore', argument);
  }

  verdict(mspId: string, round: number, change: Partial<Parameters<typeof verdictArgument>[0]> = {}) {
    const own = DATASETS.filter((datasetId) => ownerOf(datasetId) === mspId);
    const argument = verdictArgument({ studyId: STUDY, round, datasets: DATASETS, own, ...change });
    return this.submit(as('trainer', mspId), 'round:recordVerdict', argument);
  }

  tally(round: number, mspId = 'AlphaMSP') {
    return this.submit(as('trainer', mspId), 'round:tally', { studyId: STUDY, round });
  }

  attest(mspId: string, round: number, parameters = `model ${round}`) {
    const { parametersSha256 } = aggregate(parameters);
    return this.submit(as('trainer', mspId), 'round:attest', { studyId: STUDY, round, parametersSha256 });
  }

  finalize(round: number, mspId = 'AlphaMSP', parameters = `model ${round}`) {
    const argument = { studyId: STUDY, round, aggregate: aggregate(parameters) };
    return this.submit(as('trainer', mspId), 'round:finalize', argument);
  }

  abortRound(round: number, mspId = 'AlphaMSP') {
    const argument = { studyId: STUDY, round, reason: 'too few contributed' };
    return this.submit(as('trainer', mspId), 'round:abort', argument);
  }

  move(mspId: string, motion: Omit<MoveMotion, 'studyId' | 'reason'>) {
    const argument = { studyId: STUDY, reason: 'as discussed', ...motion };
    return this.submit(as('steward', mspId), 'motion:move', argument);
  }

  /** The vote of one hospital, with what more rounds cost where it claims them. */
  vote(mspId: string, accept: boolean, motion = 1, change: Partial<CastVote & { person: string }> = {}) {
    const { person, ...rest } = change;
    const caller = { ...as('steward', mspId), ...(person !== undefined && { person }) };
    return this.submit(caller, 'motion:vote', { studyId: STUDY, motion, accept, ...rest });
  }

  settle(datasetId: string, studyId = STUDY) {
    return this.submit(as('trainer', ownerOf(datasetId)), 'study:settle', { studyId, datasetId });
  }

  budget(datasetId: string, pool: 'training' | 'held-out') {
    return this.evaluate(as('auditor', 'AlphaMSP'), 'privacy:getBudget', { datasetId, pool });
  }

  /** A round with everyone's updates, closed. */
  async trained(round: number): Promise<void> {
    await this.open(round);
    for (const datasetId of DATASETS) await this.update(datasetId, round);
    await this.close(round);
  }

  /** A round tallied with everyone's acceptance. */
  async tallied(round: number): Promise<void> {
    await this.trained(round);
    for (const mspId of MEMBERS) await this.verdict(mspId, round);
    await this.tally(round);
  }

  /** A round that everyone takes part in, from opening to finalising. */
  async wholeRound(round: number): Promise<void> {
    await this.tallied(round);
    for (const mspId of MEMBERS) await this.attest(mspId, round);
    await this.finalize(round);
  }
}

/** Proposes a study of any id over the same datasets. */
export const proposeAnother = (
  ledger: MemoryConsortium,
  studyId: string,
  mspId = 'AlphaMSP',
  change: object = {},
) =>
  ledger.submit(
    as('researcher', mspId),
    'study:propose',
    studyArgument({ studyId, datasets: DATASETS, quorum: { updates: 3, validators: 3 }, ...change }),
  );
