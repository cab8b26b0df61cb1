// What is to be erased after withdrawals, read from consents, rounds and updates.
import type { Argument, DatasetErasures, RoundRow, Update } from '@consilium/domain';
import { erasuresOf, type UpdatedRound } from '@consilium/domain/rules';
import type { Ledger } from '../ledger/ledger.ts';
import type { Page } from '../ledger/page.ts';
import { roundKey } from '../ledger/rows.ts';
import { consentOf, findStudy, roundNow, roundsOf } from './find.ts';

/** How many consents one page looks at, at most: of each withdrawn one, every update is read. */
const LOOKED_AT = 10;

/** The rounds in which a dataset has an update, as they are now. */
export async function updatedRounds(
  ledger: Ledger,
  rounds: readonly RoundRow[],
  datasetId: string,
): Promise<UpdatedRound[]> {
  const found: UpdatedRound[] = [];
  for (const round of rounds) {
    if (!round.participants.some((participant) => participant.datasetId === datasetId)) continue;
    const key = roundKey(round.round);
    const update: Update | undefined = await ledger.get('update', round.studyId, key, datasetId);
    if (update !== undefined) found.push({ round: await roundNow(ledger, round), update });
  }
  return found;
}

/** A page of a study's withdrawn consents, which may be empty and have a bookmark all the same. */
export async function listErasures(
  ledger: Ledger,
  { studyId, pageSize = LOOKED_AT, ...page }: Argument<'study:listErasures'>,
  at: string,
): Promise<Page<DatasetErasures>> {
  const rounds = await roundsOf(ledger, await findStudy(ledger, studyId));
  const options = { ...page, pageSize: Math.min(pageSize, LOOKED_AT) };
  const { items: rows, ...rest } = await ledger.page('consent', [studyId], options);
  const items: DatasetErasures[] = [];
  for (const { datasetId } of rows) {
    const consent = await consentOf(ledger, studyId, datasetId);
    if (consent?.withdrawnAt === undefined) continue;
    const updated = await updatedRounds(ledger, rounds, datasetId);
    const done = await ledger.all('erasure', studyId, datasetId);
    items.push(erasuresOf({ ...consent, withdrawnAt: consent.withdrawnAt }, { rounds: updated, done, at }));
  }
  return { ...rest, items };
}
