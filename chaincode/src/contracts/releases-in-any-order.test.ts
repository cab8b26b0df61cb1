// Hospitals that train, score, withdraw, leave and settle in any order, with trainers that fail between releasing and
// recording. Beside the ledger a model keeps what each trainer could release by what it saw: the ledger charges exactly
// that, once, to every block of patients that was given.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  addRdp,
  blocksOf,
  type Consent,
  type Departure,
  DomainError,
  isZeroRdp,
  type PrivacyCharge,
  type Round,
  rdpOfEvent,
  type Study,
  type Update,
  type Verdict,
  zeroRdp,
} from '@consilium/domain';
import { patientsArgument, revisionArgument, updateArgument } from '@consilium/domain/testing/examples';
import fc from 'fast-check';
import { as, MEMBERS, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

/** Delta has two datasets over the same people: `clinic` gives two blocks of them, `imaging` the first one alone. */
const OWNERS: Readonly<Record<string, string>> = {
  alpha: 'AlphaMSP',
  beta: 'BetaMSP',
  clinic: 'DeltaMSP',
  gamma: 'GammaMSP',
  imaging: 'DeltaMSP',
};
const WANTED = Object.keys(OWNERS);
const ROUNDS = [1, 2];
const POOLS = ['training', 'held-out'] as const;
const REASON = 'as the board decided';
const releaseOf = (datasetId: string, round: number, pool: (typeof POOLS)[number]) =>
  `${datasetId} ${round} ${pool}`;

/** A refusal is fine; anything else is a defect. */
function refused(error: unknown): undefined {
  if (!(error instanceof DomainError) || error.code === 'INTERNAL') throw error;
}

/** Rows are replaced and never changed, and each is looked at after every step. */
const parsed = new WeakMap<object, unknown>();

let begun: Promise<StudyOnLedger> | undefined;

class Course {
  readonly study: StudyOnLedger;
  /** What trainers could release, and what they did. */
  readonly possible = new Set<string>();
  readonly released = new Set<string>();
  /** Scores that their hospital's verdict said not to exist, while the consent was in force. */
  readonly denied = new Set<string>();

  private constructor(study: StudyOnLedger) {
    this.study = study;
  }

  /** The study runs, with everyone's consent. */
  static async begun(): Promise<Course> {
    begun ??= Course.#begin();
    const study = new StudyOnLedger();
    study.continueFrom(await begun);
    return new Course(study);
  }

  static async #begin(): Promise<StudyOnLedger> {
    const study = await StudyOnLedger.prepared();
    const steward = as('steward', 'DeltaMSP');
    await study.submit(steward, 'dataset:register', patientsArgument('clinic'));
    const { newBlock: _, ...imaging } = patientsArgument('imaging', 'clinic');
    const blocks = [{ block: 1, recordCountBand: imaging.recordCountBand }];
    await study.submit(steward, 'dataset:register', { ...imaging, blocks });
    await study.submit(steward, 'dataset:revise', revisionArgument('clinic', 2));
    await study.propose({ datasets: WANTED, rounds: ROUNDS.length });
    for (const datasetId of WANTED) await study.consent(datasetId, STUDY, as('steward', OWNERS[datasetId]!));
    await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
    return study;
  }

  rows<T>(noun: string): T[] {
    return [...this.study.world.rows]
      .filter(([key]) => key.startsWith(`\u0000${noun}\u0000`))
      .map(([, row]) => {
        if (!parsed.has(row)) parsed.set(row, JSON.parse(Buffer.from(row.value).toString()));
        return parsed.get(row) as T;
      });
  }

  hasLeft(mspId: string): boolean {
    return this.rows<Departure>('departure').some((departure) => departure.mspId === mspId);
  }

  consentOf(datasetId: string): Consent {
    return this.rows<Consent>('consent').find((consent) => consent.datasetId === datasetId)!;
  }

  inForce(datasetId: string): boolean {
    return this.consentOf(datasetId).state === 'granted' && !this.hasLeft(OWNERS[datasetId]!);
  }

  /** Whether a trainer that looks at the ledger now would train, or score. */
  canRelease(datasetId: string, round: number, pool: (typeof POOLS)[number]): boolean {
    const row = this.rows<Round>('round').find((one) => one.round === round);
    const takesPart = row?.participants.some((participant) => participant.datasetId === datasetId) ?? false;
    const [study] = this.rows<Study>('study');
    if (!takesPart || study!.state !== 'running' || !this.inForce(datasetId)) return false;
    const mspId = OWNERS[datasetId]!;
    return pool === 'training'
      ? row!.state === 'training' &&
          !this.rows<Update>('update').some((one) => one.round === round && one.datasetId === datasetId)
      : row!.state === 'validating' &&
          !this.rows<Verdict>('verdict').some((one) => one.round === round && one.mspId === mspId);
  }

  /** What trainers see after each step. */
  look(): void {
    for (const datasetId of WANTED) {
      for (const round of ROUNDS) {
        for (const pool of POOLS) {
          if (this.canRelease(datasetId, round, pool)) this.possible.add(releaseOf(datasetId, round, pool));
        }
      }
    }
  }

  /** A release, of which the ledger learns nothing yet. */
  release(datasetId: string, round: number, pool: (typeof POOLS)[number]): void {
    if (this.canRelease(datasetId, round, pool)) this.released.add(releaseOf(datasetId, round, pool));
  }

  async update(datasetId: string, round: number): Promise<void> {
    this.release(datasetId, round, 'training');
    const argument = updateArgument({ studyId: STUDY, round, datasetId });
    await this.study.submit(as('trainer', OWNERS[datasetId]!), 'round:recordUpdate', argument);
  }

  /** A verdict never leaves out what was shown already. */
  async verdict(mspId: string, round: number, accepted: boolean): Promise<void> {
    const own = WANTED.filter((datasetId) => OWNERS[datasetId] === mspId && this.inForce(datasetId));
    const scored = own.filter(
      (datasetId) => accepted || this.released.has(releaseOf(datasetId, round, 'held-out')),
    );
    for (const datasetId of scored) this.release(datasetId, round, 'held-out');
    const { updates = [] } = this.rows<Round>('round').find((one) => one.round === round) ?? {};
    await this.study.verdict(mspId, round, { accepted, datasets: updates, own: scored });
    for (const datasetId of own) {
      if (!scored.includes(datasetId)) this.denied.add(releaseOf(datasetId, round, 'held-out'));
    }
  }

  async withdraw(datasetId: string): Promise<void> {
    const argument = { studyId: STUDY, datasetId, reason: REASON };
    await this.study.submit(as('steward', OWNERS[datasetId]!), 'study:withdraw', argument);
  }

  settle(datasetId: string, mspId = OWNERS[datasetId]!) {
    return this.study.submit(as('trainer', mspId), 'study:settle', { studyId: STUDY, datasetId });
  }

  /** The study is over and every consent is settled: charges and accounts are final. */
  async check(): Promise<void> {
    await this.study
      .submit(as('researcher', 'AlphaMSP'), 'study:abort', { studyId: STUDY, reason: REASON })
      .catch(refused);
    for (const datasetId of WANTED) {
      if (this.consentOf(datasetId).state !== 'settled') await this.settle(datasetId);
    }
    const charges = this.rows<PrivacyCharge>('privacy-charge');
    const charged = charges.map(({ datasetId, round, privacyEvent }) =>
      releaseOf(datasetId, round, privacyEvent.pool),
    );
    assert.equal(new Set(charged).size, charged.length, 'no release is charged twice');
    for (const release of this.released) assert.ok(charged.includes(release), `${release} is charged`);
    // The departure of a hospital does not say of which rounds there was a candidate by then: those who left are
    // charged for every round that they took part in, unless a score of it is recorded.
    const stayed = (release: string) => !this.hasLeft(OWNERS[release.split(' ')[0]!]!);
    for (const release of charged.filter(stayed)) {
      assert.ok(this.possible.has(release), `${release} could happen`);
    }
    for (const release of [...this.possible].filter(stayed)) {
      assert.equal(charged.includes(release), !this.denied.has(release), `${release}, unless it was denied`);
    }
    for (const block of [1, 2]) {
      for (const pool of POOLS) {
        const own = charges.filter(
          (charge) =>
            OWNERS[charge.datasetId] === 'DeltaMSP' &&
            charge.privacyEvent.pool === pool &&
            blocksOf(charge).includes(block),
        );
        const sum = own.reduce((total, one) => addRdp(total, rdpOfEvent(one.privacyEvent)), zeroRdp());
        const auditor = as('auditor', 'AlphaMSP');
        const asked = { datasetId: 'clinic', pool, block };
        const { spent, reserved } = await this.study.evaluate(auditor, 'privacy:getBudget', asked);
        assert.deepEqual(spent, sum, `block ${block} bears its charges, and no others`);
        assert.ok(isZeroRdp(reserved), `nothing of block ${block} is held any more`);
      }
    }
    for (const charge of charges) {
      assert.deepEqual(blocksOf(charge), charge.datasetId === 'clinic' ? [1, 2] : [1]);
    }
  }
}

