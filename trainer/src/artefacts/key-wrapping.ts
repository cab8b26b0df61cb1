// HPKE (RFC 9180, base mode, single shot) with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM. The
// only file that knows the HPKE library.

import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';

export const KEY_WRAPPING_SUITE = 'HPKE-X25519-HKDF-SHA256-AES-256-GCM';
export const ENCAPSULATED_KEY_BYTES = 32;
export const WRAP_OVERHEAD_BYTES = 16;

const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});

export interface WrapContext {
  /** What the wrapped key is for; the same on both sides. */
  readonly info: Uint8Array;
  readonly associatedData: Uint8Array;
}

export interface WrappedKey {
  readonly encapsulatedKey: Uint8Array;
  readonly wrappedKey: Uint8Array;
}

/**
 * Encrypts a key to a raw X25519 public key (32 bytes).
 *
 * @param ephemeralKeyMaterial fixed input of the ephemeral key pair, for published test vectors only
 * @throws Error where the public key is not one, among them the points of small order (RFC 7748, section 6.1)
 */
export async function wrapKey(
  key: Uint8Array,
  recipientPublicKey: Uint8Array,
  {
    info,
    associatedData,
    ephemeralKeyMaterial,
  }: WrapContext & { readonly ephemeralKeyMaterial?: Uint8Array },
): Promise<WrappedKey> {
  const sender = await suite.createSenderContext({
    recipientPublicKey: await suite.kem.deserializePublicKey(copyOf(recipientPublicKey)),
    info: copyOf(info),
    ...(ephemeralKeyMaterial === undefined ? {} : { ekm: copyOf(ephemeralKeyMaterial) }),
  });
  const wrapped = await sender.seal(copyOf(key), copyOf(associatedData));
  return { encapsulatedKey: new Uint8Array(sender.enc), wrappedKey: new Uint8Array(wrapped) };
}

/** @throws Error where the key was not wrapped for this private key in this context, or was altered */
export async function unwrapKey(
  { encapsulatedKey, wrappedKey }: WrappedKey,
  recipientPrivateKey: Uint8Array,
  { info, associatedData }: WrapContext,
): Promise<Uint8Array> {
  const recipient = await suite.createRecipientContext({
    recipientKey: await suite.kem.deserializePrivateKey(copyOf(recipientPrivateKey)),
    enc: copyOf(encapsulatedKey),
    info: copyOf(info),
  });
  return new Uint8Array(await recipient.open(copyOf(wrappedKey), copyOf(associatedData)));
}

// The library takes whole ArrayBuffers; a Node Buffer is often a slice of a shared one.
function copyOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
