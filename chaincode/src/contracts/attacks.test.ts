// What a dishonest member tries, and what an honest majority answers: each attempt is refused by its code, or by
// Fabric's own validation, and leaves the world as it was. The table in docs/threat-model.md names these tests.
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { type Argument, canonicalJson, type ErrorCode, type TransactionName } from '../domain/index.ts';
import {
  aggregate,
  datasetArgument,
  sha256,
  trainingEvent,
  updateArgument,
  verdictArgument,
} from '../testing/examples.ts';
import { type Caller, type CommitCode, type Endorsed, refusalOf } from '../testing/memory-consortium.ts';
import { as, DATASETS, MEMBERS, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

// Delta is the member that misbehaves, Gamma the one it may collude with.
const MALLORY = 'DeltaMSP';
const COLLUDER = 'GammaMSP';
const trainer = as('trainer', MALLORY);
const steward = as('steward', MALLORY);
const researcher = as('researcher', MALLORY);
const HOUR = 3_600_000;

type Step = (study: StudyOnLedger) => Promise<unknown>;
interface Attack {
  readonly title: string;
  readonly before: () => Promise<StudyOnLedger>;
  /** The attempt, and the code of the rules or of Fabric's validation that it must meet. */
  readonly attempt: (study: StudyOnLedger) => Promise<unknown>;
  readonly met: ErrorCode | CommitCode;
}

const after =
  (start: () => Promise<StudyOnLedger>, ...steps: Step[]) =>
  async () => {
    const study = await start();
    for (const step of steps) await step(study);
    return study;
  };
const running = () => StudyOnLedger.running();
const opened = after(running, (study) => study.open(1));
const trained = after(running, (study) => study.trained(1));
const tallied = after(running, (study) => study.tallied(1));
const attested = after(tallied, async (study) => {
  for (const mspId of MEMBERS) await study.attest(mspId, 1);
});
const text = (argument: object): string => canonicalJson(argument);

/** A transaction whose results its sender alters, signed anew by peers that sign anything. */
async function forge<N extends TransactionName>(
  study: StudyOnLedger,
  [caller, name, argument]: readonly [Caller, N, Argument<N>],
  {
    signers,
    alter = (_, value) => value,
    add = () => [],
  }: {
    readonly signers: readonly string[];
    readonly alter?: (key: string, value: string) => string;
    /** Writes that the transaction does not make. */
    readonly add?: () => readonly [key: string, value: string][];
  },
): Promise<CommitCode> {
  const honest: Endorsed = await study.endorse(caller, name, argument);
  const [first] = honest.endorsements;
  assert.ok(first !== undefined, 'the transaction as such is possible');
  const results = {
    ...first.results,
    writes: [
      ...first.results.writes.map(([key, value]): [string, string] => [key, alter(key, value)]),
      ...add(),
    ],
  };
  const endorsements = signers.map((mspId) => ({ mspId, response: first.response, results }));
  return study.commit(name, text(argument), { ...honest, endorsements, refusals: [] });
}
/** Fails as a refusal would, so that all attacks are told the same way. */
async function committed(attempt: Promise<CommitCode>): Promise<void> {
  const code = await attempt;
  if (code !== 'VALID') throw new Error(code);
}
const inRow =
  (noun: string, change: (row: Record<string, unknown>) => object) => (key: string, value: string) =>
    key.startsWith(`\u0000${noun}\u0000`)
      ? text(change(JSON.parse(value) as Record<string, unknown>))
      : value;

/** A dataset's rows of one noun as somebody else would like them. */
function rewritten(study: StudyOnLedger, noun: string, datasetId: string): [string, string][] {
  const changes: Record<string, object> = {
    dataset: { dictionary: datasetArgument('delta').dictionary, title: 'ours' },
    consent: { state: 'withdrawn' },
    budget: { spent: [], reserved: [] },
  };
  const rows = [...study.world.rows]
    .map(([key, { value }]) => [key, JSON.parse(Buffer.from(value).toString())] as const)
    .filter(([key, row]) => key.startsWith(`\u0000${noun}\u0000`) && row.datasetId === datasetId);
  assert.ok(rows.length > 0, `${datasetId} has a ${noun}`);
  return rows.map(([key, row]) => [key, text({ ...row, ...changes[noun] })]);
}

/** The study's row, which a majority can write, with a mechanism that nobody consented to. */
async function lessNoise(study: StudyOnLedger): Promise<void> {
  const [key, { value }] = [...study.world.rows].find(([at]) => at.startsWith('\u0000study\u0000'))!;
  const row = JSON.parse(Buffer.from(value).toString()) as Argument<'study:propose'>;
  const training = { ...row.training, noiseMultiplier: '0.5' };
  const step: readonly [Caller, 'motion:move', Argument<'motion:move'>] = [
    researcher,
    'motion:move',
    { studyId: STUDY, kind: 'pause', reason: 'x' },
  ];
  const code = await forge(study, step, {
    signers: ['BetaMSP', COLLUDER, MALLORY],
    alter: (at, written) => (at === key ? text({ ...JSON.parse(written), training }) : written),
  });
  assert.equal(code, 'VALID', 'a majority that runs other code can write a study');
}

const ATTACKS: readonly Attack[] = [
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
    title: "the leader's step in the leader's time",
    before: () => StudyOnLedger.running({ leaderSeconds: 600 }),
    attempt: (study) => study.open(1, MALLORY),
    met: 'NOT_THE_LEADER',
  },
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
            alter: inRow('budget', (row) => ({ ...row, spent: (row.spent as string[]).map(() => '0') })),
          },
        ),
      ),
    met: 'ENDORSEMENT_POLICY_FAILURE',
  },
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
  // Voting twice, and for others.
  {
    title: 'a second verdict',
    before: after(trained, (study) => study.verdict(MALLORY, 1)),
    attempt: (study) => study.verdict(MALLORY, 1, { accepted: false, own: [] }),
    met: 'VERDICT_EXISTS',
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
    title: 'an argument of more than a megabyte',
    before: running,
    attempt: (study) => study.submit(steward, 'dataset:register', `"${'x'.repeat(1_100_000)}"`),
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
    title: 'a dictionary registered anew after the consent',
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
    title: 'a study proposed anew after the consents',
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
            alter: inRow('budget', (row) => ({ ...row, spent: (row.spent as string[]).map(() => '0') })),
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
            { signers: ['BetaMSP', COLLUDER, MALLORY], add: () => rewritten(study, noun, 'alpha') },
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
];

