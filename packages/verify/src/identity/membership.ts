// An organisation's membership service provider as the channel's configuration gives it at one block: its roots,
// intermediates, revocation lists and roles. Identities are judged by Fabric's rules of V1_4_3 and later. Expiry is not
// among them: Fabric checks a chain as of the certificate's first second.
import { latin1Text } from '../wire/bytes.ts';
import { Message, UnreadableError } from '../wire/protobuf-reader.ts';
import { type Certificate, identityDigest, isIssuedBy, readCertificate } from './certificate.ts';
import { isRevokedBy, type RevocationList, readRevocationList } from './revocation-list.ts';
import { isShortestForm, signatureHolds } from './signature.ts';

export const NODE_ROLES = ['client', 'peer', 'admin', 'orderer'] as const;
/** What a certificate makes of its holder, by its organisational unit. */
export type NodeRole = (typeof NODE_ROLES)[number];

/** Who signs: an organisation's name and a certificate in PEM, which nobody has judged yet. */
export interface ClaimedIdentity {
  readonly mspId: string;
  readonly pem: Uint8Array;
}

/** A certificate that its organisation's authorities issued. */
export interface Identity {
  readonly mspId: string;
  readonly certificate: Certificate;
  /** Why its organisation does not accept it; undefined where it does. */
  readonly invalidBecause: string | undefined;
  readonly role: NodeRole | undefined;
}

/** A signature over bytes, and who claims to have made it. */
export interface SignedBytes {
  readonly identity: ClaimedIdentity;
  /** May be made when it is asked for: only of identities that could have signed it. */
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

interface NodeUnit {
  readonly unit: string;
  /** SHA-256 of the only authority that may give it; any of the organisation's where undefined. */
  readonly authority: string | undefined;
}

/** What an organisation's name and certificate are in Fabric's messages. @throws UnreadableError */
export function readIdentity(bytes: Uint8Array): ClaimedIdentity {
  const message = new Message('identity', bytes);
  return { mspId: message.text(1), pem: message.bytes(2) };
}

/** Whom no organisation has issued a certificate. */
export const NOBODY: ClaimedIdentity = { mspId: '', pem: new Uint8Array() };

/** Who signs one of several signatures: of bytes that are no identity nobody, whom peers pass over. */
export function readSigner(bytes: Uint8Array): ClaimedIdentity {
  try {
    return readIdentity(bytes);
  } catch (error) {
    if (error instanceof UnreadableError) return NOBODY;
    throw error;
  }
}

/** An organisation's authorities, roles and revocation lists. */
export class Msp {
  readonly mspId: string;
  readonly #authorities: readonly Certificate[];
  /** Those that issue no other authority: only they issue identities. */
  readonly #issuers: readonly Certificate[];
  readonly #admins: ReadonlySet<string>;
  readonly #revocationLists: readonly RevocationList[];
  readonly #units: readonly NodeUnit[];
  readonly #roles: ReadonlyMap<NodeRole, NodeUnit> | undefined;

  /** @param bytes the value MSP of an organisation's group. @throws UnreadableError */
  constructor(bytes: Uint8Array) {
    const config = new Message('MSP', bytes);
    if (config.int32(1) !== 0) throw new UnreadableError('not an MSP of X.509 certificates');
    const message = config.inBytes(2, 'MSP');
    this.mspId = message.text(1);
    const roots = message.list(2).map(readCertificate);
    const intermediates = message.list(3).map(readCertificate);
    this.#authorities = [...roots, ...intermediates];
    this.#issuers = this.#authorities.filter(
      (authority) => !intermediates.some((other) => other !== authority && isIssuedBy(other, authority)),
    );
    this.#admins = new Set(message.list(4).map((pem) => this.#digestOf(readCertificate(pem))));
    this.#revocationLists = message.list(5).map(readRevocationList);
    this.#units = message.list(7).map(readUnit);
    const roles = message.message(11, 'node units');
    this.#roles = roles.flag(1)
      ? new Map(NODE_ROLES.map((role, i) => [role, readUnit(roles.merged([2, 3, 4, 5][i]!))]))
      : undefined;
  }

  /** @throws UnreadableError where the certificate cannot be read, or none of the authorities issued it */
  judge(pem: Uint8Array): Identity {
    const read = readCertificate(pem);
    const { mspId } = this;
    const issuer = this.#issuerOf(read);
    if (issuer === undefined || !this.#isTrusted(issuer)) {
      throw new UnreadableError(`${mspId} has no authority that issued the certificate`);
    }
    const certificate = { ...read, sha256: identityDigest(read, issuer) };
    const roles = this.#rolesOf(certificate, issuer);
    const invalidBecause = this.#refusal(certificate, issuer, roles);
    return { mspId, certificate, invalidBecause, role: invalidBecause === undefined ? roles[0] : undefined };
  }

