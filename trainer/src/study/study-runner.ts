// Drives one study: reads the ledger, asks what is next, does it, and starts again. It holds no state that
// matters; a new runner on the same journal and ledger goes on where this one stopped.
import { AssertionError } from 'node:assert/strict';
import type { Consent, ParametersRef, RoundDossier, Study } from '@consilium/domain';
import { attest } from '../actions/attest.ts';
import { destroyKeysNotOwed, eraseUpdates, listOwedErasures } from '../actions/erase-updates.ts';
import { finalize } from '../actions/finalize.ts';
import { openRound } from '../actions/open.ts';
import { takePlainStep } from '../actions/plain-steps.ts';
import { train } from '../actions/train.ts';
import { unpinLeftovers } from '../actions/unpin-leftovers.ts';
import { recordVerdict } from '../actions/verdict.ts';
import { named, TrainerError } from '../errors.ts';
import { describeFailure, logFailure } from '../failure.ts';
import { noticeRound, requireNewestFolder } from '../journal/older-folder.ts';
import type { JobBoard } from './job-board.ts';
import { isOver, type StudyState } from './ledger-state.ts';
import { type Action, earlyKey, nextAction, type Situation } from './next-action.ts';
import { Pace } from './pace.ts';
import type { Recording } from './public-time.ts';
import { keepAggregate } from './round-material.ts';
import { recordStudyKeys } from './study-keys.ts';
import { traceAction } from './trace-action.ts';
import type { TrainerContext } from './trainer-context.ts';
import { Wakeup } from './wakeup.ts';

export interface RunnerOptions {
  readonly takeoverMs: number;
  readonly pollMs: number;
  readonly maxPollMs: number;
  readonly minPauseMs: number;
  readonly maxPauseMs: number;
  /** Runs trainings one after the other, each member's studies in turn. */
  readonly inTrainingQueue: <T>(requester: string, work: () => Promise<T>) => Promise<T>;
}

/** Refusals that say that somebody else was faster, or that this view of the ledger was old. */
const RACES = new Set([
  'ROUND_EXISTS',
  'ROUND_NUMBER',
  'ROUND_CLOSED',
  'ROUND_INCOMPLETE',
  'STUDY_STATE',
  'CONSENT_STATE',
  'LEDGER_CONFLICT',
  'TRANSACTION_INVALIDATED',
]);
/** Refusals that say that bytes are not there yet. */
const AWAY = new Set(['TRAINER_ARTEFACT_UNREACHABLE', 'TRAINER_IPFS_UNREACHABLE']);
/** What is ordinary once or twice: another was faster, or its bytes follow the ledger's word. */
const ORDINARY = new Set([...RACES, 'TRAINER_ARTEFACT_UNREACHABLE']);
/** How many races in a row are taken as such, before they are shown as an error. */
const QUIET_RACES = 4;

/** The aggregate that a study is at: the round's own once it has one, its base until then. */
const aggregateOf = (latest: RoundDossier | undefined): ParametersRef | null | undefined =>
  latest?.round.aggregate ?? latest?.round.base;

export class StudyRunner {
  readonly studyId: string;
  readonly #context: TrainerContext;
  readonly #board: JobBoard;
  readonly #options: RunnerOptions;
  readonly #wakeup = new Wakeup();
  readonly #pace: Pace;
  #round = 0;
  #seen = '';
  #lastChangeMs = 0;
  #failures = 0;
  #done = '';
  #repeats = 0;
  #kept = '';
  /** The state in which nothing more could be erased. */
  #erasedAt = '';
  /** The state in which this hospital's keys for the study were last looked at. */
  #keysAt = '';
  /** How often keys that are to be destroyed could not be, and when that is tried again. */
  #destroying = { attempts: 0, atMs: 0 };
  /** What was to be erased failed: it is tried again, after the study's end too. */
  #hasToErase = false;
  /** What was to be unpinned failed: as what was to be erased. */
  #hasLeftovers = false;
  readonly #early = new Map<string, number>();
  /** When a sealed artefact that could not be put into IPFS is tried again, by its SHA-256. */
  readonly #deliverAtMs = new Map<string, number>();
  #keeping: Promise<void> | undefined;

