// SHA-256, and how bytes are compared and written.
import { sha256 } from '#cryptography';
import { hex, utf8Bytes } from './bytes.ts';

export { hex, sameBytes } from './bytes.ts';
export { sha256 };
/** As the domain's rules take it: the digest of a text, in hexadecimal. */
export const sha256OfText = (text: string): string => hex(sha256(utf8Bytes(text)));