  #issuerOf(certificate: Certificate): Certificate | undefined {
    return this.#authorities.find((authority) => isIssuedBy(certificate, authority));
  }

  #digestOf(certificate: Certificate): string {
    const issuer = this.#issuerOf(certificate);
    return issuer === undefined ? certificate.sha256 : identityDigest(certificate, issuer);
  }

  #refusal(certificate: Certificate, issuer: Certificate, roles: readonly NodeRole[]): string | undefined {
    if (certificate.saysAuthority) return 'it is the certificate of an authority';
    if (!this.#issuers.includes(issuer)) return 'its authority issues authorities only';
    // As Fabric has it: where it cannot tell whose a list is, nobody is accepted.
    if (issuer.subjectKeyId === undefined) return 'its authority has no key identifier';
    if (this.#revocationLists.some(({ authorityKeyId }) => authorityKeyId === undefined)) {
      return 'a revocation list of its organisation does not say whose it is';
    }
    if (this.#revocationLists.some((list) => isRevokedBy(list, certificate, issuer))) {
      return 'its certificate is revoked';
    }
    if (this.#units.length > 0 && !this.#units.some((unit) => hasUnit(certificate, issuer, unit))) {
      return 'it is of none of the units of its organisation';
    }
    return this.#roles !== undefined && roles.length !== 1 ? 'it has not exactly one role' : undefined;
  }

  #rolesOf(certificate: Certificate, issuer: Certificate): readonly NodeRole[] {
    if (this.#roles !== undefined) {
      const roles = [...this.#roles].filter(([, unit]) => hasUnit(certificate, issuer, unit));
      return roles.map(([role]) => role);
    }
    return this.#admins.has(certificate.sha256) ? ['admin'] : [];
  }

  isAdmin({ certificate, role }: Identity): boolean {
    return role === 'admin' || this.#admins.has(certificate.sha256);
  }

  /** Whether a chain leads from it to a root. Intermediates are authorities because the configuration lists them. */
  #isTrusted(authority: Certificate, depth = 0): boolean {
    if (isIssuedBy(authority, authority)) return true;
    const above = this.#authorities.find((other) => other !== authority && isIssuedBy(authority, other));
    return above !== undefined && depth < 5 && this.#isTrusted(above, depth + 1);
  }
}

function readUnit(bytes: Uint8Array): NodeUnit {
  const message = new Message('organisational unit', bytes);
  const pem = message.bytes(1);
  return { unit: message.text(2), authority: pem.length > 0 ? readCertificate(pem).sha256 : undefined };
}

const hasUnit = (certificate: Certificate, issuer: Certificate, { unit, authority }: NodeUnit): boolean =>
  unit !== '' &&
  certificate.organizationalUnits.includes(unit) &&
  (authority === undefined || authority === issuer.sha256);

/** Certificates that are kept judged: a channel that is followed for years has more. */
const JUDGED_MAX = 4096;

/** The organisations of a channel at one block. */
export class Membership {
  readonly #msps: ReadonlyMap<string, Msp>;
  readonly #judged = new Map<string, Identity | UnreadableError>();
  /** Each rule that an endorsement has to satisfy asks for the same signers. */
  readonly #signers = new WeakMap<readonly SignedBytes[], Identity[]>();

  constructor(msps: readonly Msp[]) {
    this.#msps = new Map(msps.map((msp) => [msp.mspId, msp]));
  }

  /** @throws UnreadableError where the organisation is not of the channel, or did not issue the certificate */
  judge({ mspId, pem }: ClaimedIdentity): Identity {
    const key = `${mspId}\n${latin1Text(pem)}`;
    let judged = this.#judged.get(key);
    if (judged === undefined) {
      judged = this.#judgeOnce(mspId, pem);
      if (this.#judged.size >= JUDGED_MAX) this.#judged.clear();
      this.#judged.set(key, judged);
    }
    if (judged instanceof UnreadableError) throw judged;
    return judged;
  }

  #judgeOnce(mspId: string, pem: Uint8Array): Identity | UnreadableError {
    try {
      const msp = this.#msps.get(mspId);
      if (msp === undefined) throw new UnreadableError(`${mspId} is no organisation of the channel`);
      return msp.judge(pem);
    } catch (error) {
      if (error instanceof UnreadableError) return error;
      throw error;
    }
  }

  isAdmin(identity: Identity): boolean {
    return this.#msps.get(identity.mspId)?.isAdmin(identity) ?? false;
  }

  /** Why a signature does not count; undefined where a member of the channel gave it. */
  refusalOf(signed: SignedBytes): string | undefined {
    const { identity } = signed;
    try {
      const judged = this.judge(identity);
      if (judged.invalidBecause !== undefined)
        return `a signer of ${identity.mspId}: ${judged.invalidBecause}`;
      const holds = signatureHolds(judged.certificate.publicKey, signed.data, signed.signature);
      return holds ? undefined : `a signature of ${identity.mspId} does not hold`;
    } catch (error) {
      if (error instanceof UnreadableError) return error.message;
      throw error;
    }
  }

  /** The same of a signature in bytes that no digest covers: it has to be in its one form, or anyone alters them. */
  refusalOfUncovered(signed: SignedBytes): string | undefined {
    if (isShortestForm(signed.signature)) return this.refusalOf(signed);
    return `a signature of ${signed.identity.mspId} is not in the shortest form of its numbers`;
  }

  /** The distinct identities whose signatures hold, in order. Others are passed over, as in Fabric. */
  signersOf(signatures: readonly SignedBytes[]): Identity[] {
    let signers = this.#signers.get(signatures);
    if (signers === undefined) {
      signers = this.#findSigners(signatures);
      this.#signers.set(signatures, signers);
    }
    return signers;
  }

  #findSigners(signatures: readonly SignedBytes[]): Identity[] {
    const signers = new Map<string, Identity>();
    for (const signed of signatures) {
      try {
        const judged = this.judge(signed.identity);
        const key = `${judged.mspId}:${judged.certificate.sha256}`;
        if (signers.has(key)) continue;
        const { publicKey } = judged.certificate;
        if (signatureHolds(publicKey, signed.data, signed.signature)) signers.set(key, judged);
      } catch (error) {
        if (!(error instanceof UnreadableError)) throw error;
      }
    }
    return [...signers.values()];
  }
}
