// What a dataset's commitment covers: the checked values of every row in a canonical order, under a secret
// salt. Only its CID is published; without the salt nobody can test a guess at a patient against it.
import type { Dictionary } from '@consilium/domain';
import { canonicalJson } from '@consilium/domain/data';
import type { RowBatch } from './row-batch.ts';
import { SortedLines, type SortOptions } from './sorted-lines.ts';

/**
 * Canonical bytes of a dataset under a salt.
 *
 * The first line is the salt, then one line per row, sorted by UTF-16 code units, so that the order of a file's rows
 * does not matter. Hiding rests on the salt's 256 bits, binding on SHA-256 inside the CID.
 */
export class CommitmentLines implements Disposable {
  readonly #header: string;
  readonly #texts: CanonicalValues;
  readonly #lines: SortedLines;

  /**
   * @param salt at least 32 secret bytes; a shorter one is refused with RangeError
   */
  constructor(dictionary: Dictionary, salt: Uint8Array, sort: SortOptions = {}) {
    if (salt.length < 32) throw new RangeError('a commitment needs a salt of at least 32 bytes');
    this.#header = canonicalJson({ salt: Buffer.from(salt).toString('hex'), version: 1 });
    this.#texts = new CanonicalValues(dictionary);
    this.#lines = new SortedLines(sort);
  }

  add(batch: RowBatch, row: number, patientId: string): void {
    const values = this.#texts.of(batch, row);
    this.#lines.add(
      `{"label":${numberText(batch.labels[row]!)},"patient":${JSON.stringify(patientId)},"values":${values}}`,
    );
  }

  /** The bytes in blocks. Nothing can be added any more. */
  *blocks(): Generator<Uint8Array, void, undefined> {
    yield new TextEncoder().encode(`${this.#header}\n`);
    yield* this.#lines.blocks();
  }

  [Symbol.dispose](): void {
    this.#lines[Symbol.dispose]();
  }
}

/** As canonical JSON has it; -0 is 0. */
const numberText = (value: number): string => `${value}`;

/** The checked values of a row as canonical JSON: numbers, categories as texts, null where missing. */
export class CanonicalValues {
  readonly #categories: readonly (readonly string[] | undefined)[];

  constructor(dictionary: Dictionary) {
    this.#categories = dictionary.features.map((feature) =>
      feature.kind === 'categorical' || feature.kind === 'code'
        ? feature.categories.map((category) => JSON.stringify(category))
        : undefined,
    );
  }

  of({ values }: RowBatch, row: number): string {
    let text = '[';
    for (let feature = 0; feature < values.length; feature++) {
      const value = values[feature]![row]!;
      if (feature > 0) text += ',';
      if (Number.isNaN(value)) text += 'null';
      else text += this.#categories[feature]?.[value] ?? numberText(value);
    }
    return `${text}]`;
  }
}
