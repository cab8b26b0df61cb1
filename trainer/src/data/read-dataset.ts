// Reads a hospital's file into units of privacy: every row of one patient together. All problems are found in one pass,
// so that a file is corrected once. Rows pass through in batches; what is kept of them are arrays of numbers.
import { createHash } from 'node:crypto';
import type { Dictionary, RecordCountBand } from '@consilium/domain';
import { bandOf } from '@consilium/domain/data';
import type { ByteSource } from './byte-source.ts';
import { CanonicalValues, CommitmentLines } from './commitment-lines.ts';
import type { CsvFormat, FormatOptions } from './csv-format.ts';
import { DataError, ProblemList, problem } from './data-problem.ts';
import { BatchEncoder } from './encode-batch.ts';
import { openPart, partsOf } from './file-parts.ts';
import { PeopleFinder, type PeopleFound, type PeopleWish } from './find-people.ts';
import { PatientIds, type PatientIdTable } from './patient-ids.ts';
import { readCsvBatches } from './read-csv.ts';
import { isParquet, readParquetBatches } from './read-parquet.ts';
import type { RowBatch } from './row-batch.ts';
import { runBytesFor } from './sorted-lines.ts';

/** Patients of the smallest band. */
const SMALLEST = 10;
/** Rows of one part of the encoded ones. */
export const PART_ROWS = 2 ** 16;

/** What a model is given of each row, in the file's order. */
export interface EncodedRows {
  /** Inputs of a row, in the order of the domain's `inputNames`. */
  readonly featureCount: number;
  /** Float32 [PART_ROWS · featureCount] each; the last may have fewer rows. */
  readonly parts: readonly Float32Array[];
  /** What is learned: 0 or 1, a class, a value scaled by the dictionary's bounds, or a count. */
  readonly labels: Float64Array;
}

export interface Dataset {
  readonly recordCountBand: RecordCountBand;
  /** In the order of their first rows. */
  readonly patients: PatientIdTable;
  /** [rows] number of each row's patient: the unit of privacy, whatever the number of rows. */
  readonly patientOfRow: Uint32Array;
  /** Where they were asked for. */
  readonly encoded: EncodedRows | undefined;
  /** CID of the canonical rows under a salt, where one was given. */
  readonly commitment: string | undefined;
  /** How the text was written; undefined for Parquet. */
  readonly format: CsvFormat | undefined;
  /** Where a population was named. */
  readonly people: PeopleFound | undefined;
}

/** What is wanted of a file. */
export interface DatasetWish {
  readonly dictionary: Dictionary;
  /** Whether rows are encoded for a model. */
  readonly encode?: boolean | undefined;
  /** Under which the dataset is committed to: at least 32 secret bytes. */
  readonly salt?: Uint8Array | undefined;
  readonly format?: FormatOptions | undefined;
  /** Whose patients they are: band and commitment are then of those who are not left out. */
  readonly people?: PeopleWish | undefined;
  /** Bytes of arrays that reading may take. */
  readonly memoryBytes?: number | undefined;
  /** Bytes of the temporary folder that sorting for the commitment may take; half of what is free where absent. */
  readonly diskBytes?: number | undefined;
  /** Called with the number of rows so far. */
  readonly onRows?: ((rows: number) => void) | undefined;
}

/**
 * The dataset of a file, or of all files of a folder (`partsOf`) as one.
 *
 * @throws DataError with every kind of problem (the first 20, each with a count)
 */
export async function readDataset(options: { readonly path: string } & DatasetWish): Promise<Dataset> {
  const parts = partsOf(options.path);
  return gathered(options, (gathering) => {
    for (const part of parts) {
      using source = openPart(part);
      gathering.read({ source, name: part.name, isOneOfSeveral: parts.length > 1 });
    }
  });
}

/** The dataset of one file's bytes. @throws DataError as `readDataset` */
export const datasetOf = (
  { source, name }: { readonly source: ByteSource; readonly name: string },
  wish: DatasetWish,
): Promise<Dataset> => gathered(wish, (gathering) => gathering.read({ source, name, isOneOfSeveral: false }));

async function gathered(wish: DatasetWish, read: (gathering: Gathering) => void): Promise<Dataset> {
  using gathering = new Gathering(wish);
  try {
    read(gathering);
    return await gathering.finish();
  } catch (error) {
    // An array that the system has no memory for.
    if (!(error instanceof RangeError && /allocation failed|array length/i.test(error.message))) throw error;
    throw new DataError([problem('FILE_TOO_LARGE')], { cause: error });
  }
}

