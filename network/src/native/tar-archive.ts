// A POSIX ustar archive of a few small files, the same bytes for the same files: a chaincode package's id is the
// hash of its bytes, so it may hold no times and no owners.
import { gzipSync } from 'node:zlib';

const BLOCK_BYTES = 512;

export interface ArchiveFile {
  /** At most 100 ASCII characters. */
  readonly name: string;
  readonly content: Uint8Array;
}

function header({ name, content }: ArchiveFile): Uint8Array {
  if (!/^[\x20-\x7e]{1,100}$/.test(name))
    throw new Error(`a file's name cannot stand in an archive: ${name}`);
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (number: number, digits: number) => number.toString(8).padStart(digits, '0');
  block.write(name, 0, 'ascii');
  block.write(octal(0o644, 7), 100, 'ascii');
  block.write(octal(0, 7), 108, 'ascii');
  block.write(octal(0, 7), 116, 'ascii');
  block.write(octal(content.length, 11), 124, 'ascii');
  block.write(octal(0, 11), 136, 'ascii');
  block.fill(' ', 148, 156);
  block.write('0', 156, 'ascii');
  block.write('ustar\0' + '00', 257, 'ascii');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148, 'ascii');
  return block;
}

/** A gzipped archive of the files, in their order. */
export function tarGzip(files: readonly ArchiveFile[]): Uint8Array {
  const parts = files.flatMap((file) => {
    const padding = Buffer.alloc((BLOCK_BYTES - (file.content.length % BLOCK_BYTES)) % BLOCK_BYTES);
    return [header(file), file.content, padding];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK_BYTES)]));
}
