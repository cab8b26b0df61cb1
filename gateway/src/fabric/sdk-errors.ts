// What the SDK's errors say: which pass by themselves, and what a peer answered.
import { status as GrpcStatus } from '@grpc/grpc-js';
import { GatewayError } from '@hyperledger/fabric-gateway';
import { isBeyondHeight, type PeerAnswer, passesByItself, unanswered } from './ledger-failures.ts';
import { publicMessage } from './refusals.ts';

/** Whether a stream that ended with it may be taken up again. */
export const isPassing = (error: unknown) =>
  error instanceof GatewayError ? passesByItself(error.code) : isBeyondHeight(error);

/** Nobody answered, or nobody who could do it. */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof GatewayError && error.code === GrpcStatus.UNAVAILABLE;

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
