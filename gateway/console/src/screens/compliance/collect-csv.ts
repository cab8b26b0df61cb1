// A whole answer as one CSV, page by page. Each line of a page ends with whether there is more of the answer; of the
// joined file there is not.
import { type AskedQuestion, filePath } from './question-address.ts';
import type { QuestionForm } from './question-forms.ts';

/** One page as the gateway sends it. */
export interface CsvPage {
  readonly text: string;
  /** The `Link` of the answer. */
  readonly link: string | null;
}

/** Rows of a page at most, as the gateway allows it. */
const ROWS_OF_PAGE = 1000;
/** More pages than a question can have: something is wrong then. */
const PAGES_MOST = 10_000;

/** The bookmark of the next page, of a `Link` with rel="next"; undefined on the last page. */
export function nextBookmark(link: string | null): string | undefined {
  const [, target] = /<([^>]*)>\s*;[^,]*rel="?next"?/.exec(link ?? '') ?? [];
  if (target === undefined) return undefined;
  return new URLSearchParams(target.slice(target.indexOf('?') + 1)).get('bookmark') ?? undefined;
}

/** The lines of a page without their names, each saying that nothing follows. */
export function linesOf(text: string, isFirst: boolean): string[] {
  const lines = text.split('\r\n').filter((line) => line !== '');
  return lines
    .slice(isFirst ? 0 : 1)
    .map((line, index) => (isFirst && index === 0 ? line : line.replace(/,true$/, ',false')));
}

/**
 * Every row of the question's main table as CSV, in parts.
 *
 * @param ask sends a request by its target
 * @throws what `ask` throws, and RangeError where pages do not end
 */
export async function collectCsv(
  form: QuestionForm,
  question: AskedQuestion,
  options: {
    readonly ask: (target: string) => Promise<CsvPage>;
    readonly onRows?: (rows: number) => void;
  },
): Promise<string[]> {
  const parts: string[] = [];
  const seen = new Set<string>();
  let bookmark: string | undefined;
  let rows = 0;
  do {
    const asked = { asked: question.asked, ...(bookmark !== undefined && { bookmark }) };
    const file = { format: 'csv', table: form.paged, limit: ROWS_OF_PAGE } as const;
    const page = await options.ask(filePath(form, asked, file));
    const lines = linesOf(page.text, bookmark === undefined);
    rows += lines.length - (bookmark === undefined ? 1 : 0);
    parts.push(...lines.map((line) => `${line}\r\n`));
    options.onRows?.(rows);
    bookmark = nextBookmark(page.link);
    if (bookmark !== undefined && seen.has(bookmark)) throw new RangeError('pages lead in a circle');
    if (bookmark !== undefined) seen.add(bookmark);
    if (seen.size > PAGES_MOST) throw new RangeError('pages do not end');
  } while (bookmark !== undefined);
  return parts;
}
