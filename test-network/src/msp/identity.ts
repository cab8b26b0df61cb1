/**
 * Who signed: the membership service providers of a channel. An identity is taken apart, traced to its
 * organisation's CA and classified by its NodeOU exactly as Fabric's MSP does with the V1_4_3 rules, because
 * policies, endorsements and every refusal rest on it. Expiry is not the MSP's business in Fabric (it checks
 * chains as of the certificate's first second); the services refuse expired clients where Fabric's do.
 */
import 'reflect-metadata';
import { type KeyObject, verify, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { type common, msp as mspProtos } from '../fabric-protos.ts';
import { sha256 } from '../ledger/sha256.ts';
import { hasLowS } from './low-s.ts';

export type NodeRole = 'client' | 'peer' | 'admin' | 'orderer';
const NODE_ROLES: readonly string[] = ['client', 'peer', 'admin', 'orderer'];
const CACHE_LIMIT = 1000;

export interface OrganisationRoot {
  readonly mspId: string;
  readonly caCertificatePem: string;
}

export interface Identity {
  readonly mspId: string;
  /** Identifies the certificate; two endorsements with the same id count once. */
  readonly id: string;
  readonly certificateDer: Uint8Array;
  readonly organizationalUnits: readonly string[];
  readonly notAfter: Date;
  /** Why this identity is not valid under its MSP, or undefined when it is. */
  readonly invalidBecause: string | undefined;
  /** The NodeOU role, when the identity is valid. */
  readonly role: NodeRole | undefined;
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

export interface SignedData {
  readonly data: Uint8Array;
  readonly identity: Uint8Array;
  readonly signature: Uint8Array;
}

export class Membership {
  readonly #roots: ReadonlyMap<string, X509Certificate>;
  readonly #cache = new Map<string, Identity>();

  constructor(roots: readonly OrganisationRoot[]) {
    this.#roots = new Map(roots.map((root) => [root.mspId, new X509Certificate(root.caCertificatePem)]));
  }

  get mspIds(): readonly string[] {
    return [...this.#roots.keys()];
  }

  /** @throws Error when the bytes are no identity of a known MSP whose certificate chains to its CA. */
  deserialize(serialized: Uint8Array): Identity {
    const cacheKey = sha256(serialized).toString('hex');
    const cached = this.#cache.get(cacheKey);
    if (cached) return cached;
    const identity = this.#parse(serialized);
    if (this.#cache.size >= CACHE_LIMIT) this.#cache.delete(this.#cache.keys().next().value!);
    this.#cache.set(cacheKey, identity);
    return identity;
  }

  /** The distinct identities whose signatures hold, in order; the others are passed over, as in Fabric. */
  validSigners(signatures: readonly SignedData[]): Identity[] {
    const signers = new Map<string, Identity>();
    for (const { data, identity: serialized, signature } of signatures) {
      let identity: Identity;
      try {
        identity = this.deserialize(serialized);
      } catch {
        continue;
      }
      const key = `${identity.mspId}:${identity.id}`;
      if (!signers.has(key) && identity.verify(data, signature)) signers.set(key, identity);
    }
    return [...signers.values()];
  }

  #parse(serialized: Uint8Array): Identity {
    const message = mspProtos.SerializedIdentity.deserializeBinary(serialized);
    const mspId = message.getMspid();
    const root = this.#roots.get(mspId);
    if (!root) throw new Error(`MSP ${mspId} is not defined on channel`);
    const pem = Buffer.from(message.getIdBytes_asU8()).toString('utf8');
    if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Error('could not decode the PEM structure');
    const certificate = new X509Certificate(pem);
    if (certificate.publicKey.asymmetricKeyType !== 'ec') throw new Error('the public key is not ECDSA');
    if (!certificate.verify(root.publicKey)) throw new Error('certificate signed by unknown authority');
    const organizationalUnits = new x509.X509Certificate(certificate.raw).subjectName.getField('OU');
    const { invalidBecause, role } = classify({ ca: certificate.ca, organizationalUnits });
    return {
      mspId,
      id: sha256(certificate.raw).toString('hex'),
      certificateDer: certificate.raw,
      organizationalUnits,
      notAfter: new Date(certificate.validTo),
      invalidBecause,
      role,
      verify: (data, signature) => verifySignature(certificate.publicKey, { data, signature }),
    };
  }
}

const expiries = new Map<string, Date | undefined>();

/** When a serialized identity's certificate expires, no matter who issued it; undefined when it holds none. */
export function expiryOf(serialized: Uint8Array): Date | undefined {
  const cacheKey = sha256(serialized).toString('hex');
  if (expiries.has(cacheKey)) return expiries.get(cacheKey);
  if (expiries.size >= CACHE_LIMIT) expiries.delete(expiries.keys().next().value!);
  const expiry = readExpiry(serialized);
  expiries.set(cacheKey, expiry);
  return expiry;
}

function readExpiry(serialized: Uint8Array): Date | undefined {
  try {
    const message = mspProtos.SerializedIdentity.deserializeBinary(serialized);
    const pem = Buffer.from(message.getIdBytes_asU8()).toString('utf8');
    return new Date(new X509Certificate(pem).validTo);
  } catch {
    return undefined;
  }
}

function classify(options: { readonly ca: boolean; readonly organizationalUnits: readonly string[] }): {
  invalidBecause: string | undefined;
  role: NodeRole | undefined;
} {
  if (options.ca) {
    return { invalidBecause: 'a CA certificate cannot be used as an identity', role: undefined };
  }
  const roles = options.organizationalUnits.filter((unit) => NODE_ROLES.includes(unit));
  if (roles.length !== 1) {
    return { invalidBecause: 'the identity must have exactly one NodeOU role', role: undefined };
  }
  return { invalidBecause: undefined, role: roles[0] as NodeRole };
}

function verifySignature(
  key: KeyObject,
  { data, signature }: { readonly data: Uint8Array; readonly signature: Uint8Array },
): boolean {
  if (!hasLowS(signature)) return false;
  return verify('sha256', data, key, signature);
}

/** The one signature on an envelope, as policies want it. */
export function envelopeSignature(
  envelope: InstanceType<typeof common.Envelope>,
  creator: Uint8Array,
): SignedData {
  return {
    data: envelope.getPayload_asU8(),
    identity: creator,
    signature: envelope.getSignature_asU8(),
  };
}
