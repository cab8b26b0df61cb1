// The model card: what a model is, what it was made of, what it cost in privacy, and how good it is. One object, shown
// as JSON to programs and as Markdown to people (Mitchell et al. 2019, "Model Cards for Model Reporting").
import type { Dictionary, EncodedTarget, PrivacyEvent, RecordCountBand } from '@consilium/domain';
import type { Assessment } from '../scoring/assess-rows.ts';
import type { RoundScores } from '../simulation/held-out-scores.ts';
import type { Score } from '../simulation/label-scores.ts';
import type { Epsilon } from '../simulation/privacy-plan.ts';
import { assessmentSections } from './assessment-text.ts';
import { type InputFeature, inputTable } from './input-table.ts';
import { baselineText, intervalsText, metricTexts, withInterval } from './score-text.ts';

export interface PrivacyAccount extends Epsilon {
  readonly events: readonly PrivacyEvent[];
}

export interface ModelFile {
  /** Path in the folder that holds the card. */
  readonly file: string;
  readonly sha256: string;
}

export interface ModelCard {
  readonly card: 1;
  readonly title: string;
  readonly command: 'train' | 'simulate';
  readonly createdAt: string;
  readonly data: {
    readonly dictionarySha256: string;
    /** What another file's columns mean; earlier cards name its hash alone. */
    readonly dictionary?: Dictionary;
    readonly label: string;
    /** What the model's outputs mean. */
    readonly target: EncodedTarget;
    readonly features: readonly string[];
    readonly inputs: number;
    /** How a row becomes the graph's input. */
    readonly encoding: readonly InputFeature[];
    /** Public bands; exact counts are statistics of the patients. */
    readonly patients: Readonly<Record<string, RecordCountBand>>;
    /** What a step's clipped sum is divided by, in units: samplingRate times the training units that a band says. */
    readonly divisors: Readonly<Record<string, number>>;
    readonly heldOutShare: number;
    readonly splitSeed: string;
    /** Of what a patient's side follows; on earlier cards the hospital's name had a part in it. */
    readonly splitRule?: 'seed-and-patient';
  };
  readonly training: Readonly<Record<string, unknown>>;
  /** Null without privacy. */
  readonly privacy: {
    readonly unit: PrivacyEvent['unit'];
    readonly adjacency: PrivacyEvent['adjacency'];
    readonly delta: number;
    readonly noiseMultiplier: number;
    /** What the model costs each unit in training. */
    readonly training: PrivacyAccount;
    /** What noised scores cost each held-out unit; null where the scores are exact. */
    readonly heldOut: PrivacyAccount | null;
  } | null;
  readonly model: {
    readonly parameters: number;
    readonly localParameters: readonly string[];
    readonly files: readonly ModelFile[];
    /** The same models from raw values, in the same order; earlier cards have none. */
    readonly rawFiles?: readonly ModelFile[];
  };
  readonly metrics: {
    readonly scores: 'exact' | 'noised';
    readonly pooled: Score | null;
    readonly sites: Readonly<Record<string, Score | null>>;
    readonly curve: readonly RoundScores[];
    /** Calibration, thresholds and parts of the held-out rows; only beside exact scores, and not on earlier cards. */
    readonly assessment?: Assessment;
  };
  readonly timing: Timing;
  readonly warnings: readonly string[];
}

/** Elapsed time, from the score of the untrained model to that of the last; one digit each beside noised scores. */
export interface Timing {
  /** Training and scoring together; on earlier cards, which have no parts, training alone. */
  readonly seconds: number;
  /** Of all rounds' steps and their aggregation, with what is prepared for them. */
  readonly trainingSeconds?: number;
  /** Of the models' held-out scores: before the first round and after each. */
  readonly scoringSeconds?: number;
  /** Training patients that were processed in a second of training. */
  readonly examplesPerSecond: number;
}

/** What the seconds hold, without reading the files and writing the folder. */
export function timeText({ seconds, trainingSeconds, scoringSeconds }: Timing): string {
  const training = shown(trainingSeconds ?? seconds);
  if (scoringSeconds === undefined) return `${training} seconds of training, scoring not counted`;
  return `${training} seconds of training, ${shown(scoringSeconds)} of scoring`;
}

