// Units of studies' patients as they were read, for the next round on the same patients. They are known by a digest of
// all that they follow from, the file's bytes among them, so that no round meets others than reading again would give.
import { createHash } from 'node:crypto';
import { canonicalJson, type Dictionary } from '@consilium/domain';
import type { PeopleWish } from './find-people.ts';
import { PATIENT_FLAGS } from './patient-flags.ts';
import type { Dataset } from './read-dataset.ts';
import { type LabelledUnits, SIDES, type SplitDataset, type UnitOfPrivacy } from './split-patients.ts';

/** A study's units, and the commitment to the rows that they were read with. */
export interface StudyUnits extends SplitDataset {
  readonly commitment: string | undefined;
}

/** Whose rows a study is given, and as what. */
export interface UnitsWish {
  readonly dictionary: Dictionary;
  readonly salt: Uint8Array;
  readonly people: PeopleWish;
  /** Blocks of the population that a consent names. */
  readonly blocks: readonly number[];
  readonly unit: UnitOfPrivacy;
}

/** [patients] on which side of the split each is, and who is on neither. */
export function sidesOf({ people }: Dataset, blocks: readonly number[]): Uint8Array {
  const given = new Set(blocks);
  const { flags, blockOf } = people!;
  return flags.map((flag, patient) => {
    if ((flag & (PATIENT_FLAGS.leftOut | PATIENT_FLAGS.withdrawn)) !== 0) return SIDES.neither;
    // Where there is no register yet, everyone is of block 1.
    if (!given.has(blockOf[patient]! || 1)) return SIDES.neither;
    return (flag & PATIENT_FLAGS.heldOut) === 0 ? SIDES.training : SIDES.heldOut;
  });
}

/**
 * What a study's units follow from, as a digest: whatever changes them, or the commitment, is in it.
 *
 * @param file what it holds and what it is called, since a name's ending can refuse it
 */
export function unitsKey(
  { dictionary, salt, people, blocks, unit }: UnitsWish,
  file: { readonly sha256: string; readonly name: string },
): string {
  const { leavesOutWithdrawn, takesNew, withdrawn } = people;
  const ending = /[.][a-z]+$/i.exec(file.name)?.[0].toLowerCase() ?? '';
  const known = people.blocks.map(({ block, patientsSha256 }) => [block, patientsSha256]);
  const words = canonicalJson({
    ...{ dictionary, blocks, unit, ending, known, leavesOutWithdrawn, takesNew },
    ...{ sha256: file.sha256, named: people.blocks.map(({ members }) => members !== undefined) },
  });
  const members = people.blocks.map((block) => block.members ?? new Uint8Array());
  const hash = createHash('sha256');
  // Each with its length, so that no two wishes have the same bytes.
  for (const part of [new TextEncoder().encode(words), salt, people.salt, withdrawn, ...members]) {
    hash.update(`${part.length};`).update(part);
  }
  return hash.digest('hex');
}

const bytesOf = ({ training, heldOut }: StudyUnits): number => {
  const own = ({ features, labels, rowOffsets }: LabelledUnits) =>
    features.byteLength + labels.byteLength + rowOffsets.byteLength;
  return own(training) + own(heldOut);
};

/** After so long without a round, patients' rows are let go of. */
const KEPT_MS = 600_000;

export class PreparedUnits {
  readonly #bytesMax: number;
  /** The one that was used longest ago first. */
  readonly #kept = new Map<string, StudyUnits>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param bytesMax of all units that are kept */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytesMax(): number {
    return this.#bytesMax;
  }

  get(key: string): StudyUnits | undefined {
    const units = this.#kept.get(key);
    if (units === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, units);
    this.#wait();
    return units;
  }

  /** Nobody changes them from now on. Units that take more than all may are not kept. */
  keep(key: string, units: StudyUnits): void {
    const own = bytesOf(units);
    if (own > this.#bytesMax) return;
    this.#forget(key);
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes + own <= this.#bytesMax) break;
      this.#forget(oldest);
    }
    this.#kept.set(key, units);
    this.#bytes += own;
    this.#wait();
  }

  letGo(): void {
    this.#kept.clear();
    this.#bytes = 0;
    clearTimeout(this.#timer);
  }

  #forget(key: string): void {
    const units = this.#kept.get(key);
    if (units === undefined) return;
    this.#kept.delete(key);
    this.#bytes -= bytesOf(units);
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.letGo(), KEPT_MS).unref();
  }
}
