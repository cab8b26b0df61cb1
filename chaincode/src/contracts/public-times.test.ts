// No sooner than a public time: what a study's text says, what is taken where it says nothing, and what is refused.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  type Dataset,
  defaultPublicTimes,
  type ProposeStudy,
  publicTimeMs,
  type Round,
  studyText,
} from '@consilium/domain';
import { datasetArgument, studyArgument } from '@consilium/domain/testing/examples';
import { refusalOf } from '../testing/memory-consortium.ts';
import { as, DATASETS, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const auditor = as('auditor', 'AlphaMSP');
const rowOf = (study: StudyOnLedger) => study.evaluate(auditor, 'study:get', { studyId: STUDY });
const wanted = DATASETS.map((datasetId) => datasetArgument(datasetId, '8') as unknown as Dataset);
const text = (change: Partial<ProposeStudy> = {}) =>
  studyArgument({ studyId: STUDY, datasets: DATASETS, ...change });

test('a study has the times of its text, and they are part of what is consented to', async () => {
  const notBefore = { updateSeconds: 300, verdictSeconds: 60 };
  const study = await StudyOnLedger.proposed({ notBefore });
  const row = await rowOf(study);
  assert.deepEqual(row.publicTimes, notBefore);
  assert.deepEqual(studyText(row).notBefore, notBefore);
});

test('a text without times gets them from its public sizes, and stays the text that it is', async () => {
  const study = await StudyOnLedger.proposed();
  const row = await rowOf(study);
  assert.deepEqual(row.publicTimes, defaultPublicTimes(text(), wanted));
  assert.equal(Object.hasOwn(studyText(row), 'publicTimes'), false);
  assert.equal(Object.hasOwn(studyText(row), 'notBefore'), false);
});

test('the default grows with the work, and leaves three quarters of the round', () => {
  const { model, training } = text();
  const of = (change: Partial<ProposeStudy>) => defaultPublicTimes(text(change), wanted);
  assert.deepEqual(of({}), { updateSeconds: 2, verdictSeconds: 2 });
  assert.deepEqual(of({ training: { ...training, stepsPerRound: 1000 } }).updateSeconds, 12);
  const large = { ...model, parameters: 10_000_000 };
  const { updateSeconds, verdictSeconds } = of({ model: large });
  // 10 steps of half of 299 patients with 10^7 parameters: 14,950,000,000 at 2 · 10^8 a second, and 0.1 s of steps.
  assert.deepEqual([updateSeconds, verdictSeconds], [76, 7]);
  assert.deepEqual(of({ model: large, roundDeadlineSeconds: 40 }), { updateSeconds: 10, verdictSeconds: 7 });
});

test('times that leave too little of a round are refused, when proposed and when the deadline is amended', async () => {
  const study = await StudyOnLedger.prepared();
  const most = { updateSeconds: 1800, verdictSeconds: 0 };
  const refusal = await refusalOf(study.propose({ notBefore: { ...most, updateSeconds: 1801 } }));
  assert.match(refusal.message, /INVALID_ARGUMENT.*notBefore\.updateSeconds must be at most 1800/);

  const running = await StudyOnLedger.running({ notBefore: most });
  const amendment = { roundDeadlineSeconds: 3599 };
  const shorter = await refusalOf(running.move('AlphaMSP', { kind: 'amend', amendment }));
  assert.match(shorter.message, /INVALID_ARGUMENT.*publicTimes\.updateSeconds must be at most 1799/);
});

test('an update counts from the opening of its round, a verdict from its closing, and of old there is no time', () => {
  const publicTimes = { updateSeconds: 60, verdictSeconds: 30 };
  const round = { openedAt: '2026-01-01T00:00:00.000Z', closedAt: '2026-01-01T01:00:00.000Z' } as Round;
  const ms = (instant: string) => Date.parse(instant);
  assert.equal(publicTimeMs({ publicTimes }, round, 'update'), ms('2026-01-01T00:01:00.000Z'));
  assert.equal(publicTimeMs({ publicTimes }, round, 'verdict'), ms('2026-01-01T01:00:30.000Z'));
  assert.equal(publicTimeMs({ publicTimes: { ...publicTimes, verdictSeconds: 0 } }, round, 'verdict'), 0);
  assert.equal(publicTimeMs({}, round, 'update'), 0);
  assert.equal(publicTimeMs({}, round, 'verdict'), 0);
});
