// Texts as Parquet's plain encoding has them, one at a time: no text of a page lives longer than its batch.
import type { SchemaElement } from 'hyparquet';
import { RunError } from './parquet-runs.ts';

const decoder = new TextDecoder();

/** Whether a column's bytes are texts, and nothing that is to be made into one. */
export const isText = ({ type, converted_type: converted, logical_type: logical }: SchemaElement): boolean =>
  type === 'BYTE_ARRAY' &&
  (converted === 'UTF8' ? logical === undefined || logical.type === 'STRING' : logical?.type === 'STRING') &&
  (converted === undefined || converted === 'UTF8');

export class TextReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #at: number;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = start;
  }

  /** The next text. @throws RunError where it is cut short */
  take(): string {
    const bytes = this.#bytes;
    const from = this.#at + 4;
    if (from > bytes.length) throw new RunError('a text is cut short');
    const to = from + this.#view.getUint32(this.#at, true);
    if (to > bytes.length) throw new RunError('a text is cut short');
    this.#at = to;
    for (let at = from; at < to; at++) if (bytes[at]! > 127) return decoder.decode(bytes.subarray(from, to));
    return bytes.toString('latin1', from, to);
  }
}
