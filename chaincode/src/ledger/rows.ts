// Which rows the ledger holds and how each is keyed: broad to specific, one fact per row.
import type {
  Attestation,
  Budget,
  Consent,
  Dataset,
  Member,
  Model,
  PrivacyCharge,
  Round,
  Study,
  Update,
  Verdict,
} from '../domain/index.ts';

export interface Rows {
  member: Member;
  dataset: Dataset;
  budget: Budget;
  study: Study;
  consent: Consent;
  round: Round;
  update: Update;
  verdict: Verdict;
  attestation: Attestation;
  model: Model;
  'privacy-charge': PrivacyCharge;
}
export type Noun = keyof Rows;

/** What a row's key is made of. */
export const KEY_PARTS: { readonly [N in Noun]: readonly string[] } = {
  member: ['mspId'],
  dataset: ['datasetId'],
  budget: ['datasetId', 'pool'],
  study: ['studyId'],
  consent: ['studyId', 'datasetId'],
  round: ['studyId', 'round'],
  update: ['studyId', 'round', 'datasetId'],
  verdict: ['studyId', 'round', 'mspId'],
  attestation: ['studyId', 'round', 'mspId'],
  model: ['studyId'],
  'privacy-charge': ['datasetId', 'chargedAt', 'studyId', 'round', 'pool'],
};

/** A round's number in a key: of one width, so that keys sort as numbers do. */
export const roundKey = (round: number): string => String(round).padStart(5, '0');

/** The key of a row, from the row itself. */
export function keyOf<N extends Noun>(noun: N, row: Rows[N]): string[] {
  const fields = row as unknown as Record<string, unknown>;
  return KEY_PARTS[noun].map((part) => {
    if (part === 'round') return roundKey(fields.round as number);
    if (part === 'pool' && noun === 'privacy-charge') return (row as PrivacyCharge).privacyEvent.pool;
    return fields[part] as string;
  });
}
