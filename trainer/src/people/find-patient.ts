// Where a patient is in the blocks of a population, for the few ids that people ask about.
import { readFile } from 'node:fs/promises';
import { setImmediate as othersTurn } from 'node:timers/promises';
import { SALTED_ID_BYTES, saltedDigest } from '../data/salted-ids.ts';
import type { TrainerContext } from '../study/trainer-context.ts';

type Journal = TrainerContext['journal'];

/** Ids that are hashed before others have their turn. */
const IDS_A_TURN = 4096;

/** The salted id of each. */
export async function saltedIdsOf(salt: Uint8Array, ids: readonly string[]): Promise<Buffer[]> {
  const people: Buffer[] = [];
  for (const [i, id] of ids.entries()) {
    if (i % IDS_A_TURN === IDS_A_TURN - 1) await othersTurn();
    people.push(Buffer.from(saltedDigest(salt, id).subarray(0, SALTED_ID_BYTES)));
  }
  return people;
}

export interface PatientPlace {
  readonly block: number;
  readonly place: number;
}

/** Where each salted id is, in the order given; undefined for somebody whom no block has. */
export async function findPatients(
  journal: Journal,
  { populationId, people }: { readonly populationId: string; readonly people: readonly Buffer[] },
): Promise<(PatientPlace | undefined)[]> {
  const places: (PatientPlace | undefined)[] = people.map(() => undefined);
  for (const block of journal.blocks(populationId)) {
    const bytes = await readFile(journal.blockPath(block.patientsSha256));
    for (const [i, person] of people.entries()) {
      const place = places[i] === undefined ? placeIn(bytes, person) : -1;
      if (place >= 0) places[i] = { block: block.block, place };
    }
  }
  return places;
}

/** Place of a salted id among sorted ones; -1 where it is not there. */
function placeIn(sorted: Buffer, person: Buffer): number {
  let [low, high] = [0, sorted.length / SALTED_ID_BYTES - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const from = middle * SALTED_ID_BYTES;
    const order = sorted.compare(person, 0, SALTED_ID_BYTES, from, from + SALTED_ID_BYTES);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
