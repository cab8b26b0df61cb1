// Error answers of the local service (RFC 9457): the code, a sentence, and for data files where to look. Never a
// value of a patient.

import { DomainError, ERRORS, type Problem } from '@consilium/domain';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { DataError, type DataProblem } from '../data/index.ts';
import { isLedgerCode, isTrainerCode, named, statusOf, TRAINER_ERRORS, TrainerError } from '../errors.ts';
import { GatewayProblem } from '../gateway/gateway-client.ts';

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** Of a data file by code, column and line; of a model by field, node and operator. */
  readonly problems?: readonly DataProblem[] | readonly Problem[];
  readonly problemCount?: number;
}

export function problemOf(thrown: unknown): ProblemBody {
  const error = named(thrown);
  if (error instanceof DataError) {
    return {
      ...body('TRAINER_DATASET_REFUSED', 422, error.message),
      problems: error.problems,
      problemCount: error.total,
    };
  }
  if (error instanceof TrainerError) {
    const status = error.code === 'TRAINER_ASSERTION_REFUSED' ? 401 : statusOf(error.kind);
    const { problems, total } = error;
    return {
      ...body(error.code, status, error.detail),
      ...(problems.length > 0 && { problems, problemCount: total }),
    };
  }
  if (error instanceof GatewayProblem) {
    // The ledger's refusals keep their status; a failing gateway is this service's upstream.
    return body(error.code, isLedgerCode(error.code) ? error.status : 503, error.detail);
  }
  if (error instanceof DomainError) {
    const { code, kind, detail } = error;
    if (code === 'INVALID_ARGUMENT') return body('TRAINER_INPUT_INVALID', 422, detail);
    // As a gateway answers them: what is exhausted on the ledger is a conflict, and no full disk.
    return body(code, kind === 'exhausted' ? 409 : statusOf(kind), detail);
  }
  const { statusCode, message } = error as Partial<FastifyError>;
  if (statusCode !== undefined && statusCode < 500) {
    return body('TRAINER_INPUT_INVALID', statusCode, message ?? 'the request is malformed');
  }
  return body('TRAINER_INTERNAL', 500, TRAINER_ERRORS.TRAINER_INTERNAL[2]);
}

/** A code's meaning; a gateway's own codes are its own to explain, and stand for themselves. */
const meaningOf = (code: string): string => {
  if (isTrainerCode(code)) return TRAINER_ERRORS[code][2];
  return isLedgerCode(code) ? ERRORS[code][1] : code;
};

const body = (code: string, status: number, detail: string): ProblemBody => ({
  type: `urn:consilium:problem:${code}`,
  title: meaningOf(code),
  status,
  code,
  detail,
});

export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = { ...problemOf(error), requestId: request.id };
  if (problem.status >= 500) request.log.error({ err: error }, 'request failed');
  reply.code(problem.status).type('application/problem+json').send(problem);
}
