// Moving and deciding motions: by the hospitals whose datasets take part, each with one vote.
import type { Block } from '../block.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { ConsentRow } from '../consent.ts';
import type { Dataset, DatasetRow } from '../dataset.ts';
import { DomainError } from '../errors.ts';
import { type Departure, membershipOf, ofMembership } from '../member.ts';
import type { CastVote, Motion, MoveMotion, Vote } from '../motion.ts';
import { problem } from '../problem.ts';
import type { RoundRow } from '../round.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import type { StudyRow } from '../study.ts';
import type { AccountBook } from './account-book.ts';
import { checkTerms } from './dataset-rules.ts';
import { reserveBlocks } from './given-blocks.ts';
import { weightsOf } from './participation-rules.ts';
import { checkClaim, reservedCost, timesRounds } from './plan-cost.ts';
import { requireOpen } from './population-rules.ts';
import { publicTimeProblems } from './public-times.ts';
import { blocksOf } from './revision-rules.ts';
import { type Absent, checkEncodings, quorumProblems, sizeProblems } from './study-rules.ts';
import { nextStudyState } from './transition.ts';

/** The hospitals that decide: owners of datasets whose consent is in force, in order. */
export const votersOf = (consents: readonly ConsentRow[]): string[] =>
  [...new Set(consents.filter(({ state }) => state === 'granted').map(({ owner }) => owner))].sort();

/** A motion as it counts: one that its mover left behind has lapsed, and another can be moved. */
export const asMoved = (motion: Motion, departure: Departure | undefined): Motion =>
  motion.state === 'open' && departure !== undefined ? { ...motion, state: 'lapsed' } : motion;

/** The votes that count: of voters, cast in the membership that they consented in. Votes of one that left lapse. */
export const votesOf = (votes: readonly Vote[], consents: readonly ConsentRow[]): Vote[] =>
  votes.filter((vote) =>
    consents.some(
      (consent) =>
        consent.state === 'granted' &&
        consent.owner === vote.mspId &&
        membershipOf(consent) === membershipOf(vote),
    ),
  );

/** How many must accept: N as for a model, or everyone for an amendment. */
export const votesNeeded = (motion: Motion, study: StudyRow, voters: readonly string[]): number =>
  motion.kind === 'amend' ? voters.length : Math.min(study.quorum.validators, voters.length);

/** @throws DomainError STUDY_STATE, MOTION_STATE where the study is not in the state that the motion is for */
function requireMovable({ kind }: Pick<Motion, 'kind'>, study: StudyRow): void {
  if (kind === 'pause') nextStudyState(study, 'pause');
  else if (kind === 'resume') nextStudyState(study, 'resume');
  else if (study.state !== 'running' && study.state !== 'paused') {
    throw new DomainError(
      'STUDY_STATE',
      `study ${study.studyId} is ${study.state}: only a started one is amended`,
    );
  }
}

/**
 * A motion, numbered after the one before. There is one at a time: a member that floods a study with motions has to
 * have each decided first.
 *
 * @throws DomainError NOT_A_PARTICIPANT, STUDY_STATE, MOTION_STATE, INVALID_ARGUMENT and what amendedStudy refuses
 */
export function moveMotion(
  argument: MoveMotion,
  context: {
    readonly mspId: string;
    readonly membership: number;
    readonly at: string;
    readonly study: StudyRow;
    readonly consents: readonly ConsentRow[];
    /** The last motion, as it counts. */
    readonly previous: Motion | undefined;
    /** Every dataset of the study as amended. */
    readonly wanted: readonly Dataset[];
    /** Owners of them that are members no more. */
    readonly left: readonly string[];
  },
): Motion {
  const { mspId, membership, at, study, consents, previous, wanted, left } = context;
  if (mspId !== study.requester) requireVoter(consents, mspId, study);
  if (previous?.state === 'open') {
    throw new DomainError('MOTION_STATE', `motion ${previous.motion} is open: it is decided first`);
  }
  requireMovable(argument, study);
  if ((argument.kind === 'amend') !== (argument.amendment !== undefined)) {
    throw new DomainError('INVALID_ARGUMENT', [
      problem('amendment', 'must be there for kind amend, and only for it'),
    ]);
  }
  const motion: Motion = {
    schema: ROW_SCHEMA.motion,
    ...argument,
    motion: (previous?.motion ?? 0) + 1,
    studyVersion: study.version,
    state: 'open',
    movedBy: mspId,
    ...ofMembership(membership),
    movedAt: at,
  };
  if (motion.amendment !== undefined)
    amendedStudy(study, motion, { wanted, at, absent: absentOf(wanted, { left, consents }) });
  return motion;
}

/** @throws DomainError NOT_A_PARTICIPANT */
function requireVoter(consents: readonly ConsentRow[], mspId: string, { studyId }: StudyRow): void {
  if (votersOf(consents).includes(mspId)) return;
  throw new DomainError('NOT_A_PARTICIPANT', `${mspId} has no consenting dataset in study ${studyId}`);
}

