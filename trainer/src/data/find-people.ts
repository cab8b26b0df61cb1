// Which patients of a file a population knows already, found while the file is read: by salted id alone, in flat
// arrays, for millions of them.
import { readFileSync } from 'node:fs';
import { otherSpellings } from './id-spellings.ts';
import { PATIENT_FLAGS } from './patient-flags.ts';
import {
  isHeldOutDigest,
  patientsDigest,
  SALTED_ID_BYTES,
  saltedDigest,
  sortSaltedIds,
} from './salted-ids.ts';

/** A file of a block's sorted salted ids, as the journal knows it. */
export interface BlockFile {
  readonly block: number;
  readonly path: string;
  readonly patientsSha256: string;
}

export interface KnownBlock extends BlockFile {
  /**
   * One bit for each of its patients, in their order: set for those that the revision is of. All of them where absent.
   */
  readonly members?: Uint8Array;
}

export interface OtherPeople {
  /** By which the answer names them. */
  readonly name: string;
  readonly salt: Uint8Array;
  readonly blocks: readonly BlockFile[];
}

/** What a population knows of its patients, and who of them is wanted. */
export interface PeopleWish {
  readonly salt: Uint8Array;
  readonly blocks: readonly KnownBlock[];
  /** [n · 16] sorted salted ids of those who withdrew. */
  readonly withdrawn: Uint8Array;
  /** Whether those who withdrew are left out of what is committed to. */
  readonly leavesOutWithdrawn: boolean;
  /** Whether patients of no block belong to what is committed to. */
  readonly takesNew: boolean;
  /** Populations of the same hospital, where patients who are new here are looked for. */
  readonly others?: readonly OtherPeople[];
}

export interface BlockMembers {
  readonly block: number;
  readonly patients: number;
  /** One bit for each of the block's patients, in their order. */
  readonly members: Uint8Array;
}

export interface PeopleFound {
  /** [patients] `PATIENT_FLAGS` of each. */
  readonly flags: Uint8Array;
  /** [patients] the block of each; 0 for none. */
  readonly blockOf: Uint32Array;
  /** Who of each block is in what is committed to. */
  readonly blocks: readonly BlockMembers[];
  /** [n · 16] sorted salted ids of those who are in no block and did not withdraw. */
  readonly fresh: Uint8Array<ArrayBuffer>;
  /** Names of the other people some of these are among. */
  readonly elsewhere: readonly string[];
  /** Of the first of these, how many were looked for by other spellings of their ids, and how many are known by one. */
  readonly spellings: { readonly lookedFor: number; readonly known: number };
}

/** A block's file is not what was written. */
export class BlockFileError extends Error {
  override readonly name = 'BlockFileError';
  readonly path: string;

  constructor(path: string, options?: ErrorOptions) {
    super(`${path} is not the file of salted ids that was written`, options);
    this.path = path;
  }
}

type Claim = (bytes: number) => void;

/** The salted ids of some blocks, with their places: an open table over their own bytes, which are uniform. */
class IdIndex {
  readonly #words: Uint32Array;
  readonly #table: Int32Array;

  constructor(ids: Uint8Array, claim: Claim) {
    this.#words = new Uint32Array(ids.buffer, ids.byteOffset, ids.length / 4);
    const count = ids.length / SALTED_ID_BYTES;
    const size = 2 ** Math.max(4, Math.ceil(Math.log2(2 * count + 1)));
    claim(size * 4);
    this.#table = new Int32Array(size).fill(-1);
    for (let id = 0; id < count; id++) {
      let place = this.#words[id * 4 + 1]! & (size - 1);
      while (this.#table[place]! >= 0) place = (place + 1) & (size - 1);
      this.#table[place] = id;
    }
  }

  /** The id's number; -1 for one that is not there. @param id [4] */
  find(id: Uint32Array): number {
    const [words, table] = [this.#words, this.#table];
    const mask = table.length - 1;
    for (let place = id[1]! & mask; ; place = (place + 1) & mask) {
      const at = table[place]!;
      if (at < 0) return -1;
      const from = at * 4;
      if (
        words[from] === id[0] &&
        words[from + 1] === id[1] &&
        words[from + 2] === id[2] &&
        words[from + 3] === id[3]
      ) {
        return at;
      }
    }
  }
}

/** The ids of blocks one after the other, each shown to be the one that was written. @throws BlockFileError */
function readBlocks(
  blocks: readonly BlockFile[],
  claim: Claim,
): { readonly ids: Uint8Array; readonly ends: readonly number[] } {
  const parts = blocks.map(({ path, patientsSha256 }) => {
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(path);
    } catch (cause) {
      throw new BlockFileError(path, { cause });
    }
    if (bytes.length % SALTED_ID_BYTES !== 0 || patientsDigest(bytes) !== patientsSha256) {
      throw new BlockFileError(path);
    }
    return bytes;
  });
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  claim(2 * size);
  const ids = new Uint8Array(size);
  const ends: number[] = [];
  let used = 0;
  for (const part of parts) {
    ids.set(part, used);
    used += part.length;
    ends.push(used / SALTED_ID_BYTES);
  }
  return { ids, ends };
}

/** New ids whose other spellings are looked for: what writes a file otherwise does so from its first rows on. */
const SPELLED_MAX = 1000;

/** Looks patients up in the order of their first rows. */
export class PeopleFinder {
  readonly #wish: PeopleWish;
  readonly #claim: Claim;
  readonly #index: IdIndex;
  readonly #ends: readonly number[];
  readonly #withdrawn: IdIndex;
  readonly #members: Uint8Array[];
  readonly #others: readonly { readonly name: string; readonly salt: Uint8Array; readonly index: IdIndex }[];
  readonly #elsewhere = new Set<string>();
  readonly #scratch = new Uint8Array(SALTED_ID_BYTES);
  readonly #words = new Uint32Array(this.#scratch.buffer);
  #flags = new Uint8Array(1024);
  #blockOf = new Uint32Array(1024);
  #fresh = new Uint8Array(1024 * SALTED_ID_BYTES);
  #freshCount = 0;
  #spelled = 0;
  #known = 0;
  #count = 0;
  #kept = 0;

