// What a transaction has at hand besides Fabric's own: a clock to judge the client's against, and the proposal
// it came in, as its client signed it.

import { DomainError } from '@consilium/domain';
import { Context, Contract } from 'fabric-contract-api';
import { proposalParts, requireReportable } from './signed-statement.ts';
import { publicKeyOf, requireProvingKey, signerSha256 } from './signer.ts';

/** The shim keeps the message that it decoded, and gives out its parts only. */
interface DecodedProposal {
  readonly proposal?: { serializeBinary(): Uint8Array };
  readonly signedProposal?: { readonly signature: Uint8Array | string };
}

export class LedgerContext extends Context {
  /** This endorser's own clock, in epoch milliseconds. Nothing of it may reach a result. */
  now(): number {
    return Date.now();
  }

  /** The proposal and its signature, in base64; undefined outside a proposal. */
  signedProposal(): { readonly proposal: string; readonly signature: string } | undefined {
    const { proposal, signedProposal } = this.stub as unknown as DecodedProposal;
    if (proposal === undefined || signedProposal === undefined) return undefined;
    const { signature } = signedProposal;
    return {
      proposal: Buffer.from(proposal.serializeBinary()).toString('base64'),
      signature: typeof signature === 'string' ? signature : Buffer.from(signature).toString('base64'),
    };
  }

  /** Who signed the proposal. @throws DomainError INVALID_ARGUMENT */
  signerSha256(): string {
    return signerSha256(publicKeyOf(this.clientIdentity.getIDBytes()));
  }

  /**
   * Refuses a statement that nobody could hold against its signer: whose key or signature cannot be verified outside
   * this transaction, or which is longer than a report takes.
   *
   * @throws DomainError INVALID_ARGUMENT
   */
  requireReportable(): void {
    requireProvingKey(publicKeyOf(this.clientIdentity.getIDBytes()));
    const sent = this.signedProposal();
    if (sent === undefined) throw new DomainError('INTERNAL', 'the runtime gives no proposal');
    requireReportable(sent);
  }

  /** The name under which this chaincode was called. */
  chaincodeName(): string {
    const sent = this.signedProposal();
    return sent === undefined ? '' : proposalParts(Buffer.from(sent.proposal, 'base64')).chaincode;
  }
}

/** A contract of this chaincode: a name, and one method per transaction with one JSON argument. */
export class LedgerContract extends Contract {
  override createContext(): LedgerContext {
    return new LedgerContext();
  }

  override async unknownTransaction(context: Context): Promise<void> {
    throw noSuchTransaction(context.stub.getFunctionAndParameters().fcn);
  }
}

export const noSuchTransaction = (name: string): DomainError =>
  new DomainError('INVALID_ARGUMENT', `there is no transaction ${name.slice(0, 100)}`);
