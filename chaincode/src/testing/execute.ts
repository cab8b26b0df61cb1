// Runs one transaction of one peer on a stub, as the chaincode's runtime would.
import { strict as assert } from 'node:assert';
import { type LedgerContext, LedgerContract } from '../contracts/ledger-context.ts';
import { requireReportable } from '../contracts/signed-statement.ts';
import { publicKeyOf, requireProvingKey, signerSha256 } from '../contracts/signer.ts';
import { contracts } from '../index.ts';
import { sha256 } from '../ledger/digest.ts';
import type { MemoryStub, Proposal } from './memory-stub.ts';

const instances = new Map(
  contracts.map((contract) => {
    const instance = new contract() as LedgerContract;
    assert.ok(instance instanceof LedgerContract);
    return [instance.getName(), instance];
  }),
);

export interface Execution {
  readonly stub: MemoryStub;
  readonly proposal: Proposal;
  readonly sent: { readonly proposal: string; readonly signature: string } | undefined;
  /** The peer's clock, in epoch milliseconds. */
  readonly now: number;
  readonly log: (line: string) => void;
}

/** What the transaction returns; throws what it refuses with. */
export async function execute(
  name: string,
  text: string,
  { stub, proposal, sent, now, log }: Execution,
): Promise<string> {
  const [contractName = '', method = ''] = name.split(':');
  const contract = instances.get(contractName);
  assert.ok(contract !== undefined, `there is no contract ${contractName}`);
  stub.called = name;
  const context = contract.createContext() as LedgerContext;
  Object.assign(context, {
    stub,
    clientIdentity: {
      getMSPID: () => proposal.mspId,
      getID: () => `x509::/OU=client/CN=${proposal.person}::/CN=ca.${proposal.mspId}`,
      getIDBytes: () => Buffer.from(proposal.certificate),
      getAttributeValue: (attribute: string) => (attribute === 'consilium.role' ? proposal.role : null),
    },
    logging: { getLogger: () => ({ error: log, warn: log }) },
    signerSha256: () => signerOf(proposal.certificate),
    signedProposal: () => sent,
    requireReportable: () => requireReportableStatement(proposal, sent),
    chaincodeName: () => 'consilium',
    now: () => now,
  });
  const call = (contract as unknown as Record<string, unknown>)[method];
  assert.ok(typeof call === 'function', `there is no transaction ${name}`);
  return (await call.call(contract, context, text)) as string;
}

/** Where a test signs nothing there is nothing to report either. */
function requireReportableStatement({ certificate }: Proposal, sent: Execution['sent']): void {
  if (certificate.includes('-----BEGIN ')) requireProvingKey(publicKeyOf(Buffer.from(certificate)));
  if (sent !== undefined) requireReportable(sent);
}

/** Most tests are content with a name in a certificate's place. */
function signerOf(certificate: string): string {
  const bytes = Buffer.from(certificate);
  return certificate.includes('-----BEGIN ') ? signerSha256(publicKeyOf(bytes)) : sha256(bytes);
}
