// Certificates in forms that peers read, and other programs do not.
import { X509Certificate } from 'node:crypto';
import { concatBytes } from '../wire/bytes.ts';
import { childrenOf, DER, readDer } from '../wire/der-reader.ts';
import { derElement } from '../wire/der-writer.ts';

/** The DER of a certificate with a field more at the end of what is signed: Go passes it over, OpenSSL refuses it. */
export function withFieldMore(pem: string): Uint8Array {
  const [signed, ...rest] = childrenOf(readDer(new X509Certificate(pem).raw));
  const longer = derElement(DER.sequence, concatBytes([signed!.contents, Uint8Array.of(5, 0)]));
  return derElement(DER.sequence, concatBytes([longer, ...rest.map(({ raw }) => raw)]));
}
