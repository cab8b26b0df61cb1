// A study is a question put to several datasets: a model, how it is trained, what it may cost in privacy, and
// how it is validated. It is fixed when proposed; consents are given to exactly this text.
import { type Static, Type } from 'typebox';
import { AggregationPlan } from './aggregation.ts';
import { Averaging } from './averaging.ts';
import { PURPOSES } from './dataset.ts';
import { OptimisationFields } from './optimisation.ts';
import {
  ArtefactRef,
  Decimal,
  DecimalThat,
  Described,
  type Filled,
  Id,
  Instant,
  MspId,
  PositiveDecimal,
  Prose,
  Reason,
  RowSchema,
  Strict,
  summaryOf,
  Text,
  Title,
  Words,
} from './primitives.ts';
import { UNITS } from './privacy-event.ts';
import { STUDY_STATES } from './study-transitions.ts';

const Fraction = DecimalThat((value) => value > 0 && value <= 1, 'greater than 0 and at most 1');

/** How many times as much as the least one a dataset weighs at most, where a study does not say. */
export const WEIGHT_RATIO_DEFAULT = 10;

export const StudyModel = Strict({
  graph: Described(ArtefactRef, 'The ONNX forward graph; a public artefact, not encrypted.'),
  inputs: Type.Integer({ minimum: 1, maximum: 100_000, description: 'Width of the encoded input.' }),
  parameters: Type.Integer({ minimum: 1, maximum: 100_000_000 }),
  localParameters: Type.Array(Text({ minLength: 1, maxLength: 100 }), {
    maxItems: 20,
    description: 'Names (or prefixes ending in *) of parameters that never leave a hospital.',
  }),
});

export const TrainingPlan = Strict({
  learningRate: PositiveDecimal,
  momentum: Type.Optional(Decimal),
  clipNormL2: PositiveDecimal,
  noiseMultiplier: PositiveDecimal,
  samplingRate: Fraction,
  stepsPerRound: Type.Integer({ minimum: 1, maximum: 100_000 }),
  ...OptimisationFields,
});
export type TrainingPlan = Static<typeof TrainingPlan>;

export const ValidationPlan = Strict({
  metric: Words(['accuracy']),
  noiseMultiplier: Described(PositiveDecimal, 'Noise of each charged score on held-out patients.'),
  minimum: Described(Decimal, 'A hospital accepts a candidate whose noised accuracy is at least this.'),
});

const MOST_SECONDS = 1_296_000;

/** When releases are recorded at the earliest, so that how long they took to compute is not to be seen. */
export const PublicTimes = Strict({
  updateSeconds: Type.Integer({
    minimum: 0,
    maximum: MOST_SECONDS,
    description: 'Seconds between the opening of a round and the earliest record of an update.',
  }),
  verdictSeconds: Type.Integer({
    minimum: 0,
    maximum: MOST_SECONDS,
    description: 'Seconds between the closing of a round and the earliest record of a verdict.',
  }),
});
export type PublicTimes = Static<typeof PublicTimes>;

/** The text of a study: what a requester proposes and owners consent to. */
export const ProposeStudy = Strict({
  studyId: Id,
  title: Title,
  question: Prose({ minLength: 1, maxLength: 2000 }),
  purpose: Words(PURPOSES),
  datasets: Type.Array(Id, { minItems: 1, maxItems: 100 }),
  model: StudyModel,
  training: TrainingPlan,
  validation: ValidationPlan,
  unit: Words(UNITS),
  rounds: Type.Integer({ minimum: 1, maximum: 1000 }),
  aggregation: AggregationPlan,
  averaging: Type.Optional(
    Described(
      Averaging,
      'The model is then the average of those after each round; the last one where absent.',
    ),
  ),
  quorum: Strict({
    updates: Type.Integer({ minimum: 1, maximum: 100, description: 'Fewest updates a round needs.' }),
    validators: Type.Integer({
      minimum: 1,
      maximum: 100,
      description: 'Hospitals that must accept (N of M).',
    }),
  }),
  roundDeadlineSeconds: Type.Integer({ minimum: 10, maximum: 2_592_000 }),
  leaderSeconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 86_400,
      description: 'How long a step is its leader’s alone before others may take over; 0 where absent.',
    }),
  ),
  weightRatioMax: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100_000,
      description: `How many times the least weight a dataset weighs at most; ${WEIGHT_RATIO_DEFAULT} where absent.`,
    }),
  ),
  notBefore: Type.Optional(
    Described(
      PublicTimes,
      'Each at most half of roundDeadlineSeconds; by the size of the work where absent.',
    ),
  ),
  afterWithdrawal: Type.Optional(
    Words(
      ['kept', 'retired'],
      'What becomes of the model when a consent behind it is withdrawn. kept, where absent: it is differentially private.',
    ),
  ),
  startWithinSeconds: Type.Optional(
    Type.Integer({
      minimum: 3600,
      maximum: 31_536_000,
      description: 'How long after its proposal only its requester may retire it; 30 days where absent.',
    }),
  ),
});
export type ProposeStudy = Static<typeof ProposeStudy>;

