// A folder as a POSIX tar archive (ustar, with pax records for what does not fit), written and read as a stream: any
// tar reads it. What is read is only ever a folder or a plain file, below the place that it is restored to: links,
// devices and names that lead elsewhere are refused.
import { InputError } from '@consilium/command-line';

const BLOCK_BYTES = 512;
const LONGEST_NAME = 1000;
/** What the octal digits of sizes and of users hold. */
const LARGEST_SIZE = 0o77777777777;
const LARGEST_USER = 0o7777777;
const PAX_MAX_BYTES = 64 * 1024;

export interface ArchiveEntry {
  /** Relative, with slashes between its parts; of a folder without one at the end. */
  readonly name: string;
  readonly kind: 'folder' | 'file';
  /** Permissions, at most 0o777. */
  readonly mode: number;
  readonly user: number;
  readonly group: number;
  /** Of a file; 0 of a folder. */
  readonly sizeBytes: number;
}

export interface ArchivedFile extends ArchiveEntry {
  readonly content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Why a name may not be in an archive; undefined where it may. */
export function nameProblem(name: string): string | undefined {
  if (name === '' || name.length > LONGEST_NAME) return 'is empty or too long';
  if (name.startsWith('/')) return 'begins at the root';
  if (/[\p{Cc}\\]/u.test(name)) return 'has a character that no name of ours has';
  const isBad = (part: string) => part === '' || part === '.' || part === '..';
  return name.split('/').some(isBad) ? 'leads out of its folder' : undefined;
}

/** Name and prefix of a ustar header; undefined where they do not fit. */
function split(path: string): { readonly name: string; readonly prefix: string } | undefined {
  if (!/^[\x20-\x7e]*$/.test(path)) return undefined;
  if (path.length <= 100) return { name: path, prefix: '' };
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (name.length <= 100 && name.length > 0 && prefix.length <= 155) return { name, prefix };
  }
  return undefined;
}

function headerBlock(
  { name, prefix }: { readonly name: string; readonly prefix: string },
  { mode, user, group, sizeBytes }: Omit<ArchiveEntry, 'name' | 'kind'>,
  type: '0' | '5' | 'x',
): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  block.write(name, 0, 'ascii');
  block.write(octal(mode, 7), 100, 'ascii');
  block.write(octal(user > LARGEST_USER ? 0 : user, 7), 108, 'ascii');
  block.write(octal(group > LARGEST_USER ? 0 : group, 7), 116, 'ascii');
  block.write(octal(sizeBytes > LARGEST_SIZE ? 0 : sizeBytes, 11), 124, 'ascii');
  block.write(octal(0, 11), 136, 'ascii');
  block.fill(' ', 148, 156);
  block.write(type, 156, 'ascii');
  block.write('ustar\0' + '00', 257, 'ascii');
  block.write(prefix, 345, 'ascii');
  block.write(`${octal(sumOf(block), 6)}\0 `, 148, 'ascii');
  return block;
}

const sumOf = (block: Uint8Array): number => block.reduce((total, byte) => total + byte, 0);
const padding = (size: number): Buffer => Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);

/** `length key=value\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes;
  while (length !== bytes + String(length).length) length = bytes + String(length).length;
  return `${length}${rest}`;
}

/** The bytes before an entry's content. */
function beginning(entry: ArchiveEntry): Buffer {
  const path = entry.kind === 'folder' ? `${entry.name}/` : entry.name;
  const type = entry.kind === 'folder' ? '5' : '0';
  const fits = split(path);
  const records = [
    ...(fits === undefined ? [paxRecord('path', path)] : []),
    ...(entry.sizeBytes > LARGEST_SIZE ? [paxRecord('size', String(entry.sizeBytes))] : []),
    ...(entry.user > LARGEST_USER ? [paxRecord('uid', String(entry.user))] : []),
    ...(entry.group > LARGEST_USER ? [paxRecord('gid', String(entry.group))] : []),
  ].join('');
  const own = headerBlock(fits ?? { name: 'long-name', prefix: '' }, entry, type);
  if (records === '') return own;
  const content = Buffer.from(records, 'utf8');
  const extended = { mode: 0o600, user: 0, group: 0, sizeBytes: content.length };
  const before = headerBlock({ name: 'pax', prefix: '' }, extended, 'x');
  return Buffer.concat([before, content, padding(content.length), own]);
}

/** @throws InputError where a file has another length than it had when it was listed */
export async function* writeArchive(
  entries: AsyncIterable<ArchivedFile> | Iterable<ArchivedFile>,
): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    const problem = nameProblem(entry.name);
    if (problem !== undefined) throw new InputError(`${entry.name} cannot be archived: its name ${problem}`);
    yield beginning(entry);
    let written = 0;
    for await (const bytes of entry.content) {
      written += bytes.length;
      yield bytes;
    }
    if (written !== entry.sizeBytes) {
      throw new InputError(`${entry.name} changed while it was copied: something runs in the folder`);
    }
    yield padding(written);
  }
  yield Buffer.alloc(2 * BLOCK_BYTES);
}

export type ArchivePart =
  | { readonly entry: ArchiveEntry }
  /** The next bytes of the last entry. */
  | { readonly bytes: Uint8Array };

