// A Fabric proposal with its sender's signature, read and verified outside the transaction that it asked for.
import { createHash, verify } from 'node:crypto';
import { argumentLimitsOf, DomainError, parseArgument, STATEMENT_BYTES_MAX } from '@consilium/domain';
import type { SignedStatement } from '@consilium/domain/rules';
import fabricProtos from '@hyperledger/fabric-protos';
import { sha256 } from '../ledger/digest.ts';
import { publicKeyOf, requireProvingKey, signerSha256 } from './signer.ts';

const { common, msp, peer } = fabricProtos;

/** What a proposal names and asks for, before anyone has verified who sent it. */
interface ProposalParts {
  readonly mspId: string;
  readonly certificate: Uint8Array;
  readonly channel: string;
  readonly chaincode: string;
  readonly transactionId: string;
  readonly args: readonly string[];
}

/** @throws Error where the bytes are no proposal */
export function proposalParts(bytes: Uint8Array): ProposalParts {
  const proposal = peer.Proposal.deserializeBinary(bytes);
  const header = common.Header.deserializeBinary(proposal.getHeader_asU8());
  const channelHeader = common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8());
  const signatureHeader = common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8());
  const creator = signatureHeader.getCreator_asU8();
  const identity = msp.SerializedIdentity.deserializeBinary(creator);
  const payload = peer.ChaincodeProposalPayload.deserializeBinary(proposal.getPayload_asU8());
  const invocation = peer.ChaincodeInvocationSpec.deserializeBinary(payload.getInput_asU8());
  const args = invocation.getChaincodeSpec()?.getInput()?.getArgsList_asU8() ?? [];
  const extension = peer.ChaincodeHeaderExtension.deserializeBinary(channelHeader.getExtension_asU8());
  return {
    mspId: identity.getMspid(),
    certificate: identity.getIdBytes_asU8(),
    channel: channelHeader.getChannelId(),
    // By this name peers run it; another one beside the arguments says nothing to them.
    chaincode: extension.getChaincodeId()?.getName() ?? '',
    // As Fabric derives it: every peer refuses a proposal that claims another id.
    transactionId: createHash('sha256').update(signatureHeader.getNonce_asU8()).update(creator).digest('hex'),
    args: args.map((arg) => Buffer.from(arg).toString('utf8')),
  };
}

/**
 * The statement, if the certificate it carries signed it. That the certificate is the organisation's own is for
 * the caller to establish.
 *
 * @throws DomainError EQUIVOCATION_UNPROVEN
 */
export function signedStatement(sent: {
  readonly proposal: string;
  readonly signature: string;
}): SignedStatement {
  const bytes = Buffer.from(sent.proposal, 'base64');
  try {
    const { certificate, args, ...parts } = proposalParts(bytes);
    const publicKey = publicKeyOf(certificate);
    requireProvingKey(publicKey);
    if (!verify('sha256', bytes, publicKey, Buffer.from(sent.signature, 'base64'))) {
      throw new DomainError('EQUIVOCATION_UNPROVEN', 'the signature does not fit the proposal');
    }
    const [transaction = '', argument = ''] = args;
    const limits = argumentLimitsOf({ name: transaction, kind: 'submit' });
    const statement = parseArgument(argument, limits) as Record<string, unknown>;
    if (typeof statement !== 'object' || statement === null) throw new TypeError('no object');
    const { mspId, channel, chaincode, transactionId } = parts;
    const signer = { signerSha256: signerSha256(publicKey), certificateSha256: sha256(certificate) };
    return { mspId, channel, chaincode, transactionId, ...signer, transaction, argument: statement };
  } catch (error) {
    if (error instanceof DomainError && error.code === 'EQUIVOCATION_UNPROVEN') throw error;
    throw new DomainError('EQUIVOCATION_UNPROVEN', 'proposal is not a signed proposal of a transaction');
  }
}

/**
 * Checks that anyone who has seen this proposal can report it: its signature is over the bytes that this peer passes
 * on, and they are few enough.
 *
 * @throws DomainError INVALID_ARGUMENT
 */
export function requireReportable(sent: { readonly proposal: string; readonly signature: string }): void {
  const bytes = Buffer.from(sent.proposal, 'base64');
  if (bytes.length > STATEMENT_BYTES_MAX) {
    throw new DomainError(
      'INVALID_ARGUMENT',
      `a statement's signed proposal must be at most ${STATEMENT_BYTES_MAX} bytes: it has ${bytes.length}`,
    );
  }
  try {
    signedStatement(sent);
  } catch {
    // The runtime keeps the parts of a proposal that it knows: what was signed with others cannot be shown again.
    throw new DomainError(
      'INVALID_ARGUMENT',
      "the proposal must be encoded as Fabric's clients do, so that its signature can be verified again",
    );
  }
}
