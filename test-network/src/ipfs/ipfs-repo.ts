// One node's state on disk: its identity, blocks and pins, and the lock that keeps garbage collection apart.

import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { base58btc } from 'multiformats/bases/base58';
import { BlockStore } from './block-store.ts';
import { CollectionLock } from './collection-lock.ts';
import { syncFolder, writeWhole } from './durable-file.ts';
import { PinStore } from './pin-store.ts';
import { lockRepo } from './repo-lock.ts';

export interface PeerIdentity {
  readonly peerId: string;
  readonly publicKeyProtobuf: Uint8Array;
}

export interface IpfsRepo {
  readonly path: string;
  readonly identity: PeerIdentity;
  readonly blocks: BlockStore;
  readonly pins: PinStore;
  readonly lock: CollectionLock;
  readonly storageMaxBytes: number;
  readonly maxFileBytes: number;
  close(): Promise<void>;
}

export async function openRepo(options: {
  readonly dir: string;
  readonly storageMaxBytes: number;
  readonly maxFileBytes: number;
}): Promise<IpfsRepo> {
  const path = resolve(options.dir);
  await mkdir(path, { recursive: true });
  const owner = await lockRepo(path);
  try {
    const blocks = await BlockStore.open({ dir: path, storageMaxBytes: options.storageMaxBytes });
    const pins = await PinStore.open(path);
    const identity = await loadIdentity(path);
    const lock = new CollectionLock();
    const { storageMaxBytes, maxFileBytes } = options;
    const close = () => owner.release();
    return { path, identity, blocks, pins, lock, storageMaxBytes, maxFileBytes, close };
  } catch (error) {
    await owner.release();
    throw error;
  }
}

async function loadIdentity(dir: string): Promise<PeerIdentity> {
  const file = join(dir, 'identity.pem');
  let pem: string;
  try {
    pem = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await writeWhole(file, Buffer.from(pem), join(dir, 'tmp'));
    await syncFolder(dir);
  }
  const { x } = createPublicKey(createPrivateKey(pem)).export({ format: 'jwk' });
  // libp2p's PublicKey message: type (field 1) = Ed25519 (1), data (field 2) = 32 bytes.
  const publicKeyProtobuf = Buffer.concat([Buffer.from('08011220', 'hex'), Buffer.from(x!, 'base64url')]);
  // A short key is its own peer id: an identity multihash (0x00) of that message.
  const multihash = Buffer.concat([Buffer.from([0x00, publicKeyProtobuf.length]), publicKeyProtobuf]);
  return { peerId: base58btc.baseEncode(multihash), publicKeyProtobuf };
}
