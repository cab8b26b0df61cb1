// Each question over a ledger that the chaincode's own contracts wrote, beside what the chaincode itself answers.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { StudyOnLedger } from '@consilium/chaincode/testing/study-on-ledger';
import { DomainError, ERASURE_DAYS, LEDGER_ORDERS } from '@consilium/domain';
import type { LedgerIndex } from '../read-model/ledger-index.ts';
import { playedHistory } from '../testing/played-history.ts';
import { playStudy } from '../testing/played-study.ts';
import { written, writtenHistory } from '../testing/written-history.ts';
import { QUESTIONS } from './all-questions.ts';
import { type Answer, columnsOf } from './answer.ts';

const auditor = { role: 'auditor', mspId: 'AlphaMSP' } as const;
const DAY_MS = 24 * 3_600_000;

describe('the questions', () => {
  let study: StudyOnLedger;
  let index: LedgerIndex;
  const ask = (operationId: string, asked: object = {}, now = '2026-03-02T00:00:00.000Z'): Answer => {
    const question = QUESTIONS.find((one) => one.operationId === operationId);
    assert.ok(question, operationId);
    return index.read((history) => question.answer(history, asked as never, now));
  };
  // biome-ignore lint/suspicious/noExplicitAny: a row's columns are what a test asserts
  const rowsOf = (answer: Answer, table = 0): any[] => [...answer.tables[table]!.rows];
  const refusal = (operationId: string, asked: object): DomainError => {
    try {
      ask(operationId, asked);
    } catch (error) {
      assert.ok(error instanceof DomainError, String(error));
      return error;
    }
    return assert.fail(`${operationId} was not refused`);
  };

  before(async () => {
    study = await playStudy();
    index = playedHistory(study);
  });
  after(() => index?.close());

  describe('who used a dataset', () => {
    it('has one row for each consent, with its charges and their cost as the ledger sums them', async () => {
      const answer = ask('askUsesOfDataset', { datasetId: 'beta' });
      const [use, ...others] = rowsOf(answer);
      assert.deepEqual(others, [], 'what was declined is no use');
      assert.deepEqual(
        [
          use.studyId,
          use.requester,
          use.purpose,
          use.purposeLabel,
          use.consent,
          use.trainingCharges,
          use.heldOutCharges,
        ],
        ['heart', 'AlphaMSP', 'DUO:0000007', 'disease specific research', 'settled', 2, 2],
      );
      // The only study of these patients: what it cost alone is what all cost together.
      for (const [pool, said] of [
        ['training', use.trainingEpsilon],
        ['held-out', use.heldOutEpsilon],
      ] as const) {
        const { spentEpsilon } = await study.budget('beta', pool);
        assert.equal(said, spentEpsilon);
        assert.equal(rowsOf(answer, 1).find((row) => row.pool === pool).spentEpsilon, spentEpsilon);
      }
      assert.equal(use.roundsReserved, 0);
      assert.deepEqual(use.stewards, ['steward.BetaMSP']);
    });

    it('has Rényi costs only where they are asked for, at each of the orders of the ledger', async () => {
      assert.ok(!('trainingRdp' in rowsOf(ask('askUsesOfDataset', { datasetId: 'beta' }))[0]));
      const [use] = rowsOf(ask('askUsesOfDataset', { datasetId: 'beta', vectors: true }));
      assert.equal(use.trainingRdp.length, LEDGER_ORDERS.length);
      assert.deepEqual(use.trainingRdp, (await study.budget('beta', 'training')).spent);
    });

    it('says nobody where nobody did, and refuses what there is not', () => {
      assert.equal(refusal('askUsesOfDataset', { datasetId: 'none' }).code, 'DATASET_NOT_FOUND');
      assert.equal(refusal('askUsesOfPopulation', { populationId: 'none' }).code, 'POPULATION_NOT_FOUND');
      const { uses } = { uses: rowsOf(ask('askUsesOfPopulation', { populationId: 'gamma' })) };
      assert.deepEqual(
        uses.map(({ datasetId }) => datasetId),
        ['gamma'],
      );
    });
  });

  describe('what went into a model', () => {
    it('has datasets, rounds and inputs as the lineage has them', async () => {
      const answer = ask('askOriginsOfModel', { studyId: 'heart' });
      const lineage = await study.evaluate(auditor, 'model:getLineage', { studyId: 'heart' });
      assert.deepEqual(
        rowsOf(answer).map((row) => [row.datasetId, row.roundsIncluded, row.roundsLeftOut]),
        lineage.consents.map(({ datasetId }: { datasetId: string }) => [datasetId, 2, 0]),
      );
      assert.deepEqual(
        rowsOf(answer, 1).map(({ round, aggregateSha256 }) => [round, aggregateSha256]),
        lineage.rounds.map(
          ({ round }: { round: { round: number; aggregate: { parametersSha256: string } } }) => [
            round.round,
            round.aggregate.parametersSha256,
          ],
        ),
      );
      assert.deepEqual(
        rowsOf(answer, 2).map(({ name, unit, range }) => [name, unit, range]),
        [
          ['age', 'a', '0 to 120'],
          ['sex', null, null],
          ['pain', null, '1, 2, 3, 4'],
          ['num', null, 'whether above 0'],
        ],
      );
      assert.equal(rowsOf(answer)[0].trainingEpsilon, (await study.budget('alpha', 'training')).spentEpsilon);
    });

    it('gives rounds in pages that together are all', () => {
      const first = ask('askOriginsOfModel', { studyId: 'heart', limit: 1 });
      const second = ask('askOriginsOfModel', { studyId: 'heart', limit: 1, bookmark: first.bookmark });
      assert.deepEqual(
        [...rowsOf(first, 1), ...rowsOf(second, 1)].map(({ round }) => round),
        [1, 2],
      );
      assert.equal(second.bookmark, undefined);
      assert.equal(
        refusal('askOriginsOfModel', { studyId: 'heart', bookmark: 'x' }).code,
        'INVALID_ARGUMENT',
      );
    });

    it('refuses a study without a model', () => {
      assert.equal(refusal('askOriginsOfModel', { studyId: 'heart-2' }).code, 'MODEL_NOT_FOUND');
    });
  });

  describe('what a hospital declined or rejected', () => {
    it('has every kind of refusal with its reason, and nothing of others', () => {
      const beta = rowsOf(ask('askRefusalsOfHospital', { mspId: 'BetaMSP' }));
      assert.deepEqual(
        beta.map(({ kind, code, studyId, datasetId }) => [kind, code, studyId, datasetId]),
        [
          ['motion refused', null, 'heart', null],
          ['study declined', 'ethics', 'heart-2', 'beta'],
        ],
      );
      assert.match(
        beta[1].sentence,
        /declined .* for .*: ethical concerns\. It wrote: “the board, which "decides"/,
      );
      const gamma = rowsOf(ask('askRefusalsOfHospital', { mspId: 'GammaMSP' }));
      assert.deepEqual(
        gamma.map(({ kind, code, round, datasetId }) => [kind, code, round, datasetId]),
        [
          ['motion refused', null, null, null],
          ['update rejected', 'norm-exceeded', 2, 'beta'],
        ],
      );
      const delta = rowsOf(ask('askRefusalsOfHospital', { mspId: 'DeltaMSP' }));
      assert.deepEqual(
        delta.map(({ kind, reason, datasetId }) => [kind, reason, datasetId]),
        [['consent withdrawn', 'a patient asked for it', 'delta']],
      );
    });

    it('keeps to a period, and says where nothing was refused', () => {
      const before = ask('askRefusalsOfHospital', { mspId: 'BetaMSP', to: '2026-03-01' });
      assert.deepEqual(rowsOf(before), []);
      assert.match(before.sentences[0]!, /BetaMSP declined and rejected nothing before 2026-03-01/);
      assert.equal(rowsOf(ask('askRefusalsOfHospital', { mspId: 'BetaMSP', from: '2026-03-01' })).length, 2);
      assert.equal(refusal('askRefusalsOfHospital', { mspId: 'NoMSP' }).code, 'MEMBER_NOT_FOUND');
      const mixed = refusal('askRefusalsOfHospital', {
        mspId: 'BetaMSP',
        from: '2026-03-02',
        to: '2026-03-01',
      });
      assert.match(mixed.detail, /from must be before to/);
      assert.match(
        refusal('askRefusalsOfHospital', { mspId: 'BetaMSP', from: '2026-02-30' }).detail,
        /from must be a time that there is, and 2026-02-30 is none: A day such as/,
      );
    });
  });

  describe('which studies ran', () => {
    it('has those of which a round was open in the period, and no proposals', () => {
      const purpose = 'DUO:0000007';
      const all = ask('askStudiesOfPurpose', { purpose });
      assert.deepEqual(
        rowsOf(all).map(({ studyId, rounds }) => [studyId, rounds]),
        [['heart', 2]],
      );
      assert.match(all.sentences[1]!, /^1 other proposal with this purpose ran no round/);
      assert.deepEqual(rowsOf(ask('askStudiesOfPurpose', { purpose, to: '2026-03-01' })), []);
      assert.deepEqual(rowsOf(ask('askStudiesOfPurpose', { purpose, from: '2026-03-02' })), []);
      const [study1] = rowsOf(all);
      const from = new Date(Date.parse(study1.firstRoundAt) + 1).toISOString();
      assert.equal(
        rowsOf(ask('askStudiesOfPurpose', { purpose, from }))[0].rounds,
        2,
        'the first was open then',
      );
      assert.deepEqual(rowsOf(ask('askStudiesOfPurpose', { purpose, to: study1.firstRoundAt })), []);
      assert.deepEqual(rowsOf(ask('askStudiesOfPurpose', { purpose: 'DUO:0000042' })), []);
    });
  });

  it('reads the rounds of no more studies at once than others wait for', () => {
    const at = '2026-03-01T08:00:00.000Z';
    const purpose = 'DUO:0000006';
    const writes = Array.from({ length: 101 }, (_, i) => `s${String(i).padStart(3, '0')}`).flatMap(
      (studyId) => [
        written('study', [studyId], {
          schema: 4,
          studyId,
          title: studyId,
          requester: 'A',
          purpose,
          startedAt: at,
        }),
        written('round', [studyId, '00001'], {
          schema: 1,
          studyId,
          round: 1,
          openedAt: at,
          participants: [],
        }),
      ],
    );
    const many = writtenHistory([{ at, writes }]);
    const { answer } = QUESTIONS.find((one) => one.operationId === 'askStudiesOfPurpose')!;
    const page = (bookmark?: string) => answer(many.history, { purpose, limit: 1000, bookmark } as never, at);
    const first = page();
    assert.equal(rowsOf(first).length, 100);
    assert.deepEqual(
      rowsOf(page(first.bookmark)).map(({ studyId }) => studyId),
      ['s100'],
    );
    many.close();
  });

  describe('what is left of every budget', () => {
    it('has every account as the ledger states it, and its course from opening to now', async () => {
      const answer = ask('askBudgets', { points: 200 });
      const accounts = rowsOf(answer);
      assert.equal(accounts.length, 8);
      for (const { populationId, pool, spentEpsilon, reservedEpsilon, leftEpsilon } of accounts) {
        const stated = await study.budget(populationId, pool);
        assert.deepEqual(
          [spentEpsilon, reservedEpsilon, leftEpsilon],
          [stated.spentEpsilon, stated.reservedEpsilon, stated.leftEpsilon],
        );
        const course = rowsOf(answer, 1).filter(
          (row) => row.populationId === populationId && row.pool === pool,
        );
        // Opened, reserved, two charges, settled.
        assert.equal(course.length, 5);
        assert.equal(course[0].leftEpsilon, '8');
        assert.equal(course.at(-1).spentEpsilon, spentEpsilon);
        const spent = course.map((row) => Number(row.spentEpsilon));
        assert.deepEqual(
          spent,
          spent.toSorted((a, b) => a - b),
        );
      }
    });

    it('says when each is gone at its rate, which is later the longer nothing is charged', () => {
      const [at] = rowsOf(ask('askBudgets', { populationId: 'beta' }));
      const [later] = rowsOf(ask('askBudgets', { populationId: 'beta' }, '2027-03-03T00:00:00.000Z'));
      assert.ok(Date.parse(at.goneOn) >= Date.parse('2026-03-02'));
      assert.ok(Date.parse(later.goneOn) > Date.parse(at.goneOn));
      assert.match(
        at.sentence,
        /At the rate since the first charge on 2026-03-01 at .*, it is gone on 20\d\d-/,
      );
    });

    it('shows few states of a long course with the first and the last, and pages of accounts', () => {
      const course = rowsOf(ask('askBudgets', { populationId: 'beta', points: 2 }), 1);
      assert.deepEqual(
        course.map(({ pool, leftEpsilon }) => [pool, leftEpsilon === '8']),
        [
          ['held-out', true],
          ['held-out', false],
          ['training', true],
          ['training', false],
        ],
      );
      const first = ask('askBudgets', { limit: 5 });
      const second = ask('askBudgets', { limit: 5, bookmark: first.bookmark });
      assert.deepEqual([rowsOf(first).length, rowsOf(second).length, second.bookmark], [5, 3, undefined]);
      assert.match(refusal('askBudgets', { bookmark: first.bookmark!.slice(1) }).detail, /bookmark must be/);
      assert.equal(rowsOf(ask('askBudgets', { mspId: 'BetaMSP' })).length, 2);
      assert.equal(refusal('askBudgets', { populationId: 'none' }).code, 'POPULATION_NOT_FOUND');
      assert.equal(refusal('askBudgets', { mspId: 'NoMSP' }).code, 'MEMBER_NOT_FOUND');
    });
  });

  it('gives the states of no more accounts at once than others wait for', () => {
    const cost = Array.from(LEDGER_ORDERS, () => '1');
    const account = { schema: 4, block: 1, owner: 'AlphaMSP', version: 200 };
    const budget = { epsilon: '8', delta: '0.00001', unit: 'patient' };
    const at = '2026-03-01T08:00:00.000Z';
    const writes = ['a', 'b', 'c'].flatMap((populationId) => [
      written('budget', [populationId, 'training'], { ...account, populationId, pool: 'training', budget }),
      ...Array.from({ length: 200 }, (_, i) =>
        written('budget-version', [populationId, 'training', String(i + 1)], {
          schema: 2,
          spent: cost,
          reserved: cost,
          changedAt: at,
        }),
      ),
    ]);
    const long = writtenHistory([{ at, writes }]);
    const { answer } = QUESTIONS.find((one) => one.operationId === 'askBudgets')!;
    const page = (bookmark?: string) =>
      answer(long.history, { limit: 100, points: 200, bookmark } as never, at);
    const sizes: number[][] = [];
    let bookmark: string | undefined;
    do {
      const answered = page(bookmark);
      sizes.push([rowsOf(answered).length, rowsOf(answered, 1).length]);
      bookmark = answered.bookmark;
    } while (bookmark !== undefined);
    assert.deepEqual(sizes, [
      [1, 200],
      [1, 200],
      [1, 200],
    ]);
    long.close();
  });

  describe('what became of withdrawn consents', () => {
    it('has what is in the model, and who erased, owes and is late, as the ledger lists it', async () => {
      const answer = ask('askWithdrawals');
      const [withdrawal, ...others] = rowsOf(answer);
      assert.deepEqual(others, []);
      assert.deepEqual(
        [withdrawal.datasetId, withdrawal.roundsBefore, withdrawal.roundsInModel, withdrawal.model],
        ['delta', 2, 2, 'kept'],
      );
      const [listed] = (
        await study.evaluate(auditor, 'study:listErasures', { studyId: 'heart', pageSize: 200 })
      ).items;
      assert.deepEqual([withdrawal.owed, withdrawal.erasureDueAt], [listed.owed, listed.dueAt]);
      assert.deepEqual(
        rowsOf(answer, 1).map(({ mspId, state, artefacts, incomplete }) => [
          mspId,
          state,
          artefacts,
          incomplete,
        ]),
        [
          ['AlphaMSP', 'done', 2, 2],
          ['BetaMSP', 'owed', 0, 0],
          ['DeltaMSP', 'owed', 0, 0],
          ['GammaMSP', 'owed', 0, 0],
        ],
      );
    });

    it('calls late what is owed after its time by the clock, though nothing happens on the ledger', () => {
      const [{ erasureDueAt, withdrawnAt }] = rowsOf(ask('askWithdrawals'));
      assert.equal(Date.parse(erasureDueAt) - Date.parse(withdrawnAt), ERASURE_DAYS * DAY_MS);
      const early = new Date(Date.parse(erasureDueAt) - 1).toISOString();
      assert.equal(rowsOf(ask('askWithdrawals', {}, early))[0].isOverdue, false);
      const [late] = rowsOf(ask('askWithdrawals', {}, erasureDueAt));
      assert.equal(late.isOverdue, true);
      assert.match(late.sentence, /the erasure of BetaMSP, DeltaMSP and GammaMSP is overdue since/);
      assert.ok(!rowsOf(ask('askWithdrawals', {}, erasureDueAt), 1).some(({ state }) => state === 'owed'));
    });

    it('keeps to what is asked for, and refuses what there is not', () => {
      assert.equal(rowsOf(ask('askWithdrawals', { mspId: 'DeltaMSP', datasetId: 'delta' })).length, 1);
      assert.deepEqual(rowsOf(ask('askWithdrawals', { mspId: 'BetaMSP' })), []);
      assert.equal(refusal('askWithdrawals', { studyId: 'none' }).code, 'STUDY_NOT_FOUND');
      assert.equal(refusal('askWithdrawals', { datasetId: 'none' }).code, 'DATASET_NOT_FOUND');
    });
  });

  describe('who did what on a day', () => {
    it('has every transaction of the day, in pages that together are all', () => {
      const all = rowsOf(ask('askActsOfDay', { day: '2026-03-01', limit: 1000 }));
      assert.deepEqual(
        all.map(({ transactionId }) => transactionId),
        study.committed.map(({ proposal }) => proposal.txId),
      );
      const paged: unknown[] = [];
      let bookmark: string | undefined;
      do {
        const page: Answer = ask('askActsOfDay', { day: '2026-03-01', limit: 7, bookmark });
        paged.push(...rowsOf(page));
        bookmark = page.bookmark;
      } while (bookmark !== undefined);
      assert.deepEqual(paged, all);
      assert.deepEqual(rowsOf(ask('askActsOfDay', { day: '2026-03-02' })), []);
    });

    it('goes on after the second transaction of an id too, and names no study by a text that is no id', () => {
      const [at, transactionId] = ['2026-03-01T08:00:00.000Z', 'a'.repeat(64)];
      const argument = { studyId: 'x'.repeat(30_000), datasetId: 'heart' };
      const sent = { at, transactionId, writes: [], code: 'DUPLICATE_TXID', name: 'study:start' };
      const twice = writtenHistory([sent, { ...sent, argument }, { at, writes: [] }]);
      const { answer } = QUESTIONS.find((one) => one.operationId === 'askActsOfDay')!;
      const page = (bookmark?: string) =>
        answer(twice.history, { day: '2026-03-01', limit: 2, bookmark } as never, at);
      const first = page();
      assert.deepEqual(
        rowsOf(first).map(({ studyId, datasetId }) => [studyId, datasetId]),
        [
          [null, null],
          [null, 'heart'],
        ],
      );
      const second = page(first.bookmark);
      assert.deepEqual(
        rowsOf(second).map(({ block }) => block),
        [2],
      );
      assert.equal(second.bookmark, undefined);
      assert.match(
        refusal('askActsOfDay', { day: '2026-03-01', bookmark: 'WyJhIiwiYiJd' }).detail,
        /bookmark/,
      );
      twice.close();
    });

    it('says who did it to what, and of one organisation if asked', () => {
      const beta = rowsOf(ask('askActsOfDay', { day: '2026-03-01', mspId: 'BetaMSP', limit: 1000 }));
      assert.ok(beta.every(({ mspId }) => mspId === 'BetaMSP'));
      const declined = beta.find(({ transaction }) => transaction === 'study:decline');
      assert.deepEqual(
        [declined.person, declined.role, declined.studyId, declined.datasetId, declined.tookEffect],
        ['steward.BetaMSP', 'steward', 'heart-2', 'beta', true],
      );
      assert.match(declined.sentence, /“steward\.BetaMSP” \(steward\) of BetaMSP did study:decline/);
      assert.match(refusal('askActsOfDay', { day: '2026-02-30' }).detail, /day must be a time that there is/);
    });
  });

  it('fill every column that their tables promise, of every row', () => {
    const asked: Record<string, object> = {
      askUsesOfDataset: { datasetId: 'beta' },
      askUsesOfPopulation: { populationId: 'beta' },
      askOriginsOfModel: { studyId: 'heart' },
      askRefusalsOfHospital: { mspId: 'BetaMSP' },
      askStudiesOfPurpose: { purpose: 'DUO:0000007' },
      askBudgets: {},
      askWithdrawals: {},
      askActsOfDay: { day: '2026-03-01' },
    };
    for (const { operationId, tables } of QUESTIONS) {
      const answer = ask(operationId, { ...asked[operationId], vectors: true });
      assert.deepEqual(
        answer.tables.map(({ form }) => form.name),
        tables.map(({ name }) => name),
      );
      for (const { form, rows } of answer.tables) {
        assert.ok(rows.length > 0, `${operationId} ${form.name} is empty`);
        const fields = columnsOf(form).map(({ field }) => field);
        for (const row of rows) assert.deepEqual(Object.keys(row).toSorted(), fields.toSorted(), form.name);
        assert.deepEqual(
          form.printed.filter((field) => !fields.includes(field)),
          [],
        );
      }
    }
  });
});
