// What a dishonest member tries on a round: forged hashes, replays, other orders, withholding, voting twice.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { aggregate, sha256, updateArgument, verdictArgument } from '@consilium/domain/testing/examples';
import {
  after,
  attested,
  committed,
  HOUR,
  MALLORY,
  opened,
  running,
  steward,
  tallied,
  testAttacks,
  text,
  trained,
  trainer,
} from '../testing/attacks.ts';
import { as, DATASETS, MEMBERS, ownerOf, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

/** A study with rounds of a minute, that has run for a while, and peers whose clocks are a second or two apart. */
async function shortRounds(): Promise<StudyOnLedger> {
  const study = await StudyOnLedger.running({ roundDeadlineSeconds: 60 });
  study.clockError = 0.01;
  study.now += HOUR;
  return study;
}

/** All hospitals give later rounds a day. */
async function amendedDeadline(study: StudyOnLedger): Promise<void> {
  const amendment = { roundDeadlineSeconds: 86_400 };
  const moved = { studyId: STUDY, kind: 'amend', amendment, reason: 'too hasty' } as const;
  const { motion } = await study.submit(as('researcher', 'AlphaMSP'), 'motion:move', moved);
  for (const mspId of MEMBERS) {
    await study.submit(as('steward', mspId), 'motion:vote', { studyId: STUDY, motion, accept: true });
  }
}

async function endorsedScore(study: StudyOnLedger, datasetId: string) {
  const name = 'round:commitScore';
  const argument = { studyId: STUDY, round: 1, datasetId, scoreSha256: sha256(datasetId) };
  return { name, argument, endorsed: await study.endorse(as('trainer', ownerOf(datasetId)), name, argument) };
}

/** Sends what was endorsed before, to a world that has changed since. */
async function namedScore(study: StudyOnLedger): Promise<() => Promise<void>> {
  const { name, argument, endorsed } = await endorsedScore(study, 'delta');
  return async () => {
    study.baseline();
    await committed(Promise.resolve(study.commit(name, text(argument), endorsed)));
  };
}

testAttacks([
  // Forged hashes.
  {
    title: 'an aggregate that nobody computed',
    before: attested,
    attempt: (study) => study.finalize(1, MALLORY, 'forged'),
    met: 'QUORUM_NOT_REACHED',
  },
  {
    title: 'an aggregate that only two computed',
    before: after(tallied, async (study) => {
      for (const mspId of MEMBERS) await study.attest(mspId, 1, mspId < 'D' ? 'model 1' : 'forged');
    }),
    attempt: (study) => study.finalize(1, MALLORY, 'forged'),
    met: 'QUORUM_NOT_REACHED',
  },
  {
    title: "another artefact under the honest aggregate's hash, at a peer that attested another",
    before: after(tallied, async (study) => {
      for (const mspId of MEMBERS) await study.attest(mspId, 1, mspId === MALLORY ? 'forged' : 'model 1');
    }),
    attempt: (study) =>
      study.submit(trainer, 'round:finalize', { studyId: STUDY, round: 1, aggregate: aggregate('model 1') }, [
        MALLORY,
      ]),
    met: 'ENDORSEMENT_REFUSED',
  },
  // Replays.
  {
    title: "an update of an earlier round again, in the same transaction's words",
    before: after(running, (study) => study.wholeRound(1)),
    attempt: (study) => study.update('delta', 1),
    met: 'UPDATE_EXISTS',
  },
  {
    title: "an earlier round's parameters as a new update",
    before: after(
      running,
      (study) => study.wholeRound(1),
      (study) => study.open(2),
    ),
    attempt: (study) => {
      const { plaintextSha256 } = updateArgument({ studyId: STUDY, datasetId: 'delta' });
      return study.update('delta', 2, { plaintextSha256 });
    },
    met: 'UPDATE_REPLAYED',
  },
  {
    title: "another hospital's update as one's own",
    before: after(opened, (study) => study.update('alpha', 1)),
    attempt: (study) => {
      const { artefact, plaintextSha256 } = updateArgument({ studyId: STUDY, datasetId: 'alpha' });
      return study.update('delta', 1, { artefact, plaintextSha256 });
    },
    met: 'UPDATE_REPLAYED',
  },
  {
    title: 'an endorsed transaction that is sent twice',
    before: opened,
    attempt: async (study) => {
      const argument = updateArgument({ studyId: STUDY, datasetId: 'delta' });
      const endorsed = await study.endorse(trainer, 'round:recordUpdate', argument);
      assert.equal(study.commit('round:recordUpdate', text(argument), endorsed), 'VALID');
      study.baseline();
      await committed(Promise.resolve(study.commit('round:recordUpdate', text(argument), endorsed)));
    },
    met: 'MVCC_READ_CONFLICT',
  },
  {
    title: 'a finalising endorsed before the round was given up, sent after it',
    before: attested,
    attempt: async (study) => {
      const argument = { studyId: STUDY, round: 1, aggregate: aggregate('model 1') };
      const endorsed = await study.endorse(trainer, 'round:finalize', argument);
      await study.submit(as('researcher', 'AlphaMSP'), 'study:abort', {
        studyId: STUDY,
        reason: 'a mistake',
      });
      await study.abortRound(1);
      study.baseline();
      await committed(Promise.resolve(study.commit('round:finalize', text(argument), endorsed)));
    },
    met: 'MVCC_READ_CONFLICT',
  },
  // Other orders.
  {
    title: 'a verdict before the updates are in',
    before: after(opened, (study) => study.update('delta', 1)),
    attempt: (study) => study.verdict(MALLORY, 1),
    met: 'ROUND_CLOSED',
  },
  {
    title: 'an attestation before the verdicts are counted',
    before: trained,
    attempt: (study) => study.attest(MALLORY, 1),
    met: 'ROUND_CLOSED',
  },
  {
    title: 'an update after the others can be seen',
    before: after(
      opened,
      async (study) => {
        for (const datasetId of ['alpha', 'beta', 'gamma']) await study.update(datasetId, 1);
        study.now += HOUR;
      },
      (study) => study.close(1),
    ),
    attempt: (study) => study.update('delta', 1),
    met: 'ROUND_CLOSED',
  },
  {
    title: 'a round before its turn',
    before: opened,
    attempt: (study) => study.open(2, MALLORY),
    met: 'ROUND_NUMBER',
  },
  {
    title: 'closing early, by a clock of its own',
    before: after(opened, async (study) => {
      for (const datasetId of ['beta', 'gamma', 'delta']) await study.update(datasetId, 1);
    }),
    attempt: (study) => study.submitDated(HOUR, trainer, 'round:close', { studyId: STUDY, round: 1 }),
    met: 'CLOCK_SKEW',
  },
  {
    title: 'a round of a minute opened five minutes ago, so that it is over before anyone can train',
    before: after(shortRounds),
    attempt: (study) => study.submitDated(-240_000, trainer, 'round:open', { studyId: STUDY, round: 1 }),
    met: 'CLOCK_SKEW',
  },
  {
    title: 'a round of a minute given up at once, by a clock that is minutes ahead',
    before: after(shortRounds, (study) => study.open(1)),
    attempt: (study) =>
      study.submitDated(240_000, trainer, 'round:abort', { studyId: STUDY, round: 1, reason: 'too late' }),
    met: 'CLOCK_SKEW',
  },
  {
    title: 'a round of a minute given up at once, by minutes that an amendment gives to later rounds only',
    before: after(shortRounds, (study) => study.open(1), amendedDeadline),
    attempt: (study) =>
      study.submitDated(240_000, trainer, 'round:abort', { studyId: STUDY, round: 1, reason: 'too late' }),
    met: 'CLOCK_SKEW',
  },
  {
    title: "the leader's step in the leader's time",
    before: () => StudyOnLedger.running({ leaderSeconds: 600 }),
    attempt: (study) => study.open(1, MALLORY),
    met: 'NOT_THE_LEADER',
  },
  // Withholding.
  {
    title: 'giving a round up that only waits for one who withholds its update',
    before: after(opened, async (study) => {
      for (const datasetId of ['alpha', 'beta', 'gamma']) await study.update(datasetId, 1);
      study.now += HOUR;
    }),
    attempt: (study) => study.abortRound(1, MALLORY),
    met: 'ROUND_INCOMPLETE',
  },
  {
    title: 'giving a round up that only waits for one who withholds its verdict',
    before: after(trained, async (study) => {
      for (const mspId of MEMBERS.slice(0, 3)) await study.verdict(mspId, 1);
      study.now += HOUR;
    }),
    attempt: (study) => study.abortRound(1, MALLORY),
    met: 'ROUND_INCOMPLETE',
  },
  // Voting twice.
  {
    title: 'a second verdict',
    before: after(trained, (study) => study.verdict(MALLORY, 1)),
    attempt: (study) => study.verdict(MALLORY, 1, { accepted: false, own: [] }),
    met: 'VERDICT_EXISTS',
  },
  {
    title: 'a second score, drawn in an older copy of its folder',
    before: after(trained, (study) => study.commitScore('delta', 1)),
    attempt: (study) => study.commitScore('delta', 1, 'drawn again'),
    met: 'SCORE_COMMITTED',
  },
  {
    title: 'a score named under a consent, sent after it was withdrawn',
    before: trained,
    attempt: async (study) => {
      const send = await namedScore(study);
      const reason = 'no more';
      await study.submit(steward, 'study:withdraw', { studyId: STUDY, datasetId: 'delta', reason });
      await send();
    },
    met: 'MVCC_READ_CONFLICT',
  },
  {
    title: 'a second attestation',
    before: after(tallied, (study) => study.attest(MALLORY, 1)),
    attempt: (study) => study.attest(MALLORY, 1, 'forged'),
    met: 'ATTESTATION_EXISTS',
  },
  {
    title: 'a second vote on a motion',
    before: after(
      running,
      (study) => study.move(MALLORY, { kind: 'pause' }),
      (study) => study.vote(MALLORY, true),
    ),
    attempt: (study) => study.vote(MALLORY, true, 1, { person: 'another-steward' }),
    met: 'VOTE_EXISTS',
  },
]);

test('a score that was named while the round was judged is not taken after the verdicts were counted', async () => {
  const study = await trained();
  const send = await namedScore(study);
  for (const mspId of MEMBERS.slice(0, 3)) await study.verdict(mspId, 1);
  study.now += HOUR;
  await study.tally(1);
  await assert.rejects(send(), /^Error: MVCC_READ_CONFLICT$/);
  assert.equal(study.snapshot(), study.remembered);
});

test('naming scores and giving verdicts at once holds up nobody', async () => {
  const study = await trained();
  const scored = verdictArgument({ studyId: STUDY, datasets: DATASETS, own: ['beta'] });
  const silent = verdictArgument({ studyId: STUDY, datasets: DATASETS, own: [], accepted: false });
  const sent = [
    ...(await Promise.all(['alpha', 'gamma'].map((datasetId) => endorsedScore(study, datasetId)))),
    {
      name: 'round:recordVerdict',
      argument: scored,
      endorsed: await study.endorse(as('trainer', 'BetaMSP'), 'round:recordVerdict', scored),
    },
    {
      name: 'round:recordVerdict',
      argument: silent,
      endorsed: await study.endorse(trainer, 'round:recordVerdict', silent),
    },
  ];
  const codes = sent.map(({ name, argument, endorsed }) => study.commit(name, text(argument), endorsed));
  assert.deepEqual(codes, ['VALID', 'VALID', 'VALID', 'VALID']);
});

test('whoever withholds is not waited for: update, verdict, attestation and endorsement', async () => {
  const study = await StudyOnLedger.running();
  const honest = MEMBERS.slice(0, 3);
  const datasets = ['alpha', 'beta', 'gamma'];
  await study.open(1);
  for (const datasetId of datasets) await study.update(datasetId, 1);
  study.now += HOUR;
  await study.close(1);
  for (const mspId of honest) await study.verdict(mspId, 1, { datasets });
  study.now += HOUR;
  await study.tally(1);
  for (const mspId of honest) await study.attest(mspId, 1);
  const argument = { studyId: STUDY, round: 1, aggregate: aggregate('model 1') };
  const finalized = await study.submit(as('trainer', 'AlphaMSP'), 'round:finalize', argument, honest);
  assert.equal(finalized.state, 'finalized');
  await study.submit(steward, 'study:withdraw', { studyId: STUDY, datasetId: 'delta', reason: 'leaving' });
  await study.settle('delta');
  const { spentEpsilon } = await study.budget('delta', 'training');
  assert.notEqual(spentEpsilon, '0', 'a release that may have been withheld is charged');
});
