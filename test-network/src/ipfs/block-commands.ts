// `block get`, `block put`, `block stat` and `block rm`.

import type { IncomingMessage } from 'node:http';
import { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';
import { resolvePath, walkDag } from './dag.ts';
import type { IpfsRepo } from './ipfs-repo.ts';
import { KuboError } from './kubo-error.ts';
import type { RpcRequest } from './rpc-request.ts';
import type { RpcResponse } from './rpc-response.ts';
import { uploadParts } from './upload-parts.ts';

const MAX_BLOCK_BYTES = 2 * 1024 * 1024;
const CODECS: Readonly<Record<string, number>> = {
  raw: 0x55,
  'dag-pb': 0x70,
  protobuf: 0x70,
  'dag-cbor': 0x71,
  cbor: 0x71,
};

export async function runBlockGet(repo: IpfsRepo, request: RpcRequest, response: RpcResponse): Promise<void> {
  const bytes = await repo.blocks.read(await resolvePath(repo.blocks, request.requiredArg('cid')));
  await response.bytes({ chunks: [bytes], type: 'application/vnd.ipld.raw' });
}

export async function runBlockStat(
  repo: IpfsRepo,
  request: RpcRequest,
  response: RpcResponse,
): Promise<void> {
  const cid = await resolvePath(repo.blocks, request.requiredArg('cid'));
  await response.only({ Key: cid.toString(), Size: await repo.blocks.size(cid) });
}

export async function runBlockPut(
  repo: IpfsRepo,
  request: RpcRequest,
  { http, response }: { readonly http: IncomingMessage; readonly response: RpcResponse },
): Promise<void> {
  const hash = request.string('mhtype') ?? 'sha2-256';
  if (hash !== 'sha2-256') throw new KuboError(`unrecognized multihash function: ${hash}`);
  const { version, codec } = readFormat(request);
  const pin = request.boolean('pin') ?? false;
  const anySize = request.boolean('allow-big-block') ?? false;
  await repo.lock.shared(async () => {
    for await (const { content } of uploadParts(http, 'data')) {
      const bytes = await readBlock(content, anySize);
      const cid = CID.create(version, codec, await sha256.digest(bytes));
      await repo.blocks.write(cid, bytes);
      await repo.blocks.flush();
      if (pin) {
        for await (const _node of walkDag(repo.blocks, cid)); // everything under a pin must be here
        await repo.pins.put({ cid, mode: 'recursive', name: '' });
      }
      await response.line({ Key: cid.toString(), Size: bytes.length });
    }
  });
}

function readFormat(request: RpcRequest): { version: 0 | 1; codec: number } {
  const format = request.string('format') ?? '';
  const name = format === '' ? (request.string('cid-codec') ?? 'raw') : format;
  if (format === 'v0') return { version: 0, codec: CODECS['dag-pb']! };
  const codec = Object.hasOwn(CODECS, name) ? CODECS[name] : undefined;
  if (codec === undefined) throw new KuboError(`unknown multicodec: "${name}"`);
  return { version: 1, codec };
}

async function readBlock(content: AsyncIterable<Uint8Array>, anySize: boolean): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of content) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BLOCK_BYTES && !anySize) {
      throw new KuboError(
        "produced block is over 2MiB: big blocks can't be exchanged with other peers. " +
          'consider using UnixFS for automatic chunking of bigger files, ' +
          'or pass --allow-big-block to override',
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export async function runBlockRm(repo: IpfsRepo, request: RpcRequest, response: RpcResponse): Promise<void> {
  const force = request.boolean('force') ?? false;
  const quiet = request.boolean('quiet') ?? false;
  const paths = request.requiredArgs('cid');
  await repo.lock.exclusive(async () => {
    const pinned = await pinnedBlocks(repo);
    for (const path of paths) {
      const cid = await resolvePath(repo.blocks, path);
      const why = pinned.get(Buffer.from(cid.multihash.bytes).toString('hex'));
      if (why !== undefined) {
        await response.line({ Hash: cid.toString(), Error: `pinned: ${why}` });
      } else if (!(await repo.blocks.has(cid))) {
        if (!force) await response.line({ Hash: cid.toString(), Error: `ipld: could not find ${cid}` });
        else if (!quiet) await response.line({ Hash: cid.toString() });
      } else {
        await repo.blocks.delete(cid);
        if (!quiet) await response.line({ Hash: cid.toString() });
      }
    }
  });
}

/** Multihash, in hexadecimal, of every block that a pin keeps, with how it is kept. */
export async function pinnedBlocks(repo: IpfsRepo): Promise<Map<string, string>> {
  const kept = new Map<string, string>();
  for (const pin of repo.pins.all()) {
    if (pin.mode === 'recursive') {
      for await (const { cid } of walkDag(repo.blocks, pin.cid)) {
        const key = Buffer.from(cid.multihash.bytes).toString('hex');
        if (!kept.has(key)) kept.set(key, `via ${pin.cid}`);
      }
    }
    kept.set(Buffer.from(pin.cid.multihash.bytes).toString('hex'), pin.mode);
  }
  return kept;
}
