// The files of the console as its build wrote them: listed once when the gateway starts, so that no path of a request
// ever reaches the disk, and read when somebody asks for one first.
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { entityTagOf } from '../http/entity-tag.ts';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json; charset=utf-8',
  svg: 'image/svg+xml; charset=utf-8',
  png: 'image/png',
  webp: 'image/webp',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  txt: 'text/plain; charset=utf-8',
};

/** The better one first. Both are written by the build, so that nothing is packed while an answer waits. */
const CODINGS = [
  { coding: 'br', suffix: '.br' },
  { coding: 'gzip', suffix: '.gz' },
] as const;

/** The names of these hold a digest of what is in them. */
const HASHED = /^assets\//;

export interface ConsoleFile {
  readonly path: string;
  readonly mediaType: string;
  /** Whether a file of this name never changes. */
  readonly isImmutable: boolean;
}

/** A file as it is sent. */
export interface SentFile {
  readonly content: Buffer;
  readonly tag: string;
  /** undefined where it travels as it is. */
  readonly coding: string | undefined;
}

const extensionOf = (path: string): string => /\.([a-z0-9]+)$/.exec(path)?.[1] ?? '';

/** Whether a path names a file rather than a page: it ends as files of a build do. */
export const namesFile = (path: string): boolean =>
  HASHED.test(path) || Object.hasOwn(MEDIA_TYPES, extensionOf(path)) || extensionOf(path) === 'map';

function listed(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
      .map((path) => path.split(sep).join('/'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

export class ConsoleFiles {
  readonly #directory: string;
  readonly #listed: ReadonlySet<string>;
  readonly #read = new Map<string, Omit<SentFile, 'coding'>>();

  constructor(directory: string) {
    this.#directory = directory.endsWith(sep) ? directory.slice(0, -1) : directory;
    this.#listed = new Set(listed(this.#directory));
  }

  /** Whether there is a console to serve. */
  get isBuilt(): boolean {
    return this.#listed.has('index.html');
  }

  /** @param path below /console/, as the request has it */
  find(path: string): ConsoleFile | undefined {
    const mediaType = MEDIA_TYPES[extensionOf(path)];
    if (mediaType === undefined || !this.#listed.has(path)) return undefined;
    return { path, mediaType, isImmutable: HASHED.test(path) };
  }

  /** @param takes whether the caller takes a coding */
  read({ path }: ConsoleFile, takes: (coding: string) => boolean): SentFile {
    const found = CODINGS.find(({ coding, suffix }) => this.#listed.has(`${path}${suffix}`) && takes(coding));
    return { ...this.#content(`${path}${found?.suffix ?? ''}`), coding: found?.coding };
  }

  #content(path: string): Omit<SentFile, 'coding'> {
    const known = this.#read.get(path);
    if (known !== undefined) return known;
    const content = readFileSync(join(this.#directory, path));
    const made = { content, tag: entityTagOf(content) };
    this.#read.set(path, made);
    return made;
  }
}
