// Follows a running study through the ledger's events and the trainers' job boards until it has ended and
// every consent is settled, and shows what is going on.

import { setTimeout as sleep } from 'node:timers/promises';
import { LOCAL_ROUTES, ledgerPath } from '@consilium/domain';
import { durationText } from '../src/text-table.ts';
import type { Site } from './enrolment.ts';
import type { LedgerEvent } from './hospital-client.ts';
import type { ConsentRow, JobRow, StudyRow } from './ledger-rows.ts';
import type { ProgressView } from './progress-view.ts';

/** The study ended without a model, or nothing has happened for too long. */
export class StudyFailedError extends Error {
  override readonly name = 'StudyFailedError';
}

export interface WatchOptions {
  readonly sites: readonly Site[];
  readonly studyId: string;
  readonly rounds: number;
  readonly fromBlock: number;
  readonly view: ProgressView;
  readonly signal: AbortSignal;
  /** How long the ledger may be silent before the watch gives up. */
  readonly silenceMs?: number;
  readonly onRound?: (round: number) => void;
}

const POLL_MS = 500;
const SILENCE_MS = 180_000;
/** Less patience where no trainer waits for another, and all of them fail. */
const ALL_FAIL_MS = 60_000;
/** What a trainer says while it waits for the orderers, which may have to agree on another leader: no failure. */
const WAITS_FOR_OUTCOME = 'TRAINER_OUTCOME_UNKNOWN';

const SENTENCES: Readonly<Record<string, (who: string, event: LedgerEvent) => string>> = {
  RoundOpened: (who) => `opened by ${who}`,
  UpdateRecorded: (who) => `update of ${who} recorded`,
  RoundClosed: (who) => `closed by ${who}`,
  ScoreCommitted: (who) => `score of ${who} committed to`,
  VerdictRecorded: (who) => `verdict of ${who} recorded`,
  RoundTallied: (who) => `tallied by ${who}`,
  AggregateAttested: (who) => `${who} recomputed the aggregate`,
  RoundFinalized: (who) => `finalised by ${who}`,
  RoundAborted: (who) => `aborted by ${who}`,
};

/** @throws StudyFailedError, with the trainers' errors where they have some. */
export async function watchStudy(options: WatchOptions): Promise<void> {
  const { sites, studyId, rounds, view, signal, silenceMs = SILENCE_MS } = options;
  const { client } = sites[0]!;
  const board = new StudyBoard(options);
  const ended = new AbortController();
  const stopEvents = AbortSignal.any([signal, ended.signal]);
  const events = followEvents(options, stopEvents, (event) => board.take(event));
  try {
    for (;;) {
      signal.throwIfAborted();
      const [study, consents, ...jobs] = await Promise.all([
        client.get<StudyRow>(ledgerPath('study:get', { studyId })),
        client.list<ConsentRow>(ledgerPath('study:listConsents', { studyId })),
        ...sites.map((site) =>
          site.client.get<JobRow[]>(LOCAL_ROUTES.listJobs.path).catch(() => [] as JobRow[]),
        ),
      ]);
      const own = jobs.map((list) => list.find((job) => job.studyId === studyId));
      board.showErrors(own);
      view.live(board.lines(own));
      if (study.state === 'aborted') throw new StudyFailedError(`the study was aborted: ${study.reason}`);
      if (study.state === 'completed' && consents.every(({ state }) => state === 'settled')) break;
      const patienceMs = Math.min(patienceFor(own), silenceMs);
      if (board.silentMs > patienceMs) throw new StudyFailedError(silence(sites, own, patienceMs));
      await sleep(POLL_MS, undefined, { signal });
    }
  } finally {
    ended.abort();
    await events;
    view.live([]);
  }
  view.line(`  all ${rounds} rounds, model and settlements are on the ledger`);
}

/** How long to wait for the ledger, by what the trainers do. */
export function patienceFor(jobs: readonly (Pick<JobRow, 'error'> | undefined)[]): number {
  const allFail = jobs.every((job) => job?.error !== undefined && job.error.code !== WAITS_FOR_OUTCOME);
  return allFail ? ALL_FAIL_MS : SILENCE_MS;
}

