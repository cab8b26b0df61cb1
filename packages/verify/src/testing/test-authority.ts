// Certificates and revocation lists for tests, made when they run.
import 'reflect-metadata';
import { createPrivateKey, type KeyObject, sign, webcrypto } from 'node:crypto';
import fabricProtos from '@hyperledger/fabric-protos';
import * as x509 from '@peculiar/x509';
import { KEYS, type SigningKey } from './made-certificate.ts';
import { lowS } from './signature-forms.ts';

const { msp } = fabricProtos;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const ATTRIBUTES = '1.2.3.4.5.6.7.8.1';
const VALID = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2099-01-01T00:00:00Z') };

type Algorithm = Readonly<Record<'name', string> & Record<string, unknown>>;

x509.cryptoProvider.set(webcrypto as never);

interface KeysOfKind {
  readonly keys: webcrypto.CryptoKeyPair;
  readonly algorithm: Algorithm;
}

export class Authority {
  readonly mspId: string;
  readonly pem: string;
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #algorithm: Algorithm;
  readonly #certificate: x509.X509Certificate;
  #serial = 16;

  private constructor(mspId: string, { keys, algorithm }: KeysOfKind, certificate: x509.X509Certificate) {
    this.mspId = mspId;
    this.#keys = keys;
    this.#algorithm = algorithm;
    this.#certificate = certificate;
    this.pem = `${certificate.toString('pem')}\n`;
  }

  /** @param algorithm of its own key: that of others than itself is always the usual one */
  static async create(mspId: string, algorithm: Algorithm = ALGORITHM): Promise<Authority> {
    const keys = await newKeys(algorithm);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...VALID,
      serialNumber: '01',
      name: `CN=ca.${mspId}`,
      signingAlgorithm: algorithm as never,
      keys: keys as never,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as never),
      ],
    });
    return new Authority(mspId, { keys, algorithm }, certificate);
  }

  /**
   * Someone of a role, who signs.
   *
   * @param role of Consilium, as Fabric CA writes it
   * @param hosts names of a node, which clients check
   * @param own a key of another kind than the usual one
   * @param dates other than the usual ones
   */
  async issue(
    unit: 'peer' | 'client' | 'admin' | 'orderer',
    {
      role,
      hosts = [],
      own,
      ...dates
    }: {
      readonly role?: string;
      readonly hosts?: readonly string[];
      readonly own?: SigningKey;
      readonly notBefore?: Date;
      readonly notAfter?: Date;
    } = {},
  ): Promise<Signer> {
    const { publicKey, privateKey } = own ?? KEYS.ec();
    this.#serial += 1;
    const serialNumber = this.#serial.toString(16);
    const attributes = Buffer.from(JSON.stringify({ attrs: { 'consilium.role': role } }), 'utf8');
    const certificate = await x509.X509CertificateGenerator.create({
      ...VALID,
      ...dates,
      serialNumber,
      subject: `CN=${unit}${this.#serial}, OU=${unit}`,
      issuer: this.#certificate.subject,
      signingAlgorithm: this.#algorithm as never,
      publicKey: new x509.PublicKey(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }))),
      signingKey: this.#keys.privateKey as never,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        ...(role === undefined ? [] : [new x509.Extension(ATTRIBUTES, false, attributes)]),
        ...(hosts.length > 0
          ? [new x509.SubjectAlternativeNameExtension(hosts.map((value) => ({ type: 'dns', value })))]
          : []),
      ],
    });
    const pem = `${certificate.toString('pem')}\n`;
    return new Signer(this.mspId, { pem, key: privateKey, serialNumber });
  }

  /** A certificate for TLS on this machine, with its key, in PEM. */
  async issueTls(hosts: readonly string[] = ['localhost']): Promise<{ certificate: string; key: string }> {
    const keys = await newKeys();
    this.#serial += 1;
    const certificate = await x509.X509CertificateGenerator.create({
      ...VALID,
      serialNumber: this.#serial.toString(16),
      subject: `CN=tls.${this.mspId}`,
      issuer: this.#certificate.subject,
      signingAlgorithm: this.#algorithm as never,
      publicKey: keys.publicKey as never,
      signingKey: this.#keys.privateKey as never,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.SubjectAlternativeNameExtension(hosts.map((value) => ({ type: 'dns' as const, value }))),
      ],
    });
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    return {
      certificate: `${certificate.toString('pem')}\n`,
      key: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    };
  }

  /** @param isNamed whether the list says whose it is */
  async revoke(signers: readonly Pick<Signer, 'serialNumber'>[], isNamed = true): Promise<Uint8Array> {
    const list = await x509.X509CrlGenerator.create({
      issuer: this.#certificate.subject,
      thisUpdate: VALID.notBefore,
      nextUpdate: VALID.notAfter,
      entries: signers.map(({ serialNumber }) => ({ serialNumber, revocationDate: VALID.notBefore })),
      extensions: isNamed ? [await x509.AuthorityKeyIdentifierExtension.create(this.#certificate)] : [],
      signingAlgorithm: this.#algorithm as never,
      signingKey: this.#keys.privateKey as never,
    });
    return Buffer.from(list.toString('pem'));
  }
}

export class Signer {
  readonly mspId: string;
  readonly pem: string;
  readonly serialNumber: string;
  readonly identity: Uint8Array;
  readonly #key: KeyObject;

  constructor(
    mspId: string,
    {
      pem,
      key,
      serialNumber,
    }: { readonly pem: string; readonly key: KeyObject; readonly serialNumber: string },
  ) {
    this.mspId = mspId;
    this.pem = pem;
    this.serialNumber = serialNumber;
    this.#key = key;
    const identity = new msp.SerializedIdentity();
    identity.setMspid(mspId);
    identity.setIdBytes(Buffer.from(pem));
    this.identity = identity.serializeBinary();
  }

  /** PKCS #8 in PEM. */
  get keyPem(): string {
    return this.#key.export({ format: 'pem', type: 'pkcs8' }).toString();
  }

  sign(...parts: readonly Uint8Array[]): Uint8Array {
    return lowS(sign('sha256', Buffer.concat(parts), this.#key));
  }
}

const newKeys = async (algorithm: Algorithm = ALGORITHM): Promise<webcrypto.CryptoKeyPair> =>
  (await webcrypto.subtle.generateKey(algorithm as never, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
