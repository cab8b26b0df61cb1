/**
 * A peer as a gateway sees it. A gateway calls its own peer in the process and the others over the network;
 * there a refused proposal arrives as a transport error, and the gateway treats it as such.
 */
import { status } from '@grpc/grpc-js';
import type { StateReader } from '../ledger/state-reader.ts';
import type { Endorser, ProposalOutcome } from '../peer/endorser.ts';
import type { SignedProposal } from '../peer/proposal.ts';
import type { ProposalResponse } from '../peer/proposal-response.ts';
import type { ErrorDetail } from './rpc-error.ts';

export interface EndorsingPeer {
  readonly mspId: string;
  readonly address: string;
  readonly endorser: Endorser;
  process(proposal: SignedProposal, view?: StateReader): Promise<Judged>;
}

export type Judged =
  | { readonly ok: true; readonly response: ProposalResponse }
  | { readonly ok: false; readonly code: status; readonly message: string; readonly retry: boolean };

export function endorsingPeer(endorser: Endorser, isLocal: boolean): EndorsingPeer {
  return {
    mspId: endorser.mspId,
    address: endorser.address,
    endorser,
    async process(proposal, view) {
      const outcome = await endorser.processProposal(proposal, view);
      return judge(isLocal ? outcome : overTheWire(outcome));
    },
  };
}

export function errorDetail(peer: EndorsingPeer, message: string): ErrorDetail {
  return { address: peer.address, mspId: peer.mspId, message };
}

function overTheWire(outcome: ProposalOutcome): ProposalOutcome {
  if (outcome.error === undefined) return outcome;
  return { response: undefined, error: `rpc error: code = Unknown desc = ${outcome.error}` };
}

function judge({ response, error }: ProposalOutcome): Judged {
  if (error !== undefined) {
    const code = response ? status.FAILED_PRECONDITION : status.UNAVAILABLE;
    return { ok: false, code, message: error, retry: !response };
  }
  const result = response!.getResponse()!;
  const code = result.getStatus();
  if (code >= 200 && code < 400) return { ok: true, response: response! };
  const message = result.getMessage();
  if (response!.getPayload_asU8().length === 0 && code === 500) {
    return { ok: false, code: status.ABORTED, message, retry: true };
  }
  return {
    ok: false,
    code: status.UNKNOWN,
    message: `chaincode response ${code}, ${message}`,
    retry: false,
  };
}
