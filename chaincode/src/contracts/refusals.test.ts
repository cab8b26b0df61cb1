// Every refusal of the error table, met by an attempt on a ledger, which must leave the world as it was.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { ERRORS, type ErrorCode, type ProposeStudy } from '@consilium/domain';
import {
  aggregate,
  datasetArgument,
  memberArgument,
  newBlock,
  patientsArgument,
  populationArgument,
  scoreEvent,
  sha256,
  studyArgument,
  trainingEvent,
  updateArgument,
} from '@consilium/domain/testing/examples';
import { provenKey, provenStudyKey } from '@consilium/domain/testing/member-key';
import { refusalOf } from '../testing/memory-consortium.ts';
import { createSigner, signedProposal } from '../testing/signed-proposal.ts';
import { as, DATASETS, MEMBERS, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

interface Attempt {
  readonly code: ErrorCode;
  readonly title: string;
  /** What the refusal must say, to be of use. */
  readonly says: RegExp;
  readonly before: () => Promise<StudyOnLedger>;
  readonly attempt: (study: StudyOnLedger) => Promise<unknown>;
}
const steward = (mspId: string) => as('steward', mspId);
const trainer = (mspId: string) => as('trainer', mspId);
const researcher = as('researcher', 'AlphaMSP');
const auditor = as('auditor', 'AlphaMSP');

/** A study on the ledger after some steps. */
const afterSteps =
  (start: () => Promise<StudyOnLedger>, ...steps: ((study: StudyOnLedger) => Promise<unknown>)[]) =>
  async () => {
    const study = await start();
    for (const step of steps) await step(study);
    return study;
  };
const prepared = () => StudyOnLedger.prepared();
const proposed = () => StudyOnLedger.proposed();
const running = () => StudyOnLedger.running();
const opened = afterSteps(running, (study) => study.open(1));
const trained = afterSteps(running, (study) => study.trained(1));
const tallied = afterSteps(running, (study) => study.tallied(1));
const withdraw = (datasetId: string, mspId: string) => (study: StudyOnLedger) =>
  study.submit(steward(mspId), 'study:withdraw', { studyId: STUDY, datasetId, reason: 'patients asked' });
const erase = (datasetId: string, mspId: string) => (study: StudyOnLedger) =>
  study.submit(trainer(mspId), 'study:attestErasure', {
    studyId: STUDY,
    datasetId,
    artefacts: [
      {
        round: 1,
        sha256: updateArgument({ studyId: STUDY, datasetId }).artefact.sha256,
        unpinned: true,
        keysDestroyed: false,
      },
    ],
  });
const keyed = (mspId: string, words: string) => (study: StudyOnLedger) =>
  study.submit(trainer(mspId), 'study:recordKeys', {
    studyId: STUDY,
    keys: [provenStudyKey(mspId, { studyId: STUDY, datasetId: 'alpha' }, { words })],
  });
const pass = (milliseconds: number) => async (study: StudyOnLedger) => {
  study.now += milliseconds;
};
const HOUR = 3_600_000;

/** A study of a dataset whose consents need two stewards. */
const guarded = afterSteps(
  prepared,
  (study) =>
    study.submit(steward('AlphaMSP'), 'dataset:register', {
      ...datasetArgument('guarded'),
      consentPolicy: { stewards: 2 },
    }),
  (study) =>
    study.propose({ studyId: 'other', datasets: ['guarded'], quorum: { updates: 1, validators: 1 } }),
);
const approve = (study: StudyOnLedger) =>
  study.submit(steward('AlphaMSP'), 'study:approveConsent', { studyId: 'other', datasetId: 'guarded' });

const delta = await createSigner('DeltaMSP');
const said = (text: string) => ({
  studyId: STUDY,
  round: 1,
  parametersSha256: aggregate(text).parametersSha256,
});
const { transactionId: _, ...contradiction } = signedProposal(delta, 'round:attest', said('another'));
const reportContradiction = (study: StudyOnLedger, evidence = contradiction) =>
  study.submit(auditor, 'round:reportEquivocation', {
    studyId: STUDY,
    round: 1,
    statement: 'attestation',
    ...evidence,
  });
const contradicted = afterSteps(
  tallied,
  (study) =>
    study.submit({ ...trainer('DeltaMSP'), certificate: delta.certificate }, 'round:attest', said('model 1')),
  (study) => reportContradiction(study),
);

const dataset = (change: object) => ({ ...datasetArgument('new'), ...change });
const dictionary = (change: object) =>
  dataset({ dictionary: { ...datasetArgument('x').dictionary, ...change } });
const register = (argument: object) => (study: StudyOnLedger) =>
  study.submit(steward('AlphaMSP'), 'dataset:register', JSON.stringify(argument));
/** A population of Alpha's with one dataset. */
const peopled = afterSteps(
  prepared,
  (study) => study.submit(steward('AlphaMSP'), 'population:register', populationArgument('all')),
  register(patientsArgument('first', 'all')),
);
const retire = (study: StudyOnLedger) =>
  study.submit(steward('AlphaMSP'), 'population:retireBlock', {
    populationId: 'alpha',
    block: 1,
    reason: 'spent',
  });
const propose = (change: Partial<ProposeStudy>) => (study: StudyOnLedger) =>
  study.propose({ studyId: 'other', ...change });
const consent =
  (mspId: string, change: object = {}) =>
  (study: StudyOnLedger) =>
    study.submit(
      steward(mspId),
      'study:consent',
      JSON.stringify({
        studyId: STUDY,
        datasetId: 'alpha',
        claimedEpsilon: { training: '9', heldOut: '9' },
        ...change,
      }),
    );

const invalid = (title: string, says: RegExp, attempt: Attempt['attempt'], before = prepared): Attempt => ({
  code: 'INVALID_ARGUMENT',
  title,
  says,
  before,
  attempt,
});
const numeric = (change: object) => ({
  features: [{ name: 'age', kind: 'numeric', unit: 'a', bounds: { low: 0, high: 120 }, ...change }],
});

const ATTEMPTS: readonly Attempt[] = [
  {
    code: 'MEMBER_STATE',
    title: 'a return that nobody has voted for',
    says: /DeltaMSP left on .*: 0 of the 2 members that are needed have voted for its return/,
    before: afterSteps(prepared, (study) =>
      study.submit(as('operator', 'DeltaMSP'), 'member:leave', { reason: 'the hospital closes' }),
    ),
    attempt: (study) =>
      study.submit(as('operator', 'DeltaMSP'), 'member:register', {
        title: 'Delta again',
        ...provenKey('another key', 'DeltaMSP'),
      }),
  },
  {
    code: 'DECLINE_EXISTS',
    title: 'the same text declined twice',
    says: /delta declined text 1 on 2026/,
    before: afterSteps(proposed, (study) =>
      study.submit(steward('DeltaMSP'), 'study:decline', {
        studyId: STUDY,
        datasetId: 'delta',
        code: 'purpose',
        reason: 'not what our patients were asked about',
      }),
    ),
    attempt: (study) =>
      study.submit(steward('DeltaMSP'), 'study:decline', {
        studyId: STUDY,
        datasetId: 'delta',
        code: 'other',
        reason: 'said again',
      }),
  },
  {
    code: 'MEMBER_LEFT',
    title: 'a study of a dataset that nobody can consent to any more',
    says: /dataset delta belongs to DeltaMSP, which has left/,
    before: afterSteps(prepared, (study) =>
      study.submit(as('operator', 'DeltaMSP'), 'member:leave', { reason: 'the hospital closes' }),
    ),
    attempt: (study) => study.propose(),
  },
  invalid('text that is not JSON', /argument must be one JSON object/, (study) =>
    study.submit(steward('AlphaMSP'), 'dataset:register', '{'),
  ),
  invalid('an argument that is larger than any honest one', /at most 163840 bytes/, (study) =>
    study.submit(steward('AlphaMSP'), 'dataset:register', ' '.repeat(1_048_577)),
  ),
  invalid('an unknown field', /colour is not a known field/, register(dataset({ colour: 'red' }))),
  invalid(
    'bounds upside down',
    /dictionary.features.0.bounds.low must be below/,
    register(dictionary(numeric({ bounds: { low: 2, high: 1 } }))),
  ),
  invalid(
    'a reference outside the bounds',
    /dictionary.features.0.reference must lie inside features.0.bounds/,
    register(dictionary(numeric({ reference: { low: -5, high: 10 } }))),
  ),
  invalid(
    'a file without a header whose columns nobody names',
    /columns must name the columns where header is false/,
    register(dictionary({ header: false })),
  ),
  invalid(
    'columns that lack one that is used',
    /columns does not name "num", which is used/,
    register(dictionary({ header: false, columns: ['age', 'sex', 'pain'] })),
  ),
  invalid(
    'two features of one name',
    /two features named age/,
    register(dictionary({ features: [...numeric({}).features, ...numeric({ column: 'b' }).features] })),
  ),
  invalid(
    'two features of one column',
    /features uses column "age" twice/,
    register(
      dictionary({ features: [...numeric({}).features, { name: 'b', kind: 'binary', column: 'age' }] }),
    ),
  ),
  invalid(
    'a label that is also a feature',
    /label.column "age" is also a feature/,
    register(dictionary({ ...numeric({}), label: { column: 'age', title: 'x', rule: { kind: 'binary' } } })),
  ),
  invalid(
    'features whose model inputs collide',
    /two model inputs named age_missing/,
    register(dictionary({ features: [...numeric({}).features, { name: 'age_missing', kind: 'binary' }] })),
  ),
  invalid(
    'several rows per patient where every row is another patient',
    /maxRowsPerPatient must be 1/,
    register(dictionary({ maxRowsPerPatient: 2 })),
  ),
  invalid(
    'a category twice',
    /categories has "1" twice/,
    register(dictionary({ features: [{ name: 'x', kind: 'categorical', categories: ['1', '2', '1'] }] })),
  ),
  invalid(
    'a code twice',
    /categories has "1" twice/,
    register(dictionary({ features: [{ name: 'x', kind: 'code', categories: ['1', '2', '1'] }] })),
  ),
  invalid(
    'a code of one category',
    /features/,
    register(dictionary({ features: [{ name: 'x', kind: 'code', categories: ['1'] }] })),
  ),
  invalid(
    'a budget of nothing',
    /privacyBudget.epsilon must be greater than 0/,
    register(dataset({ privacyBudget: { epsilon: '0', delta: '0.00001', unit: 'patient' } })),
  ),
  invalid(
    'a δ of a tenth',
    /privacyBudget.delta must be greater than 0 and less than 0.1/,
    register(dataset({ privacyBudget: { epsilon: '1', delta: '0.1', unit: 'patient' } })),
  ),
  invalid(
    'an account held to an order that the ledger keeps no costs at',
    /accounting.order must be one of 2, 3, 4/,
    register(dataset({ accounting: { kind: 'renyi', order: 17 } })),
  ),
  invalid(
    'an order for an account in closed form',
    /accounting.order is for renyi alone/,
    register(dataset({ accounting: { kind: 'gaussian', order: 8 } })),
  ),
  invalid(
    'terms that have expired already',
    /terms.expiresAt must be a time in the future/,
    register(dataset({ terms: { purposes: ['DUO:0000042'], expiresAt: '2020-01-01T00:00:00Z' } })),
  ),
  invalid(
    'a dataset wanted twice',
    /datasets has alpha twice/,
    propose({ datasets: ['alpha', 'beta', 'alpha'] }),
  ),
  invalid(
    'a quorum of more updates than datasets',
    /quorum.updates must be at most the 4 datasets/,
    propose({ quorum: { updates: 5, validators: 3 } }),
  ),
  invalid(
    'a quorum of more validators than hospitals',
    /quorum.validators must be at most the 4 hospitals/,
    propose({ quorum: { updates: 3, validators: 5 } }),
  ),
  invalid(
    'a quorum that two halves could both reach',
    /quorum.validators must be more than half of the 4 hospitals/,
    propose({ quorum: { updates: 3, validators: 2 } }),
  ),
  invalid(
    'a robust rule that needs more updates than the quorum asks for',
    /quorum.updates must be at least 5, below which multi-krum promises nothing/,
    propose({ aggregation: { rule: 'multi-krum', faulty: 1, maxUpdateNormL2: '10' } }),
  ),
  invalid('another unit of privacy than the budgets', /unit must be patient/, propose({ unit: 'record' })),
  invalid(
    'a verdict that is silent on an update',
    /decisions must decide on delta/,
    (study) => study.verdict('AlphaMSP', 1, { datasets: ['alpha', 'beta', 'gamma'] }),
    trained,
  ),
  invalid(
    'a verdict on an update that is not there',
    /decisions has omega, which has no update/,
    (study) => study.verdict('AlphaMSP', 1, { datasets: [...DATASETS, 'omega'] }),
    trained,
  ),
  invalid(
    'an acceptance without a score',
    /scores must score the accepted candidate on alpha/,
    (study) => study.verdict('AlphaMSP', 1, { own: [] }),
    trained,
  ),
  invalid('a bookmark of another list', /bookmark does not belong to this list/, (study) =>
    study.evaluate(auditor, 'dataset:list', { bookmark: 'AAAA' }),
  ),
  ...['0x1', '1e0', '01', ' 1', '100000', '-1'].map((written) =>
    invalid(
      `the bookmark ${written} of a list of rounds`,
      /bookmark does not belong to this list/,
      (study) =>
        study.evaluate(auditor, 'round:listReceipts', {
          studyId: STUDY,
          mspId: 'AlphaMSP',
          bookmark: written,
        }),
      running,
    ),
  ),
  ...['0x1', '1e0', '01', ' 1', '100000', '-1'].map((written) =>
    invalid(`the round ${written} in a row's key`, /key must have the round as a number/, (study) =>
      study.evaluate(auditor, 'audit:getHistory', { noun: 'round', key: [STUDY, written] }),
    ),
  ),
  invalid('no argument at all', /argument is missing/, (study) =>
    study.evaluate(auditor, 'study:get', undefined as never),
  ),
  invalid('a history bookmark that is no version', /bookmark is no version/, (study) =>
    study.evaluate(auditor, 'audit:getHistory', { noun: 'dataset', key: ['alpha'], bookmark: 'f00' }),
  ),
  invalid('a history key of the wrong shape', /key of a round must be studyId, round/, (study) =>
    study.evaluate(auditor, 'audit:getHistory', { noun: 'round', key: ['heart'] }),
  ),
  {
    code: 'CLOCK_SKEW',
    title: 'a transaction dated nine minutes ago',
    says: /2026-03-01T.* is more than 300 seconds away/,
    before: prepared,
    attempt: (study) => study.submitDated(-9 * 60_000, researcher, 'study:start', { studyId: STUDY }),
  },
  ...[Number.NaN, 8e15, -7e13].map(
    (byMs): Attempt => ({
      code: 'CLOCK_SKEW',
      title: `a transaction dated ${byMs} ms from now`,
      says: /is in no year from 0 to 9999/,
      before: prepared,
      attempt: (study) => study.submitDated(byMs, researcher, 'study:start', { studyId: STUDY }),
    }),
  ),
  {
    code: 'ROLE_REQUIRED',
    title: 'a researcher who registers a dataset',
    says: /dataset:register needs steward; the certificate has role researcher/,
    before: prepared,
    attempt: (study) => study.submit(researcher, 'dataset:register', datasetArgument('new')),
  },
  {
    code: 'ROLE_REQUIRED',
    title: 'a certificate without a role, even for reading',
    says: /the certificate has no role/,
    before: prepared,
    attempt: (study) => study.evaluate({ mspId: 'AlphaMSP', role: null }, 'member:list', {}),
  },
  {
    code: 'NOT_A_MEMBER',
    title: 'an organisation that nobody registered',
    says: /OmegaMSP is not a member/,
    before: prepared,
    attempt: (study) => study.submit(steward('OmegaMSP'), 'dataset:register', datasetArgument('new')),
  },
  {
    code: 'NOT_A_MEMBER',
    title: 'a verdict by an organisation that is no member',
    says: /OmegaMSP is not a member/,
    before: trained,
    attempt: (study) => study.verdict('OmegaMSP', 1),
  },
  {
    code: 'NOT_THE_OWNER',
    title: "a consent to another's dataset",
    says: /dataset alpha belongs to AlphaMSP/,
    before: proposed,
    attempt: consent('BetaMSP'),
  },
  {
    code: 'NOT_THE_OWNER',
    title: "an update in another's name",
    says: /dataset beta belongs to BetaMSP/,
    before: opened,
    attempt: (study) =>
      study.submit(
        trainer('AlphaMSP'),
        'round:recordUpdate',
        updateArgument({ studyId: STUDY, datasetId: 'beta' }),
      ),
  },
  {
    code: 'NOT_THE_OWNER',
    title: "a score on another's patients",
    says: /dataset beta belongs to BetaMSP/,
    before: trained,
    attempt: (study) => study.verdict('AlphaMSP', 1, { own: ['alpha', 'beta'] }),
  },
  {
    code: 'NOT_THE_OWNER',
    title: "a withdrawal of another's consent",
    says: /dataset alpha belongs to AlphaMSP/,
    before: running,
    attempt: withdraw('alpha', 'BetaMSP'),
  },
  {
    code: 'NOT_THE_REQUESTER',
    title: "starting another's study",
    says: /was proposed by AlphaMSP/,
    before: proposed,
    attempt: (study) => study.submit(as('researcher', 'BetaMSP'), 'study:start', { studyId: STUDY }),
  },
  {
    code: 'NOT_A_PARTICIPANT',
    title: 'a verdict by a member that takes no part',
    says: /DeltaMSP takes no part in round 1/,
    before: afterSteps(
      () => StudyOnLedger.proposed({ datasets: ['alpha', 'beta'], quorum: { updates: 2, validators: 2 } }),
      (study) => study.consent('alpha'),
      (study) => study.consent('beta'),
      (study) => study.submit(researcher, 'study:start', { studyId: STUDY }),
      (study) => study.open(1),
      (study) => study.update('alpha', 1),
      (study) => study.update('beta', 1),
      (study) => study.close(1),
    ),
    attempt: (study) => study.verdict('DeltaMSP', 1, { datasets: ['alpha', 'beta'], own: [] }),
  },
  {
    code: 'NOT_A_PARTICIPANT',
    title: 'an update of a dataset that did not consent in time',
    says: /delta takes no part in round 1/,
    before: afterSteps(
      proposed,
      (study) => study.consent('alpha'),
      (study) => study.consent('beta'),
      (study) => study.consent('gamma'),
      (study) => study.submit(researcher, 'study:start', { studyId: STUDY }),
      (study) => study.open(1),
      (study) => study.consent('delta'),
    ),
    attempt: (study) => study.update('delta', 1),
  },
  {
    code: 'MEMBER_EXISTS',
    title: 'a second registration with another key',
    says: /AlphaMSP is already a member/,
    before: prepared,
    attempt: (study) =>
      study.submit(as('operator', 'AlphaMSP'), 'member:register', memberArgument('AlphaMSP')),
  },
  {
    code: 'KEY_UNPROVEN',
    title: "a key with another member's proof",
    says: /no signature by encryptionPublicKey for AlphaMSP on channel consortium/,
    before: prepared,
    attempt: (study) =>
      study.submit(as('operator', 'AlphaMSP'), 'member:rotateKey', provenKey('Alpha, second', 'BetaMSP')),
  },
  {
    code: 'KEY_USED',
    title: 'the key that is in force, as the next one',
    says: /it was key 1 of AlphaMSP/,
    before: prepared,
    attempt: (study) =>
      study.submit(as('operator', 'AlphaMSP'), 'member:rotateKey', provenKey('AlphaMSP', 'AlphaMSP')),
  },
  {
    code: 'MEMBER_NOT_FOUND',
    title: 'a member that is none',
    says: /no member OmegaMSP/,
    before: prepared,
    attempt: (study) => study.evaluate(auditor, 'member:get', { mspId: 'OmegaMSP' }),
  },
  {
    code: 'DATASET_EXISTS',
    title: "another hospital's dataset id",
    says: /alpha is taken/,
    before: prepared,
    attempt: (study) => study.submit(steward('BetaMSP'), 'dataset:register', datasetArgument('alpha')),
  },
  {
    code: 'DATASET_NOT_FOUND',
    title: 'a study over a dataset that is not there',
    says: /no dataset omega/,
    before: prepared,
    attempt: propose({ datasets: ['omega'] }),
  },
  {
    code: 'POPULATION_EXISTS',
    title: 'a population id that is taken',
    says: /all is taken/,
    before: peopled,
    attempt: (study) => study.submit(steward('BetaMSP'), 'population:register', populationArgument('all')),
  },
  {
    code: 'POPULATION_EXISTS',
    title: 'a dataset with the id of a population that it is not about',
    says: /all is a population: choose another id, or name it/,
    before: peopled,
    attempt: register(datasetArgument('all')),
  },
  {
    code: 'DATASET_EXISTS',
    title: 'a population with the id of a dataset, whose patients would get another budget',
    says: /first is a dataset/,
    before: peopled,
    attempt: (study) => study.submit(steward('AlphaMSP'), 'population:register', populationArgument('first')),
  },
  {
    code: 'POPULATION_NOT_FOUND',
    title: 'a dataset of a population that is not there',
    says: /no population nobody/,
    before: prepared,
    attempt: register(patientsArgument('new', 'nobody')),
  },
  {
    code: 'NOT_THE_OWNER',
    title: "a dataset of somebody else's population",
    says: /population all belongs to AlphaMSP/,
    before: peopled,
    attempt: (study) => study.submit(steward('BetaMSP'), 'dataset:register', patientsArgument('new', 'all')),
  },
  {
    code: 'PATIENTS_COUNTED',
    title: 'two blocks of the same patients',
    says: /newBlock.patientsSha256 is that of block 1 of all: name that block instead/,
    before: peopled,
    attempt: register({
      ...patientsArgument('new', 'all'),
      newBlock: { ...newBlock('all', 1), block: 2 },
      recordCountBand: { low: 100, high: 149 },
    }),
  },
  {
    code: 'BLOCK_NUMBER',
    title: 'a block after one that was opened meanwhile',
    says: /newBlock.block must be 2: all has 1 blocks/,
    before: peopled,
    attempt: register({
      ...patientsArgument('new', 'all'),
      newBlock: newBlock('all', 3),
      recordCountBand: { low: 100, high: 149 },
    }),
  },
  {
    code: 'BLOCK_NOT_FOUND',
    title: 'a consent to patients that the revision has not',
    says: /revision 1 of alpha has no patients of blocks 7, 2/,
    before: proposed,
    attempt: consent('AlphaMSP', { blocks: [1, 7, 2] }),
  },
  {
    code: 'BLOCK_RETIRED',
    title: 'a consent to a retired block',
    says: /block 1 of alpha was retired at/,
    before: afterSteps(proposed, retire),
    attempt: consent('AlphaMSP', { blocks: [1] }),
  },
  {
    code: 'BLOCK_RETIRED',
    title: 'a consent to whatever is open, where nothing is',
    says: /every block of alpha is retired/,
    before: afterSteps(proposed, retire),
    attempt: consent('AlphaMSP'),
  },
  {
    code: 'BLOCK_RETIRED',
    title: 'a block that is retired twice',
    says: /block 1 of alpha was retired at/,
    before: afterSteps(prepared, retire),
    attempt: retire,
  },
  {
    code: 'REVISION_NOT_FOUND',
    title: 'the history of a revision that never was',
    says: /never was a revision alpha 7/,
    before: prepared,
    attempt: (study) =>
      study.evaluate(auditor, 'audit:getHistory', { noun: 'revision', key: ['alpha', '7'] }),
  },
  {
    code: 'STUDY_KEY_EXISTS',
    title: "a second key for a dataset's updates",
    says: /BetaMSP recorded its key for alpha at/,
    before: afterSteps(running, keyed('BetaMSP', 'first')),
    attempt: keyed('BetaMSP', 'second'),
  },
  {
    code: 'ERASURE_NOT_OWED',
    title: 'an erasure of what is not withdrawn',
    says: /the consent of alpha is granted, not withdrawn/,
    before: trained,
    attempt: erase('alpha', 'BetaMSP'),
  },
  {
    code: 'ERASURE_NOT_OWED',
    title: 'an erasure of updates that there are not',
    says: /BetaMSP took part in no round with an update of alpha/,
    before: afterSteps(opened, withdraw('alpha', 'AlphaMSP')),
    attempt: erase('alpha', 'BetaMSP'),
  },
  {
    code: 'ERASURE_EXISTS',
    title: 'an erasure that was attested',
    says: /BetaMSP attested it at/,
    before: afterSteps(trained, withdraw('alpha', 'AlphaMSP'), erase('alpha', 'BetaMSP')),
    attempt: erase('alpha', 'BetaMSP'),
  },
  {
    code: 'ERASURE_EARLY',
    title: 'an erasure of an update that is being aggregated',
    says: /round 1 is aggregating and needs the update of alpha/,
    before: afterSteps(tallied, withdraw('alpha', 'AlphaMSP')),
    attempt: erase('alpha', 'BetaMSP'),
  },
  {
    code: 'STUDY_EXISTS',
    title: 'a study id that is taken',
    says: /heart is taken/,
    before: proposed,
    attempt: (study) => study.propose(),
  },
  {
    code: 'STUDY_NOT_FOUND',
    title: 'rounds of a study that is not there',
    says: /no study omega/,
    before: prepared,
    attempt: (study) => study.evaluate(auditor, 'round:list', { studyId: 'omega' }),
  },
  {
    code: 'STUDY_STATE',
    title: 'starting twice',
    says: /study heart is running: start is not possible/,
    before: running,
    attempt: (study) => study.submit(researcher, 'study:start', { studyId: STUDY }),
  },
  {
    code: 'STUDY_STATE',
    title: 'an update to an aborted study',
    says: /study heart is aborted, not running/,
    before: afterSteps(opened, (study) =>
      study.submit(researcher, 'study:abort', { studyId: STUDY, reason: 'no longer needed' }),
    ),
    attempt: (study) => study.update('alpha', 1),
  },
  {
    code: 'STUDY_STATE',
    title: 'a model before the last round',
    says: /1 of 2 planned rounds have ended/,
    before: afterSteps(running, (study) => study.wholeRound(1)),
    attempt: (study) => study.submit(researcher, 'model:publish', { studyId: STUDY }),
  },
  {
    code: 'STUDY_STATE',
    title: 'settling a consent that is still in force',
    says: /withdraw the consent first/,
    before: running,
    attempt: (study) => study.settle('alpha'),
  },
  {
    code: 'STUDY_STATE',
    title: 'a consent to a study that has ended',
    says: /is aborted and takes no consents/,
    before: afterSteps(proposed, (study) =>
      study.submit(researcher, 'study:abort', { studyId: STUDY, reason: 'a mistake in it' }),
    ),
    attempt: consent('AlphaMSP'),
  },
  {
    code: 'TOO_MANY_STUDIES',
    title: 'one more proposal than a member may have open',
    says: /16 proposed studies at a time/,
    before: afterSteps(prepared, async (study) => {
      for (let i = 0; i < 16; i++) await study.propose({ studyId: `heart-${i}` });
    }),
    attempt: propose({}),
  },
  {
    code: 'PURPOSE_NOT_ALLOWED',
    title: 'ancestry research on records given for health research',
    says: /alpha may be used for DUO:0000006, not for DUO:0000011/,
    before: prepared,
    attempt: propose({ purpose: 'DUO:0000011' }),
  },
  {
    code: 'REQUESTER_NOT_ALLOWED',
    title: 'a study by a member that the terms leave out',
    says: /closed may not be used by AlphaMSP/,
    before: afterSteps(prepared, (study) =>
      study.submit(steward('BetaMSP'), 'dataset:register', {
        ...datasetArgument('closed'),
        terms: { purposes: ['DUO:0000042'], allowedMembers: ['GammaMSP'] },
      }),
    ),
    attempt: propose({ datasets: ['closed'], quorum: { updates: 1, validators: 1 } }),
  },
  {
    code: 'TERMS_EXPIRED',
    title: 'a consent after the terms have expired',
    says: /the terms of brief expired at 2026-03-01T09:00:00Z/,
    before: afterSteps(
      prepared,
      (study) =>
        study.submit(steward('AlphaMSP'), 'dataset:register', {
          ...datasetArgument('brief'),
          terms: { purposes: ['DUO:0000042'], expiresAt: '2026-03-01T09:00:00Z' },
        }),
      propose({ studyId: 'short', datasets: ['brief'], quorum: { updates: 1, validators: 1 } }),
      pass(HOUR),
    ),
    attempt: consent('AlphaMSP', { studyId: 'short', datasetId: 'brief' }),
  },
  {
    code: 'ENCODING_MISMATCH',
    title: 'datasets whose scaling differs',
    says: /narrow and alpha differ in feature age/,
    before: afterSteps(prepared, (study) => {
      const argument = datasetArgument('narrow');
      const [age, ...rest] = argument.dictionary.features;
      const features = [{ ...age, reference: { low: 30, high: 80 } }, ...rest];
      return register({ ...argument, dictionary: { ...argument.dictionary, features } })(study);
    }),
    attempt: propose({ datasets: ['alpha', 'narrow'], quorum: { updates: 1, validators: 1 } }),
  },
  {
    code: 'ENCODING_MISMATCH',
    title: 'a model of the wrong width',
    says: /model.inputs must be 9/,
    before: prepared,
    attempt: propose({ model: { ...studyArgument({ studyId: 'x', datasets: [] }).model, inputs: 8 } }),
  },
  {
    code: 'LABEL_NOT_SCORED',
    title: 'a label that no patient can be judged rightly by',
    says: /the label of pressure is numeric, .*: name datasets with a binary or categorical label/,
    before: afterSteps(prepared, (study) => {
      const argument = datasetArgument('pressure');
      const rule = { kind: 'numeric' as const, unit: 'mmHg', bounds: { low: 40, high: 300 } };
      const label = { ...argument.dictionary.label, rule };
      return register({ ...argument, dictionary: { ...argument.dictionary, label } })(study);
    }),
    attempt: propose({ datasets: ['pressure'], quorum: { updates: 1, validators: 1 } }),
  },
  {
    code: 'DATASET_NOT_WANTED',
    title: 'a consent that nobody asked for',
    says: /study other does not ask for alpha/,
    before: afterSteps(prepared, propose({ datasets: ['beta'], quorum: { updates: 1, validators: 1 } })),
    attempt: consent('AlphaMSP', { studyId: 'other' }),
  },
  {
    code: 'CONSENT_EXISTS',
    title: 'a second consent',
    says: /alpha already has a granted consent/,
    before: afterSteps(proposed, (study) => study.consent('alpha')),
    attempt: (study) => study.consent('alpha'),
  },
  {
    code: 'CONSENT_NOT_FOUND',
    title: 'withdrawing what was not granted',
    says: /no consent of alpha to study heart/,
    before: proposed,
    attempt: withdraw('alpha', 'AlphaMSP'),
  },
  {
    code: 'CONSENT_STATE',
    title: 'an update after its consent was withdrawn',
    says: /the consent of alpha is withdrawn/,
    before: afterSteps(opened, withdraw('alpha', 'AlphaMSP')),
    attempt: (study) => study.update('alpha', 1),
  },
  {
    code: 'CONSENT_STATE',
    title: 'settling twice',
    says: /settled already/,
    before: afterSteps(running, withdraw('alpha', 'AlphaMSP'), (study) => study.settle('alpha')),
    attempt: (study) => study.settle('alpha'),
  },
  {
    code: 'BUDGET_EXCEEDED',
    title: 'a study that asks for more ε than is left',
    says: /the training account of alpha has ε 8 left of 8 \(δ 0.00001\); with this it would come to \d+/,
    before: () => StudyOnLedger.proposed({ rounds: 1000 }),
    attempt: consent('AlphaMSP', { claimedEpsilon: { training: '9999', heldOut: '9999' } }),
  },
  {
    code: 'PRIVACY_COST_UNDERCLAIMED',
    title: 'a consent that claims less than the plan costs',
    says: /claimedEpsilon.training must be at least \d+[.]\d+ \(δ 0.00001\), not 0.1/,
    before: proposed,
    attempt: consent('AlphaMSP', { claimedEpsilon: { training: '0.1', heldOut: '9' } }),
  },
  {
    code: 'PRIVACY_COST_UNDERCLAIMED',
    title: 'an update that claims less than it costs',
    says: /claimedEpsilon must be at least \d+[.]\d+ \(δ 0.00001\), not 0.01/,
    before: opened,
    attempt: (study) => study.update('alpha', 1, { claimedEpsilon: '0.01' }),
  },
  {
    code: 'PRIVACY_EVENT_MISMATCH',
    title: 'an update with less noise than reserved',
    says: /privacyEvent.noiseMultiplier must be 6/,
    before: opened,
    attempt: (study) => study.update('alpha', 1, { privacyEvent: trainingEvent({ noiseMultiplier: '5' }) }),
  },
  {
    code: 'PRIVACY_EVENT_MISMATCH',
    title: 'a score charged to the wrong patients',
    says: /privacyEvent.pool must be held-out/,
    before: trained,
    attempt: (study) =>
      study.verdict('AlphaMSP', 1, {
        scores: [
          {
            datasetId: 'alpha',
            right: '1',
            wrong: '1',
            privacyEvent: scoreEvent({ pool: 'training' }),
            claimedEpsilon: '2',
          },
        ],
      }),
  },
  {
    code: 'ROUND_EXISTS',
    title: 'opening a round twice',
    says: /round 1 is training/,
    before: opened,
    attempt: (study) => study.open(1, 'BetaMSP'),
  },
  {
    code: 'ROUND_NOT_FOUND',
    title: 'an update to a round that nobody opened',
    says: /no round 1 of study heart/,
    before: running,
    attempt: (study) => study.update('alpha', 1),
  },
  {
    code: 'ROUND_NUMBER',
    title: 'the second round before the first',
    says: /round 1 is not open yet/,
    before: running,
    attempt: (study) => study.open(2),
  },
  {
    code: 'ROUND_NUMBER',
    title: 'a round more than planned',
    says: /planned 2 rounds/,
    before: running,
    attempt: (study) => study.open(3),
  },
  {
    code: 'ROUND_CLOSED',
    title: 'an update after the round closed',
    says: /round 1 is validating and takes no updates/,
    before: afterSteps(
      opened,
      (study) => study.update('alpha', 1),
      (study) => study.update('beta', 1),
      (study) => study.update('gamma', 1),
      pass(HOUR),
      (study) => study.close(1),
    ),
    attempt: (study) => study.update('delta', 1),
  },
  {
    code: 'ROUND_CLOSED',
    title: 'a verdict before the round closed',
    says: /round 1 is training and takes no verdicts/,
    before: opened,
    attempt: (study) => study.verdict('AlphaMSP', 1),
  },
  {
    code: 'ROUND_CLOSED',
    title: 'finalising twice',
    says: /round 1 is finalized: finalize is not possible/,
    before: afterSteps(running, (study) => study.wholeRound(1)),
    attempt: (study) => study.finalize(1),
  },
  {
    code: 'ROUND_INCOMPLETE',
    title: 'closing while updates are expected',
    says: /updates of beta, delta, gamma are expected until 2026-/,
    before: afterSteps(opened, (study) => study.update('alpha', 1)),
    attempt: (study) => study.close(1),
  },
  {
    code: 'ROUND_INCOMPLETE',
    title: 'tallying while verdicts are expected',
    says: /verdicts of BetaMSP, DeltaMSP, GammaMSP are expected until 2026-/,
    before: afterSteps(trained, (study) => study.verdict('AlphaMSP', 1)),
    attempt: (study) => study.tally(1),
  },
  {
    code: 'ROUND_INCOMPLETE',
    title: 'giving up a round that can still succeed',
    says: /can still succeed/,
    before: trained,
    attempt: (study) => study.abortRound(1),
  },
  {
    code: 'UPDATE_EXISTS',
    title: 'a second update',
    says: /alpha has contributed to round 1/,
    before: afterSteps(opened, (study) => study.update('alpha', 1)),
    attempt: (study) => study.update('alpha', 1, { plaintextSha256: '0'.repeat(64) }),
  },
  {
    code: 'UPDATE_NOT_FOUND',
    title: 'reading an update that is not there',
    says: /no update of alpha in round 1/,
    before: opened,
    attempt: (study) =>
      study.evaluate(auditor, 'round:getUpdate', { studyId: STUDY, round: 1, datasetId: 'alpha' }),
  },
  {
    code: 'SCORE_COMMITTED',
    title: 'committing to another score',
    says: /round 1 has a score of alpha/,
    before: afterSteps(trained, (study) => study.commitScore('alpha', 1)),
    attempt: (study) => study.commitScore('alpha', 1, 'another'),
  },
  {
    code: 'SCORE_COMMITTED',
    title: 'committing to a score again after the verdict',
    says: /round 1 has a score of alpha/,
    before: afterSteps(
      trained,
      (study) => study.commitScore('alpha', 1),
      (study) => study.verdict('AlphaMSP', 1),
    ),
    attempt: (study) => study.commitScore('alpha', 1),
  },
  {
    code: 'VERDICT_EXISTS',
    title: 'committing to a score after the verdict',
    says: /AlphaMSP has given its verdict on round 1/,
    before: afterSteps(trained, (study) => study.verdict('AlphaMSP', 1)),
    attempt: (study) => study.commitScore('alpha', 1),
  },
  {
    code: 'ROUND_CLOSED',
    title: 'committing to a score before the updates are in',
    says: /round 1 is training and takes no scores/,
    before: opened,
    attempt: (study) => study.commitScore('alpha', 1),
  },
  {
    code: 'ROUND_CLOSED',
    title: 'committing to a score of a round that was given up',
    says: /round 1 is aborted and takes no scores/,
    before: afterSteps(trained, async (study) => {
      study.now += 3_600_000;
      await study.abortRound(1);
    }),
    attempt: (study) => study.commitScore('alpha', 1),
  },
  {
    code: 'CONSENT_STATE',
    title: 'committing to a score of a withdrawn consent',
    says: /withdrawn/,
    before: afterSteps(trained, (study) =>
      study.submit(steward('AlphaMSP'), 'study:withdraw', {
        studyId: STUDY,
        datasetId: 'alpha',
        reason: 'no more',
      }),
    ),
    attempt: (study) => study.commitScore('alpha', 1),
  },
  {
    code: 'VERDICT_EXISTS',
    title: 'changing a verdict',
    says: /AlphaMSP has given its verdict on round 1/,
    before: afterSteps(trained, (study) => study.verdict('AlphaMSP', 1)),
    attempt: (study) => study.verdict('AlphaMSP', 1, { accepted: false }),
  },
  {
    code: 'VERDICT_NOT_FOUND',
    title: 'reading a verdict that is not there',
    says: /no verdict of AlphaMSP on round 1/,
    before: opened,
    attempt: (study) =>
      study.evaluate(auditor, 'round:getVerdict', { studyId: STUDY, round: 1, mspId: 'AlphaMSP' }),
  },
  {
    code: 'ATTESTATION_EXISTS',
    title: 'attesting two different aggregates',
    says: /AlphaMSP attested [0-9a-f]{64}/,
    before: afterSteps(tallied, (study) => study.attest('AlphaMSP', 1)),
    attempt: (study) => study.attest('AlphaMSP', 1, 'another model'),
  },
  {
    code: 'QUORUM_NOT_REACHED',
    title: 'starting with too few consents',
    says: /1 datasets consent and 3 are needed/,
    before: afterSteps(proposed, (study) => study.consent('alpha')),
    attempt: (study) => study.submit(researcher, 'study:start', { studyId: STUDY }),
  },
  {
    code: 'QUORUM_NOT_REACHED',
    title: 'tallying verdicts of which too few accept',
    says: /2 members accept the candidate and 3 are needed/,
    before: afterSteps(trained, async (study) => {
      for (const mspId of MEMBERS) await study.verdict(mspId, 1, { accepted: mspId < 'C' });
    }),
    attempt: (study) => study.tally(1),
  },
  {
    code: 'QUORUM_NOT_REACHED',
    title: 'finalising an aggregate that too few recomputed',
    says: /1 members accepted the candidate and attested/,
    before: afterSteps(tallied, async (study) => {
      await study.attest('AlphaMSP', 1, 'forged');
      for (const mspId of MEMBERS.slice(1)) await study.attest(mspId, 1);
    }),
    attempt: (study) => study.finalize(1, 'AlphaMSP', 'forged'),
  },
  {
    code: 'ENDORSEMENT_REFUSED',
    title: "a peer whose organisation recomputed something else, alone with its client's wish",
    says: /AlphaMSP has not accepted the candidate and recomputed this aggregate/,
    before: afterSteps(tallied, async (study) => {
      await study.attest('AlphaMSP', 1, 'another model');
      for (const mspId of MEMBERS.slice(1)) await study.attest(mspId, 1);
    }),
    attempt: async (study) => {
      const argument = { studyId: STUDY, round: 1, aggregate: aggregate('model 1') };
      return study.submit(trainer('AlphaMSP'), 'round:finalize', argument, ['AlphaMSP']);
    },
  },
  {
    code: 'COMMITMENT_EXISTS',
    title: 'the same rows under another id, for another budget',
    says: /these rows are alpha, with its budget/,
    before: prepared,
    attempt: register(dataset({ commitment: datasetArgument('alpha').commitment })),
  },
  {
    code: 'UPDATE_REPLAYED',
    title: "the first round's update in the second",
    says: /this is the update of alpha in round 1 of study heart/,
    before: afterSteps(
      running,
      (study) => study.wholeRound(1),
      (study) => study.open(2),
    ),
    attempt: (study) => {
      const { plaintextSha256 } = updateArgument({ studyId: STUDY, datasetId: 'alpha' });
      return study.update('alpha', 2, { plaintextSha256 });
    },
  },
  {
    code: 'NOT_THE_LEADER',
    title: "closing a round in the leader's time",
    says: /round 1 is led by AlphaMSP; others take over at 2026-/,
    before: afterSteps(
      () => StudyOnLedger.running({ leaderSeconds: 600 }),
      (study) => study.open(1),
    ),
    attempt: (study) => study.close(1, 'BetaMSP'),
  },
  {
    code: 'CONSENT_INCOMPLETE',
    title: 'one steward alone where two must consent',
    says: /1 of the 2 stewards that guarded asks for/,
    before: guarded,
    attempt: (study) => study.consent('guarded', 'other', steward('AlphaMSP')),
  },
  {
    code: 'STUDY_CHANGED',
    title: 'a consent to a text that the study does not have',
    says: /text 1 of study heart is [0-9a-f]{64}/,
    before: () => StudyOnLedger.proposed(),
    attempt: (study) =>
      study.submit(steward('AlphaMSP'), 'study:consent', {
        studyId: STUDY,
        datasetId: 'alpha',
        claimedEpsilon: { training: '9', heldOut: '9' },
        studySha256: sha256('another'),
      }),
  },
  {
    code: 'APPROVAL_EXISTS',
    title: 'a steward who approves twice',
    says: /steward.AlphaMSP has approved this; another steward must/,
    before: afterSteps(guarded, approve),
    attempt: approve,
  },
  {
    code: 'EQUIVOCATION_EXISTS',
    title: 'evidence that is there already',
    says: /DeltaMSP contradicted itself, as recorded/,
    before: contradicted,
    attempt: (study) => reportContradiction(study),
  },
  {
    code: 'EQUIVOCATION_UNPROVEN',
    title: 'an accusation without a signature',
    says: /proposal is not a signed proposal/,
    before: tallied,
    attempt: (study) => reportContradiction(study, { proposal: 'AAAA', signature: 'AAAA' }),
  },
  {
    code: 'MOTION_NOT_FOUND',
    title: 'a motion that nobody moved',
    says: /no motion 7 of study heart/,
    before: running,
    attempt: (study) => study.vote('AlphaMSP', true, 7),
  },
  {
    code: 'MOTION_STATE',
    title: 'a motion while another is open',
    says: /motion 1 is open/,
    before: afterSteps(running, (study) => study.move('BetaMSP', { kind: 'pause' })),
    attempt: (study) => study.move('GammaMSP', { kind: 'pause' }),
  },
  {
    code: 'VOTE_EXISTS',
    title: 'a hospital that votes twice',
    says: /BetaMSP has voted on motion 1/,
    before: afterSteps(
      running,
      (study) => study.move('BetaMSP', { kind: 'pause' }),
      (study) => study.vote('BetaMSP', true),
    ),
    attempt: (study) => study.vote('BetaMSP', false),
  },
  {
    code: 'MODEL_NOT_FOUND',
    title: 'the model of a study that runs',
    says: /no model of study heart/,
    before: running,
    attempt: (study) => study.evaluate(auditor, 'model:getLineage', { studyId: STUDY }),
  },
  {
    code: 'TOO_MANY_AT_ONCE',
    title: 'more queries at once than a peer lets one organisation have waiting',
    says: /send fewer at a time/,
    before: prepared,
    attempt: async (study) => {
      const all = Array.from({ length: 200 }, () => study.evaluate(auditor, 'member:list', {}));
      // Whatever waits has ended before the next test.
      await Promise.allSettled(all);
      return Promise.all(all);
    },
  },
  {
    code: 'INTERNAL',
    title: 'a ledger that fails, whose words stay in the log',
    says: /^The chaincode failed unexpectedly and wrote nothing/,
    before: prepared,
    attempt: async (study) => {
      const rows = study.world.rows;
      const [key, row] = [...rows].find(([name]) => name === '\u0000dataset\u0000alpha\u0000')!;
      rows.set(key, { ...row, value: Buffer.from('{ secret of the machine') });
      try {
        await study.evaluate(auditor, 'dataset:get', { datasetId: 'alpha' });
      } finally {
        rows.set(key, row);
        assert.match(study.log.join('\n'), /dataset:get failed: SyntaxError/);
      }
    },
  },
];

const exercised = new Set<string>();
for (const { code, title, says, before, attempt } of ATTEMPTS) {
  test(`${code}: ${title}`, async () => {
    const study = await before();
    const snapshot = study.snapshot();
    const refusal = await refusalOf(attempt(study));
    assert.equal(refusal.code, code, refusal.message);
    assert.match(refusal.detail, says);
    assert.equal(study.snapshot(), snapshot, 'nothing was written');
    exercised.add(code);
  });
}

test('every code of the table is met by an attempt', () => {
  assert.deepEqual([...exercised].sort(), Object.keys(ERRORS).sort());
});