class Gathering implements Disposable {
  readonly #wish: DatasetWish;
  readonly #problems = new ProblemList();
  readonly #ids: PatientIds;
  readonly #rowIds: RowIds | undefined;
  readonly #lines: CommitmentLines | undefined;
  readonly #encoder: BatchEncoder | undefined;
  readonly #people: PeopleFinder | undefined;
  readonly #parts: Float32Array[] = [];
  #labels = new Float64Array(0);
  #patientOfRow = new Uint32Array(1024);
  #rowsOfPatient = new Uint8Array(1024);
  #rows = 0;
  #memoryLeft: number;
  #format: CsvFormat | undefined;

  constructor(wish: DatasetWish) {
    const { dictionary, encode, salt, people, memoryBytes = Number.POSITIVE_INFINITY, diskBytes } = wish;
    this.#wish = wish;
    this.#memoryLeft = memoryBytes;
    this.#ids = new PatientIds((bytes) => this.#claim(bytes));
    this.#rowIds = dictionary.patientId === null ? new RowIds(dictionary, this.#ids) : undefined;
    this.#lines =
      salt &&
      new CommitmentLines(dictionary, salt, {
        diskBytes,
        runBytes: runBytesFor(memoryBytes),
        claim: (bytes) => this.#claim(bytes),
      });
    this.#encoder = encode ? new BatchEncoder(dictionary) : undefined;
    this.#people = people && new PeopleFinder(people, (bytes) => this.#claim(bytes));
  }

  [Symbol.dispose](): void {
    this.#lines?.[Symbol.dispose]();
  }

  read({
    source,
    name,
    isOneOfSeveral,
  }: {
    readonly source: ByteSource;
    readonly name: string;
    readonly isOneOfSeveral: boolean;
  }): void {
    const { dictionary, format } = this.#wish;
    const problems = new ProblemList();
    const options = {
      dictionary,
      format,
      problems,
      takesValues: this.#lines !== undefined || this.#encoder !== undefined || this.#rowIds !== undefined,
      onBatch: (batch: RowBatch) => this.#take(batch, problems),
      claim: (bytes: number) => this.#claim(bytes),
    };
    try {
      if (isParquet(source)) readParquetBatches(source, options);
      else if (/[.](parquet|pq)$/i.test(name)) throw new DataError([problem('FILE_NOT_PARQUET')]);
      else this.#format = readCsvBatches(source, options);
    } catch (error) {
      if (!(error instanceof DataError) || !isOneOfSeveral) throw error;
      throw new DataError(
        error.problems.map((one) => ({ ...one, file: name })),
        { cause: error },
      );
    }
    for (const one of problems.kinds()) this.#problems.add(isOneOfSeveral ? { ...one, file: name } : one);
  }

  async finish(): Promise<Dataset> {
    const count = this.#people?.kept ?? this.#ids.count;
    const recordCountBand = bandOf(count);
    if (this.#problems.total === 0 && recordCountBand === undefined) {
      this.#problems.add(problem(count < SMALLEST ? 'TOO_FEW_PATIENTS' : 'TOO_MANY_PATIENTS'));
    }
    this.#problems.refuse();
    return {
      recordCountBand: recordCountBand!,
      patients: this.#ids.table(),
      patientOfRow: this.#patientOfRow.slice(0, this.#rows),
      encoded: this.#encodedRows(),
      commitment: this.#lines && (await commitmentOf(this.#lines)),
      format: this.#format,
      people: this.#people?.found(),
    };
  }

