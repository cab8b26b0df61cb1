// The questions of compliance teams as routes: each answered by one request, from what this gateway checked of the
// ledger, as JSON, CSV, lines of JSON or a page for printing.
import { ROLES, type Role, Strict, Words } from '@consilium/domain';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type TObject, Type } from 'typebox';
import type { Dependencies } from '../dependencies.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import { needsOf, problemResponses } from '../http/documentation.ts';
import { linkNext, NextPage, nextTarget } from '../http/pages.ts';
import { routeUrl } from '../http/route-url.ts';
import { QUESTIONS } from '../questions/all-questions.ts';
import { type Answer, exampleOf, type Table, type TableForm } from '../questions/answer.ts';
import { Answered, answeredFrom } from '../questions/answered.ts';
import { asCsv } from '../questions/formats/csv.ts';
import { asPage } from '../questions/formats/html.ts';
import { asLines, asObject } from '../questions/formats/json.ts';
import { formatOf, MEDIA_TYPES } from '../questions/formats/negotiate.ts';
import { type WholeAnswer, wholeAnswer } from '../questions/formats/whole-answer.ts';
import { Asked, type Format, type Question } from '../questions/question.ts';

const roles: readonly Role[] = ROLES;

/** What every question's query has beside its own. */
const queryOf = ({ query, tables }: Question): TObject =>
  Strict({
    ...query,
    ...Asked,
    table: Type.Optional(
      Words(
        tables.map(({ name }) => name),
        'Which table a CSV has; the first where absent.',
      ),
    ),
  });

/** The schema of an answer as JSON: its tables by name. */
const answerSchema = ({ tables }: Question): TObject =>
  Type.Object({
    question: Type.String({ description: 'In words.' }),
    answer: Type.Array(Type.String(), { description: 'In sentences.' }),
    ...Object.fromEntries(
      tables.map(({ name, heading, row }) => [name, Type.Array(row, { description: `${heading}.` })]),
    ),
    meanings: Type.Record(Type.String(), Type.Record(Type.String(), Type.String()), {
      description: 'Of each table: what each column is, with its unit.',
    }),
    notes: Type.Array(Type.String(), { description: 'How numbers came about, and what is not counted.' }),
    answered: Answered,
    bookmark: Type.Optional(
      Type.String({ description: 'Where the next page begins; absent where the answer is whole.' }),
    ),
    next: NextPage,
  });

/** An answer of one row in each table, as the columns exemplify them. */
function exampleAnswer({ summary, tables }: Question): WholeAnswer {
  const rowOf = ({ row }: TableForm) =>
    Object.fromEntries(
      Object.entries(row.properties)
        .filter(([field]) => row.required?.includes(field))
        .map(([field, column]) => [field, exampleOf(column)]),
    );
  const examples: Table[] = tables.map((form) => ({ form, rows: [rowOf(form)] }));
  const answer: Answer = {
    question: summary,
    sentences: examples.map(({ rows }) => String(rows[0]?.sentence)),
    tables: examples,
    notes: [],
  };
  const answered: Answered = {
    block: 122,
    at: '2026-03-02T12:00:00.000Z',
    organisations: [{ mspId: 'ClevelandMSP', title: 'Cleveland Clinic' }],
    sentence:
      'Answered from the ledger up to block 122, whose latest transaction is of 2026-03-02 at 12:00:00 UTC.',
  };
  return wholeAnswer(answer, { answered, next: undefined });
}

function responseOf(question: Question) {
  const example = exampleAnswer(question);
  const text = (written: string) => ({ schema: { type: 'string', examples: [written] } });
  return {
    description: 'The answer. `Link` has the next page where it is cut.',
    content: {
      [MEDIA_TYPES.json]: { schema: { ...answerSchema(question), examples: [asObject(example)] } },
      [MEDIA_TYPES.csv]: text(asCsv(example, example.tables[0]!)),
      [MEDIA_TYPES.ndjson]: text(asLines(example)),
      [MEDIA_TYPES.html]: text('<!DOCTYPE html>\n<html lang="en" dir="ltr">…</html>\n'),
    },
  };
}

export function addComplianceRoutes(app: FastifyInstance, { history, limits }: Dependencies): void {
  // Each takes as long as some twenty other requests, which wait for it.
  const rateLimit = { max: Math.min(limits.questionsPerMinute, limits.requestsPerMinute) };
  for (const question of QUESTIONS) {
    const params = Strict(question.params);
    app.get(routeUrl(question.path), {
      config: { roles, rateLimit },
      schema: {
        operationId: question.operationId,
        tags: ['questions'],
        summary: question.summary,
        description:
          `${question.description}\n\nAs JSON, CSV (one table), lines of JSON, or a page for printing: by ` +
          `\`format\`, or by the ` +
          `header Accept.\n\n${needsOf(roles)}`,
        security: [{ apiKey: [] }],
        ...(Object.keys(question.params).length > 0 && { params }),
        querystring: queryOf(question),
        response: {
          200: responseOf(question),
          ...problemResponses([
            'INVALID_ARGUMENT',
            'REQUEST_MALFORMED',
            'UNAUTHENTICATED',
            'SCOPE_REQUIRED',
            'RATE_LIMITED',
            'GATEWAY_INTERNAL',
            'HISTORY_UNAVAILABLE',
            ...question.errors,
          ]),
        },
      },
      handler: async (request, reply) => {
        const asked = { ...(request.params as object), ...(request.query as object) } as Parameters<
          Question['answer']
        >[1] & { readonly format?: Format; readonly table?: string };
        const whole = history.read((ledger) => {
          const answered = answeredFrom(ledger);
          if (answered === undefined) throw new GatewayRefusal('HISTORY_UNAVAILABLE');
          const latestMs = answered.at === null ? 0 : Date.parse(answered.at);
          const now = new Date(Math.max(Date.now(), latestMs)).toISOString();
          const answer = question.answer(ledger, asked, now);
          const { bookmark } = answer;
          return wholeAnswer(answer, { answered, next: bookmark && nextTarget(request, bookmark) });
        });
        return send(reply, whole, { ...asked, format: formatOf(asked.format, request.headers.accept) });
      },
    });
  }
}

/** Pages may hold what members wrote: nothing on them runs, is loaded or is framed, whatever a browser makes of it. */
const CONTENT_SECURITY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

function send(
  reply: FastifyReply,
  whole: WholeAnswer,
  { format, table }: { readonly format: Format; readonly table?: string },
): object | string {
  reply.header('vary', 'accept');
  reply.header('cache-control', 'no-store');
  reply.header('x-content-type-options', 'nosniff');
  reply.header('consilium-answered-block', String(whole.answered.block));
  if (whole.next !== undefined) linkNext(reply, whole.next);
  if (format === 'json') return asObject(whole);
  reply.type(`${MEDIA_TYPES[format]}; charset=utf-8${format === 'csv' ? '; header=present' : ''}`);
  if (format === 'ndjson') return asLines(whole);
  if (format === 'csv') {
    const [main] = whole.tables;
    return asCsv(whole, whole.tables.find(({ form }) => form.name === table) ?? main!);
  }
  reply.header('content-security-policy', CONTENT_SECURITY);
  return asPage(whole);
}
