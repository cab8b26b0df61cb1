// `cat`, `files stat` and `dag stat`.

import { encode as encodePb } from '@ipld/dag-pb';
import { UnixFS } from 'ipfs-unixfs';
import { CID } from 'multiformats/cid';
import {
  cumulativeSizeBytes,
  type DagNode,
  fileSizeBytes,
  localSize,
  readFileRange,
  readNode,
  resolvePath,
  walkDag,
} from './dag.ts';
import type { IpfsRepo } from './ipfs-repo.ts';
import { KuboError } from './kubo-error.ts';
import type { RpcRequest } from './rpc-request.ts';
import type { RpcResponse } from './rpc-response.ts';

const EMPTY_FOLDER_CID = 'QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn';

export async function runCat(repo: IpfsRepo, request: RpcRequest, response: RpcResponse): Promise<void> {
  const paths = request.requiredArgs('ipfs-path');
  const offset = request.integer('offset', 'int64') ?? 0;
  const length = request.integer('length', 'int64') ?? Number.POSITIVE_INFINITY;
  if (offset < 0) throw new KuboError('cannot specify negative offset');
  if (length < 0) throw new KuboError('cannot specify negative length');
  const files: { readonly node: DagNode; readonly startByte: number; readonly endByte: number }[] = [];
  let skipBytes = offset;
  let leftBytes = length;
  for (const path of leftBytes === 0 ? [] : paths) {
    const node = await readNode(repo.blocks, await resolvePath(repo.blocks, path));
    const sizeBytes = fileSizeBytes(node);
    if (skipBytes > sizeBytes) {
      skipBytes -= sizeBytes;
      continue;
    }
    const endByte = Math.min(sizeBytes, skipBytes + leftBytes);
    files.push({ node, startByte: skipBytes, endByte });
    leftBytes -= endByte - skipBytes;
    skipBytes = 0;
    if (leftBytes === 0) break;
  }
  const sizeBytes = files.reduce((sum, { startByte, endByte }) => sum + endByte - startByte, 0);
  async function* read() {
    for (const { node, startByte, endByte } of files) {
      yield* readFileRange(repo.blocks, node, { startByte, endByte });
    }
  }
  const chunks = offset > 0 ? await sought(read()) : read();
  await response.bytes({ chunks, type: 'text/plain', sizeBytes });
}

// Kubo seeks before it answers, so that only a read from the start can fail after the status is sent.
async function sought(chunks: AsyncGenerator<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  let first: IteratorResult<Uint8Array, void>;
  try {
    first = await chunks.next();
  } catch (cause) {
    throw new KuboError('failed to fetch all nodes', { cause });
  }
  return (async function* () {
    if (!first.done) yield first.value;
    yield* chunks;
  })();
}

export async function runFilesStat(
  repo: IpfsRepo,
  request: RpcRequest,
  response: RpcResponse,
): Promise<void> {
  const path = request.requiredArg('path');
  if (!path.startsWith('/')) throw new KuboError('paths must start with a leading slash');
  if (path !== '/' && !path.startsWith('/ipfs/')) throw new KuboError('file does not exist');
  if (path === '/') await putEmptyFolder(repo); // the mutable file system is not offered: its root is empty
  const node = await readNode(
    repo.blocks,
    await resolvePath(repo.blocks, path === '/' ? EMPTY_FOLDER_CID : path),
  );
  const stat = statOf(node);
  if ((request.boolean('with-local') ?? false) === false) return response.only(stat);
  const [complete, sizeBytes] = await localSize(repo.blocks, node);
  await response.only({
    ...stat,
    WithLocality: true,
    ...(complete ? { Local: true } : {}),
    SizeLocal: sizeBytes,
  });
}

function statOf(node: DagNode): Record<string, unknown> {
  const Hash = node.cid.toString();
  const CumulativeSize = cumulativeSizeBytes(node);
  const Blocks = node.links.length;
  if (node.raw !== undefined) {
    return { Hash, Size: node.raw.length, CumulativeSize, Blocks, Type: 'file' };
  }
  if (node.unixfs === undefined) throw new KuboError('not unixfs node (proto or raw)');
  const isDirectory = node.unixfs.isDirectory();
  const Size = isDirectory ? 0 : Number(node.unixfs.fileSize());
  return { Hash, Size, CumulativeSize, Blocks, Type: isDirectory ? 'directory' : 'file' };
}

async function putEmptyFolder(repo: IpfsRepo): Promise<void> {
  const block = encodePb({ Data: new UnixFS({ type: 'directory' }).marshal(), Links: [] });
  await repo.blocks.write(CID.parse(EMPTY_FOLDER_CID), block);
}

export async function runDagStat(repo: IpfsRepo, request: RpcRequest, response: RpcResponse): Promise<void> {
  const paths = request.requiredArgs('root');
  const progress = request.boolean('progress') ?? true;
  const seen = new Set<string>();
  const DagStats: { Cid: string; Size: number; NumBlocks: number }[] = [];
  let TotalSize = 0;
  let referencedBytes = 0;
  for (const path of paths) {
    const root = await resolvePath(repo.blocks, path);
    const stat = { Cid: root.toString(), Size: 0, NumBlocks: 0 };
    DagStats.push(stat);
    for await (const { cid, sizeBytes } of walkDag(repo.blocks, root)) {
      stat.Size += sizeBytes;
      stat.NumBlocks += 1;
      referencedBytes += sizeBytes;
      if (!seen.has(cid.toString())) TotalSize += sizeBytes;
      seen.add(cid.toString());
      if (progress) await response.line({ TotalSize, DagStats });
    }
  }
  const Ratio = TotalSize === 0 ? 1 : shortestFloat32(Math.fround(referencedBytes) / Math.fround(TotalSize));
  const SharedSize = referencedBytes - TotalSize;
  await response.line({
    UniqueBlocks: seen.size,
    TotalSize,
    ...(SharedSize === 0 ? {} : { SharedSize }),
    Ratio,
    DagStats,
  });
}

// Kubo keeps the ratio in 32 bits and prints the shortest decimal that reads back as the same 32 bits.
function shortestFloat32(exact: number): number {
  const value = Math.fround(exact);
  for (let digits = 1; digits < 9; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === value) return decimal;
  }
  return Number(value.toPrecision(9));
}
