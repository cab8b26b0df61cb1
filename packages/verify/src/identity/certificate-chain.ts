// Which chains lead from a certificate to an organisation's roots, as Go builds them for Fabric: at the certificate's
// first second, whatever time it is. A peer accepts an identity with exactly one.
import { concatBytes } from '../wire/bytes.ts';
import { DER } from '../wire/der-reader.ts';
import { derElement } from '../wire/der-writer.ts';
import { hex, sameBytes, sha256 } from '../wire/digests.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { type Certificate, isIssuedBy } from './certificate.ts';
import { lowSForm } from './signature.ts';

/** How many authorities Go tries for one certificate. */
const TRIED_MAX = 100;
const SECOND_MS = 1000;
const SUBJECT_COMMON_NAME = '550403';

/** An organisation's authorities: of the roots nobody asks who issued them. */
export interface Authorities {
  readonly roots: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
}

/** The only chain, from the certificate to a root; undefined where there is none, or more than one. */
export function onlyChainOf(
  certificate: Certificate,
  authorities: Authorities,
): readonly Certificate[] | undefined {
  const atMs = certificate.validFromDate.getTime() + SECOND_MS;
  if (atMs > certificate.validToDate.getTime()) return undefined;
  const isRoot = authorities.roots.some((root) => root.sha256 === certificate.sha256);
  const search: Search = { authorities, atMs, tried: 0 };
  const chains = isRoot ? [[certificate]] : chainsFrom([certificate], search);
  const [chain, ...more] = chains.filter((one) => one.every(({ isForServers }) => isForServers));
  return chain === undefined || more.length > 0 || breaksOldNames(chain) ? undefined : chain;
}

interface Search {
  readonly authorities: Authorities;
  readonly atMs: number;
  tried: number;
}

function chainsFrom(chain: readonly Certificate[], search: Search): Certificate[][] {
  const { roots, intermediates } = search.authorities;
  const last = chain.at(-1)!;
  const mayFollow = (authority: Certificate): boolean => {
    if (!sameBytes(authority.subject, last.issuer)) return false;
    search.tried += 1;
    return (
      search.tried <= TRIED_MAX &&
      !chain.some((one) => isSameHolder(one, authority)) &&
      isIssuedBy(last, authority) &&
      authority.validFromDate.getTime() <= search.atMs &&
      authority.validToDate.getTime() >= search.atMs &&
      chain.length - 1 <= authority.pathLengthMax
    );
  };
  return [
    ...byKey(roots, last).flatMap((root) => (mayFollow(root) ? [[...chain, root]] : [])),
    ...byKey(intermediates, last).flatMap((authority) =>
      mayFollow(authority) ? chainsFrom([...chain, authority], search) : [],
    ),
  ];
}

/** In the order in which Go tries them, of which there may be too many. */
function byKey(authorities: readonly Certificate[], { authorityKeyId: named }: Certificate): Certificate[] {
  const rankOf = ({ subjectKeyId: own }: Certificate): number => {
    if (sameBytes(own ?? NOTHING, named ?? NOTHING)) return 0;
    return (own ?? NOTHING).length === 0 || (named ?? NOTHING).length === 0 ? 1 : 2;
  };
  return [...authorities].sort((one, other) => rankOf(one) - rankOf(other));
}
const NOTHING = new Uint8Array();

/** Go asks for no certificate twice, nor for another one of the same holder. */
function isSameHolder(one: Certificate, other: Certificate): boolean {
  if (!sameBytes(one.subject, other.subject) || !sameBytes(one.keyInfo, other.keyInfo)) return false;
  const [names, otherNames] = [one.otherNames, other.otherNames];
  return names === undefined || otherNames === undefined
    ? names === otherNames
    : sameBytes(names, otherNames);
}

/** As Go had it up to 1.14, and Fabric has it still: what looks like a host is one, and is to be certified as one. */
function breaksOldNames([holder, ...authorities]: readonly Certificate[]): boolean {
  const commonName = holder!.names.findLast(({ oid }) => oid === SUBJECT_COMMON_NAME)?.text ?? '';
  return (
    holder!.otherNames === undefined &&
    looksLikeHost(commonName) &&
    authorities.some(({ hasNameConstraints }) => hasNameConstraints)
  );
}

const looksLikeHost = (name: string): boolean =>
  name
    .replace(/\.$/, '')
    .split('.')
    .every((part, i) => (i === 0 && part === '*') || /^[A-Za-z0-9_:][A-Za-z0-9_:-]*$/.test(part));

/**
 * The certificate as Fabric writes it before it compares them: its authority's signature with the smaller s. Its holder
 * can write the other one, and would else be two signers.
 *
 * @throws UnreadableError where Fabric cannot write it
 */
export function withLowS(certificate: Certificate, { publicKey }: Certificate): Certificate {
  const { issued } = certificate;
  const { kind } = publicKey;
  const low = kind === 'ed25519' || kind === 'rsa' ? undefined : lowSForm(issued.signature, kind);
  if (low === undefined || sameBytes(low, issued.signature)) return certificate;
  if (!certificate.isRewritable) throw new UnreadableError('not a readable certificate');
  const signature = derElement(DER.bitString, concatBytes([Uint8Array.of(0), low]));
  const der = derElement(DER.sequence, concatBytes([issued.signed, issued.algorithmDer, signature]));
  return { ...certificate, der, sha256: hex(sha256(der)), issued: { ...issued, signature: low } };
}
