// Files that came from others. Whoever can write into a folder that organisations share chooses what is there: a pipe
// that never says anything, a device without an end, or more than memory holds.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/**
 * All bytes of a regular file.
 *
 * @throws Error saying what it is instead, or that it has more bytes than it may; what keeps it from being opened
 */
export function readReceived(file: string, mostBytes: number): Buffer {
  // To open a pipe otherwise waits for its writer.
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = regular(descriptor);
    if (size > mostBytes)
      throw new Error(`it has ${size} bytes, more than the ${mostBytes} that it may have`);
    // One more than it has, to see that it does not grow.
    const bytes = Buffer.alloc(size + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(descriptor, bytes, length, bytes.length - length, null);
    }
    if (length > size) throw new Error('it grows while it is read: ask for it again');
    return bytes.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

function regular(descriptor: number) {
  const found = fstatSync(descriptor);
  if (!found.isFile()) throw new Error('it is no regular file');
  return found;
}
