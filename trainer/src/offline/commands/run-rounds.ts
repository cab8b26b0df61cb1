// The rounds of a run: scored, shown, and kept in a checkpoint where there is one.
import { InputError, type Terminal } from '@consilium/command-line';
import type { EncodedTarget } from '@consilium/domain';
import type { Checkpoint, RunState } from '../checkpoint/checkpoint.ts';
import {
  exactScorer,
  noisedScorer,
  type RoundScores,
  type ScoredStudy,
  type Scorer,
} from '../simulation/held-out-scores.ts';
import type { Site } from '../simulation/load-sites.ts';
import { plainDecimal } from '../simulation/privacy-plan.ts';
import { seededDraws } from '../simulation/seeded-draws.ts';
import { afterLostRound, type HospitalParameters, simulateStudy } from '../simulation/simulate-study.ts';
import type { SimulatedStudy } from '../simulation/simulated-study.ts';
import { watchInterruption } from './interruption.ts';
import { reportProgress } from './progress.ts';
import { type RunTiming, startTiming } from './run-timing.ts';
import type { StudySettings } from './study-settings.ts';

export interface Rounds {
  readonly study: SimulatedStudy;
  readonly sites: readonly Site[];
  readonly target: EncodedTarget;
  readonly settings: StudySettings;
  readonly checkpoint: Checkpoint | undefined;
  /** Takes away the folder that was made for the run, where nothing is in it. */
  readonly clearFolder: () => Promise<void>;
  readonly terminal: Terminal;
}

export interface RoundsOutcome {
  readonly parameters: HospitalParameters;
  readonly curve: readonly RoundScores[];
  readonly spent: ReturnType<RunTiming['spent']>;
  /** Rounds whose draws were lost in an interruption: charged, and without a part in the model. */
  readonly lostRounds: readonly number[];
}

/**
 * Runs all rounds that are left.
 *
 * With a checkpoint a round is noted as begun before anything of it is drawn, and what it came to is on disk before the
 * next begins. A round of a private run that was begun and not finished is lost: it is charged as planned, is never
 * drawn again, and moves nothing. That leaves out releases, which is post-processing, at a place that the crash chose.
 */
export async function runRounds(rounds: Rounds): Promise<RoundsOutcome> {
  const { study, sites, target, settings, checkpoint, clearFolder, terminal } = rounds;
  const isPrivate = settings.privacy !== null;
  const kept = stateToGoOnFrom(rounds);
  const curve: RoundScores[] = [...(checkpoint?.curve ?? [])];
  const scorer = await openScorer(settings, {
    scored: { model: study.model, heldOut: sites.map((site) => site.heldOut), target },
    kept,
  });
  const progress = reportProgress({ rounds: study.rounds, isPrivate, target, terminal });
  let finished = kept?.progress.round ?? 0;
  let drawing: number | undefined;
  using interruption = watchInterruption({
    stage: () => ({
      rounds: study.rounds,
      finished,
      scoresShown: curve.length,
      scores: settings.scoreNoise === undefined ? 'exact' : 'noised',
      checkpoint: checkpoint?.folder,
      drawing: isPrivate ? drawing : undefined,
    }),
    clear: clearFolder,
    terminal,
  });
  const time = startTiming({ isExact: settings.scoreNoise === undefined, before: kept?.spentMs });
  try {
    const parameters = await simulateStudy(study, sites, {
      from: kept?.progress,
      randomnessOf: settings.seed === undefined ? undefined : seededDraws(settings.seed),
      onStep: progress.onStep,
      onBegin(round) {
        checkpoint?.begin(round);
        drawing = round;
      },
      async onRound(round, current, after) {
        const score = await time.ofScoring(() => scorer.score(round, current));
        const state = { progress: after, scorer: scorer.state(), spentMs: time.spentMs() };
        checkpoint?.finish(round, state, score);
        finished = round;
        drawing = undefined;
        if (score !== undefined) {
          curve.push(score);
          progress.onScores(score);
        }
        if (interruption.isStopping && round < study.rounds) await interruption.end();
      },
    });
    return { parameters, curve, spent: time.spent(), lostRounds: checkpoint?.lostRounds ?? [] };
  } finally {
    await scorer.close();
  }
}

function openScorer(
  { scoreNoise }: StudySettings,
  { scored, kept }: { readonly scored: ScoredStudy; readonly kept: RunState | undefined },
): Promise<Scorer> {
  if (scoreNoise === undefined) return exactScorer(scored);
  return noisedScorer(scored, plainDecimal(scoreNoise), kept?.scorer);
}

/** What a run goes on from, after it was noted which rounds are lost; undefined where it begins. */
function stateToGoOnFrom({ study, settings, checkpoint, terminal }: Rounds): RunState | undefined {
  if (checkpoint === undefined) return undefined;
  let { state } = checkpoint;
  if (settings.privacy === null) return state;
  for (const round of checkpoint.begunOnly) {
    if (state === undefined) {
      // Nothing of patients is drawn before the first round, but for the counts behind noised scores' baseline.
      if (settings.scoreNoise === undefined) return undefined;
      throw new InputError({
        field: '--checkpoint',
        text: `${checkpoint.folder}: the run was interrupted while it drew the baseline of its noised scores`,
        remedy: 'start a new run; that one draw stays charged to the held-out patients',
      });
    }
    state = { ...state, progress: afterLostRound(study, state.progress) };
    checkpoint.lose(round, state);
    terminal.error(`note: ${lostText([round])}\n`);
  }
  return state;
}

/** For the terminal and the card. */
export const lostText = (rounds: readonly number[]): string =>
  `round ${rounds.join(', ')} was begun and interrupted: what was drawn for it is lost and stays charged, it was not ` +
  'drawn again, and the model did not move in it.';
