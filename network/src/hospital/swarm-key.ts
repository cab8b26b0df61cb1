// The key of the private IPFS swarm. One organisation draws it, and seals it to each of the others, so that it can
// travel through a mailbox that others read: X25519, HKDF-SHA-256 and AES-256-GCM (as HPKE's base mode composes
// them, RFC 9180).
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { writeWhole } from '../state-file.ts';

const HEADER = '/key/swarm/psk/1.0.0/\n/base16/\n';
const SWARM_KEY = new RegExp(`^${HEADER}[0-9a-f]{64}\n$`);

export interface Sealed {
  readonly to: string;
  readonly ephemeralKey: string;
  readonly ciphertext: string;
}

const publicText = (key: KeyObject): string => key.export({ type: 'spki', format: 'der' }).toString('base64');

/** Makes the organisation's own pair once. Returns the public half. */
export function ensureExchangeKey(file: string): string {
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('x25519');
    writeWhole(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600);
  }
  return publicText(createPublicKey(readFileSync(file, 'utf8')));
}

/** Kubo's `swarm.key`. */
export const newSwarmKey = (): string => `${HEADER}${randomBytes(32).toString('hex')}\n`;

export const swarmKeyFile = (ipfsRepo: string): string => join(ipfsRepo, 'swarm.key');

function keyOf(
  shared: Buffer,
  { to, ephemeralKey, exchangeKey }: { to: string; ephemeralKey: string; exchangeKey: string },
) {
  const info = `consilium swarm key ${to} ${ephemeralKey} ${exchangeKey}`;
  return Buffer.from(hkdfSync('sha256', shared, Buffer.alloc(0), info, 44));
}

/**
 * @param receiver its MSP id, and its public exchange key
 * @throws InputError where nothing can be sealed to that key
 */
export function sealTo(
  receiver: { readonly mspId: string; readonly exchangeKey: string },
  secret: string,
): Sealed {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  const ephemeralKey = publicText(publicKey);
  const { mspId: to, exchangeKey } = receiver;
  const shared = agreedWith(receiver, privateKey);
  const key = keyOf(shared, { to, ephemeralKey, exchangeKey });
  const cipher = createCipheriv('aes-256-gcm', key.subarray(0, 32), key.subarray(32));
  const ciphertext = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return { to, ephemeralKey, ciphertext: ciphertext.toString('base64') };
}

function agreedWith({ mspId, exchangeKey }: Parameters<typeof sealTo>[0], privateKey: KeyObject): Buffer {
  try {
    const key = Buffer.from(exchangeKey, 'base64');
    return diffieHellman({ privateKey, publicKey: createPublicKey({ key, type: 'spki', format: 'der' }) });
  } catch (cause) {
    throw new InputError(`nothing can be sealed to the exchangeKey that ${mspId} defined`, { cause });
  }
}

/** @throws InputError where it was sealed to another, or was changed. */
export function unseal(
  { to, ephemeralKey, ciphertext }: Sealed,
  own: { mspId: string; keyFile: string },
): string {
  try {
    if (to !== own.mspId) throw new Error(`it is for ${to}`);
    const privateKey = createPrivateKey(readFileSync(own.keyFile, 'utf8'));
    const exchangeKey = publicText(createPublicKey(privateKey));
    const publicKey = createPublicKey({
      key: Buffer.from(ephemeralKey, 'base64'),
      type: 'spki',
      format: 'der',
    });
    const key = keyOf(diffieHellman({ privateKey, publicKey }), { to, ephemeralKey, exchangeKey });
    const bytes = Buffer.from(ciphertext, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', key.subarray(0, 32), key.subarray(32));
    decipher.setAuthTag(bytes.subarray(-16));
    const text = Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString('utf8');
    if (!SWARM_KEY.test(text)) throw new Error('it is no swarm key');
    return text;
  } catch (cause) {
    throw new InputError(`the sealed swarm key cannot be opened: ${(cause as Error).message}`, { cause });
  }
}
