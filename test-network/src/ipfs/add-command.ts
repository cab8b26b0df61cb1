// `add`: multipart files become UnixFS DAGs with the same CIDs as Kubo's. What would give other CIDs than the
// client asked for (other hash functions, chunkers, layouts, metadata) is refused, never ignored.

import type { IncomingMessage } from 'node:http';
import {
  type ImportCandidate,
  type ImporterOptions,
  type ImportResult,
  importer,
} from 'ipfs-unixfs-importer';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { balanced } from 'ipfs-unixfs-importer/layout';
import type { CID } from 'multiformats/cid';
import { withinFileSize } from './file-size.ts';
import type { IpfsRepo } from './ipfs-repo.ts';
import { KuboError } from './kubo-error.ts';
import { checkPinName } from './pin-commands.ts';
import type { RpcRequest } from './rpc-request.ts';
import type { RpcResponse } from './rpc-response.ts';
import { type UploadPart, uploadParts } from './upload-parts.ts';

const DEFAULT_CHUNK_BYTES = 262_144;
const MAX_CHUNK_BYTES = 2_096_896;
const MAX_LINKS_PER_NODE = 174;
const BLOCKS_IN_FLIGHT = 8;
const PROGRESS_STEP_BYTES = 262_144;

const REFUSED_WHEN_TRUE = ['trickle', 'inline', 'nocopy', 'fscache', 'preserve-mode', 'preserve-mtime'];
const REFUSED_WHEN_GIVEN = [
  'to-files',
  'mode',
  'mtime',
  'mtime-nsecs',
  'max-file-links',
  'max-directory-links',
  'max-hamt-fanout',
];

interface AddOptions {
  readonly importing: ImporterOptions;
  readonly pin: boolean;
  readonly pinName: string;
  readonly onlyHash: boolean;
  readonly progress: boolean;
  readonly silent: boolean;
  readonly wrapWithDirectory: boolean;
}

export async function runAdd(
  repo: IpfsRepo,
  request: RpcRequest,
  { http, response }: { readonly http: IncomingMessage; readonly response: RpcResponse },
): Promise<void> {
  const options = readOptions(request);
  const added = await repo.lock.shared(() =>
    addGroups(repo, uploadParts(http, 'path'), { options, response }),
  );
  if (added === 0) throw new KuboError('expected a file argument');
}

function readOptions(request: RpcRequest): AddOptions {
  for (const name of REFUSED_WHEN_TRUE) {
    if (request.boolean(name) === true) throw new KuboError(`${name} is not offered by this stand-in`);
  }
  for (const name of REFUSED_WHEN_GIVEN) {
    if (request.string(name) !== undefined) throw new KuboError(`${name} is not offered by this stand-in`);
  }
  const cidVersion = request.integer('cid-version') ?? 0;
  if (cidVersion !== 0 && cidVersion !== 1) throw new KuboError(`unknown CID version: ${cidVersion}`);
  const hash = request.string('hash')?.toLowerCase() ?? 'sha2-256';
  if (hash !== 'sha2-256') throw new KuboError(`unrecognized hash function: "${hash}"`);
  const pin = request.boolean('pin') ?? true;
  const onlyHash = request.boolean('only-hash') ?? false;
  const pinName = request.string('pin-name');
  if (pinName !== undefined && (!pin || onlyHash)) {
    throw new KuboError('pin-name option requires pin to be set');
  }
  checkPinName(pinName ?? '');
  const wrapWithDirectory = request.boolean('wrap-with-directory') ?? false;
  return {
    importing: {
      cidVersion,
      rawLeaves: request.boolean('raw-leaves') ?? cidVersion === 1,
      chunker: fixedSize({ chunkSize: readChunkBytes(request.string('chunker')) }),
      layout: balanced({ maxChildrenPerNode: MAX_LINKS_PER_NODE }),
      leafType: 'file',
      reduceSingleLeafToSelf: true,
      wrapWithDirectory,
      fileImportConcurrency: 1, // the parts of one request arrive one after the other
      blockWriteConcurrency: BLOCKS_IN_FLIGHT,
    },
    pin: pin && !onlyHash,
    pinName: pinName ?? '',
    onlyHash,
    progress: request.boolean('progress') ?? false,
    silent: request.boolean('silent') ?? false,
    wrapWithDirectory,
  };
}