/** Gives out exactly as many bytes as are asked for. */
class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #waiting: Uint8Array = new Uint8Array();

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#chunks = bytes[Symbol.asyncIterator]();
  }

  /** At most `most` bytes; undefined at the end. */
  async some(most: number): Promise<Uint8Array | undefined> {
    while (this.#waiting.length === 0) {
      const { value, done } = await this.#chunks.next();
      if (done === true) return undefined;
      this.#waiting = value;
    }
    const taken = this.#waiting.subarray(0, most);
    this.#waiting = this.#waiting.subarray(taken.length);
    return taken;
  }

  async exactly(count: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for (let missing = count; missing > 0; missing -= parts.at(-1)!.length) {
      const part = await this.some(missing);
      if (part === undefined) throw new InputError('the archive ends within an entry');
      parts.push(part);
    }
    return Buffer.concat(parts);
  }

  async returned(): Promise<void> {
    await this.#chunks.return?.();
  }
}

interface Header extends ArchiveEntry {
  readonly type: string;
}

function textAt(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.subarray(0, end === -1 ? length : end).toString('latin1');
}

function numberAt(block: Buffer, at: number, length: number): number {
  const text = textAt(block, at, length).trim();
  if (!/^[0-7]+$/.test(text)) throw new InputError('the archive has a number that is none');
  return Number.parseInt(text, 8);
}

function parseHeader(block: Buffer): Header {
  const sum = numberAt(block, 148, 8);
  const blank = Buffer.from(block);
  blank.fill(' ', 148, 156);
  if (sum !== sumOf(blank)) throw new InputError('the archive has a header whose sum is wrong');
  const prefix = textAt(block, 345, 155);
  const name = textAt(block, 0, 100);
  const type = textAt(block, 156, 1);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    type,
    kind: type === '5' ? 'folder' : 'file',
    mode: numberAt(block, 100, 8),
    user: numberAt(block, 108, 8),
    group: numberAt(block, 116, 8),
    sizeBytes: numberAt(block, 124, 12),
  };
}

interface PaxRecords {
  path?: string;
  size?: number;
  uid?: number;
  gid?: number;
}

function parsePax(content: Buffer): PaxRecords {
  const found: PaxRecords = {};
  for (let at = 0; at < content.length; ) {
    const record = /^([1-9][0-9]{0,5}) (path|size|uid|gid)=/.exec(
      content.subarray(at, at + 32).toString('latin1'),
    );
    const length = Number(record?.[1] ?? 0);
    const whole = content.subarray(at, at + length);
    if (record === null || whole.length < length || whole.at(-1) !== 0x0a) {
      throw new InputError('the archive has a record that this program does not write');
    }
    const value = whole.subarray(record[0].length, -1).toString('utf8');
    const key = record[2] as keyof PaxRecords;
    if (key === 'path') found.path = value;
    else if (/^[1-9][0-9]{0,14}$/.test(value)) found[key] = Number(value);
    else throw new InputError('the archive has a number that is none');
    at += length;
  }
  return found;
}

/** Entries in order, each with its folder before it. @throws InputError for anything but folders and plain files */
export async function* readArchive(archive: AsyncIterable<Uint8Array>): AsyncGenerator<ArchivePart> {
  const source = new ByteSource(archive);
  const folders = new Set(['']);
  const names = new Set<string>();
  try {
    for (;;) {
      let block = await source.exactly(BLOCK_BYTES);
      let pax: PaxRecords = {};
      if (block.every((byte) => byte === 0)) {
        if (!(await source.exactly(BLOCK_BYTES)).every((byte) => byte === 0) || (await source.some(1)))
          throw new InputError('the archive goes on after its end');
        return;
      }
      let header = parseHeader(block);
      if (header.type === 'x') {
        if (header.sizeBytes > PAX_MAX_BYTES)
          throw new InputError('the archive has a record that is too long');
        pax = parsePax(await source.exactly(header.sizeBytes));
        await source.exactly(padding(header.sizeBytes).length);
        block = await source.exactly(BLOCK_BYTES);
        header = parseHeader(block);
      }
      const entry = checked(
        {
          ...header,
          name: pax.path ?? header.name,
          sizeBytes: pax.size ?? header.sizeBytes,
          user: pax.uid ?? header.user,
          group: pax.gid ?? header.group,
        },
        { folders, names },
      );
      yield { entry };
      for (let left = entry.sizeBytes; left > 0; ) {
        const bytes = await source.some(left);
        if (bytes === undefined) throw new InputError('the archive ends within an entry');
        left -= bytes.length;
        yield { bytes };
      }
      await source.exactly(padding(entry.sizeBytes).length);
    }
  } finally {
    await source.returned();
  }
}

function checked(
  header: Header,
  { folders, names }: { readonly folders: Set<string>; readonly names: Set<string> },
): ArchiveEntry {
  const { type, kind, mode, user, group, sizeBytes } = header;
  const name = kind === 'folder' ? header.name.replace(/\/$/, '') : header.name;
  const refuse = (why: string): never => {
    throw new InputError(`the archive has an entry that is not restored: ${JSON.stringify(name)} ${why}`);
  };
  if (type !== '0' && type !== '5')
    refuse(type === '1' || type === '2' ? 'is a link' : `is of type ${JSON.stringify(type)}`);
  const problem = nameProblem(name);
  if (problem !== undefined) refuse(problem);
  if (names.has(name)) refuse('is there twice');
  const parent = name.slice(0, Math.max(0, name.lastIndexOf('/')));
  if (!folders.has(parent)) refuse('comes before its folder');
  if (mode > 0o777) refuse('has more than permissions in its mode');
  if (kind === 'folder' && sizeBytes !== 0) refuse('is a folder with a content');
  names.add(name);
  if (kind === 'folder') folders.add(name);
  return { name, kind, mode, user, group, sizeBytes };
}
