// Every error answer is made here (RFC 9457, application/problem+json). What is public is the code, its meaning
// and a detail written for the caller; what is logged is the error with its causes. The two never mix.
import {
  API_PREFIX,
  DomainError,
  ERRORS,
  type ErrorCode,
  type ErrorKind,
  type Problem as FieldProblem,
  fillPath,
  GATEWAY_PATHS,
} from '@consilium/domain';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { LedgerError } from '../fabric/ledger.ts';
import { publicRefusals } from '../fabric/refusals.ts';
import { meaningOfValidationCode } from '../fabric/validation-codes.ts';
import {
  GATEWAY_ERRORS,
  type GatewayErrorCode,
  type GatewayErrorEntry,
  GatewayRefusal,
} from '../gateway-errors.ts';
import { addressGroup } from './connection-limits.ts';
import { FloodLines } from './flood-lines.ts';
import { REQUEST_ID } from './request-id.ts';
import { InvalidRequest } from './validator-compiler.ts';

export type ProblemCode = ErrorCode | GatewayErrorCode;
export const PROBLEM_TYPE = 'application/problem+json';

/** The domain knows no HTTP: this is the one place where its kinds get a status. */
export const STATUS_OF_KIND: Record<ErrorKind, number> = {
  invalid: 422,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  // 409 and not 422: the same request can succeed later, when studies are settled and return what they reserved.
  exhausted: 409,
  unavailable: 503,
};

/** A request that does not fit its schema is 400; one that fits and breaks a rule is 422. */
export const statusOf = (code: ProblemCode): number => {
  if (code === 'INVALID_ARGUMENT') return 400;
  if (Object.hasOwn(ERRORS, code)) return STATUS_OF_KIND[ERRORS[code as ErrorCode][0]];
  return GATEWAY_ERRORS[code as GatewayErrorCode].status;
};

export const meaningOf = (code: ProblemCode): string =>
  Object.hasOwn(ERRORS, code)
    ? ERRORS[code as ErrorCode][1]
    : GATEWAY_ERRORS[code as GatewayErrorCode].meaning;

export const PROBLEM_CODES = [...Object.keys(ERRORS), ...Object.keys(GATEWAY_ERRORS)] as ProblemCode[];

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'urn:consilium:problem:CODE' }),
    title: Type.String({ description: "The code's meaning." }),
    status: Type.Integer(),
    detail: Type.String({ description: 'What is wrong with this request, and the remedy.' }),
    code: Type.String({ description: 'What programs read.' }),
    requestId: Type.String({ description: "This request in the gateway's log." }),
    transactionId: Type.Optional(Type.String({ description: 'The transaction that was sent.' })),
    validationCode: Type.Optional(Type.String({ description: "Fabric's validation code." })),
    peers: Type.Optional(
      Type.Array(Type.Object({ mspId: Type.String(), message: Type.String() }), {
        description: 'What each refusing peer said.',
      }),
    ),
    problems: Type.Optional(
      Type.Array(
        Type.Object(
          {
            field: Type.Optional(
              Type.String({ description: 'Its path in the part of the request that detail names.' }),
            ),
            text: Type.Optional(
              Type.String({ description: "What is wrong; it follows the field's name in a sentence." }),
            ),
            remedy: Type.Optional(
              Type.String({ description: 'What to do, where the text does not say so.' }),
            ),
            node: Type.Optional(
              Type.String({
                description: "Of a model's graph: the node that has it, by its name in the file.",
              }),
            ),
            operator: Type.Optional(Type.String({ description: "That node's operator." })),
          },
          { additionalProperties: true },
        ),
        {
          description:
            'Each field that is wrong, where the refusal lists them. Of records: column and code, and the line, where they came with the request.',
        },
      ),
    ),
  },
  {
    title: 'Problem',
    examples: [
      {
        type: 'urn:consilium:problem:BUDGET_EXCEEDED',
        title: ERRORS.BUDGET_EXCEEDED[1],
        status: 409,
        detail:
          'the training account of cleveland-heart has ε 1.287138 left of 10 (δ 0.00001); with this it would come to ' +
          '10.426692, at order 3, which was fixed when the account opened',
        code: 'BUDGET_EXCEEDED',
        requestId: '5f0c9a52-6d0b-4c3f-9d0e-7d4e2b1f8a11',
      },
      {
        type: 'urn:consilium:problem:INVALID_ARGUMENT',
        title: ERRORS.INVALID_ARGUMENT[1],
        status: 400,
        detail: 'body: training.optimizer.momentum must be below 1',
        code: 'INVALID_ARGUMENT',
        requestId: '0d6a8c1e-93b2-4f7e-8a55-1c9b7e60d2f4',
        problems: [{ field: 'training.optimizer.momentum', text: 'must be below 1' }],
      },
    ],
  },
);

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly requestId: string;
  readonly transactionId?: string;
  readonly validationCode?: string;
  readonly peers?: readonly { mspId: string; message: string }[];
  readonly problems?: readonly FieldProblem[];
}

interface Described {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly more?: Partial<Pick<ProblemBody, 'transactionId' | 'validationCode' | 'peers' | 'problems'>>;
}

const remedyOf = (code: GatewayErrorCode): string => {
  const { meaning, remedy } = GATEWAY_ERRORS[code];
  return `${meaning} ${remedy}`;
};

/** Fastify's own refusals, in our codes. */
const FASTIFY_CODES: Record<string, GatewayErrorCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'MALFORMED_BODY',
  FST_ERR_CTP_INVALID_JSON_BODY: 'MALFORMED_BODY',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'MALFORMED_BODY',
  FST_ERR_BAD_URL: 'REQUEST_MALFORMED',
  FST_ERR_MAX_PARAM_LENGTH: 'REQUEST_MALFORMED',
};

