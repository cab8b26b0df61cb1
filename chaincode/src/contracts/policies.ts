// Who must sign changes of which rows, by the members of now: the one place that chooses key-level policies, and what
// lays them again when members have come or gone. Each renewal is a transaction of a few rows of one kind, since one
// transaction has to satisfy the policies of everything that it changes: rows that nobody can change any more hold up
// no others.
import {
  type ConsentRow,
  type DatasetRow,
  DomainError,
  POOLS,
  type PolicyRef,
  populationIdOf,
  type RoundRow,
  revisionOf,
} from '@consilium/domain';
import { majorityOf } from '@consilium/domain/rules';
import { allAndMajority, anyOfPeers, ownerAndMajority } from '../ledger/key-policy.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { accountKey, blockKey, type Noun, type Rows, revisionKey } from '../ledger/rows.ts';
import {
  consentedBlocks,
  consentsOf,
  departureOf,
  findBlock,
  findConsent,
  findDataset,
  findRound,
  found,
  membersOf,
  namesOf,
} from './find.ts';

/** One row and the policy that it is to have. */
interface Guarded<N extends Noun = Noun> {
  readonly noun: N;
  readonly row: Rows[N];
  readonly policy: Uint8Array;
}

/** The policy of a dataset's rows, of which its owner and a majority of the members have to sign every change. */
export const policyOfOwner = async (ledger: Ledger, owner: string): Promise<Uint8Array> =>
  ownerAndMajority(owner, namesOf(await membersOf(ledger)));

/**
 * The policy of a round: N of its validators' peers. Where so many validators have left that there are not N, the round
 * can only be given up, and that takes all who remain and a majority of the members: fewer than N hospitals never make
 * a round what it is not.
 */
export async function policyOfRound(ledger: Ledger, round: RoundRow): Promise<Uint8Array> {
  const { studyId, participants, validators, quorum } = round;
  const consents = await consentsOf(ledger, {
    studyId,
    datasets: participants.map(({ datasetId }) => datasetId),
  });
  const remaining: string[] = [];
  for (const mspId of validators) {
    const own = consents.filter(({ owner }) => owner === mspId);
    // Rounds of old may have consents that are not among the rows of now.
    const [first] = own;
    const gone = first !== undefined && (await departureOf(ledger, mspId, first)) !== undefined;
    if (!gone) remaining.push(mspId);
  }
  if (remaining.length >= quorum.validators) return anyOfPeers(quorum.validators, remaining);
  const members = namesOf(await membersOf(ledger));
  return remaining.length > 0 ? allAndMajority(remaining, members) : majority(members);
}

const majority = (members: readonly string[]): Uint8Array => anyOfPeers(majorityOf(members.length), members);

/** A dataset, its population, and its first block of patients: the only one of most. Later ones do not hold it up. */
async function ofDataset(ledger: Ledger, dataset: DatasetRow): Promise<Guarded[]> {
  const policy = await policyOfOwner(ledger, dataset.owner);
  const populationId = populationIdOf(dataset);
  const rows: Guarded[] = [{ noun: 'dataset', row: dataset, policy }];
  // Datasets from before there were rows of these have none.
  const population = await ledger.get('population', populationId);
  if (population !== undefined) rows.push({ noun: 'population', row: population, policy });
  rows.push(...(await ofRevision(ledger, dataset, dataset.revision ?? 1)));
  return population?.blocks === 0 ? rows : [...rows, ...(await ofBlock(ledger, populationId, 1))];
}

async function ofRevision(
  ledger: Ledger,
  { datasetId, owner }: Pick<DatasetRow, 'datasetId' | 'owner'>,
  number: number,
): Promise<Guarded[]> {
  const row = await ledger.get('revision', datasetId, revisionKey(number));
  return row === undefined ? [] : [{ noun: 'revision', row, policy: await policyOfOwner(ledger, owner) }];
}

