// `pin add`, `pin rm`, `pin update` and `pin ls`, with Kubo's refusals.

import type { CID } from 'multiformats/cid';
import { resolvePath, walkDag } from './dag.ts';
import type { IpfsRepo } from './ipfs-repo.ts';
import { KuboBadRequest, KuboError } from './kubo-error.ts';
import type { Pin } from './pin-store.ts';
import type { RpcRequest } from './rpc-request.ts';
import type { RpcResponse } from './rpc-response.ts';

const PIN_TYPES = ['direct', 'indirect', 'recursive', 'all'] as const;
type PinType = (typeof PIN_TYPES)[number];
const MAX_PIN_NAME_BYTES = 255;

export function checkPinName(name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes > MAX_PIN_NAME_BYTES) {
    throw new KuboError(`pin name is ${bytes} bytes (max ${MAX_PIN_NAME_BYTES} bytes)`);
  }
}

export async function runPinAdd(repo: IpfsRepo, request: RpcRequest, response: RpcResponse): Promise<void> {
  const name = request.string('name') ?? '';
  checkPinName(name);
  const mode = (request.boolean('recursive') ?? true) ? 'recursive' : 'direct';
  const paths = request.requiredArgs('ipfs-path');
  const pinned = await repo.lock.shared(async () => {
    const cids: CID[] = [];
    for (const path of paths) {
      const cid = await resolvePath(repo.blocks, path);
      await pinAs(repo, { cid, mode, name });
      cids.push(cid);
    }
    return cids;
  });
  await response.only({ Pins: pinned.map(String) });
}

async function pinAs(repo: IpfsRepo, pin: Pin): Promise<void> {
  if (pin.mode === 'direct' && repo.pins.get(pin.cid)?.mode === 'recursive') {
    throw new KuboError(`pin: ${pin.cid} already pinned recursively`);
  }
  try {
    if (pin.mode === 'direct') await repo.blocks.size(pin.cid);
    else for await (const _node of walkDag(repo.blocks, pin.cid)); // everything under a pin must be here
  } catch (cause) {
    if (cause instanceof KuboError) throw new KuboError(`pin: ${cause.message}`, { cause });
    throw cause;
  }
  await repo.blocks.flush();
  await repo.pins.put(pin);
}

export async function runPinRm(repo: IpfsRepo, request: RpcRequest, response: RpcResponse): Promise<void> {
  const recursive = request.boolean('recursive') ?? true;
  const paths = request.requiredArgs('ipfs-path');
  const unpinned: CID[] = [];
  for (const path of paths) {
    const cid = await resolvePath(repo.blocks, path);
    const pin = repo.pins.get(cid);
    if (pin === undefined) throw new KuboError('not pinned or pinned indirectly');
    if (pin.mode === 'recursive' && !recursive) throw new KuboError(`${cid} is pinned recursively`);
    await repo.pins.delete(cid);
    unpinned.push(cid);
  }
  await response.only({ Pins: unpinned.map(String) });
}

export async function runPinUpdate(
  repo: IpfsRepo,
  request: RpcRequest,
  response: RpcResponse,
): Promise<void> {
  const [fromPath, toPath] = request.requiredArgs('from-path');
  if (toPath === undefined) throw new KuboBadRequest('argument "to-path" is required');
  const unpin = request.boolean('unpin') ?? true;
  const [from, to] = await repo.lock.shared(async () => {
    const old = await resolvePath(repo.blocks, fromPath!);
    const next = await resolvePath(repo.blocks, toPath);
    const pin = repo.pins.get(old);
    if (pin?.mode !== 'recursive') throw new KuboError("'from' cid was not recursively pinned already");
    if (old.equals(next)) return [old, next];
    if (repo.pins.get(next)?.mode === 'recursive') {
      throw new KuboError("'to' cid was already recursively pinned");
    }
    await pinAs(repo, { cid: next, mode: 'recursive', name: pin.name });
    if (unpin) await repo.pins.delete(old);
    return [old, next];
  });
  await response.only({ Pins: [from, to].map(String) });
}

interface ListedPin {
  readonly Cid: string;
  readonly Name?: string;
  readonly Type: string;
}

export async function runPinLs(repo: IpfsRepo, request: RpcRequest, response: RpcResponse): Promise<void> {
  const type = (request.string('type') ?? 'all') as PinType;
  if (!PIN_TYPES.includes(type)) {
    throw new KuboError(`invalid type '${type}', must be one of {direct, indirect, recursive, all}`);
  }
  const nameFilter = request.string('name') ?? '';
  checkPinName(nameFilter);
  const withNames = (request.boolean('names') ?? false) || nameFilter !== '';
  const paths = request.args();
  const listed = paths.length > 0 ? listAsked(repo, paths, type) : listAll(repo, type, nameFilter);
  const stream = request.boolean('stream') ?? false;
  const keys: Record<string, { Type: string; Name: string }> = {};
  for await (const { Cid, Type, Name } of listed) {
    const name = withNames ? (Name ?? '') : '';
    if (stream) await response.line({ Cid, ...(name === '' ? {} : { Name: name }), Type });
    else keys[Cid] = { Type, Name: name };
  }
  if (!stream) await response.only(Object.keys(keys).length === 0 ? {} : { Keys: keys });
}

async function* listAsked(
  repo: IpfsRepo,
  paths: readonly string[],
  type: PinType,
): AsyncGenerator<ListedPin> {
  for (const path of paths) {
    const cid = await resolvePath(repo.blocks, path);
    const pin = repo.pins.get(cid);
    if (pin !== undefined && (type === 'all' || type === pin.mode)) {
      yield { Cid: cid.toString(), Name: pin.name, Type: pin.mode };
      continue;
    }
    const via = type === 'all' || type === 'indirect' ? await findParentPin(repo, cid) : undefined;
    if (via === undefined) throw new KuboError(`path '${path}' is not pinned`);
    yield { Cid: cid.toString(), Type: `indirect through ${via}` };
  }
}

async function findParentPin(repo: IpfsRepo, cid: CID): Promise<CID | undefined> {
  for (const pin of repo.pins.all()) {
    if (pin.mode !== 'recursive') continue;
    for await (const node of walkDag(repo.blocks, pin.cid)) {
      if (node.links.some((link) => link.cid.equals(cid))) return pin.cid;
    }
  }
  return undefined;
}

async function* listAll(repo: IpfsRepo, type: PinType, nameFilter: string): AsyncGenerator<ListedPin> {
  const pins = repo.pins.all();
  const listed = new Set<string>();
  for (const mode of ['recursive', 'direct'] as const) {
    if (type !== 'all' && type !== mode) continue;
    for (const pin of pins) {
      if (pin.mode !== mode || !pin.name.includes(nameFilter)) continue;
      listed.add(pin.cid.toString());
      yield { Cid: pin.cid.toString(), Name: pin.name, Type: mode };
    }
  }
  if ((type !== 'all' && type !== 'indirect') || nameFilter !== '') return;
  for (const pin of pins) {
    if (pin.mode !== 'recursive') continue;
    for await (const { cid } of walkDag(repo.blocks, pin.cid)) {
      const key = cid.toString();
      if (listed.has(key) || cid.equals(pin.cid) || repo.pins.get(cid) !== undefined) continue;
      listed.add(key);
      yield { Cid: key, Type: 'indirect' };
    }
  }
}
