// What is run: the study file with the command line's changes, and the privacy that follows from both.
import { COMMON_OPTIONS, InputError, positiveNumber } from '@consilium/command-line';
import { isSmallDelta, largestAdvisedDelta, type Problem, type RecordCountBand } from '@consilium/domain';
import { MAXIMUM_NOISE_MULTIPLIER } from '@consilium/dp-sgd';
import { MOST_STEPS } from '../account/account-request.ts';
import type { ModelCard } from '../report/model-card.ts';
import { noisedReleases } from '../simulation/held-out-scores.ts';
import { epsilonOfPlan, noiseFor, privacyEventOf, statable } from '../simulation/privacy-plan.ts';
import type { ModelKind } from '../simulation/study-graph.ts';
import { ASSESSMENT_OPTIONS, ASSESSMENT_OPTIONS_HELP } from './assessment-options.ts';
import { FORMAT_OPTIONS, FORMAT_OPTIONS_HELP, type FormatTexts } from './file-format.ts';
import { readModelBytes } from './input-file.ts';
import type { StudyFile } from './study-file.ts';

/** Options that `train` and `simulate` share, as the command line gives them. */
export const STUDY_OPTIONS = {
  dictionary: { type: 'string' },
  study: { type: 'string' },
  epsilon: { type: 'string' },
  'noise-multiplier': { type: 'string' },
  delta: { type: 'string' },
  'allow-large-delta': { type: 'boolean', default: false },
  'without-privacy': { type: 'boolean', default: false },
  'score-noise': { type: 'string' },
  'seed-split': { type: 'string' },
  seed: { type: 'string' },
  checkpoint: { type: 'string' },
  ...ASSESSMENT_OPTIONS,
  out: { type: 'string' },
  ...FORMAT_OPTIONS,
  ...COMMON_OPTIONS,
} as const;

export const STUDY_OPTIONS_HELP = `\
  --dictionary FILE        data dictionary, JSON; 'consilium-trainer dictionary init' drafts one
  --study FILE             study, YAML; trainer/examples/study.yaml shows every field
  --epsilon E              what the whole study may cost each patient (in place of the file's)
  --noise-multiplier S     or the noise itself
  --delta D                chance that the guarantee fails; far below 1 / number of patients
  --allow-large-delta      take a delta of 1 / number of patients or more, which protects nobody
  --without-privacy        train without noise; every output says so
  --score-noise S          noise the held-out scores too (and charge them); exact scores are not private
  --seed-split TEXT        which fifth of the patients is held out, by a hash of this text and the patient's id alone:
                           the same text holds out the same patients in train, in simulate and at every hospital
  --seed TEXT              with --without-privacy: draw batches by this text, so that the same text and files make the
                           same model.onnx on one machine
${ASSESSMENT_OPTIONS_HELP}\
  --checkpoint DIR         keep what is finished after each round in a new folder, for consilium-trainer resume DIR
  --out DIR                where model, model card and curves go; by default out/ and the command's name
${FORMAT_OPTIONS_HELP}  --json                   nothing but the summary on standard output
  --help                   this text

Progress goes to standard error. The last line of standard output is a JSON summary.
Exit status: 0 done, 1 failed, 2 wrong usage or input that cannot be used.
`;

export interface OptionTexts extends FormatTexts {
  readonly epsilon?: string | undefined;
  readonly 'noise-multiplier'?: string | undefined;
  readonly delta?: string | undefined;
  readonly 'allow-large-delta'?: boolean;
  readonly 'without-privacy': boolean;
  readonly 'score-noise'?: string | undefined;
  readonly seed?: string | undefined;
}

export interface StudySettings {
  readonly noiseMultiplier: number;
  readonly clipNormL2: number;
  readonly samplingRate: number;
  readonly scoreNoise: number | undefined;
  readonly privacy: ModelCard['privacy'];
  /** What decides the draws; never of a private run, whose noise nobody may know. */
  readonly seed?: string;
}

/**
 * Clipping and noise without privacy: far above any gradient worth following, and two steps of the lattice, which is
 * the least the engine knows.
 */
const WITHOUT_PRIVACY = { clipNormL2: 256, noiseMultiplier: 1e-6 } as const;

