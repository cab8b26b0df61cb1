import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Consent, RoundDossier, Study } from '@consilium/domain';
import fc from 'fast-check';
import {
  ARTEFACT,
  aConsent,
  aDossier,
  anAttestation,
  anEquivocation,
  anUpdate,
  aStudy,
  aVerdict,
  DEADLINE,
  OPENED_AT,
  SHA_A,
  SHA_B,
} from '../testing/study-rows.ts';
import { type Action, agreedHash, nextAction, type Situation } from './next-action.ts';

const OPENED_MS = Date.parse(OPENED_AT);
const DEADLINE_MS = Date.parse(DEADLINE);
const TAKEOVER_MS = 20_000;
const ALL = ['A', 'B', 'C'];

interface Case {
  readonly title: string;
  readonly mspId?: string;
  readonly study?: Partial<Study>;
  readonly consents?: readonly Consent[];
  readonly latest?: RoundDossier;
  readonly prepared?: readonly string[];
  readonly undelivered?: Situation['undelivered'];
  readonly early?: Readonly<Record<string, number>>;
  readonly nowMs?: number;
  readonly lastChangeMs?: number;
  readonly expected: Partial<Action>;
}

const nextOf = (c: Omit<Case, 'title' | 'expected'>): Action =>
  nextAction(
    { study: aStudy(c.study), consents: c.consents ?? ALL.map((m) => aConsent(m)), latest: c.latest },
    {
      mspId: c.mspId ?? 'A',
      preparedDatasets: new Set(c.prepared ?? ['a-data', 'b-data', 'c-data']),
      undelivered: c.undelivered ?? [],
      early: new Map(Object.entries(c.early ?? {})),
      nowMs: c.nowMs ?? OPENED_MS,
      lastChangeMs: c.lastChangeMs ?? OPENED_MS,
      takeoverMs: TAKEOVER_MS,
    } satisfies Situation,
  );

const finalized = (round: number, more: Partial<RoundDossier['round']> = {}): RoundDossier =>
  aDossier({
    round,
    state: 'finalized',
    aggregate: { artefact: ARTEFACT, parametersSha256: SHA_A },
    ...more,
  });
const updates = (owners: readonly string[]) => owners.map(anUpdate);
const verdicts = (members: readonly string[]) => members.map((m) => aVerdict(m));
const CLOSED = { updates: ['a-data', 'b-data', 'c-data'] };
const rejecting = (mspId: string) => aVerdict(mspId, { accepted: false });
const rejectingAll = (mspId: string) =>
  aVerdict(mspId, {
    decisions: ALL.map((m) => ({
      datasetId: `${m.toLowerCase()}-data`,
      decision: 'reject',
      reason: 'norm-exceeded',
    })),
  });

const SEALED_UPDATE = [{ round: 1, subject: 'a-data', sha256: SHA_A }];
const SEALED_AGGREGATE = [{ round: 1, subject: 'aggregate of the round', sha256: SHA_A }];
const NOTHING_DELIVERED = { kind: 'wait' } as const;