function readChunkBytes(chunker: string | undefined): number {
  if (chunker === undefined || chunker === '' || chunker === 'default') return DEFAULT_CHUNK_BYTES;
  const size = /^size-(.*)$/.exec(chunker)?.[1];
  if (size === undefined) throw new KuboError(`unrecognized chunker option: ${chunker}`);
  if (!/^[+-]?\d+$/.test(size)) throw new KuboError(`strconv.Atoi: parsing "${size}": invalid syntax`);
  const sizeBytes = Number(size);
  if (sizeBytes <= 0) throw new KuboError('chunker size must be greater than 0');
  if (sizeBytes > MAX_CHUNK_BYTES) {
    throw new KuboError(`chunker parameters may not exceed the maximum chunk size of ${MAX_CHUNK_BYTES}`);
  }
  return sizeBytes;
}

/**
 * Imports the parts, one DAG per top-level name or one for all of them when wrapped, and says how many. A
 * root is announced only once it is durable and pinned, so that a client who heard of it can count on it.
 */
async function addGroups(
  repo: IpfsRepo,
  parts: AsyncGenerator<UploadPart>,
  { options, response }: { readonly options: AddOptions; readonly response: RpcResponse },
): Promise<number> {
  const store = {
    put: async (cid: CID, block: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>) => {
      if (!options.onlyHash) await repo.blocks.write(cid, block as Uint8Array);
      return cid;
    },
  };
  const announce = async (entry: ImportResult) => {
    if (options.silent) return;
    const Hash = entry.cid.toString();
    const isWrapper = options.wrapWithDirectory && (entry.path ?? '') === '';
    await response.line({ Name: isWrapper ? '' : entry.path || Hash, Hash, Size: String(entry.size) });
  };
  let added = 0;
  let next = await parts.next();
  try {
    while (!next.done) {
      const top = topLevelName(next.value);
      async function* group(): AsyncGenerator<ImportCandidate> {
        while (!next.done && (options.wrapWithDirectory || topLevelName(next.value) === top)) {
          const part = next.value;
          yield toCandidate(part, { options, response, maxFileBytes: repo.maxFileBytes });
          next = await parts.next();
          if (!options.wrapWithDirectory && part.path === top && !part.isDirectory) return;
        }
      }
      let last: ImportResult | undefined;
      for await (const entry of importer(group(), store, options.importing)) {
        if (last !== undefined) await announce(last);
        last = entry;
      }
      if (last === undefined) continue;
      await repo.blocks.flush();
      if (options.pin) await repo.pins.put({ cid: last.cid, mode: 'recursive', name: options.pinName });
      await announce(last);
      added += 1;
    }
    return added;
  } finally {
    await parts.return(undefined);
  }
}

function topLevelName(part: UploadPart): string {
  return part.path.split('/')[0]!;
}

function toCandidate(
  part: UploadPart,
  to: { readonly options: AddOptions; readonly response: RpcResponse; readonly maxFileBytes: number },
): ImportCandidate {
  const { options, response, maxFileBytes } = to;
  if (part.hasMetadata) throw new KuboError('UnixFS mode and mtime are not offered by this stand-in');
  if (part.isDirectory) return { path: part.path };
  if (part.path === '' && options.wrapWithDirectory) {
    throw new KuboError('a file to wrap with a directory needs a name');
  }
  const whole = { ...part, content: withinFileSize(part, maxFileBytes) };
  const content = options.progress ? withProgress(whole, response) : whole.content;
  return { ...(part.path === '' ? {} : { path: part.path }), content };
}

async function* withProgress(part: UploadPart, response: RpcResponse): AsyncGenerator<Uint8Array> {
  let readBytes = 0;
  let reportedBytes = 0;
  for await (const chunk of part.content) {
    readBytes += chunk.length;
    while (readBytes - reportedBytes >= PROGRESS_STEP_BYTES) {
      reportedBytes += PROGRESS_STEP_BYTES;
      await response.line({ Name: part.path, Bytes: reportedBytes });
    }
    yield chunk;
  }
  if (readBytes === 0) await response.line({ Name: part.path });
  else if (readBytes > reportedBytes) await response.line({ Name: part.path, Bytes: readBytes });
}