/** A number for people: a few significant digits, no exponent where it can be avoided. */
export const shown = (value: number | null | undefined, digits = 4): string =>
  value === null || value === undefined ? 'not at hand' : String(Number(value.toPrecision(digits)));

function scoreRow(name: string, score: Score | null | undefined, target: EncodedTarget): string {
  const texts = metricTexts(target);
  if (!score) return `| ${name} | no held-out patients |${' |'.repeat(texts.length + 1)}`;
  const cells = texts.map(({ metric, show }) => {
    const estimate = score[metric];
    return estimate === null ? 'not at hand' : withInterval(estimate, show);
  });
  return `| ${[name, ...cells, texts[0]!.show(score.baseline), score.count ?? 'not shown'].join(' | ')} |`;
}

function privacySection({ privacy, metrics, training: facts }: ModelCard): string[] {
  if (privacy === null) {
    return [
      '**THIS MODEL IS NOT PRIVATE.** It was trained without noise. It may contain what single patients told their',
      'physicians. Treat it as you treat their records, and do not pass it on.',
    ];
  }
  const { unit, delta, training, heldOut, noiseMultiplier } = privacy;
  const table = (account: PrivacyAccount) => [
    '| mechanism | noise multiplier | sampling rate | steps | patients |',
    '| --- | --- | --- | --- | --- |',
    ...account.events.map(
      (event) =>
        `| ${event.mechanism} | ${event.noiseMultiplier} | ${event.samplingRate} | ${event.steps} | ${event.pool} |`,
    ),
  ];
  const lines = [
    `The model is (ε, δ)-differentially private for each ${unit} of the training data, with`,
    `**ε = ${shown(training.epsilonPld)}**, δ = ${delta}: adding or removing one ${unit}` +
      `${unit === 'patient' ? ' with all rows' : ''} changes the probability of any outcome by at most a factor of`,
    'e^ε, up to δ.',
    '',
    '| accountant | ε |',
    '| --- | --- |',
    `| PLD (tight) | ${shown(training.epsilonPld, 6)} |`,
    `| RDP (looser upper bound) | ${shown(training.epsilonRdp, 6)} |`,
    '',
    `Unit of privacy: ${unit}. Adjacency: add or remove one. Noise multiplier: ${noiseMultiplier}. Events of each`,
    'hospital, from which anyone can compute ε again:',
    '',
    ...table(training),
  ];
  if (facts.stepNoise !== undefined) {
    lines.push(
      '',
      'The clip norm follows a noised count of patients that every step releases beside its gradients. The events hold',
      `both: gradients and count have the larger multipliers ${JSON.stringify(facts.stepNoise)},`,
      'which together are the one that is stated.',
    );
  }
  if (heldOut === null) {
    lines.push(
      '',
      '**The scores below are exact and therefore not private** for the held-out patients: they are for people',
      'who may see the records. So is the number of examples a second, which counts the training patients.',
      '`--score-noise` gives scores and a number that may be passed on.',
    );
  } else {
    lines.push(
      '',
      `The scores below are noised. They cost each held-out ${unit} ε = ${shown(heldOut.epsilonPld)}` +
        ` (PLD ${shown(heldOut.epsilonPld, 6)}, RDP ${shown(heldOut.epsilonRdp, 6)}) at the same δ. Every ${unit} is`,
      'either in training or held out, so the larger of the two ε holds for everything on this card.',
      '',
      ...table(heldOut),
    );
  }
  if (Object.keys(metrics.sites).length > 1) {
    lines.push(
      '',
      'The events are those of one hospital. Somebody who is a patient of several is charged by each of them.',
    );
  }
  return lines;
}

/** What the label is, and how the model's raw output tells it. */
function targetText(target: EncodedTarget): string {
  switch (target.kind) {
    case 'binary':
      return 'yes or no';
    case 'categorical':
      return `one of ${target.categories.join(', ')}; one logit each`;
    case 'count':
      return 'a count; the logit is the logarithm of its expectation';
    case 'numeric': {
      const { low, high, unit } = target;
      return `a number in ${unit}; the logit is -1 at ${low} and 1 at ${high}`;
    }
  }
}

