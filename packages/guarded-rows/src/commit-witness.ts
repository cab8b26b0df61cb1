// A small file beside a database that says how many writes were committed. SQLite drops the end of a write-ahead
// log whose bytes are damaged, and with it transactions that were acknowledged: the witness then knows of more.
import { createHash } from 'node:crypto';
import { closeSync, fchmodSync, openSync, readFileSync, writeSync } from 'node:fs';

const LINE_BYTES = 64;

const lineOf = (writes: number): string => {
  const digest = createHash('sha256').update(String(writes)).digest('hex').slice(0, 16);
  return `${`writes ${writes} ${digest}`.padEnd(LINE_BYTES - 1)}\n`;
};

export class CommitWitness {
  readonly #path: string;
  #file: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * How many writes were committed at least; 0 where there is no witness, or one that a power failure left empty.
   *
   * @throws Error when the file holds something else
   */
  read(): number {
    let text: string;
    try {
      text = readFileSync(this.#path, 'latin1');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
      throw error;
    }
    if (/^\0*$/.test(text)) return 0;
    const writes = Number(/^writes (\d{1,15}) /.exec(text)?.[1] ?? Number.NaN);
    if (text !== lineOf(writes)) throw new Error('not a line that this program wrote');
    return writes;
  }

  /**
   * Notes the count, once the transaction is on disk. Not synchronised: a witness that is behind only notices less.
   */
  write(writes: number): void {
    if (this.#file === undefined) {
      this.#file = openSync(this.#path, 'a', 0o600);
      closeSync(this.#file);
      this.#file = openSync(this.#path, 'r+');
      fchmodSync(this.#file, 0o600);
    }
    writeSync(this.#file, lineOf(writes), 0, 'latin1');
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
