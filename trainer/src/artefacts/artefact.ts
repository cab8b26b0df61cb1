// Sealing an artefact for some members, and opening it as one of them. AES-256-GCM under a key that is used
// once; the key is wrapped for each member with HPKE. What the artefact is for (study, round, owner) is
// authenticated, so that an update of one round cannot be passed off as another's.

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { canonicalJson } from '@consilium/domain';
import { ArtefactError } from './artefact-error.ts';
import { sameDigest, sha256Hex } from './commitment.ts';
import {
  decodeEnvelope,
  type EnvelopeHeader,
  encodePrefix,
  MAX_RECIPIENTS,
  type ReadHeader,
  TAG_BYTES,
} from './envelope.ts';
import { KEY_WRAPPING_SUITE, unwrapKey, type WrapContext, wrapKey } from './key-wrapping.ts';
import { decodePublicKey, type MemberKeys, rawPrivateKey } from './member-keys.ts';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const WRAP_INFO = Buffer.from('consilium artefact key v1');
const COMMITMENT_LABEL = Buffer.from('consilium artefact key commitment v1\0');

/**
 * What an artefact is for: names and values that reader and writer know anyway, such as the study and round.
 */
export type ArtefactContext = Readonly<Record<string, string | number>>;

export interface Recipient {
  readonly mspId: string;
  /** As registered on the ledger: 32 bytes in base64url. */
  readonly publicKey: string;
}

export interface SealOptions {
  readonly plaintext: Uint8Array;
  readonly recipients: readonly Recipient[];
  readonly associatedData: ArtefactContext;
  readonly contentType?: string;
}

export interface OpenOptions {
  readonly bytes: Uint8Array;
  readonly mspId: string;
  /** Every key that the member has had: the artefact says which opens it, or any may where it is an old one. */
  readonly keys: readonly MemberKeys[];
  readonly associatedData: ArtefactContext;
}

export interface OpenedArtefact {
  readonly plaintext: Uint8Array;
  readonly contentType: string;
  readonly recipients: readonly string[];
}

/**
 * Seals a plaintext for one or more members.
 *
 * Confidential to the recipients and the sealer, and unforgeable to everyone who holds no key; it does not
 * prove who sealed it: the ledger's signature over the artefact's hash does. The header carries a commitment
 * to the content key, since AES-GCM alone lets a dishonest sealer show two recipients two plaintexts (Dodis
 * et al. 2018). Never deterministic: to send the same artefact again, keep its bytes.
 *
 * @throws ArtefactError ARTEFACT_KEY_INVALID naming the member whose public key is malformed
 * @throws RangeError for no, too many, or repeated recipients: a programmer's error
 */
