import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LEDGER_ORDERS } from '@consilium/domain';
import { HistoryMetrics } from './history-metrics.ts';
import { NO_HISTORY } from './read-model/no-history.ts';
import { written, writtenHistory } from './testing/written-history.ts';

const AT = '2026-03-01T08:00:00.000Z';
const DEADLINE = Date.parse('2026-03-01T09:00:00.000Z');
const round = (studyId: string, state: string) =>
  written('round', [studyId, '1'], {
    schema: 2,
    studyId,
    round: 1,
    state,
    deadline: new Date(DEADLINE).toISOString(),
  });

test('rounds past their deadline are counted while they run, and a paused study stops the clock', () => {
  const index = writtenHistory([
    {
      at: AT,
      writes: [
        round('late', 'training'),
        round('done', 'finalized'),
        round('given-up', 'aborted'),
        round('waits', 'validating'),
        written('study', ['waits'], { schema: 4, studyId: 'waits', state: 'paused' }),
      ],
    },
  ]);
  const metrics = new HistoryMetrics({ read: (work) => work(index.history) }, 'AlphaMSP');
  assert.deepEqual(metrics.figures(DEADLINE - 1), { leastLeftRatio: undefined, overdueRounds: 0 });
  assert.equal(metrics.figures(DEADLINE + 1)?.overdueRounds, 1);
});

test('rounds that are over are not read, however many there are', () => {
  const over = (count: number) =>
    Array.from({ length: count }, (_, at) => round(`over-${at}`, at % 2 === 0 ? 'finalized' : 'aborted'));
  const index = writtenHistory([
    { at: AT, writes: [round('a', 'training'), round('ends', 'training'), ...over(20)] },
    { at: AT, writes: [round('ends', 'finalized')] },
  ]);
  const running = [...index.history.lookUpKeys('runningRounds', 'all')];
  assert.deepEqual(running, [['a', '1']]);
  const history = new Proxy(index.history, {
    get: (own, name) => {
      const value = Reflect.get(own, name);
      if (typeof value !== 'function') return value;
      return name === 'rows' ? assert.fail : value.bind(own);
    },
  });
  const metrics = new HistoryMetrics({ read: (work) => work(history) }, 'AlphaMSP');
  assert.equal(metrics.figures(DEADLINE + 1)?.overdueRounds, 1);
});

test('of the own accounts the least share that is left is said, and nothing of others', () => {
  const none = LEDGER_ORDERS.map(() => '0');
  const account = (populationId: string, owner: string, epsilon: string, spent: readonly string[]) => [
    written('budget', [populationId, 'training'], {
      ...{ schema: 4, block: 1, owner, version: 1, populationId, pool: 'training' },
      budget: { epsilon, delta: '0.00001', unit: 'patient' },
    }),
    written('budget-version', [populationId, 'training', '1'], {
      schema: 2,
      spent,
      reserved: none,
      changedAt: AT,
    }),
  ];
  const much = LEDGER_ORDERS.map(() => '4000000000');
  const index = writtenHistory([
    {
      at: AT,
      writes: [
        ...account('whole', 'AlphaMSP', '8', none),
        ...account('half', 'AlphaMSP', '8', much),
        ...account('foreign', 'BetaMSP', '0.1', much),
      ],
    },
  ]);
  const figures = (mspId: string) =>
    new HistoryMetrics({ read: (work) => work(index.history) }, mspId).figures(DEADLINE);
  const left = figures('AlphaMSP')?.leastLeftRatio ?? Number.NaN;
  assert.ok(left > 0.2 && left < 0.6, String(left));
  assert.equal(figures('BetaMSP')?.leastLeftRatio, 0, 'more than the budget is nothing left');
  assert.equal(figures('GammaMSP')?.leastLeftRatio, undefined);
  const own = new HistoryMetrics({ read: (work) => work(index.history) }, 'AlphaMSP').accounts();
  assert.deepEqual(own.map(({ populationId, block, pool }) => [populationId, block, pool]).toSorted(), [
    ['half', 1, 'training'],
    ['whole', 1, 'training'],
  ]);
  assert.equal(own.find(({ populationId }) => populationId === 'whole')?.leftEpsilon, 8);
});

test('rows that this version cannot read leave the figures out, and the reason is logged once', () => {
  const index = writtenHistory([{ at: AT, writes: [written('round', ['a', '1'], { schema: 999 })] }]);
  const warnings: unknown[] = [];
  const metrics = new HistoryMetrics({ read: (work) => work(index.history) }, 'AlphaMSP', (error) =>
    warnings.push(error),
  );
  assert.equal(metrics.figures(), undefined);
  assert.equal(metrics.figures(), undefined);
  assert.equal(warnings.length, 1);
});

test('nothing is said where there is no history', () => {
  assert.equal(new HistoryMetrics(NO_HISTORY, 'AlphaMSP').figures(), undefined);
});
