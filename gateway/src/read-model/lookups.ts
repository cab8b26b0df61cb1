// Rows that questions look up by something else than the beginning of their key. An entry is made when a row is written
// so, and stays: what is found was so once, and whoever looks checks that it is so still.
import type { RowKind } from '@consilium/domain';

/** A row as it is written: the parts of its key, and its canonical JSON. */
export interface WrittenText {
  readonly key: readonly string[];
  readonly text: string;
}
interface LookupRule {
  readonly kind: RowKind;
  /** What the row is found by; undefined where it is not to be found. */
  readonly foundBy: (row: WrittenText) => string | undefined;
}

/** Of what there is one list. */
const ALL = 'all';
const lookup = (kind: RowKind, foundBy: LookupRule['foundBy']): LookupRule => ({ kind, foundBy });

/** Quotes within texts are escaped in JSON: what is looked for here is a field, whatever people wrote. */
export const LOOKUPS = {
  consentsOfDataset: lookup('consent', ({ key }) => key[1]),
  chargesOfUse: lookup('privacy-charge', ({ key }) => `${key[0]} ${key[2]}`),
  withdrawnConsents: lookup('consent', ({ text }) => (text.includes('"withdrawnAt":"') ? ALL : undefined)),
  declinesOfDataset: lookup('decline', ({ key }) => key[1]),
  refusingVerdictsOfMember: lookup('verdict', ({ key, text }) =>
    text.includes('"accepted":false') || text.includes('"decision":"reject"') ? key[2] : undefined,
  ),
  votesOfMember: lookup('vote', ({ key }) => key[2]),
  memberVotesOfMember: lookup('member-vote', ({ key }) => key[3]),
  studiesOfPurpose: lookup('study', ({ text }) => /"purpose":"([^"]+)"/.exec(text)?.[1]),
} as const;
/** The name of a lookup. */
export type Lookup = keyof typeof LOOKUPS;

const RULES = Object.entries(LOOKUPS);

/** What a row is found by once it is written. */
export function lookupsOf(
  kind: RowKind,
  row: WrittenText,
): { readonly name: string; readonly value: string }[] {
  const found: { name: string; value: string }[] = [];
  for (const [name, rule] of RULES) {
    const value = rule.kind === kind ? rule.foundBy(row) : undefined;
    if (value !== undefined) found.push({ name, value });
  }
  return found;
}
