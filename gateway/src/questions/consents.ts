// Consents as they count: a consent is withdrawn where its owner withdrew it, and since its owner's membership ended.
import {
  type ConsentRow,
  type Dataset,
  type Departure,
  inMembership,
  membershipOf,
  type OpenConsent,
} from '@consilium/domain';
import { compositeKey } from '../read-model/index-schema.ts';
import type { LedgerHistory, RowRecord } from '../read-model/ledger-history.ts';
import { boundedMs, type Lookup } from '../read-model/lookups.ts';
import { numberKey } from './number-key.ts';

/** A consent that is withdrawn, and since when. */
export type WithdrawnConsent = ConsentRow & { readonly withdrawnAt: string };

/** A consent as it counts: also where its owner's membership ended. */
export function consentAsItCounts(history: LedgerHistory, consent: ConsentRow): ConsentRow {
  const key = [consent.owner, numberKey(membershipOf(consent))];
  return inMembership(consent, history.row<Departure>('departure', key)?.row);
}

/** Open consents of organisations that left, of which nobody wrote that they are withdrawn; of one if it is named. */
export function* leftBehind(
  history: LedgerHistory,
  mspId: string | undefined,
): Generator<RowRecord<ConsentRow>, void, undefined> {
  const departures = history.keys('departure', mspId === undefined ? [] : [mspId]);
  for (const departed of new Set([...departures].map(([left]) => left!))) {
    for (const { row } of history.rows<OpenConsent>('open-consent', [departed])) {
      const consent = row && history.row<ConsentRow>('consent', [row.studyId, row.datasetId]);
      if (consent?.row !== undefined && consent.row.withdrawnAt === undefined) yield consent;
    }
  }
}

/** Which withdrawn consents are asked about; all of them where nothing is said. */
export interface WithdrawnFilter {
  readonly studyId?: string;
  readonly datasetId?: string;
  readonly mspId?: string;
}

/** Withdrawn consents in the order of time: how many there are, and each as it is read. */
export class WithdrawnConsents {
  readonly #history: LedgerHistory;
  readonly #filter: WithdrawnFilter;
  /** Without a list of their own: those of one study, and those of organisations that left. */
  readonly #others: readonly WithdrawnConsent[];
  /** The list that has the rest. */
  readonly #lookup: readonly [Lookup, string] | undefined;

  constructor(history: LedgerHistory, filter: WithdrawnFilter) {
    this.#history = history;
    this.#filter = filter;
    const { studyId, datasetId, mspId } = filter;
    this.#lookup =
      studyId !== undefined
        ? undefined
        : datasetId !== undefined
          ? ['withdrawnConsentsOfDataset', datasetId]
          : mspId !== undefined
            ? ['withdrawnConsentsOfMember', mspId]
            : ['withdrawnConsents', 'all'];
    const rows =
      studyId === undefined ? leftBehind(history, mspId) : history.rows<ConsentRow>('consent', [studyId]);
    this.#others = [...rows].flatMap((record) => this.#asked(record)).sort(inTime);
  }

  get count(): number {
    const listed = this.#lookup;
    if (listed === undefined) return this.#others.length;
    const { datasetId, mspId } = this.#filter;
    // All of a dataset are of its owner.
    const isOfOther =
      datasetId !== undefined &&
      mspId !== undefined &&
      this.#history.row<Dataset>('dataset', [datasetId])?.row?.owner !== mspId;
    return this.#others.length + (isOfOther ? 0 : this.#history.count(...listed));
  }

  /** From the oldest on, or those after one. */
  *after(last?: WithdrawnConsent): Generator<WithdrawnConsent, void, undefined> {
    const others = this.#others.filter((one) => last === undefined || inTime(last, one) < 0);
    for (const one of this.#listed(last)) {
      while (others.length > 0 && inTime(others[0]!, one) < 0) yield others.shift()!;
      yield one;
    }
    yield* others;
  }

  /** A consent that is among them; undefined where it is not. */
  find(studyId: string, datasetId: string): WithdrawnConsent | undefined {
    const record = this.#history.row<ConsentRow>('consent', [studyId, datasetId]);
    return record && this.#asked(record)[0];
  }

  *#listed(last: WithdrawnConsent | undefined): Generator<WithdrawnConsent, void, undefined> {
    if (this.#lookup === undefined) return;
    const after = last && { place: boundedMs(last.withdrawnAt), key: [last.studyId, last.datasetId] };
    for (const record of this.#history.lookUp<ConsentRow>(...this.#lookup, { after })) {
      yield* this.#asked(record);
    }
  }

  /** As it counts, where it is withdrawn and asked about. */
  #asked({ key: [ofStudy, ofDataset], row }: RowRecord<ConsentRow>): WithdrawnConsent[] {
    const { studyId, datasetId, mspId } = this.#filter;
    if (studyId !== undefined && ofStudy !== studyId) return [];
    if (datasetId !== undefined && ofDataset !== datasetId) return [];
    if (row === undefined || (mspId !== undefined && row.owner !== mspId)) return [];
    const consent = consentAsItCounts(this.#history, row);
    return consent.withdrawnAt === undefined ? [] : [{ ...consent, withdrawnAt: consent.withdrawnAt }];
  }
}

const keyOf = ({ studyId, datasetId }: WithdrawnConsent): string =>
  compositeKey('consent', [studyId, datasetId]);

/** By time, and of one time by their keys. */
const inTime = (a: WithdrawnConsent, b: WithdrawnConsent): number =>
  boundedMs(a.withdrawnAt) - boundedMs(b.withdrawnAt) ||
  Buffer.compare(Buffer.from(keyOf(a)), Buffer.from(keyOf(b)));
