// Reads one column of a Parquet file from its pages, a few thousand rows at a time. What a dictionary page holds is
// checked once, not once per row; numbers are taken from their bytes as they are; all else goes through hyparquet.
import type { ColumnMetaData, Compressors, PageHeader } from 'hyparquet';
import { parquetHeader, readPage } from 'hyparquet/src/column.js';
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { readVarInt } from 'hyparquet/src/thrift.js';
import type { ByteSource } from './byte-source.ts';
import type { CellTarget } from './cell-target.ts';
import { DataError, type DataProblemCode, problem } from './data-problem.ts';
import { copyOwn, meaningAt, type PlainType, plainTypeOf, sizeOf } from './parquet-numbers.ts';
import { RunReader } from './parquet-runs.ts';
import { isText, TextReader } from './parquet-texts.ts';
import { BATCH_ROWS } from './row-batch.ts';

/** A page's header, and a small page with it. */
const WINDOW_BYTES = 2 ** 16;
/** No writer makes pages that unpack to more; they are unpacked whole. */
const PAGE_BYTES_MAX = 2 ** 28;
/** Values of a page that hyparquet unpacks at once. */
const PAGE_VALUES_MAX = 2 ** 22;
const DICTIONARY_MAX = 2 ** 24;

type ColumnDecoder = Parameters<typeof readPage>[2];

/** Of the batch that is read: columns take turns. */
const LEVELS = new Uint32Array(BATCH_ROWS);
const PLACES = new Uint32Array(BATCH_ROWS);

interface Page {
  left: number;
  /** Which rows have a value, where some may have none. */
  readonly levels: RunReader | undefined;
  readonly values:
    | { readonly kind: 'dictionary'; readonly places: RunReader }
    | { readonly kind: 'plain'; readonly view: DataView; at: number }
    | { readonly kind: 'texts'; readonly texts: TextReader }
    /** One per row, with nulls in place. */
    | { readonly kind: 'cells'; readonly cells: ArrayLike<unknown>; at: number };
}

export interface ColumnOptions {
  readonly source: ByteSource;
  readonly chunk: ColumnMetaData;
  readonly decoder: Omit<ColumnDecoder, 'parsers'>;
  readonly rows: number;
  readonly target: CellTarget;
  readonly onWrong: (row: number, code: DataProblemCode) => void;
  /** Called before bytes of pages are taken, and with fewer than none once they are given back. */
  readonly claim?: ((bytes: number) => void) | undefined;
}

/** One column of one group of rows. */
export class ParquetColumn {
  readonly #options: ColumnOptions;
  readonly #decoder: ColumnDecoder;
  readonly #plain: PlainType | undefined;
  readonly #isOptional: boolean;
  readonly #end: number;
  #at: number;
  #rowsToCome: number;
  #page: Page | undefined;
  #pageBytes = 0;
  /** Of what stays until the last page: the dictionary, and all of a short column. */
  #keptBytes = 0;
  #window: { readonly at: number; readonly bytes: Uint8Array } | undefined;
  /** As hyparquet has it, and each value as the target reads it. */
  #dictionary: ArrayLike<unknown> | undefined;
  #meanings: readonly (number | string)[] | Float64Array = [];
  #wrongs: readonly (DataProblemCode | undefined)[] | undefined;
  readonly #missing: { readonly meaning: number | string; readonly wrong: DataProblemCode | undefined };

