// What `train` and `simulate` do once they know their hospitals: read, train, score, and write the folder.
import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, required, type Terminal } from '@consilium/command-line';
import {
  canonicalJson,
  type Dictionary,
  type EncodedTarget,
  encodingOf,
  inputNames,
  type Problem,
} from '@consilium/domain';
import {
  clipNoiseOf,
  expectedBatchUnits,
  samplingRateOf,
  TrainingInputError,
  type TrainingPlan,
} from '@consilium/dp-sgd';
import { aggregationOf } from '@consilium/federation';
import type { Loss } from '@consilium/onnx-grad';
import { DataError, HELD_OUT_SHARE } from '../../data/index.ts';
import { codeInputs } from '../../study/code-features.ts';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { runDigests } from '../checkpoint/run-digests.ts';
import type { InputFeature } from '../report/input-table.ts';
import { learningCurve } from '../report/learning-curve.ts';
import { cardMarkdown, type ModelCard } from '../report/model-card.ts';
import type { Assessed } from '../scoring/assess-rows.ts';
import { lossFor } from '../simulation/label-loss.ts';
import { fewestRows, firstMetric, type Score } from '../simulation/label-scores.ts';
import { DEFAULT_SPLIT_SEED, loadSite, type Site, type SiteFile } from '../simulation/load-sites.ts';
import { plainDecimal } from '../simulation/privacy-plan.ts';
import { checkStudy, type simulateStudy } from '../simulation/simulate-study.ts';
import { type StudyGraph, studyGraph } from '../simulation/study-graph.ts';
import { assessHeldOut, calibrationPicture, questionsAbout } from './assess-held-out.ts';
import { divisorLine } from './divisor-line.ts';
import { watchReading } from './file-format.ts';
import { fileProblems } from './file-problems.ts';
import { oneClassWarnings } from './one-class-warnings.ts';
import { optimisationOf } from './optimisation-schema.ts';
import { prepareFolder } from './prepare-folder.ts';
import { readDictionary } from './read-dictionary.ts';
import { type RunOptions, requestOf, VERSION, withoutPath } from './run-request.ts';
import { lostText, type RoundsOutcome, runRounds } from './run-rounds.ts';
import { rounded, type Summary, summaryOf } from './run-summary.ts';
import { aggregationProblems } from './study-aggregation.ts';
import { readStudy, type StudyFile } from './study-file.ts';
import { deltaProblems, modelKindOf, type StudySettings, settingsOf, warningsOf } from './study-settings.ts';
import { writeModels } from './write-models.ts';

export interface StudyRun {
  readonly card: ModelCard;
  readonly pooled: Summary;
  readonly sites: Readonly<Record<string, Summary>>;
  readonly folder: string;
}

