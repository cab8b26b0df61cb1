// Requests for certificates (PKCS #10) with a key that is made here and stays here: for authorities that Fabric CA's
// client does not speak to, and for persons whose key nobody else may have.
import { webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Where Fabric CA writes attributes, and Fabric reads them. */
const ATTRIBUTES = '1.2.3.4.5.6.7.8.1';

export interface RequestedCertificate {
  readonly commonName: string;
  readonly organisation: string;
  /** By which Fabric knows its role; none for TLS. */
  readonly unit?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** For a TLS server and client of these names. */
  readonly hosts?: readonly string[];
}

/** A new key on P-256 and a request that it signed, both in PEM. */
export async function requestFor(
  wanted: RequestedCertificate,
): Promise<{ readonly key: string; readonly csr: string }> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const name = [
    { CN: [wanted.commonName] },
    ...(wanted.unit === undefined ? [] : [{ OU: [wanted.unit] }]),
    { O: [wanted.organisation] },
  ];
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      name: new x509.Name(name).toString(),
      keys: keys as never,
      signingAlgorithm: ALGORITHM,
      extensions: extensionsOf(wanted),
    },
    webcrypto as never,
  );
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const lines = der
    .toString('base64')
    .match(/.{1,64}/g)!
    .join('\n');
  return {
    key: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`,
    csr: `${request.toString('pem')}\n`,
  };
}

function extensionsOf({ attributes, hosts }: RequestedCertificate): x509.Extension[] {
  const names = hosts?.map((value) => ({ type: /^[0-9.]+$/.test(value) ? 'ip' : 'dns', value }) as const);
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  return [
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    ...(names === undefined
      ? []
      : [
          new x509.SubjectAlternativeNameExtension([...names]),
          new x509.ExtendedKeyUsageExtension([serverAuth, clientAuth]),
        ]),
    ...(attributes === undefined
      ? []
      : [new x509.Extension(ATTRIBUTES, false, Buffer.from(JSON.stringify({ attrs: attributes })))]),
  ];
}

/** The common name of a request whose key signed it. @throws Error for anything else */
export async function readRequest(csr: string): Promise<{ readonly commonName: string }> {
  const request = new x509.Pkcs10CertificateRequest(csr);
  if (!(await request.verify(webcrypto as never))) throw new Error('it is not signed by its own key');
  return { commonName: request.subjectName.getField('CN')[0] ?? '' };
}
