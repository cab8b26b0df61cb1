// A consortium with something of everything that the console shows: four hospitals and one that left, budgets that were
// spent and are reserved, studies in every state, motions and votes. Texts are as long, and as hostile, as they may be.
import { type Caller, MemoryConsortium } from '@consilium/chaincode/testing/memory-consortium';
import type { ProposeStudy, RegisterDataset, Role } from '@consilium/domain';
import {
  aggregate,
  datasetArgument,
  memberArgument,
  studyArgument,
  updateArgument,
  verdictArgument,
} from '@consilium/domain/testing/examples';

const DAY_MS = 86_400_000;
/** The hospital whose gateway is looked at. */
export const OWN = 'AlphaMSP';
/** Markup in a title is text. */
export const HOSTILE_TITLE = 'St. Mary\'s <img src=x onerror="document.title=1"> & <b>Sons</b>';

const HOSPITALS: Readonly<Record<string, string>> = {
  AlphaMSP: 'Nordlund University Hospital',
  BetaMSP: 'Klinikum am Rhein',
  GammaMSP: 'Hôpital Saint-Luc, Département de cardiologie et de médecine interne, Bruxelles',
  DeltaMSP: HOSTILE_TITLE,
  EpsilonMSP: 'Harbour Clinic',
};
const FOUNDERS = ['AlphaMSP', 'BetaMSP', 'GammaMSP', 'DeltaMSP'];

const DATASETS: Readonly<Record<string, { readonly owner: string; readonly title: string }>> = {
  'nordlund-cardiology': { owner: 'AlphaMSP', title: 'Cardiology register, 2016 to 2025' },
  'nordlund-emergency': { owner: 'AlphaMSP', title: 'Emergency admissions with suspected sepsis' },
  rhein: { owner: 'BetaMSP', title: 'Herzkatheterlabor' },
  'saint-luc': { owner: 'GammaMSP', title: 'Registre de cardiologie, consultations et hospitalisations' },
  marys: { owner: 'DeltaMSP', title: 'Outpatients "<script>alert(1)</script>"' },
};
const HEART = ['nordlund-cardiology', 'rhein', 'saint-luc', 'marys'];
const SEPSIS = ['nordlund-emergency', 'rhein', 'saint-luc', 'marys'];

const LONG_QUESTION =
  'Which patients who come to an emergency department with a suspected stroke will need help in daily life ninety days ' +
  'later, given what is known of them within the first hour: age, sex, blood pressure, glucose, the score of the ' +
  'National Institutes of Health, the time since the first sign, and what the first picture of the brain shows? ' +
  'An answer shall help to plan rehabilitation early, and shall not be used to withhold any treatment. '.repeat(
    2,
  );

const ownerOf = (datasetId: string): string => DATASETS[datasetId]!.owner;
const as = (role: Role, mspId: string): Caller => ({ role, mspId });

/** A consortium whose acts are said in a few words. */
class PlayedConsortium extends MemoryConsortium {
  constructor(beginning: number) {
    super(Object.keys(HOSPITALS));
    this.now = beginning;
  }

  /** Time goes by. */
  pass(days: number): void {
    this.now += days * DAY_MS;
  }

  async join(mspId: string): Promise<void> {
    const argument = { ...memberArgument(mspId, 'consortium'), title: HOSPITALS[mspId]! };
    await this.submit(as('operator', mspId), 'member:register', argument);
  }

  async register(datasetId: string, change: Partial<RegisterDataset> = {}): Promise<void> {
    const { owner, title } = DATASETS[datasetId]!;
    const terms = { purposes: ['DUO:0000006', 'DUO:0000007', 'DUO:0000042'] } as const;
    const argument = { ...datasetArgument(datasetId, '12'), title, terms: { purposes: [...terms.purposes] } };
    await this.submit(as('steward', owner), 'dataset:register', { ...argument, ...change });
  }

  async propose(mspId: string, study: Partial<ProposeStudy> & Pick<ProposeStudy, 'studyId' | 'datasets'>) {
    const quorum = { updates: 3, validators: 3 };
    await this.submit(as('researcher', mspId), 'study:propose', studyArgument({ quorum, ...study }));
  }

