// The history of every row: one route per noun, since each is identified by other things, and one for the accounts of
// later blocks of patients.
import {
  BlockNumber,
  Described,
  fillPath,
  HISTORY_NOUNS,
  Id,
  LEDGER_PATHS,
  MspId,
  PageOfRows,
  POOLS,
  RevisionNumber,
  RoundNumber,
  RowVersion,
  Strict,
  Words,
} from '@consilium/domain';
import type { TSchema } from 'typebox';
import { DATASET } from '../http/examples.ts';
import { EXAMPLE_COMMIT, type LedgerRoute } from './ledger-route.ts';

type Noun = (typeof HISTORY_NOUNS)[number];

type Keys = Readonly<Record<string, TSchema>>;

/** What identifies a row of each noun, broad to specific, as on the ledger. */
export const HISTORY_KEYS: Record<Noun, Keys> = {
  member: { mspId: MspId },
  population: { populationId: Id },
  block: { populationId: Id, block: BlockNumber },
  dataset: { datasetId: Id },
  revision: { datasetId: Id, revision: RevisionNumber },
  budget: { populationId: Id, pool: Words(POOLS) },
  study: { studyId: Id },
  consent: { studyId: Id, datasetId: Id },
  round: { studyId: Id, round: RoundNumber },
  update: { studyId: Id, round: RoundNumber, datasetId: Id },
  verdict: { studyId: Id, round: RoundNumber, mspId: MspId },
  model: { studyId: Id },
};
/** Accounts of later blocks name theirs. */
const BLOCK_BUDGET: Keys = { ...HISTORY_KEYS.budget, block: BlockNumber };

const capital = (word: string) => word[0]?.toUpperCase() + word.slice(1);

export const AUDIT_ROUTES: readonly LedgerRoute[] = [
  ...HISTORY_NOUNS.map((noun) => historyRoute({ noun, keys: HISTORY_KEYS[noun], name: noun })),
  historyRoute({ noun: 'budget', keys: BLOCK_BUDGET, name: 'blockBudget' }),
];

function historyRoute({
  noun,
  keys,
  name,
}: {
  readonly noun: Noun;
  readonly keys: Keys;
  readonly name: string;
}): LedgerRoute {
  const names = Object.keys(keys);
  return {
    transaction: 'audit:getHistory',
    path: `${fillPath(LEDGER_PATHS['audit:getHistory'], { noun })}/${names.map((name) => `{${name}}`).join('/')}`,
    tag: 'audit',
    operationId: `get${capital(name)}History`,
    description: `The history of one ${noun}, in pages: pass the bookmark of one page to get the next.`,
    errors: [
      noun === 'budget' ? 'BLOCK_NOT_FOUND' : `${noun.toUpperCase() as Uppercase<typeof noun>}_NOT_FOUND`,
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
}
