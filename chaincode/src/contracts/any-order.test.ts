// Members that do anything in any order: whatever is accepted, the ledger's promises hold afterwards.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  type Attestation,
  addRdp,
  type BudgetRow,
  type Consent,
  canonicalJson,
  compareDecimals,
  DomainError,
  epsilonFromRdp,
  isZeroRdp,
  type PrivacyCharge,
  type Round,
  rdpOfEvent,
  type Study,
  studyDigest,
  timesRdp,
  type Verdict,
  zeroRdp,
} from '@consilium/domain';
import { sha256 } from '@consilium/domain/testing/examples';
import fc from 'fast-check';
import { as, DATASETS, MEMBERS, ownerOf, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

type Act = (study: StudyOnLedger, who: number, round: number) => Promise<unknown>;
const member = (who: number) => MEMBERS[who % MEMBERS.length]!;
const dataset = (who: number) => DATASETS[who % DATASETS.length]!;
const researcher = as('researcher', 'AlphaMSP');

const ACTS: Readonly<Record<string, Act>> = {
  consent: (study, who) => study.consent(dataset(who)),
  start: (study) => study.submit(researcher, 'study:start', { studyId: STUDY }),
  withdraw: (study, who) =>
    study.submit(as('steward', ownerOf(dataset(who))), 'study:withdraw', {
      studyId: STUDY,
      datasetId: dataset(who),
      reason: 'asked to',
    }),
  settle: (study, who) => study.settle(dataset(who)),
  open: (study, who, round) => study.open(round, member(who)),
  update: (study, who, round) => study.update(dataset(who), round),
  updateAll: async (study, _, round) => {
    for (const datasetId of DATASETS) await study.update(datasetId, round).catch(refused);
  },
  close: (study, who, round) => study.close(round, member(who)),
  accept: (study, who, round) => study.verdict(member(who), round),
  reject: (study, who, round) => study.verdict(member(who), round, { accepted: false, own: [] }),
  acceptAll: async (study, _, round) => {
    const { updates } = await study.evaluate(researcher, 'round:get', { studyId: STUDY, round });
    for (const mspId of MEMBERS) {
      const own = DATASETS.filter((datasetId) => ownerOf(datasetId) === mspId);
      await study.verdict(mspId, round, { datasets: updates ?? [], own }).catch(refused);
    }
  },
  tally: (study, who, round) => study.tally(round, member(who)),
  attest: (study, who, round) => study.attest(member(who), round, who % 5 === 0 ? 'forged' : 'model'),
  attestAll: async (study, _, round) => {
    for (const mspId of MEMBERS) await study.attest(mspId, round, 'model').catch(refused);
  },
  finalize: (study, who, round) => study.finalize(round, member(who), who % 3 === 0 ? 'forged' : 'model'),
  abortRound: (study, who, round) => study.abortRound(round, member(who)),
  publish: (study) => study.submit(researcher, 'model:publish', { studyId: STUDY }),
  abort: (study, who) =>
    who % 4 === 0
      ? study.submit(researcher, 'study:abort', { studyId: STUDY, reason: 'enough' })
      : Promise.resolve(),
  wait: async (study) => {
    study.now += 3_600_000;
  },
};

/** A refusal is fine; anything else is a defect. */
function refused(error: unknown): void {
  if (!(error instanceof DomainError) || error.code === 'INTERNAL') throw error;
}

const rowsOf = <T>(study: StudyOnLedger, noun: string): T[] =>
  [...study.world.rows]
    .filter(([key]) => key.startsWith(`\u0000${noun}\u0000`))
    .map(([, { value }]) => JSON.parse(Buffer.from(value).toString()) as T);

async function checkPromises(study: StudyOnLedger): Promise<void> {
  const [row] = rowsOf<Study>(study, 'study');
  const proposed = study.committed.find(({ name }) => name === 'study:propose')!;
  const { weights } = row!;
  const text = canonicalJson({ ...JSON.parse(proposed.argument), weights });
  assert.equal(studyDigest(row!, sha256), sha256(text), 'the text is as proposed, with its weights');
  const charges = rowsOf<PrivacyCharge>(study, 'privacy-charge');
  const consents = rowsOf<Consent>(study, 'consent');
  for (const { populationId: datasetId, pool } of rowsOf<BudgetRow>(study, 'budget')) {
    const { spent, reserved, budget } = await study.budget(datasetId, pool);
    const own = charges.filter(
      (charge) => charge.datasetId === datasetId && charge.privacyEvent.pool === pool,
    );
    const sum = own.reduce((total, { privacyEvent }) => addRdp(total, rdpOfEvent(privacyEvent)), zeroRdp());
    assert.deepEqual(spent, sum, 'what is spent is the sum of the charges');
    const rounds = own.map(({ studyId, round }) => `${studyId} ${round}`);
    assert.equal(new Set(rounds).size, rounds.length, 'a round is charged once');
    const consent = consents.find((candidate) => candidate.datasetId === datasetId);
    if (consent === undefined || consent.state === 'settled') assert.ok(isZeroRdp(reserved));
    else {
      const cost = consent.costPerRound[pool === 'training' ? 'training' : 'heldOut'];
      assert.deepEqual(addRdp(reserved, spent), timesRdp(cost, consent.rounds), 'nothing leaks');
    }
    const committed = epsilonFromRdp(addRdp(spent, reserved), budget.delta);
    assert.ok(compareDecimals(committed, budget.epsilon) <= 0, 'no account is overdrawn');
  }
  const verdicts = rowsOf<Verdict>(study, 'verdict');
  const attestations = rowsOf<Attestation>(study, 'attestation');
  for (const round of rowsOf<Round>(study, 'round')) {
    if (round.state !== 'finalized') continue;
    const supporters = MEMBERS.filter(
      (mspId) =>
        verdicts.some((v) => v.round === round.round && v.mspId === mspId && v.accepted) &&
        attestations.some(
          (a) =>
            a.round === round.round &&
            a.mspId === mspId &&
            a.parametersSha256 === round.aggregate!.parametersSha256,
        ),
    );
    assert.ok(supporters.length >= round.quorum.validators, 'N hospitals stand behind every aggregate');
  }
}

const act = fc.tuple(
  fc.constantFrom(...Object.keys(ACTS)),
  fc.nat({ max: 11 }),
  fc.integer({ min: 1, max: 3 }),
);
/** The usual course, with gaps and disturbances strewn in. */
const USUAL = ['consent', 'consent', 'consent', 'consent', 'start'].map((name, i) => [name, i, 1] as const);
const ROUND = ['open', 'updateAll', 'close', 'acceptAll', 'tally', 'attestAll', 'finalize'] as const;
const course = fc
  .tuple(fc.array(fc.tuple(fc.nat({ max: 25 }), act), { maxLength: 25 }), fc.array(fc.nat({ max: 24 })))
  .map(([disturbances, gaps]) => {
    const usual: (readonly [string, number, number])[] = [
      ...USUAL,
      ...[1, 2, 3].flatMap((round) => ROUND.map((name) => [name, 1, round] as const)),
    ];
    const kept = usual.filter((_, i) => !gaps.slice(0, 4).includes(i));
    for (const [at, disturbance] of disturbances) kept.splice(at % (kept.length + 1), 0, disturbance);
    return kept;
  });

test('whatever members do in whatever order, accounts add up and every aggregate has its supporters', async () => {
  let finalized = 0;
  await fc.assert(
    fc.asyncProperty(course, async (acts) => {
      const study = await StudyOnLedger.proposed({ rounds: 3 });
      for (const [name, who, round] of acts) await ACTS[name]!(study, who, round).catch(refused);
      await checkPromises(study);
      finalized += rowsOf<Round>(study, 'round').filter(({ state }) => state === 'finalized').length;
    }),
    { numRuns: 25 },
  );
  assert.ok(finalized > 0, 'some of these courses got somewhere');
});
