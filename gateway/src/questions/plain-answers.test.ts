// Pages of refusals, withdrawals, studies and uses, read from lists that are kept as blocks are indexed, beside the
// plain computation that reads every row there is: over histories drawn at random.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type {
  ConsentRow,
  Dataset,
  Decline,
  Departure,
  OpenConsent,
  Round,
  Study,
  Verdict,
} from '@consilium/domain';
import { inMembership, membershipOf } from '@consilium/domain';
import fc from 'fast-check';
import type { LedgerIndex } from '../read-model/ledger-index.ts';
import { type WrittenTransaction, written, writtenHistory } from '../testing/written-history.ts';
import { QUESTIONS } from './all-questions.ts';
import type { Answer } from './answer.ts';
import { numberKey } from './number-key.ts';

const MEMBERS = ['AMSP', 'BMSP'];
const STUDIES = ['s1', 's2', 's3', 's4'];
const DATASETS = ['a1', 'a2', 'b1'];
const BEGIN_MS = Date.parse('2026-03-01T08:00:00.000Z');
const HOUR_MS = 3_600_000;
const timeOf = (number: number): string => new Date(BEGIN_MS + number * HOUR_MS).toISOString();
const ownerOf = (datasetId: string): string => (datasetId.startsWith('a') ? 'AMSP' : 'BMSP');

/** What happens at one hour: one row of a kind that the questions are about, as a contract would leave it. */
const Act = fc.record({
  kind: fc.constantFrom(
    ...([
      'decline',
      'consent',
      'withdraw',
      'settle',
      'verdict',
      'vote',
      'member-vote',
      'departure',
      'round',
      'update',
    ] as const),
  ),
  studyId: fc.constantFrom(...STUDIES),
  datasetId: fc.constantFrom(...DATASETS),
  mspId: fc.constantFrom(...MEMBERS),
  round: fc.integer({ min: 1, max: 3 }),
  accepts: fc.boolean(),
  rejects: fc.boolean(),
});
type Act = typeof Act extends fc.Arbitrary<infer T> ? T : never;