  async consent(studyId: string, datasetId: string): Promise<void> {
    const steward = as('steward', ownerOf(datasetId));
    const { claimedEpsilon } = await this.evaluate(steward, 'privacy:quote', { studyId, datasetId });
    await this.submit(steward, 'study:consent', { studyId, datasetId, claimedEpsilon });
  }

  /** Everyone consents, and the study starts. */
  async start(studyId: string, datasets: readonly string[]): Promise<void> {
    for (const datasetId of datasets) await this.consent(studyId, datasetId);
    await this.submit(as('researcher', OWN), 'study:start', { studyId });
  }

  async train(studyId: string, round: number, datasets: readonly string[]): Promise<void> {
    await this.submit(as('trainer', OWN), 'round:open', { studyId, round });
    for (const datasetId of datasets) {
      const argument = updateArgument({ studyId, round, datasetId });
      await this.submit(as('trainer', ownerOf(datasetId)), 'round:recordUpdate', argument);
    }
    await this.submit(as('trainer', OWN), 'round:close', { studyId, round });
  }

  async judge(mspId: string, asked: Judged): Promise<void> {
    const { studyId, round, datasets, rejected = [], right = '48' } = asked;
    const own = datasets.filter((datasetId) => ownerOf(datasetId) === mspId);
    const argument = verdictArgument({ studyId, round, datasets: [...datasets], own });
    const decisions = argument.decisions.map((decision) =>
      rejected.includes(decision.datasetId)
        ? ({ datasetId: decision.datasetId, decision: 'reject', reason: 'norm-exceeded' } as const)
        : decision,
    );
    const scores = argument.scores.map((score) => ({ ...score, right, wrong: String(60 - Number(right)) }));
    await this.submit(as('trainer', mspId), 'round:recordVerdict', { ...argument, decisions, scores });
  }

  async finish(studyId: string, round: number): Promise<void> {
    const { artefact, parametersSha256 } = aggregate(`model ${studyId} ${round}`);
    await this.submit(as('trainer', OWN), 'round:tally', { studyId, round });
    for (const mspId of FOUNDERS) {
      await this.submit(as('trainer', mspId), 'round:attest', { studyId, round, parametersSha256 });
    }
    const whole = { artefact, parametersSha256 };
    await this.submit(as('trainer', OWN), 'round:finalize', { studyId, round, aggregate: whole });
  }
}

interface Judged {
  readonly studyId: string;
  readonly round: number;
  readonly datasets: readonly string[];
  readonly rejected?: readonly string[];
  /** Of sixty held-out patients, noised. */
  readonly right?: string;
}

/**
 * Plays it up to now. Studies: `heart` completed with a model, `sepsis` in the validation of its second round with an
 * open motion, `stroke` proposed and waiting for this hospital, `kidney` declined here, `lung` paused, `liver` aborted.
 */
export async function playConsoleWorld(now = Date.now()): Promise<MemoryConsortium> {
  const world = new PlayedConsortium(now - 21 * DAY_MS);
  for (const mspId of Object.keys(HOSPITALS)) await world.join(mspId);
  for (const datasetId of Object.keys(DATASETS)) await world.register(datasetId);
  await playHeart(world);
  await playEnded(world);
  world.now = now - 2 * DAY_MS;
  await playProposals(world);
  world.now = now - 3_000_000;
  await playSepsis(world);
  await playVotes(world);
  return world;
}

let played: Promise<MemoryConsortium> | undefined;

/** Played once in a process: whoever asks goes on from there, apart from all others. */
export async function openConsoleWorld(): Promise<MemoryConsortium> {
  played ??= playConsoleWorld();
  const world = await played;
  const own = new MemoryConsortium(world.mspIds);
  own.continueFrom(world);
  return own;
}

