// An authority for tests of TLS, with certificates for 127.0.0.1 that it makes when they run.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const VALID = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2099-01-01T00:00:00Z') };

x509.cryptoProvider.set(webcrypto as never);

const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

let serial = 1;

export class TestAuthority {
  readonly pem: string;
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #subject: string;

  private constructor(pem: string, keys: webcrypto.CryptoKeyPair, subject: string) {
    this.pem = pem;
    this.#keys = keys;
    this.#subject = subject;
  }

  static async create(name: string): Promise<TestAuthority> {
    const keys = await newKeys();
    const own = await x509.X509CertificateGenerator.createSelfSigned({
      ...VALID,
      serialNumber: (serial++).toString(16).padStart(4, '0'),
      name: `CN=${name}`,
      signingAlgorithm: ALGORITHM,
      keys: keys as never,
      extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    });
    return new TestAuthority(`${own.toString('pem')}\n`, keys, own.subject);
  }

  async issue(name: string, notAfter: Date = VALID.notAfter): Promise<TestCertificate> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      ...VALID,
      notAfter,
      serialNumber: (serial++).toString(16).padStart(4, '0'),
      subject: `CN=${name}`,
      issuer: this.#subject,
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey as never,
      signingKey: this.#keys.privateKey as never,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }]),
      ],
    });
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    const key = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
    return { cert: `${certificate.toString('pem')}\n`, key };
  }
}
