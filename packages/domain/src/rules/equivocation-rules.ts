// Whether a signed statement contradicts what its signer has on the ledger.
import type { Attestation } from '../attestation.ts';
import { canonicalJson, type Sha256Of } from '../canonical-json.ts';
import type { Equivocation, ReportEquivocation, StatementKind } from '../equivocation.ts';
import { DomainError } from '../errors.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import type { Verdict } from '../verdict.ts';

/** What a signed Fabric proposal says, its signature having been verified by its own certificate. */
export interface SignedStatement {
  readonly mspId: string;
  readonly signerSha256: string;
  /** Digest of the certificate as it was sent, which statements were once recorded under. */
  readonly certificateSha256: string;
  readonly channel: string;
  readonly chaincode: string;
  readonly transactionId: string;
  readonly transaction: string;
  readonly argument: Readonly<Record<string, unknown>>;
}

/** The transaction by which each kind of statement is made. */
export const STATEMENT_TRANSACTIONS: Readonly<Record<StatementKind, string>> = {
  verdict: 'round:recordVerdict',
  attestation: 'round:attest',
};

/** The argument that a recorded statement was made with. */
function stated(row: Verdict | Attestation): Record<string, unknown> {
  const { schema: _, mspId: __, signerSha256: ___, ...rest } = row as Verdict & Attestation;
  const { recordedAt: ____, attestedAt: _____, ...argument } = rest;
  return argument;
}

type Stated = Readonly<Record<string, unknown>>;

/** Scores by their dataset; nothing where a statement has none, or something else in their place. */
function scoresOf({ scores }: Stated): Map<unknown, unknown> {
  const listed: readonly unknown[] = Array.isArray(scores) ? scores : [];
  return new Map(listed.map((score) => [(score as { datasetId?: unknown } | null)?.datasetId, score]));
}

/**
 * Whether two statements contradict each other. A score that only one of them has is no contradiction: a hospital whose
 * consent is withdrawn while its first verdict is under way says the same again without it.
 */
function contradicts(before: Stated, after: Stated): boolean {
  const { scores: _, ...first } = before;
  const { scores: __, ...second } = after;
  if (canonicalJson(first) !== canonicalJson(second)) return true;
  const scores = scoresOf(after);
  return [...scoresOf(before)].some(
    ([datasetId, score]) =>
      scores.has(datasetId) && canonicalJson(score) !== canonicalJson(scores.get(datasetId)),
  );
}

/**
 * The evidence. The recorded statement names its signer's key, whose certificate Fabric verified when it was
 * recorded; the second statement must be signed by that same key, so that nobody can be framed.
 *
 * @throws DomainError EQUIVOCATION_UNPROVEN, EQUIVOCATION_EXISTS
 */
export function provenEquivocation(
  report: ReportEquivocation,
  context: {
    readonly statement: SignedStatement;
    readonly recorded: Verdict | Attestation | undefined;
    readonly existing: Equivocation | undefined;
    readonly here: { readonly channel: string; readonly chaincode: string };
    readonly mspId: string;
    readonly at: string;
    readonly sha256: Sha256Of;
  },
): Equivocation {
  const { statement, recorded, existing, here, mspId, at, sha256 } = context;
  const unproven = (why: string) => new DomainError('EQUIVOCATION_UNPROVEN', why);
  const { studyId, round, statement: kind } = report;
  if (existing !== undefined) {
    throw new DomainError('EQUIVOCATION_EXISTS', `${statement.mspId} contradicted itself, as recorded`);
  }
  if (statement.channel !== here.channel || statement.chaincode !== here.chaincode) {
    throw unproven(`it was said to ${statement.chaincode} on ${statement.channel}`);
  }
  if (statement.transaction !== STATEMENT_TRANSACTIONS[kind]) throw unproven(`it is no ${kind}`);
  if (statement.argument.studyId !== studyId || statement.argument.round !== round) {
    throw unproven('it is about another round');
  }
  if (recorded === undefined) throw unproven(`${statement.mspId} has no ${kind} on the ledger`);
  const { signerSha256 } = recorded;
  if (signerSha256 !== statement.signerSha256 && signerSha256 !== statement.certificateSha256) {
    throw unproven('another key signed the statement on the ledger');
  }
  const said = stated(recorded);
  if (!contradicts(said, statement.argument)) throw unproven('the two say the same');
  const before = canonicalJson(said);
  const after = canonicalJson(statement.argument);
  return {
    schema: ROW_SCHEMA.equivocation,
    ...report,
    mspId: statement.mspId,
    signerSha256: statement.signerSha256,
    recordedSha256: sha256(before),
    contradictingSha256: sha256(after),
    contradictingTransactionId: statement.transactionId,
    reportedBy: mspId,
    reportedAt: at,
  };
}
