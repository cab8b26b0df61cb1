// The bytes of an artefact as they lie in IPFS: a preamble that says what it is, a header that says for whom
// and for what, and the ciphertext. Everything before the ciphertext is authenticated with it.
//
//   "CNSA" | version (1 byte) | header length (4 bytes, big-endian) | header | ciphertext | tag (16 bytes)
//
// The header is canonical JSON, so that one meaning has one encoding; anything else is refused.

import { canonicalJson, MspId, Sha256, Strict, validate } from '@consilium/domain';
import { type Static, type TSchema, Type } from 'typebox';
import { ArtefactError } from './artefact-error.ts';
import { KEY_WRAPPING_SUITE } from './key-wrapping.ts';

/** Version 2 says which key of a recipient a key is wrapped for; version 1, from when each had one, is read as well. */
export const ENVELOPE_VERSION = 2;
export const TAG_BYTES = 16;
export const MAX_RECIPIENTS = 1_000;
const MAGIC = Buffer.from('CNSA', 'latin1');
const PREAMBLE_BYTES = MAGIC.length + 1 + 4;
const MAX_HEADER_BYTES = 1_048_576;

const Base64url = (bytes: number) =>
  Type.String({ pattern: `^[A-Za-z0-9_-]{${Math.ceil((bytes * 4) / 3)}}$` });

const headerOf = <K extends Record<string, TSchema>>(key: K) =>
  Strict({
    cipher: Type.Literal('AES-256-GCM'),
    contentType: Type.String({ pattern: '^[a-z0-9.+-]{1,64}/[a-z0-9.+-]{1,64}$' }),
    contextSha256: Sha256,
    keyCommitment: Sha256,
    nonce: Base64url(12),
    recipients: Type.Array(
      Strict({ encapsulatedKey: Base64url(32), mspId: MspId, ...key, wrappedKey: Base64url(48) }),
      { minItems: 1, maxItems: MAX_RECIPIENTS },
    ),
    wrapping: Type.Literal(KEY_WRAPPING_SUITE),
  });
const Version1 = headerOf({});
const Version2 = headerOf({ publicKey: Base64url(32) });
type Version1 = Static<typeof Version1>;
/** What a writer of today writes. */
export type EnvelopeHeader = Static<typeof Version2>;
/** What a reader meets: without `publicKey` in version 1. */
export type ReadHeader = Omit<Version1, 'recipients'> & {
  readonly recipients: readonly (Version1['recipients'][number] & { readonly publicKey?: string })[];
};

export interface Envelope {
  readonly header: ReadHeader;
  /** Preamble and header, as authenticated. */
  readonly prefix: Uint8Array;
  /** Ciphertext and tag. */
  readonly sealed: Uint8Array;
}

export function encodePrefix(header: ReadHeader, version = ENVELOPE_VERSION): Buffer {
  const json = Buffer.from(canonicalJson(header));
  const prefix = Buffer.alloc(PREAMBLE_BYTES + json.length);
  MAGIC.copy(prefix);
  prefix.writeUInt8(version, MAGIC.length);
  prefix.writeUInt32BE(json.length, MAGIC.length + 1);
  json.copy(prefix, PREAMBLE_BYTES);
  return prefix;
}

/**
 * Splits an envelope without deciding whether it is genuine.
 *
 * @throws ArtefactError ARTEFACT_TRUNCATED, ARTEFACT_FORMAT_UNKNOWN, or ARTEFACT_TAMPERED for a header that
 *   no writer produces
 */
export function decodeEnvelope(artefact: Uint8Array): Envelope {
  const bytes = Buffer.from(artefact.buffer, artefact.byteOffset, artefact.byteLength);
  const magic = bytes.subarray(0, MAGIC.length);
  if (!magic.equals(MAGIC.subarray(0, magic.length))) {
    throw new ArtefactError('ARTEFACT_FORMAT_UNKNOWN', 'the bytes do not begin as an artefact does');
  }
  if (bytes.length < PREAMBLE_BYTES) throw new ArtefactError('ARTEFACT_TRUNCATED');
  const version = bytes.readUInt8(MAGIC.length);
  if (version < 1 || version > ENVELOPE_VERSION) {
    throw new ArtefactError(
      'ARTEFACT_FORMAT_UNKNOWN',
      `version ${version} is not known here; update this trainer`,
    );
  }
  const headerBytes = bytes.readUInt32BE(MAGIC.length + 1);
  if (headerBytes > MAX_HEADER_BYTES) {
    throw new ArtefactError('ARTEFACT_TAMPERED', 'the header is longer than any writer makes it');
  }
  const headerEnd = PREAMBLE_BYTES + headerBytes;
  if (bytes.length < headerEnd + TAG_BYTES) throw new ArtefactError('ARTEFACT_TRUNCATED');
  return {
    header: parseHeader(bytes.subarray(PREAMBLE_BYTES, headerEnd), version),
    prefix: bytes.subarray(0, headerEnd),
    sealed: bytes.subarray(headerEnd),
  };
}

function parseHeader(json: Buffer, version: number): ReadHeader {
  let header: ReadHeader;
  try {
    header = validate(version === 1 ? Version1 : Version2, JSON.parse(json.toString('utf8')));
  } catch (cause) {
    throw new ArtefactError('ARTEFACT_TAMPERED', 'the header is malformed', { cause });
  }
  const mspIds = header.recipients.map(({ mspId }) => mspId);
  const ordered = mspIds.every((mspId, index) => index === 0 || mspIds[index - 1]! < mspId);
  if (!ordered || !Buffer.from(canonicalJson(header)).equals(json)) {
    throw new ArtefactError('ARTEFACT_TAMPERED', 'the header is not in canonical form');
  }
  return header;
}
