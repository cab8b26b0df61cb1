// What is left of every privacy budget, how did it go over time in ε, and when is it gone at this rate?
import {
  type BudgetForecast,
  DomainError,
  forecastBudget,
  Id,
  MspId,
  type Pool,
  QUESTION_PATHS,
  statementOf,
} from '@consilium/domain';
import { type Static, Type } from 'typebox';
import type { LedgerHistory } from '../read-model/ledger-history.ts';
import {
  type Account,
  type AccountAt,
  type AccountFilter,
  accountKey,
  accountOf,
  accountsIn,
} from './accounts.ts';
import { formOf, inWords, tableOf, vector, whole, word, wordOrNone } from './answer.ts';
import { OWNER } from './columns.ts';
import { Names } from './names.ts';
import { pageOf, partsOf, question, strayBookmark, Vectors } from './question.ts';
import { count, when } from './sentences.ts';

const identity = {
  populationId: word({
    title: 'Population',
    means: 'Id of the people whose account it is.',
    example: 'cleveland-heart',
  }),
  block: whole({
    title: 'Block',
    means: 'Block of patients: those whom the population saw for the first time in one revision.',
    example: 1,
  }),
  pool: word({
    title: 'Account',
    means: 'training: patients trained on. held-out: patients that models are scored on. Nobody is in both.',
    example: 'training',
  }),
};

const ACCOUNTS = formOf({
  name: 'accounts',
  heading: 'Accounts',
  row: {
    ...identity,
    populationTitle: word({
      title: 'Title of the population',
      means: 'As its owner wrote it.',
      example: 'Heart clinic of Cleveland',
    }),
    ...OWNER,
    unit: word({
      title: 'Unit',
      means: 'Whose presence is hidden: a patient with all rows, or one record.',
      example: 'patient',
    }),
    budgetEpsilon: word({ title: 'Budget (ε)', means: 'For life, for each unit.', example: '4' }),
    delta: word({
      title: 'At δ',
      means: 'The small probability that the budget allows.',
      example: '0.00001',
    }),
    spentEpsilon: word({
      title: 'Spent (ε)',
      means: 'All charges composed, rounded up.',
      example: '2.723712',
    }),
    reservedEpsilon: word({
      title: 'Reserved (ε)',
      means: 'What running studies may still charge, composed, rounded up.',
      example: '0',
    }),
    committedEpsilon: word({
      title: 'Spent and reserved (ε)',
      means: 'Both composed, which is less than their sum. Rounded up.',
      example: '2.723712',
    }),
    leftEpsilon: word({
      title: 'Left (ε)',
      means: 'The budget less what is spent and reserved. A study that costs more is refused.',
      example: '1.276288',
    }),
    measure: word({
      title: 'Adds up by',
      means:
        'The measure that the account is held to: Gaussian differential privacy, or Rényi divergence at an order.',
      example: 'Gaussian differential privacy (μ²)',
    }),
    firstChargeAt: wordOrNone({
      title: 'First charge (UTC)',
      means: 'None where nothing was charged.',
      example: '2026-03-02T10:04:00.000Z',
    }),
    goneOn: wordOrNone({
      title: 'Gone at this rate (day)',
      means:
        'When the whole budget is spent if charges go on as they came from the first one until now. ' +
        'An estimate, in a straight line in the measure, not in ε. None where there are fewer than two charges.',
      example: '2027-01-04',
    }),
    spentRdp: vector({ title: 'Spent (Rényi, 1e-9)', means: "At each of the ledger's orders." }),
    reservedRdp: vector({ title: 'Reserved (Rényi, 1e-9)', means: "At each of the ledger's orders." }),
    sentence: inWords(
      'Of “Heart clinic of Cleveland” (cleveland-heart), block 1, training: ε 1.276288 is left of 4 at δ 0.00001.',
    ),
  },
  printed: [
    'populationTitle',
    'ownerTitle',
    'block',
    'pool',
    'budgetEpsilon',
    'spentEpsilon',
    'leftEpsilon',
    'goneOn',
  ],
});
type AccountRow = Static<typeof ACCOUNTS.row>;