function targetOf(study: StudyFile, options: OptionTexts) {
  const epsilon = positiveNumber(options.epsilon, 'epsilon');
  const noise = positiveNumber(options['noise-multiplier'], 'noise-multiplier', {
    below: MAXIMUM_NOISE_MULTIPLIER,
  });
  const delta = positiveNumber(options.delta, 'delta', { below: 1 }) ?? study.delta;
  const problems: Problem[] = [];
  if (epsilon !== undefined && noise !== undefined) {
    problems.push({ field: '--epsilon', text: 'and --noise-multiplier exclude each other' });
  }
  const given = epsilon !== undefined || noise !== undefined ? { epsilon, noise } : undefined;
  const chosen = given ?? { epsilon: study.epsilon, noise: study.noiseMultiplier };
  if (given === undefined && chosen.epsilon !== undefined && chosen.noise !== undefined) {
    problems.push({ field: 'study: epsilon', text: 'and noiseMultiplier exclude each other' });
  }
  if (chosen.epsilon === undefined && chosen.noise === undefined) {
    problems.push({
      field: 'study: epsilon',
      text: ': neither the study nor the command line says how private',
      remedy: 'give epsilon or noiseMultiplier',
    });
  }
  if (delta === undefined)
    problems.push({
      field: 'study: delta',
      text: 'is missing',
      remedy: 'give it in the study or with --delta',
    });
  if (problems.length > 0 || delta === undefined) throw new InputError(problems);
  return { ...chosen, delta };
}

/** @throws InputError naming what contradicts itself or cannot be reached */
export function settingsOf(study: StudyFile, options: OptionTexts): StudySettings {
  const steps = study.rounds * study.stepsPerRound;
  if (steps > MOST_STEPS) {
    throw new InputError({
      field: 'study: rounds',
      text: `times stepsPerRound are ${steps} steps, and ${MOST_STEPS} is the most that is accounted for`,
      remedy: 'take fewer',
    });
  }
  const samplingRate = statable(study.samplingRate);
  if (samplingRate === 0)
    throw new InputError({ field: 'study: samplingRate', text: 'must be at least 1e-15' });
  const scoreNoise = positiveNumber(options['score-noise'], 'score-noise', {
    below: MAXIMUM_NOISE_MULTIPLIER,
  });
  if (scoreNoise !== undefined && scoreNoise < 1) {
    throw new InputError({ field: '--score-noise', text: 'must be at least 1: less hides nobody' });
  }
  if (options['without-privacy']) {
    const contradicted = ['epsilon', 'noise-multiplier', 'score-noise'] as const;
    const excluded = contradicted.filter((name) => options[name] !== undefined);
    if (excluded.length > 0)
      throw new InputError({ field: '--without-privacy', text: `excludes --${excluded.join(' and --')}` });
    const { seed } = options;
    const seeded = seed === undefined ? {} : { seed };
    return { ...WITHOUT_PRIVACY, samplingRate, scoreNoise: undefined, privacy: null, ...seeded };
  }
  if (options.seed !== undefined) {
    throw new InputError({
      field: '--seed',
      text: 'is for --without-privacy: noise that a text decides hides nobody from those who know the text',
      remedy: 'leave it out; --seed-split decides which patients are held out',
    });
  }
  const { epsilon, noise, delta } = targetOf(study, options);
  const unit = study.unit ?? 'patient';
  const noiseMultiplier = statable(noise ?? calibrated({ epsilon: epsilon!, delta, samplingRate, steps }));
  if (noiseMultiplier < 0.01) {
    const field = options['noise-multiplier'] === undefined ? 'study: noiseMultiplier' : '--noise-multiplier';
    throw new InputError({ field, text: 'must be at least 0.01: less protects nobody' });
  }
  const account = (
    plan: { noiseMultiplier: number; samplingRate: number; steps: number },
    pool: 'training' | 'held-out',
  ) => ({
    events: [privacyEventOf(plan, { unit, pool })],
    ...epsilonOfPlan(plan, { delta, pool }),
  });
  const scores = scoreNoise === undefined ? undefined : statable(scoreNoise);
  return {
    noiseMultiplier,
    clipNormL2: study.clipNormL2,
    samplingRate,
    scoreNoise: scores,
    privacy: {
      unit,
      adjacency: 'add-or-remove-one',
      delta,
      noiseMultiplier,
      training: account({ noiseMultiplier, samplingRate, steps }, 'training'),
      heldOut:
        scores === undefined
          ? null
          : account(
              { noiseMultiplier: scores, samplingRate: 1, steps: noisedReleases(study.rounds) },
              'held-out',
            ),
    },
  };
}