/** Whose consents to a study are all given and over, of the owners that left. */
const absentOf = (
  wanted: readonly Dataset[],
  { left, consents }: { readonly left: readonly string[]; readonly consents: readonly ConsentRow[] },
): Absent => {
  const hasConsent = ({ datasetId }: Dataset) => consents.some((consent) => consent.datasetId === datasetId);
  const isOver = (mspId: string) => wanted.every((dataset) => dataset.owner !== mspId || hasConsent(dataset));
  return { left, over: left.filter(isOver) };
};

/**
 * The study as a motion amends it: a new version of its text, held to the same rules as a proposal.
 *
 * @throws DomainError INVALID_ARGUMENT, ENCODING_MISMATCH, LABEL_NOT_SCORED and what the added datasets' terms refuse
 */
export function amendedStudy(
  study: StudyRow,
  { amendment = {} }: Motion,
  {
    wanted,
    at,
    absent,
  }: { readonly wanted: readonly Dataset[]; readonly at: string; readonly absent: Absent },
): StudyRow {
  const { rounds, roundDeadlineSeconds, validationMinimum, quorum, addDatasets = [] } = amendment;
  const amended: StudyRow = {
    ...study,
    ...(rounds !== undefined && { rounds }),
    ...(roundDeadlineSeconds !== undefined && { roundDeadlineSeconds }),
    ...(validationMinimum !== undefined && {
      validation: { ...study.validation, minimum: validationMinimum },
    }),
    ...(quorum !== undefined && { quorum }),
    datasets: [...study.datasets, ...addDatasets],
    ...(study.weights !== undefined &&
      addDatasets.length > 0 && { weights: weightsOf(wanted, study.weightRatioMax) }),
  };
  const problems = [
    // Nothing else makes a text longer: one from before there was a limit is amended like others.
    ...(addDatasets.length > 0 ? sizeProblems(amended) : []),
    // A quorum that stays may wait for hospitals that are added one by one.
    ...quorumProblems(amended, wanted, quorum === undefined ? undefined : absent),
    ...publicTimeProblems(amended.publicTimes, {
      roundDeadlineSeconds: amended.roundDeadlineSeconds,
      field: 'publicTimes',
    }),
  ];
  if (rounds !== undefined && rounds <= study.rounds) {
    problems.push(problem('amendment.rounds', `must be more than the ${study.rounds} of now`));
  }
  if (canonicalJson(amended) === canonicalJson(study))
    problems.push(problem('amendment', 'must change something'));
  if (problems.length > 0) throw new DomainError('INVALID_ARGUMENT', problems);
  for (const dataset of wanted) {
    if (!addDatasets.includes(dataset.datasetId)) continue;
    checkTerms(dataset, { purpose: study.purpose, requester: study.requester, at });
  }
  checkEncodings(amended, wanted);
  return { ...amended, version: study.version + 1 };
}

/** One own dataset of a voter, with the blocks of patients that its consent gives: what more rounds are reserved in. */
export interface Stake {
  readonly dataset: DatasetRow;
  readonly consent: ConsentRow;
  readonly blocks: readonly Block[];
}

/**
 * A hospital's vote, and what it reserves. A hospital speaks once enough of its stewards have voted alike: as
 * many as the strictest policy of its consenting datasets asks for.
 *
 * Accepting more rounds reserves them at once, so that a carried amendment is paid for. Where the motion fails
 * after all, a later one finds them reserved, and settling returns them.
 *
 * When a vote is given again, the motion is counted again, if that decides it. Otherwise voters whose consents are
 * withdrawn meanwhile would leave the motion open forever, and the study as it is.
 *
 * @throws DomainError NOT_A_PARTICIPANT, MOTION_STATE, VOTE_EXISTS, INVALID_ARGUMENT,
 * PRIVACY_COST_UNDERCLAIMED, BUDGET_EXCEEDED, BLOCK_RETIRED
 */