async function followEvents(
  { sites, fromBlock, studyId }: WatchOptions,
  signal: AbortSignal,
  take: (event: LedgerEvent) => void,
): Promise<void> {
  const seen = new Set<string>();
  while (!signal.aborted) {
    try {
      for await (const event of sites[0]!.client.events({ from: fromBlock, signal })) {
        const id = `${event.data.transactionId}`;
        if (event.data.studyId !== studyId || seen.has(id)) continue;
        seen.add(id);
        take(event);
      }
    } catch {
      // The stream is for showing progress; the polling above decides. A broken one is opened again.
    }
    await sleep(1000, undefined, { signal }).catch(() => undefined);
  }
}

function silence(sites: readonly Site[], jobs: readonly (JobRow | undefined)[], silenceMs: number): string {
  const lines = sites.map(({ hospital }, index) => `  ${hospital.title}: ${jobText(jobs[index])}`);
  return `the ledger has been silent for ${durationText(silenceMs / 1000)}\n${lines.join('\n')}`;
}

function jobText(job: JobRow | undefined): string {
  if (job === undefined) return 'idle';
  const step = job.step === undefined ? '' : ` step ${job.step}${job.steps ? ` of ${job.steps}` : ''}`;
  const error = job.error ? ` — ${job.error.code}: ${job.error.detail}` : '';
  return `${job.stage}${step}${error}`;
}

/** What has happened so far, from the events alone. */
class StudyBoard {
  readonly #options: WatchOptions;
  readonly #titles: ReadonlyMap<string, string>;
  readonly #begun = performance.now();
  #lastEvent = performance.now();
  #round = 0;
  #roundBegun = performance.now();
  #phase = 'starting';
  readonly #saidErrors = new Set<string>();

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#titles = new Map(options.sites.map(({ hospital }) => [hospital.mspId, hospital.title]));
  }

  get silentMs(): number {
    return performance.now() - this.#lastEvent;
  }

  take(event: LedgerEvent): void {
    this.#lastEvent = performance.now();
    const { view, rounds } = this.#options;
    const who = this.#titles.get(String(event.data.mspId)) ?? String(event.data.mspId);
    const sentence = SENTENCES[event.name];
    if (sentence === undefined) {
      view.detail(`  ${event.name} by ${who}`);
      return;
    }
    if (event.name === 'RoundOpened') {
      this.#round = Number(event.data.round);
      this.#roundBegun = performance.now();
      this.#options.onRound?.(this.#round);
    }
    this.#phase = sentence(who, event);
    const seconds = durationText((performance.now() - this.#roundBegun) / 1000);
    const over = event.name === 'RoundFinalized' || event.name === 'RoundAborted';
    const text = `  round ${event.data.round} of ${rounds}: ${this.#phase}${over ? ` after ${seconds}` : ''}`;
    if (over) view.line(text);
    else view.detail(text);
  }

  /** Says each new kind of error of each trainer once; the trainer tries again by itself. */
  showErrors(jobs: readonly (JobRow | undefined)[]): void {
    const { sites, view } = this.#options;
    for (const [index, job] of jobs.entries()) {
      const said = `${index} ${job?.error?.code}`;
      if (job?.error === undefined || this.#saidErrors.has(said)) continue;
      this.#saidErrors.add(said);
      const { code, detail } = job.error;
      view.line(`  ${sites[index]!.hospital.title}: ${code}: ${detail} (it will try again)`);
    }
  }

  lines(jobs: readonly (JobRow | undefined)[]): string[] {
    const { sites, rounds } = this.#options;
    const elapsed = durationText((performance.now() - this.#begun) / 1000);
    const width = Math.max(...sites.map(({ hospital }) => hospital.title.length));
    return [
      `  round ${Math.max(1, this.#round)} of ${rounds} · ${this.#phase} · ${elapsed} elapsed`,
      ...sites.map(({ hospital }, i) => `    ${hospital.title.padEnd(width)}  ${jobText(jobs[i])}`),
    ];
  }
}
