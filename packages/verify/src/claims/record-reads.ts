// That the record of a study leaves nothing out: peers that answered read every row that there could be, also those
// that are not there. What a read set says of a missing row is signed as what it says of others.
import type { StudyRecord } from '@consilium/domain';
import type { Problem } from '../blocks/block-replay.ts';
import { rowKey } from '../blocks/read-write-set.ts';
import type { AgreedAnswer } from './signed-answers.ts';

/** Rows of which no peer said whether they are there. */
export function missingReads(
  { study, rounds }: Omit<StudyRecord, 'bookmark'>,
  reads: AgreedAnswer['reads'],
  chaincode: string,
): Problem[] {
  const read = new Map(
    reads.flatMap(([namespace, { key, version }]) =>
      namespace === chaincode ? [[key, version] as const] : [],
    ),
  );
  const problems: Problem[] = [];
  const wanted = (noun: string, ...parts: readonly string[]): void => {
    if (read.has(rowKey(noun, parts))) return;
    problems.push({ place: 'answers', text: `nobody read whether there is a ${noun} ${parts.join(' ')}` });
  };
  const { studyId } = study;
  for (const datasetId of study.datasets) wanted('consent', studyId, datasetId);
  for (const [i, { round }] of rounds.entries()) {
    if (round.round !== i + 1) problems.push({ place: 'lineage', text: `round ${i + 1} is missing` });
    const number = numberKey(round.round);
    for (const { datasetId } of round.participants) wanted('update', studyId, number, datasetId);
    for (const mspId of round.validators) {
      wanted('verdict', studyId, number, mspId);
      wanted('attestation', studyId, number, mspId);
    }
  }
  const next = rounds.length + 1;
  if (next > study.rounds) return problems;
  wanted('round', studyId, numberKey(next));
  if (read.get(rowKey('round', [studyId, numberKey(next)])) !== undefined) {
    problems.push({ place: 'lineage', text: `round ${next} is missing` });
  }
  return problems;
}

const numberKey = (number: number): string => String(number).padStart(5, '0');