const CASES: readonly Case[] = [
  // Bytes follow the ledger's word.
  {
    title: 'delivers no update while others may still send theirs',
    latest: aDossier({}, { updates: updates(['A']) }),
    undelivered: SEALED_UPDATE,
    expected: NOTHING_DELIVERED,
  },
  {
    title: 'delivers its update before anything else, once the round takes no more',
    latest: aDossier({ state: 'validating', ...CLOSED }, { updates: updates(ALL) }),
    undelivered: SEALED_UPDATE,
    expected: { kind: 'deliver', round: 1, subject: 'a-data', purpose: 'update', named: ARTEFACT },
  },
  {
    title: 'delivers it late rather than never, for those who attest',
    latest: aDossier({ state: 'aggregating', ...CLOSED }, { updates: updates(ALL), verdicts: verdicts(ALL) }),
    undelivered: SEALED_UPDATE,
    expected: { kind: 'deliver', subject: 'a-data' },
  },
  {
    title: 'delivers no other bytes than those on the ledger',
    latest: aDossier({ state: 'validating', ...CLOSED }, { updates: updates(ALL) }),
    undelivered: [{ round: 1, subject: 'a-data', sha256: SHA_B }],
    expected: { kind: 'verdict' },
  },
  {
    title: 'delivers nothing of a round that was given up',
    latest: aDossier({ state: 'aborted' }, { updates: updates(ALL) }),
    undelivered: SEALED_UPDATE,
    expected: NOTHING_DELIVERED,
  },
  {
    title: 'settles a consent that was withdrawn by then, and delivers nothing',
    consents: [aConsent('A', 'withdrawn'), aConsent('B'), aConsent('C')],
    latest: aDossier(
      { state: 'validating', ...CLOSED },
      { updates: updates(ALL), verdicts: verdicts(['A']) },
    ),
    undelivered: SEALED_UPDATE,
    expected: { kind: 'settle', datasetId: 'a-data' },
  },
  {
    title: 'delivers nothing under a consent that was withdrawn and settled by then',
    consents: [aConsent('A', 'settled'), aConsent('B'), aConsent('C')],
    latest: aDossier(
      { state: 'validating', ...CLOSED },
      { updates: updates(ALL), verdicts: verdicts(['A']) },
    ),
    undelivered: SEALED_UPDATE,
    expected: NOTHING_DELIVERED,
  },
  {
    title: 'delivers no update of a study that is paused or over',
    study: { state: 'paused' },
    latest: aDossier({ state: 'validating', ...CLOSED }, { updates: updates(ALL) }),
    undelivered: SEALED_UPDATE,
    expected: NOTHING_DELIVERED,
  },
  {
    title: 'delivers the aggregate that it finalised',
    latest: finalized(1),
    undelivered: SEALED_AGGREGATE,
    expected: { kind: 'deliver', round: 1, purpose: 'aggregate', named: ARTEFACT },
  },
  {
    title: 'delivers it also when the next round is open already',
    latest: aDossier({ round: 2, base: { artefact: ARTEFACT, parametersSha256: SHA_A } }),
    undelivered: SEALED_AGGREGATE,
    expected: { kind: 'deliver', round: 1, purpose: 'aggregate' },
  },
  {
    title: 'delivers it also when the study is complete already, before it settles',
    study: { state: 'completed' },
    latest: finalized(3),
    undelivered: SEALED_AGGREGATE,
    expected: { kind: 'deliver', purpose: 'aggregate' },
  },
  {
    title: 'delivers no aggregate that another finaliser was faster with',
    mspId: 'B',
    latest: finalized(1),
    undelivered: [{ ...SEALED_AGGREGATE[0]!, sha256: SHA_B }],
    expected: { kind: 'open', round: 2 },
  },
  // Before and between rounds.
  {
    title: 'waits for a study that has not started',
    study: { state: 'proposed' },
    expected: { kind: 'wait' },
  },
  {
    title: 'waits for a study that is paused, and gives nothing up meanwhile',
    study: { state: 'paused' },
    expected: { kind: 'wait' },
  },
  { title: 'opens the first round as its leader', expected: { kind: 'open', round: 1 } },
  {
    title: "leaves the first round's opening to its leader",
    mspId: 'B',
    expected: { kind: 'wait', until: OPENED_MS + TAKEOVER_MS },
  },
  {
    title: 'opens in place of a silent leader, as the next in line',
    mspId: 'B',
    nowMs: OPENED_MS + TAKEOVER_MS,
    expected: { kind: 'open', round: 1 },
  },
  {
    title: 'waits twice as long as the third in line',
    mspId: 'C',
    nowMs: OPENED_MS + TAKEOVER_MS,
    expected: { kind: 'wait', until: OPENED_MS + 2 * TAKEOVER_MS },
  },
  {
    title: 'does not open for others without a dataset in the study',
    mspId: 'X',
    nowMs: OPENED_MS + 100 * TAKEOVER_MS,
    expected: { kind: 'wait', until: null },
  },
  {
    title: 'does not open a round that too few datasets consent to',
    consents: [aConsent('A'), aConsent('B', 'withdrawn')],
    expected: { kind: 'wait', until: null },
  },
  {
    title: 'opens the second round as its leader, which is another one',
    mspId: 'B',
    latest: finalized(1),
    expected: { kind: 'open', round: 2 },
  },
  { title: 'is not first in line for the second round', latest: finalized(1), expected: { kind: 'wait' } },
  {
    title: 'opens another round after an aborted one',
    mspId: 'B',
    latest: aDossier({ state: 'aborted' }),
    expected: { kind: 'open', round: 2 },
  },
  {
    title: 'lets leaders rotate over the members that still consent',
    mspId: 'C',
    consents: [aConsent('A'), aConsent('B', 'settled'), aConsent('C')],
    latest: finalized(1),
    expected: { kind: 'open', round: 2 },
  },
  // Training.
  {
    title: 'trains on its own dataset',
    latest: aDossier({}),
    expected: { kind: 'train', round: 1, datasetId: 'a-data' },
  },
  {
    title: 'trains although it is not the leader',
    mspId: 'C',
    latest: aDossier({}),
    expected: { kind: 'train', datasetId: 'c-data' },
  },
  {
    title: 'trains late rather than never while the round takes updates',
    latest: aDossier({}),
    nowMs: DEADLINE_MS + 1,
    expected: { kind: 'train' },
  },
  {
    title: 'does not train twice on one dataset',
    latest: aDossier({}, { updates: updates(['A']) }),
    expected: { kind: 'wait' },
  },
  {
    title: 'settles a withdrawn consent, and does not train',
    consents: [aConsent('A', 'withdrawn'), aConsent('B'), aConsent('C')],
    latest: aDossier({}),
    expected: { kind: 'settle', datasetId: 'a-data' },
  },
  {
    title: 'does not train under a withdrawn and settled consent',
    consents: [aConsent('A', 'settled'), aConsent('B'), aConsent('C')],
    latest: aDossier({}),
    expected: { kind: 'wait' },
  },
  {
    title: 'does not train without the file',
    prepared: [],
    latest: aDossier({}),
    expected: { kind: 'wait' },
  },
  {
    title: 'does not train on a dataset that is not its own',
    mspId: 'X',
    latest: aDossier({}),
    expected: { kind: 'wait' },
  },
  {
    title: 'closes as the leader when every update has arrived',
    latest: aDossier({}, { updates: updates(ALL) }),
    expected: { kind: 'close', round: 1 },
  },
  {
    title: 'leaves the closing to the leader',
    mspId: 'B',
    latest: aDossier({}, { updates: updates(ALL) }),
    expected: { kind: 'wait', until: OPENED_MS + TAKEOVER_MS },
  },
  {
    title: 'does not close before the deadline while an update is missing',
    latest: aDossier({}, { updates: updates(['A', 'B']) }),
    nowMs: DEADLINE_MS - 1,
    lastChangeMs: DEADLINE_MS - 1,
    expected: { kind: 'wait', until: DEADLINE_MS },
  },
  {
    title: 'closes without those who withdrew, at once',
    consents: [aConsent('A'), aConsent('B'), aConsent('C', 'withdrawn')],
    latest: aDossier({}, { updates: updates(['A', 'B']) }),
    expected: { kind: 'close' },
  },
  {
    title: 'aborts at once where withdrawals leave too few updates',
    consents: [aConsent('A'), aConsent('B', 'withdrawn'), aConsent('C', 'withdrawn')],
    latest: aDossier({}, { updates: updates(['A']) }),
    expected: { kind: 'abort', round: 1 },
  },
  {
    title: 'closes with a quorum after the deadline',
    latest: aDossier({}, { updates: updates(['A', 'B']) }),
    nowMs: DEADLINE_MS,
    expected: { kind: 'close' },
  },
  {
    title: 'aborts without a quorum after the deadline',
    latest: aDossier({}, { updates: updates(['A']) }),
    nowMs: DEADLINE_MS,
    expected: { kind: 'abort', round: 1 },
  },
  {
    title: 'leaves the abort to the leader first',
    mspId: 'B',
    latest: aDossier({}, { updates: updates(['B']) }),
    nowMs: DEADLINE_MS,
    expected: { kind: 'wait', until: DEADLINE_MS + TAKEOVER_MS },
  },
  {
    title: 'trains at once, and records its update no sooner than the public time',
    study: { publicTimes: { updateSeconds: 60, verdictSeconds: 30 } },
    latest: aDossier({}),
    early: { 'train 1 a-data': OPENED_MS + 60_000 },
    expected: { kind: 'wait', until: OPENED_MS + 60_000 },
  },
  {
    title: 'records it when that has come',
    study: { publicTimes: { updateSeconds: 60, verdictSeconds: 30 } },
    latest: aDossier({}),
    early: { 'train 1 a-data': OPENED_MS + 60_000 },
    nowMs: OPENED_MS + 60_000,
    expected: { kind: 'train', datasetId: 'a-data' },
  },
  {
    title: 'trains after all where the deadline has moved on',
    latest: aDossier({}),
    early: { 'train 1 a-data': Infinity },
    expected: { kind: 'train' },
  },
  {
    title: 'gives a round up whose update failed after the deadline',
    latest: aDossier({}),
    early: { 'train 1 a-data': Infinity },
    nowMs: DEADLINE_MS,
    lastChangeMs: OPENED_MS,
    expected: { kind: 'abort', round: 1 },
  },
  {
    title: 'judges at once, and records its verdict no sooner than the public time after the closing',
    study: { publicTimes: { updateSeconds: 60, verdictSeconds: 30 } },
    latest: aDossier(
      { state: 'validating', closedAt: new Date(OPENED_MS + 100_000).toISOString(), ...CLOSED },
      { updates: updates(ALL) },
    ),
    nowMs: OPENED_MS + 110_000,
    early: { 'verdict 1': OPENED_MS + 130_000 },
    expected: { kind: 'wait', until: OPENED_MS + 130_000 },
  },
  {
    title: 'judges first',
    study: { publicTimes: { updateSeconds: 60, verdictSeconds: 30 } },
    latest: aDossier({ state: 'validating', ...CLOSED }, { updates: updates(ALL) }),
    expected: { kind: 'verdict', round: 1 },
  },
  // Validating.
  {
    title: 'gives its verdict',
    latest: aDossier({ state: 'validating', ...CLOSED }, { updates: updates(ALL) }),
    expected: { kind: 'verdict', round: 1 },
  },
  {
    title: 'gives no verdict where it is no validator',
    mspId: 'X',
    latest: aDossier({ state: 'validating', ...CLOSED }, { updates: updates(ALL) }),
    expected: { kind: 'wait' },
  },
  {
    title: 'waits for the verdicts of others before the deadline, even with a quorum',
    latest: aDossier({ state: 'validating', ...CLOSED }, { verdicts: verdicts(['A', 'B']) }),
    expected: { kind: 'wait', until: DEADLINE_MS },
  },
  {
    title: 'tallies as the leader when every verdict has arrived',
    latest: aDossier({ state: 'validating', ...CLOSED }, { verdicts: verdicts(ALL) }),
    expected: { kind: 'tally', round: 1 },
  },
  {
    title: 'tallies a quorum after the deadline',
    latest: aDossier({ state: 'validating', ...CLOSED }, { verdicts: verdicts(['A', 'B']) }),
    nowMs: DEADLINE_MS,
    expected: { kind: 'tally' },
  },
  {
    title: 'aborts without a quorum of verdicts after the deadline',
    latest: aDossier({ state: 'validating', ...CLOSED }, { verdicts: verdicts(['A']) }),
    nowMs: DEADLINE_MS,
    expected: { kind: 'abort' },
  },
  {
    title: 'aborts when all have voted and too few accept the candidate',
    latest: aDossier(
      { state: 'validating', ...CLOSED },
      { verdicts: [aVerdict('A'), rejecting('B'), rejecting('C')] },
    ),
    expected: { kind: 'abort' },
  },
  {
    title: 'aborts when all have voted and too few updates are accepted',
    latest: aDossier(
      { state: 'validating', ...CLOSED },
      { verdicts: [aVerdict('A'), rejectingAll('B'), rejectingAll('C')] },
    ),
    expected: { kind: 'abort' },
  },
  {
    title: 'does not abort before the deadline while verdicts may still come',
    latest: aDossier({ state: 'validating', ...CLOSED }, { verdicts: [rejecting('A'), rejecting('B')] }),
    expected: { kind: 'wait' },
  },
  // Aggregating.
  {
    title: 'attests',
    latest: aDossier({ state: 'aggregating', ...CLOSED }, { verdicts: verdicts(ALL) }),
    expected: { kind: 'attest', round: 1 },
  },
  {
    title: 'attests although it rejected the candidate',
    latest: aDossier(
      { state: 'aggregating', ...CLOSED },
      { verdicts: [rejecting('A'), ...verdicts(['B', 'C'])] },
    ),
    expected: { kind: 'attest' },
  },
  {
    title: 'waits for attestations',
    latest: aDossier(
      { state: 'aggregating', ...CLOSED },
      { verdicts: verdicts(ALL), attestations: [anAttestation('A')] },
    ),
    expected: { kind: 'wait', until: DEADLINE_MS },
  },
  {
    title: 'finalises as the leader as soon as enough members attest one hash',
    latest: aDossier(
      { state: 'aggregating', ...CLOSED },
      { verdicts: verdicts(ALL), attestations: [anAttestation('A'), anAttestation('B')] },
    ),
    expected: { kind: 'finalize', round: 1, parametersSha256: SHA_A },
  },
  {
    title: 'leaves the finalising to a fit leader',
    mspId: 'B',
    latest: aDossier(
      { state: 'aggregating', ...CLOSED },
      { verdicts: verdicts(ALL), attestations: ALL.map((m) => anAttestation(m)) },
    ),
    expected: { kind: 'wait', until: OPENED_MS + TAKEOVER_MS },
  },
  {
    title: 'does not finalise as a leader whose own organisation rejected the candidate',
    nowMs: OPENED_MS + 100 * TAKEOVER_MS,
    latest: aDossier(
      { state: 'aggregating', ...CLOSED },
      {
        verdicts: [rejecting('A'), ...verdicts(['B', 'C'])],
        attestations: ALL.map((m) => anAttestation(m)),
      },
    ),
    expected: { kind: 'wait', until: null },
  },
  {
    title: 'finalises at once in place of an unfit leader',
    mspId: 'B',
    latest: aDossier(
      { state: 'aggregating', ...CLOSED },
      {
        verdicts: [rejecting('A'), ...verdicts(['B', 'C'])],
        attestations: ALL.map((m) => anAttestation(m)),
      },
    ),
    expected: { kind: 'finalize' },
  },
  {
    title: 'does not finalise as a leader that recomputed another aggregate',
    nowMs: OPENED_MS + 100 * TAKEOVER_MS,
    latest: aDossier(
      { state: 'aggregating', ...CLOSED },
      {
        verdicts: verdicts(ALL),
        attestations: [anAttestation('A', SHA_B), anAttestation('B'), anAttestation('C')],
      },
    ),
    expected: { kind: 'wait', until: null },
  },
  {
    title: 'does not count the attestation of a member that rejected the candidate',
    latest: aDossier(
      { state: 'aggregating', ...CLOSED },
      {
        verdicts: [aVerdict('A'), rejecting('B'), aVerdict('C')],
        attestations: [anAttestation('A'), anAttestation('B')],
      },
    ),
    expected: { kind: 'wait' },
  },
  {
    title: 'aborts when all have attested and no hash has a quorum',
    latest: aDossier(
      { state: 'aggregating', ...CLOSED },
      {
        verdicts: verdicts(ALL),
        attestations: [anAttestation('A'), anAttestation('B', SHA_B), anAttestation('C', 'c'.repeat(64))],
      },
    ),
    expected: { kind: 'abort' },
  },
  {
    title: 'aborts where a member that said two things leaves too few behind one hash',
    latest: aDossier(
      { state: 'aggregating', quorum: { updates: 2, validators: 3 }, ...CLOSED },
      {
        verdicts: verdicts(ALL),
        attestations: ALL.map((m) => anAttestation(m)),
        equivocations: [anEquivocation({ studyId: 'study', round: 1, mspId: 'C' })],
      },
    ),
    expected: { kind: 'abort', round: 1 },
  },
  {
    title: 'does not finalise as a leader that said two things',
    nowMs: OPENED_MS + 100 * TAKEOVER_MS,
    latest: aDossier(
      { state: 'aggregating', ...CLOSED },
      {
        verdicts: verdicts(ALL),
        attestations: ALL.map((m) => anAttestation(m)),
        equivocations: [anEquivocation({ studyId: 'study', round: 1, mspId: 'A' })],
      },
    ),
    expected: { kind: 'wait', until: null },
  },
  {
    title: 'does not open a round that a consent does not cover, given before rounds were added',
    mspId: 'B',
    latest: finalized(1),
    consents: [aConsent('A'), { ...aConsent('B'), rounds: 1 }, { ...aConsent('C'), rounds: 1 }],
    expected: { kind: 'wait', until: null },
  },
  // The end.
  {
    title: 'publishes after the last round, as its leader',
    mspId: 'C',
    latest: finalized(3, { leader: 'C' }),
    expected: { kind: 'publish' },
  },
  {
    title: 'publishes an earlier aggregate where the last round was aborted',
    mspId: 'C',
    latest: aDossier({
      round: 3,
      state: 'aborted',
      leader: 'C',
      base: { artefact: ARTEFACT, parametersSha256: SHA_A },
    }),
    expected: { kind: 'publish' },
  },
  {
    title: 'publishes nothing where no round was finalised',
    mspId: 'C',
    latest: aDossier({ round: 3, state: 'aborted', leader: 'C' }),
    expected: { kind: 'wait', until: null },
  },
  {
    title: 'settles its consent once the study is over',
    study: { state: 'completed' },
    expected: { kind: 'settle', datasetId: 'a-data' },
  },
  {
    title: 'settles after an abort too',
    mspId: 'B',
    study: { state: 'aborted' },
    expected: { kind: 'settle', datasetId: 'b-data' },
  },
  {
    title: 'is done when its consents are settled, whatever the others do',
    study: { state: 'completed' },
    consents: [aConsent('A', 'settled'), aConsent('B')],
    expected: { kind: 'done' },
  },
  {
    title: 'settles a withdrawn consent between rounds',
    consents: [aConsent('A', 'withdrawn'), aConsent('B'), aConsent('C')],
    latest: finalized(1),
    expected: { kind: 'settle', datasetId: 'a-data' },
  },
  {
    title: 'settles a withdrawn consent while its round runs, and judges nothing',
    consents: [aConsent('A', 'withdrawn'), aConsent('B'), aConsent('C')],
    latest: aDossier({ state: 'validating', ...CLOSED }, { updates: updates(ALL) }),
    expected: { kind: 'settle', datasetId: 'a-data' },
  },
];

