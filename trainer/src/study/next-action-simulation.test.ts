import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Argument, Decision, Study } from '@consilium/domain';
import { epsilonOf, plannedScoreEvent, plannedTrainingEvent } from '@consilium/domain';
import fc from 'fast-check';
import { sha256Hex } from '../artefacts/index.ts';
import { GatewayProblem, type TrainerTransaction } from '../gateway/gateway-client.ts';
import type { Undelivered } from '../journal/journal-records.ts';
import { MemoryConsortium } from '../testing/memory-consortium.ts';
import { DICTIONARY } from '../testing/small-consortium.ts';
import { ARTEFACT, aConsent, aStudy, datasetOf, OPENED_AT, SHA_A } from '../testing/study-rows.ts';
import { type Action, nextAction } from './next-action.ts';

// Trainers without any learning in them, on a simulated clock: each only asks what is next and does it on the
// ledger's rules. Whatever the order, and no matter who is silent or disagrees, a study must come to its end.

const MEMBERS = ['A', 'B', 'C', 'D', 'E'];
const TAKEOVER_MS = 20_000;
const DEADLINE_SECONDS = 600;
const STUDY = aStudy({
  datasets: MEMBERS.map(datasetOf),
  quorum: { updates: 3, validators: 3 },
  roundDeadlineSeconds: DEADLINE_SECONDS,
});
/** Refusals that only say that another one was faster. */
const RACES = /^(ROUND_EXISTS|ROUND_NUMBER|ROUND_CLOSED|STUDY_STATE)$/;

function aConsortium(study: Study): MemoryConsortium {
  const consortium = new MemoryConsortium();
  consortium.studies.set(study.studyId, study);
  for (const owner of MEMBERS) {
    const datasetId = datasetOf(owner);
    consortium.consents.set(`${STUDY.studyId}/${datasetId}`, aConsent(owner));
    consortium.datasets.set(datasetId, {
      schema: 1,
      datasetId,
      title: 'Patients',
      dictionary: DICTIONARY,
      recordCountBand: { low: 50, high: 99 },
      terms: { purposes: ['DUO:0000042'] },
      commitment: ARTEFACT.cid,
      privacyBudget: { epsilon: '1000', delta: '0.00001', unit: 'patient' },
      owner,
      registeredAt: OPENED_AT,
    });
  }
  return consortium;
}

const TRAINING = plannedTrainingEvent(STUDY);
const SCORE = plannedScoreEvent(STUDY);
const claim = (event: typeof TRAINING) => epsilonOf([{ event, count: 1 }], '0.00001');
const CLAIMS = { training: claim(TRAINING), score: claim(SCORE) };

interface Behaviour {
  /** Sends nothing, ever: a hospital that is down. */
  readonly silent: boolean;
  /** Finds the candidate bad. */
  readonly rejects: boolean;
  /** Recomputes another aggregate: a broken or dishonest member. */
  readonly wrongHash: boolean;
  /** Signs a second attestation, which is reported at once. */
  readonly equivocates: boolean;
}

/** An artefact of its own for each thing that is sealed. */
function artefactOf(...of: readonly (string | number)[]): typeof ARTEFACT {
  return { ...ARTEFACT, sha256: sha256Hex(new TextEncoder().encode(JSON.stringify(of))) };
}

function transactionOf(
  action: Exclude<Action, { kind: 'wait' | 'done' | 'deliver' }>,
  { mspId, behaviour, consortium }: { mspId: string; behaviour: Behaviour; consortium: MemoryConsortium },
): [TrainerTransaction, Record<string, unknown>] {
  const { studyId } = STUDY;
  const parametersSha256 = behaviour.wrongHash ? mspId.charCodeAt(0).toString(16).padStart(64, '0') : SHA_A;
  switch (action.kind) {
    case 'train': {
      const { round, datasetId } = action;
      const artefact = artefactOf(round, datasetId);
      const update = { artefact, plaintextSha256: SHA_A, claimedEpsilon: CLAIMS.training };
      return ['round:recordUpdate', { studyId, round, datasetId, ...update, privacyEvent: TRAINING }];
    }
    case 'verdict': {
      const { updates = [], participants } = consortium.dossier(studyId, action.round).round;
      const decisions = updates.map((datasetId): Decision => ({ datasetId, decision: 'accept' }));
      const own = participants.filter((p) => p.mspId === mspId);
      const scores = own.map(({ datasetId }) => ({
        datasetId,
        right: '1',
        wrong: '1',
        privacyEvent: SCORE,
        claimedEpsilon: CLAIMS.score,
      }));
      const accepted = !behaviour.rejects;
      return [
        'round:recordVerdict',
        { studyId, round: action.round, candidateSha256: SHA_A, accepted, decisions, scores },
      ];
    }
    case 'attest':
      return ['round:attest', { studyId, round: action.round, parametersSha256 }];
    case 'finalize': {
      const { round, parametersSha256: agreed } = action;
      const aggregate = { artefact: artefactOf(round, mspId), parametersSha256: agreed };
      return ['round:finalize', { studyId, round: action.round, aggregate }];
    }
    case 'publish':
      return ['model:publish', { studyId }];
    case 'settle':
      return ['study:settle', { studyId, datasetId: action.datasetId }];
    case 'abort':
      return ['round:abort', { studyId, round: action.round, reason: action.reason }];
    default:
      return [`round:${action.kind}`, { studyId, round: action.round }];
  }
}

