// What an organisation's IPFS node has pinned, read from its repository while the node is stopped.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { InputError } from '@consilium/command-line';
import { inherited } from '../../programs.ts';
import type { IpfsNode } from '../hospital-ipfs.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const OUTPUT_MAX_BYTES = 256 * 1024 * 1024;

async function kubo({ kubo: program, repo }: IpfsNode, ...parameters: string[]): Promise<string> {
  try {
    const env = { ...inherited(), IPFS_PATH: repo };
    const options = { env, maxBuffer: OUTPUT_MAX_BYTES };
    return (await promisify(execFile)(program, [...parameters], options)).stdout;
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim().split('\n').at(-1) ?? (cause as Error).message;
    throw new InputError(`ipfs ${parameters.join(' ')} in ${repo} failed: ${said}`, { cause });
  }
}

/** CIDs (version 1, base 32) of what is pinned for itself, or of all that this needs; none where there is no node. */
async function listPins(node: IpfsNode, type: 'recursive' | 'all'): Promise<string[]> {
  if (!existsSync(join(node.repo, 'config'))) return [];
  const as = ['--cid-base=base32', '--upgrade-cidv0-in-output'];
  const said = await kubo(node, 'pin', 'ls', `--type=${type}`, '--quiet', ...as);
  return said.split('\n').filter((line) => line !== '');
}

export const listPinned = (node: IpfsNode): Promise<string[]> => listPins(node, 'recursive');

/** Names of the files of all blocks that pins need, without their end. */
export async function pinnedBlocks(node: IpfsNode): Promise<ReadonlySet<string>> {
  return new Set((await listPins(node, 'all')).map(blockNameOf));
}

/** As Kubo's flatfs names a block: its multihash in base 32. */
export function blockNameOf(cid: string): string {
  const bytes = decodeBase32(cid.slice(1));
  // Version and codec are numbers of one byte or more, of which the last has no high bit.
  let at = 0;
  for (let numbers = 0; numbers < 2; at += 1) if ((bytes[at] ?? 0) < 0x80) numbers += 1;
  return encodeBase32(bytes.subarray(at)).toUpperCase();
}

function decodeBase32(text: string): Buffer {
  const bytes: number[] = [];
  let [bits, value] = [0, 0];
  for (const letter of text) {
    const digit = ALPHABET.indexOf(letter);
    if (digit === -1) throw new InputError(`${text} is no CID in base 32`);
    value = ((value << 5) | digit) & 0xffff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >> bits) & 0xff);
  }
  return Buffer.from(bytes);
}

function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  let [bits, value] = [0, 0];
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff;
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET[(value >> (bits - 5)) & 31];
  }
  return bits === 0 ? text : text + ALPHABET[(value << (5 - bits)) & 31];
}

/**
 * Whether a restored repository has every pin, and every block is what its name says.
 *
 * @throws InputError naming what is missing
 */
export async function assertPinned(node: IpfsNode, pins: readonly string[]): Promise<void> {
  if (pins.length === 0) return;
  const found = new Set(await listPinned(node));
  const missing = pins.filter((cid) => !found.has(cid));
  if (missing.length > 0) {
    throw new InputError(`${missing.length} pins are not in the restored repository, such as ${missing[0]}`);
  }
  await kubo(node, 'repo', 'verify');
}
