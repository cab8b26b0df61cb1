// Signatures on a ceremony: made with the key of an organisation's administrator, and judged by what the channel says
// of its organisations. Keys are read where they are used, and written nowhere.
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import {
  type Certificate,
  Membership,
  type Msp,
  type SignedBytes,
  UnreadableError,
  x509Of,
} from '@consilium/verify/channel';
import fabricProtos from '@hyperledger/fabric-protos';
import { type Ceremony, type CeremonySignature, nonceOf, signedBytesOf } from './ceremony-file.ts';
import { dayOf, pemOf, readableCertificate, subjectOf } from './certificates-in-words.ts';
import { sameBytes } from './digests.ts';
import { plainName } from './plain-text.ts';
import { RefusedCeremonyError, refuse } from './refused-ceremony.ts';
import { readWhole } from './whole-messages.ts';

const { common, msp } = fabricProtos;

/** Who signs for an organisation, at its own place. */
export interface SigningIdentity {
  readonly mspId: string;
  /** PEM. */
  readonly certificate: string;
  /** PEM; it stays here. */
  readonly key: string;
}

/** A signature that counts. */
export interface CheckedSignature {
  readonly mspId: string;
  /** In quotes. */
  readonly subject: string;
  readonly certificateSha256: string;
  readonly validTo: string;
  readonly signed: SignedBytes;
}

/** The identity as Fabric writes it, with the certificate in its one form. */
export function serializedIdentity({ mspId, certificate }: Omit<SigningIdentity, 'key'>): Uint8Array {
  const { der } = readableCertificate(Buffer.from(certificate), `certificate of ${mspId}`);
  const identity = new msp.SerializedIdentity();
  identity.setMspid(mspId);
  identity.setIdBytes(Buffer.from(pemOf('CERTIFICATE', der)));
  return identity.serializeBinary();
}

/** @throws RefusedCeremonyError where the key is none, or not the certificate's */
export function readKey({ key, certificate, mspId }: SigningIdentity): KeyObject {
  let found: KeyObject;
  try {
    found = createPrivateKey(key);
  } catch {
    // Without the cause: nothing of a key belongs into a message or a log.
    return refuse(`the key of ${mspId} is no private key in PEM`);
  }
  const x509 = x509Of(readableCertificate(Buffer.from(certificate), `certificate of ${mspId}`));
  return x509.checkPrivateKey(found) ? found : refuse(`the key of ${mspId} is not its certificate's`);
}

/** The ceremony with one more signature. @throws RefusedCeremonyError where the key does not fit the certificate */
export function signCeremony(ceremony: Ceremony, identity: SigningIdentity): Ceremony {
  const key = readKey(identity);
  const made = new common.SignatureHeader();
  made.setCreator(serializedIdentity(identity));
  made.setNonce(nonceOf(ceremony));
  const header = made.serializeBinary();
  const signature = signBytes(key, signedBytesOf(ceremony, header));
  return { ...ceremony, signatures: [...ceremony.signatures, { header, signature }] };
}

const HALF_ORDERS: Readonly<Record<string, bigint>> = {
  prime256v1: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  secp384r1:
    0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
};

/** As Fabric takes signatures: SHA-256, and of the two that fit the one with the smaller number. */
export function signBytes(key: KeyObject, bytes: Uint8Array): Buffer {
  if (key.asymmetricKeyType === 'ed25519') return sign(null, bytes, key);
  const order = HALF_ORDERS[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (order === undefined)
    return refuse('the key is of a kind that is not used in Fabric: P-256, P-384 or Ed25519');
  const raw = sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' });
  const half = raw.length / 2;
  const [r, s] = [raw.subarray(0, half), raw.subarray(half)].map((part) =>
    BigInt(`0x${part.toString('hex')}`),
  );
  const body = Buffer.concat([derInteger(r!), derInteger(s! > order >> 1n ? order - s! : s!)]);
  return Buffer.concat([Buffer.of(0x30, body.length), body]);
}

function derInteger(value: bigint): Buffer {
  const digits = value.toString(16);
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  const positive = bytes[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(0x02, positive.length), positive]);
}