interface Outcome {
  readonly consortium: MemoryConsortium;
  readonly refusals: readonly string[];
  /** Updates that are in IPFS, as "round/dataset". */
  readonly delivered: readonly string[];
  /** Whether nobody would ever do anything more, however long one waits. */
  readonly quiet: boolean;
}

/** Lets members act in a given order, over and over, until all is done or nobody has anything left to wait for. */
function simulate(behaviours: readonly Behaviour[], order: () => number, study = STUDY): Outcome {
  const consortium = aConsortium(study);
  let nowMs = Date.parse(OPENED_AT);
  let lastChangeMs = nowMs;
  consortium.nowMs = () => nowMs;
  consortium.onEvent(() => {
    lastChangeMs = nowMs;
  });
  const refusals: string[] = [];
  const delivered: string[] = [];
  const undelivered = new Map<string, Undelivered[]>(MEMBERS.map((mspId) => [mspId, []]));
  let sent = 0;
  const latest = () => {
    for (let round = STUDY.rounds; round > 0; round -= 1) {
      const dossier = consortium.rounds.get(`${STUDY.studyId}/${round}`);
      if (dossier !== undefined) return dossier;
    }
    return undefined;
  };
  const ask = (mspId: string): Action =>
    nextAction(
      {
        study: consortium.studies.get(STUDY.studyId)!,
        consents: consortium.consentsOf(STUDY.studyId),
        latest: latest(),
      },
      {
        mspId,
        preparedDatasets: new Set(STUDY.datasets),
        undelivered: undelivered.get(mspId) ?? [],
        early: new Map(),
        nowMs,
        lastChangeMs,
        takeoverMs: TAKEOVER_MS,
      },
    );
  for (let turn = 0; turn < 5000; turn += 1) {
    const awake = MEMBERS.filter((_, index) => !behaviours[index]!.silent);
    const acting = awake.filter((mspId) => !/^(wait|done)$/.test(ask(mspId).kind));
    if (acting.length === 0) {
      const waits = awake
        .map(ask)
        .flatMap((action) => (action.kind === 'wait' ? [action.until ?? Infinity] : []));
      const next = Math.min(...waits);
      if (!Number.isFinite(next)) return { consortium, refusals, delivered, quiet: true };
      assert.ok(next > nowMs, 'a wait ends in the future');
      nowMs = next;
      continue;
    }
    const mspId = acting[order() % acting.length]!;
    const behaviour = behaviours[MEMBERS.indexOf(mspId)]!;
    const action = ask(mspId);
    assert.ok(action.kind !== 'wait' && action.kind !== 'done');
    nowMs += 1;
    const own = undelivered.get(mspId)!;
    if (action.kind === 'deliver') {
      const { round, subject, purpose, named } = action;
      assert.ok(own.some(({ sha256 }) => sha256 === named.sha256));
      if (purpose === 'update') {
        assert.match(consortium.dossier(STUDY.studyId, round).round.state, /^(validating|aggregating)$/);
        delivered.push(`${round}/${subject}`);
      }
      undelivered.set(
        mspId,
        own.filter(({ sha256 }) => sha256 !== named.sha256),
      );
      continue;
    }
    const [name, argument] = transactionOf(action, { mspId, behaviour, consortium });
    sent += 1;
    if (action.kind === 'train') {
      const { round, datasetId } = action;
      own.push({ round, subject: datasetId, sha256: artefactOf(round, datasetId).sha256 });
    }
    if (action.kind === 'finalize') {
      const { round } = action;
      own.push({ round, subject: 'aggregate of the round', sha256: artefactOf(round, mspId).sha256 });
    }
    try {
      consortium.submit(mspId, { name, argument: argument as Argument<typeof name>, key: `${sent}` });
      if (action.kind === 'attest' && behaviour.equivocates) {
        consortium.equivocate(STUDY.studyId, action.round, mspId);
      }
    } catch (error) {
      if (!(error instanceof GatewayProblem)) throw error;
      refusals.push(error.code);
      if (!RACES.test(error.code)) throw error;
    }
  }
  return { consortium, refusals, delivered, quiet: false };
}

