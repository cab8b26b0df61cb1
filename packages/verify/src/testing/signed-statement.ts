// Statements of gateways for tests, signed by whom a test names.
import type { ShownBlock } from '../bundle/bundle-file.ts';
import { statementBytes, type WitnessStatement } from '../witness/witness-statement.ts';
import { CHANNEL } from './synthetic-transaction.ts';
import type { Signer } from './test-authority.ts';

export { checkHistory, makeHistoryFile } from '../witness/history-file.ts';
export { parseStatement, writeStatement } from '../witness/witness-statement.ts';

/** A statement on this block. */
export function signedStatement(
  { header, orderers }: Pick<ShownBlock, 'header' | 'orderers'>,
  signer: Signer,
  other: Partial<WitnessStatement> & Pick<WitnessStatement, 'genesis'>,
): WitnessStatement {
  const unsigned = {
    channel: CHANNEL,
    header,
    orderers: orderers!,
    mspId: signer.mspId,
    certificate: signer.pem,
    at: new Date().toISOString(),
    ...other,
  };
  return { ...unsigned, signature: other.signature ?? signer.sign(statementBytes(unsigned)) };
}
