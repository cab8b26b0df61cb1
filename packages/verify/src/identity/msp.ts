// An organisation's membership service provider as the channel's configuration gives it at one block: its roots,
// intermediates, revocation lists and roles. Identities are judged by Fabric's rules of V1_4_3 and later. Expiry is not
// among them: Fabric checks a chain as of the certificate's first second.
import type { Digest } from '../cryptography/public-key.ts';
import { concatBytes } from '../wire/bytes.ts';
import { hex, sha256 } from '../wire/digests.ts';
import { Message, UnreadableError } from '../wire/protobuf-reader.ts';
import { type Certificate, isIssuedBy, readCertificate } from './certificate.ts';
import { type Authorities, onlyChainOf, withLowS } from './certificate-chain.ts';
import { isRevokedBy, type RevocationList, readRevocationList } from './revocation-list.ts';

export const NODE_ROLES = ['client', 'peer', 'admin', 'orderer'] as const;
/** What a certificate makes of its holder, by its organisational unit. */
export type NodeRole = (typeof NODE_ROLES)[number];

/** A certificate that its organisation's authorities issued. */
export interface Identity {
  readonly mspId: string;
  readonly certificate: Certificate;
  /** Why its organisation does not accept it; undefined where it does. */
  readonly invalidBecause: string | undefined;
  /** None of one that is not accepted. Two of them may share an organisational unit. */
  readonly roles: ReadonlySet<NodeRole>;
  /** Of what it signs; undefined where its organisation names one that peers do not know: then nothing holds. */
  readonly digest: Digest | undefined;
  /** SHA-256 over the authorities above it, in hexadecimal: principals of units name it. */
  readonly authoritiesSha256: string;
}

interface NodeUnit {
  readonly unit: string;
  /** SHA-256 of the only authority that may give it; any of the organisation's where undefined. */
  readonly authority: string | undefined;
}

interface Rules {
  readonly authorities: Authorities;
  /** Those above another authority, by their digests: they issue no identities. */
  readonly inner: ReadonlySet<string>;
  readonly admins: ReadonlySet<string>;
  readonly revocationLists: readonly RevocationList[];
  readonly units: readonly NodeUnit[];
  /** Undefined where they are not in force. */
  readonly roles: ReadonlyMap<NodeRole, NodeUnit> | undefined;
  readonly digest: Digest | undefined;
}

const FABRIC = 0;
const IDEMIX = 1;
/** At each configuration every one of them may cost as many checks of signatures as Go tries for a certificate. */
const NAMED_MAX = 100;
/** Authorities of one name with keys of RSA: each is tried, for milliseconds, for each certificate that names them. */
const RSA_OF_NAME_MAX = 8;
const FAMILIES: Readonly<Record<string, Digest>> = { '': 'sha256', SHA2: 'sha256', SHA3: 'sha3-256' };

/** An organisation's authorities, roles and revocation lists. */
export class Msp {
  readonly mspId: string;
  /** Why nothing can be said of its identities, who then count as nobody; undefined where that can be said. */
  readonly unjudgedBecause: string | undefined;
  readonly #rules: Rules | undefined;
  readonly #takesEd25519: boolean;

  /**
   * One member alone defines it: what peers take, and this cannot judge, must not keep the others from checking.
   *
   * @param bytes the value MSP of an organisation's group
   * @throws UnreadableError where no peer takes it for one
   */
  constructor(bytes: Uint8Array, { takesEd25519 = true }: { readonly takesEd25519?: boolean } = {}) {
    const config = new Message('MSP', bytes);
    const type = config.int32(1);
    if (type !== FABRIC && type !== IDEMIX) throw new UnreadableError('an MSP of no kind that peers know');
    const message = config.inBytes(2, 'MSP');
    this.mspId = message.text(1);
    this.#takesEd25519 = takesEd25519;
    const rules = type === FABRIC ? rulesIn(message) : 'they are anonymous (Idemix)';
    if (typeof rules === 'string') this.unjudgedBecause = rules;
    else this.#rules = rules;
  }

  /** @throws UnreadableError where the certificate cannot be read, or none of the authorities issued it */
  judge(pem: Uint8Array): Identity {
    const { mspId } = this;
    const rules = this.#rules;
    if (rules === undefined) {
      throw new UnreadableError(`identities of ${mspId} cannot be judged: ${this.unjudgedBecause}`);
    }
    const written = readCertificate(pem);
    // As Fabric does: a root in either form is that root.
    const read = isIssuedBy(written, written) ? withLowS(written, written) : written;
    const chain = onlyChainOf(read, rules.authorities);
    if (chain === undefined) {
      throw new UnreadableError(`${mspId} has no authority that issued the certificate, or several`);
    }
    const [, ...above] = chain;
    const certificate = withLowS(read, above[0] ?? read);
    const invalidBecause = this.#refusal(certificate, above, rules);
    return {
      mspId,
      certificate,
      invalidBecause,
      roles: new Set(invalidBecause === undefined ? rolesOf(certificate, rules) : []),
      digest: rules.digest,
      authoritiesSha256: hex(sha256(concatBytes(above.map(({ der }) => der)))),
    };
  }

