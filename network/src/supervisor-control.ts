// How another command speaks to the supervisor that owns the processes of a folder: a socket in the folder, which is
// its user's alone. A request is one line of JSON, and so is each answer.
import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { readState } from './state-file.ts';

/** What fits into a socket's address on every system (`sun_path` has 104 or 108 bytes). */
const PATH_BYTES_MAX = 103;
const REQUEST_BYTES_MAX = 64 * 1024;

const socketIn = (directory: string): string => join(directory, 'control.sock');

const VERBS = ['restart', 'stop', 'start'] as const;
type Verb = (typeof VERBS)[number];
type Request = Readonly<Partial<Record<Verb, readonly string[]>>>;
type Work = (names: readonly string[], say: (line: string) => void) => Promise<void>;

type Answer =
  | { readonly kind: 'progress'; readonly line: string }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly message: string };

export interface Control {
  close(): void;
}

export interface ControlOptions extends Readonly<Record<Verb, Work>> {
  readonly report: (line: string) => void;
}

/** Undefined where the folder can have no socket, such as one on a share, or with a long path, which is reported. */
export async function listenForControl(
  directory: string,
  { report, ...work }: ControlOptions,
): Promise<Control | undefined> {
  const path = socketIn(directory);
  const without = (why: string) => report(`services of ${directory} cannot be restarted one by one: ${why}`);
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    without('its path is too long for a socket');
    return undefined;
  }
  // Whoever left it does not run any more: the folder is locked.
  rmSync(path, { force: true });
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    const answer = (content: Answer) => void socket.write(`${JSON.stringify(content)}\n`);
    let text = '';
    const read = (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (text.length > REQUEST_BYTES_MAX) return void socket.destroy();
      if (!text.includes('\n')) return;
      socket.off('data', read);
      serve(text, work, (line) => answer({ kind: 'progress', line })).then(
        () => answer({ kind: 'done' }),
        (error: Error) => answer({ kind: 'failed', message: error.message }),
      );
    };
    socket.on('data', read);
  });
  const problem = await new Promise<Error | undefined>((resolve) => {
    server.once('error', resolve);
    server.listen(path, () => resolve(undefined));
  });
  if (problem !== undefined) {
    without(problem.message);
    return undefined;
  }
  chmodSync(path, 0o600);
  server.unref();
  return {
    close() {
      server.close();
      for (const socket of open) socket.destroy();
      rmSync(path, { force: true });
    },
  };
}

async function serve(
  line: string,
  work: Readonly<Record<Verb, Work>>,
  say: (line: string) => void,
): Promise<void> {
  const request = JSON.parse(line) as Request | null;
  const verb = VERBS.find((one) => request?.[one] !== undefined);
  const names = verb && request?.[verb];
  if (verb === undefined || !Array.isArray(names) || !names.every((name) => typeof name === 'string'))
    throw new Error(`a request to the supervisor has the names of services to ${VERBS.join(', or to ')}`);
  await work[verb](names, say);
}

/** Nothing runs in the folder, or what runs there cannot be asked. */
export class NoSupervisorError extends Error {
  override readonly name = 'NoSupervisorError';
}

/**
 * Restarts services, all where none is named, and resolves when each is ready again.
 *
 * @throws NoSupervisorError; Error with what the supervisor says
 */
export const restartServices = (
  directory: string,
  names: readonly string[],
  report: (line: string) => void,
): Promise<void> => askSupervisor(directory, { restart: names }, report);

/** Ends services, which stay down until they are started. @throws as restartServices */
export const stopServices = (
  directory: string,
  names: readonly string[],
  report: (line: string) => void,
): Promise<void> => askSupervisor(directory, { stop: names }, report);

/** Starts those that were stopped, and resolves when each is ready. @throws as restartServices */
export const startServices = (
  directory: string,
  names: readonly string[],
  report: (line: string) => void,
): Promise<void> => askSupervisor(directory, { start: names }, report);

/** Of services, those that nobody stopped; the others, which take up what changed when they are started, are said. */
export function withoutStopped(
  directory: string,
  names: readonly string[],
  report: (line: string) => void,
): readonly string[] {
  const isStopped = (name: string) =>
    readState(directory)?.services.some((one) => one.name === name && one.state === 'stopped') ?? false;
  for (const name of names.filter(isStopped)) report(`${name} is stopped, and stays so`);
  return names.filter((name) => !isStopped(name));
}

async function askSupervisor(
  directory: string,
  request: Request,
  report: (line: string) => void,
): Promise<void> {
  const socket = connect(socketIn(directory));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', (cause) =>
        reject(new NoSupervisorError(`no supervisor answers in ${directory}: is it up?`, { cause })),
      );
    });
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const line of createInterface({ input: socket })) {
      const answer = JSON.parse(line) as Answer;
      if (answer.kind === 'progress') report(answer.line);
      else if (answer.kind === 'done') return;
      else throw new Error(answer.message);
    }
    throw new NoSupervisorError(`the supervisor in ${directory} ended before it had done all`);
  } finally {
    socket.destroy();
  }
}