  constructor(options: ColumnOptions) {
    this.#options = options;
    const { chunk, decoder, rows, source, target } = options;
    this.#decoder = { ...decoder, ...chunk, parsers: DEFAULT_PARSERS } as ColumnDecoder;
    this.#isOptional = decoder.element.repetition_type !== 'REQUIRED';
    this.#plain = plainTypeOf(decoder.element);
    const [data, dictionary] = [Number(chunk.data_page_offset), Number(chunk.dictionary_page_offset ?? 0)];
    this.#at = dictionary > 0 && dictionary < data ? dictionary : data;
    this.#end = this.#at + Number(chunk.total_compressed_size);
    if (!(this.#at >= 0 && this.#end <= source.sizeBytes)) throw damaged();
    this.#rowsToCome = rows;
    this.#missing = { meaning: target.read(null), wrong: target.takeWrong() };
  }

  /** Reads the next rows, at most `BATCH_ROWS`, into the beginning of the target. @throws DataError */
  read(count: number): void {
    for (let done = 0; done < count; ) {
      if (this.#page === undefined || this.#page.left === 0) this.#page = this.#nextPage();
      const some = Math.min(this.#page.left, count - done);
      this.#take(this.#page, done, some);
      this.#page.left -= some;
      done += some;
    }
  }

  /** Gives back what its pages take. Nothing can be read any more. */
  close(): void {
    this.#options.claim?.(-this.#pageBytes - this.#keptBytes);
    this.#page = this.#dictionary = this.#window = undefined;
    this.#pageBytes = this.#keptBytes = 0;
  }

  #claimPage({ type, compressed_page_size: packed, uncompressed_page_size: unpacked }: PageHeader): void {
    const bytes = packed + unpacked;
    if (type === 'DICTIONARY_PAGE') this.#keptBytes += bytes;
    else this.#pageBytes += bytes;
    this.#options.claim?.(bytes);
  }

  #take(page: Page, row: number, count: number): void {
    const { target, onWrong } = this.#options;
    const { values } = page;
    if (values.kind === 'cells') {
      for (let i = 0; i < count; i++) {
        target.set(row + i, target.read(values.cells[values.at++]));
        const wrong = target.takeWrong();
        if (wrong !== undefined) onWrong(row + i, wrong);
      }
      return;
    }
    const levels = LEVELS;
    let present = count;
    const isWhole = page.levels === undefined || page.levels.takeIfAll(1, count);
    if (!isWhole) {
      page.levels!.take(levels, count);
      present = 0;
      for (let i = 0; i < count; i++) present += levels[i]!;
    }
    if (values.kind === 'texts') this.#setTexts(values.texts, { row, count, isWhole });
    else if (values.kind === 'plain') this.#setPlain(values, { row, count, isWhole });
    else this.#setFromDictionary(values.places, { row, count, present });
  }

  #setFromDictionary(
    run: RunReader,
    { row, count, present }: { readonly row: number; readonly count: number; readonly present: number },
  ): void {
    const { target, onWrong } = this.#options;
    const meanings = this.#meanings;
    const wrongs = this.#wrongs;
    const places = PLACES;
    const levels = LEVELS;
    const isWhole = present === count;
    const { meaning, wrong: missingWrong } = this.#missing;
    if (target.isOnlyChecked === true && wrongs === undefined && (isWhole || missingWrong === undefined)) {
      if (!run.areBelow(meanings.length, present)) throw damaged();
      return;
    }
    if (isWhole && wrongs === undefined && target.into !== undefined && meanings instanceof Float64Array) {
      if (!run.takeMeanings(meanings, { into: target.into, from: row, count })) throw damaged();
      return;
    }
    run.take(places, present);
    let next = 0;
    for (let i = 0; i < count; i++) {
      if (!isWhole && levels[i] === 0) {
        target.set(row + i, meaning);
        if (missingWrong !== undefined) onWrong(row + i, missingWrong);
        continue;
      }
      const place = places[next++]!;
      if (place >= meanings.length) throw damaged();
      target.set(row + i, meanings[place]!);
      const wrong = wrongs?.[place];
      if (wrong !== undefined) onWrong(row + i, wrong);
    }
  }

  #setTexts(
    texts: TextReader,
    { row, count, isWhole }: { readonly row: number; readonly count: number; readonly isWhole: boolean },
  ): void {
    const { target, onWrong } = this.#options;
    const { meaning, wrong: missingWrong } = this.#missing;
    for (let i = row; i < row + count; i++) {
      const isMissing = !isWhole && LEVELS[i - row] === 0;
      target.set(i, isMissing ? meaning : target.read(texts.take()));
      const wrong = isMissing ? missingWrong : target.takeWrong();
      if (wrong !== undefined) onWrong(i, wrong);
    }
  }