/** The study's text as proposed. */
function studyOf(study: StudyOnLedger): Argument<'study:propose'> {
  const proposed = study.committed.find(({ name }) => name === 'study:propose')!;
  return JSON.parse(proposed.argument) as Argument<'study:propose'>;
}

for (const { title, before, attempt, met } of ATTACKS) {
  test(`attack: ${title}`, async () => {
    const study = await before();
    study.baseline();
    const refusal = await refusalOrCode(attempt(study));
    assert.equal(refusal, met);
    assert.equal(study.snapshot(), study.remembered, 'the world is as it was');
  });
}

async function refusalOrCode(attempt: Promise<unknown>): Promise<string> {
  const outcome = await attempt.then(
    () => 'was not refused',
    (error: Error) => error,
  );
  if (typeof outcome === 'string') return outcome;
  return outcome.name === 'DomainError' ? (await refusalOf(Promise.reject(outcome))).code : outcome.message;
}

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

test('a transaction with the right results and too many signatures of one member is invalid', async () => {
  const study = await opened();
  const argument = updateArgument({ studyId: STUDY, datasetId: 'delta' });
  const endorsed = await study.endorse(trainer, 'round:recordUpdate', argument, [MALLORY]);
  const thrice = [1, 2, 3].flatMap(() => endorsed.endorsements);
  const code = study.commit('', '', { ...endorsed, endorsements: thrice });
  assert.equal(code, 'ENDORSEMENT_POLICY_FAILURE');
});

// The documentation says which attack which test covers, by title; a title that no test has is a false claim.
const root = resolve(import.meta.dirname, '../../../..');
const document = readFileSync(resolve(root, 'docs/threat-model.md'), 'utf8');
const covered = document.slice(document.indexOf('## Attacks'), document.indexOf('## Not defended'));

test('every test that the threat model names exists in the file it names', () => {
  const rows = covered.split('\n').filter((line) => /^\| [^-]/.test(line) && line.includes('“'));
  assert.ok(rows.length >= 12, 'one row per kind of attack');
  for (const row of rows) {
    const cited = [...row.matchAll(/“([^”]+)” \(\[[^\]]+\]\(\.\.\/([^)]+)\)\)/g)];
    assert.ok(cited.length > 0, `no test is cited: ${row}`);
    for (const [, title = '', file = ''] of cited) {
      const source = readFileSync(resolve(root, file), 'utf8').replaceAll("\\'", "'");
      assert.ok(source.includes(title), `${file} has no “${title}”`);
    }
  }
});

test('every attack of this file is in the threat model', () => {
  const unnamed = ATTACKS.filter(({ title }) => !covered.includes(`“${title}”`)).map(({ title }) => title);
  assert.deepEqual(unnamed, []);
});