export async function sealArtefact(options: SealOptions): Promise<Uint8Array> {
  const { plaintext, associatedData, contentType = 'application/octet-stream' } = options;
  const recipients = options.recipients.toSorted((one, other) => (one.mspId < other.mspId ? -1 : 1));
  const repeated = recipients.find(({ mspId }, index) => recipients[index - 1]?.mspId === mspId);
  if (repeated !== undefined) throw new RangeError(`${repeated.mspId} is a recipient twice`);
  if (recipients.length === 0 || recipients.length > MAX_RECIPIENTS) {
    throw new RangeError(`an artefact has 1 to ${MAX_RECIPIENTS} recipients, not ${recipients.length}`);
  }
  const key = randomBytes(KEY_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const contextSha256 = contextDigest(associatedData);
  try {
    const wrapped: EnvelopeHeader['recipients'] = [];
    for (const { mspId, publicKey } of recipients) {
      wrapped.push(await wrapFor({ mspId, publicKey }, key, contextSha256));
    }
    const prefix = encodePrefix({
      cipher: 'AES-256-GCM',
      contentType,
      contextSha256,
      keyCommitment: commitToKey(key),
      nonce: nonce.toString('base64url'),
      recipients: wrapped,
      wrapping: KEY_WRAPPING_SUITE,
    });
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(authenticated(prefix, associatedData));
    const ciphertext = [cipher.update(plaintext), cipher.final()];
    return Buffer.concat([prefix, ...ciphertext, cipher.getAuthTag()]);
  } finally {
    key.fill(0);
  }
}

/**
 * Opens an artefact as one of its recipients, and returns nothing that was not sealed exactly so.
 *
 * @throws ArtefactError ARTEFACT_TRUNCATED, ARTEFACT_FORMAT_UNKNOWN, ARTEFACT_WRONG_CONTEXT,
 *   ARTEFACT_NOT_A_RECIPIENT or ARTEFACT_TAMPERED
 */
export async function openArtefact(options: OpenOptions): Promise<OpenedArtefact> {
  const { header, prefix, sealed } = decodeEnvelope(options.bytes);
  if (!sameDigest(header.contextSha256, contextDigest(options.associatedData))) {
    throw new ArtefactError('ARTEFACT_WRONG_CONTEXT');
  }
  const key = await unwrapFor(options, header);
  try {
    if (!sameDigest(header.keyCommitment, commitToKey(key))) {
      throw new ArtefactError(
        'ARTEFACT_TAMPERED',
        'the wrapped key is not the one that the header commits to',
      );
    }
    const nonce = Buffer.from(header.nonce, 'base64url');
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(authenticated(prefix, options.associatedData));
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    const plaintext = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
    finish(decipher);
    const { contentType } = header;
    return { plaintext, contentType, recipients: header.recipients.map(({ mspId }) => mspId) };
  } finally {
    key.fill(0);
  }
}

function finish(decipher: { final(): Buffer }): void {
  try {
    decipher.final();
  } catch (cause) {
    throw new ArtefactError('ARTEFACT_TAMPERED', undefined, { cause });
  }
}

async function wrapFor(
  { mspId, publicKey }: Recipient,
  key: Uint8Array,
  contextSha256: string,
): Promise<EnvelopeHeader['recipients'][number]> {
  try {
    const wrapped = await wrapKey(key, decodePublicKey(publicKey), wrapContext(mspId, contextSha256));
    return {
      encapsulatedKey: Buffer.from(wrapped.encapsulatedKey).toString('base64url'),
      mspId,
      publicKey,
      wrappedKey: Buffer.from(wrapped.wrappedKey).toString('base64url'),
    };
  } catch (cause) {
    throw new ArtefactError('ARTEFACT_KEY_INVALID', `the public key of ${mspId} is not an X25519 key`, {
      cause,
    });
  }
}

/** Whom an artefact says that it is sealed to, each with the key; it may be a lie until it is opened. */
export const recipientsOf = (bytes: Uint8Array): readonly { mspId: string; publicKey?: string }[] =>
  decodeEnvelope(bytes).header.recipients;

async function unwrapFor({ mspId, keys }: OpenOptions, header: ReadHeader): Promise<Uint8Array> {
  const mine = header.recipients.find((recipient) => recipient.mspId === mspId);
  if (mine === undefined) {
    throw new ArtefactError('ARTEFACT_NOT_A_RECIPIENT', `the artefact is not sealed to ${mspId}`);
  }
  const { publicKey } = mine;
  const fitting = publicKey === undefined ? keys : keys.filter((key) => key.publicKey === publicKey);
  let cause: unknown;
  for (const { privateKey } of fitting) {
    try {
      return await unwrapKey(
        {
          encapsulatedKey: Buffer.from(mine.encapsulatedKey, 'base64url'),
          wrappedKey: Buffer.from(mine.wrappedKey, 'base64url'),
        },
        rawPrivateKey(privateKey),
        wrapContext(mspId, header.contextSha256),
      );
    } catch (error) {
      cause = error;
    }
  }
  const detail =
    fitting.length === 0
      ? `the artefact is sealed to the key ${publicKey} of ${mspId}, which this trainer does not have`
      : `no key of this artefact opens with the private keys of ${mspId}`;
  throw new ArtefactError('ARTEFACT_NOT_A_RECIPIENT', detail, { cause });
}

function wrapContext(mspId: string, contextSha256: string): WrapContext {
  return { info: WRAP_INFO, associatedData: Buffer.from(canonicalJson({ contextSha256, mspId })) };
}

function contextDigest(context: ArtefactContext): string {
  return sha256Hex(Buffer.from(canonicalJson(context)));
}

function commitToKey(key: Uint8Array): string {
  return createHash('sha256').update(COMMITMENT_LABEL).update(key).digest('hex');
}

// The prefix states its own length, so that the two parts join in one way only.
function authenticated(prefix: Uint8Array, context: ArtefactContext): Buffer {
  return Buffer.concat([prefix, Buffer.from(canonicalJson(context))]);
}
