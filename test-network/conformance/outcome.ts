/** What a client sees of an answer, in a form two networks can be compared by. */

import { GatewayError, StatusCode } from '@hyperledger/fabric-gateway';

/** A refusal: the client library's error, the gRPC status, the message, and each peer's own words. */
export interface Refusal {
  readonly error: string;
  readonly code: number;
  readonly message: string;
  /** "MSPID message", sorted, since peers answer in any order. */
  readonly details: readonly string[];
}

/** The refusal a call ends in; a call that succeeds fails the test. */
export async function refusal(call: Promise<unknown>): Promise<Refusal> {
  let value: unknown;
  try {
    value = await call;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const details = error.details.map(({ mspId, message }) => `${mspId} ${message}`).sort();
    return { error: error.name, code: error.code, message: error.message, details };
  }
  throw new Error(`expected a refusal, got ${printable(value)}`);
}

/** Usually the client's own clock ends the call; now and then the server is first, and cancels it. */
export function endedAtDeadline({ code, message }: Refusal): boolean {
  const name = /^\d+ ([A-Z_]+): /.exec(message)?.[1];
  return (code === 4 && name === 'DEADLINE_EXCEEDED') || (code === 1 && name === 'CANCELLED');
}

/** The names of Fabric's validation codes, for example MVCC_READ_CONFLICT. */
export function validationCode(code: number): string {
  const found = Object.entries(StatusCode).find(([, value]) => value === code);
  return found?.[0] ?? `unknown validation code ${code}`;
}

function printable(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : JSON.stringify(value);
}
