// What Fabric's validation codes mean to a caller. Each says that the transaction did not happen; they differ in
// whether the same request, as a new transaction, could end otherwise.
import { peer } from '@hyperledger/fabric-protos';
import { LedgerError } from './ledger.ts';

/** Anyone who sees a proposal can order rubbish under its transaction id first: the honest one is then a duplicate. */
const SPOILT = 'another transaction was ordered under its transaction id first, which any endorser can do';

const MEANINGS: Readonly<Record<string, string>> = {
  MVCC_READ_CONFLICT: 'another transaction changed a row that it read',
  PHANTOM_READ_CONFLICT: 'another transaction changed a list that it read',
  BAD_PROPOSAL_TXID: SPOILT,
  DUPLICATE_TXID: SPOILT,
  ENDORSEMENT_POLICY_FAILURE:
    'the endorsements do not satisfy the policy of a row as it was when the block was validated: the policy ' +
    'changed in between, or an endorsing organisation does not count for it',
  BAD_CREATOR_SIGNATURE: "the channel does not accept the identity or the signature of this gateway's client",
  CHAINCODE_VERSION_CONFLICT: 'the chaincode was upgraded between endorsement and validation',
  EXPIRED_CHAINCODE: 'the chaincode was upgraded between endorsement and validation',
};

/** One sentence for people, or what little the code itself says. */
export const meaningOfValidationCode = (validationCode: string): string =>
  MEANINGS[validationCode] ?? 'the ledger recorded it as invalid';

/**
 * Whether to propose the same request once more under a new transaction id. Safe for every code, since nothing
 * was written; useless where the endorsements themselves were found wanting, which somebody must look at.
 */
export const mayProposeAgain = (validationCode: string): boolean =>
  validationCode !== 'ENDORSEMENT_POLICY_FAILURE';

export interface Invalidated {
  readonly transactionId: string;
  readonly validationCode: string;
  readonly cause?: unknown;
}

export function invalidated({ transactionId, validationCode, cause }: Invalidated): LedgerError {
  const lost = validationCode === 'MVCC_READ_CONFLICT' || validationCode === 'PHANTOM_READ_CONFLICT';
  return new LedgerError({
    code: lost ? 'LEDGER_CONFLICT' : 'TRANSACTION_INVALIDATED',
    step: 'commit',
    message: `recorded as ${validationCode}: ${meaningOfValidationCode(validationCode)}`,
    transactionId,
    validationCode,
    cause,
  });
}

const NAMES = new Map(Object.entries(peer.TxValidationCode).map(([name, code]) => [code as number, name]));

/** A code as Fabric names it, from the number that blocks have. */
export const validationCodeName = (code: number): string => NAMES.get(code) ?? `CODE_${code}`;

/** Fabric's name of a transaction's validation code. */
export function validationCodeOf(code: number): string {
  const [name] = Object.entries(peer.TxValidationCode).find(([, value]) => value === code) ?? [];
  return name ?? `CODE_${code}`;
}
