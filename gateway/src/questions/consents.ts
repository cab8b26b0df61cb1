// Consents as they count: a consent is withdrawn where its owner withdrew it, and since its owner's membership ended.
import {
  type ConsentRow,
  type Departure,
  inMembership,
  membershipOf,
  type OpenConsent,
} from '@consilium/domain';
import type { LedgerHistory, RowRecord } from '../read-model/ledger-history.ts';
import { numberKey } from './number-key.ts';
import { ms } from './sentences.ts';

/** A consent that is withdrawn, and since when. */
export type WithdrawnConsent = ConsentRow & { readonly withdrawnAt: string };

/** A consent as it counts: also where its owner's membership ended. */
export function consentAsItCounts(history: LedgerHistory, consent: ConsentRow): ConsentRow {
  const key = [consent.owner, numberKey(membershipOf(consent))];
  return inMembership(consent, history.row<Departure>('departure', key)?.row);
}

/** Every consent of a study, as it counts. */
export function consentsOf(history: LedgerHistory, studyId: string): ConsentRow[] {
  return [...history.rows<ConsentRow>('consent', [studyId])].flatMap(({ row }) =>
    row === undefined ? [] : [consentAsItCounts(history, row)],
  );
}

/** Consents that may be withdrawn: those that say so, and open ones of organisations that left. */
function* candidates(history: LedgerHistory): Iterable<RowRecord<ConsentRow>> {
  yield* history.lookUp<ConsentRow>('withdrawnConsents', 'all');
  const departed = new Set([...history.keys('departure')].map(([mspId]) => mspId!));
  for (const mspId of departed) {
    for (const { row } of history.rows<OpenConsent>('open-consent', [mspId])) {
      const consent = row && history.row<ConsentRow>('consent', [row.studyId, row.datasetId]);
      if (consent !== undefined) yield consent;
    }
  }
}

/** Which withdrawn consents are asked about; all of them where nothing is said. */
export interface WithdrawnFilter {
  readonly studyId?: string;
  readonly datasetId?: string;
  readonly mspId?: string;
}

/** Withdrawn consents, oldest first. */
export function withdrawnConsents(
  history: LedgerHistory,
  { studyId, datasetId, mspId }: WithdrawnFilter,
): WithdrawnConsent[] {
  const found = new Map<string, WithdrawnConsent>();
  for (const record of candidates(history)) {
    const { key } = record;
    const [ofStudy, ofDataset] = key;
    if (studyId !== undefined && ofStudy !== studyId) continue;
    if (datasetId !== undefined && ofDataset !== datasetId) continue;
    const { row } = record;
    if (row === undefined || (mspId !== undefined && row.owner !== mspId)) continue;
    const consent = consentAsItCounts(history, row);
    if (consent.withdrawnAt === undefined) continue;
    found.set(key.join(' '), { ...consent, withdrawnAt: consent.withdrawnAt });
  }
  return [...found.values()].sort((a, b) => ms(a.withdrawnAt) - ms(b.withdrawnAt));
}
