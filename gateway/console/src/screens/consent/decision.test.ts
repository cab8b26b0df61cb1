// What a steward may do, and what they are shown as changed, from rows as the ledger has them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Consent, ConsentQuote, Decline, MotionRecord, RowVersion } from '@consilium/domain';
import { decisionOf, standingOf, termsProblems } from './decision.ts';
import { differenceOf, textAnswered, textInHistory } from './text-difference.ts';

const TEXT = {
  title: 'Heart',
  rounds: 6,
  quorum: { updates: 3, validators: 3 },
  datasets: ['oslo', 'bern'],
  weights: [
    { datasetId: 'oslo', weight: 10 },
    { datasetId: 'bern', weight: 20 },
  ],
} as never;

const quote = (change: Partial<ConsentQuote> = {}): ConsentQuote =>
  ({
    fits: true,
    blocks: [{ asked: true }],
    stewards: { needed: 1, approved: [] },
    ...change,
  }) as ConsentQuote;
const proposed = { state: 'proposed' } as const;

test('a difference names what an amendment changed, and an added dataset moves no others', () => {
  const now = {
    ...(TEXT as object),
    rounds: 8,
    datasets: ['oslo', 'bern', 'lyon'],
    weights: [
      { datasetId: 'oslo', weight: 10 },
      { datasetId: 'lyon', weight: 5 },
      { datasetId: 'bern', weight: 20 },
    ],
  } as never;
  assert.deepEqual(differenceOf(TEXT, now), [
    { path: 'rounds', before: '6', after: '8' },
    { path: 'datasets', before: 'oslo, bern', after: 'oslo, bern, lyon' },
    { path: 'weights.lyon.weight', before: undefined, after: '5' },
  ]);
  assert.deepEqual(differenceOf(TEXT, TEXT), []);
  assert.deepEqual(differenceOf(now, TEXT).at(-1), {
    path: 'weights.lyon.weight',
    before: '5',
    after: undefined,
  });
});

test('what was read before is what the ledger has an answer to: the last of consent, refusal and vote', () => {
  const none = { consent: undefined, decline: undefined, motions: [], mspId: 'OsloMSP' };
  assert.deepEqual(textAnswered(none), { version: 1, by: 'proposal', at: undefined });
  const decline = { studyVersion: 1, declinedAt: 'd' } as Decline;
  assert.equal(textAnswered({ ...none, decline }).by, 'decline');
  const consent = { studyVersion: 2, grantedAt: 'c' } as Consent;
  assert.deepEqual(textAnswered({ ...none, decline, consent }), { version: 2, by: 'consent', at: 'c' });
  const vote = (mspId: string, accept: boolean, state = 'carried') =>
    ({
      motion: { kind: 'amend', studyVersion: 2, state },
      votes: [{ mspId, accept, votedAt: 'v' }],
    }) as unknown as MotionRecord;
  const voted = textAnswered({ ...none, consent, motions: [vote('OsloMSP', true)] });
  assert.deepEqual(voted, { version: 3, by: 'vote', at: 'v' });
  for (const other of [vote('BernMSP', true), vote('OsloMSP', false), vote('OsloMSP', true, 'rejected')]) {
    assert.equal(textAnswered({ ...none, consent, motions: [other] }).version, 2);
  }
});

test('an earlier text is found in the history of the study by its number, and without how the study fares', () => {
  const row = (version: number | undefined, rounds: number) =>
    ({
      row: { title: 'Heart', rounds, state: 'running', ...(version && { version }) },
    }) as unknown as RowVersion;
  const history = [row(2, 8), row(undefined, 6)];
  assert.deepEqual(textInHistory(history, 1), { title: 'Heart', rounds: 6 });
  assert.equal(textInHistory(history, 3), undefined);
});

test('the terms say what the ledger would refuse; a hospital may always ask itself', () => {
  const dataset = {
    owner: 'OsloMSP',
    terms: { purposes: ['DUO:0000006'], allowedMembers: ['BernMSP'], expiresAt: '2026-06-01T00:00:00Z' },
  } as never;
  const now = Date.parse('2026-03-01T00:00:00Z');
  const ask = (purpose: string, requester: string, at = now) =>
    termsProblems(dataset, { purpose, requester } as never, at);
  assert.deepEqual(ask('DUO:0000007', 'BernMSP'), [], 'disease-specific research is biomedical research');
  assert.deepEqual(ask('DUO:0000042', 'LyonMSP'), ['purpose', 'requester']);
  assert.deepEqual(ask('DUO:0000006', 'OsloMSP'), []);
  assert.deepEqual(ask('DUO:0000006', 'BernMSP', Date.parse('2026-06-01T00:00:00Z')), ['expired']);
});

test('the last of several stewards gives the consent, the others approve, and nobody counts twice', () => {
  const decide = (approved: string[], person: string | undefined) =>
    decisionOf({
      study: proposed,
      quote: quote({ stewards: { needed: 2, approved } }),
      person,
      problems: [],
    });
  assert.equal(decide([], 'ann').kind, 'approve');
  assert.equal(decide(['ben'], 'ann').kind, 'grant');
  assert.deepEqual(decide(['ann'], 'ann').hindrances, ['self']);
  assert.equal(decide(['ann'], 'ann').kind, 'approve');
  assert.equal(decide(['ben'], undefined).kind, 'grant', 'the ledger knows who it is');
});

test('what the ledger would refuse is said before it is sent', () => {
  const decide = (change: Parameters<typeof quote>[0], state = 'proposed') =>
    decisionOf({ study: { state } as never, quote: quote(change), person: 'ann', problems: ['expired'] })
      .hindrances;
  assert.deepEqual(decide({ fits: false }), ['expired', 'cost']);
  assert.deepEqual(decide({ blocks: [] }), ['expired', 'blocks']);
  assert.deepEqual(decide({}, 'completed'), ['state', 'expired']);
});

test('a refusal of an earlier text leaves the present one without an answer, and a consent counts more', () => {
  const decline = { studyVersion: 1 } as Decline;
  assert.equal(standingOf({ version: 1 }, { consent: undefined, decline }), 'declined');
  assert.equal(standingOf({ version: 2 }, { consent: undefined, decline }), 'waiting');
  assert.equal(standingOf({ version: 1 }, { consent: { state: 'granted' } as Consent, decline }), 'granted');
});
