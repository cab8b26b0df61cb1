// The files of a multipart upload, one after the other as they arrive, so that nothing waits in memory.
// Unlike Kubo, which stores whatever arrived of an upload that was cut short, we refuse it.

import { on } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import { KuboBadRequest, KuboError } from './kubo-error.ts';

export interface UploadPart {
  /** Relative, normalised; empty when the client gave none. */
  readonly path: string;
  readonly isDirectory: boolean;
  /** UnixFS mode or modification time asked for in the field's name. */
  readonly hasMetadata: boolean;
  readonly content: AsyncIterable<Uint8Array>;
}

export async function* uploadParts(http: IncomingMessage, fileArgument: string): AsyncGenerator<UploadPart> {
  const contentType = http.headers['content-type'];
  if (contentType === undefined || !/^multipart\/form-data\s*;.*boundary=/i.test(contentType)) {
    throw new KuboBadRequest(`file argument '${fileArgument}' is required`);
  }
  const parser = new Busboy({
    headers: { ...http.headers, 'content-type': contentType },
    preservePath: true,
    isPartAFile: () => true,
  });
  const open = new Set<BusboyFileStream>();
  const ended = new AbortController();
  const parts = on(parser, 'file', { signal: ended.signal, close: ['finish'] });
  let failure: Error | undefined;
  parser.on('file', (_field, stream) => {
    open.add(stream);
    stream.on('error', () => {}).on('close', () => open.delete(stream));
  });
  const parsed = pipeline(http, parser).catch((cause: Error) => {
    failure = cutShort(cause);
    for (const stream of open) stream.destroy(failure);
    ended.abort(failure);
  });
  try {
    for await (const [field, stream, name, , mimeType] of parts) {
      yield toPart(field, stream, { name, mimeType });
    }
    await parsed;
    if (failure !== undefined) throw failure;
  } catch (error) {
    throw failure ?? error;
  } finally {
    for (const stream of open) stream.destroy();
    ended.abort();
    http.unpipe(parser);
    http.resume();
  }
}

function toPart(
  field: string | undefined,
  stream: BusboyFileStream,
  { name, mimeType }: { readonly name: string | undefined; readonly mimeType: string },
): UploadPart {
  const path = posix.normalize(`/${decodeName(name ?? '')}`).replaceAll(/^\/|\/$/g, '');
  const isDirectory = mimeType === 'application/x-directory';
  if (isDirectory) stream.resume();
  return {
    path,
    isDirectory,
    hasMetadata: /\?.*\b(mode|mtime)=/.test(field ?? ''),
    content: contentOf(stream),
  };
}

async function* contentOf(stream: BusboyFileStream): AsyncGenerator<Uint8Array> {
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw cause instanceof KuboError ? cause : cutShort(cause as Error);
  }
}

function cutShort(cause: Error): KuboError {
  return new KuboError(`the upload was cut short: ${cause.message}`, { cause });
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
