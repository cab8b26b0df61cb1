// A member's encryption key pair (X25519). The public half is registered on the ledger as
// `encryptionPublicKey`; the private half stays in one file that nobody else may read.

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
} from 'node:crypto';
import { link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ArtefactError } from './artefact-error.ts';

const RAW_KEY_BYTES = 32;
const READABLE_BY_OTHERS = 0o077;

export interface MemberKeys {
  /** 32 raw bytes in base64url without padding, as the ledger holds it. */
  readonly publicKey: string;
  /** Opaque, so that no log or JSON can carry it. */
  readonly privateKey: KeyObject;
}

export function generateMemberKeys(): MemberKeys {
  return toMemberKeys(generateKeyPairSync('x25519').privateKey);
}

/** PKCS #8 in PEM; anybody who holds this text can read every artefact sealed to the member. */
export function encodePrivateKeyPem({ privateKey }: MemberKeys): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** @throws ArtefactError ARTEFACT_KEY_INVALID where the text is not an X25519 private key */
export function decodePrivateKeyPem(pem: string): MemberKeys {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // Without the cause: a parser's message may quote what it read.
    throw new ArtefactError('ARTEFACT_KEY_INVALID', 'the private key is not a PKCS #8 key in PEM');
  }
  if (key.asymmetricKeyType !== 'x25519') {
    throw new ArtefactError(
      'ARTEFACT_KEY_INVALID',
      `the private key is ${key.asymmetricKeyType}, not x25519`,
    );
  }
  return toMemberKeys(key);
}

/** @throws ArtefactError ARTEFACT_KEY_INVALID where the text is not 32 bytes in base64url */
export function decodePublicKey(publicKey: string): Uint8Array {
  const bytes = Buffer.from(publicKey, 'base64url');
  if (bytes.length !== RAW_KEY_BYTES || bytes.toString('base64url') !== publicKey) {
    throw new ArtefactError('ARTEFACT_KEY_INVALID', 'a public key is 32 bytes in base64url without padding');
  }
  return bytes;
}

/** A key pair from its raw halves, which are taken to belong together. */
export function memberKeysOf(publicKey: string, privateBytes: Uint8Array): MemberKeys {
  const d = Buffer.from(privateBytes).toString('base64url');
  const key = { kty: 'OKP', crv: 'X25519', x: publicKey, d };
  return { publicKey, privateKey: createPrivateKey({ key, format: 'jwk' }) };
}

export function rawPrivateKey(privateKey: KeyObject): Uint8Array {
  return Buffer.from(privateKey.export({ format: 'jwk' }).d!, 'base64url');
}

/**
 * Reads the key file; where there is none, makes a key pair and the file, with mode 0600, durably and never
 * over an existing one.
 *
 * @throws ArtefactError ARTEFACT_KEY_INVALID where others may read the file or it holds no such key
 */
export async function loadOrCreateMemberKeys(path: string): Promise<MemberKeys> {
  return (await loadMemberKeys(path)) ?? createMemberKeys(path);
}

/** Makes a key pair and its file; where another process was faster, answers with that one's. */
export async function createMemberKeys(path: string): Promise<MemberKeys> {
  const keys = generateMemberKeys();
  const aside = `${path}.${randomUUID()}`;
  try {
    const file = await open(aside, 'wx', 0o600);
    try {
      await file.writeFile(encodePrivateKeyPem(keys));
      await file.sync();
    } finally {
      await file.close();
    }
    await link(aside, path); // unlike rename, refuses to replace a key that appeared meanwhile
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(aside, { force: true });
  }
  await syncFolder(dirname(path));
  const stored = await loadMemberKeys(path);
  if (stored === undefined) throw new ArtefactError('ARTEFACT_KEY_INVALID', `${path} disappeared`);
  return stored;
}

/** The keys in the file, or undefined where there is no file. */
export async function loadMemberKeys(path: string): Promise<MemberKeys | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { mode } = await file.stat();
    if ((mode & READABLE_BY_OTHERS) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw new ArtefactError(
        'ARTEFACT_KEY_INVALID',
        `${path} has mode ${octal}: others may read it; replace the key, and use mode 0600`,
      );
    }
    return decodePrivateKeyPem(await file.readFile('utf8'));
  } finally {
    await file.close();
  }
}

function toMemberKeys(privateKey: KeyObject): MemberKeys {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { publicKey: x!, privateKey };
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