  #setPlain(
    values: { readonly view: DataView; at: number },
    { row, count, isWhole }: { readonly row: number; readonly count: number; readonly isWhole: boolean },
  ): void {
    const { target, onWrong } = this.#options;
    const { meaning, wrong: missingWrong } = this.#missing;
    const { view } = values;
    const type = this.#plain!;
    const size = sizeOf(type);
    const { into } = target;
    let done = 0;
    if (isWhole && type === 'DOUBLE' && into !== undefined) {
      done = copyOwn(view, { target, into, from: row, count, at: values.at });
      values.at += done * 8;
    }
    for (let i = done; i < count; i++) {
      if (!isWhole && LEVELS[i] === 0) {
        target.set(row + i, meaning);
        if (missingWrong !== undefined) onWrong(row + i, missingWrong);
        continue;
      }
      target.set(row + i, meaningAt(target, { view, at: values.at, type }));
      values.at += size;
      const wrong = target.takeWrong();
      if (wrong !== undefined) onWrong(row + i, wrong);
    }
  }

  #nextPage(): Page {
    this.#page = undefined;
    this.#options.claim?.(-this.#pageBytes);
    this.#pageBytes = 0;
    for (;;) {
      if (this.#at >= this.#end || this.#rowsToCome <= 0) throw damaged();
      const { header, body } = this.#readPageBytes();
      if (header.type === 'DICTIONARY_PAGE') {
        this.#readDictionary(header, body);
        continue;
      }
      const about = header.data_page_header ?? header.data_page_header_v2;
      if (about === undefined) continue;
      const { num_values: count, encoding } = about;
      if (!Number.isSafeInteger(count) || count < 0 || count > this.#rowsToCome) throw damaged();
      const nulls = header.data_page_header_v2?.num_nulls ?? 0;
      if (!(nulls >= 0 && nulls <= count)) throw damaged();
      if (count === 0) continue;
      this.#rowsToCome -= count;
      const isPlaces = encoding === 'RLE_DICTIONARY' || encoding === 'PLAIN_DICTIONARY';
      if (encoding === 'RLE' && this.#decoder.type === 'BOOLEAN') return this.#booleanPage(header, body);
      const isOwn =
        isPlaces || (encoding === 'PLAIN' && (this.#plain !== undefined || isText(this.#decoder.element)));
      return isOwn ? this.#ownPage(header, body, isPlaces) : this.#cellsPage(header, body, count);
    }
  }

  #readPageBytes(): { header: PageHeader; body: Uint8Array } {
    const { source } = this.#options;
    for (let wanted = WINDOW_BYTES; ; wanted *= 16) {
      const window = this.#windowOf(wanted);
      const reader = { view: new DataView(window.buffer, window.byteOffset, window.length), offset: 0 };
      let header: PageHeader;
      try {
        header = parquetHeader(reader);
      } catch (error) {
        if (!(error instanceof RangeError) || window.length < wanted || wanted > PAGE_BYTES_MAX) throw error;
        continue;
      }
      const size = header.compressed_page_size;
      const start = this.#at + reader.offset;
      if (!(size >= 0 && start + size <= this.#end)) throw damaged();
      if (!(header.uncompressed_page_size >= 0)) throw damaged();
      if (Math.max(size, header.uncompressed_page_size) > PAGE_BYTES_MAX) {
        throw new DataError([problem('FILE_TOO_LARGE')]);
      }
      this.#claimPage(header);
      const isInside = reader.offset + size <= window.length;
      const body = isInside ? window.subarray(reader.offset, reader.offset + size) : source.read(start, size);
      if (body.length < size) throw damaged();
      this.#at = start + size;
      return { header, body };
    }
  }

  /** What lies ahead: of a short column all, which is read once. */
  #windowOf(wanted: number): Uint8Array {
    if (this.#window !== undefined) return this.#window.bytes.subarray(this.#at - this.#window.at);
    const length = Math.min(wanted, this.#end - this.#at);
    const bytes = this.#options.source.read(this.#at, length);
    if (wanted === WINDOW_BYTES && this.#at + bytes.length === this.#end) {
      this.#keptBytes += bytes.length;
      this.#options.claim?.(bytes.length);
      this.#window = { at: this.#at, bytes };
    }
    return bytes;
  }

  #readDictionary(header: PageHeader, body: Uint8Array): void {
    const count = header.dictionary_page_header?.num_values ?? 0;
    if (!(count >= 0 && count <= DICTIONARY_MAX)) throw damaged();
    const { target } = this.#options;
    if (this.#plain !== undefined && target.readNumber !== undefined) {
      this.#readNumbers(this.#unpack(body, header.uncompressed_page_size), { count, type: this.#plain });
      // For pages of other encodings, which hyparquet reads.
      this.#dictionary = [];
      return;
    }
    if (isText(this.#decoder.element)) {
      this.#readTexts(this.#unpack(body, header.uncompressed_page_size), count);
      this.#dictionary = [];
      return;
    }
    const { data } = readPage(readerOf(body), header, this.#decoder, undefined, undefined, 0);
    const dictionary: ArrayLike<unknown> = data === undefined ? [] : convert(data, this.#decoder);
    this.#dictionary = dictionary;
    const meanings: (number | string)[] = [];
    const wrongs: (DataProblemCode | undefined)[] = [];
    for (let place = 0; place < dictionary.length; place++) {
      meanings.push(target.read(dictionary[place]));
      wrongs.push(target.takeWrong());
    }
    const isNumbers = meanings.every((meaning) => typeof meaning === 'number');
    this.#meanings = isNumbers ? Float64Array.from(meanings) : meanings;
    this.#wrongs = wrongs.some((wrong) => wrong !== undefined) ? wrongs : undefined;
  }

  /** What the texts of a dictionary page mean. */
  #readTexts(bytes: Uint8Array, count: number): void {
    const { target } = this.#options;
    const texts = new TextReader(bytes, 0);
    const meanings: (number | string)[] = [];
    const wrongs = new Map<number, DataProblemCode>();
    for (let place = 0; place < count; place++) {
      meanings.push(target.read(texts.take()));
      const wrong = target.takeWrong();
      if (wrong !== undefined) wrongs.set(place, wrong);
    }
    const isNumbers = meanings.every((meaning) => typeof meaning === 'number');
    this.#meanings = isNumbers ? Float64Array.from(meanings) : meanings;
    this.#wrongs = wrongs.size === 0 ? undefined : meanings.map((_, place) => wrongs.get(place));
  }

  /** What the numbers of a dictionary page mean. */
  #readNumbers(
    bytes: Uint8Array,
    { count, type }: { readonly count: number; readonly type: PlainType },
  ): void {
    const { target } = this.#options;
    const size = sizeOf(type);
    if (bytes.length < count * size) throw damaged();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const meanings = new Float64Array(count);
    const wrongs = new Map<number, DataProblemCode>();
    const own = type === 'DOUBLE' ? copyOwn(view, { target, into: meanings, from: 0, count }) : 0;
    for (let place = own; place < count; place++) {
      meanings[place] = meaningAt(target, { view, at: place * size, type }) as number;
      const wrong = target.takeWrong();
      if (wrong !== undefined) wrongs.set(place, wrong);
    }
    this.#meanings = meanings;
    this.#wrongs = wrongs.size === 0 ? undefined : Array.from(meanings, (_, place) => wrongs.get(place));
  }

  #ownPage(header: PageHeader, body: Uint8Array, isPlaces: boolean): Page {
    const about = header.data_page_header ?? header.data_page_header_v2!;
    const [bytes, levelsAt, valuesAt] = this.#unpackPage(header, body);
    const levels = levelsAt === undefined ? undefined : new RunReader(bytes, levelsAt, 1);
    if (!isPlaces && this.#plain === undefined) {
      return {
        left: about.num_values,
        levels,
        values: { kind: 'texts', texts: new TextReader(bytes, valuesAt) },
      };
    }
    if (!isPlaces) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      return { left: about.num_values, levels, values: { kind: 'plain', view, at: valuesAt } };
    }
    const width = bytes[valuesAt] ?? 0;
    const places =
      width === 0
        ? new RunReader(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f), 0, 0)
        : new RunReader(bytes, valuesAt + 1, width);
    return { left: about.num_values, levels, values: { kind: 'dictionary', places } };
  }

  #booleanPage(header: PageHeader, body: Uint8Array): Page {
    const { target } = this.#options;
    const about = header.data_page_header ?? header.data_page_header_v2!;
    const [bytes, levelsAt, valuesAt] = this.#unpackPage(header, body);
    const read = [false, true].map((value) => ({ meaning: target.read(value), wrong: target.takeWrong() }));
    this.#meanings = read.map(({ meaning }) => meaning);
    this.#wrongs = read.map(({ wrong }) => wrong);
    return {
      left: about.num_values,
      levels: levelsAt === undefined ? undefined : new RunReader(bytes, levelsAt, 1),
      // Four bytes say how long the runs are.
      values: { kind: 'dictionary', places: new RunReader(bytes, valuesAt + 4, 1) },
    };
  }

  /** Bytes in which a page's levels and values begin. */
  #unpackPage(header: PageHeader, body: Uint8Array): [Uint8Array, number | undefined, number] {
    const v2 = header.data_page_header_v2;
    const size = header.uncompressed_page_size;
    if (v2 === undefined) {
      const bytes = this.#unpack(body, size);
      if (!this.#isOptional) return [bytes, undefined, 0];
      if (bytes.length < 4) throw damaged();
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
      if (length > bytes.length - 4) throw damaged();
      return [bytes, 4, 4 + length];
    }
    const levelBytes = v2.repetition_levels_byte_length + v2.definition_levels_byte_length;
    if (!(v2.repetition_levels_byte_length === 0 && levelBytes >= 0 && levelBytes <= body.length))
      throw damaged();
    const rest = body.subarray(levelBytes);
    const values = v2.is_compressed === false ? rest : this.#unpack(rest, size - levelBytes);
    const bytes = new Uint8Array(levelBytes + values.length);
    bytes.set(body.subarray(0, levelBytes));
    bytes.set(values, levelBytes);
    return [bytes, this.#isOptional ? v2.repetition_levels_byte_length : undefined, levelBytes];
  }

  #unpack(packed: Uint8Array, size: number): Uint8Array {
    const { codec } = this.#options.chunk;
    if (codec === 'UNCOMPRESSED' || packed.length === 0) return packed;
    if (size < 0) throw damaged();
    const unpack = (this.#decoder.compressors as Compressors | undefined)?.[codec];
    if (unpack === undefined) {
      throw new DataError([problem('PARQUET_FORM', { column: this.#decoder.pathInSchema.join('.') })]);
    }
    return unpack(packed, size) as Uint8Array;
  }

  #checkDifferences(header: PageHeader, body: Uint8Array, encoding: string): void {
    const [bytes, levelsAt, valuesAt] = this.#unpackPage(header, body);
    const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), offset: valuesAt };
    checkBlocks(reader);
    if (encoding !== 'DELTA_BYTE_ARRAY') return;
    // The lengths of what texts share come first, then those of what they do not.
    const { num_values: count } = header.data_page_header ?? header.data_page_header_v2!;
    let present = count - (header.data_page_header_v2?.num_nulls ?? 0);
    if (header.data_page_header !== undefined && levelsAt !== undefined) {
      const levels = new Uint32Array(count);
      new RunReader(bytes, levelsAt, 1).take(levels, count);
      present = levels.reduce((sum, level) => sum + level, 0);
    }
    if (!(present >= 0 && present <= count)) throw damaged();
    deltaBinaryUnpack(reader, present, new Int32Array(present));
    checkBlocks(reader);
  }

  #cellsPage(header: PageHeader, body: Uint8Array, count: number): Page {
    if (count > PAGE_VALUES_MAX) throw new DataError([problem('FILE_TOO_LARGE')]);
    const { encoding } = header.data_page_header ?? header.data_page_header_v2!;
    if (encoding.startsWith('DELTA_')) this.#checkDifferences(header, body, encoding);
    const [bytes, levelsAt] = this.#unpackPage(header, body);
    if (levelsAt !== undefined) RunReader.check(bytes, { start: levelsAt, width: 1, count });
    const dictionary = this.#dictionary as never;
    const { data } = readPage(readerOf(body), header, this.#decoder, dictionary, undefined, 0);
    if (data?.length !== count) throw damaged();
    return { left: count, levels: undefined, values: { kind: 'cells', cells: data, at: 0 } };
  }
}

/**
 * Refuses differences whose blocks are none: hyparquet would go backwards in them without end.
 *
 * @param reader where they begin; left there
 */
function checkBlocks({ view, offset }: { readonly view: DataView; readonly offset: number }): void {
  const reader = { view, offset };
  const [size, parts] = [readVarInt(reader), readVarInt(reader)];
  if (!(size > 0 && size <= 2 ** 20 && parts > 0 && size % parts === 0 && (size / parts) % 32 === 0)) {
    throw damaged();
  }
}

const damaged = (): DataError => new DataError([problem('PARQUET_DAMAGED')]);

/** Of a copy: views of numbers want to begin where their size divides. */
const readerOf = (body: Uint8Array) => ({
  view: new DataView(body.buffer, body.byteOffset, body.length),
  offset: 0,
});
