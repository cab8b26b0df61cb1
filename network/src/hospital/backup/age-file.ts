// Files under a passphrase, in the form of age (age-encryption.org/v1, C2SP), so that a backup can be opened without
// this program: scrypt wraps a file key, an HMAC guards the header, and ChaCha20-Poly1305 in chunks (STREAM: Hoang et
// al. 2015) guards the rest. A chunk that was changed, moved or added is noticed where it is, a missing end at the end.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  scrypt,
  timingSafeEqual,
} from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { InputError } from '@consilium/command-line';

const VERSION = 'age-encryption.org/v1';
const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const FILE_KEY_BYTES = 16;
const NONCE_BYTES = 16;
const SALT_BYTES = 16;
const HEADER_MAX_BYTES = 4096;
/** 256 MiB and about a second: what age itself takes. */
const WORK_FACTOR = 18;
/** A header may not make the reader take more than 1 GiB. */
const WORK_FACTOR_MAX = 20;

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');

function wrappingKey(passphrase: string, salt: Uint8Array, workFactor: number): Promise<Buffer> {
  const labelled = Buffer.concat([Buffer.from(`${VERSION}/scrypt`), salt]);
  const options = { N: 2 ** workFactor, r: 8, p: 1, maxmem: 2 ** (workFactor + 10) + 2 ** 24 };
  return new Promise((resolve, reject) => {
    scrypt(passphrase, labelled, 32, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

const derived = (fileKey: Uint8Array, salt: Uint8Array, info: string): Buffer =>
  Buffer.from(hkdfSync('sha256', fileKey, salt, info, 32));

const macOf = (fileKey: Uint8Array, header: string): Buffer =>
  createHmac('sha256', derived(fileKey, Buffer.alloc(0), 'header'))
    .update(header, 'utf8')
    .digest();

function nonceOf(chunk: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(chunk, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

const CIPHER = 'chacha20-poly1305';
const AUTHENTICATED = { authTagLength: TAG_BYTES } as const;

function seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): Buffer {
  const cipher = createCipheriv(CIPHER, key, nonce, AUTHENTICATED);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** undefined where the bytes are not what was sealed. */
function open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Buffer | undefined {
  const end = sealed.length - TAG_BYTES;
  if (end < 0) return undefined;
  const decipher = createDecipheriv(CIPHER, key, nonce, AUTHENTICATED);
  decipher.setAuthTag(sealed.subarray(end));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/**
 * The bytes of an age file.
 *
 * @param workFactor the logarithm of scrypt's cost; smaller ones are for tests
 */
export async function* encrypt(
  plaintext: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  passphrase: string,
  workFactor = WORK_FACTOR,
): AsyncGenerator<Uint8Array> {
  const fileKey = randomBytes(FILE_KEY_BYTES);
  const salt = randomBytes(SALT_BYTES);
  const wrapped = seal(await wrappingKey(passphrase, salt, workFactor), Buffer.alloc(12), fileKey);
  const header = `${VERSION}\n-> scrypt ${unpadded(salt)} ${workFactor}\n${unpadded(wrapped)}\n---`;
  const nonce = randomBytes(NONCE_BYTES);
  const key = derived(fileKey, nonce, 'payload');
  yield Buffer.concat([Buffer.from(`${header} ${unpadded(macOf(fileKey, header))}\n`), nonce]);
  let chunk = 0;
  let waiting = Buffer.alloc(0);
  for await (const bytes of plaintext) {
    waiting = waiting.length === 0 ? Buffer.from(bytes) : Buffer.concat([waiting, bytes]);
    // The last chunk is not empty, so a full one waits until more comes.
    for (; waiting.length > CHUNK_BYTES; chunk += 1) {
      yield seal(key, nonceOf(chunk, false), waiting.subarray(0, CHUNK_BYTES));
      waiting = waiting.subarray(CHUNK_BYTES);
    }
  }
  yield seal(key, nonceOf(chunk, true), waiting);
}

export interface EncryptedFile {
  readonly handle: FileHandle;
  /** For messages. */
  readonly name: string;
}

/** Reads on, whatever one read gives; shorter only at the end of the file. */
async function readAt({ handle }: EncryptedFile, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

interface Opened {
  readonly key: Buffer;
  /** Where the first chunk begins. */
  readonly at: number;
}

const LETTER = '[A-Za-z0-9+/]';
const HEADER = new RegExp(
  `^age-encryption[.]org/v1\n-> scrypt (${LETTER}{22}) ([1-9][0-9]?)\n(${LETTER}{43})\n--- (${LETTER}{43})\n`,
);

async function openHeader(file: EncryptedFile, passphrase: string): Promise<Opened> {
  const { name } = file;
  const beginning = await readAt(file, 0, HEADER_MAX_BYTES);
  const text = beginning.toString('latin1');
  if (beginning.length === 0) throw new InputError(`${name} is empty`);
  const line = `${VERSION}\n`;
  if (!text.startsWith(line) && !line.startsWith(text)) {
    throw new InputError(`${name} is no backup: it does not begin with ${VERSION}`);
  }
  const found = HEADER.exec(text);
  if (found === null) {
    if (beginning.length < HEADER_MAX_BYTES && !/\n--- [^\n]*\n/.test(text)) {
      throw new InputError(`${name} is cut off within its first lines: take another copy`);
    }
    throw new InputError(`${name} is not under a passphrase alone, or its first lines were changed`);
  }
  const [all, salt, workFactor, wrapped, mac] = found as unknown as [string, string, string, string, string];
  // Of the bits of a last letter some are not used: one text alone counts.
  if ([salt, wrapped, mac].some((field) => unpadded(Buffer.from(field, 'base64')) !== field)) {
    throw new InputError(`the first lines of ${name} were changed: take another copy`);
  }
  if (Number(workFactor) > WORK_FACTOR_MAX) {
    throw new InputError(
      `${name} asks for too much work (2^${workFactor}): its first lines were changed, or it is none of ours`,
    );
  }
  const key = await wrappingKey(passphrase, Buffer.from(salt, 'base64'), Number(workFactor));
  const fileKey = open(key, Buffer.alloc(12), Buffer.from(wrapped, 'base64'));
  if (fileKey === undefined) {
    throw new InputError(`the passphrase is not that of ${name}, or its first lines were changed`);
  }
  const header = all.slice(0, all.indexOf('\n--- ') + 4);
  if (!timingSafeEqual(macOf(fileKey, header), Buffer.from(mac, 'base64'))) {
    throw new InputError(`the first lines of ${name} were changed: take another copy`);
  }
  const nonce = beginning.subarray(all.length, all.length + NONCE_BYTES);
  if (nonce.length < NONCE_BYTES) throw new InputError(`${name} is cut off: take another copy`);
  return { key: derived(fileKey, nonce, 'payload'), at: all.length + NONCE_BYTES };
}

/**
 * The plaintext, chunk by chunk; only at its end is it known to be whole.
 *
 * @throws InputError with a sentence for each of: a wrong passphrase, a changed byte, a missing end, bytes after the
 *   end
 */
export async function* decrypt(file: EncryptedFile, passphrase: string): AsyncGenerator<Uint8Array> {
  const { key, at: begin } = await openHeader(file, passphrase);
  const { size } = await file.handle.stat();
  const full = CHUNK_BYTES + TAG_BYTES;
  for (let chunk = 0, at = begin; ; chunk += 1, at += full) {
    const sealed = await readAt(file, at, full);
    const isLast = at + sealed.length >= size;
    const plaintext = open(key, nonceOf(chunk, isLast), sealed);
    if (plaintext === undefined) throw new InputError(whyNot({ file, key, chunk, at, sealed, isLast }));
    if (isLast && plaintext.length === 0 && chunk > 0) {
      throw new InputError(`${file.name} has an end that age does not write: take another copy`);
    }
    yield plaintext;
    if (isLast) return;
  }
}

/** What happened to a chunk that does not open. */
function whyNot({
  file: { name },
  key,
  chunk,
  at,
  sealed,
  isLast,
}: {
  readonly file: EncryptedFile;
  readonly key: Buffer;
  readonly chunk: number;
  readonly at: number;
  readonly sealed: Buffer;
  readonly isLast: boolean;
}): string {
  const remedy = 'take another copy';
  if (isLast && (sealed.length < TAG_BYTES || open(key, nonceOf(chunk, false), sealed) !== undefined)) {
    return `${name} is cut off after ${at + sealed.length} bytes: ${remedy}`;
  }
  if (!isLast && open(key, nonceOf(chunk, true), sealed) !== undefined) {
    return `${name} goes on after its end: bytes were added to it; ${remedy}`;
  }
  const where = `bytes ${at} to ${at + sealed.length - 1} are not what was written`;
  return `${name} was changed${isLast ? ' or is cut off' : ''}: ${where}; ${remedy}`;
}