const dataset = (who: number) => WANTED[who % WANTED.length]!;
const member = (who: number) => MEMBERS[who % MEMBERS.length]!;
type Act = (course: Course, who: number, round: number) => Promise<unknown>;

const ACTS: Readonly<Record<string, Act>> = {
  open: ({ study }, _, round) => study.open(round),
  train: async (course, who, round) => course.release(dataset(who), round, 'training'),
  update: (course, who, round) => course.update(dataset(who), round),
  updateAll: async (course, _, round) => {
    for (const datasetId of WANTED) await course.update(datasetId, round).catch(refused);
  },
  close: ({ study }, _, round) => study.close(round),
  score: async (course, who, round) => course.release(dataset(who), round, 'held-out'),
  accept: (course, who, round) => course.verdict(member(who), round, true),
  reject: (course, who, round) => course.verdict(member(who), round, false),
  acceptAll: async (course, _, round) => {
    for (const mspId of MEMBERS) await course.verdict(mspId, round, true).catch(refused);
  },
  tally: ({ study }, _, round) => study.tally(round),
  attestAll: async ({ study }, _, round) => {
    for (const mspId of MEMBERS) await study.attest(mspId, round).catch(refused);
  },
  finalize: ({ study }, _, round) => study.finalize(round),
  abortRound: ({ study }, _, round) => study.abortRound(round),
  withdraw: (course, who) => course.withdraw(dataset(who)),
  settle: (course, who) => course.settle(dataset(who)),
  settleForOthers: (course, who) => course.settle(dataset(who), 'AlphaMSP'),
  leave: ({ study }, who) =>
    // Alpha ends the study at last.
    study.submit(as('operator', MEMBERS[1 + (who % 3)]!), 'member:leave', { reason: REASON }),
  wait: async ({ study }) => {
    study.now += 3_600_000;
  },
};

