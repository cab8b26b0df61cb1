// The study.json of a folder of one's own: the form of studies/heart-disease/study.json, of which all but the question
// and the purpose may be left out. It is judged by the ledger's own rules before anything starts.
import type { Problem } from '@consilium/command-line';
import {
  compareDecimals,
  type Dataset,
  type Dictionary,
  DomainError,
  encodingOf,
  epsilonFromRdp,
  epsilonOf,
  fewestUpdates,
  inputNames,
  ProposeStudy,
  plannedScoreEvent,
  plannedTrainingEvent,
  RegisterDataset,
  ROW_SCHEMA,
  rdpOfEvent,
  Strict,
  timesRdp,
  validate,
} from '@consilium/domain';
import { proposeStudy } from '@consilium/domain/rules';
import { type Static, type TObject, type TSchema, Type } from 'typebox';
import { readStudyPlan, type StudyPlan } from './study-plan.ts';

const Parts = ({ properties }: TObject) =>
  Strict(Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, Type.Optional(one)])));

const LocalIntercept = Type.Optional(Type.Boolean());
const Model = Type.Union([
  Strict({ kind: Type.Literal('logistic-regression'), localIntercept: LocalIntercept }),
  Strict({
    kind: Type.Literal('multilayer-perceptron'),
    hidden: Type.Array(Type.Integer({ minimum: 1, maximum: 4096 }), { minItems: 1, maxItems: 8 }),
    activation: Type.Optional(Type.Enum(['relu', 'tanh'])),
    localIntercept: LocalIntercept,
  }),
  Strict({
    kind: Type.Literal('onnx'),
    path: Type.String({ minLength: 1 }),
    localParameters: Type.Optional(ProposeStudy.properties.model.properties.localParameters),
  }),
]);
export type OwnModel = Static<typeof Model>;

const { studyId: _, datasets: __, model: ___, question, purpose, ...fields } = ProposeStudy.properties;
const { training, validation, aggregation, quorum, ...others } = fields;
const OwnStudy = Strict({
  budget: Type.Optional(Parts(RegisterDataset.properties.privacyBudget as unknown as TObject)),
  accounting: RegisterDataset.properties.accounting,
  model: Type.Optional(Model),
  study: Strict({
    question,
    purpose,
    ...(Parts(Type.Object(others)).properties as Record<string, TSchema>),
    training: Type.Optional(Parts(training)),
    validation: Type.Optional(Parts(validation)),
    aggregation: Type.Optional(Parts(aggregation)),
    quorum: Type.Optional(Parts(quorum)),
  }),
});

/** What to do about what the schema refuses, by the end of the field's name or the text. */
const REMEDIES: Readonly<Record<string, string>> = {
  'study.question': 'write what the hospitals want to find out',
  'study.purpose': 'write a Data Use Ontology term, such as DUO:0000006 for medical research',
  model: 'write {"kind": "logistic-regression"}, or remove it',
  study: 'write an object with at least question and purpose',
  argument: 'write an object with "study": {"question": …, "purpose": …}',
  'is not a known field': 'remove it; network/studies/heart-disease/study.json shows the form',
  'must be text': 'write it in quotes',
};

const remedied = (problem: Problem): Problem => {
  const remedy = problem.remedy ?? REMEDIES[problem.field] ?? REMEDIES[problem.text];
  return remedy === undefined ? problem : { ...problem, remedy };
};

/** What a refusal of the domain says, by field. */
export function problemsIn(work: () => void): Problem[] {
  try {
    work();
    return [];
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return error.problems.length > 0 ? [...error.problems] : [{ field: '', text: error.message }];
  }
}

/** What may be left out of a study. */
type PartialPlan = {
  readonly [K in 'training' | 'validation' | 'aggregation' | 'quorum']?: Partial<ProposeStudy[K]>;
} & { readonly rounds?: number; readonly title?: string };

export type ReadStudy =
  | { readonly problems: readonly Problem[] }
  | { readonly plan: StudyPlan; readonly model: OwnModel };

/**
 * The plan of a study.json with what it leaves out. Noise that it does not name is what keeps its rounds and steps
 * within the budget of the heart-disease study.
 */
