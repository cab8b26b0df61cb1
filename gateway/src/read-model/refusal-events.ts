// What a hospital declined or rejected, as events in the order of time: found when a row is written, so that a page of
// them reads its own alone.
import type { Decision, RowKind } from '@consilium/domain';
import type { WrittenText } from './lookups.ts';
import { boundedMs } from './lookups.ts';

/** What a refusal is of: events of one instant are in this order. */
export const REFUSAL_SOURCES = [
  'decline',
  'consent',
  'verdict',
  'vote',
  'member-vote',
] as const satisfies RowKind[];
/** One of them. */
export type RefusalSource = (typeof REFUSAL_SOURCES)[number];

/** The kinds of refusals, as answers name them. */
export const REFUSAL_KINDS = [
  'study declined',
  'consent withdrawn',
  'model rejected',
  'update rejected',
  'motion refused',
  'member refused',
] as const;
/** One of them. */
export type RefusalKind = (typeof REFUSAL_KINDS)[number];

/** One refusal in what a row says. */
export interface RefusalEvent {
  readonly mspId: string;
  readonly atMs: number;
  readonly source: RefusalSource;
  /** Which of several in one row. */
  readonly part: number;
  readonly kind: RefusalKind;
}

export const isRefusalSource = (kind: RowKind): kind is RefusalSource =>
  (REFUSAL_SOURCES as readonly RowKind[]).includes(kind);

/** Of the refusals of a verdict, the model's; those of updates are behind it. */
const MODEL_PART = 0;

/** What a verdict rejects: the candidate, and updates with their decisions. */
export function refusedIn({
  accepted,
  decisions,
}: {
  readonly accepted: boolean;
  readonly decisions: readonly Decision[];
}): { readonly part: number; readonly decision: Extract<Decision, { decision: 'reject' }> | undefined }[] {
  return [
    ...(accepted ? [] : [{ part: MODEL_PART, decision: undefined }]),
    ...decisions.flatMap((decision, i) =>
      decision.decision === 'reject' ? [{ part: MODEL_PART + 1 + i, decision }] : [],
    ),
  ];
}

/** Rows that refuse nothing, or that this version cannot read, have none. */
export function refusalsIn(source: RefusalSource, { key, text }: WrittenText, atMs: number): RefusalEvent[] {
  if (!mayRefuse(source, text)) return [];
  try {
    return eventsIn(source, { key, row: JSON.parse(text), atMs });
  } catch {
    return [];
  }
}

/** Without reading the row; quotes within its texts are escaped. */
function mayRefuse(source: RefusalSource, text: string): boolean {
  switch (source) {
    case 'decline':
      return true;
    case 'consent':
      return text.includes('"withdrawnAt":"');
    case 'verdict':
      return text.includes('"accepted":false') || text.includes('"decision":"reject"');
    case 'vote':
    case 'member-vote':
      return text.includes('"accept":false');
  }
}

function eventsIn(
  source: RefusalSource,
  { key, row, atMs }: { readonly key: readonly string[]; readonly row: AnyRow; readonly atMs: number },
): RefusalEvent[] {
  const event = (mspId: string | undefined, at: string | undefined, kind: RefusalKind, part = 0) =>
    mspId === undefined ? [] : [{ mspId, atMs: at === undefined ? atMs : boundedMs(at), source, part, kind }];
  switch (source) {
    case 'decline':
      return event(row.owner, row.declinedAt, 'study declined');
    case 'consent':
      return event(row.owner, row.withdrawnAt, 'consent withdrawn');
    case 'verdict':
      return refusedIn(row as Parameters<typeof refusedIn>[0]).flatMap(({ part, decision }) =>
        event(key[2], row.recordedAt, decision === undefined ? 'model rejected' : 'update rejected', part),
      );
    case 'vote':
      return row.accept === false ? event(key[2], row.votedAt, 'motion refused') : [];
    case 'member-vote':
      return row.accept === false ? event(key[3], row.votedAt, 'member refused') : [];
  }
}

/** Fields of the rows of all sources. */
interface AnyRow {
  readonly owner?: string;
  readonly accept?: boolean;
  readonly declinedAt?: string;
  readonly withdrawnAt?: string;
  readonly recordedAt?: string;
  readonly votedAt?: string;
}
