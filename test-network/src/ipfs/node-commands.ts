// `id`, `version`, `repo stat`, `repo gc` and `refs local`.

import { readFileSync } from 'node:fs';
import { pinnedBlocks } from './block-commands.ts';
import type { IpfsRepo } from './ipfs-repo.ts';
import { KuboError, kuboMessageOf } from './kubo-error.ts';
import type { RpcRequest } from './rpc-request.ts';
import type { RpcResponse } from './rpc-response.ts';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const KUBO_VERSION = '0.43.1';
const KUBO_REPO_VERSION = '18';

export async function runId(repo: IpfsRepo, request: RpcRequest, response: RpcResponse): Promise<void> {
  const [peer] = request.args();
  if (peer !== undefined && peer !== repo.identity.peerId) throw new KuboError('invalid peer id');
  await response.only({
    ID: repo.identity.peerId,
    PublicKey: Buffer.from(repo.identity.publicKeyProtobuf).toString('base64'),
    Addresses: null,
    AgentVersion: `consilium-test-network/${version}`,
    Protocols: null,
  });
}

/** The version of Kubo whose RPC this speaks, marked as not being Kubo. */
export async function runVersion(
  _repo: IpfsRepo,
  _request: RpcRequest,
  response: RpcResponse,
): Promise<void> {
  await response.only({
    Version: `${KUBO_VERSION}+consilium-test-network`,
    Commit: '',
    Repo: KUBO_REPO_VERSION,
    System: `${process.arch}/${process.platform}`,
    Golang: `none (Node ${process.version})`,
  });
}

export async function runRepoStat(repo: IpfsRepo, request: RpcRequest, response: RpcResponse): Promise<void> {
  const StorageMax = Math.min(repo.storageMaxBytes, Number.MAX_SAFE_INTEGER);
  const sizeOnly = request.boolean('size-only') ?? false;
  await response.only({
    RepoSize: repo.blocks.sizeBytes,
    StorageMax,
    NumObjects: sizeOnly ? 0 : repo.blocks.count,
    RepoPath: sizeOnly ? '' : repo.path,
    Version: sizeOnly ? '' : `fs-repo@${KUBO_REPO_VERSION}`,
  });
}

export async function runRepoGc(repo: IpfsRepo, request: RpcRequest, response: RpcResponse): Promise<void> {
  const silent = request.boolean('silent') ?? false;
  const streamErrors = request.boolean('stream-errors') ?? false;
  await repo.lock.exclusive(async () => {
    try {
      // Before anything is removed: a pin whose DAG cannot be read aborts the collection.
      const kept = await pinnedBlocks(repo);
      for await (const cid of repo.blocks.cids()) {
        if (kept.has(Buffer.from(cid.multihash.bytes).toString('hex'))) continue;
        await repo.blocks.delete(cid);
        if (!silent) await response.line({ Key: { '/': cid.toString() } });
      }
    } catch (error) {
      if (!streamErrors) throw error;
      await response.line({ Key: null, Error: kuboMessageOf(error) });
      throw new KuboError('encountered errors during gc run', { cause: error });
    }
  });
}

export async function runRefsLocal(
  repo: IpfsRepo,
  _request: RpcRequest,
  response: RpcResponse,
): Promise<void> {
  for await (const cid of repo.blocks.cids()) await response.line({ Ref: cid.toString(), Err: '' });
}