async function playHeart(world: PlayedConsortium): Promise<void> {
  const studyId = 'heart';
  const question = 'Which patients who are sent for an angiography have a coronary artery disease?';
  await world.propose(OWN, { studyId, datasets: HEART, question });
  await world.start(studyId, HEART);
  for (const round of [1, 2]) {
    world.pass(1);
    await world.train(studyId, round, HEART);
    for (const mspId of FOUNDERS) {
      const rejected = round === 2 && mspId === 'GammaMSP' ? ['marys'] : [];
      await world.judge(mspId, { studyId, round, datasets: HEART, rejected, right: String(40 + 5 * round) });
    }
    await world.finish(studyId, round);
  }
  await world.submit(as('researcher', OWN), 'model:publish', { studyId });
  for (const datasetId of HEART) {
    await world.submit(as('trainer', ownerOf(datasetId)), 'study:settle', { studyId, datasetId });
  }
  await world.submit(as('steward', 'DeltaMSP'), 'study:withdraw', {
    studyId,
    datasetId: 'marys',
    reason: 'Patients were not asked in the form that our board wants now.',
  });
}

async function playEnded(world: PlayedConsortium): Promise<void> {
  await world.propose('BetaMSP', { studyId: 'liver', datasets: HEART, title: 'Fatty liver' });
  await world.submit(as('researcher', 'BetaMSP'), 'study:abort', {
    studyId: 'liver',
    reason: 'The label is not recorded in the same way at all hospitals.',
  });
  world.pass(2);
  const reason = 'The clinic closes its research department.';
  await world.submit(as('operator', 'EpsilonMSP'), 'member:leave', { reason });
}

async function playProposals(world: PlayedConsortium): Promise<void> {
  const lung = { studyId: 'lung', datasets: HEART, title: 'Heart failure and pneumonia', rounds: 3 };
  await world.propose(OWN, lung);
  await world.start('lung', HEART);
  const pause = { studyId: 'lung', kind: 'pause', reason: 'The dictionary is under review.' } as const;
  await world.submit(as('steward', 'BetaMSP'), 'motion:move', pause);
  for (const mspId of ['AlphaMSP', 'GammaMSP', 'DeltaMSP']) {
    await world.submit(as('steward', mspId), 'motion:vote', { studyId: 'lung', motion: 1, accept: true });
  }
  await world.propose('GammaMSP', {
    studyId: 'stroke',
    datasets: SEPSIS,
    title: 'Stroke: who needs help after ninety days, and what a hospital can prepare for on the first day',
    question: LONG_QUESTION.trim(),
    rounds: 4,
  });
  await world.consent('stroke', 'saint-luc');
  await world.propose('DeltaMSP', {
    studyId: 'kidney',
    datasets: HEART,
    title: '<script>document.title = "taken"</script> Kidney function',
  });
  await world.submit(as('steward', OWN), 'study:decline', {
    studyId: 'kidney',
    datasetId: 'nordlund-cardiology',
    code: 'ethics',
    reason: 'The ethics board has not met yet.',
  });
}

async function playSepsis(world: PlayedConsortium): Promise<void> {
  const studyId = 'sepsis';
  const question = 'Which patients with a suspected infection will have a septic shock within a day?';
  await world.propose(OWN, {
    studyId,
    datasets: SEPSIS,
    title: 'Early signs of sepsis',
    question,
    rounds: 4,
  });
  await world.start(studyId, SEPSIS);
  await world.train(studyId, 1, SEPSIS);
  for (const mspId of FOUNDERS)
    await world.judge(mspId, { studyId, round: 1, datasets: SEPSIS, right: '41' });
  await world.finish(studyId, 1);
  await world.train(studyId, 2, SEPSIS);
  for (const mspId of ['BetaMSP', 'GammaMSP']) {
    await world.judge(mspId, { studyId, round: 2, datasets: SEPSIS, right: '46' });
  }
}

async function playVotes(world: PlayedConsortium): Promise<void> {
  await world.submit(as('steward', 'GammaMSP'), 'motion:move', {
    studyId: 'sepsis',
    kind: 'amend',
    reason: 'Two of our trainers are slow: rounds should last longer.',
    amendment: { roundDeadlineSeconds: 7_200 },
  });
  await world.submit(as('operator', 'BetaMSP'), 'member:vote', {
    mspId: 'DeltaMSP',
    question: 'removal',
    accept: true,
    reason: 'Its updates were rejected in two rounds, and nobody answers there.',
  });
}
