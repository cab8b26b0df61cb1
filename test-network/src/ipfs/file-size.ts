// How large a file may be that `add` takes. The library that writes UnixFS nodes writes sizes from 2^31 to 2^32 bytes
// wrongly: such a file would get another CID than Kubo's, and nobody could read it.

import { KuboError } from './kubo-error.ts';
import type { UploadPart } from './upload-parts.ts';

/** The largest size that is written as it is. */
export const MAX_FILE_BYTES = 2 ** 31 - 1;

/**
 * The content of a file, chunk by chunk, as long as it is no larger than `maxFileBytes`.
 *
 * @throws KuboError with the file's name, at the first chunk that goes beyond
 */
export async function* withinFileSize(
  { path, content }: Pick<UploadPart, 'path' | 'content'>,
  maxFileBytes: number,
): AsyncGenerator<Uint8Array> {
  let readBytes = 0;
  for await (const chunk of content) {
    readBytes += chunk.length;
    if (readBytes > maxFileBytes) {
      const name = path === '' ? 'a file without a name' : `the file "${path}"`;
      throw new KuboError(
        `${name} is larger than ${maxFileBytes} bytes, the most that this stand-in stores: split it, or use Kubo`,
      );
    }
    yield chunk;
  }
}
