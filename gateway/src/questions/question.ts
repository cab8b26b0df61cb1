// What a question is: where it is asked, with what, and how a history of the ledger answers it. Each question is a
// file of its own; `routes/compliance.ts` makes them routes.
import { DomainError, problem, Strict, Words } from '@consilium/domain';
import { type Static, type TObject, type TProperties, Type } from 'typebox';
import type { ProblemCode } from '../http/problem.ts';
import type { LedgerHistory } from '../read-model/ledger-history.ts';
import type { Answer, TableForm } from './answer.ts';

/** The forms that an answer is written in. */
export const FORMATS = ['json', 'csv', 'ndjson', 'html'] as const;
/** One of them. */
export type Format = (typeof FORMATS)[number];

/** How many rows a page of an answer has where it is not said, and at most. */
export const LIMIT = { usual: 100, most: 1000 } as const;

/** What every question takes beside its own. */
export const Asked = {
  format: Type.Optional(Words(FORMATS, 'The form of the answer; the header Accept decides where absent.')),
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: LIMIT.most,
      description: `How many rows a page has at most: ${LIMIT.usual} where absent, fewer where each takes much.`,
    }),
  ),
  bookmark: Type.Optional(
    Type.String({ minLength: 1, maxLength: 300, description: 'Where a page begins: from the page before.' }),
  ),
};
/** What questions take that answer with Rényi costs. */
export const Vectors = {
  vectors: Type.Optional(
    Type.Boolean({ description: 'Whether the answer has Rényi costs at every order, beside ε.' }),
  ),
};
const moment = 'A day such as 2026-11-29, or a UTC time such as 2026-11-29T08:00:00Z';
const DAY = '[0-9]{4}-[0-9]{2}-[0-9]{2}';
const Moment = (means: string) =>
  Type.Optional(
    Type.String({
      pattern: `^${DAY}(T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,3})?Z)?$`,
      description: `${moment}: ${means}`,
    }),
  );
/** A period that a question is about. */
export const Within = {
  from: Moment('from then on; from the beginning where absent.'),
  to: Moment('up to before then; until now where absent.'),
};
/** A day of a calendar in UTC. */
export const Day = Type.String({ pattern: `^${DAY}$`, description: 'A day in UTC, such as 2026-11-29.' });

/** A question with its own path and parameters. */
export interface Question<P extends TProperties = TProperties, Q extends TProperties = TProperties> {
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly params: P;
  readonly query: Q;
  readonly errors: readonly ProblemCode[];
  /** The tables of its answers, the main one first. */
  readonly tables: readonly TableForm[];
  /** `now` decides what is late, and until when a rate is taken: a ledger on which nothing happens has no time. */
  answer(
    history: LedgerHistory,
    asked: Static<TObject<P>> & Static<TObject<Q>> & Static<TObject<typeof Asked>>,
    now: string,
  ): Answer;
}

/** Keeps the types of a question's own parameters while it is written, and drops them for lists of questions. */
export const question = <P extends TProperties, Q extends TProperties>(one: Question<P, Q>): Question =>
  one as unknown as Question;

/**
 * A period as instants, in order. @throws DomainError INVALID_ARGUMENT for times that are none, or in the wrong
 * order
 */
export function periodOf({ from, to }: { readonly from?: string; readonly to?: string }): {
  readonly from?: string;
  readonly to?: string;
} {
  const [begin, end] = [instantOf('from', from), instantOf('to', to)];
  if (begin !== undefined && end !== undefined && begin >= end) {
    throw invalid('from', `must be before to, and ${from} is not before ${to}`);
  }
  return { ...(begin !== undefined && { from: begin }), ...(end !== undefined && { to: end }) };
}

/** An instant to the millisecond, of one width, so that texts compare as times do. */
function instantOf(field: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const milliseconds = Date.parse(text.length === 10 ? `${text}T00:00:00Z` : text);
  const instant = Number.isNaN(milliseconds) ? '' : new Date(milliseconds).toISOString();
  // The 30th of February is read as a day of March.
  if (instant.slice(0, 10) === text.slice(0, 10)) return instant;
  throw invalid(field, `must be a time that there is, and ${text} is none: ${moment}`);
}

/** One day as a period. @throws DomainError INVALID_ARGUMENT for a day that is none */
export function periodOfDay(day: string): { readonly from: string; readonly to: string } {
  const from = instantOf('day', day)!;
  return { from, to: new Date(Date.parse(from) + 24 * 3_600_000).toISOString() };
}

const invalid = (field: string, text: string) => new DomainError('INVALID_ARGUMENT', [problem(field, text)]);
/** The refusal of a bookmark of another answer. */
export const strayBookmark = () =>
  invalid('bookmark', 'must be that of the page before, with the same question: leave it out to begin again');

/** Parts of a bookmark as one text. */
export const bookmarkOf = (...parts: readonly string[]): string =>
  Buffer.from(JSON.stringify(parts), 'utf8').toString('base64url');

/** @throws DomainError INVALID_ARGUMENT for a text that is no bookmark of so many parts */
export function partsOf(bookmark: string, parts: number): readonly string[] {
  try {
    const read: unknown = JSON.parse(Buffer.from(bookmark, 'base64url').toString('utf8'));
    if (Array.isArray(read) && read.length === parts && read.every((part) => typeof part === 'string')) {
      return read;
    }
  } catch {
    // Refused below.
  }
  throw strayBookmark();
}

/** The first page of a list, at most `limit`, and where the next page begins: after the one that the bookmark names. */
export function pageOf<T>(
  items: Iterable<T>,
  idOf: (item: T) => string,
  {
    limit = LIMIT.usual,
    fits = () => true,
  }: {
    readonly limit?: number;
    /** Whether a page that has some has room for this one too. */
    readonly fits?: (item: T) => boolean;
  },
): { readonly items: T[]; readonly bookmark: string | undefined } {
  const page: T[] = [];
  for (const item of items) {
    if (page.length < limit && (fits(item) || page.length === 0)) page.push(item);
    else return { items: page, bookmark: bookmarkOf(idOf(page.at(-1)!)) };
  }
  return { items: page, bookmark: undefined };
}
/** An object of a question's parameters, for its route. */
export const parameters = <P extends TProperties>(properties: P) => Strict(properties);