/** A block of patients with its accounts. */
async function ofBlock(ledger: Ledger, populationId: string, number: number): Promise<Guarded[]> {
  const { owner } = await findBlock(ledger, populationId, number);
  const policy = await policyOfOwner(ledger, owner);
  const block = await ledger.get('block', populationId, blockKey(number));
  const rows: Guarded[] = block === undefined ? [] : [{ noun: 'block', row: block, policy }];
  for (const pool of POOLS) {
    const key = accountKey({ populationId, block: number, pool });
    const account = await found(ledger.get('budget', ...key), 'BLOCK_NOT_FOUND', key.join(' '));
    rows.push({ noun: 'budget', row: account, policy });
  }
  return rows;
}

/** A consent, and the revision of the dataset that it is to. */
async function ofConsent(ledger: Ledger, consent: ConsentRow): Promise<Guarded[]> {
  const policy = await policyOfOwner(ledger, consent.owner);
  return [
    { noun: 'consent', row: consent, policy },
    ...(await ofRevision(ledger, consent, revisionOf(consent))),
  ];
}

async function ofRound(ledger: Ledger, round: RoundRow): Promise<Guarded[]> {
  return [{ noun: 'round', row: round, policy: await policyOfRound(ledger, round) }];
}

async function lay(ledger: Ledger, rows: readonly Guarded[]): Promise<number> {
  let laid = 0;
  for (const { noun, row, policy } of rows) if (await ledger.guardAnew(noun, row, policy)) laid += 1;
  return laid;
}

/**
 * Lays the policies that a consent rests on: of the dataset and its population, of the blocks of patients that it gives
 * with their accounts, and of the consent itself. Members that joined
 * since rely on these rows from now on, and otherwise the member that registered first would rule the rows alone.
 * Nothing is written where nothing changes.
 *
 * @throws DomainError DATASET_NOT_FOUND
 */
export async function guardConsented(ledger: Ledger, consent: ConsentRow): Promise<void> {
  const dataset = await findDataset(ledger, consent.datasetId);
  await lay(ledger, await ofConsent(ledger, consent));
  await lay(ledger, await ofDataset(ledger, dataset));
  const { populationId, blocks } = consentedBlocks(dataset, consent);
  for (const block of blocks) if (block !== 1) await lay(ledger, await ofBlock(ledger, populationId, block));
}

/**
 * Lays the policies of one dataset with its first block of patients, of one block with its accounts, of one consent, or
 * of one round again; how many changed.
 *
 * @throws DomainError INVALID_ARGUMENT for another set of fields, DATASET_NOT_FOUND, CONSENT_NOT_FOUND, ROUND_NOT_FOUND
 */
export async function renewPolicies(
  ledger: Ledger,
  { studyId, datasetId, round, populationId, block }: PolicyRef,
): Promise<number> {
  if (populationId !== undefined || block !== undefined) {
    const isWhole = populationId !== undefined && block !== undefined;
    const isAlone = studyId === undefined && datasetId === undefined && round === undefined;
    if (isWhole && isAlone) return lay(ledger, await ofBlock(ledger, populationId, block));
    throw new DomainError('INVALID_ARGUMENT', 'must have populationId and block together, and nothing else');
  }
  if (studyId === undefined && datasetId !== undefined && round === undefined) {
    return lay(ledger, await ofDataset(ledger, await findDataset(ledger, datasetId)));
  }
  if (studyId !== undefined && datasetId !== undefined && round === undefined) {
    return lay(ledger, await ofConsent(ledger, await findConsent(ledger, studyId, datasetId)));
  }
  if (studyId !== undefined && datasetId === undefined && round !== undefined) {
    return lay(ledger, await ofRound(ledger, await findRound(ledger, { studyId, round })));
  }
  throw new DomainError(
    'INVALID_ARGUMENT',
    'must have datasetId (a dataset and its accounts), populationId and block (later ones), studyId and datasetId (a consent), or studyId and round',
  );
}

/** Whether a dataset, a consent or a round has a policy of other members than those of now. */
export async function hasOldPolicies(ledger: Ledger, rows: readonly Guarded[]): Promise<boolean> {
  for (const { noun, row, policy } of rows) {
    if (!(await ledger.hasPolicy(noun, row, policy))) return true;
  }
  return false;
}

export const guardedRows = { ofDataset, ofBlock, ofConsent, ofRound };