  #refusal(certificate: Certificate, above: readonly Certificate[], rules: Rules): string | undefined {
    const { kind } = certificate.publicKey;
    if (kind === 'rsa' || (kind === 'ed25519' && !this.#takesEd25519)) {
      return 'its key is of a kind that signs nothing in this channel';
    }
    const [issuer] = above;
    if (certificate.saysAuthority || issuer === undefined) return 'it is the certificate of an authority';
    if (rules.inner.has(issuer.sha256)) return 'its authority issues authorities only';
    // As Fabric has it: where it cannot tell whose a list is, nobody is accepted.
    if (issuer.subjectKeyId === undefined) return 'its authority has no key identifier';
    if (rules.revocationLists.some(({ authorityKeyId }) => authorityKeyId === undefined)) {
      return 'a revocation list of its organisation does not say whose it is';
    }
    if (rules.revocationLists.some((list) => isRevokedBy(list, certificate, issuer))) {
      return 'its certificate is revoked';
    }
    if (rules.units.length > 0 && !rules.units.some((unit) => hasUnit(certificate, issuer, unit))) {
      return 'it is of none of the units of its organisation';
    }
    return rules.roles === undefined || hasOneRole(certificate, issuer, rules.roles)
      ? undefined
      : 'it has not exactly one role';
  }

  /** As peers: whom its organisation lists is one, also where its certificate is revoked. */
  isAdmin({ certificate, roles }: Identity): boolean {
    return roles.has('admin') || this.#rules?.admins.has(certificate.sha256) === true;
  }
}

/** Or why they cannot be judged: peers take no MSP of X.509 of which that holds. */
function rulesIn(message: Message): Rules | string {
  try {
    if ([2, 3, 4, 7].flatMap((field) => message.list(field)).length > NAMED_MAX) {
      return `its organisation names more than ${NAMED_MAX} authorities, administrators and units`;
    }
    const written = {
      roots: eachOnce(message.list(2).map(readCertificate)),
      intermediates: eachOnce(message.list(3).map(readCertificate)),
    };
    if (mostRsaOfName([...written.roots, ...written.intermediates]) > RSA_OF_NAME_MAX) {
      return `its organisation has more than ${RSA_OF_NAME_MAX} authorities of one name with keys of RSA`;
    }
    const authorities = {
      roots: eachOnce(written.roots.map((root) => asFabricWritesIt(root, written))),
      intermediates: eachOnce(written.intermediates.map((one) => asFabricWritesIt(one, written))),
    };
    const roles = message.message(11, 'node units');
    const named = NODE_ROLES.flatMap((role, i): [NodeRole, NodeUnit][] => {
      const field = [2, 3, 4, 5][i]!;
      return roles.has(field) ? [[role, readUnit(roles.merged(field), authorities)]] : [];
    });
    const family = message.message(8, 'digests').text(1);
    return {
      authorities,
      inner: new Set(
        authorities.intermediates.flatMap((one) =>
          (onlyChainOf(one, authorities) ?? []).slice(1).map(({ sha256: digest }) => digest),
        ),
      ),
      admins: new Set(
        message.list(4).map((pem) => asFabricWritesIt(readCertificate(pem), authorities).sha256),
      ),
      revocationLists: message.list(5).map(readRevocationList),
      units: message.list(7).map((bytes) => readUnit(bytes, authorities)),
      roles: roles.flag(1) && named.length > 0 ? new Map(named) : undefined,
      digest: Object.hasOwn(FAMILIES, family) ? FAMILIES[family] : undefined,
    };
  } catch (error) {
    if (error instanceof UnreadableError) return error.message;
    throw error;
  }
}

function mostRsaOfName(authorities: readonly Certificate[]): number {
  const ofRsa = authorities.filter(({ publicKey }) => publicKey.kind === 'rsa');
  const byName = Map.groupBy(ofRsa, ({ subject }) => hex(subject));
  return Math.max(0, ...[...byName.values()].map(({ length }) => length));
}

const eachOnce = (certificates: readonly Certificate[]): Certificate[] => [
  ...new Map(certificates.map((one) => [one.sha256, one])).values(),
];

function asFabricWritesIt(certificate: Certificate, authorities: Authorities): Certificate {
  if (isIssuedBy(certificate, certificate)) return withLowS(certificate, certificate);
  const authority = onlyChainOf(certificate, authorities)?.[1];
  return authority === undefined ? certificate : withLowS(certificate, authority);
}

function readUnit(bytes: Uint8Array, authorities: Authorities): NodeUnit {
  const message = new Message('organisational unit', bytes);
  const pem = message.bytes(1);
  const authority = pem.length > 0 ? asFabricWritesIt(readCertificate(pem), authorities).sha256 : undefined;
  return { unit: message.text(2), authority };
}

const hasUnit = (certificate: Certificate, issuer: Certificate, { unit, authority }: NodeUnit): boolean =>
  certificate.organizationalUnits.includes(unit) && (authority === undefined || authority === issuer.sha256);

/** Of two roles with the same unit the later one's authority counts, as in Fabric. */
function hasOneRole(
  { organizationalUnits }: Certificate,
  issuer: Certificate,
  roles: ReadonlyMap<NodeRole, NodeUnit>,
): boolean {
  const byUnit = new Map([...roles.values()].map((one) => [one.unit, one]));
  const own = organizationalUnits.flatMap((unit) => byUnit.get(unit) ?? []);
  return (
    own.length === 1 && own.every(({ authority }) => authority === undefined || authority === issuer.sha256)
  );
}

const rolesOf = ({ organizationalUnits }: Certificate, { roles }: Rules): NodeRole[] =>
  [...(roles ?? [])].flatMap(([role, { unit }]) => (organizationalUnits.includes(unit) ? [role] : []));
