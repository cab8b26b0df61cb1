// A refused statement leaves nothing on the ledger. Where it contradicts what its signer has there, the signed proposal
// goes to this organisation's log: the evidence that round:reportEquivocation takes. Once for each statement that can
// be contradicted, since who sends one proposal can send a thousand; of all others the log has a digest.
import { DomainError, type StatementKind } from '@consilium/domain';
import { provenEquivocation } from '@consilium/domain/rules';
import { sha256 } from '../ledger/digest.ts';
import { Ledger } from '../ledger/ledger.ts';
import { roundKey } from '../ledger/rows.ts';
import type { LedgerContext } from './ledger-context.ts';
import { signedStatement } from './signed-statement.ts';

/** Refusals of a second statement. */
const KINDS: Readonly<Record<string, StatementKind>> = {
  VERDICT_EXISTS: 'verdict',
  ATTESTATION_EXISTS: 'attestation',
};
/** How many statements' evidence is remembered as logged; the oldest is forgotten first, and may then be logged again. */
const REMEMBERED_MAX = 4096;
const remembered = new Set<string>();

/** Whether it is the first time in this process's recent life. */
function isNew(key: string): boolean {
  if (remembered.has(key)) return false;
  remembered.add(key);
  if (remembered.size > REMEMBERED_MAX) remembered.delete(remembered.values().next().value!);
  return true;
}

/** Logs what a refusal shows. It holds no more than its sender showed every endorser. */
export async function noteContradiction(context: LedgerContext, { code }: DomainError): Promise<void> {
  const kind = KINDS[code];
  const sent = kind === undefined ? undefined : context.signedProposal();
  if (kind === undefined || sent === undefined) return;
  const evidence = await evidenceIn(context, kind, sent);
  const line = {
    refused: code,
    transactionId: context.stub.getTxID(),
    proposalSha256: sha256(Buffer.from(sent.proposal, 'base64')),
    ...(evidence !== undefined && isNew(evidence) && sent),
  };
  context.logging.getLogger().warn(JSON.stringify(line));
}

/** Which statement the proposal contradicts, if it does and nobody has reported that yet. */
async function evidenceIn(
  context: LedgerContext,
  kind: StatementKind,
  sent: { readonly proposal: string; readonly signature: string },
): Promise<string | undefined> {
  try {
    const statement = signedStatement(sent);
    const { studyId, round } = statement.argument as { studyId: string; round: number };
    const { stub } = context;
    const ledger = new Ledger(stub);
    const key = [studyId, roundKey(round), statement.mspId] as const;
    const { signerSha256 } = provenEquivocation(
      { studyId, round, statement: kind, ...sent },
      {
        statement,
        recorded: await ledger.get(kind, ...key),
        existing: await ledger.get('equivocation', ...key),
        here: { channel: stub.getChannelID(), chaincode: context.chaincodeName() },
        mspId: statement.mspId,
        at: '',
        sha256,
      },
    );
    return [kind, ...key, signerSha256].join(' ');
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}
