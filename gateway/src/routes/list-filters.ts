// Filters of lists: by state, owner, purpose and time. The ledger has no lists by these, so the gateway reads on until
// a page is full, and never more than a few pages of the ledger for one request: what a filter leaves out costs what a
// list without one costs, and the rest of the way is the caller's, page by page.
import { MspId, PURPOSES, Words } from '@consilium/domain';
import { type TObject, type TProperties, type TSchema, Type } from 'typebox';
import { PAGE_MOST } from '../http/pages.ts';
import { periodOf, Within } from '../questions/question.ts';

/** Fields of a list's items that it can be asked by. */
export interface ListFilters {
  /** The states that there are, in the field `state`. */
  readonly states?: readonly string[];
  readonly owner?: string;
  /** One purpose, or a list of them. */
  readonly purpose?: string;
  /** When it came to be. */
  readonly at?: string;
}

/** The states that rows of this form have. */
export const statesOf = (row: TObject): readonly string[] =>
  (row.properties.state as unknown as { readonly enum: readonly string[] }).enum;

/** What a caller asks for. */
export interface Filtered {
  readonly state?: string;
  readonly owner?: string;
  readonly purpose?: string;
  readonly from?: string;
  readonly to?: string;
}

/** Pages of the ledger that one request reads at most. */
export const LEDGER_PAGES_MAX = 5;
const USUAL = 50;

/** The query of a list with these filters. */
export function filterQuery({ states, owner, purpose, at }: ListFilters): TProperties {
  const optional = (schema: TSchema) => Type.Optional(schema);
  return {
    ...(states !== undefined && { state: optional(Words(states, 'Only those in this state.')) }),
    ...(owner !== undefined && {
      owner: optional(
        Type.String({ ...MspId, description: `Only those of this organisation (\`${owner}\`).` }),
      ),
    }),
    ...(purpose !== undefined && { purpose: optional(Words(PURPOSES, 'Only those for this purpose.')) }),
    ...(at !== undefined && Within),
  };
}

interface Page {
  readonly items: readonly object[];
  readonly bookmark?: string;
}

/** Whether an item is one of those asked for. @throws DomainError INVALID_ARGUMENT for times that are none */
function matching(filters: ListFilters, asked: Filtered): (item: object) => boolean {
  const { from, to } = periodOf(asked);
  const wanted = ([field, value]: readonly [string | undefined, string | undefined]) =>
    field === undefined || value === undefined ? [] : [[field, value] as const];
  const equal = [
    ...wanted(['state', asked.state]),
    ...wanted([filters.owner, asked.owner]),
    ...wanted([filters.purpose, asked.purpose]),
  ];
  return (item) => {
    const row = item as Readonly<Record<string, unknown>>;
    const holds = equal.every(([field, value]) => [row[field]].flat().includes(value));
    if (!holds || filters.at === undefined || (from ?? to) === undefined) return holds;
    const at = Date.parse(String(row[filters.at]));
    return at >= Date.parse(from ?? '0000-01-01') && at < (to === undefined ? Infinity : Date.parse(to));
  };
}

/** A page of what is asked for: read until it is full, the list ends, or enough was read. */
export async function filteredPage(
  ask: (page: { readonly pageSize: number; readonly bookmark?: string }) => Promise<Page>,
  filters: ListFilters,
  asked: Filtered & { readonly limit?: number | undefined; readonly bookmark?: string | undefined },
): Promise<Page> {
  const matches = matching(filters, asked);
  const limit = Math.min(asked.limit ?? USUAL, PAGE_MOST);
  const items: object[] = [];
  let { bookmark } = asked;
  for (let page = 0; page < LEDGER_PAGES_MAX && items.length < limit; page += 1) {
    // No more than there is room for, so that the bookmark is where this page ends.
    const found = await ask({ pageSize: limit - items.length, ...(bookmark !== undefined && { bookmark }) });
    items.push(...found.items.filter(matches));
    bookmark = found.bookmark;
    if (bookmark === undefined) break;
  }
  return { items, ...(bookmark !== undefined && { bookmark }) };
}
