// How a request can fail, by what is known afterwards.
import type { Problem } from './api.generated.ts';

/** The gateway answered with a problem (RFC 9457): it has refused, or the ledger has. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  /** As it was answered; of an answer that is no problem, what is known of it. */
  readonly problem: Problem;

  /** @param request method and path, for the message */
  constructor(request: string, problem: Problem) {
    super(`${request}: ${problem.code} (${problem.status}): ${problem.detail}`);
    this.problem = problem;
  }

  /** HTTP's status. */
  get status(): number {
    return this.problem.status;
  }

  /** What programs read; NO_PROBLEM where something else than a gateway answered. */
  get code(): string {
    return this.problem.code;
  }
}

/** The code where something else than a gateway answered. */
export const NO_PROBLEM = 'NO_PROBLEM';

/** No answer came: nothing is known, unless it was never sent. `cause` says why. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
  /** Whether the gateway may have read the request. */
  readonly maybeSent: boolean;

  /** @param request method and path, for the message */
  constructor(request: string, cause: unknown) {
    super(`${request}: no answer`, { cause });
    this.maybeSent = !neverSent(cause);
  }
}

const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Whether a failed fetch never reached the other side. */
function neverSent(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof AggregateError) return cause.errors.every(neverSent);
    const { code } = cause as { code?: unknown };
    if (typeof code === 'string' && NEVER_SENT.has(code)) return true;
  }
  return false;
}

/** The problem in an answer, whoever answered. */
export function problemIn(status: number, text: string): Problem {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Something else answered.
  }
  const { code, detail, title, ...more } = (
    typeof parsed === 'object' && parsed !== null ? parsed : {}
  ) as Partial<Problem>;
  const said = String(detail ?? title ?? (text.slice(0, 300) || `HTTP ${status}`));
  const isProblem = typeof code === 'string';
  return {
    type: 'about:blank',
    requestId: '',
    ...(isProblem && more),
    title: isProblem ? String(title) : `HTTP ${status}`,
    status,
    detail: said,
    code: isProblem ? code : NO_PROBLEM,
  };
}
