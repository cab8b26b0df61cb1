// Rows that questions look up by something else than the beginning of their key. An entry is there as long as the row
// says so: it goes with what the row held before.
import { createHash } from 'node:crypto';
import type { Round, RowKind } from '@consilium/domain';

/** A row as it is written: the parts of its key, its canonical JSON, and when, in milliseconds since 1970. */
export interface WrittenText {
  readonly key: readonly string[];
  readonly text: string;
  readonly atMs: number;
}

/** How a row is found. */
export interface Found {
  readonly value: string;
  /** What entries of one value are in the order of, before their keys; 0 of those that have no other order. */
  readonly place: number;
  /** From when until when it was under way, in milliseconds since 1970; null where it has not begun, or ended. */
  readonly since: number | null;
  readonly until: number | null;
}

interface LookupRule {
  readonly kind: RowKind;
  /** What the row is found by; undefined where it is not to be found. */
  readonly foundBy: (row: WrittenText) => string | undefined;
  readonly placeOf?: (row: WrittenText) => number;
  readonly spanOf?: (row: WrittenText) => Pick<Found, 'since' | 'until'>;
}

/** Of a round that has ended, which is what nearly all are. */
const IS_OVER = /"state":"(?:finalized|aborted)"/;
/** Of what there is one list. */
export const ALL = 'all';
const lookup = (
  kind: RowKind,
  foundBy: LookupRule['foundBy'],
  more: Pick<LookupRule, 'placeOf' | 'spanOf'> = {},
): LookupRule => ({ kind, foundBy, ...more });

/** Quotes within texts are escaped in JSON: what is looked for here is a field, whatever people wrote. */
const FIELDS = {
  owner: /"owner":"([^"]+)"/,
  purpose: /"purpose":"([^"]+)"/,
  withdrawnAt: /"withdrawnAt":"([^"]+)"/,
  startedAt: /"startedAt":"([^"]+)"/,
  endedAt: /"endedAt":"([^"]+)"/,
  openedAt: /"openedAt":"([^"]+)"/,
  finalizedAt: /"finalizedAt":"([^"]+)"/,
} as const;
const textIn = (text: string, field: keyof typeof FIELDS): string | undefined =>
  FIELDS[field].exec(text)?.[1];

/** The last instant that is written with four digits of a year. */
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');
/** An instant in milliseconds since 1970, whatever a row holds for one. */
export const boundedMs = (instant: string): number =>
  Math.max(0, Math.min(Date.parse(instant) || 0, LAST_MS));

/** What a `Date` can hold; a sender may claim any time. */
const TIME_MAX = 8.64e15;
/** A time in milliseconds as answers give it. */
export const boundedTime = (milliseconds: number): number =>
  Math.max(-TIME_MAX, Math.min(TIME_MAX, milliseconds));

const timeIn = (text: string, field: keyof typeof FIELDS): number | null => {
  const instant = textIn(text, field);
  return instant === undefined ? null : boundedMs(instant);
};

/** What questions read of a round beside when it was open, as a digest: most rounds of a study have the same. */
function formOfRound(text: string): string | undefined {
  try {
    const { participants, validators, included } = JSON.parse(text) as Partial<Round>;
    const form = JSON.stringify([participants ?? null, validators ?? null, included ?? null]);
    return createHash('sha256').update(form).digest('hex').slice(0, 32);
  } catch {
    return undefined;
  }
}

/** From when until when a round was open; of one that was given up, its row does not say the end. */
function spanOfRound({ text, atMs }: WrittenText): Pick<Found, 'since' | 'until'> {
  const instantOf = (field: 'openedAt' | 'finalizedAt') => Date.parse(textIn(text, field) ?? '');
  const ended = IS_OVER.test(text) ? instantOf('finalizedAt') || boundedTime(atMs) : null;
  return { since: instantOf('openedAt') || 0, until: ended };
}

/** Withdrawn consents in the order of time, by something that they share. */
const withdrawn = (by: (row: WrittenText) => string | undefined): LookupRule =>
  lookup('consent', (row) => (textIn(row.text, 'withdrawnAt') === undefined ? undefined : by(row)), {
    placeOf: ({ text }) => timeIn(text, 'withdrawnAt') ?? 0,
  });

export const LOOKUPS = {
  consentsOfDataset: lookup('consent', ({ key }) => key[1]),
  chargesOfUse: lookup('privacy-charge', ({ key }) => `${key[0]} ${key[2]} ${key[4]}`),
  withdrawnConsents: withdrawn(() => ALL),
  withdrawnConsentsOfDataset: withdrawn(({ key }) => key[1]),
  withdrawnConsentsOfMember: withdrawn(({ text }) => textIn(text, 'owner')),
  accountsOfMember: lookup('budget', ({ text }) => textIn(text, 'owner')),
  runningRounds: lookup('round', ({ text }) => (IS_OVER.test(text) ? undefined : ALL)),
  /** By the study and the form of a round: rounds of one form are alike but for their times. */
  roundsOfStudy: lookup(
    'round',
    ({ key, text }) => {
      const form = formOfRound(text);
      return form && `${key[0]} ${form}`;
    },
    { spanOf: spanOfRound },
  ),
  updatesOfUse: lookup('update', ({ key }) => `${key[0]} ${key[2]}`),
  studiesOfPurpose: lookup('study', ({ text }) => textIn(text, 'purpose'), {
    spanOf: ({ text }) => ({ since: timeIn(text, 'startedAt'), until: timeIn(text, 'endedAt') }),
  }),
} as const;
/** The name of a lookup. */
export type Lookup = keyof typeof LOOKUPS;

const RULES = Map.groupBy(Object.entries(LOOKUPS), ([, { kind }]) => kind);

/** Whether rows of a kind are found by anything else than their keys. */
export const isLookedUp = (kind: RowKind): boolean => RULES.has(kind);

/** What a row is found by once it is written, by the name of the lookup. */
export function lookupsOf(kind: RowKind, row: WrittenText): Map<Lookup, Found> {
  const found = new Map<Lookup, Found>();
  for (const [name, { foundBy, placeOf, spanOf }] of RULES.get(kind) ?? []) {
    const value = foundBy(row);
    if (value === undefined) continue;
    const span = spanOf?.(row) ?? { since: null, until: null };
    found.set(name as Lookup, { value, place: placeOf?.(row) ?? 0, ...span });
  }
  return found;
}
