// The ids of a dataset's patients, each once, as bytes: millions of texts and a map of them would take some gigabytes.
import { randomBytes } from 'node:crypto';
import { DataError, problem } from './data-problem.ts';

const CHUNK_BYTES = 2 ** 22;
const LONGEST_ID_BYTES = 2 ** 16;
/** The table is doubled where more than so much of it is taken. */
const FULLEST = 0.6;

/** What is known of ids, in a form that threads can hand over. */
export interface PatientIdTable {
  readonly count: number;
  readonly chunks: readonly Uint8Array[];
  /** [count] where each id begins: its chunk's number times the size of chunks, and its place there. */
  readonly starts: Float64Array;
  readonly lengths: Uint32Array;
}

/** The id of a patient, by number. */
export function patientIdAt({ chunks, starts, lengths }: PatientIdTable, patient: number): string {
  const start = starts[patient]!;
  const chunk = chunks[Math.floor(start / CHUNK_BYTES)]!;
  const at = start % CHUNK_BYTES;
  return Buffer.from(chunk.buffer, chunk.byteOffset + at, lengths[patient]).toString();
}

/** The bytes of the id, to be read at once. */
export function patientIdBytes({ chunks, starts, lengths }: PatientIdTable, patient: number): Uint8Array {
  const start = starts[patient]!;
  const at = start % CHUNK_BYTES;
  return chunks[Math.floor(start / CHUNK_BYTES)]!.subarray(at, at + lengths[patient]!);
}

/** Numbers patients by their ids, in the order of their first appearance. */
export class PatientIds {
  count = 0;
  readonly #chunks: Uint8Array[] = [];
  #used = CHUNK_BYTES;
  #starts = new Float64Array(1024);
  #lengths = new Uint32Array(1024);
  #hashes = new Uint32Array(1024);
  #table = new Int32Array(4096).fill(-1);
  readonly #claim: (bytes: number) => void;
  readonly #scratch = new Uint8Array(LONGEST_ID_BYTES);
  readonly #encoder = new TextEncoder();
  /** Secret, so that nobody can choose ids that are slow to tell apart. */
  readonly #seed = randomBytes(4).readUInt32LE();

  /** @param claim called before bytes are taken; what it throws ends the reading */
  constructor(claim: (bytes: number) => void = () => {}) {
    this.#claim = claim;
  }

  /** The patient's number: `count` as it was, where the id is new. @throws DataError FILE_TOO_LARGE for a long id */
  numberOf(id: string): number {
    const scratch = this.#scratch;
    let length = 0;
    for (; length < id.length && length < LONGEST_ID_BYTES; length++) {
      const code = id.charCodeAt(length);
      if (code > 127) break;
      scratch[length] = code;
    }
    if (length < id.length) {
      const { read, written } = this.#encoder.encodeInto(id, scratch);
      if (read < id.length) throw new DataError([problem('FILE_TOO_LARGE')]);
      length = written;
    }
    const hash = this.#hashOf(length);
    const mask = this.#table.length - 1;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const patient = this.#table[place]!;
      if (patient < 0) {
        this.#table[place] = this.count;
        return this.#add(hash, length);
      }
      if (this.#hashes[patient] === hash && this.#isScratch(patient, length)) return patient;
    }
  }

  /** What is known; nothing is added afterwards. */
  table(): PatientIdTable {
    const { count } = this;
    return {
      count,
      chunks: this.#chunks,
      starts: this.#starts.slice(0, count),
      lengths: this.#lengths.slice(0, count),
    };
  }

  #hashOf(length: number): number {
    const scratch = this.#scratch;
    let hash = this.#seed;
    for (let i = 0; i < length; i++) {
      hash = Math.imul(hash ^ scratch[i]!, 0x01000193);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    return (hash ^ (hash >>> 13)) >>> 0;
  }

  #isScratch(patient: number, length: number): boolean {
    if (this.#lengths[patient] !== length) return false;
    const start = this.#starts[patient]!;
    const chunk = this.#chunks[Math.floor(start / CHUNK_BYTES)]!;
    const at = start % CHUNK_BYTES;
    for (let i = 0; i < length; i++) if (chunk[at + i] !== this.#scratch[i]) return false;
    return true;
  }

  #add(hash: number, length: number): number {
    const patient = this.count++;
    if (this.#used + length > CHUNK_BYTES) {
      this.#claim(CHUNK_BYTES);
      this.#chunks.push(new Uint8Array(CHUNK_BYTES));
      this.#used = 0;
    }
    const [scratch, chunk, used] = [this.#scratch, this.#chunks[this.#chunks.length - 1]!, this.#used];
    for (let i = 0; i < length; i++) chunk[used + i] = scratch[i]!;
    if (patient === this.#starts.length) this.#grow();
    this.#starts[patient] = (this.#chunks.length - 1) * CHUNK_BYTES + this.#used;
    this.#lengths[patient] = length;
    this.#hashes[patient] = hash;
    this.#used += length;
    if (this.count > this.#table.length * FULLEST) this.#rehash();
    return patient;
  }

  #grow(): void {
    const size = this.count * 2;
    this.#claim(size * 8);
    const [starts, lengths, hashes] = [new Float64Array(size), new Uint32Array(size), new Uint32Array(size)];
    starts.set(this.#starts);
    lengths.set(this.#lengths);
    hashes.set(this.#hashes);
    [this.#starts, this.#lengths, this.#hashes] = [starts, lengths, hashes];
  }

  #rehash(): void {
    this.#claim(this.#table.byteLength);
    const table = new Int32Array(this.#table.length * 2).fill(-1);
    const mask = table.length - 1;
    for (let patient = 0; patient < this.count; patient++) {
      let place = this.#hashes[patient]! & mask;
      while (table[place]! >= 0) place = (place + 1) & mask;
      table[place] = patient;
    }
    this.#table = table;
  }
}