/** The rows of such acts, one transaction an hour; acts that contracts would refuse write nothing. */
function historyOf(acts: readonly Act[]): LedgerIndex {
  const studies = new Map(
    STUDIES.map((studyId): [string, object] => {
      const study = { schema: 4, studyId, title: `Study ${studyId}`, purpose: 'DUO:0000006' };
      const validation = { minimum: '0.5', noiseMultiplier: '4' };
      return [
        studyId,
        { ...study, validation, requester: 'AMSP', state: 'proposed', afterWithdrawal: 'kept' },
      ];
    }),
  );
  const transactions: WrittenTransaction[] = [
    {
      at: timeOf(0),
      writes: [
        ...[...studies].map(([studyId, study]) => written('study', [studyId], study)),
        ...MEMBERS.map((mspId) => written('member', [mspId], { schema: 2, title: `Hospital ${mspId}` })),
        ...DATASETS.map((datasetId) => {
          const [owner, title] = [ownerOf(datasetId), `Dataset ${datasetId}`];
          return written('dataset', [datasetId], { schema: 3, datasetId, owner, title, ...DATASET });
        }),
      ],
    },
  ];
  const consents = new Map<string, object>();
  const declined = new Map<string, number>();
  for (const act of acts) {
    const at = timeOf(transactions.length);
    const { kind, studyId, datasetId, mspId, round } = act;
    const [owner, use] = [ownerOf(datasetId), `${studyId} ${datasetId}`];
    const consent = consents.get(use) as { withdrawnAt?: string; state: string } | undefined;
    const writes = [];
    switch (kind) {
      case 'decline': {
        const number = (declined.get(use) ?? 0) + 1;
        declined.set(use, number);
        const said = { code: 'ethics', reason: '"withdrawnAt":"', steward: 'x', studyVersion: number };
        writes.push(
          written('decline', [studyId, datasetId], {
            ...{ schema: 1, studyId, datasetId, owner, number, declinedAt: at },
            ...said,
          }),
        );
        break;
      }
      case 'consent':
        if (consent !== undefined) break;
        consents.set(use, {
          schema: 4,
          studyId,
          datasetId,
          owner,
          state: 'granted',
          grantedAt: at,
          ...CONSENT,
        });
        writes.push(
          written('consent', [studyId, datasetId], consents.get(use)),
          written('open-consent', [owner, studyId, datasetId], { schema: 1, studyId, datasetId }),
        );
        break;
      case 'withdraw':
        if (consent === undefined || consent.withdrawnAt !== undefined) break;
        consents.set(use, { ...consent, withdrawnAt: at, state: 'withdrawn', reason: '"accept":false' });
        writes.push(written('consent', [studyId, datasetId], consents.get(use)));
        break;
      case 'settle':
        if (consent === undefined || consent.state === 'settled') break;
        consents.set(use, { ...consent, state: 'settled', settledAt: at });
        writes.push(
          written('consent', [studyId, datasetId], consents.get(use)),
          written('open-consent', [owner, studyId, datasetId], undefined),
        );
        break;
      case 'verdict': {
        const decisions = DATASETS.map((one, i) =>
          act.rejects && i !== 1
            ? { datasetId: one, decision: 'reject', reason: 'norm-exceeded' }
            : { datasetId: one, decision: 'accept' },
        );
        writes.push(
          written('verdict', [studyId, numberKey(round), mspId], {
            ...{
              schema: 2,
              studyId,
              round,
              mspId,
              accepted: act.accepts,
              decisions,
              scores: [],
              recordedAt: at,
            },
          }),
        );
        break;
      }
      case 'vote':
        writes.push(
          written('vote', [studyId, numberKey(round), mspId], {
            ...{
              schema: 1,
              studyId,
              motion: round,
              mspId,
              accept: act.accepts,
              votedAt: at,
              stewards: ['x'],
            },
          }),
        );
        break;
      case 'member-vote':
        writes.push(
          written('member-vote', ['CMSP', 'removal', numberKey(round), mspId], {
            ...{
              schema: 1,
              mspId: 'CMSP',
              question: 'removal',
              accept: act.accepts,
              reason: 'r',
              votedAt: at,
            },
          }),
        );
        break;
      case 'departure':
        writes.push(
          written('departure', [mspId, numberKey(1)], {
            ...{ schema: 1, mspId, membership: 1, leftAt: at, reason: 'left' },
          }),
        );
        break;
      case 'round': {
        const ends = act.accepts
          ? { finalizedAt: at, state: 'finalized', included: act.rejects ? [] : [datasetId] }
          : { state: act.rejects ? 'aborted' : 'training' };
        const validators = act.rejects ? MEMBERS : [mspId];
        const opened = timeOf(transactions.length - round);
        writes.push(
          written('round', [studyId, numberKey(round)], {
            ...{ schema: 2, studyId, round, openedAt: opened, participants: [{ mspId, datasetId }] },
            ...{ validators, ...ends },
          }),
        );
        const study = { ...studies.get(studyId), state: 'active', startedAt: opened };
        studies.set(studyId, act.rejects ? { ...study, state: 'completed', endedAt: at } : study);
        writes.push(written('study', [studyId], studies.get(studyId)));
        break;
      }
      case 'update':
        writes.push(
          written('update', [studyId, numberKey(round), datasetId], { schema: 1, studyId, round, datasetId }),
        );
        break;
    }
    transactions.push({ at, writes });
  }
  return writtenHistory(transactions);
}

const DATASET = {
  privacyBudget: { epsilon: '4', delta: '0.00001', unit: 'patient' },
  consentPolicy: { stewards: 1 },
};
const CONSENT = { rounds: 3, costPerRound: { training: [], heldOut: [] }, studyVersion: 1, stewards: [] };

interface Period {
  readonly from?: string;
  readonly to?: string;
}
const isIn = ({ from, to }: Period, at: string): boolean =>
  (from === undefined || at >= from) && (to === undefined || at < to);

/** Every row of a kind, as it is now. */
const rowsOf = <T>(index: LedgerIndex, kind: Parameters<LedgerIndex['history']['rows']>[0]) =>
  [...index.history.rows<T>(kind)].flatMap(({ key, row, transactionId }) =>
    row === undefined ? [] : [{ key, row, transactionId }],
  );

/** Consents that are withdrawn, by reading all of them. */
function plainWithdrawals(index: LedgerIndex) {
  return rowsOf<ConsentRow>(index, 'consent')
    .map(({ key, row, transactionId }) => {
      const departure = index.history.row<Departure>('departure', [row.owner, numberKey(membershipOf(row))]);
      const left = rowsOf<OpenConsent>(index, 'open-consent').some(
        ({ row: open }) => open.studyId === row.studyId && open.datasetId === row.datasetId,
      );
      return { key, row: left ? inMembership(row, departure?.row) : row, transactionId };
    })
    .filter(({ row }) => row.withdrawnAt !== undefined)
    .sort((a, b) => (a.row.withdrawnAt! < b.row.withdrawnAt! ? -1 : 1));
}

