// The history of every row: one route per noun, since each is identified by other things.
import {
  Described,
  fillPath,
  HISTORY_NOUNS,
  Id,
  LEDGER_PATHS,
  MspId,
  PageOfRows,
  POOLS,
  RoundNumber,
  RowVersion,
  Strict,
  Words,
} from '@consilium/domain';
import type { TSchema } from 'typebox';
import { DATASET } from '../http/examples.ts';
import { EXAMPLE_COMMIT, type LedgerRoute } from './ledger-route.ts';

type Noun = (typeof HISTORY_NOUNS)[number];

/** What identifies a row of each noun, broad to specific, as on the ledger. */
export const HISTORY_KEYS: Record<Noun, Readonly<Record<string, TSchema>>> = {
  member: { mspId: MspId },
  dataset: { datasetId: Id },
  budget: { datasetId: Id, pool: Words(POOLS) },
  study: { studyId: Id },
  consent: { studyId: Id, datasetId: Id },
  round: { studyId: Id, round: RoundNumber },
  update: { studyId: Id, round: RoundNumber, datasetId: Id },
  verdict: { studyId: Id, round: RoundNumber, mspId: MspId },
  model: { studyId: Id },
};

const capital = (word: string) => word[0]?.toUpperCase() + word.slice(1);

export const AUDIT_ROUTES: readonly LedgerRoute[] = HISTORY_NOUNS.map((noun) => {
  const keys = HISTORY_KEYS[noun];
  const names = Object.keys(keys);
  return {
    transaction: 'audit:getHistory',
    path: `${fillPath(LEDGER_PATHS['audit:getHistory'], { noun })}/${names.map((name) => `{${name}}`).join('/')}`,
    tag: 'audit',
    operationId: `get${capital(noun)}History`,
    description: `The history of one ${noun}, in pages: pass the bookmark of one page to get the next.`,
    errors: [
      noun === 'budget' ? 'DATASET_NOT_FOUND' : `${noun.toUpperCase() as Uppercase<typeof noun>}_NOT_FOUND`,
    ],
    answer: PageOfRows(RowVersion),
    examples: {
      answer: {
        items: [
          {
            transactionId: EXAMPLE_COMMIT.transactionId,
            at: DATASET.registeredAt,
            deleted: false,
            row: DATASET,
          },
        ],
      },
    },
    fixed: { noun, key: names },
    params: Strict(
      Object.fromEntries(
        names.map((name) => [name, Described(keys[name] as TSchema, `${name} of the ${noun}`)]),
      ),
    ),
    argumentOf: (params) => ({ key: names.map((name) => String(params[name])) }),
  };
});