function describe(error: unknown): Described {
  if (error instanceof DomainError) return describeRefusal(error);
  if (error instanceof GatewayRefusal) return { code: error.code, detail: error.detail };
  if (error instanceof LedgerError) {
    const { code, transactionId, validationCode } = error;
    const peers = publicRefusals(error.refusals);
    const more = {
      ...(transactionId !== undefined && { transactionId }),
      ...(validationCode !== undefined && { validationCode }),
      ...(peers.length > 0 && { peers }),
    };
    const why =
      validationCode === undefined ? '' : ` ${validationCode}: ${meaningOfValidationCode(validationCode)}.`;
    return { code, detail: `${remedyOf(code)}${why}`, more };
  }
  if (error instanceof InvalidRequest) {
    return { code: 'INVALID_ARGUMENT', detail: error.message, more: listed(error.problems) };
  }
  const code = codeOf(error);
  if (code !== undefined && Object.hasOwn(FASTIFY_CODES, code)) {
    const known = FASTIFY_CODES[code] as GatewayErrorCode;
    return { code: known, detail: remedyOf(known) };
  }
  // A client error of Fastify without a code of ours (a broken header, a JSON with __proto__).
  const status = (error as { statusCode?: unknown }).statusCode;
  if (status === 400) return { code: 'MALFORMED_BODY', detail: remedyOf('MALFORMED_BODY') };
  return { code: 'GATEWAY_INTERNAL', detail: remedyOf('GATEWAY_INTERNAL') };
}

function describeRefusal(error: DomainError): Described {
  const refusals = error.cause instanceof LedgerError ? publicRefusals(error.cause.refusals) : [];
  // Whose peer refused matters where peers judge for themselves; the own peer alone applies rules that all share.
  const telling = refusals.length > 1 || (error.code === 'ENDORSEMENT_REFUSED' && refusals.length > 0);
  return {
    code: error.code,
    detail: error.detail,
    more: { ...(telling && { peers: refusals }), ...listed(error.problems) },
  };
}

/** What programs read of a refusal that lists its fields; names of unknown fields may hold halves of characters. */
function listed(problems: readonly FieldProblem[]): { readonly problems?: readonly FieldProblem[] } {
  if (problems.length === 0) return {};
  return {
    problems: problems.map(({ field, text, remedy }) => ({
      field: field.toWellFormed(),
      text: text.toWellFormed(),
      ...(remedy !== undefined && { remedy: remedy.toWellFormed() }),
    })),
  };
}

const codeOf = (error: unknown): string | undefined => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
};

export function problemOf(error: unknown, requestId: string): ProblemBody {
  const { code, detail, more } = describe(error);
  return {
    type: `urn:consilium:problem:${code}`,
    title: meaningOf(code),
    status: statusOf(code),
    detail,
    code,
    requestId,
    ...more,
  };
}

/** What is said to the log alone. */
const whyOf = (error: unknown): string | undefined => ((error as Error).cause as Error | undefined)?.message;

/** Where neither the error nor whoever refused says when to come back. */
const RETRY_AFTER_SECONDS: Readonly<Record<number, number>> = { 429: 60, 503: 15, 504: 5 };

/** With its request id and without what was shown, a few lines of each caller a minute. */
function logTooMany({ log, server, apiKey, ip, method, routeOptions }: FastifyRequest): void {
  const caller = apiKey === null ? addressGroup(ip) : `key ${apiKey.id}`;
  const line = { code: 'RATE_LIMITED', caller, method, route: routeOptions.url };
  const written = server.floodLines.next(caller);
  if (written === undefined) log.debug(line, 'request refused');
  else
    log.info({ ...line, ...(written.unwritten > 0 && { unwritten: written.unwritten }) }, 'request refused');
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly floodLines: FloodLines;
  }
}

export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error, request.id);
  if (problem.code === 'SIGN_IN_UNAVAILABLE')
    request.log.warn({ code: problem.code, why: whyOf(error) }, 'request refused');
  else if (problem.status >= 500) request.log.error({ err: error, code: problem.code }, 'request failed');
  else if (problem.code === 'RATE_LIMITED') logTooMany(request);
  else {
    const why = problem.code === 'UNAUTHENTICATED' ? whyOf(error) : undefined;
    const reason = (error as Error).message;
    request.log.info({ code: problem.code, reason, ...(why !== undefined && { why }) }, 'request refused');
  }
  const entry = (GATEWAY_ERRORS as Record<string, GatewayErrorEntry>)[problem.code];
  reply.header(REQUEST_ID, request.id);
  const retryAfter = entry?.retryAfterSeconds ?? RETRY_AFTER_SECONDS[problem.status];
  if (retryAfter !== undefined && !reply.hasHeader('retry-after'))
    reply.header('retry-after', String(retryAfter));
  if (problem.code === 'UNAUTHENTICATED') reply.header('www-authenticate', 'Bearer realm="consilium"');
  if (problem.code === 'OUTCOME_UNKNOWN' && problem.transactionId !== undefined) {
    const { transactionId } = problem;
    reply.header('location', `${API_PREFIX}${fillPath(GATEWAY_PATHS.transaction, { transactionId })}`);
  }
  return reply.code(problem.status).type(PROBLEM_TYPE).send(problem);
}

/** Makes every error of an application a problem. */
export function handleProblems(app: FastifyInstance): void {
  app.decorate('floodLines', new FloodLines());
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(new GatewayRefusal('ROUTE_NOT_FOUND'), request, reply),
  );
}
