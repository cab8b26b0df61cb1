// The identity with which a gateway signs what it saw: that of its operator.
import { createPrivateKey } from 'node:crypto';
import type { Connection } from '../fabric/connection-file.ts';
import { isP256, signWithLowS } from '../fabric/ledger-signature.ts';

export interface StatementSigner {
  readonly mspId: string;
  /** PEM. */
  readonly certificate: string;
  sign(message: Uint8Array): Uint8Array;
}

/** Undefined where the connection file has no operator, or one with a key that is not on P-256. */
export function statementSigner({ organisation }: Connection): StatementSigner | undefined {
  const client = organisation.clients.operator;
  if (client === undefined) return undefined;
  const key = createPrivateKey(client.privateKey);
  if (!isP256(key)) return undefined;
  const { mspId } = organisation;
  return { mspId, certificate: client.certificate, sign: (message) => signWithLowS(message, key) };
}
