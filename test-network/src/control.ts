/**
 * How the command line talks to a running network: HTTP on the loopback interface, with a token that only the
 * owner of the data directory can read.
 */

import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { EXIT } from '@consilium/command-line';
import { writeJsonFile } from './identities/connection-file.ts';

const MAX_BODY_BYTES = 1024 * 1024;
const ANSWER_TIMEOUT_MS = 60_000;

export type ControlHandlers = Readonly<Record<string, (body: unknown) => Promise<unknown> | unknown>>;

interface ControlFile {
  readonly pid: number;
  readonly port: number;
  readonly token: string;
}

export class NotRunningError extends Error {
  override readonly name = 'NotRunningError';
  readonly exitStatus = EXIT.notRunning;
}

/** A refusal by the running network, already worded for people. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
}

export async function startControl(dir: string, handlers: ControlHandlers): Promise<{ close(): void }> {
  const token = randomBytes(32).toString('hex');
  const server: Server = createServer((request, response) => {
    answer(request, token, handlers).then(
      ({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      },
      (error: Error) => response.writeHead(500).end(JSON.stringify({ error: error.message })),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const path = join(dir, 'run.json');
  writeJsonFile(path, { pid: process.pid, port, token } satisfies ControlFile);
  return {
    close() {
      rmSync(path, { force: true });
      server.close();
      server.closeIdleConnections();
    },
  };
}

/** @throws NotRunningError, or ControlError with the network's own words. */
export async function callControl(dir: string, command: string, body: unknown): Promise<unknown> {
  const path = join(dir, 'run.json');
  const notRunning = (cause?: unknown) =>
    new NotRunningError(`no network is running in ${dir}`, cause === undefined ? {} : { cause });
  if (!existsSync(path)) throw notRunning();
  const { port, token } = JSON.parse(readFileSync(path, 'utf8')) as ControlFile;
  let response: Response;
  try {
    response = await fetch(`http://127.0.0.1:${port}/${command}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
  } catch (error) {
    throw notRunning(error);
  }
  // Another program may have taken the port since.
  if (response.status === 401 || !isJson(response)) throw notRunning();
  const answered = (await response.json()) as { error?: string };
  if (!response.ok) throw new ControlError(answered.error ?? `status ${response.status}`);
  return answered;
}

function isJson(response: Response): boolean {
  return response.headers.get('content-type') === 'application/json';
}

async function answer(
  request: IncomingMessage,
  token: string,
  handlers: ControlHandlers,
): Promise<{ status: number; body: unknown }> {
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
    return { status: 401, body: { error: 'unauthorised' } };
  }
  const handler = handlers[(request.url ?? '/').slice(1)];
  if (!handler) return { status: 404, body: { error: 'unknown command' } };
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) return { status: 413, body: { error: 'request too large' } };
  }
  try {
    return { status: 200, body: (await handler(text === '' ? {} : JSON.parse(text))) ?? {} };
  } catch (error) {
    return { status: 400, body: { error: (error as Error).message } };
  }
}