const act = fc.tuple(fc.constantFrom(...Object.keys(ACTS)), fc.nat({ max: 19 }), fc.constantFrom(...ROUNDS));
const ROUND = ['open', 'updateAll', 'close', 'acceptAll', 'tally', 'attestAll', 'finalize'] as const;
/** The usual course of two rounds with gaps, and disturbances strewn in. */
const course = fc
  .tuple(fc.array(fc.tuple(fc.nat({ max: 25 }), act), { maxLength: 20 }), fc.array(fc.nat({ max: 13 })))
  .map(([disturbances, gaps]) => {
    const usual = ROUNDS.flatMap((round) => ROUND.map((name) => [name, 1, round] as const));
    const kept: (readonly [string, number, number])[] = usual.filter((_, i) => !gaps.slice(0, 4).includes(i));
    for (const [at, disturbance] of disturbances) kept.splice(at % (kept.length + 1), 0, disturbance);
    return kept;
  });

async function run(acts: readonly (readonly [string, number, number])[]): Promise<Course> {
  const played = await Course.begun();
  for (const [name, who, round] of acts) {
    await ACTS[name]!(played, who, round).catch(refused);
    played.look();
  }
  await played.check();
  return played;
}

test('in whatever order hospitals train, score, withdraw, leave and settle, what may have been released is charged once', async () => {
  let unseen = 0;
  await fc.assert(
    fc.asyncProperty(course, async (acts) => {
      const played = await run(acts);
      unseen += played
        .rows<PrivacyCharge>('privacy-charge')
        .filter(({ cause }) => cause === 'settlement').length;
    }),
    { numRuns: 20 },
  );
  assert.ok(unseen > 0, 'some of it was released unseen');
});