const COURSE = formOf({
  name: 'course',
  heading: 'How the accounts went',
  row: {
    ...identity,
    at: word({
      title: 'Since (UTC)',
      means: 'When the account came to this state, as the sender of that transaction says.',
      example: '2026-03-02T10:04:00.000Z',
    }),
    spentEpsilon: word({
      title: 'Spent (ε)',
      means: 'All charges until then composed, rounded up.',
      example: '0.974112',
    }),
    committedEpsilon: word({
      title: 'Spent and reserved (ε)',
      means: 'Both composed, rounded up.',
      example: '2.723712',
    }),
    leftEpsilon: word({ title: 'Left (ε)', means: 'The budget less both.', example: '1.276288' }),
    sentence: inWords('On 2026-03-02 at 10:04:00 UTC ε 0.974112 was spent and ε 1.276288 was left.'),
  },
  printed: ['populationId', 'block', 'pool', 'at', 'spentEpsilon', 'committedEpsilon', 'leftEpsilon'],
});

/** How many states of an account are shown where it is not said, and at most. */
const POINTS = { usual: 5, most: 200 } as const;
/** How many accounts a page has where it is not said, and at most: each takes a read and an ε for each state. */
const OF_PAGE = { usual: 16, most: 100 } as const;
/** How many states the accounts of a page have together, where it has more than one: others wait meanwhile. */
const STATES_OF_PAGE = 200;

function courseOf(names: Names, account: Account, points: number): Static<typeof COURSE.row>[] {
  const { populationId, block, pool } = account.holder;
  return account.course(points).map(({ spentEpsilon, committedEpsilon, leftEpsilon, at }) => {
    return {
      populationId,
      block,
      pool,
      at,
      spentEpsilon,
      committedEpsilon,
      leftEpsilon,
      sentence:
        `On ${when(at)} ε ${spentEpsilon} was spent and ε ${leftEpsilon} was left of the ${pool} account of ` +
        `block ${block} ` +
        `of ${names.sayPopulation(populationId)}.`,
    };
  });
}

const poolInWords = (pool: Pool): string =>
  pool === 'training' ? 'patients trained on' : 'held-out patients';

const WHY_NOT = {
  'fewer than two charges': 'When it is gone cannot be said from fewer than two charges',
  'no time passed': 'When it is gone cannot be said: no time passed since the first charge',
  'far away': 'At the rate so far it is not gone before the year 10000',
} as const;

function measureOf({ accounting }: Account['holder']): string {
  if (accounting?.kind === 'gaussian') return 'Gaussian differential privacy (μ²)';
  return accounting?.order === undefined
    ? 'Rényi divergence, at the best order each time'
    : `Rényi divergence at order ${accounting.order}`;
}

function rowOf(
  names: Names,
  account: Account,
  { until, vectors }: { readonly until: string; readonly vectors: boolean },
): AccountRow {
  const { holder, now } = account;
  const { populationId, block, pool, owner, budget } = holder;
  const { spentEpsilon, reservedEpsilon, committedEpsilon, leftEpsilon } = statementOf(now.account);
  const first = account.firstCharge();
  const forecast = forecastBudget(now.account, first && asSpent(first), until);
  return {
    populationId,
    block,
    pool,
    populationTitle: names.population(populationId),
    owner,
    ownerTitle: names.hospital(owner),
    unit: budget.unit,
    budgetEpsilon: budget.epsilon,
    delta: budget.delta,
    spentEpsilon,
    reservedEpsilon,
    committedEpsilon,
    leftEpsilon,
    measure: measureOf(holder),
    firstChargeAt: first?.at ?? null,
    goneOn: forecast.goneAt?.slice(0, 10) ?? null,
    ...(vectors && { spentRdp: now.account.spent, reservedRdp: now.account.reserved }),
    sentence:
      `Of ${names.sayPopulation(populationId)}, block ${block}, ${poolInWords(pool)}: ε ${leftEpsilon} is left of ` +
      `${budget.epsilon} at δ ${budget.delta} for each ${budget.unit}; ε ${spentEpsilon} is spent and ε ` +
      `${reservedEpsilon} ` +
      `reserved. ${forecastInWords(forecast, first)}.`,
  };
}

const asSpent = ({ account: { spent, gaussian }, at }: AccountAt) => ({
  at,
  spent,
  ...(gaussian !== undefined && { gaussian }),
});

const forecastInWords = (forecast: BudgetForecast, first: AccountAt | undefined): string =>
  forecast.goneAt === undefined
    ? WHY_NOT[forecast.because]
    : `At the rate since the first charge on ${when(first!.at)}, it is gone on ${forecast.goneAt.slice(0, 10)}`;