/** @throws InputError, and what training itself throws */
export async function runStudy(
  command: ModelCard['command'],
  files: readonly SiteFile[],
  given: {
    readonly options: RunOptions;
    readonly terminal: Terminal;
    /** Of a run that goes on. */
    readonly checkpoint?: Checkpoint;
  },
): Promise<StudyRun> {
  const { options, terminal } = given;
  const dictionary = await readDictionary(required(options.dictionary, 'dictionary'));
  const study = await readStudy(required(options.study, 'study'));
  const settings = settingsOf(study, options);
  const problems = aggregationProblems(study, files.length);
  if (problems.length > 0) throw new InputError(problems);
  const graph = await studyGraph(await modelKindOf(study), {
    dictionary,
    localPatterns: study.localParameters ?? [],
    frozenPatterns: study.frozenParameters ?? [],
    tiedPatterns: study.tiedParameters ?? [],
  });
  if (study.model.kind === 'onnx') await graph.model.checkRuns(codeInputs(dictionary));
  const { target } = encodingOf(dictionary);
  const loss = lossOf(study, { target, graph, settings });
  const questions = questionsAbout(dictionary, { options, settings });
  const splitSeed = options['seed-split'] ?? DEFAULT_SPLIT_SEED;
  const how = { dictionary, unit: study.unit ?? 'patient', splitSeed } as const;
  const sites = await loadSites(files, how, { texts: options, terminal });
  const simulated = simulatedStudy(study, { settings, graph, dictionary, loss });
  checkSimulated(simulated, sites);
  const bands = Object.fromEntries(sites.map(({ name, band }) => [name, band]));
  const tooLarge = deltaProblems(settings, { bands, isAllowed: options['allow-large-delta'] });
  if (tooLarge.length > 0) throw new InputError(tooLarge);
  const folder = options.out ?? join('out', command);
  const clearFolder = await prepareFolder(folder);
  const { plan } = simulated;
  const divisors = Object.fromEntries(
    sites.map(({ name, bandSize }) => [name, expectedBatchUnits({ ...plan, bandSize })]),
  );
  const { maxRowsPerPatient } = dictionary;
  const warnings = [...warningsOf({ settings, maxRowsPerPatient, bands }), ...graph.notes];
  // Beside noised scores nothing may tell how many are held out.
  const countedSites = settings.scoreNoise === undefined ? sites : [];
  for (const { name, heldOut } of countedSites) {
    const rows = heldOut.labels.length;
    if (rows === 0) warnings.push(`${name} has no held-out patients: it is not scored.`);
    else if (rows < fewestRows(target)) warnings.push(`${name} has one held-out row: too few for a score.`);
  }
  const isPrivate = settings.privacy !== null;
  const oneClass = oneClassWarnings(sites, target);
  // What labels there are is known of the patients: beside a private model it is for this terminal alone.
  if (!isPrivate) warnings.push(...oneClass);
  for (const warning of isPrivate ? [...warnings, ...oneClass] : warnings) {
    terminal.error(`note: ${warning}\n`);
  }
  for (const [name, divisor] of Object.entries(divisors)) {
    terminal.error(`${divisorLine({ name, divisor, band: bands[name]! })}\n`);
  }

  const digests = () =>
    runDigests({
      ...{ dictionary, splitSeed, sites, trainer: VERSION, graph: graph.model.graph },
      study: { ...withoutPath(study), settings },
    });
  let outcome: RoundsOutcome;
  try {
    given.checkpoint?.checkDigests(digests());
    using started =
      options.checkpoint === undefined
        ? undefined
        : Checkpoint.create(options.checkpoint, {
            request: requestOf(command, files, options),
            digests: digests(),
            isPrivate,
          });
    outcome = await runRounds({
      ...{ study: simulated, sites, target, settings, clearFolder, terminal },
      checkpoint: given.checkpoint ?? started,
    });
  } catch (error) {
    await clearFolder();
    throw error;
  }
  const { parameters, curve, spent, lostRounds } = outcome;
  if (lostRounds.length > 0) warnings.push(lostText(lostRounds));
  const scores = settings.scoreNoise === undefined ? 'exact' : 'noised';
  const steps = study.rounds * study.stepsPerRound;
  // Exact beside exact scores; beside noised ones from public numbers, since it would count the patients.
  const perSite = sites.map(({ training, bandSize }) => {
    const units = settings.scoreNoise === undefined ? training.rowOffsets.length - 1 : bandSize;
    return (steps * settings.samplingRate * units) / spent.trainingSeconds;
  });
  const examplesPerSecond = perSite.reduce((sum, rate) => sum + rate, 0);

  const last = curve.at(-1);
  const assessment =
    questions && (await assessHeldOut({ graph, sites, parameters }, { dictionary, questions }));
  const card: ModelCard = {
    card: 1,
    title: study.title ?? dictionary.label.title,
    command,
    createdAt: new Date().toISOString(),
    data: {
      dictionarySha256: sha256(canonicalJson(dictionary)),
      dictionary,
      label: dictionary.label.title,
      target,
      features: dictionary.features.map(({ name }) => name),
      inputs: inputNames(encodingOf(dictionary).features).length,
      encoding: inputFeatures(dictionary),
      patients: bands,
      divisors: Object.fromEntries(
        Object.entries(divisors).map(([name, divisor]) => [name, Number(divisor.toPrecision(6))]),
      ),
      heldOutShare: HELD_OUT_SHARE,
      splitSeed,
      splitRule: 'seed-and-patient',
    },
    training: {
      ...trainingFacts(study, settings),
      loss: study.loss ?? { kind: loss.kind },
      ...clipNoiseFacts(plan, sites),
    },
    privacy: settings.privacy,
    model: {
      parameters: graph.model.initial.shared.length + graph.model.initial.local.length,
      localParameters: graph.localPatterns,
      ...(await writeModels(folder, { graph, sites, parameters, dictionary })),
    },
    metrics: {
      scores,
      pooled: last?.pooled ?? null,
      sites: Object.fromEntries(sites.map(({ name }, site) => [name, last?.sites[site] ?? null])),
      curve,
      ...(assessment && { assessment }),
    },
    timing: { ...spent, examplesPerSecond: rounded(examplesPerSecond) },
    warnings,
  };
  await writeFile(join(folder, 'model-card.json'), `${JSON.stringify(card, null, 2)}\n`);
  await writeFile(join(folder, 'model-card.md'), cardMarkdown(card));
  await writeFile(join(folder, 'learning-curve.svg'), curveOf(card));
  const calibration = calibrationPicture(card);
  const picture = join(folder, 'calibration.svg');
  // An earlier run's would be taken for this one's, and could show what this one does not.
  if (calibration === undefined) await rm(picture, { force: true });
  else await writeFile(picture, calibration);
  const summary = (score: Score | null, own: Assessed | undefined, rate: number) =>
    summaryOf(card, { score, calibration: own?.calibration ?? null, steps, rate });
  return {
    card,
    folder,
    pooled: summary(card.metrics.pooled, assessment?.pooled, examplesPerSecond),
    sites: Object.fromEntries(
      sites.map(({ name }, site) => [
        name,
        summary(card.metrics.sites[name] ?? null, assessment?.sites[name], perSite[site]!),
      ]),
    ),
  };
}

