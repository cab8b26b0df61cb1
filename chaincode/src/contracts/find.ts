// Rows that must be there, each with the refusal that says which is not.
import type {
  Argument,
  Block,
  Budget,
  ConsentRow as Consent,
  DatasetRow as Dataset,
  Departure,
  Equivocation,
  MemberRow as Member,
  Population,
  Revision,
  RoundRow as Round,
  ScoreCommitment,
  StudyRow as Study,
} from '@consilium/domain';
import {
  blocksOf,
  DomainError,
  type ErrorCode,
  membershipOf,
  POOLS,
  type Pool,
  populationIdOf,
  revisionOf,
} from '@consilium/domain';
import type { AccountBook, Tally } from '@consilium/domain/rules';
import {
  asWithdrawn,
  bookOf,
  datasetIn,
  firstRevision,
  impliedBy,
  inMembership,
  takesWithdrawals,
  weighedRevision,
  withDeparture,
  withPresentKey,
} from '@consilium/domain/rules';
import type { Ledger } from '../ledger/ledger.ts';
import type { PageOptions } from '../ledger/page.ts';
import { blockKey, isRoundNumber, membershipKey, revisionKey, roundKey } from '../ledger/rows.ts';

type RoundArgument = Argument<'round:get'>;

/** The row, which must be there. @throws DomainError of the code given */
export async function found<T>(row: Promise<T | undefined>, code: ErrorCode, what: string): Promise<T> {
  const value = await row;
  if (value === undefined) throw new DomainError(code, `there is no ${what}`);
  return value;
}

/**
 * A member with its present key; one that left says so. Not for transactions on others: whoever rotates its key would
 * stand in their way.
 */
export const findMember = (ledger: Ledger, mspId: string): Promise<Member> =>
  found(knownMember(ledger, mspId), 'MEMBER_NOT_FOUND', `member ${mspId}`);

/** The same, where there is one. */
export async function knownMember(ledger: Ledger, mspId: string): Promise<Member | undefined> {
  const member = await ledger.get('member', mspId);
  return member && asKnown(ledger, member);
}

/** A member's row as others see it: with its present key, and with its departure where it has left. */
export const asKnown = async (ledger: Ledger, member: Member): Promise<Member> =>
  withPresentKey(await withItsEnd(ledger, member), await ledger.get('present-key', member.mspId));

const withItsEnd = async (ledger: Ledger, member: Member): Promise<Member> =>
  withDeparture(member, await departureOf(ledger, member.mspId, member));

/** An organisation's membership, with the key that it registered with: reads nothing that it writes alone. */
export async function findMembership(ledger: Ledger, mspId: string): Promise<Member> {
  const row = ledger.get('member', mspId);
  return withItsEnd(ledger, await found(row, 'MEMBER_NOT_FOUND', `member ${mspId}`));
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

/** A population; of a dataset from before there were rows of them, the one that it implies. */
export async function findPopulation(ledger: Ledger, populationId: string): Promise<Population> {
  const population = await ledger.get('population', populationId);
  if (population !== undefined) return population;
  const dataset = await ledger.get('dataset', populationId);
  const implies = dataset !== undefined && populationIdOf(dataset) === populationId;
  return found(
    Promise.resolve(implies ? impliedBy(dataset).population : undefined),
    'POPULATION_NOT_FOUND',
    `population ${populationId}`,
  );
}

/** A block; of a dataset from before there were rows of them, the one block that it implies. */
export async function findBlock(ledger: Ledger, populationId: string, block: number): Promise<Block> {
  const row = await ledger.get('block', populationId, blockKey(block));
  if (row !== undefined) return row;
  const dataset = block === 1 ? await ledger.get('dataset', populationId) : undefined;
  const implies = dataset !== undefined && populationIdOf(dataset) === populationId;
  return found(
    Promise.resolve(implies ? impliedBy(dataset).block : undefined),
    'BLOCK_NOT_FOUND',
    `block ${block} of population ${populationId}`,
  );
}

export async function findBlocks(
  ledger: Ledger,
  populationId: string,
  blocks: readonly number[],
): Promise<Block[]> {
  const rows: Block[] = [];
  for (const block of blocks) rows.push(await findBlock(ledger, populationId, block));
  return rows;
}

/** A revision of a dataset, the present one where none is named; the first one is the registration. */
export async function findRevision(
  ledger: Ledger,
  dataset: Dataset,
  revision = dataset.revision ?? 1,
): Promise<Revision> {
  const { datasetId } = dataset;
  const row = await ledger.get('revision', datasetId, revisionKey(revision));
  if (row !== undefined) return row;
  // Before there were rows of revisions no dataset had a second one.
  const first = revision === 1 && dataset.revision === undefined ? firstRevision(dataset) : undefined;
  return found(Promise.resolve(first), 'REVISION_NOT_FOUND', `revision ${revision} of dataset ${datasetId}`);
}

/** A dataset as it was in the revision that a consent is to. */
export async function findConsented(
  ledger: Ledger,
  consent: Pick<Consent, 'datasetId' | 'revision'>,
): Promise<Dataset> {
  const dataset = await findDataset(ledger, consent.datasetId);
  const revision = revisionOf(consent);
  if (revision === (dataset.revision ?? 1)) return dataset;
  return datasetIn(dataset, await findRevision(ledger, dataset, revision));
}

/** The revision that a dataset's weight in a study follows from; undefined where it weighs by its band alone. */
export async function findWeighed(
  ledger: Ledger,
  study: Study,
  dataset: Dataset,
): Promise<Revision | undefined> {
  const revision = weighedRevision(study, dataset.datasetId);
  return revision === undefined ? undefined : findRevision(ledger, dataset, revision);
}

export const findBudget = (ledger: Ledger, account: Pick<Budget, 'populationId' | 'block' | 'pool'>) =>
  found(
    ledger.accounts.get(account),
    'BLOCK_NOT_FOUND',
    `block ${account.block} of population ${account.populationId}`,
  );

/** The accounts of the blocks of each of these, every one once. */
export async function findBook(
  ledger: Ledger,
  of: readonly { readonly populationId: string; readonly blocks: readonly number[] }[],
  pools: readonly Pool[] = POOLS,
): Promise<AccountBook> {
  const accounts = new Map<string, Budget>();
  for (const { populationId, blocks } of of) {
    for (const block of blocks) {
      for (const pool of pools) {
        const name = `${populationId} ${block} ${pool}`;
        if (!accounts.has(name)) accounts.set(name, await findBudget(ledger, { populationId, block, pool }));
      }
    }
  }
  return bookOf([...accounts.values()]);
}

/** Whose accounts a consent moves. */
export const consentedBlocks = (dataset: Dataset, consent: Pick<Consent, 'blocks'>) => ({
  populationId: populationIdOf(dataset),
  blocks: blocksOf(consent),
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

/** A round as it is while consents can still be withdrawn from it; consents are read for no other. */
export async function roundNow(ledger: Ledger, round: Round): Promise<Round> {
  if (!takesWithdrawals(round)) return round;
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