describe('next action', () => {
  for (const { title, expected, ...situation } of CASES) {
    it(title, () => {
      const action = nextOf(situation);
      assert.deepEqual({ ...action, ...expected }, action, `got ${JSON.stringify(action)}`);
    });
  }

  it('covers every kind of action', () => {
    const kinds = new Set(CASES.map(({ expected }) => expected.kind));
    assert.deepEqual([...kinds].sort(), [
      'abort',
      'attest',
      'close',
      'deliver',
      'done',
      'finalize',
      'open',
      'publish',
      'settle',
      'tally',
      'train',
      'verdict',
      'wait',
    ]);
  });

  it('never lets two members take one common step at the same time, unless a silence has passed', () => {
    const states: RoundDossier[] = [
      finalized(1),
      aDossier({}, { updates: updates(ALL) }),
      aDossier({ state: 'validating', ...CLOSED }, { verdicts: verdicts(ALL) }),
      aDossier(
        { state: 'aggregating', ...CLOSED },
        { verdicts: verdicts(ALL), attestations: ALL.map((m) => anAttestation(m)) },
      ),
    ];
    const passed = fc.integer({ min: 0, max: TAKEOVER_MS - 1 });
    fc.assert(
      fc.property(fc.constantFrom(...states), passed, (latest, silenceMs) => {
        const acting = ALL.filter(
          (mspId) => nextOf({ mspId, latest, nowMs: OPENED_MS + silenceMs }).kind !== 'wait',
        );
        assert.equal(acting.length, 1);
      }),
    );
  });

  it('lets everyone act once the silence is long enough, so that no one member can stop a study', () => {
    const latest = aDossier({}, { updates: updates(ALL) });
    for (const mspId of ALL) {
      assert.equal(nextOf({ mspId, latest, nowMs: OPENED_MS + 3 * TAKEOVER_MS }).kind, 'close');
    }
  });

  it('finds no agreed hash where two hashes share the accepting members', () => {
    const dossier = aDossier(
      { quorum: { updates: 2, validators: 2 } },
      { verdicts: verdicts(ALL), attestations: [anAttestation('A'), anAttestation('B', SHA_B)] },
    );
    assert.equal(agreedHash(dossier), undefined);
  });
});
