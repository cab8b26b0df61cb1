// Calibration, thresholds and parts of the held-out rows of a run: exact, and so only where the scores are.
import { InputError } from '@consilium/command-line';
import { type Dictionary, encodingOf } from '@consilium/domain';
import { rawOutputs } from '@consilium/onnx-grad';
import { calibrationChart } from '../report/calibration-chart.ts';
import type { ModelCard } from '../report/model-card.ts';
import { type Assessment, assessRows, type Questions } from '../scoring/assess-rows.ts';
import type { Site } from '../simulation/load-sites.ts';
import type { HospitalParameters } from '../simulation/simulate-study.ts';
import type { StudyGraph } from '../simulation/study-graph.ts';
import { type AssessmentTexts, questionsOf } from './assessment-options.ts';
import type { StudySettings } from './study-settings.ts';

/** What is asked of exact scores; noised ones answer none of it. @throws InputError */
export function questionsAbout(
  dictionary: Dictionary,
  { options, settings }: { readonly options: AssessmentTexts; readonly settings: StudySettings },
): Questions | undefined {
  const { features: encoding, target } = encodingOf(dictionary);
  const asked = (['by', 'threshold'] as const).filter((name) => options[name].length > 0);
  if (settings.scoreNoise !== undefined && asked.length > 0) {
    throw new InputError(
      `--score-noise excludes --${asked.join(' and --')}: only exact scores answer it, and nothing pays for it`,
    );
  }
  const questions = questionsOf(options, { encoding, target });
  return settings.scoreNoise === undefined ? questions : undefined;
}

/** The last models on each hospital's held-out rows; undefined where nobody is held out. */
export async function assessHeldOut(
  outcome: {
    readonly graph: StudyGraph;
    readonly sites: readonly Site[];
    readonly parameters: HospitalParameters;
  },
  { dictionary, questions }: { readonly dictionary: Dictionary; readonly questions: Questions },
): Promise<Assessment | undefined> {
  const { graph, sites, parameters } = outcome;
  const { features: encoding, target } = encodingOf(dictionary);
  const assessed = [];
  for (const [site, { name, heldOut }] of sites.entries()) {
    const { features } = heldOut;
    const labels = [...heldOut.labels];
    const outputs = await rawOutputs(await graph.model.onnx(parameters[site]!), features);
    assessed.push({ name, outputs, features, labels });
  }
  if (assessed.every(({ labels }) => labels.length === 0)) return undefined;
  return assessRows(assessed, { encoding, target, questions });
}

/** The calibration curve, where there are exact scores of a yes/no label. */
export function calibrationPicture({ title, metrics }: ModelCard): string | undefined {
  return (
    metrics.assessment &&
    calibrationChart(metrics.assessment, {
      title,
      rows: 'held-out patients, last round',
      scores: 'Exact: not private for held-out patients.',
    })
  );
}
