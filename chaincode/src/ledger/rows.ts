// Which rows the ledger holds and how each is keyed: broad to specific, one fact per row.
import type {
  Attestation,
  Block,
  BudgetRow,
  BudgetVersion,
  Commitment,
  ConsentApproval,
  ConsentRow,
  CountedPatients,
  DatasetRow,
  Decline,
  Departure,
  Equivocation,
  Erasure,
  MemberKey,
  MemberRow,
  MemberVote,
  Model,
  Motion,
  OpenConsent,
  OpenStudy,
  Population,
  PresentKey,
  PrivacyCharge,
  Release,
  Revision,
  RoundRow,
  ScoreCommitment,
  StudyKey,
  StudyRow,
  Update,
  Verdict,
  Vote,
} from '@consilium/domain';

/** Rows in their present form, as they are read. */
export interface Rows {
  member: MemberRow;
  'member-key': MemberKey;
  'present-key': PresentKey;
  departure: Departure;
  'member-vote': MemberVote;
  population: Population;
  block: Block;
  'counted-patients': CountedPatients;
  dataset: DatasetRow;
  revision: Revision;
  budget: BudgetRow;
  'budget-version': BudgetVersion;
  study: StudyRow;
  'open-study': OpenStudy;
  consent: ConsentRow;
  'open-consent': OpenConsent;
  'consent-approval': ConsentApproval;
  decline: Decline;
  motion: Motion;
  vote: Vote;
  round: RoundRow;
  update: Update;
  'score-commitment': ScoreCommitment;
  verdict: Verdict;
  attestation: Attestation;
  equivocation: Equivocation;
  model: Model;
  'privacy-charge': PrivacyCharge;
  'study-key': StudyKey;
  erasure: Erasure;
  commitment: Commitment;
  release: Release;
}
export type Noun = keyof Rows;

/** What a row's key is made of. An account of block 1 leaves out the block: accounts from before there were blocks. */
export const KEY_PARTS: { readonly [N in Noun]: readonly string[] } = {
  member: ['mspId'],
  'member-key': ['encryptionPublicKey'],
  'present-key': ['mspId'],
  departure: ['mspId', 'membership'],
  'member-vote': ['mspId', 'question', 'membership', 'voter'],
  population: ['populationId'],
  block: ['populationId', 'block'],
  'counted-patients': ['patientsSha256'],
  dataset: ['datasetId'],
  revision: ['datasetId', 'revision'],
  budget: ['populationId', 'pool', 'block'],
  'budget-version': ['populationId', 'pool', 'block', 'version'],
  study: ['studyId'],
  'open-study': ['requester', 'stage', 'studyId'],
  consent: ['studyId', 'datasetId'],
  'open-consent': ['owner', 'studyId', 'datasetId'],
  'consent-approval': ['studyId', 'datasetId', 'steward'],
  decline: ['studyId', 'datasetId'],
  motion: ['studyId', 'motion'],
  vote: ['studyId', 'motion', 'mspId'],
  round: ['studyId', 'round'],
  update: ['studyId', 'round', 'datasetId'],
  'score-commitment': ['studyId', 'round', 'datasetId'],
  verdict: ['studyId', 'round', 'mspId'],
  attestation: ['studyId', 'round', 'mspId'],
  equivocation: ['studyId', 'round', 'mspId'],
  model: ['studyId'],
  commitment: ['commitment'],
  release: ['plaintextSha256'],
  'study-key': ['studyId', 'datasetId', 'mspId'],
  erasure: ['studyId', 'datasetId', 'mspId'],
  'privacy-charge': ['datasetId', 'chargedAt', 'studyId', 'round', 'pool'],
};

/** A number in a key: of one width, so that keys sort as numbers do. */
export const roundKey = (round: number): string => String(round).padStart(5, '0');
/** Whether a text is a round's number as people write it: 12, and not 012, 1.2e1 or 0xc. */
export const isRoundNumber = (text: string): boolean => /^[1-9][0-9]{0,4}$/.test(text);
export const motionKey = roundKey;
export const membershipKey = roundKey;
export const blockKey = roundKey;
export const revisionKey = roundKey;

/** The key of an account, which its versions continue. */
export const accountKey = ({
  populationId,
  pool,
  block,
}: Pick<BudgetRow, 'populationId' | 'pool' | 'block'>): string[] => [
  populationId,
  pool,
  ...(block === 1 ? [] : [blockKey(block)]),
];

/** Parts of keys that are numbers. */
export const NUMBERS: readonly string[] = ['round', 'motion', 'membership', 'block', 'revision'];

/** The key of a row, from the row itself. */
export function keyOf<N extends Noun>(noun: N, row: Rows[N]): string[] {
  if (noun === 'budget') return accountKey(row as BudgetRow);
  const fields = row as unknown as Record<string, unknown>;
  return KEY_PARTS[noun].map((part) => {
    if (NUMBERS.includes(part)) return roundKey(fields[part] as number);
    if (part === 'pool' && noun === 'privacy-charge') return (row as PrivacyCharge).privacyEvent.pool;
    return fields[part] as string;
  });
}
