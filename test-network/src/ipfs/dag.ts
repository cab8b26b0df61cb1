// Reading Merkle DAGs out of the block store: nodes, their links, paths into them, and the bytes of a UnixFS
// file. One path from the root to a leaf is held at a time, so that memory does not grow with the file.

import { decode as decodePb } from '@ipld/dag-pb';
import { UnixFS } from 'ipfs-unixfs';
import { CID } from 'multiformats/cid';
import type { BlockStore } from './block-store.ts';
import { KuboError } from './kubo-error.ts';

const DAG_PB = 0x70;
const RAW = 0x55;

export interface DagLink {
  readonly name: string;
  readonly cid: CID;
  readonly cumulativeSizeBytes: number;
}

export interface DagNode {
  readonly cid: CID;
  readonly sizeBytes: number;
  readonly links: readonly DagLink[];
  /** Absent for a raw leaf, whose bytes are the content itself. */
  readonly unixfs: UnixFS | undefined;
  readonly raw: Uint8Array | undefined;
}

export async function readNode(blocks: BlockStore, cid: CID): Promise<DagNode> {
  const bytes = await blocks.read(cid);
  if (cid.code === RAW) return { cid, sizeBytes: bytes.length, links: [], unixfs: undefined, raw: bytes };
  if (cid.code !== DAG_PB) {
    throw new KuboError(`no decoder registered for multicodec code 0x${cid.code.toString(16)}`);
  }
  try {
    const { Data, Links } = decodePb(bytes);
    const links = Links.map((link) => ({
      name: link.Name ?? '',
      cid: link.Hash,
      cumulativeSizeBytes: link.Tsize ?? 0,
    }));
    const unixfs = Data === undefined ? undefined : UnixFS.unmarshal(Data);
    return { cid, sizeBytes: bytes.length, links, unixfs, raw: undefined };
  } catch (cause) {
    throw new KuboError(`could not decode block ${cid}: ${(cause as Error).message}`, { cause });
  }
}

export function cumulativeSizeBytes(node: DagNode): number {
  return node.links.reduce((sum, link) => sum + link.cumulativeSizeBytes, node.sizeBytes);
}

/** Every distinct node under `root`, parents first, the root included. */
export async function* walkDag(blocks: BlockStore, root: CID): AsyncGenerator<DagNode> {
  const seen = new Set<string>();
  const stack = [root];
  for (let cid = stack.pop(); cid !== undefined; cid = stack.pop()) {
    const key = cid.toString();
    if (seen.has(key)) continue;
    seen.add(key);
    const node = await readNode(blocks, cid);
    yield node;
    for (const link of node.links.toReversed()) stack.push(link.cid);
  }
}

/** How much of a DAG is here: absent children are skipped, and every reference to a block counts. */
export async function localSize(
  blocks: BlockStore,
  node: DagNode,
): Promise<[complete: boolean, bytes: number]> {
  let complete = true;
  let sizeBytes = node.sizeBytes;
  for (const link of node.links) {
    if (!(await blocks.has(link.cid))) {
      complete = false;
      continue;
    }
    const [childComplete, childBytes] = await localSize(blocks, await readNode(blocks, link.cid));
    complete &&= childComplete;
    sizeBytes += childBytes;
  }
  return [complete, sizeBytes];
}

/** The CID that a content path names: `CID`, `/ipfs/CID` or either with link names after it. */
export async function resolvePath(blocks: BlockStore, path: string): Promise<CID> {
  const { root, names } = parseContentPath(path);
  let cid = root;
  for (const name of names) {
    const node = await readNode(blocks, cid);
    if (node.unixfs?.type === 'hamt-sharded-directory') {
      throw new KuboError(
        `${cid} is a sharded directory, whose entries this stand-in cannot look up by name`,
      );
    }
    const link = node.links.find((candidate) => candidate.name === name);
    if (link === undefined) throw new KuboError(`no link named "${name}" under ${cid}`);
    cid = link.cid;
  }
  return cid;
}

function parseContentPath(path: string): { root: CID; names: string[] } {
  const segments = path.split('/').filter((segment) => segment !== '');
  const rooted = path.startsWith('/');
  const [namespace, ...rest] = rooted ? segments : ['ipfs', ...segments];
  const [first, ...names] = rest;
  if (namespace === undefined || first === undefined) {
    throw invalidPath(path, 'path does not have enough components');
  }
  if (namespace !== 'ipfs') throw invalidPath(path, `unknown namespace: "${namespace}"`);
  try {
    return { root: CID.parse(first), names };
  } catch (cause) {
    if (!rooted) throw invalidPath(path, 'path does not have enough components');
    throw invalidPath(path, `invalid cid: ${(cause as Error).message}`);
  }
}

function invalidPath(path: string, reason: string): KuboError {
  return new KuboError(`invalid path "${path}": ${reason}`);
}

/** Refuses what is not a file before its first byte is sent. */
export function fileSizeBytes(node: DagNode): number {
  if (node.raw !== undefined) return node.raw.length;
  const { unixfs } = node;
  if (unixfs === undefined) throw new KuboError(`${node.cid} is not a UnixFS node`);
  if (unixfs.isDirectory()) throw new KuboError('this dag node is a directory');
  if (unixfs.type !== 'file' && unixfs.type !== 'raw') throw new KuboError('operation not supported');
  return Number(unixfs.fileSize());
}

/** The bytes [startByte, endByte) of a file. */
export async function* readFileRange(
  blocks: BlockStore,
  node: DagNode,
  range: { readonly startByte: number; readonly endByte: number },
): AsyncGenerator<Uint8Array> {
  const { startByte, endByte } = range;
  const own = node.raw ?? node.unixfs?.data ?? new Uint8Array();
  if (startByte < own.length) yield own.subarray(startByte, endByte);
  let childStart = own.length;
  const sizes = node.unixfs?.blockSizes ?? [];
  for (const [index, link] of node.links.entries()) {
    const childBytes = Number(sizes[index] ?? 0n);
    const childEnd = childStart + childBytes;
    if (childStart >= endByte) return;
    if (childEnd > startByte) {
      yield* readFileRange(blocks, await readNode(blocks, link.cid), {
        startByte: Math.max(0, startByte - childStart),
        endByte: Math.min(childBytes, endByte - childStart),
      });
    }
    childStart = childEnd;
  }
}