export function readOwnStudy(
  value: unknown,
  { hospitals, title }: { readonly hospitals: number; readonly title: string },
): ReadStudy {
  const problems = problemsIn(() => validate(OwnStudy, value)).map(remedied);
  if (problems.length > 0) return { problems };
  const own = value as Partial<Pick<StudyPlan, 'budget' | 'accounting'>> & {
    readonly model?: OwnModel;
    readonly study: PartialPlan;
  };
  const { study: heart, ...base } = readStudyPlan();
  const rounds = own.study.rounds ?? heart.rounds;
  const steps = own.study.training?.stepsPerRound ?? heart.training.stepsPerRound;
  const majority = Math.floor(hospitals / 2) + 1;
  const rules = { ...(heart.aggregation as { rule: 'fedavg' }), ...own.study.aggregation };
  const planned = heart as unknown as ProposeStudy;
  const noise = (multiplier: string, times: number) =>
    (Math.ceil(Number(multiplier) * Math.sqrt(times) * 10) / 10).toString();
  return {
    model: own.model ?? { kind: 'logistic-regression', localIntercept: true },
    plan: {
      budget: { ...base.budget, ...own.budget },
      accounting: own.accounting ?? base.accounting,
      model: {},
      study: {
        ...heart,
        title,
        ...own.study,
        rounds,
        training: {
          ...heart.training,
          noiseMultiplier: noise(
            planned.training.noiseMultiplier,
            (rounds * steps) / (heart.rounds * heart.training.stepsPerRound),
          ),
          ...own.study.training,
          stepsPerRound: steps,
        },
        validation: {
          ...planned.validation,
          noiseMultiplier: noise(planned.validation.noiseMultiplier, rounds / heart.rounds),
          ...own.study.validation,
        },
        aggregation: rules,
        quorum: {
          updates: Math.max(majority, fewestUpdates(rules)),
          validators: majority,
          ...own.study.quorum,
        },
      },
    },
  };
}

/** Why the ledger would refuse a plan for datasets of this dictionary, and what of it a budget does not bear. */
export function planProblems(
  plan: StudyPlan,
  about: {
    readonly dictionary: Dictionary;
    readonly hospitals: readonly { readonly mspId: string; readonly datasetId: string }[];
    readonly bands: readonly Dataset['recordCountBand'][];
    readonly model: Omit<ProposeStudy['model'], 'graph'>;
  },
): Problem[] {
  const { dictionary, hospitals, bands, model } = about;
  const at = new Date().toISOString();
  const study = {
    ...(plan.study as unknown as ProposeStudy),
    studyId: 'own',
    datasets: hospitals.map(({ datasetId }) => datasetId),
    model: { ...model, graph: { cid: '', sha256: '', sizeBytes: 1 } },
  };
  const wanted = hospitals.map(
    ({ mspId, datasetId }, index): Dataset => ({
      ...{ schema: ROW_SCHEMA.dataset, datasetId, title: datasetId, dictionary, commitment: '' },
      ...{ owner: mspId, registeredAt: at, privacyBudget: plan.budget },
      recordCountBand: bands[index] ?? { low: 100, high: 149 },
      terms: { purposes: [study.purpose] },
    }),
  );
  const requester = hospitals[0]?.mspId ?? '';
  const refused = problemsIn(() => proposeStudy(study, { requester, at, existing: undefined, wanted }));
  return [
    ...refused.map((one) => ({ ...one, field: one.field === '' ? 'study' : `study.${one.field}` })),
    ...costProblems(plan, study),
  ];
}

function costProblems({ budget, accounting }: StudyPlan, study: ProposeStudy): Problem[] {
  const { rounds } = study;
  const training = plannedTrainingEvent(study);
  const costs = {
    training:
      accounting.kind === 'renyi'
        ? epsilonFromRdp(timesRdp(rdpOfEvent(training), rounds), budget.delta)
        : epsilonOf([{ event: training, count: rounds }], budget.delta),
    validation: epsilonOf([{ event: plannedScoreEvent(study), count: rounds }], budget.delta),
  };
  return Object.entries(costs)
    .filter(([, epsilon]) => compareDecimals(epsilon, budget.epsilon) > 0)
    .map(([part, epsilon]) => ({
      field: `study.${part}.noiseMultiplier`,
      text: `costs ε ${epsilon} in ${rounds} rounds, and the budget has ε ${budget.epsilon}`,
      remedy: 'raise it, plan fewer rounds or steps, or raise budget.epsilon',
    }));
}

/** The width of a model's input for a dictionary. */
export const inputsOf = (dictionary: Dictionary): number =>
  inputNames(encodingOf(dictionary).features).length;