/** Of a use its rounds with an update, those that include it, and who owes an erasure, by reading every round. */
function plainUpdates(index: LedgerIndex, { studyId, datasetId }: ConsentRow) {
  const rounds = rowsOf<Round>(index, 'round').flatMap(({ row }) => {
    const key = [studyId, numberKey(row.round), datasetId];
    return row.studyId === studyId && index.history.row('update', key) !== undefined ? [row] : [];
  });
  const included = rounds.filter((row) => row.included?.includes(datasetId));
  const owed = [...new Set(rounds.flatMap(({ validators }) => validators))].sort();
  return [rounds.length, included.length, owed];
}

/** Everything that a hospital refused, by reading every row that may say so. */
function plainRefusals(index: LedgerIndex, mspId: string, period: Period): string[] {
  const found: { readonly at: string; readonly text: string }[] = [];
  const add = (at: string, ...parts: readonly unknown[]) =>
    found.push({ at, text: [at, ...parts].join(' ') });
  for (const { row: dataset } of rowsOf<Dataset>(index, 'dataset')) {
    if (dataset.owner !== mspId) continue;
    for (const { key } of rowsOf<Decline>(index, 'decline')) {
      if (key[1] !== dataset.datasetId) continue;
      for (const { row, transactionId } of index.history.versions<Decline>('decline', key)) {
        add(row!.declinedAt, 'study declined', row!.studyId, row!.datasetId, transactionId);
      }
    }
  }
  for (const { key, row } of plainWithdrawals(index)) {
    if (row.owner !== mspId) continue;
    const versions = [...index.history.versions<ConsentRow>('consent', key)];
    const first = versions.find((version) => version.row?.withdrawnAt !== undefined) ?? versions.at(-1)!;
    add(row.withdrawnAt!, 'consent withdrawn', row.studyId, row.datasetId, first.transactionId);
  }
  for (const { row, transactionId } of rowsOf<Verdict>(index, 'verdict')) {
    if (row.mspId !== mspId) continue;
    if (!row.accepted) add(row.recordedAt, 'model rejected', row.studyId, null, transactionId);
    for (const { datasetId, decision } of row.decisions) {
      if (decision === 'reject')
        add(row.recordedAt, 'update rejected', row.studyId, datasetId, transactionId);
    }
  }
  for (const [kind, means] of [
    ['vote', 'motion refused'],
    ['member-vote', 'member refused'],
  ] as const) {
    const votes = rowsOf<{ accept: boolean; votedAt: string; studyId?: string }>(index, kind);
    for (const { key, row, transactionId } of votes) {
      if (key.at(-1) === mspId && !row.accept) {
        add(row.votedAt, means, row.studyId ?? null, null, transactionId);
      }
    }
  }
  // Those of one transaction are in their order.
  const ofPeriod = found.filter(({ at }) => isIn(period, at));
  return ofPeriod.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).map(({ text }) => text);
}

/** Studies of which a round was open in a period, by reading all of them. */
function plainStudies(index: LedgerIndex, { from, to }: Period): string[] {
  return rowsOf<Study>(index, 'study').flatMap(({ row: { studyId, startedAt, endedAt } }) => {
    if (startedAt === undefined || (to !== undefined && startedAt >= to)) return [];
    if (from !== undefined && endedAt !== undefined && endedAt < from) return [];
    const rounds = rowsOf<Round>(index, 'round').filter(({ row }) => {
      if (row.studyId !== studyId || (to !== undefined && row.openedAt >= to)) return false;
      const { at } = index.history.row('round', [studyId, numberKey(row.round)])!;
      const hasEnded = row.state === 'finalized' || row.state === 'aborted';
      return !hasEnded || from === undefined || (row.finalizedAt ?? at) >= from;
    });
    if (rounds.length === 0) return [];
    const first = rounds.map(({ row }) => row.openedAt).sort()[0];
    const participants = rounds.flatMap(({ row }) => row.participants);
    const distinct = (all: readonly string[]) => [...new Set(all)].sort();
    const hospitals = distinct(participants.map(({ mspId }) => mspId));
    const datasets = distinct(participants.map(({ datasetId }) => datasetId));
    return [[studyId, rounds.length, first, hospitals, datasets].join(' ')];
  });
}

const hour = fc.integer({ min: 0, max: 40 });
const Asked = fc.record({
  acts: fc.array(Act, { maxLength: 40 }),
  limit: fc.integer({ min: 1, max: 7 }),
  hour,
  span: hour,
});

