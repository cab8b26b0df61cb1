// What a dishonest member tries with others: peers that sign whatever they are given.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  aggregate,
  trainingEvent,
  updateArgument,
  verdictArgument,
} from '@consilium/domain/testing/examples';
import {
  type Attack,
  after,
  attested,
  COLLUDER,
  committed,
  forge,
  inRow,
  lessNoise,
  MALLORY,
  opened,
  researcher,
  rewritten,
  running,
  tallied,
  testAttacks,
  trained,
  trainer,
  uncharged,
} from '../testing/attacks.ts';
import { as, DATASETS, MEMBERS, STUDY } from '../testing/study-on-ledger.ts';

testAttacks([
  // Colluding with one other: two peers of four that sign anything.
  {
    title: 'two colluders who finalise what nobody else computed',
    before: attested,
    attempt: (study) =>
      committed(
        forge(
          study,
          [trainer, 'round:finalize', { studyId: STUDY, round: 1, aggregate: aggregate('model 1') }],
          {
            signers: [MALLORY, COLLUDER],
            only: 'round',
            alter: inRow('round', (row) => ({ ...row, aggregate: aggregate('forged') })),
          },
        ),
      ),
    met: 'ENDORSEMENT_POLICY_FAILURE',
  },
  {
    title: "two colluders who move a third's budget",
    before: opened,
    attempt: (study) =>
      committed(
        forge(
          study,
          [
            as('trainer', 'AlphaMSP'),
            'round:recordUpdate',
            updateArgument({ studyId: STUDY, datasetId: 'alpha' }),
          ],
          {
            signers: [MALLORY, COLLUDER],
            only: 'budget',
            alter: uncharged,
          },
        ),
      ),
    met: 'ENDORSEMENT_POLICY_FAILURE',
  },
  {
    title: "two colluders who write a third's verdict",
    before: trained,
    attempt: (study) =>
      committed(
        forge(
          study,
          [
            as('trainer', 'AlphaMSP'),
            'round:recordVerdict',
            verdictArgument({ studyId: STUDY, datasets: DATASETS, own: ['alpha'] }),
          ],
          { signers: [MALLORY, COLLUDER], alter: inRow('verdict', (row) => ({ ...row, accepted: false })) },
        ),
      ),
    met: 'ENDORSEMENT_POLICY_FAILURE',
  },
  ...Object.entries({
    dataset: "all others together who rewrite a hospital's dictionary without its peer",
    consent: "all others together who withdraw a hospital's consent without its peer",
    budget: "all others together who empty a hospital's accounts without its peer",
  }).map(
    ([noun, title]): Attack => ({
      title,
      before: opened,
      attempt: (study) =>
        committed(
          forge(
            study,
            [trainer, 'round:recordUpdate', updateArgument({ studyId: STUDY, datasetId: 'delta' })],
            {
              signers: ['BetaMSP', COLLUDER, MALLORY],
              only: noun,
              add: () => rewritten(study, noun, 'alpha'),
            },
          ),
        ),
      met: 'ENDORSEMENT_POLICY_FAILURE',
    }),
  ),
  ...Object.entries({
    update: "all others together who lower a study's noise after the consents, and an update to their plan",
    score: "all others together who lower a study's noise after the consents, and a score to their plan",
  }).map(
    ([what, title]): Attack => ({
      title,
      before: after(what === 'update' ? opened : trained, lessNoise),
      attempt: (study) =>
        what === 'update'
          ? study.update('alpha', 1, {
              privacyEvent: trainingEvent({ noiseMultiplier: '0.5' }),
              claimedEpsilon: '99',
            })
          : study.verdict('AlphaMSP', 1),
      met: 'STUDY_CHANGED',
    }),
  ),
  {
    title: 'two colluders who attest one forged aggregate',
    before: after(tallied, async (study) => {
      for (const mspId of MEMBERS) {
        await study.attest(mspId, 1, [MALLORY, COLLUDER].includes(mspId) ? 'forged' : 'model 1');
      }
    }),
    attempt: (study) => study.finalize(1, MALLORY, 'forged'),
    met: 'QUORUM_NOT_REACHED',
  },
  {
    title: 'two colluders who pause a study of four',
    before: after(
      running,
      (study) => study.move(MALLORY, { kind: 'pause' }),
      (study) => study.vote(MALLORY, true),
      (study) => study.vote(COLLUDER, true),
    ),
    attempt: (study) =>
      study.submit(researcher, 'motion:move', { studyId: STUDY, kind: 'resume', reason: 'x' }),
    met: 'MOTION_STATE',
  },
  {
    title: 'a colluder who accuses an honest member without its signature',
    before: attested,
    attempt: (study) =>
      study.submit(trainer, 'round:reportEquivocation', {
        studyId: STUDY,
        round: 1,
        statement: 'attestation',
        proposal: 'AAAA',
        signature: 'AAAA',
      }),
    met: 'EQUIVOCATION_UNPROVEN',
  },
]);

test('a transaction with the right results and too many signatures of one member is invalid', async () => {
  const study = await opened();
  const argument = updateArgument({ studyId: STUDY, datasetId: 'delta' });
  const endorsed = await study.endorse(trainer, 'round:recordUpdate', argument, [MALLORY]);
  const thrice = [1, 2, 3].flatMap(() => endorsed.endorsements);
  const code = study.commit('', '', { ...endorsed, endorsements: thrice });
  assert.equal(code, 'ENDORSEMENT_POLICY_FAILURE');
});