const REMEDY = 'take a higher epsilon or delta, fewer steps or a lower samplingRate';

function calibrated(plan: { epsilon: number; delta: number; samplingRate: number; steps: number }): number {
  const { epsilon, ...rest } = plan;
  let noiseMultiplier: number;
  try {
    noiseMultiplier = noiseFor({ targetEpsilon: epsilon, ...rest });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new InputError(
      { field: 'epsilon', text: `${epsilon} cannot be met: ${cause.message}; ${REMEDY}` },
      { cause },
    );
  }
  if (noiseMultiplier <= MAXIMUM_NOISE_MULTIPLIER) return Math.max(noiseMultiplier, 0.01);
  throw new InputError({
    field: 'epsilon',
    text: `${epsilon} cannot be met: it takes a noise multiplier above ${MAXIMUM_NOISE_MULTIPLIER}; ${REMEDY}`,
  });
}

export async function modelKindOf({ model }: StudyFile): Promise<ModelKind> {
  if (model.kind !== 'onnx') return model;
  const graph = await readModelBytes(model.path, 'model');
  return { kind: 'onnx', graph };
}

/** One significant digit, never more than the number itself. */
function roundedDown(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(value));
  return Number((Math.floor(value / unit) * unit).toPrecision(1));
}

/**
 * Of a δ that is no protection: at 1/n or above, a mechanism that publishes one patient's record in full keeps the
 * guarantee (Dwork and Roth 2014, 2.3). By the most patients of the public band, so that the answer tells no count.
 */
export function deltaProblems(
  { privacy }: StudySettings,
  about: {
    readonly bands: Readonly<Record<string, RecordCountBand>>;
    readonly isAllowed: boolean | undefined;
  },
): string[] {
  if (privacy === null || about.isAllowed) return [];
  return Object.entries(about.bands)
    .filter(([, { high }]) => privacy.delta * high >= 1)
    .map(
      ([name, { high }]) =>
        `delta ${privacy.delta} protects nobody among the patients of ${name} (at most ${high}): whoever publishes ` +
        `one of their records in full keeps such a guarantee. Take at most ${largestAdvisedDelta({ high })}, or say ` +
        '--allow-large-delta',
    );
}

/** What a reader should be wary of in these settings, whatever comes out. */
export function warningsOf(about: {
  readonly settings: StudySettings;
  readonly maxRowsPerPatient: number;
  readonly bands: Readonly<Record<string, RecordCountBand>>;
}): string[] {
  const { privacy, samplingRate, scoreNoise } = about.settings;
  const warnings: string[] = [];
  for (const [name, { high }] of Object.entries(about.bands)) {
    if (samplingRate * high >= 1) continue;
    warnings.push(
      `samplingRate ${samplingRate} draws less than one patient of ${name} a step, so that the noise is all that ` +
        `moves the model. Take one well above ${roundedDown(1 / high)}.`,
    );
  }
  if (privacy === null) {
    warnings.push('NOT PRIVATE: trained without noise. Treat the model and its scores as patients’ records.');
  } else {
    const [delta, epsilon] = [privacy.delta, privacy.training.epsilonPld];
    for (const [name, { high }] of Object.entries(about.bands)) {
      if (isSmallDelta(delta, { high })) continue;
      warnings.push(
        `delta ${delta} is not small against the patients of ${name}: with that probability the guarantee may not ` +
          `hold for one of them. Take at most ${largestAdvisedDelta({ high })}.`,
      );
    }
    if (epsilon > 10) warnings.push(`ε = ${epsilon.toPrecision(3)} is a weak guarantee; 1 to 8 is usual.`);
    if (privacy.unit === 'record' && about.maxRowsPerPatient > 1) {
      warnings.push('The unit of privacy is the record: a patient with several is protected less.');
    }
  }
  if (scoreNoise === undefined) warnings.push('Held-out scores are exact: they are not private.');
  if (about.maxRowsPerPatient > 1) {
    warnings.push('Intervals take rows as independent; with several rows of a patient they are too narrow.');
  }
  return warnings;
}