/** All pages of an answer, one after the other. */
function pagesOf(index: LedgerIndex, operationId: string, asked: object): Answer[] {
  const question = QUESTIONS.find((one) => one.operationId === operationId)!;
  const pages: Answer[] = [];
  let bookmark: string | undefined;
  do {
    const more = bookmark === undefined ? {} : { bookmark };
    const now = timeOf(1000);
    pages.push(index.read((history) => question.answer(history, { ...asked, ...more } as never, now)));
    bookmark = pages.at(-1)!.bookmark;
    assert.ok(pages.length < 500, 'pages end');
  } while (bookmark !== undefined);
  return pages;
}
// biome-ignore lint/suspicious/noExplicitAny: a row's columns are what a test asserts
const shownIn = (pages: readonly Answer[]): any[] => pages.flatMap(({ tables }) => [...tables[0]!.rows]);
const counted = ({ sentences }: Answer): number =>
  Number(/(?:refused )?([0-9,]+) (?:time|consent)/.exec(sentences[0]!)?.[1] ?? 0);

function check(
  property: (index: LedgerIndex, asked: { readonly limit: number; readonly period: Period }) => void,
): void {
  fc.assert(
    fc.property(Asked, ({ acts, limit, hour: first, span }) => {
      const index = historyOf(acts);
      const period = { from: timeOf(first), to: timeOf(first + span + 1) };
      try {
        for (const within of [{}, period]) property(index, { limit, period: within });
      } finally {
        index.close();
      }
    }),
    { numRuns: 60 },
  );
}

describe('answers from lists that are kept', () => {
  it('have in their pages the refusals that all rows together have, in the same order, and as many', () => {
    check((index, { limit, period }) => {
      for (const mspId of MEMBERS) {
        const expected = plainRefusals(index, mspId, period);
        const pages = pagesOf(index, 'askRefusalsOfHospital', { mspId, limit, ...period });
        const shown = shownIn(pages).map(({ at, kind, studyId, datasetId, transactionId }) =>
          [at, kind, studyId, datasetId, transactionId].join(' '),
        );
        assert.deepEqual(shown, expected);
        for (const page of pages) assert.equal(counted(page), expected.length);
      }
    });
  });

  it('have the withdrawn consents that all consents have, whatever they are asked by', () => {
    check((index, { limit }) => {
      const all = plainWithdrawals(index);
      const filters = [
        {},
        ...STUDIES.map((studyId) => ({ studyId })),
        ...DATASETS.flatMap((datasetId) => [{ datasetId }, { datasetId, mspId: 'AMSP' }]),
        ...MEMBERS.map((mspId) => ({ mspId })),
        { studyId: 's1', datasetId: 'a1' },
      ];
      for (const filter of filters) {
        const expected = all.filter(
          ({ row }) =>
            ('studyId' in filter ? row.studyId === filter.studyId : true) &&
            ('datasetId' in filter ? row.datasetId === filter.datasetId : true) &&
            ('mspId' in filter ? row.owner === filter.mspId : true),
        );
        const pages = pagesOf(index, 'askWithdrawals', { ...filter, limit });
        assert.deepEqual(
          shownIn(pages).map(({ studyId, datasetId, withdrawnAt }) => [studyId, datasetId, withdrawnAt]),
          expected.map(({ row }) => [row.studyId, row.datasetId, row.withdrawnAt]),
        );
        assert.deepEqual(
          shownIn(pages).map(({ roundsBefore, roundsInModel, owed }) => [roundsBefore, roundsInModel, owed]),
          expected.map(({ row }) => plainUpdates(index, row)),
        );
        for (const page of pages) assert.equal(counted(page), expected.length);
      }
    });
  });

  it('have the studies that ran in a period, in the order of their ids', () => {
    check((index, { limit, period }) => {
      const pages = pagesOf(index, 'askStudiesOfPurpose', { purpose: 'DUO:0000006', limit, ...period });
      const shown = shownIn(pages).map(({ studyId, rounds, firstRoundAt, hospitals, datasets }) =>
        [studyId, rounds, firstRoundAt, hospitals, datasets].join(' '),
      );
      assert.deepEqual(shown, plainStudies(index, period));
    });
  });

  it('have the uses of a dataset, each once, on whichever page', () => {
    check((index, { limit }) => {
      const expected = rowsOf<ConsentRow>(index, 'consent').map(
        ({ row }) => `${row.studyId} ${row.datasetId}`,
      );
      for (const datasetId of DATASETS) {
        const own = expected.filter((use) => use.endsWith(` ${datasetId}`));
        const uses = shownIn(pagesOf(index, 'askUsesOfDataset', { datasetId, limit }));
        assert.deepEqual(
          uses.map((use) => `${use.studyId} ${use.datasetId}`),
          own,
        );
      }
    });
  });
});