const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The features as the model sees them, with their units. */
function inputFeatures(dictionary: Dictionary): InputFeature[] {
  return encodingOf(dictionary).features.map((feature, place) => {
    const own = dictionary.features[place]!;
    return own.kind === 'numeric' ? { ...feature, unit: own.unit } : feature;
  });
}

/** Every file is read before any problem is reported, so that the user can fix all at once. */
async function loadSites(
  files: readonly SiteFile[],
  how: Parameters<typeof loadSite>[1],
  said: Parameters<typeof watchReading>[1],
): Promise<Site[]> {
  const sites: Site[] = [];
  const problems: Problem[] = [];
  for (const file of files) {
    try {
      const { stated, ...watch } = watchReading(file.path, said);
      const site = await loadSite(file, { ...how, ...watch });
      stated(site.format);
      sites.push(site);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      problems.push(...fileProblems(file.path, error));
    }
  }
  if (problems.length > 0) throw new InputError(problems);
  return sites;
}

/** @throws InputError naming the fields of a study that cannot be trained over these hospitals */
function checkSimulated(...[study, sites]: Parameters<typeof checkStudy>): void {
  try {
    checkStudy(study, sites);
  } catch (cause) {
    if (!(cause instanceof TrainingInputError)) throw cause;
    const { problems, message } = cause;
    const said = problems.map((problem) => ({ ...problem, field: `study: ${problem.field}` }));
    throw new InputError(said.length > 0 ? said : { field: 'study', text: `: ${message}` }, { cause });
  }
}

