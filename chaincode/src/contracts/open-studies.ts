// Which studies a member has open, as rows of their own: one a study, written by what opens, starts and ends it, so
// that they are counted without a row that all would write. Studies from before there were such rows count from
// their start on; a study that was running by then is not counted.
import { openStage, ROW_SCHEMA, type StudyRow } from '@consilium/domain';
import { requireRoom } from '@consilium/domain/rules';
import type { Ledger } from '../ledger/ledger.ts';

/**
 * Writes a study and moves it among its requester's open ones.
 *
 * @throws DomainError TOO_MANY_STUDIES where it would be one more than a member may have
 */
export async function putStudy(ledger: Ledger, study: StudyRow, before: StudyRow | undefined): Promise<void> {
  const { requester, studyId } = study;
  const [from, to] = [before && openStage(before), openStage(study)];
  const rowAt = (stage: NonNullable<typeof from>) =>
    ({ schema: ROW_SCHEMA['open-study'], requester, stage, studyId }) as const;
  if (to !== undefined && to !== from) {
    requireRoom(to, await ledger.all('open-study', requester, to));
    await ledger.put('open-study', rowAt(to));
  }
  if (from !== undefined && from !== to) await ledger.remove('open-study', rowAt(from));
  await ledger.put('study', study);
}
