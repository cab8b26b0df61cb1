// Attacks by a dishonest member, as a table: each attempt is refused by its code, or by Fabric's own validation, and
// leaves the world as it was. The table in docs/reference/threat-model-tests.md names every one of them.
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { type Argument, canonicalJson, type ErrorCode, type TransactionName } from '@consilium/domain';
import { datasetArgument, sha256 } from '@consilium/domain/testing/examples';
import { type Caller, type CommitCode, type Endorsed, refusalOf } from './memory-consortium.ts';
import { as, MEMBERS, STUDY, StudyOnLedger } from './study-on-ledger.ts';

// Delta is the member that misbehaves, Gamma the one it may collude with.
export const MALLORY = 'DeltaMSP';
export const COLLUDER = 'GammaMSP';
export const trainer = as('trainer', MALLORY);
export const steward = as('steward', MALLORY);
export const researcher = as('researcher', MALLORY);
export const HOUR = 3_600_000;

type Step = (study: StudyOnLedger) => Promise<unknown>;
export interface Attack {
  readonly title: string;
  readonly before: () => Promise<StudyOnLedger>;
  /** The attempt, and the code of the rules or of Fabric's validation that it must meet. */
  readonly attempt: (study: StudyOnLedger) => Promise<unknown>;
  readonly met: ErrorCode | CommitCode;
}

export const after =
  (start: () => Promise<StudyOnLedger>, ...steps: Step[]) =>
  async () => {
    const study = await start();
    for (const step of steps) await step(study);
    return study;
  };
export const running = () => StudyOnLedger.running();
export const opened = after(running, (study) => study.open(1));
export const trained = after(running, (study) => study.trained(1));
export const tallied = after(running, (study) => study.tallied(1));
export const attested = after(tallied, async (study) => {
  for (const mspId of MEMBERS) await study.attest(mspId, 1);
});
export const text = (argument: object): string => canonicalJson(argument);

/** A transaction whose results its sender alters, signed again by peers that sign anything. */
export async function forge<N extends TransactionName>(
  study: StudyOnLedger,
  [caller, name, argument]: readonly [Caller, N, Argument<N>],
  {
    signers,
    only,
    alter = (_, value) => value,
    add = () => [],
  }: {
    readonly signers: readonly string[];
    /** Writes of this noun alone, so that no other row's policy is checked before theirs. */
    readonly only?: string;
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
      ...first.results.writes
        .filter(([key]) => only === undefined || key.startsWith(`\u0000${only}\u0000`))
        .map(([key, value]): [string, string] => [key, alter(key, value)]),
      ...add(),
    ],
  };
  const endorsements = signers.map((mspId) => ({ mspId, response: first.response, results }));
  return study.commit(name, text(argument), { ...honest, endorsements, refusals: [] });
}
/** Fails as a refusal would, so that all attacks are reported the same way. */
export async function committed(attempt: Promise<CommitCode>): Promise<void> {
  const code = await attempt;
  if (code !== 'VALID') throw new Error(code);
}
export const inRow =
  (noun: string, change: (row: Record<string, unknown>) => object) => (key: string, value: string) =>
    key.startsWith(`\u0000${noun}\u0000`)
      ? text(change(JSON.parse(value) as Record<string, unknown>))
      : value;

/** An account that names sums to which nothing was charged. */
export const uncharged = inRow('budget', (row) => ({
  ...row,
  versionSha256: sha256('sums to which nothing was charged'),
}));

/** A dataset's rows of one noun as somebody else would like them. */
export function rewritten(study: StudyOnLedger, noun: string, datasetId: string): [string, string][] {
  const changes: Record<string, object> = {
    dataset: { dictionary: datasetArgument('delta').dictionary, title: 'ours' },
    consent: { state: 'withdrawn' },
    budget: { versionSha256: sha256('sums to which nothing was charged') },
  };
  const rows = [...study.world.rows]
    .map(([key, { value }]) => [key, JSON.parse(Buffer.from(value).toString())] as const)
    .filter(
      ([key, row]) =>
        key.startsWith(`\u0000${noun}\u0000`) && (row.datasetId ?? row.populationId) === datasetId,
    );
  assert.ok(rows.length > 0, `${datasetId} has a ${noun}`);
  return rows.map(([key, row]) => [key, text({ ...row, ...changes[noun] })]);
}

/** The study's row, which a majority can write, with a mechanism that nobody consented to. */
export async function lessNoise(study: StudyOnLedger): Promise<void> {
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
    add: () => [[key, text({ ...row, training })]],
  });
  assert.equal(code, 'VALID', 'a majority that runs other code can write a study');
}

/** The study's text as proposed. */
export function studyOf(study: StudyOnLedger): Argument<'study:propose'> {
  const proposed = study.committed.find(({ name }) => name === 'study:propose')!;
  return JSON.parse(proposed.argument) as Argument<'study:propose'>;
}

const THREATS = resolve(import.meta.dirname, '../../../../docs/reference/threat-model-tests.md');

/** Tests each attack, and that the threat model names it. */
export function testAttacks(attacks: readonly Attack[]): void {
  for (const { title, before, attempt, met } of attacks) {
    test(`attack: ${title}`, async () => {
      const study = await before();
      study.baseline();
      const refusal = await refusalOrCode(attempt(study));
      assert.equal(refusal, met);
      assert.equal(study.snapshot(), study.remembered, 'the world is as it was');
    });
  }
  test('every attack of this file is in the list of tests behind the threat model', () => {
    const covered = readFileSync(THREATS, 'utf8');
    const unnamed = attacks.filter(({ title }) => !covered.includes(`“${title}”`)).map(({ title }) => title);
    assert.deepEqual(unnamed, []);
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