/** How errors count. @throws InputError where the label, the loss and the settings contradict each other */
function lossOf(
  study: StudyFile,
  about: { readonly target: EncodedTarget; readonly graph: StudyGraph; readonly settings: StudySettings },
): Loss {
  const { target, graph, settings } = about;
  const { loss, classWeights } = study;
  const chosen = lossFor(target, { loss, classWeights, outputs: graph.outputs });
  const problems: Problem[] = 'problem' in chosen ? [{ field: 'study', text: `: ${chosen.problem}` }] : [];
  if (settings.scoreNoise !== undefined && firstMetric(target) !== 'accuracy') {
    problems.push({
      field: '--score-noise',
      text: `hides patients in counts, and a ${target.kind} label has none`,
      remedy: 'leave it out, and keep the scores to those who may see the records',
    });
  }
  if ('problem' in chosen || problems.length > 0) throw new InputError(problems);
  return chosen.loss;
}

function simulatedStudy(
  study: StudyFile,
  about: {
    readonly settings: StudySettings;
    readonly graph: StudyGraph;
    readonly dictionary: { readonly maxRowsPerPatient: number };
    readonly loss: Loss;
  },
): Parameters<typeof simulateStudy>[0] {
  const { settings, graph, dictionary, loss } = about;
  const { aggregation, serverOptimizer } = study;
  const { plan: optimisation, ...acrossRounds } = optimisationOf(study, {
    isPrivate: settings.privacy !== null,
  });
  return {
    model: graph.model,
    localPatterns: graph.localPatterns,
    rounds: study.rounds,
    ...acrossRounds,
    plan: {
      clipNormL2: settings.clipNormL2,
      noiseMultiplier: settings.noiseMultiplier,
      samplingRate: samplingRateOf(plainDecimal(settings.samplingRate)),
      steps: study.stepsPerRound,
      rowsPerUnit: study.unit === 'record' ? 1 : dictionary.maxRowsPerPatient,
      learningRate: study.learningRate,
      ...optimisation,
      loss,
    },
    ...(aggregation && {
      aggregation: aggregationOf(
        aggregation.rule,
        aggregation.faulty === undefined ? {} : { faulty: aggregation.faulty },
      ),
    }),
    ...(serverOptimizer && {
      serverOptimizer: { momentum: 0.9, secondMomentum: 0.99, adaptivity: 0.001, ...serverOptimizer },
    }),
  };
}

/** The study as it was run, without its privacy, which is reported separately. */
function trainingFacts(study: StudyFile, { privacy, seed }: StudySettings): Record<string, unknown> {
  const { title, epsilon, noiseMultiplier, delta, heldOutShare, unit, clipNormL2, clipping, ...facts } =
    study;
  const { model } = facts;
  return {
    ...facts,
    model: model.kind === 'onnx' ? { kind: 'onnx' } : model,
    ...(privacy !== null && { clipNormL2, ...(clipping && { clipping }) }),
    ...(privacy !== null && epsilon !== undefined && { targetEpsilon: epsilon }),
    ...(privacy === null && { withoutPrivacy: true }),
    ...(seed !== undefined && { seed }),
  };
}

/** How the noise multiplier that is charged is shared out where the clip norm follows a count of patients. */
function clipNoiseFacts(
  plan: Omit<TrainingPlan, 'bandSize'>,
  sites: readonly Site[],
): Record<string, unknown> {
  const noise = sites.map(({ name, bandSize }) => [name, clipNoiseOf({ ...plan, bandSize })] as const);
  return noise.some(([, own]) => own !== undefined) ? { stepNoise: Object.fromEntries(noise) } : {};
}

function curveOf({ title, privacy, metrics, data }: ModelCard): string {
  const epsilon = privacy?.training.epsilonPld;
  return learningCurve(metrics.curve, {
    title,
    target: data.target,
    siteNames: Object.keys(metrics.sites),
    privacy:
      privacy === null
        ? 'NOT PRIVATE: trained without noise'
        : `ε = ${epsilon?.toPrecision(3)}, δ = ${privacy.delta} for each ${privacy.unit}`,
    scores:
      metrics.scores === 'exact'
        ? 'Exact scores: not private for held-out patients.'
        : 'Noised scores, charged to the held-out patients.',
  });
}