export const BUDGETS = question({
  path: QUESTION_PATHS.budgets,
  operationId: 'askBudgets',
  summary: 'What is left of every privacy budget, how did it go over time, and when is it gone at this rate?',
  description:
    'Every account, or those of one hospital or population, with the states that it went through. When it is gone is ' +
    "estimated in a straight line in the account's own measure, in which costs add up (Rényi divergence at its order, or μ² " +
    'of Gaussian differential privacy), never in ε; and not at all from fewer than two charges.',
  params: {},
  query: {
    mspId: Type.Optional(MspId),
    populationId: Type.Optional(Id),
    points: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: POINTS.most,
        description:
          `How many states of each account are shown at most, evenly among all, the last one included; ` +
          `${POINTS.usual} ` +
          'where absent.',
      }),
    ),
    ...Vectors,
  },
  errors: ['MEMBER_NOT_FOUND', 'POPULATION_NOT_FOUND'],
  tables: [ACCOUNTS, COURSE],
  answer: (history, asked, now) => {
    const { mspId, populationId, points = POINTS.usual, vectors = false, limit, bookmark } = asked;
    const names = new Names(history);
    requireKnown(history, asked);
    const filter = { mspId, populationId };
    const after = bookmark === undefined ? undefined : accountNamed(history, filter, bookmark);
    let states = 0;
    const page = pageOf(accountsIn(history, filter, after), nameOf, {
      limit: Math.min(limit ?? OF_PAGE.usual, OF_PAGE.most),
      fits: (account) => {
        states += Math.min(account.states, points);
        return states <= STATES_OF_PAGE;
      },
    });
    const rows = page.items.map((account) => rowOf(names, account, { until: now, vectors }));
    const course = page.items.flatMap((account) => courseOf(names, account, points));
    const whose =
      populationId !== undefined
        ? ` of ${names.sayPopulation(populationId)}`
        : mspId !== undefined
          ? ` of ${names.sayHospital(mspId)}`
          : '';
    const isWhole = bookmark === undefined && page.bookmark === undefined;
    return {
      question:
        `What is left of every privacy budget${whose}, how did it go over time, and when is it gone at ` +
        `this rate?`,
      sentences: [
        rows.length === 0
          ? `There is no privacy budget${whose}.`
          : `${isWhole ? '' : 'On this page: '}${count(rows.length, 'account')}${whose}. Each account of each ` +
            `block of patients ` +
            'has a budget of its own, since nobody is in two of them.',
        ...rows.slice(0, SENTENCES_SHOWN).map(({ sentence }) => sentence),
      ],
      tables: [tableOf(ACCOUNTS, rows), tableOf(COURSE, course)],
      notes: [
        'ε is computed from the sums of the account by the ledger’s own accounting, at the budget’s δ, and rounded up.',
        'When a budget is gone: all that was charged after the first charge, over the time from that charge until now, ' +
          'goes on in a straight line in the measure of the account, from now until that measure is what the whole ' +
          'budget allows. Quiet times count; what is reserved does not, since it is charged or given back later. It is an ' +
          'estimate for planning: what a study may take is decided when it is consented to.',
        'Of an account with many states, some are shown: evenly among all of them, with the first and the last.',
      ],
      bookmark: page.bookmark,
    };
  },
});

const SENTENCES_SHOWN = 12;

function requireKnown(
  history: LedgerHistory,
  { mspId, populationId }: { readonly mspId?: string; readonly populationId?: string },
): void {
  if (mspId !== undefined && history.row('member', [mspId]) === undefined) {
    throw new DomainError('MEMBER_NOT_FOUND', `no member ${mspId}`);
  }
  if (populationId === undefined || history.row('budget', [populationId, 'training']) !== undefined) return;
  if (history.row('population', [populationId]) !== undefined) return;
  throw new DomainError('POPULATION_NOT_FOUND', `no population ${populationId}`);
}

const nameOf = ({ holder: { populationId, pool, block } }: Account): string =>
  [populationId, pool, block].join(' ');

/** The key of the account that a bookmark names. @throws DomainError INVALID_ARGUMENT where it is not asked about */
function accountNamed(
  history: LedgerHistory,
  { mspId, populationId }: AccountFilter,
  bookmark: string,
): readonly string[] {
  const [name = ''] = partsOf(bookmark, 1);
  const [ofPopulation = '', pool = '', block] = name.split(' ');
  const of = { pool: pool as Pool, block: Number(block) };
  const account = Number.isSafeInteger(of.block) ? accountOf(history, ofPopulation, of) : undefined;
  const isAsked =
    account !== undefined &&
    nameOf(account) === name &&
    (populationId === undefined || populationId === ofPopulation) &&
    (mspId === undefined || account.holder.owner === mspId);
  if (!isAsked) throw strayBookmark();
  return accountKey(ofPopulation, of.pool, of.block);
}
