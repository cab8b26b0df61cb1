// What a hospital refused in a period: what its rows say, and the consents that ended with its membership, of which no
// row says so.
import type { ConsentRow } from '@consilium/domain';
import type {
  LedgerHistory,
  Period,
  RefusalCount,
  RefusalPlace,
  RefusalRecord,
} from '../read-model/ledger-history.ts';
import { boundedMs } from '../read-model/lookups.ts';
import { REFUSAL_SOURCES } from '../read-model/refusal-events.ts';
import { consentAsItCounts, leftBehind } from './consents.ts';

export class HospitalRefusals {
  readonly #history: LedgerHistory;
  readonly #mspId: string;
  readonly #period: Period;
  readonly #leftBehind: readonly RefusalRecord[];

  constructor(history: LedgerHistory, mspId: string, period: Period) {
    this.#history = history;
    this.#mspId = mspId;
    this.#period = period;
    this.#leftBehind = [...leftBehind(history, mspId)]
      .flatMap((record): RefusalRecord[] => {
        const consent = record.row && consentAsItCounts(history, record.row);
        return consent?.withdrawnAt === undefined ? [] : [refusalOf({ ...record, row: consent })];
      })
      .filter(({ atMs }) => isIn(period, atMs))
      .map((one, part) => ({ ...one, part }))
      .sort(inTime);
  }

  /** In the order of time, from the first on or after a place. */
  *after(place: RefusalPlace | undefined): Generator<RefusalRecord, void, undefined> {
    const others = this.#leftBehind.filter((one) => place === undefined || inTime(place, one) < 0);
    for (const one of this.#history.refusals(this.#mspId, this.#period, place)) {
      while (others.length > 0 && inTime(others[0]!, one) < 0) yield others.shift()!;
      yield one;
    }
    yield* others;
  }

  /** How often it refused in the whole period, kinds in the order of the first. */
  counts(): readonly RefusalCount[] {
    const counts = this.#history.countRefusals(this.#mspId, this.#period);
    const [first] = this.#leftBehind;
    if (first === undefined) return counts;
    const { kind, atMs } = first;
    const recorded = counts.find((one) => one.kind === kind);
    const all = {
      kind,
      count: this.#leftBehind.length + (recorded?.count ?? 0),
      firstMs: Math.min(atMs, recorded?.firstMs ?? atMs),
    };
    return [...counts.filter((one) => one !== recorded), all].sort((a, b) => a.firstMs - b.firstMs);
  }
}

const refusalOf = (record: RefusalRecord['record'] & { readonly row: ConsentRow }): RefusalRecord => ({
  atMs: boundedMs(record.row.withdrawnAt!),
  source: 'consent',
  version: 0,
  part: 0,
  kind: 'consent withdrawn',
  record,
});

const isIn = ({ from, to }: Period, atMs: number): boolean =>
  (from === undefined || atMs >= Date.parse(from)) && (to === undefined || atMs < Date.parse(to));

const placesOf = ({ atMs, source, version, part }: RefusalPlace): number[] => [
  atMs,
  REFUSAL_SOURCES.indexOf(source),
  version,
  part,
];

function inTime(a: RefusalPlace, b: RefusalPlace): number {
  const [left, right] = [placesOf(a), placesOf(b)];
  const differing = left.findIndex((place, i) => place !== right[i]);
  return differing < 0 ? 0 : left[differing]! - right[differing]!;
}
