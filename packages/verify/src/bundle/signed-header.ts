// A block's header, and what orderers signed on it, as lines of evidence write them.
import type { BlockHeader } from '../blocks/block-header.ts';
import type { OrdererWord } from '../blocks/fabric-block.ts';
import { isShortestForm, shortestForm } from '../identity/signature.ts';
import { base64, hex } from '../wire/bytes.ts';
import { bytesOf, digestOf, FieldError, Fields } from './fields.ts';

/** A header with the orderers' word on it. */
export interface SignedBlockHeader {
  readonly header: BlockHeader;
  readonly orderers: OrdererWord;
}

export const headerJson = ({ number, previousHash, dataHash }: BlockHeader) => ({
  number,
  previousHash: hex(previousHash),
  dataHash: hex(dataHash),
});

export const orderersJson = ({ value, signatures }: OrdererWord) => ({
  value: base64(value),
  signatures: signatures.map(({ signatureHeader, identifierHeader, signature }) => ({
    ...(signatureHeader.length > 0 && { signatureHeader: base64(signatureHeader) }),
    ...(identifierHeader.length > 0 && { identifierHeader: base64(identifierHeader) }),
    signature: base64(shortestForm(signature)),
  })),
});

/** @throws FieldError */
export function readHeader(fields: Fields): BlockHeader {
  const header = {
    number: fields.count('number'),
    previousHash: digestOf(fields.take('previousHash'), 'previousHash'),
    dataHash: digestOf(fields.take('dataHash'), 'dataHash'),
  };
  fields.end();
  return header;
}

/** @throws FieldError */
export function readOrderers(fields: Fields): OrdererWord {
  const value = bytesOf(fields.take('value'), 'value');
  const nothing = new Uint8Array();
  const signatures = fields.list('signatures', (one) => {
    const signature = new Fields(one);
    const optional = (name: string) => (signature.has(name) ? bytesOf(signature.take(name), name) : nothing);
    const read = {
      signatureHeader: optional('signatureHeader'),
      identifierHeader: optional('identifierHeader'),
      signature: signatureIn(signature),
    };
    signature.end();
    return read;
  });
  fields.end();
  return { value, signatures };
}

/** The signature in this object, in the one form that files have. @throws FieldError */
export function signatureIn(fields: Fields): Uint8Array {
  const signature = bytesOf(fields.take('signature'), 'signature');
  if (!isShortestForm(signature))
    throw new FieldError('signature is not in the shortest form of its numbers');
  return signature;
}
