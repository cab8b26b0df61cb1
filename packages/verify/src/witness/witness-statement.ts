// What one hospital's gateway saw of the ledger, as it signs it: a block's header with the orderers' own signatures.
// Two of them on one block that differ prove that orderers showed two histories, to anyone, without a ledger.
import { canonicalJson } from '@consilium/domain';
import { canonicalFields, FieldError, type Fields } from '../bundle/fields.ts';
import {
  headerJson,
  orderersJson,
  readHeader,
  readOrderers,
  type SignedBlockHeader,
  signatureIn,
} from '../bundle/signed-header.ts';
import { base64, utf8Bytes } from '../wire/bytes.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';

/** The name and version of a statement's form. */
export const STATEMENT_FORMAT = 'consilium-witness/1';
/** More than one with the signatures of a hundred orderers has. */
export const STATEMENT_BYTES_MAX = 256 * 1024;
/** What is signed begins with this: no message of Fabric does, so that no signature is one for the other. */
const DOMAIN = 'consilium: what this gateway saw of the ledger\n';

/** One gateway's word on a block that it checked. */
export interface WitnessStatement extends SignedBlockHeader {
  readonly channel: string;
  /** SHA-256 of block 0's header in hexadecimal. */
  readonly genesis: string;
  /** Whose gateway it is. */
  readonly mspId: string;
  /** Of the gateway's identity in Fabric, in PEM. */
  readonly certificate: string;
  /** When it was signed, by the gateway's clock: ISO 8601 in UTC, with milliseconds. */
  readonly at: string;
  /** ECDSA or Ed25519, as Fabric takes it, over `statementBytes`. */
  readonly signature: Uint8Array;
}

/** What a gateway signs. */
export const statementBytes = (statement: Omit<WitnessStatement, 'signature'>): Uint8Array =>
  utf8Bytes(`${DOMAIN}${canonicalJson(unsignedJson(statement))}`);

function unsignedJson(statement: Omit<WitnessStatement, 'signature'>) {
  const { channel, genesis, header, orderers, mspId, certificate, at } = statement;
  return {
    ...{ format: STATEMENT_FORMAT, channel, genesis, mspId, certificate, at },
    header: headerJson(header),
    orderers: orderersJson(orderers),
  };
}

export const statementJson = ({ signature, ...statement }: WitnessStatement) => ({
  ...unsignedJson(statement),
  signature: base64(signature),
});

/** The statement in its bytes: canonical JSON. */
export const writeStatement = (statement: WitnessStatement): Uint8Array =>
  utf8Bytes(canonicalJson(statementJson(statement)));

/** @throws UnreadableError where it is none, or larger than any is */
export function parseStatement(bytes: Uint8Array): WitnessStatement {
  if (bytes.length > STATEMENT_BYTES_MAX) throw new UnreadableError(`it has ${bytes.length} bytes`);
  try {
    return readStatement(canonicalFields(bytes));
  } catch (error) {
    if (error instanceof FieldError) throw new UnreadableError(error.message, { cause: error });
    throw error;
  }
}

/** @throws FieldError */
export function readStatement(fields: Fields): WitnessStatement {
  const format = fields.text('format');
  if (format !== STATEMENT_FORMAT) throw new FieldError(`the format is not ${STATEMENT_FORMAT}`);
  const statement = {
    channel: fields.text('channel'),
    genesis: fields.text('genesis'),
    header: fields.object('header', readHeader),
    orderers: fields.object('orderers', readOrderers),
    mspId: fields.text('mspId'),
    certificate: fields.text('certificate'),
    at: fields.text('at'),
    signature: signatureIn(fields),
  };
  fields.end();
  if (statement.header.number === 0) throw new FieldError('block 0 is signed by no orderer');
  if (!isTime(statement.at)) throw new FieldError('at is no time in UTC');
  return statement;
}

function isTime(text: string): boolean {
  const milliseconds = Date.parse(text);
  return !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString() === text;
}
