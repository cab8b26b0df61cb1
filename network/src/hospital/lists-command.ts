// `hospital lists`: takes up which certificates of hosts others revoked.
import { EXIT, UsageError } from '@consilium/command-line';
import { answer, type Place } from './command-place.ts';
import { takeTlsLists } from './tls-lists.ts';

/** The links and the listener for witnesses go by what was taken up from the next connection on. */
export function lists(place: Place): number {
  const { values, hospital, layout } = place;
  if (values.certificate !== undefined)
    throw new UsageError('hospital lists revokes nothing: run `hospital revoke --certificate FILE`');
  const taken = takeTlsLists(hospital, layout);
  const lines = taken.map(({ mspId, taken: count, problem }) =>
    problem === undefined ? `${mspId}: ${count} new lists` : `${mspId}: not taken: ${problem}`,
  );
  answer(place, { taken }, lines.length === 0 ? ['There are no lists in the mailbox.'] : lines);
  return taken.some(({ problem }) => problem !== undefined) ? EXIT.failed : EXIT.done;
}
