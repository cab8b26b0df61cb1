// Where an answer comes from: up to which block, of which time, and whose peers sent the same.
import { type Static, Type } from 'typebox';
import type { LedgerHistory } from '../read-model/ledger-history.ts';
import { Names } from './names.ts';
import { count, listed, when } from './sentences.ts';

/** What each answer says of itself. */
export const Answered = Type.Object({
  block: Type.Integer({ description: 'The last block that the answer knows.' }),
  at: Type.Union([Type.String(), Type.Null()], {
    description:
      'The time of the latest transaction that took effect, as its sender says; null before the first.',
  }),
  organisations: Type.Array(Type.Object({ mspId: Type.String(), title: Type.String() }), {
    description: 'Organisations whose peers sent the same blocks.',
  }),
  sentence: Type.String({ description: 'The same in words.' }),
});
export type Answered = Static<typeof Answered>;

/** The edge of a history in words; undefined where it has no block yet. */
export function answeredFrom(history: LedgerHistory): Answered | undefined {
  const { blocks, at, organisations } = history.edge();
  if (blocks === 0) return undefined;
  const names = new Names(history);
  const whose =
    organisations.length === 0
      ? 'no organisation’s peer has sent all of them yet'
      : `peers of ${count(organisations.length, 'organisation')} sent the same: ${listed(
          organisations.map(names.sayHospital),
        )}`;
  return {
    block: blocks - 1,
    at: at ?? null,
    organisations: organisations.map((mspId) => ({ mspId, title: names.hospital(mspId) })),
    sentence:
      `Answered from the ledger up to block ${blocks - 1}, ` +
      `${at === undefined ? 'which has no transaction yet' : `whose latest transaction is of ${when(at)}`}. ` +
      `This gateway checked the signatures of all its blocks; ${whose}.`,
  };
}