const HONEST: Behaviour = { silent: false, rejects: false, wrongHash: false, equivocates: false };
const behaviourOf = fc.record({
  silent: fc.boolean(),
  rejects: fc.boolean(),
  wrongHash: fc.boolean(),
  equivocates: fc.boolean(),
});
const orders = fc.infiniteStream(fc.nat({ max: 1000 })).map((stream) => () => stream.next().value as number);

describe('members that follow the next action', () => {
  it('complete a study, whatever the order they act in', () => {
    fc.assert(
      fc.property(orders, (order) => {
        const { consortium, delivered, quiet } = simulate(
          MEMBERS.map(() => HONEST),
          order,
        );
        assert.ok(quiet);
        assert.equal(consortium.studies.get(STUDY.studyId)?.state, 'completed');
        assert.ok(consortium.consentsOf(STUDY.studyId).every(({ state }) => state === 'settled'));
        assert.equal(consortium.charges.length, STUDY.rounds * MEMBERS.length * 2);
        assert.equal(new Set(delivered).size, STUDY.rounds * MEMBERS.length);
        assert.equal(delivered.length, STUDY.rounds * MEMBERS.length);
      }),
      { numRuns: 20 },
    );
  });

  it('complete it while at most two of five are silent, reject, compute something else or say two things', () => {
    const faults = fc.subarray(MEMBERS, { maxLength: 2 });
    fc.assert(
      fc.property(orders, faults, behaviourOf, (order, faulty, behaviour) => {
        const behaviours = MEMBERS.map((mspId) => (faulty.includes(mspId) ? behaviour : HONEST));
        const { consortium, quiet } = simulate(behaviours, order);
        assert.ok(quiet);
        assert.equal(consortium.studies.get(STUDY.studyId)?.state, 'completed');
        for (const round of [1, 2, 3]) {
          assert.equal(consortium.dossier(STUDY.studyId, round).round.state, 'finalized');
        }
      }),
      { numRuns: 60 },
    );
  });

  it('give a round up that an equivocator leaves too few supporters, and ask for nothing that is refused', () => {
    fc.assert(
      fc.property(orders, fc.constantFrom(...MEMBERS), (order, liar) => {
        const behaviours = MEMBERS.map((mspId) => ({ ...HONEST, equivocates: mspId === liar }));
        const { consortium, refusals, quiet } = simulate(behaviours, order, {
          ...STUDY,
          quorum: { updates: 3, validators: MEMBERS.length },
        });
        assert.ok(quiet);
        assert.deepEqual(
          [...consortium.rounds.values()].map(({ round }) => round.state),
          ['aborted', 'aborted', 'aborted'],
        );
        assert.deepEqual(refusals, []);
      }),
      { numRuns: 20 },
    );
  });

  it('come to rest whoever fails, never finalise what too few support, and never charge twice', () => {
    fc.assert(
      fc.property(orders, fc.array(behaviourOf, { minLength: 5, maxLength: 5 }), (order, behaviours) => {
        const { consortium, quiet } = simulate(behaviours, order);
        assert.ok(quiet);
        const fit = behaviours.filter(
          (b) => !b.silent && !b.rejects && !b.wrongHash && !b.equivocates,
        ).length;
        const finalized = [...consortium.rounds.values()].filter(({ round }) => round.state === 'finalized');
        if (fit < STUDY.quorum.validators) assert.deepEqual(finalized, []);
        const keys = consortium.charges.map((c) => `${c.round}/${c.datasetId}/${c.pool}`);
        assert.equal(new Set(keys).size, keys.length);
      }),
      { numRuns: 100 },
    );
  });
});
