// The HTTP side of the RPC: which path runs which command, and what is refused before any does. Only POST,
// and nothing that a browser's page sent, since the RPC has no passwords: loopback and these checks guard it.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { runAdd } from './add-command.ts';
import { runBlockGet, runBlockPut, runBlockRm, runBlockStat } from './block-commands.ts';
import { runCat, runDagStat, runFilesStat } from './content-commands.ts';
import type { IpfsRepo } from './ipfs-repo.ts';
import { runId, runRefsLocal, runRepoGc, runRepoStat, runVersion } from './node-commands.ts';
import { runPinAdd, runPinLs, runPinRm, runPinUpdate } from './pin-commands.ts';
import { RpcRequest } from './rpc-request.ts';
import { RpcResponse } from './rpc-response.ts';

const API_PREFIX = '/api/v0/';

/** As much of a refused upload as Kubo (Go's HTTP server) reads before it answers and keeps the connection. */
const READ_BEFORE_REFUSAL_BYTES = 256 * 1024;
/** As much more as is read after the answer, while the client may still be writing, before the connection closes. */
const READ_AFTER_REFUSAL_BYTES = 64 * 1024 * 1024;

type Command = (repo: IpfsRepo, request: RpcRequest, response: RpcResponse) => Promise<void>;
type Upload = (
  repo: IpfsRepo,
  request: RpcRequest,
  exchange: { readonly http: IncomingMessage; readonly response: RpcResponse },
) => Promise<void>;

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['block/get', runBlockGet],
  ['block/rm', runBlockRm],
  ['block/stat', runBlockStat],
  ['cat', runCat],
  ['dag/stat', runDagStat],
  ['files/stat', runFilesStat],
  ['id', runId],
  ['pin/add', runPinAdd],
  ['pin/ls', runPinLs],
  ['pin/rm', runPinRm],
  ['pin/update', runPinUpdate],
  ['refs/local', runRefsLocal],
  ['repo/gc', runRepoGc],
  ['repo/ls', runRefsLocal],
  ['repo/stat', runRepoStat],
  ['version', runVersion],
]);

const UPLOADS: ReadonlyMap<string, Upload> = new Map<string, Upload>([
  ['add', runAdd],
  ['block/put', runBlockPut],
]);

export function createRpcServer(repo: IpfsRepo): Server {
  return createServer((http, httpResponse) => {
    const response = new RpcResponse(httpResponse);
    answer(repo, http, response)
      .then(
        () => response.end(),
        (error) => fail(error, { http, httpResponse, response }),
      )
      .catch(() => httpResponse.destroy());
  });
}

async function answer(repo: IpfsRepo, http: IncomingMessage, response: RpcResponse): Promise<void> {
  if (http.method === 'OPTIONS') return response.empty(204, { Allow: 'OPTIONS, POST' });
  if (http.method !== 'POST') {
    return response.plain(405, '405 - Method Not Allowed', { Allow: 'OPTIONS, POST' });
  }
  const { origin, referer } = http.headers;
  const fromBrowser = /mozilla/i.test(http.headers['user-agent'] ?? '');
  if (origin !== undefined || referer !== undefined || fromBrowser) {
    return response.plain(403, '403 - Forbidden');
  }
  const url = new URL(http.url ?? '/', 'http://localhost');
  const name = url.pathname.startsWith(API_PREFIX) ? url.pathname.slice(API_PREFIX.length) : '';
  const command = COMMANDS.get(name);
  const upload = UPLOADS.get(name);
  const request = new RpcRequest(url.searchParams);
  if (upload !== undefined) return upload(repo, request, { http, response });
  http.resume();
  if (command === undefined) return response.plain(404, '404 page not found');
  return command(repo, request, response);
}

async function fail(
  error: unknown,
  exchange: {
    readonly http: IncomingMessage;
    readonly httpResponse: ServerResponse;
    readonly response: RpcResponse;
  },
): Promise<void> {
  const { http, httpResponse, response } = exchange;
  if (httpResponse.headersSent || (await readRest(http, READ_BEFORE_REFUSAL_BYTES))) {
    if (!httpResponse.destroyed) response.fail(error);
    http.resume();
    return;
  }
  if (httpResponse.destroyed) return;
  httpResponse.setHeader('Connection', 'close');
  await response.fail(error, () => readRest(http, READ_AFTER_REFUSAL_BYTES));
}

/**
 * Reads and drops what the client still sends, until its end or until more than `limitBytes` came. A connection
 * closed over unread bytes is reset, and the reset reaches a client that is still writing before the answer does.
 * @returns whether the body ended (or the client went away).
 */
function readRest(http: IncomingMessage, limitBytes: number): Promise<boolean> {
  if (http.complete || http.destroyed) return Promise.resolve(true);
  return new Promise((resolve) => {
    let readBytes = 0;
    const settle = (ended: boolean) => {
      http.off('data', count).off('end', onEnd).off('close', onEnd).off('error', onEnd);
      if (!ended) http.pause();
      resolve(ended);
    };
    const onEnd = () => settle(true);
    const count = (chunk: Uint8Array) => {
      readBytes += chunk.length;
      if (readBytes > limitBytes) settle(false);
    };
    http.on('data', count).on('end', onEnd).on('close', onEnd).on('error', onEnd);
    http.resume();
  });
}
