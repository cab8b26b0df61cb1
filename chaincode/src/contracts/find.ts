// Rows that must be there, each with the refusal that says which is not.
import type {
  Argument,
  ConsentRow as Consent,
  DatasetRow as Dataset,
  Departure,
  Equivocation,
  MemberRow as Member,
  RoundRow as Round,
  ScoreCommitment,
  StudyRow as Study,
} from '@consilium/domain';
import { DomainError, type ErrorCode, membershipOf, type Pool } from '@consilium/domain';
import type { Accounts, Tally } from '@consilium/domain/rules';
import { asWithdrawn, inMembership, withDeparture, withPresentKey } from '@consilium/domain/rules';
import type { Ledger } from '../ledger/ledger.ts';
import type { PageOptions } from '../ledger/page.ts';
import { isRoundNumber, membershipKey, roundKey } from '../ledger/rows.ts';

type RoundArgument = Argument<'round:get'>;

/** The row, which must be there. @throws DomainError of the code given */
export async function found<T>(row: Promise<T | undefined>, code: ErrorCode, what: string): Promise<T> {
  const value = await row;
  if (value === undefined) throw new DomainError(code, `there is no ${what}`);
  return value;
}

/** A member with its present key; one that left says so. */
export const findMember = (ledger: Ledger, mspId: string): Promise<Member> =>
  found(memberOf(ledger, mspId), 'MEMBER_NOT_FOUND', `member ${mspId}`);

export async function memberOf(ledger: Ledger, mspId: string): Promise<Member | undefined> {
  const member = await ledger.get('member', mspId);
  return member && asKnown(ledger, member);
}

/** A member's row as others see it: with its present key, and with its departure where it has left. */
export async function asKnown(ledger: Ledger, member: Member): Promise<Member> {
  const present = withPresentKey(member, await ledger.get('present-key', member.mspId));
  return withDeparture(present, await departureOf(ledger, member.mspId, member));
}

/** Read once in a transaction, which sees rows as they were before it. */
const departures = new WeakMap<Ledger, Map<string, Promise<Departure | undefined>>>();

/** The end of the membership that a row is of; undefined while it lasts. */
export function departureOf(
  ledger: Ledger,
  mspId: string,
  row: { readonly membership?: number },
): Promise<Departure | undefined> {
  const known = departures.get(ledger) ?? new Map<string, Promise<Departure | undefined>>();
  departures.set(ledger, known);
  const number = membershipKey(membershipOf(row));
  const key = `${mspId} ${number}`;
  const read = known.get(key) ?? ledger.get('departure', mspId, number);
  known.set(key, read);
  return read;
}

/** Who is a member now. */
export async function membersOf(ledger: Ledger): Promise<Member[]> {
  const present: Member[] = [];
  for (const member of await ledger.all('member')) {
    if ((await departureOf(ledger, member.mspId, member)) === undefined) present.push(member);
  }
  return present;
}

export const namesOf = (members: readonly Member[]): string[] => members.map(({ mspId }) => mspId);

export const findDataset = (ledger: Ledger, datasetId: string): Promise<Dataset> =>
  found(ledger.get('dataset', datasetId), 'DATASET_NOT_FOUND', `dataset ${datasetId}`);

export const findStudy = (ledger: Ledger, studyId: string): Promise<Study> =>
  found(ledger.get('study', studyId), 'STUDY_NOT_FOUND', `study ${studyId}`);

/** A consent as it counts. */
export const findConsent = (ledger: Ledger, studyId: string, datasetId: string): Promise<Consent> =>
  found(
    consentOf(ledger, studyId, datasetId),
    'CONSENT_NOT_FOUND',
    `consent of ${datasetId} to study ${studyId}`,
  );

/** A consent as it counts, where there is one: that of an owner that left is withdrawn, whatever its row says. */
export async function consentOf(
  ledger: Ledger,
  studyId: string,
  datasetId: string,
): Promise<Consent | undefined> {
  const consent = await ledger.get('consent', studyId, datasetId);
  return consent && inMembership(consent, await departureOf(ledger, consent.owner, consent));
}

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

/** The consents that a study has of the datasets it wants, as they count, in its order. */
export async function consentsOf(
  ledger: Ledger,
  { studyId, datasets }: Pick<Study, 'studyId' | 'datasets'>,
): Promise<Consent[]> {
  const consents: Consent[] = [];
  for (const datasetId of datasets) {
    const consent = await consentOf(ledger, studyId, datasetId);
    if (consent !== undefined) consents.push(consent);
  }
  return consents;
}

/** A round as it is while consents can still be withdrawn from it. */
export async function roundNow(ledger: Ledger, round: Round): Promise<Round> {
  const datasets = round.participants.map(({ datasetId }) => datasetId);
  return asWithdrawn(round, await consentsOf(ledger, { studyId: round.studyId, datasets }));
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

/** Whose updates arrived, and whose are still expected, in a round as it is now: a withdrawn one is neither. */
export async function arrivalsOf(
  ledger: Ledger,
  { studyId, round, participants, withdrawn = [] }: Round,
): Promise<{ arrived: string[]; expected: string[] }> {
  const arrived: string[] = [];
  const expected: string[] = [];
  for (const { datasetId } of participants) {
    if (withdrawn.includes(datasetId)) continue;
    const update = await ledger.get('update', studyId, roundKey(round), datasetId);
    (update === undefined ? expected : arrived).push(datasetId);
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