/** The card as Markdown. */
export function cardMarkdown(card: ModelCard): string {
  const { data, training, model, metrics, timing, warnings } = card;
  const sites = Object.entries(metrics.sites);
  const titles = metricTexts(data.target).map(({ title }) => title);
  const patients = Object.entries(data.patients).map(
    ([name, { low, high }]) => `${sites.length > 1 ? `${name}: ` : ''}${low} to ${high}`,
  );
  const divisors = Object.entries(data.divisors).map(
    ([name, divisor]) => `${sites.length > 1 ? `${name}: ` : ''}${shown(divisor, 6)}`,
  );
  return `${[
    `# ${card.title}`,
    '',
    ...(warnings.length > 0 ? [...warnings.map((warning) => `> **Note.** ${warning}`), ''] : []),
    '## Privacy',
    ...privacySection(card),
    '',
    '## How good it is',
    metrics.scores === 'exact'
      ? `On held-out rows that were never trained on, with 95 % confidence intervals (${intervalsText(data.target)}).`
      : 'Accuracy by held-out patient from noised counts, with 95 % confidence intervals that hold the noise too.',
    baselineText(data.target),
    '',
    `| | ${titles.join(' | ')} | baseline | rows |`,
    `| --- |${' --- |'.repeat(titles.length + 2)}`,
    ...(sites.length > 1 ? [scoreRow('**pooled**', metrics.pooled, data.target)] : []),
    ...sites.map(([name, score]) => scoreRow(name, score, data.target)),
    '',
    '![Learning curve](learning-curve.svg)',
    '',
    ...(metrics.assessment === undefined ? [] : assessmentSections(metrics.assessment, data.target)),
    ...(metrics.scores === 'noised'
      ? [
          'Calibration, sensitivity and specificity are left out: they take exact scores, and nothing pays for them.',
          '',
        ]
      : []),
    '## Data',
    `- label: ${data.label} (${targetText(data.target)})`,
    `- features: ${data.features.join(', ')}`,
    `- patients, in public bands: ${patients.join('; ')}`,
    `- each step's sum of gradients is divided by ${divisors.join('; ')}: samplingRate times four fifths of the`,
    '  middle of the band, whatever batch is drawn and however many patients there are',
    `- data dictionary, SHA-256 of its canonical JSON: \`${data.dictionarySha256}\``,
    `- held out: ${100 * data.heldOutShare} % of the patients, by their id and the split seed "${data.splitSeed}"`,
    '',
    '## What the graph reads',
    `One row of ${data.inputs} float32 values for each patient's row:`,
    '',
    ...inputTable(data.encoding),
    '',
    '## Training',
    `- by \`consilium-trainer ${card.command}\`, ${card.createdAt.slice(0, 10)}`,
    ...Object.entries(training).map(
      ([name, value]) => `- ${name}: ${typeof value === 'object' ? JSON.stringify(value) : value}`,
    ),
    `- ${timeText(timing)}, ${shown(timing.examplesPerSecond)} examples a second` +
      (metrics.scores === 'exact' ? '' : ' by the bands'),
    '',
    '## Files',
    ...model.files.map(({ file, sha256 }) => `- \`${file}\` (SHA-256 \`${sha256}\`)`),
    ...(model.rawFiles ?? []).map(
      ({ file, sha256 }) =>
        `- \`${file}\` (SHA-256 \`${sha256}\`): the same model from the columns as they are, with the encoding above ` +
        'inside',
    ),
    `- ${model.parameters} parameters${
      model.localParameters.length > 0
        ? `; each hospital has its own ${model.localParameters.join(', ')}, which no other one should be given`
        : ''
    }`,
    '',
    '## Limits',
    'A model is no medical device. It was judged on patients of the same hospitals; elsewhere it may be worse.',
    'Whoever runs the study again with other settings and keeps the best one makes a further query for each run: the',
    'costs of all runs add up.',
  ].join('\n')}\n`;
}
