// Transactions on motions: hospitals of a study decide to pause, resume or amend it.
import {
  type Dataset,
  type Motion,
  membershipOf,
  type RoundRow,
  type StudyRow,
  type Vote,
} from '@consilium/domain';
import {
  asMoved,
  castVote,
  datasetIn,
  decideMotion,
  moveMotion,
  requirePresentOwner,
  resumeRound,
  type Stake,
  votersOf,
  votesOf,
} from '@consilium/domain/rules';
import type { Ledger } from '../ledger/ledger.ts';
import { motionKey } from '../ledger/rows.ts';
import { changeAccounts } from './change-accounts.ts';
import {
  consentedBlocks,
  consentsOf,
  departureOf,
  findBlocks,
  findBook,
  findDataset,
  findMembership,
  findStudy,
  findWeighed,
  found,
  roundsOf,
} from './find.ts';
import { type LedgerContext, LedgerContract } from './ledger-context.ts';
import { guardConsented } from './policies.ts';
import { hasLeft } from './quorum-now.ts';
import { transact } from './transact.ts';

export class MotionContract extends LedgerContract {
  constructor() {
    super('motion');
  }

  move(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'motion:move', text, async ({ argument, ledger, mspId, at, concern }) => {
      const study = await findStudy(ledger, argument.studyId);
      for (const datasetId of argument.amendment?.addDatasets ?? []) {
        const dataset = await findDataset(ledger, datasetId);
        requirePresentOwner(dataset, await hasLeft(ledger, dataset.owner));
      }
      const wanted = await wantedOf(ledger, study, argument);
      const motion = moveMotion(argument, {
        mspId,
        membership: membershipOf(await findMembership(ledger, mspId)),
        at,
        study,
        consents: await consentsOf(ledger, study),
        previous: await latestMotion(ledger, study),
        wanted,
        left: await leftOf(ledger, wanted),
      });
      concern({ purpose: [study.purpose], dataset: motion.amendment?.addDatasets ?? [] });
      // Not the study: every step of a round reads it, and one voter's motions would conflict with all of them.
      await ledger.put('motion', motion);
      return motion;
    });
  }

  vote(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'motion:vote', text, async (call) => {
      const { argument, ledger, mspId, at } = call;
      const study = await findStudy(ledger, argument.studyId);
      // The vote that decides says how long a pause took.
      call.requireTimely(study);
      const open = await findMotion(ledger, argument);
      const consents = await consentsOf(ledger, study);
      const own: Stake[] = [];
      for (const consent of consents) {
        if (consent.owner !== mspId || consent.state !== 'granted') continue;
        const dataset = await findDataset(ledger, consent.datasetId);
        const of = consentedBlocks(dataset, consent);
        own.push({ dataset, consent, blocks: await findBlocks(ledger, of.populationId, of.blocks) });
      }
      const moved = own.map(({ dataset, consent }) => consentedBlocks(dataset, consent));
      const before = await findBook(ledger, moved);
      const key = motionKey(open.motion);
      const given: Vote[] = [];
      for (const voter of votersOf(consents)) {
        const vote = await ledger.get('vote', study.studyId, key, voter);
        if (vote !== undefined) given.push(vote);
      }
      const counted = votesOf(given, consents);
      const wanted = await wantedOf(ledger, study, open);
      const left = await leftOf(ledger, wanted);
      const steward = call.enrolmentId();
      const cast = castVote(argument, {
        mspId,
        membership: membershipOf(await findMembership(ledger, mspId)),
        steward,
        at,
        study,
        consents,
        motion: open,
        votes: counted,
        wanted,
        left,
        stakes: own,
        book: before,
      });
      const votes = [...counted.filter((vote) => vote.mspId !== mspId), cast.vote];
      const { motion, study: decided } = decideMotion(open, { at, study, consents, votes, wanted, left });
      await ledger.put('vote', cast.vote);
      if (motion !== open) await ledger.put('motion', motion);
      for (const { consent } of cast.stakes) {
        call.concern({ dataset: [consent.datasetId] });
        await ledger.put('consent', consent);
      }
      await changeAccounts(ledger, before, cast.book);
      if (motion.kind === 'amend' && cast.vote.accept && cast.vote.complete) {
        for (const { consent } of own) await guardConsented(ledger, consent);
      }
      if (decided !== undefined) {
        call.concern({ purpose: [study.purpose] });
        await ledger.put('study', { ...decided, motions: motion.motion });
        if (motion.kind === 'resume') await moveDeadline(ledger, study, at);
      }
      return motion;
    });
  }

  get(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'motion:get', text, async ({ argument, ledger }) => {
      const motion = await findMotion(ledger, argument);
      const votes: Vote[] = await ledger.all('vote', motion.studyId, motionKey(motion.motion));
      return { motion, votes };
    });
  }

  list(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'motion:list', text, async ({ argument, ledger }) => {
      await findStudy(ledger, argument.studyId);
      const page = await ledger.page('motion', [argument.studyId], argument);
      const items: Motion[] = [];
      for (const motion of page.items) items.push(await asItCounts(ledger, motion));
      return { ...page, items };
    });
  }
}