  constructor(
    studyId: string,
    { context, board, ...options }: RunnerOptions & { context: TrainerContext; board: JobBoard },
  ) {
    this.studyId = studyId;
    this.#context = context;
    this.#board = board;
    this.#options = options;
    this.#pace = new Pace(options);
  }

  wake(): void {
    this.#wakeup.wake();
  }

  /** Runs until the study needs nothing more of this trainer, or the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#run(signal);
    await this.#keeping;
  }

  async #run(signal: AbortSignal): Promise<void> {
    let woken = false;
    while (!signal.aborted) {
      let pauseMs = 0;
      const before = this.#seen;
      try {
        const action = await this.#step();
        if (action.kind === 'done') {
          this.#board.end(this.studyId);
          if (!this.#hasToErase && !this.#hasLeftovers && this.#destroying.attempts === 0) return;
        }
        const isIdle = action.kind === 'wait' || action.kind === 'done';
        this.#pace.looked({ news: this.#seen !== before || !isIdle, woken });
        const until = action.kind === 'wait' ? action.until : null;
        pauseMs = isIdle ? this.#pauseOf(until) : this.#pauseAfter(action);
        this.#failures = 0;
        this.#board.succeed(this.studyId);
      } catch (error) {
        if (signal.aborted) return;
        pauseMs = this.#failed(error);
      }
      const leastMs = Math.min(pauseMs, this.#pace.leastMs);
      woken = pauseMs > 0 && (await this.#wakeup.sleep(pauseMs, signal, leastMs));
    }
  }

  #pauseOf(until: number | null): number {
    const { idleMs } = this.#pace;
    if (until === null) return idleMs;
    return Math.min(idleMs, Math.max(10, until - this.#context.nowMs()));
  }

  /** A step that the ledger does not show yet is not taken again at once. */
  #pauseAfter(action: Action): number {
    const done = JSON.stringify([action, this.#seen]);
    this.#repeats = done === this.#done ? this.#repeats + 1 : 0;
    this.#done = done;
    const { minPauseMs, maxPauseMs } = this.#options;
    return this.#repeats === 0 ? 0 : Math.min(maxPauseMs, minPauseMs * 2 ** (this.#repeats - 1));
  }

  async #step(): Promise<Action> {
    const state = await this.#read();
    const action = this.#next(state);
    if (action.kind !== 'done') this.#show(action, state);
    await this.#keepKeys(state);
    // Settling and ending draw nothing, and are the way out.
    if (action.kind !== 'settle' && action.kind !== 'done') {
      requireNewestFolder(this.#context, { studyId: this.studyId, consents: state.consents });
    }
    await traceAction(this.#context.tracer, action.kind, () => this.#perform(action, state));
    await this.#erase(state);
    return action;
  }

  /** Before anything is opened or sealed, and once for each state of the study. */
  async #keepKeys(state: StudyState): Promise<void> {
    const isTried = this.#keysAt === this.#seen;
    const isRetry = this.#destroying.attempts > 0 && this.#context.nowMs() >= this.#destroying.atMs;
    // Also where the folder is barred: what was attested stays true.
    if (isRetry || (!isTried && this.#destroying.attempts === 0)) await this.#destroyKeys(state);
    if (isTried) return;
    await recordStudyKeys(this.#context, state);
    this.#keysAt = this.#seen;
  }

  /** A key that cannot be destroyed holds up nothing, since no step needs it. It is on the board until it is gone. */
  async #destroyKeys({ consents }: StudyState): Promise<void> {
    const { log, nowMs } = this.#context;
    const kept = await destroyKeysNotOwed(this.#context, this.studyId, consents);
    const attempts = kept.length === 0 ? 0 : this.#destroying.attempts + 1;
    const atMs = nowMs() + this.#options.maxPollMs;
    this.#destroying = { attempts, atMs };
    const retryAt = new Date(atMs).toISOString();
    const shown = kept.map(({ datasetId, error }) => {
      const { code, detail } = describeFailure(error);
      logFailure(log, error, { studyId: this.studyId, datasetId, work: 'destroying a key' });
      return { datasetId, code, detail, attempts, retryAt };
    });
    this.#board.keepKeys(this.studyId, shown);
  }

  /** After withdrawals; it holds up nothing, and is tried again at each look. */
  async #erase({ consents }: StudyState): Promise<void> {
    if (this.#erasedAt === this.#seen) return;
    if (!consents.some(({ withdrawnAt }) => withdrawnAt !== undefined)) return;
    try {
      const owed = await listOwedErasures(this.#context, this.studyId);
      this.#board.stillOwe(this.studyId, owed);
      this.#board.owe(this.studyId, await eraseUpdates(this.#context, this.studyId, owed));
      this.#erasedAt = this.#seen;
      this.#hasToErase = false;
    } catch (thrown) {
      const error = named(thrown);
      if (error instanceof AssertionError || !(error instanceof Error)) throw error;
      const { code, detail } = describeFailure(error);
      this.#hasToErase = true;
      const retryAt = new Date(this.#context.nowMs() + this.#options.maxPollMs).toISOString();
      this.#board.failErasure(this.studyId, {
        code,
        detail: `erasing after a withdrawal: ${detail}`,
        attempts: 1,
        retryAt,
      });
      logFailure(this.#context.log, error, { studyId: this.studyId, work: 'erasing after a withdrawal' });
    }
  }

  /** What cannot be delivered now holds up nothing else. */
  #next(state: StudyState): Action {
    const { mspId, journal } = this.#context;
    const nowMs = this.#context.nowMs();
    const undelivered = journal.undelivered(this.studyId);
    const isBarred = journal.barredBecause(this.studyId) !== undefined;
    const deliverAtMs = (sha256: string) => (isBarred ? Infinity : (this.#deliverAtMs.get(sha256) ?? 0));
    const situation: Situation = {
      mspId,
      preparedDatasets: new Set(journal.datasets().map(({ datasetId }) => datasetId)),
      undelivered: undelivered.filter(({ sha256 }) => deliverAtMs(sha256) <= nowMs),
      early: this.#early,
      nowMs,
      lastChangeMs: this.#lastChangeMs,
      takeoverMs: this.#options.takeoverMs,
    };
    const action = nextAction(state, situation);
    if (action.kind !== 'done') return action;
    const later = undelivered.filter(({ sha256 }) => Number.isFinite(deliverAtMs(sha256)));
    const owed = nextAction(state, { ...situation, undelivered: later });
    if (owed.kind !== 'deliver') return action;
    const until = deliverAtMs(owed.named.sha256);
    return { kind: 'wait', until, because: 'an artefact that is owed could not be put into IPFS' };
  }

  async #deliver({ round, subject, named: ref, purpose }: Extract<Action, { kind: 'deliver' }>) {
    const { exchange, nowMs } = this.#context;
    try {
      await exchange.deliver({ studyId: this.studyId, round, subject }, { named: ref, purpose });
    } catch (error) {
      // Where the ledger names other bytes, or bytes of another CID, no waiting helps.
      const { retry } = describeFailure(named(error));
      const pauseMs = Math.min(this.#options.maxPauseMs, this.#options.minPauseMs * 2 ** this.#failures);
      this.#deliverAtMs.set(ref.sha256, retry ? nowMs() + 2 * pauseMs : Infinity);
      throw error;
    }
  }

  async #read(): Promise<StudyState> {
    const { ledger, journal, nowMs } = this.#context;
    const [study, consents, known] = await Promise.all([
      ledger.getStudy(this.studyId),
      ledger.listConsents(this.studyId),
      this.#round === 0 ? undefined : ledger.getDossier(this.studyId, this.#round),
    ]);
    if (study === undefined) throw new TrainerError('TRAINER_STUDY_NOT_FOUND');
    const isEnded = study.state === 'completed' || study.state === 'aborted';
    // Asked for beside the study, it may be from before the study's end.
    const present =
      isEnded && known !== undefined ? await ledger.getDossier(this.studyId, this.#round) : known;
    const isOwing = journal.undelivered(this.studyId).length > 0;
    const latest =
      study.state === 'running' || isOwing ? await this.#readLatest(study, consents, present) : undefined;
    if (isEnded) await this.#conclude(study, latest);
    this.#keep(study, latest);
    const seen = JSON.stringify([
      study.state,
      consents.map(({ datasetId, state }) => [datasetId, state]),
      latest && [latest.round.round, latest.round.state],
      latest && [latest.updates.length, latest.verdicts.length, latest.attestations.length],
      latest?.equivocations?.length,
    ]);
    if (seen !== this.#seen) {
      this.#seen = seen;
      this.#lastChangeMs = nowMs();
    }
    return { study, consents, latest };
  }

  /** Walks on from the last round known, since rounds only ever go forward. */
  async #readLatest(
    { rounds }: Study,
    consents: readonly Consent[],
    known: RoundDossier | undefined,
  ): Promise<RoundDossier | undefined> {
    const { ledger, journal } = this.#context;
    let latest = known;
    if (latest !== undefined) await noticeRound(this.#context, latest, consents);
    while ((latest === undefined || isOver(latest.round)) && this.#round < rounds) {
      const next = await ledger.getDossier(this.studyId, this.#round + 1);
      if (next === undefined) break;
      await noticeRound(this.#context, next, consents);
      if (latest !== undefined) await this.#unpin(this.#round, latest);
      journal.forgetBytes(this.studyId, this.#round, aggregateOf(latest)?.artefact.sha256);
      this.#round += 1;
      latest = next;
      journal.forgetAggregates(this.studyId, latest.round.base?.parametersSha256 ?? '');
    }
    return latest;
  }

  /** After the study's end: what was sealed for its rounds is in the place where it stays, or goes. */
  async #conclude({ state }: Study, latest: RoundDossier | undefined): Promise<void> {
    const { ledger, journal } = this.#context;
    this.#hasLeftovers = false;
    for (const round of new Set(journal.inconclusive(this.studyId).map((sealed) => sealed.round))) {
      const isLatest = round === latest?.round.round;
      const dossier = isLatest ? latest : await ledger.getDossier(this.studyId, round);
      // A study is completed after its rounds: this is from a peer that is behind.
      if (state === 'completed' && dossier !== undefined && !isOver(dossier.round)) {
        this.#hasLeftovers = true;
        return;
      }
      await this.#unpin(round, dossier);
    }
    journal.forgetBytes(this.studyId, Infinity, aggregateOf(latest)?.artefact.sha256);
  }

  /** Holds up nothing: what fails is tried again when the study ends, and when this trainer starts again. */
  async #unpin(round: number, dossier: RoundDossier | undefined): Promise<void> {
    try {
      await unpinLeftovers(this.#context, { studyId: this.studyId, round, dossier });
    } catch (thrown) {
      const error = named(thrown);
      if (error instanceof AssertionError || !(error instanceof Error)) throw error;
      this.#hasLeftovers = true;
      logFailure(this.#context.log, error, {
        studyId: this.studyId,
        round,
        work: 'unpinning what is left over',
      });
    }
  }

  /** Runs beside the rest, and may fail: code that needs the aggregate fetches it, and waits where it cannot. */
  #keep(study: Study, latest: RoundDossier | undefined): void {
    const { exchange, log, nowMs, patienceMs, mspId } = this.#context;
    const ref = latest?.round.validators.includes(mspId) ? aggregateOf(latest) : undefined;
    if (!ref || this.#keeping !== undefined || this.#kept === ref.artefact.cid) return;
    const { cid } = ref.artefact;
    const failed = (thrown: unknown) => {
      const error = named(thrown);
      const isAway = AWAY.has(describeFailure(error).code);
      if (isAway && exchange.missingForMs(cid, nowMs()) < patienceMs) return;
      this.#kept = cid;
      logFailure(log, error, { studyId: this.studyId, work: 'keeping an aggregate' });
    };
    this.#keeping = keepAggregate(this.#context, { study, ref })
      .then(() => {
        this.#kept = cid;
      }, failed)
      .finally(() => {
        this.#keeping = undefined;
      });
  }

  #show(action: Action, { latest }: StudyState): void {
    const round = 'round' in action ? action.round : (latest?.round.round ?? null);
    const stage = action.kind === 'wait' ? `waiting: ${action.because}` : action.kind;
    this.#board.start(this.studyId, {
      round,
      stage,
      ...('datasetId' in action && { datasetId: action.datasetId }),
    });
  }

  async #perform(action: Action, state: StudyState): Promise<void> {
    const context = this.#context;
    const { study, latest } = state;
    switch (action.kind) {
      case 'wait':
      case 'done':
        return;
      case 'open':
        return openRound(context, { state, round: action.round });
      case 'close':
      case 'tally':
      case 'abort':
      case 'publish':
      case 'settle':
        return takePlainStep(context, this.studyId, action);
      case 'deliver':
        return this.#deliver(action);
      default:
    }
    if (latest === undefined) throw new AssertionError({ message: `${action.kind} without a round` });
    switch (action.kind) {
      case 'train': {
        const { datasetId } = action;
        const task = { study, dossier: latest, datasetId };
        try {
          const work = () => train(context, task);
          return this.#rest(action, await this.#options.inTrainingQueue(study.requester, work));
        } catch (error) {
          // It keeps nobody from giving the round up, or closing it.
          if (context.nowMs() >= Date.parse(latest.round.deadline))
            this.#early.set(earlyKey(action), Infinity);
          throw error;
        }
      }
      case 'verdict':
        return this.#rest(action, await recordVerdict(context, { ...state, latest }));
      case 'attest':
        return attest(context, { study, dossier: latest });
      case 'finalize': {
        const { parametersSha256 } = action;
        return finalize(context, { study, dossier: latest, parametersSha256 });
      }
    }
  }

  #rest(action: Extract<Action, { kind: 'train' | 'verdict' }>, recording: Recording): void {
    if (recording === 'recorded') this.#early.delete(earlyKey(action));
    else this.#early.set(earlyKey(action), recording.earlyUntilMs);
  }

  /** Writes a failure down for people, and answers how long to wait. Bugs are thrown on. */
  #failed(thrown: unknown): number {
    const { minPauseMs, maxPauseMs } = this.#options;
    const error = named(thrown);
    if (error instanceof AssertionError || !(error instanceof Error)) throw error;
    this.#failures += 1;
    const { code, detail, retry } = describeFailure(error);
    // Bytes follow the ledger's word by an instant, as a rule.
    const firstPauseMs = code === 'TRAINER_ARTEFACT_UNREACHABLE' ? minPauseMs / 8 : minPauseMs;
    const growing = Math.min(maxPauseMs, firstPauseMs * 2 ** (this.#failures - 1));
    const pauseMs = retry ? growing : maxPauseMs;
    if (ORDINARY.has(code) && this.#failures <= QUIET_RACES) {
      this.#context.log.debug({ studyId: this.studyId, code }, 'reading again');
      return pauseMs;
    }
    const retryAt = new Date(this.#context.nowMs() + pauseMs).toISOString();
    this.#board.fail(this.studyId, { code, detail, attempts: this.#failures, retryAt });
    logFailure(this.#context.log, error, { studyId: this.studyId, retryAt });
    return pauseMs;
  }
}
