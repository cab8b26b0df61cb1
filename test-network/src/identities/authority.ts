/**
 * Certificate authorities of the organisations: ECDSA P-256 with SHA-256, as Fabric CA issues by default.
 * Roles travel in the certificate twice: as an organisational unit (Fabric's NodeOU: peer, admin, client,
 * orderer) and as Fabric CA's attribute extension, which chaincode reads as `consilium.role`.
 */
import 'reflect-metadata';
import { createPublicKey, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { rawToLowS } from '../msp/low-s.ts';

type CryptoKey = webcrypto.CryptoKey;
type CryptoKeyPair = webcrypto.CryptoKeyPair;

x509.cryptoProvider.set(webcrypto as never);

/**
 * Fabric re-encodes a certificate whose signature has a high S before it compares identities. Issuing only low-S ones
 * keeps the bytes the same everywhere.
 */
const SIGNS_WITH_LOW_S = {
  getRandomValues: (values: Uint8Array) => webcrypto.getRandomValues(values),
  subtle: {
    exportKey: (format: 'spki', key: CryptoKey) => webcrypto.subtle.exportKey(format, key),
    sign: async (...all: Parameters<typeof webcrypto.subtle.sign>) =>
      rawToLowS(new Uint8Array(await webcrypto.subtle.sign(...all))),
  },
} as never;

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' } as const;
/** Where Fabric CA writes attributes: JSON `{"attrs": {...}}`. */
export const ATTRIBUTES_OID = '1.2.3.4.5.6.7.8.1';
const CA_YEARS = 15;
const LEAF_YEARS = 5;
/** Certificates are valid from a little before they are made, for clocks that run behind. */
const BACKDATE_MS = 5 * 60_000;

export interface KeyAndCertificate {
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly privateKeyPem: string;
}

export interface Authority extends KeyAndCertificate {
  readonly name: string;
}

export interface SigningRequest {
  readonly commonName: string;
  readonly organizationalUnit?: 'peer' | 'admin' | 'client' | 'orderer';
  readonly organization: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

export async function createAuthority(name: string, organization: string): Promise<Authority> {
  const keys = (await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])) as CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: randomSerial(),
      name: distinguishedName([
        ['CN', name],
        ['O', organization],
      ]),
      ...validity({ years: CA_YEARS }),
      signingAlgorithm: SIGNING_ALGORITHM,
      keys: keys as never,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
          true,
        ),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as never),
      ],
    },
    SIGNS_WITH_LOW_S,
  );
  return { name, certificatePem: toPem(certificate), privateKeyPem: await exportPrivateKey(keys.privateKey) };
}

/** An identity that signs: a peer, an orderer, an admin or a client. */
export async function issueIdentity(
  authority: Authority,
  request: SigningRequest,
): Promise<KeyAndCertificate> {
  const names: [string, string][] = [['CN', request.commonName]];
  if (request.organizationalUnit) names.push(['OU', request.organizationalUnit]);
  names.push(['O', request.organization]);
  const extensions: x509.Extension[] = [
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
  ];
  if (request.attributes) {
    const json = JSON.stringify({ attrs: request.attributes });
    extensions.push(new x509.Extension(ATTRIBUTES_OID, false, Buffer.from(json, 'utf8')));
  }
  return issue(authority, { names, extensions, ...datesOf(request) });
}

export interface TlsServerRequest {
  readonly commonName: string;
  readonly organization: string;
  /** The names and addresses under which clients reach it: they check them. */
  readonly hosts: readonly string[];
  /** PKCS #8. The server's present key, where only its certificate changes. */
  readonly privateKeyPem?: string;
}

export async function issueTlsServer(
  authority: Authority,
  request: TlsServerRequest,
): Promise<KeyAndCertificate> {
  const names: [string, string][] = [
    ['CN', request.commonName],
    ['O', request.organization],
  ];
  const alternatives = request.hosts.map((value) => ({
    type: isIP(value) ? ('ip' as const) : ('dns' as const),
    value,
  }));
  const extensions = [
    new x509.KeyUsagesExtension(
      x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
      true,
    ),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
    new x509.SubjectAlternativeNameExtension(alternatives),
  ];
  const { privateKeyPem } = request;
  return issue(authority, { names, extensions, ...(privateKeyPem === undefined ? {} : { privateKeyPem }) });
}

interface LeafRequest {
  readonly privateKeyPem?: string;
  readonly names: readonly (readonly [string, string])[];
  readonly extensions: readonly x509.Extension[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

async function issue(authority: Authority, request: LeafRequest): Promise<KeyAndCertificate> {
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const signingKey = await importPrivateKey(authority.privateKeyPem);
  const privateKeyPem = request.privateKeyPem ?? (await newPrivateKey());
  const publicKey = await publicKeyOf(privateKeyPem);
  const authorityKeyIdentifier = await x509.AuthorityKeyIdentifierExtension.create(issuer);
  const subjectKeyIdentifier = await x509.SubjectKeyIdentifierExtension.create(publicKey as never);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: randomSerial(),
      subject: distinguishedName(request.names),
      issuer: issuer.subjectName.toJSON(),
      ...validity({ years: LEAF_YEARS }),
      ...(request.notBefore ? { notBefore: request.notBefore } : {}),
      ...(request.notAfter ? { notAfter: request.notAfter } : {}),
      signingAlgorithm: SIGNING_ALGORITHM,
      publicKey: publicKey as never,
      signingKey: signingKey as never,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        ...request.extensions,
        subjectKeyIdentifier,
        authorityKeyIdentifier,
      ],
    },
    SIGNS_WITH_LOW_S,
  );
  return { certificatePem: toPem(certificate), privateKeyPem };
}

async function newPrivateKey(): Promise<string> {
  const keys = (await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])) as CryptoKeyPair;
  return exportPrivateKey(keys.privateKey);
}

function publicKeyOf(privateKeyPem: string): Promise<CryptoKey> {
  const der = createPublicKey(privateKeyPem).export({ type: 'spki', format: 'der' });
  return webcrypto.subtle.importKey('spki', der, KEY_ALGORITHM, true, ['verify']) as Promise<CryptoKey>;
}

const toPem = (certificate: x509.X509Certificate): string => `${certificate.toString('pem')}\n`;

function distinguishedName(names: readonly (readonly [string, string])[]): x509.JsonName {
  return names.map(([type, value]) => ({ [type]: [value] }));
}

function datesOf(request: SigningRequest): { notBefore?: Date; notAfter?: Date } {
  return {
    ...(request.notBefore ? { notBefore: request.notBefore } : {}),
    ...(request.notAfter ? { notAfter: request.notAfter } : {}),
  };
}

function validity({ years }: { readonly years: number }): { notBefore: Date; notAfter: Date } {
  const notBefore = new Date(Date.now() - BACKDATE_MS);
  const notAfter = new Date(notBefore);
  notAfter.setFullYear(notAfter.getFullYear() + years);
  return { notBefore, notAfter };
}

function randomSerial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

async function exportPrivateKey(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = der
    .toString('base64')
    .match(/.{1,64}/g)!
    .join('\n');
  return `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`;
}

async function importPrivateKey(pem: string): Promise<CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----/g, '').replace(/\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, KEY_ALGORITHM, false, ['sign']) as Promise<CryptoKey>;
}
