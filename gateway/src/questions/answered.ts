// Where an answer comes from: up to which block, of which time, and whose peers sent the same.
import { type Static, Type } from 'typebox';
import type { LedgerHistory } from '../read-model/ledger-history.ts';
import { Names } from './names.ts';
import { count, listed, when } from './sentences.ts';

/** What each answer says of itself. */
export const Answered = Type.Object({
  block: Type.Integer({ description: 'The last block that the answer knows.' }),
  at: Type.String({
    description: 'The time of the latest transaction that took effect, as its sender says.',
  }),
  organisations: Type.Array(Type.Object({ mspId: Type.String(), title: Type.String() }), {
    description: 'Organisations whose peers sent the same blocks.',
  }),
  sentence: Type.String({ description: 'The same in words.' }),
});
export type Answered = Static<typeof Answered>;

/** The edge of a history in words; undefined where it has no transaction yet. */
export function answeredFrom(history: LedgerHistory): Answered | undefined {
  const { blocks, at, organisations } = history.edge();
  if (at === undefined) return undefined;
  const names = new Names(history);
  const whose =
    organisations.length === 0
      ? 'no organisation’s peer has sent all of them yet'
      : `peers of ${count(organisations.length, 'organisation')} sent the same: ${listed(
          organisations.map(names.sayHospital),
        )}`;
  return {
    block: blocks - 1,
    at,
    organisations: organisations.map((mspId) => ({ mspId, title: names.hospital(mspId) })),
    sentence:
      `Answered from the ledger up to block ${blocks - 1}, whose latest transaction is of ${when(at)}. This gateway ` +
      `checked the signatures of all its blocks; ${whose}.`,
  };
}
