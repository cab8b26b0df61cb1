// What a dishonest member tries on budgets, on others' datasets, and on what was agreed.

import {
  datasetArgument,
  memberArgument,
  sha256,
  studyArgument,
  trainingEvent,
  updateArgument,
} from '@consilium/domain/testing/examples';
import {
  type Attack,
  after,
  COLLUDER,
  committed,
  forge,
  MALLORY,
  opened,
  researcher,
  rewritten,
  running,
  steward,
  studyOf,
  testAttacks,
  text,
  trainer,
  uncharged,
} from '../testing/attacks.ts';
import { as, DATASETS, MEMBERS, ownerOf, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

/** Mallory's dataset was there before any other member; then a study runs with everyone's consent. */
async function registeredFirst(): Promise<StudyOnLedger> {
  const study = new StudyOnLedger();
  await study.submit(as('operator', MALLORY), 'member:register', memberArgument(MALLORY));
  await study.submit(steward, 'dataset:register', datasetArgument('delta'));
  for (const datasetId of DATASETS) {
    const owner = ownerOf(datasetId);
    if (owner === MALLORY) continue;
    await study.submit(as('operator', owner), 'member:register', memberArgument(owner));
    await study.submit(as('steward', owner), 'dataset:register', datasetArgument(datasetId));
  }
  await study.propose();
  for (const datasetId of DATASETS) await study.consent(datasetId);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  await study.open(1);
  return study;
}

/** Mallory's study was there before any other member; the others join it by an amendment, which everyone accepts. */
async function joinedByAmendment(): Promise<StudyOnLedger> {
  const study = new StudyOnLedger();
  await study.submit(as('operator', MALLORY), 'member:register', memberArgument(MALLORY));
  await study.submit(steward, 'dataset:register', datasetArgument('delta'));
  const alone = { datasets: ['delta'], quorum: { updates: 1, validators: 1 } };
  await study.submit(researcher, 'study:propose', studyArgument({ studyId: STUDY, ...alone }));
  await study.consent('delta');
  await study.submit(researcher, 'study:start', { studyId: STUDY });
  const others = DATASETS.filter((datasetId) => ownerOf(datasetId) !== MALLORY);
  for (const datasetId of others) {
    const owner = ownerOf(datasetId);
    await study.submit(as('operator', owner), 'member:register', memberArgument(owner));
    await study.submit(as('steward', owner), 'dataset:register', datasetArgument(datasetId));
  }
  const amendment = { addDatasets: others, quorum: { updates: 3, validators: 3 } };
  await study.move(MALLORY, { kind: 'amend', amendment });
  await study.vote(MALLORY, true);
  for (const datasetId of others) await study.consent(datasetId);
  await study.open(1);
  return study;
}

testAttacks([
  // Under-claims.
  {
    title: 'a consent that claims less than it costs',
    before: () => StudyOnLedger.proposed(),
    attempt: (study) =>
      study.submit(steward, 'study:consent', {
        studyId: STUDY,
        datasetId: 'delta',
        claimedEpsilon: { training: '0.001', heldOut: '0.001' },
      }),
    met: 'PRIVACY_COST_UNDERCLAIMED',
  },
  {
    title: 'an update that claims less than it cost',
    before: opened,
    attempt: (study) => study.update('delta', 1, { claimedEpsilon: '0.001' }),
    met: 'PRIVACY_COST_UNDERCLAIMED',
  },
  {
    title: 'an update with less noise than was reserved',
    before: opened,
    attempt: (study) =>
      study.update('delta', 1, {
        privacyEvent: trainingEvent({ noiseMultiplier: '0.5' }),
        claimedEpsilon: '99',
      }),
    met: 'PRIVACY_EVENT_MISMATCH',
  },
  {
    title: "a study for which a dataset's budget is too small",
    before: () => StudyOnLedger.proposed({ rounds: 1000 }),
    attempt: (study) => study.consent('delta'),
    met: 'BUDGET_EXCEEDED',
  },
  {
    title: "a budget that its owner's peer raises on its own",
    before: opened,
    attempt: (study) =>
      committed(
        forge(
          study,
          [trainer, 'round:recordUpdate', updateArgument({ studyId: STUDY, datasetId: 'delta' })],
          {
            signers: [MALLORY],
            only: 'budget',
            alter: uncharged,
          },
        ),
      ),
    met: 'ENDORSEMENT_POLICY_FAILURE',
  },
  {
    title: 'its own accounts, by its peer alone, registered before the others were members',
    before: after(registeredFirst),
    attempt: (study) =>
      committed(
        forge(
          study,
          [trainer, 'round:recordUpdate', updateArgument({ studyId: STUDY, datasetId: 'delta' })],
          {
            signers: [MALLORY],
            only: 'budget',
            alter: uncharged,
          },
        ),
      ),
    met: 'ENDORSEMENT_POLICY_FAILURE',
  },
  {
    title:
      'another dictionary after its consent, by its peer alone, registered before the others were members',
    before: after(registeredFirst),
    attempt: (study) =>
      committed(
        forge(
          study,
          [trainer, 'round:recordUpdate', updateArgument({ studyId: STUDY, datasetId: 'delta' })],
          { signers: [MALLORY], only: 'dataset', add: () => rewritten(study, 'dataset', 'delta') },
        ),
      ),
    met: 'ENDORSEMENT_POLICY_FAILURE',
  },
  ...Object.entries({
    dataset: 'its own dictionary, by its peer alone, in a study that the others joined by an amendment',
    consent: 'its own consent, by its peer alone, in a study that the others joined by an amendment',
    budget: 'its own accounts, by its peer alone, in a study that the others joined by an amendment',
  }).map(
    ([noun, title]): Attack => ({
      title,
      before: joinedByAmendment,
      attempt: (study) =>
        committed(
          forge(
            study,
            [trainer, 'round:recordUpdate', updateArgument({ studyId: STUDY, datasetId: 'delta' })],
            { signers: [MALLORY], only: 'no noun', add: () => rewritten(study, noun, 'delta') },
          ),
        ),
      met: 'ENDORSEMENT_POLICY_FAILURE',
    }),
  ),
  {
    title: 'the same rows registered twice, for two budgets',
    before: running,
    attempt: (study) =>
      study.submit(steward, 'dataset:register', {
        ...datasetArgument('delta-again'),
        commitment: datasetArgument('delta').commitment,
      }),
    met: 'COMMITMENT_EXISTS',
  },
  // Others' datasets.
  {
    title: "another's dataset under its own id",
    before: running,
    attempt: (study) => study.submit(steward, 'dataset:register', datasetArgument('alpha')),
    met: 'DATASET_EXISTS',
  },
  {
    title: "another's dataset under a new id",
    before: running,
    attempt: (study) =>
      study.submit(steward, 'dataset:register', {
        ...datasetArgument('mine'),
        commitment: datasetArgument('alpha').commitment,
      }),
    met: 'COMMITMENT_EXISTS',
  },
  {
    title: 'a dataset used after its consent was withdrawn',
    before: after(opened, (study) =>
      study.submit(steward, 'study:withdraw', { studyId: STUDY, datasetId: 'delta', reason: 'asked to' }),
    ),
    attempt: (study) => study.update('delta', 1),
    met: 'CONSENT_STATE',
  },
  {
    title: 'a purpose that the terms do not allow',
    before: running,
    attempt: (study) =>
      study.submit(researcher, 'study:propose', {
        ...studyOf(study),
        studyId: 'ancestry',
        purpose: 'DUO:0000011',
      }),
    met: 'PURPOSE_NOT_ALLOWED',
  },
  // Changing what was agreed.
  {
    title: 'another dictionary for a registered dataset, after the consent',
    before: running,
    attempt: (study) => {
      const changed = datasetArgument('delta');
      return study.submit(steward, 'dataset:register', {
        ...changed,
        dictionary: { ...changed.dictionary, missing: ['?', '0'] },
      });
    },
    met: 'DATASET_EXISTS',
  },
  {
    title: 'a study proposed again after the consents',
    before: running,
    attempt: (study) => study.submit(as('researcher', 'AlphaMSP'), 'study:propose', studyOf(study)),
    met: 'STUDY_EXISTS',
  },
  {
    title: 'another optimiser and clipping after the consents, as an amendment',
    before: running,
    attempt: (study) => {
      const { training } = studyOf(study);
      const amendment = { training: { ...training, optimizer: { kind: 'sgd', momentum: '0.9' } } };
      return study.move('AlphaMSP', { kind: 'amend', amendment: amendment as object });
    },
    met: 'INVALID_ARGUMENT',
  },
  {
    title: 'a text amended while a steward read the one before',
    before: after(
      () => StudyOnLedger.proposed(),
      async (study) => {
        for (const datasetId of ['alpha', 'beta', 'gamma']) await study.consent(datasetId);
        await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
        await study.move('AlphaMSP', { kind: 'amend', amendment: { validationMinimum: '0' } });
        for (const mspId of ['AlphaMSP', 'BetaMSP', 'GammaMSP']) await study.vote(mspId, true);
      },
    ),
    attempt: async (study) => {
      const asked = { studyId: STUDY, datasetId: 'delta' };
      const { claimedEpsilon } = await study.evaluate(steward, 'privacy:quote', asked);
      const studySha256 = sha256(text(studyOf(study)));
      return study.submit(steward, 'study:consent', { ...asked, claimedEpsilon, studySha256 });
    },
    met: 'STUDY_CHANGED',
  },
  {
    title: 'an amendment that one hospital did not accept',
    before: after(
      running,
      (study) => study.move('AlphaMSP', { kind: 'amend', amendment: { validationMinimum: '0' } }),
      async (study) => {
        for (const mspId of MEMBERS.slice(0, 2)) await study.vote(mspId, true);
        await study.vote(MALLORY, false);
      },
    ),
    attempt: (study) => study.vote(COLLUDER, true),
    met: 'MOTION_STATE',
  },
  {
    title: 'a consent by one steward where two must',
    before: after(
      () => StudyOnLedger.prepared(),
      (study) =>
        study.submit(steward, 'dataset:register', {
          ...datasetArgument('guarded'),
          consentPolicy: { stewards: 2 },
        }),
      (study) => study.propose({ datasets: ['guarded'], quorum: { updates: 1, validators: 1 } }),
    ),
    attempt: (study) => study.consent('guarded', STUDY, steward),
    met: 'CONSENT_INCOMPLETE',
  },
]);
