// What the SDK's errors say: which pass by themselves, and what a peer answered.
import { status as GrpcStatus } from '@grpc/grpc-js';
import { GatewayError } from '@hyperledger/fabric-gateway';
import { type PeerAnswer, unanswered } from './ledger-failures.ts';
import { publicMessage } from './refusals.ts';

/** Errors that pass by themselves: the stream is taken up again where it was. */
const PASSING: readonly number[] = [
  GrpcStatus.CANCELLED,
  GrpcStatus.UNKNOWN,
  GrpcStatus.DEADLINE_EXCEEDED,
  GrpcStatus.NOT_FOUND, // of the channel, or of a block beyond the peer's height: a peer that is coming back
  GrpcStatus.RESOURCE_EXHAUSTED,
  GrpcStatus.ABORTED,
  GrpcStatus.INTERNAL,
  GrpcStatus.UNAVAILABLE,
];
/** Deliver's own word for a start beyond the peer's height, which the client library throws as a plain error. */
const BEYOND_HEIGHT = /^Unexpected status response: 404\b/;
/** Whether a stream that ended with it may be taken up again. */
export const isPassing = (error: unknown) =>
  error instanceof GatewayError
    ? PASSING.includes(error.code)
    : error instanceof Error && BEYOND_HEIGHT.test(error.message);

/** What the peer said. */
export const answerOf = ({ code, message, details }: GatewayError): PeerAnswer => ({
  code,
  message,
  details: details.map((detail) => ({ mspId: detail.mspId, message: detail.message })),
});

/** Why a probe was not answered, for the public; a refusal by the rules is an answer: a peer that refuses is there. */
export async function failureOf(probe: Promise<unknown>): Promise<string | undefined> {
  try {
    await probe;
    return undefined;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return unanswered(answerOf(error), publicMessage);
  }
}
