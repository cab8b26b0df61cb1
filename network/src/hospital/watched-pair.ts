// A certificate and its key in two files that are renewed while a process runs. A pair that does not fit leaves what
// was good.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

const LOOK_EVERY_MS = 2_000;

/** PEM texts. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

export interface PairFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** @throws Error for files that cannot be read or are no pair; never with the content of the key */
export function readPair({ certificateFile, keyFile }: PairFiles): Pair {
  const [certificate, key] = [certificateFile, keyFile].map((file) => readFileSync(file, 'utf8'));
  let fits: boolean;
  try {
    fits = new X509Certificate(certificate!).checkPrivateKey(createPrivateKey(key!));
  } catch {
    throw new Error(`${certificateFile} or ${keyFile} is not in PEM`);
  }
  if (!fits) throw new Error(`${keyFile} is not the key of ${certificateFile}`);
  return { certificate: certificate!, key: key! };
}

export class WatchedPair {
  readonly #files: PairFiles;
  readonly #report: (line: string) => void;
  readonly #listeners: ((pair: Pair) => void)[] = [];
  #pair: Pair;
  #problem: string | undefined;

  /** @throws Error as `readPair` does */
  constructor(files: PairFiles, report: (line: string) => void) {
    this.#files = files;
    this.#report = report;
    this.#pair = readPair(files);
  }

  get pair(): Pair {
    return this.#pair;
  }

  /** Called with each pair that takes the place of the one before. */
  onRenewed(listener: (pair: Pair) => void): void {
    this.#listeners.push(listener);
  }

  watch(): void {
    setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  look(): void {
    try {
      const next = readPair(this.#files);
      this.#problem = undefined;
      if (next.certificate === this.#pair.certificate && next.key === this.#pair.key) return;
      this.#pair = next;
      for (const listener of this.#listeners) listener(next);
      this.#report(`new connections prove this host with the renewed ${this.#files.certificateFile}`);
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#problem) this.#report(`the certificate before goes on: ${message}`);
      this.#problem = message;
    }
  }
}
