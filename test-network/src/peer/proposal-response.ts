/** The peer's answers to proposals: what it signs, and its refusals. */
import { peer } from '../fabric-protos.ts';
import type { SigningIdentity } from '../msp/signing-identity.ts';
import type { ParsedProposal } from './proposal.ts';

export type ProposalResponse = InstanceType<typeof peer.ProposalResponse>;
export type ChaincodeResponse = InstanceType<typeof peer.Response>;
export type ChaincodeEvent = InstanceType<typeof peer.ChaincodeEvent>;

const REFUSED = 500;

/** The bytes every endorser of a transaction must agree on. */
export function responsePayload(options: {
  readonly proposal: ParsedProposal;
  readonly version: string;
  readonly response: ChaincodeResponse;
  readonly event: ChaincodeEvent | undefined;
  readonly results: Uint8Array;
}): Uint8Array {
  const chaincodeId = new peer.ChaincodeID();
  chaincodeId.setName(options.proposal.chaincode);
  chaincodeId.setVersion(options.version);
  const action = new peer.ChaincodeAction();
  action.setResults(options.results);
  if (options.event) action.setEvents(options.event.serializeBinary());
  action.setResponse(options.response);
  action.setChaincodeId(chaincodeId);
  const payload = new peer.ProposalResponsePayload();
  payload.setProposalHash(options.proposal.hash);
  payload.setExtension$(action.serializeBinary());
  return payload.serializeBinary();
}

export function endorse(
  identity: SigningIdentity,
  payload: Uint8Array,
): InstanceType<typeof peer.Endorsement> {
  const endorsement = new peer.Endorsement();
  endorsement.setEndorser(identity.serialized);
  endorsement.setSignature(identity.sign(Buffer.concat([payload, identity.serialized])));
  return endorsement;
}

export function refusal(message: string): ProposalResponse {
  const response = new peer.Response();
  response.setStatus(REFUSED);
  response.setMessage(message);
  const answer = new peer.ProposalResponse();
  answer.setResponse(response);
  return answer;
}