export function castVote(
  argument: CastVote,
  context: {
    readonly mspId: string;
    readonly membership: number;
    readonly steward: string;
    readonly at: string;
    readonly study: StudyRow;
    readonly consents: readonly ConsentRow[];
    readonly motion: Motion;
    /** What voters have given so far, in their present memberships. */
    readonly votes: readonly Vote[];
    readonly wanted: readonly Dataset[];
    readonly left: readonly string[];
    readonly stakes: readonly Stake[];
    readonly book: AccountBook;
  },
): { vote: Vote; stakes: Stake[]; book: AccountBook } {
  const { mspId, membership, steward, at, study, consents, motion, votes, stakes } = context;
  const existing = votes.find((vote) => vote.mspId === mspId);
  requireVoter(consents, mspId, study);
  if (motion.state !== 'open' || motion.studyVersion !== study.version) {
    throw new DomainError('MOTION_STATE', `motion ${motion.motion} is ${motion.state}`);
  }
  requireMovable(motion, study);
  if (existing?.complete) {
    const isDecided = decideMotion(motion, context).motion.state !== 'open';
    if (isDecided && existing.accept === argument.accept)
      return { vote: existing, stakes: [], book: context.book };
    throw new DomainError('VOTE_EXISTS', `${mspId} has voted on motion ${motion.motion}`);
  }
  if (existing?.stewards.includes(steward) && existing.accept === argument.accept) {
    throw new DomainError('VOTE_EXISTS', `${steward} has voted on motion ${motion.motion}: another must`);
  }
  const before = existing?.accept === argument.accept ? existing.stewards : [];
  const stewards = [...new Set([...before, steward])].sort();
  const needed = Math.max(1, ...stakes.map(({ dataset }) => dataset.consentPolicy.stewards));
  const complete = stewards.length >= needed;
  const { accept } = argument;
  const { studyId, motion: number } = motion;
  const schema = ROW_SCHEMA.vote;
  const vote: Vote = {
    schema,
    studyId,
    motion: number,
    mspId,
    ...ofMembership(membership),
    accept,
    stewards,
    complete,
    votedAt: at,
  };
  const rounds = motion.amendment?.rounds;
  const reserved: Stake[] = [];
  let { book } = context;
  if (accept && complete && rounds !== undefined) {
    for (const stake of stakes) {
      const after = reserveRounds(stake, { rounds, book, argument });
      reserved.push(after.stake);
      book = after.book;
    }
  }
  return { vote, stakes: reserved, book };
}

function reserveRounds(
  stake: Stake,
  {
    rounds,
    book,
    argument: { claims = [] },
  }: { readonly rounds: number; readonly book: AccountBook; readonly argument: CastVote },
): { stake: Stake; book: AccountBook } {
  const { dataset, consent } = stake;
  const more = rounds - consent.rounds;
  if (more <= 0) return { stake, book };
  // A retired block bears what it has reserved and nothing new.
  for (const block of stake.blocks) requireOpen(block);
  const claim = claims.find(({ datasetId }) => datasetId === dataset.datasetId)?.claimedEpsilon;
  if (claim === undefined) {
    throw new DomainError('INVALID_ARGUMENT', [
      problem('claims', `must say what ${more} rounds cost ${dataset.datasetId}`),
    ]);
  }
  const { delta } = dataset.privacyBudget;
  const cost = timesRounds(reservedCost(consent), more);
  for (const pool of ['training', 'heldOut'] as const) {
    const field = `claims.${dataset.datasetId}.claimedEpsilon.${pool}`;
    checkClaim({ claimed: claim[pool], cost: cost[pool], delta, field });
  }
  return {
    stake: { ...stake, consent: { ...consent, rounds } },
    book: reserveBlocks(book, { dataset, blocks: blocksOf(consent) }, cost),
  };
}

/**
 * What the votes so far make of a motion. Carried as soon as enough hospitals accept; rejected as soon as so many
 * refuse that it cannot be carried any more.
 *
 * An amendment counts only the votes of hospitals whose datasets have the rounds reserved: one that consented
 * meanwhile consented to the text before, and is asked too.
 */
export function decideMotion(
  motion: Motion,
  context: {
    readonly at: string;
    readonly study: StudyRow;
    readonly consents: readonly ConsentRow[];
    readonly votes: readonly Vote[];
    readonly wanted: readonly Dataset[];
    readonly left: readonly string[];
  },
): { motion: Motion; study: StudyRow | undefined } {
  const { at, study, consents, votes, wanted, left } = context;
  const voters = votersOf(consents);
  const needed = votesNeeded(motion, study, voters);
  const said = (accept: boolean) =>
    voters.filter((mspId) =>
      votes.some((vote) => vote.mspId === mspId && vote.complete && vote.accept === accept),
    ).length;
  if (voters.length - said(false) < needed) {
    return { motion: { ...motion, state: 'rejected', decidedAt: at }, study: undefined };
  }
  if (said(true) < needed) return { motion, study: undefined };
  return { motion: { ...motion, state: 'carried', decidedAt: at }, study: carried() };

  function carried(): StudyRow {
    if (motion.kind === 'amend') {
      return amendedStudy(study, motion, { wanted, at, absent: absentOf(wanted, { left, consents }) });
    }
    if (motion.kind === 'pause') return { ...study, state: nextStudyState(study, 'pause'), pausedAt: at };
    const { pausedAt: _, ...resumed } = study;
    return { ...resumed, state: nextStudyState(study, 'resume') };
  }
}

/** A round in flight when its study resumes: what was left of its stage before the pause is left after it. */
export function resumeRound(round: RoundRow, pausedAt: string, at: string): RoundRow {
  const pausedMs = Date.parse(at) - Date.parse(pausedAt);
  const moved = (instant: string) => new Date(Date.parse(instant) + Math.max(0, pausedMs)).toISOString();
  return { ...round, deadline: moved(round.deadline), stageSince: moved(round.stageSince) };
}
