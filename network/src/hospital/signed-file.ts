// A small public file that travels by any means: its content, the certificate of the administrator who signed it, and
// the signature. It is believed only under the root whose digest all agreed on, so that whoever carries it can neither
// change it nor put another in its place.
import { createHash, sign, verify, X509Certificate } from 'node:crypto';
import { InputError } from '@consilium/command-line';
import { readReceived } from '../received-file.ts';

const MOST_BYTES = 1024 * 1024;

interface SignedFile {
  readonly content: string;
  readonly certificate: string;
  readonly signature: string;
}

/** Of whom a file is believed. */
export interface Signer {
  readonly mspId: string;
  /** SHA-256 of the DER of the root of its identities, in hexadecimal. */
  readonly rootSha256: string;
  /** When the signer's certificate has to be valid; not asked of what was taken up before, which outlives it. */
  readonly at?: Date;
}

/** What is signed says what it is, so that a signature over one kind of file is none over another. */
const signedBytes = (kind: string, content: string): Buffer =>
  Buffer.from(`consilium ${kind}\n${content}`, 'utf8');

/** SHA-256 of a certificate's DER, in hexadecimal: what is agreed on of an authority. */
export const certificateSha256 = (pem: string): string =>
  createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');

/** The text of the signed file. */
export function signFile(
  kind: string,
  content: unknown,
  administrator: { readonly certificate: string; readonly privateKey: string },
): string {
  const text = JSON.stringify(content);
  const signature = sign('sha256', signedBytes(kind, text), administrator.privateKey).toString('base64');
  const file: SignedFile = { content: text, certificate: administrator.certificate, signature };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** What is believed. */
export interface Believed {
  readonly value: unknown;
  /** The whole file, as it was when it was believed: another could be in its place since. */
  readonly text: string;
}

/**
 * The content, where an administrator of the signer signed it as this kind.
 *
 * @param rootOf the root's PEM, of a content that is not believed yet
 * @throws InputError saying why it is not believed
 */
export function readSigned(
  path: string,
  kind: string,
  signer: Signer,
  rootOf: (content: unknown) => unknown,
): Believed {
  const refuse = (why: string): never => {
    throw new InputError(`${path} is not believed as a ${kind} of ${signer.mspId}: ${why}`);
  };
  try {
    const text = readReceived(path, MOST_BYTES).toString('utf8');
    const { content, certificate, signature } = (JSON.parse(text) ?? {}) as Partial<SignedFile>;
    if (typeof content !== 'string' || typeof certificate !== 'string' || typeof signature !== 'string') {
      return refuse('content, certificate or signature is missing');
    }
    const value: unknown = JSON.parse(content);
    const pem = rootOf(value);
    if (typeof pem !== 'string') return refuse('it names no root');
    const problem = chainProblem(new X509Certificate(certificate), new X509Certificate(pem), signer);
    if (problem !== undefined) refuse(problem);
    const key = new X509Certificate(certificate).publicKey;
    const isSigned = verify('sha256', signedBytes(kind, content), key, Buffer.from(signature, 'base64'));
    if (!isSigned) refuse('the signature is of something else');
    return { value, text };
  } catch (error) {
    if (error instanceof InputError) throw error;
    return refuse(error instanceof SyntaxError ? 'it is not JSON' : (error as Error).message);
  }
}

function chainProblem(
  certificate: X509Certificate,
  root: X509Certificate,
  { rootSha256, at }: Signer,
): string | undefined {
  if (createHash('sha256').update(root.raw).digest('hex') !== rootSha256) {
    return 'its root is not the one whose digest is in consortium.yaml (roots.identity)';
  }
  if (!certificate.checkIssued(root) || !certificate.verify(root.publicKey)) {
    return 'its signer is not certified by that root';
  }
  if (!certificate.subject.split('\n').includes('OU=admin')) return 'its signer is no administrator';
  if (at !== undefined && (at < certificate.validFromDate || at > certificate.validToDate)) {
    return `its signer's certificate is valid from ${certificate.validFrom} to ${certificate.validTo}`;
  }
  return undefined;
}