const findMotion = async (
  ledger: Ledger,
  { studyId, motion }: { readonly studyId: string; readonly motion: number },
): Promise<Motion> => {
  const row = ledger.get('motion', studyId, motionKey(motion));
  return asItCounts(ledger, await found(row, 'MOTION_NOT_FOUND', `motion ${motion} of study ${studyId}`));
};

const asItCounts = async (ledger: Ledger, motion: Motion): Promise<Motion> =>
  asMoved(motion, await departureOf(ledger, motion.movedBy, motion));

/** The last of a study's motions, which are numbered without a gap: by doubling and halving from one that is there. */
async function latestMotion(ledger: Ledger, { studyId, motions = 0 }: StudyRow): Promise<Motion | undefined> {
  const at = (number: number) => ledger.get('motion', studyId, motionKey(number));
  let low = motions;
  let latest = low === 0 ? undefined : await at(low);
  let step = 1;
  for (let next = await at(low + step); next !== undefined; next = await at(low + step)) {
    [low, latest, step] = [low + step, next, step * 2];
  }
  for (let high = low + step; high - low > 1; ) {
    const middle = (low + high) >> 1;
    const row = await at(middle);
    if (row === undefined) high = middle;
    else [low, latest] = [middle, row];
  }
  return latest && asItCounts(ledger, latest);
}

/** Every dataset of a study, in the revision that it is weighed by, and those that an amendment adds, each once. */
async function wantedOf(
  ledger: Ledger,
  study: StudyRow,
  { amendment }: Pick<Motion, 'amendment'>,
): Promise<Dataset[]> {
  const wanted: Dataset[] = [];
  if (amendment === undefined) return wanted;
  for (const datasetId of new Set([...study.datasets, ...(amendment.addDatasets ?? [])])) {
    const dataset = await findDataset(ledger, datasetId);
    const weighed = await findWeighed(ledger, study, dataset);
    wanted.push(weighed === undefined ? dataset : datasetIn(dataset, weighed));
  }
  return wanted;
}

/** Owners of these datasets that are members no more. */
async function leftOf(ledger: Ledger, wanted: readonly Dataset[]): Promise<string[]> {
  const left: string[] = [];
  for (const owner of new Set(wanted.map((dataset) => dataset.owner))) {
    if (await hasLeft(ledger, owner)) left.push(owner);
  }
  return left;
}

/** A pause costs the round in flight no time. */
async function moveDeadline(ledger: Ledger, study: StudyRow, at: string): Promise<void> {
  const round: RoundRow | undefined = (await roundsOf(ledger, study)).at(-1);
  if (round === undefined || round.state === 'finalized' || round.state === 'aborted') return;
  await ledger.put('round', resumeRound(round, study.pausedAt ?? at, at));
}
