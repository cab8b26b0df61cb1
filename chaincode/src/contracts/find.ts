// Rows that must be there, each with the refusal that says which is not.
import type {
  Argument,
  ConsentRow as Consent,
  DatasetRow as Dataset,
  Equivocation,
  MemberRow as Member,
  RoundRow as Round,
  ScoreCommitment,
  StudyRow as Study,
} from '@consilium/domain';
import { DomainError, type ErrorCode, type Pool } from '@consilium/domain';
import type { Accounts, Tally } from '@consilium/domain/rules';
import { withPresentKey } from '@consilium/domain/rules';
import type { Ledger } from '../ledger/ledger.ts';
import type { PageOptions } from '../ledger/page.ts';
import { isRoundNumber, roundKey } from '../ledger/rows.ts';

type RoundArgument = Argument<'round:get'>;

/** The row, which must be there. @throws DomainError of the code given */
export async function found<T>(row: Promise<T | undefined>, code: ErrorCode, what: string): Promise<T> {
  const value = await row;
  if (value === undefined) throw new DomainError(code, `there is no ${what}`);
  return value;
}

/** A member with its present key. */
export async function findMember(ledger: Ledger, mspId: string): Promise<Member> {
  const member = await found(ledger.get('member', mspId), 'MEMBER_NOT_FOUND', `member ${mspId}`);
  return withPresentKey(member, await ledger.get('present-key', mspId));
}

export const findDataset = (ledger: Ledger, datasetId: string): Promise<Dataset> =>
  found(ledger.get('dataset', datasetId), 'DATASET_NOT_FOUND', `dataset ${datasetId}`);

export const findStudy = (ledger: Ledger, studyId: string): Promise<Study> =>
  found(ledger.get('study', studyId), 'STUDY_NOT_FOUND', `study ${studyId}`);

export const findConsent = (ledger: Ledger, studyId: string, datasetId: string): Promise<Consent> =>
  found(
    ledger.get('consent', studyId, datasetId),
    'CONSENT_NOT_FOUND',
    `consent of ${datasetId} to study ${studyId}`,
  );

export const findRound = (ledger: Ledger, { studyId, round }: RoundArgument): Promise<Round> =>
  found(
    ledger.get('round', studyId, roundKey(round)),
    'ROUND_NOT_FOUND',
    `round ${round} of study ${studyId}`,
  );

export const findBudget = (ledger: Ledger, datasetId: string, pool: Pool) =>
  found(ledger.accounts.get(datasetId, pool), 'DATASET_NOT_FOUND', `dataset ${datasetId}`);

export const findAccounts = async (ledger: Ledger, datasetId: string): Promise<Accounts> => ({
  training: await findBudget(ledger, datasetId, 'training'),
  heldOut: await findBudget(ledger, datasetId, 'held-out'),
});

/** The consents that a study has of the datasets it wants, in its order. */
export async function consentsOf(ledger: Ledger, study: Study): Promise<Consent[]> {
  const consents: Consent[] = [];
  for (const datasetId of study.datasets) {
    const consent = await ledger.get('consent', study.studyId, datasetId);
    if (consent !== undefined) consents.push(consent);
  }
  return consents;
}

/** Evidence of a round's validators that contradicted themselves, in their order. */
export async function equivocationsOf(
  ledger: Ledger,
  { studyId, round, validators }: Round,
): Promise<Equivocation[]> {
  const found: Equivocation[] = [];
  for (const mspId of validators) {
    const equivocation = await ledger.get('equivocation', studyId, roundKey(round), mspId);
    if (equivocation !== undefined) found.push(equivocation);
  }
  return found;
}

/** The scores of a round that are committed to, in the order of its participants. */
export async function scoreCommitmentsOf(
  ledger: Ledger,
  { studyId, round, participants }: Round,
): Promise<ScoreCommitment[]> {
  const found: ScoreCommitment[] = [];
  for (const { datasetId } of participants) {
    const commitment = await ledger.get('score-commitment', studyId, roundKey(round), datasetId);
    if (commitment !== undefined) found.push(commitment);
  }
  return found;
}

/** What a round's validators have recorded, in their order. */
export async function tallyRows(ledger: Ledger, row: Round): Promise<Tally> {
  const { studyId, round, validators } = row;
  const verdicts: Tally['verdicts'][number][] = [];
  const attestations: Tally['attestations'][number][] = [];
  for (const mspId of validators) {
    const verdict = await ledger.get('verdict', studyId, roundKey(round), mspId);
    if (verdict !== undefined) verdicts.push(verdict);
    const attestation = await ledger.get('attestation', studyId, roundKey(round), mspId);
    if (attestation !== undefined) attestations.push(attestation);
  }
  const equivocators = (await equivocationsOf(ledger, row)).map(({ mspId }) => mspId);
  return { verdicts, attestations, equivocators };
}

/** Whose updates arrived, and whose are still expected: a withdrawn consent is not waited for. */
export async function arrivalsOf(
  ledger: Ledger,
  { studyId, round, participants }: Round,
): Promise<{ arrived: string[]; expected: string[] }> {
  const arrived: string[] = [];
  const expected: string[] = [];
  for (const { datasetId } of participants) {
    const update = await ledger.get('update', studyId, roundKey(round), datasetId);
    if (update !== undefined) {
      arrived.push(datasetId);
      continue;
    }
    const consent = await ledger.get('consent', studyId, datasetId);
    if (consent?.state === 'granted') expected.push(datasetId);
  }
  return { arrived, expected };
}

/** The rounds of a study that were opened, from the first on. */
export async function roundsOf(ledger: Ledger, study: Study): Promise<Round[]> {
  const rounds: Round[] = [];
  for (let number = 1; number <= study.rounds; number++) {
    const round = await ledger.get('round', study.studyId, roundKey(number));
    if (round === undefined) break;
    rounds.push(round);
  }
  return rounds;
}

const ROUND_PAGE_SIZE = 20;

/**
 * A page of a study's rounds, each with what `read` reads of it, from the first on; the bookmark is the number of the
 * next. It ends after so many rounds, or once as much was read as a page is to be read from.
 */
export async function roundPage<T>(
  ledger: Ledger,
  study: Study,
  { pageSize = ROUND_PAGE_SIZE, bookmark = '1' }: PageOptions,
  read: (round: Round) => Promise<T>,
): Promise<{ rounds: T[]; bookmark?: string }> {
  if (!isRoundNumber(bookmark)) {
    throw new DomainError('INVALID_ARGUMENT', 'bookmark does not belong to this list');
  }
  const first = Number(bookmark);
  const rounds: T[] = [];
  const end = Math.min(study.rounds, first + pageSize);
  for (let number = first; number <= end; number++) {
    const round = await ledger.get('round', study.studyId, roundKey(number));
    if (round === undefined) break;
    const isFull = rounds.length === pageSize || (rounds.length > 0 && ledger.pageIsFull);
    if (isFull) return { rounds, bookmark: String(number) };
    rounds.push(await read(round));
  }
  return { rounds };
}
