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
    answer(repo, http, response).then(
      () => response.end(),
      (error) => fail(error, { http, httpResponse, response }),
    );
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

function fail(
  error: unknown,
  exchange: {
    readonly http: IncomingMessage;
    readonly httpResponse: ServerResponse;
    readonly response: RpcResponse;
  },
): void {
  const { http, httpResponse, response } = exchange;
  if (httpResponse.destroyed) return;
  if (!http.complete && !httpResponse.headersSent) httpResponse.setHeader('Connection', 'close');
  http.resume(); // a client that is still sending would otherwise never read the answer
  response.fail(error);
}
