// All keys that a member has ever had: artefacts that were sealed to one open with it for good, whatever key is in
// force today. Each lies in a file of its own, which nobody writes again: `encryption-key.pem` is the first, as it was
// when there was one, then `encryption-key-2.pem` and so on.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ArtefactError } from './artefact-error.ts';
import { createMemberKeys, loadMemberKeys, loadOrCreateMemberKeys, type MemberKeys } from './member-keys.ts';

const FIRST = 'encryption-key.pem';
const LATER = /^encryption-key-([1-9][0-9]{0,5})\.pem$/;

const fileOf = (number: number): string => (number === 1 ? FIRST : `encryption-key-${number}.pem`);

const noKey = (directory: string): ArtefactError =>
  new ArtefactError('ARTEFACT_KEY_INVALID', `${directory} has no key yet: start the trainer once`);

/** Numbers of the keys in a folder, ascending. */
async function numbersIn(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  const later = names.flatMap((name) => LATER.exec(name)?.slice(1).map(Number) ?? []);
  return [...(names.includes(FIRST) ? [1] : []), ...later.filter((number) => number > 1)].sort(
    (a, b) => a - b,
  );
}

export class MemberKeyRing {
  readonly #directory: string | undefined;
  #keys: readonly MemberKeys[];

  private constructor(keys: readonly MemberKeys[], directory?: string) {
    this.#keys = keys;
    this.#directory = directory;
  }

  /** Of keys that lie in no file. */
  static of(...keys: readonly [MemberKeys, ...MemberKeys[]]): MemberKeyRing {
    return new MemberKeyRing(keys);
  }

  /**
   * Reads the keys in a folder; where there are none, makes the first.
   *
   * @throws ArtefactError ARTEFACT_KEY_INVALID where others may read a file or it holds no such key
   */
  static async open(directory: string): Promise<MemberKeyRing> {
    await loadOrCreateMemberKeys(join(directory, FIRST));
    return MemberKeyRing.existing(directory);
  }

  /** The same of a folder that has keys already. @throws ArtefactError ARTEFACT_KEY_INVALID */
  static async existing(directory: string): Promise<MemberKeyRing> {
    const ring = new MemberKeyRing([], directory);
    await ring.refresh();
    if (ring.keys.length === 0) throw noKey(directory);
    return ring;
  }

  /** The key to register next, or the one that is registered. */
  get newest(): MemberKeys {
    return this.#keys.at(-1)!;
  }

  /** From the newest to the first. */
  get keys(): readonly MemberKeys[] {
    return this.#keys.toReversed();
  }

  find(publicKey: string): MemberKeys | undefined {
    return this.#keys.find((key) => key.publicKey === publicKey);
  }

  /** Reads keys that were made since, by `consilium-trainer key rotate` while this process runs. */
  async refresh(): Promise<void> {
    const directory = this.#directory;
    if (directory === undefined) return;
    const keys: MemberKeys[] = [];
    for (const number of await numbersIn(directory)) {
      const key = await loadMemberKeys(join(directory, fileOf(number)));
      if (key !== undefined) keys.push(key);
    }
    this.#keys = keys;
  }
}

/**
 * Makes the member's next key, durably; the ones before stay.
 *
 * @throws ArtefactError ARTEFACT_KEY_INVALID where there is no key yet, or one that cannot be read
 */
export async function createNextKey(directory: string): Promise<MemberKeys> {
  const last = (await numbersIn(directory)).at(-1);
  if (last === undefined) throw noKey(directory);
  // What is already there must be readable, or it would be lost from sight behind a newer one.
  await loadMemberKeys(join(directory, fileOf(last)));
  return createMemberKeys(join(directory, fileOf(last + 1)));
}