/** By whom, of which organisations, and when signatures are judged. */
export interface Signers {
  readonly msps: readonly Msp[];
  readonly now: Date;
}

/**
 * All signatures of a ceremony, each by an administrator of another organisation of the channel.
 *
 * @throws RefusedCeremonyError naming the first that does not count
 */
export function checkSignatures(ceremony: Ceremony, signers: Signers): CheckedSignature[] {
  const membership = new Membership(signers.msps);
  const found: CheckedSignature[] = [];
  for (const [at, one] of ceremony.signatures.entries()) {
    const checked = checkSignature(ceremony, one, { membership, now: signers.now, number: at + 1 });
    if (found.some(({ mspId }) => mspId === checked.mspId)) {
      refuse(`signature ${at + 1}: ${checked.mspId} has signed already, and an organisation signs once`);
    }
    found.push(checked);
  }
  return found;
}

/** Whether the organisation's signature would count before it is given. @throws RefusedCeremonyError */
export function checkOwnSignature(ceremony: Ceremony, identity: SigningIdentity, signers: Signers): Ceremony {
  const signed = signCeremony(ceremony, identity);
  checkSignatures(signed, signers);
  return signed;
}

interface Judging {
  readonly membership: Membership;
  readonly now: Date;
  readonly number: number;
}

function checkSignature(ceremony: Ceremony, one: CeremonySignature, judging: Judging): CheckedSignature {
  const { membership, now, number } = judging;
  const wrong = (why: string): never => refuse(`signature ${number}: ${why}`);
  const header = readWhole(common.SignatureHeader, one.header, `header of signature ${number}`);
  const creator = readWhole(
    msp.SerializedIdentity,
    header.getCreator_asU8(),
    `signer of signature ${number}`,
  );
  const mspId = plainName(creator.getMspid(), `organisation of signature ${number}`);
  const pem = creator.getIdBytes_asU8();
  if (!sameBytes(header.getNonce_asU8(), nonceOf(ceremony))) {
    wrong(`${mspId} signed another file: other bytes, another channel, or another sequence`);
  }
  const identity = judged(membership, { mspId, pem }, number);
  const { certificate } = identity;
  // As it was sent: whom it is of, is judged by the form that peers compare.
  const { der } = readableCertificate(pem, `certificate of signature ${number}`);
  if (Buffer.from(pem).toString('latin1') !== pemOf('CERTIFICATE', der)) {
    wrong('its certificate is not written in its one form');
  }
  if (identity.invalidBecause !== undefined) wrong(`a signer of ${mspId}: ${identity.invalidBecause}`);
  if (!membership.isAdmin(identity)) {
    wrong(`${subjectOf(certificate)} is no administrator of ${mspId}: its administrator has to sign`);
  }
  checkValidity(certificate, { mspId, now, number });
  const signed = {
    identity: { mspId, pem },
    data: signedBytesOf(ceremony, one.header),
    signature: one.signature,
  };
  const refusal = membership.refusalOf(signed);
  if (refusal !== undefined)
    wrong(`${refusal}: the file was changed after it was signed, or the signature was`);
  return {
    mspId,
    subject: subjectOf(certificate),
    certificateSha256: certificate.sha256,
    validTo: dayOf(certificate.validToDate),
    signed,
  };
}

function judged(membership: Membership, claimed: SignedBytes['identity'], number: number) {
  try {
    return membership.judge(claimed);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    throw new RefusedCeremonyError(`signature ${number}: ${error.message}`, { cause: error });
  }
}

function checkValidity(
  { validFromDate, validToDate }: Certificate,
  { mspId, now, number }: { readonly mspId: string; readonly now: Date; readonly number: number },
): void {
  if (validToDate < now) {
    refuse(
      `signature ${number}: the certificate of ${mspId}'s administrator expired on ${dayOf(validToDate)}: ` +
        'enrol a new one, and sign again',
    );
  }
  if (validFromDate > now) {
    refuse(
      `signature ${number}: the certificate of ${mspId}'s administrator is not valid before ` +
        dayOf(validFromDate),
    );
  }
}