  #encodedRows(): EncodedRows | undefined {
    if (this.#encoder === undefined) return undefined;
    const { featureCount } = this.#encoder;
    const rest = this.#rows % PART_ROWS;
    if (rest > 0) this.#parts.push(this.#parts.pop()!.slice(0, rest * featureCount));
    return { featureCount, parts: this.#parts, labels: this.#labels.slice(0, this.#rows) };
  }

  #take(batch: RowBatch, problems: ProblemList): void {
    const { dictionary, onRows } = this.#wish;
    const { count, ids, lines } = batch;
    this.#reserve(this.#rows + count);
    const [patientIds, rowIds, commitment, people] = [this.#ids, this.#rowIds, this.#lines, this.#people];
    const isFine = problems.total === 0 && this.#problems.total === 0;
    for (let row = 0; row < count; row++) {
      // Without values there is no id, and rows with problems are only looked through for more of them.
      if (rowIds !== undefined && !isFine) continue;
      const id = ids?.[row];
      const patient = id === undefined ? rowIds!.numberOf(batch, row) : patientIds.numberOf(id);
      this.#patientOfRow[this.#rows + row] = patient;
      if (patient >= this.#rowsOfPatient.length) this.#growPatients();
      const own = (this.#rowsOfPatient[patient] ?? 0) + 1;
      if (own > dictionary.maxRowsPerPatient) problems.add(problem('TOO_MANY_ROWS', { line: lines[row]! }));
      else this.#rowsOfPatient[patient] = own;
      if (people?.count === patient) people.add(id ?? rowIds!.last);
      if (isFine && people?.isLeftOut(patient) !== true) commitment?.add(batch, row, id ?? rowIds!.last);
    }
    if (isFine && this.#encoder !== undefined) this.#encode(batch, this.#encoder);
    this.#rows += count;
    onRows?.(this.#rows);
  }

  #encode(batch: RowBatch, encoder: BatchEncoder): void {
    this.#labels.set(batch.labels.subarray(0, batch.count), this.#rows);
    for (let done = 0; done < batch.count; ) {
      const row = (this.#rows + done) % PART_ROWS;
      if (row === 0) {
        this.#claim(PART_ROWS * encoder.featureCount * 4);
        this.#parts.push(new Float32Array(PART_ROWS * encoder.featureCount));
      }
      const some = Math.min(batch.count - done, PART_ROWS - row);
      encoder.encode(batch, { from: done, to: done + some, into: this.#parts.at(-1)!, row });
      done += some;
    }
  }

  #reserve(rows: number): void {
    if (rows > this.#patientOfRow.length) {
      const size = rows * 2;
      this.#claim(size * 4);
      const larger = new Uint32Array(size);
      larger.set(this.#patientOfRow);
      this.#patientOfRow = larger;
    }
    if (this.#encoder !== undefined && rows > this.#labels.length) {
      const size = rows * 2;
      this.#claim(size * 8);
      const larger = new Float64Array(size);
      larger.set(this.#labels);
      this.#labels = larger;
    }
  }

  #growPatients(): void {
    this.#claim(this.#rowsOfPatient.length);
    const larger = new Uint8Array(this.#rowsOfPatient.length * 2);
    larger.set(this.#rowsOfPatient);
    this.#rowsOfPatient = larger;
  }

  #claim(bytes: number): void {
    this.#memoryLeft -= bytes;
    if (this.#memoryLeft < 0) throw new DataError([problem('FILE_TOO_LARGE')]);
  }
}

/**
 * Ids of patients where a file names none and each row is one: by what the row holds, and how many like it came before.
 *
 * Adding or removing a row then changes no other's id, and with it no other's side of the split (`split-patients.ts`),
 * as numbers of rows would.
 */
class RowIds {
  readonly #ids: PatientIds;
  readonly #texts: CanonicalValues;
  /** How many rows there are like a patient's, where more than one. */
  readonly #alike = new Map<number, number>();
  last = '';

  constructor(dictionary: Dictionary, ids: PatientIds) {
    this.#ids = ids;
    this.#texts = new CanonicalValues(dictionary);
  }

  numberOf(batch: RowBatch, row: number): number {
    const text = `{"label":${batch.labels[row]!},"values":${this.#texts.of(batch, row)}}`;
    const digest = createHash('sha256').update(text).digest('hex');
    const before = this.#ids.count;
    this.last = `${digest}-1`;
    const first = this.#ids.numberOf(this.last);
    if (first === before) return first;
    const alike = (this.#alike.get(first) ?? 1) + 1;
    this.#alike.set(first, alike);
    this.last = `${digest}-${alike}`;
    return this.#ids.numberOf(this.last);
  }
}

/** What computes CIDs is loaded for files that are committed to alone. */
async function commitmentOf(lines: CommitmentLines): Promise<string> {
  const { computeCid } = await import('../artefacts/content-id.ts');
  return computeCid(inTurn(lines.blocks()));
}

async function* inTurn(blocks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* blocks;
}
