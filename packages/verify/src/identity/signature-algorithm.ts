// How an authority signed, by the name that its certificates and lists say: those that Go knows.
import type { Digest, SignatureAlgorithm } from '../cryptography/public-key.ts';
import { hex } from '../wire/bytes.ts';
import { DerCursor } from '../wire/der-cursor.ts';
import { DER, type DerElement, integerOf } from '../wire/der-reader.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';

/** By the bytes of the names in DER. */
const ALGORITHMS: Readonly<Record<string, SignatureAlgorithm>> = {
  '2a8648ce3d0401': { scheme: 'ecdsa', digest: 'sha1' },
  '2a8648ce3d040302': { scheme: 'ecdsa', digest: 'sha256' },
  '2a8648ce3d040303': { scheme: 'ecdsa', digest: 'sha384' },
  '2a8648ce3d040304': { scheme: 'ecdsa', digest: 'sha512' },
  '2b6570': { scheme: 'ed25519', digest: 'sha512' },
  '2a864886f70d010105': { scheme: 'pkcs1', digest: 'sha1' },
  '2b0e03021d': { scheme: 'pkcs1', digest: 'sha1' },
  '2a864886f70d01010b': { scheme: 'pkcs1', digest: 'sha256' },
  '2a864886f70d01010c': { scheme: 'pkcs1', digest: 'sha384' },
  '2a864886f70d01010d': { scheme: 'pkcs1', digest: 'sha512' },
};
const PSS = '2a864886f70d01010a';
const MGF1 = '2a864886f70d010108';
/** Digests of PSS, with the only length of salt that each is used with. */
const DIGESTS_OF_PSS: Readonly<Record<string, { readonly digest: Digest; readonly salt: number }>> = {
  '608648016503040201': { digest: 'sha256', salt: 32 },
  '608648016503040202': { digest: 'sha384', salt: 48 },
  '608648016503040203': { digest: 'sha512', salt: 64 },
};
const NULL = '0500';
const tagOf = (number: number): number => 0xa0 + number;

/** Undefined of one that Go does not know. @throws UnreadableError where it is no name at all */
export function signatureAlgorithmOf(algorithm: DerElement): SignatureAlgorithm | undefined {
  const { name, parameters } = namedIn(new DerCursor(algorithm.contents));
  if (name === PSS) return parameters && pssOf(parameters);
  const found = Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name] : undefined;
  // Ed25519 has no parameters (RFC 8410, section 3); of the others Go reads none.
  return found?.scheme === 'ed25519' && parameters !== undefined ? undefined : found;
}

function namedIn(cursor: DerCursor): { readonly name: string; readonly parameters: DerElement | undefined } {
  return { name: cursor.oid(), parameters: cursor.isAtEnd ? undefined : cursor.any() };
}

/** RFC 4055, section 3.1, where both digests are the same one, and the salt is as long. */
function pssOf(parameters: DerElement): SignatureAlgorithm | undefined {
  try {
    if (parameters.tag !== DER.sequence) return undefined;
    const fields = new DerCursor(parameters.contents);
    const hash = namedIn(fields.inside(tagOf(0)).inside(DER.sequence));
    const mask = namedIn(fields.inside(tagOf(1)).inside(DER.sequence));
    const salt = hex(integerOf(fields.inside(tagOf(2)).any()));
    const trailer = fields.isAtEnd ? '01' : hex(integerOf(fields.inside(tagOf(3)).any()));
    if (mask.name !== MGF1 || mask.parameters?.tag !== DER.sequence) return undefined;
    const maskHash = namedIn(new DerCursor(mask.parameters.contents));
    const isPlain = [hash, maskHash].every(
      (one) => one.name === hash.name && (one.parameters === undefined || hex(one.parameters.raw) === NULL),
    );
    const found = Object.hasOwn(DIGESTS_OF_PSS, hash.name) ? DIGESTS_OF_PSS[hash.name] : undefined;
    if (!isPlain || trailer !== '01' || found === undefined || Number(`0x${salt}`) !== found.salt) {
      return undefined;
    }
    return { scheme: 'pss', digest: found.digest };
  } catch (error) {
    if (error instanceof UnreadableError) return undefined;
    throw error;
  }
}