/** What each dataset weighs in an average: public integers that follow from the bands and the study's text. */
export const StudyWeights = Type.Array(
  Strict({
    datasetId: Id,
    weight: Type.Integer({ minimum: 1 }),
    revision: Type.Optional(
      Type.Integer({
        minimum: 2,
        description: "Whose band it follows from; the dataset's first where absent.",
      }),
    ),
  }),
  { maxItems: 100 },
);
export type StudyWeights = Static<typeof StudyWeights>;

/** What hospitals consent to: the study's text with the weights that follow from it, without how the study fares. */
export const studyText = (
  study: ProposeStudy & { readonly weights?: StudyWeights },
): Partial<ProposeStudy & { readonly weights: StudyWeights }> =>
  Object.fromEntries(
    Object.entries(study).filter(
      ([field]) => field === 'weights' || Object.hasOwn(ProposeStudy.properties, field),
    ),
  );

/** Fields that an amendment may change, all of them or, of validation, one part. */
const AMENDED: readonly string[] = ['rounds', 'roundDeadlineSeconds', 'quorum', 'datasets', 'weights'];

/** What of a study's text no amendment changes: question, purpose, model, mechanism, aggregation. */
export function studyPlan(study: ProposeStudy): object {
  const { minimum: _, ...validation } = study.validation;
  const fixed = Object.entries(studyText(study)).filter(([field]) => !AMENDED.includes(field));
  return { ...Object.fromEntries(fixed), validation };
}

/** One dataset of a study with its owner and its weight in an average. */
export const Participant = Strict({ datasetId: Id, mspId: MspId, weight: Type.Integer({ minimum: 1 }) });
export type Participant = Static<typeof Participant>;

/** A study, as a row: its text, and what became of it. */
export const Study = Strict({
  schema: RowSchema,
  ...ProposeStudy.properties,
  requester: MspId,
  weights: Type.Optional(
    Described(
      StudyWeights,
      'One for each dataset that the study asks for. Older studies have none and weigh by bands without a limit.',
    ),
  ),
  state: Words(STUDY_STATES),
  proposedAt: Instant,
  startedAt: Type.Optional(Instant),
  endedAt: Type.Optional(Instant),
  reason: Type.Optional(Reason),
  version: Type.Optional(Type.Integer({ minimum: 1, description: 'Which text this is: 1 as proposed.' })),
  pausedAt: Type.Optional(Instant),
  motions: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'The last motion that changed this; of studies of before, the last one.',
    }),
  ),
  publicTimes: Type.Optional(
    Described(PublicTimes, 'notBefore, or what was taken where the text has none; studies of old have none.'),
  ),
});
export type Study = Static<typeof Study>;
/** A study as the ledger reads it. */
export type StudyRow = Filled<Study, 'version'>;

/** How long a proposal is its requester's alone where it does not say. */
const START_WITHIN_SECONDS = 30 * 24 * 3600;

/** From when on any member may retire a study that has not started (epoch milliseconds). */
export const retirableAtMs = ({ proposedAt, startWithinSeconds }: Study): number =>
  Date.parse(proposedAt) + (startWithinSeconds ?? START_WITHIN_SECONDS) * 1000;

/**
 * What one member may have open at a time: a member that floods the consortium with proposals has to end them first,
 * and running ones need the others' consent.
 */
export const OPEN_STUDIES_MAX = { proposed: 16, running: 64 } as const;
export type OpenStage = keyof typeof OPEN_STUDIES_MAX;

/** Where a study counts among its requester's open ones; undefined once it has ended. */
export function openStage({ state }: Pick<Study, 'state'>): OpenStage | undefined {
  if (state === 'proposed') return 'proposed';
  return state === 'running' || state === 'paused' ? 'running' : undefined;
}

/** An open study under its requester: what the ledger counts. */
export const OpenStudy = Strict({
  schema: RowSchema,
  requester: MspId,
  stage: Words(['proposed', 'running']),
  studyId: Id,
});
export type OpenStudy = Static<typeof OpenStudy>;

/** Most bytes of a study's text in canonical JSON: what every hospital reads, and reads again. */
export const STUDY_BYTES_MAX = 32 * 1024;

/** What a list of studies shows of each; study:get gives the whole text. */
export const StudySummary = Type.Pick(Study, [
  'studyId',
  'title',
  'purpose',
  'datasets',
  'rounds',
  'requester',
  'state',
  'version',
  'proposedAt',
  'startedAt',
  'pausedAt',
  'endedAt',
]);
export type StudySummary = Static<typeof StudySummary>;

/** The summary of a study. */
export const summaryOfStudy = (study: Study): StudySummary => summaryOf(StudySummary, study);

export const StudyRef = Strict({ studyId: Id });
export const EndStudy = Strict({ studyId: Id, reason: Reason });
