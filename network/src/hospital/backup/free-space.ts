// Room on a disk, and how far copying has come.
import { statfsSync } from 'node:fs';

export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

export const sizeText = (bytes: number): string =>
  bytes < 2 ** 30 ? `${Math.ceil(bytes / 2 ** 20)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** Says each tenth once, of what is large enough to take a while. */
export function progressOf(
  verb: string,
  totalBytes: number,
  report: (line: string) => void,
): (bytes: number) => void {
  let done = 0;
  let said = 0;
  return (bytes) => {
    done += bytes;
    const tenths = Math.floor((done * 10) / Math.max(1, totalBytes));
    if (tenths <= said || totalBytes < 2 ** 26) return;
    said = tenths;
    report(`${verb} ${tenths * 10} % of ${sizeText(totalBytes)}`);
  };
}
