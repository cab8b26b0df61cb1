// What people see of a failure: its code and a sentence, on the job board and in the log.
import { DomainError } from '@consilium/domain';
import type { Logger } from 'pino';
import { DataError } from './data/index.ts';
import { TRAINER_ERRORS, TrainerError } from './errors.ts';
import { GatewayProblem } from './gateway/gateway-client.ts';

export interface Failure {
  readonly code: string;
  readonly detail: string;
  /** Whether waiting can help. */
  readonly retry: boolean;
}

/** Code and public text of a failure. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof TrainerError) return error;
  if (error instanceof GatewayProblem || error instanceof DomainError) {
    return { code: error.code, detail: error.detail, retry: true };
  }
  if (error instanceof DataError) {
    return { code: 'TRAINER_DATASET_REFUSED', detail: error.message, retry: true };
  }
  const [, retry, detail] = TRAINER_ERRORS.TRAINER_INTERNAL;
  return { code: 'TRAINER_INTERNAL', detail, retry };
}

/** One line for what has a name; the stack too for what has none. */
export function logFailure(log: Logger, error: unknown, about: object): void {
  const { code, detail } = describeFailure(error);
  if (code === 'TRAINER_INTERNAL') {
    log.error({ ...about, code, err: error }, 'failed unexpectedly');
  } else {
    const { cause } = error as Error;
    log.warn({ ...about, code, detail, ...(cause instanceof Error && { cause: cause.message }) }, 'failed');
  }
}
