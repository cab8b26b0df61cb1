// What a dishonest member tries in the name of another, and by flooding.

import { sha256, updateArgument, verdictArgument } from '@consilium/domain/testing/examples';
import {
  after,
  MALLORY,
  opened,
  running,
  steward,
  testAttacks,
  text,
  trained,
  trainer,
} from '../testing/attacks.ts';
import { DATASETS, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

testAttacks([
  // Speaking for another.
  {
    title: "a verdict in another's name",
    before: trained,
    attempt: (study) => {
      const verdict = verdictArgument({ studyId: STUDY, datasets: DATASETS, own: ['alpha'] });
      return study.submit(trainer, 'round:recordVerdict', text({ ...verdict, mspId: 'AlphaMSP' }));
    },
    met: 'INVALID_ARGUMENT',
  },
  {
    title: "a score on another's patients",
    before: trained,
    attempt: (study) => study.verdict(MALLORY, 1, { own: ['alpha', 'delta'] }),
    met: 'NOT_THE_OWNER',
  },
  {
    title: "another's score named first",
    before: trained,
    attempt: (study) =>
      study.submit(trainer, 'round:commitScore', {
        studyId: STUDY,
        round: 1,
        datasetId: 'alpha',
        scoreSha256: 'a'.repeat(64),
      }),
    met: 'NOT_THE_OWNER',
  },
  {
    title: "an update in another's name",
    before: opened,
    attempt: (study) =>
      study.submit(trainer, 'round:recordUpdate', updateArgument({ studyId: STUDY, datasetId: 'alpha' })),
    met: 'NOT_THE_OWNER',
  },
  {
    title: "another's consent",
    before: () => StudyOnLedger.proposed(),
    attempt: (study) => study.consent('alpha', STUDY, steward),
    met: 'NOT_THE_OWNER',
  },
  {
    title: "the withdrawal of another's consent",
    before: running,
    attempt: (study) =>
      study.submit(steward, 'study:withdraw', { studyId: STUDY, datasetId: 'alpha', reason: 'mine now' }),
    met: 'NOT_THE_OWNER',
  },
  {
    title: "a step of another role, through a gateway that lies about its caller's",
    before: () => StudyOnLedger.proposed(),
    attempt: (study) => study.consent('delta', STUDY, trainer),
    met: 'ROLE_REQUIRED',
  },
  // Floods.
  {
    title: 'an argument that is larger than any honest one',
    before: running,
    attempt: (study) => study.submit(steward, 'dataset:register', `"${'x'.repeat(170_000)}"`),
    met: 'INVALID_ARGUMENT',
  },
  {
    title: 'one update after the other',
    before: after(opened, (study) => study.update('delta', 1)),
    attempt: (study) => study.update('delta', 1, { plaintextSha256: sha256('yet another') }),
    met: 'UPDATE_EXISTS',
  },
  {
    title: 'one motion after the other',
    before: after(running, (study) => study.move(MALLORY, { kind: 'pause' })),
    attempt: (study) => study.move(MALLORY, { kind: 'pause' }),
    met: 'MOTION_STATE',
  },
]);