  /** @throws BlockFileError */
  constructor(wish: PeopleWish, claim: Claim = () => {}) {
    this.#wish = wish;
    this.#claim = claim;
    const { ids, ends } = readBlocks(wish.blocks, claim);
    this.#index = new IdIndex(ids, claim);
    this.#ends = ends;
    this.#withdrawn = new IdIndex(Uint8Array.from(wish.withdrawn), claim);
    this.#members = ends.map((end, i) => new Uint8Array(Math.ceil((end - (ends[i - 1] ?? 0)) / 8)));
    this.#others = (wish.others ?? []).map(({ name, salt, blocks }) => ({
      name,
      salt,
      index: new IdIndex(readBlocks(blocks, claim).ids, claim),
    }));
  }

  /** How many patients there are so far. */
  get count(): number {
    return this.#count;
  }

  /** How many of them are not left out. */
  get kept(): number {
    return this.#kept;
  }

  isLeftOut(patient: number): boolean {
    return (this.#flags[patient]! & PATIENT_FLAGS.leftOut) !== 0;
  }

  /** The next patient. */
  add(patientId: string): void {
    const digest = saltedDigest(this.#wish.salt, patientId);
    this.#scratch.set(digest.subarray(0, SALTED_ID_BYTES));
    if (this.#count === this.#flags.length) this.#grow();
    const patient = this.#count++;
    const isWithdrawn = this.#withdrawn.find(this.#words) >= 0;
    const found = this.#index.find(this.#words);
    let isWanted = this.#wish.takesNew;
    if (found >= 0) isWanted = this.#meet(found, { patient, isWithdrawn });
    else if (isWithdrawn) isWanted &&= !this.#wish.leavesOutWithdrawn;
    else this.#addFresh(patientId);
    if (isWanted) this.#kept += 1;
    this.#flags[patient] =
      (isHeldOutDigest(digest) ? PATIENT_FLAGS.heldOut : 0) |
      (isWithdrawn ? PATIENT_FLAGS.withdrawn : 0) |
      (isWanted ? 0 : PATIENT_FLAGS.leftOut);
  }

  /** Of a block: whether the patient is wanted. */
  #meet(
    found: number,
    { patient, isWithdrawn }: { readonly patient: number; readonly isWithdrawn: boolean },
  ): boolean {
    let own = 0;
    for (let high = this.#ends.length - 1; own < high; ) {
      const middle = (own + high) >> 1;
      if (found < this.#ends[middle]!) high = middle;
      else own = middle + 1;
    }
    const { block, members } = this.#wish.blocks[own]!;
    const place = found - (this.#ends[own - 1] ?? 0);
    this.#blockOf[patient] = block;
    const isMember = members === undefined || (members[place >> 3]! & (1 << (place & 7))) !== 0;
    if (!isMember || (isWithdrawn && this.#wish.leavesOutWithdrawn)) return false;
    this.#members[own]![place >> 3]! |= 1 << (place & 7);
    return true;
  }

  #addFresh(patientId: string): void {
    const at = this.#freshCount * SALTED_ID_BYTES;
    if (at === this.#fresh.length) {
      this.#claim(this.#fresh.length);
      const larger = new Uint8Array(this.#fresh.length * 2);
      larger.set(this.#fresh);
      this.#fresh = larger;
    }
    this.#fresh.set(this.#scratch, at);
    this.#freshCount += 1;
    for (const { name, salt, index } of this.#others) {
      if (this.#elsewhere.has(name)) continue;
      this.#scratch.set(saltedDigest(salt, patientId).subarray(0, SALTED_ID_BYTES));
      if (index.find(this.#words) >= 0) this.#elsewhere.add(name);
    }
    if (this.#spelled === SPELLED_MAX) return;
    this.#spelled += 1;
    if (otherSpellings(patientId).some((id) => this.#isKnown(id))) this.#known += 1;
  }

  #isKnown(patientId: string): boolean {
    const places = [{ salt: this.#wish.salt, index: this.#index }, ...this.#others];
    return places.some(({ salt, index }) => {
      this.#scratch.set(saltedDigest(salt, patientId).subarray(0, SALTED_ID_BYTES));
      return index.find(this.#words) >= 0;
    });
  }

  found(): PeopleFound {
    this.#claim(this.#freshCount * SALTED_ID_BYTES * 2);
    return {
      flags: this.#flags.slice(0, this.#count),
      blockOf: this.#blockOf.slice(0, this.#count),
      blocks: this.#wish.blocks.map(({ block }, i) => {
        const members = this.#members[i]!;
        return { block, patients: countBits(members), members };
      }),
      fresh: sortSaltedIds(this.#fresh.subarray(0, this.#freshCount * SALTED_ID_BYTES)),
      elsewhere: [...this.#elsewhere],
      spellings: { lookedFor: this.#spelled, known: this.#known },
    };
  }

  #grow(): void {
    const size = this.#count * 2;
    this.#claim(size * 5);
    const [flags, blockOf] = [new Uint8Array(size), new Uint32Array(size)];
    flags.set(this.#flags);
    blockOf.set(this.#blockOf);
    [this.#flags, this.#blockOf] = [flags, blockOf];
  }
}

function countBits(bits: Uint8Array): number {
  let count = 0;
  for (let byte of bits) for (; byte !== 0; byte &= byte - 1) count += 1;
  return count;
}
