// The questions of compliance teams as forms: what each is asked with, and which columns of its answers a screen has at
// first. Every other column is one press away, and in the files.
import type { Api } from '@consilium/client/browser';

/** Operations that answer a question. */
export type QuestionOperation = Extract<keyof Api, `ask${string}`>;

/** What a field is filled with. */
export type FieldKind = 'dataset' | 'population' | 'model' | 'study' | 'hospital' | 'purpose' | 'day';

/** The names of fields, as the API has them. */
export type FieldName =
  | 'datasetId'
  | 'populationId'
  | 'studyId'
  | 'mspId'
  | 'purpose'
  | 'day'
  | 'from'
  | 'to';

/** A field of a question. */
export interface QuestionField {
  readonly name: FieldName;
  readonly kind: FieldKind;
  /** Of the path: without it there is no question. */
  readonly isRequired: boolean;
}

/** The names in addresses of the console. */
export const QUESTION_NAMES = [
  'uses-of-dataset',
  'uses-of-population',
  'origins-of-model',
  'refusals-of-hospital',
  'studies-of-purpose',
  'budgets',
  'withdrawals',
  'acts-of-day',
] as const;
/** One of them. */
export type QuestionName = (typeof QUESTION_NAMES)[number];

/** A table of an answer, and its columns that are shown at first. */
export interface AnswerTable {
  readonly name: string;
  readonly columns: readonly string[];
}

/** A question with its fields and the tables of its answers, the main one first. */
export interface QuestionForm {
  readonly name: QuestionName;
  readonly operation: QuestionOperation;
  readonly fields: readonly QuestionField[];
  readonly tables: readonly AnswerTable[];
  /** The table that pages are cut of; the others are whole on each page, or belong to its rows. */
  readonly paged: string;
  /** What the file of evidence is of that proves such an answer, and the field that names it. */
  readonly evidence?: { readonly of: 'dataset' | 'model'; readonly field: FieldName };
}

/** The lists of rows of an operation's answer. */
type TablesOf<N extends QuestionOperation> = {
  [K in keyof Api[N]['answer'] as Api[N]['answer'][K] extends readonly object[]
    ? K
    : never]: Api[N]['answer'][K] extends readonly (infer Row)[] ? Row : never;
};
type Columns<N extends QuestionOperation> = readonly {
  [K in keyof TablesOf<N>]: {
    readonly name: K & string;
    readonly columns: readonly (keyof TablesOf<N>[K] & string)[];
  };
}[keyof TablesOf<N>][];

/** A form whose columns are those that the operation answers, as the compiler sees it. */
const form = <N extends QuestionOperation>(
  one: Omit<QuestionForm, 'operation' | 'tables' | 'paged'> & {
    readonly operation: N;
    readonly tables: Columns<N>;
    readonly paged?: keyof TablesOf<N> & string;
  },
): QuestionForm => ({ ...one, paged: one.paged ?? one.tables[0]!.name });

const required = (name: FieldName, kind: FieldKind): QuestionField => ({ name, kind, isRequired: true });
const optional = (name: FieldName, kind: FieldKind): QuestionField => ({ name, kind, isRequired: false });
const PERIOD = [optional('from', 'day'), optional('to', 'day')];

const ACCOUNT_COLUMNS = [
  'populationId',
  'block',
  'pool',
  'spentEpsilon',
  'leftEpsilon',
  'budgetEpsilon',
  'delta',
] as const;
const USE_COLUMNS = [
  'studyTitle',
  'requesterTitle',
  'purposeLabel',
  'consent',
  'grantedAt',
  'withdrawnAt',
  'trainingEpsilon',
  'heldOutEpsilon',
] as const;

/** Every question, in the order in which compliance teams ask them. */
export const QUESTIONS: readonly QuestionForm[] = [
  form({
    name: 'uses-of-dataset',
    operation: 'askUsesOfDataset',
    fields: [required('datasetId', 'dataset')],
    tables: [
      { name: 'uses', columns: USE_COLUMNS },
      { name: 'accounts', columns: ACCOUNT_COLUMNS },
    ],
    evidence: { of: 'dataset', field: 'datasetId' },
  }),
  form({
    name: 'uses-of-population',
    operation: 'askUsesOfPopulation',
    fields: [required('populationId', 'population')],
    tables: [
      { name: 'uses', columns: ['datasetTitle', ...USE_COLUMNS] },
      { name: 'accounts', columns: ACCOUNT_COLUMNS },
    ],
  }),
  form({
    name: 'origins-of-model',
    operation: 'askOriginsOfModel',
    fields: [required('studyId', 'model')],
    tables: [
      {
        name: 'datasets',
        columns: [
          'datasetTitle',
          'ownerTitle',
          'patients',
          'consent',
          'grantedAt',
          'withdrawnAt',
          'roundsIncluded',
          'trainingEpsilon',
          'heldOutEpsilon',
        ],
      },
      {
        name: 'rounds',
        columns: ['round', 'state', 'endedAt', 'included', 'leftOut', 'acceptedBy', 'rejectedBy'],
      },
      { name: 'inputs', columns: ['label', 'kind', 'unit', 'range', 'codes'] },
    ],
    paged: 'rounds',
    evidence: { of: 'model', field: 'studyId' },
  }),
  form({
    name: 'refusals-of-hospital',
    operation: 'askRefusalsOfHospital',
    fields: [required('mspId', 'hospital'), ...PERIOD],
    tables: [
      {
        name: 'refusals',
        columns: [
          'at',
          'kind',
          'studyTitle',
          'datasetId',
          'round',
          'codeMeaning',
          'reason',
          'by',
          'transactionId',
        ],
      },
    ],
  }),
  form({
    name: 'studies-of-purpose',
    operation: 'askStudiesOfPurpose',
    fields: [required('purpose', 'purpose'), ...PERIOD],
    tables: [
      {
        name: 'studies',
        columns: ['studyTitle', 'requesterTitle', 'state', 'firstRoundAt', 'rounds', 'hospitals'],
      },
    ],
  }),
  form({
    name: 'budgets',
    operation: 'askBudgets',
    fields: [optional('mspId', 'hospital'), optional('populationId', 'population')],
    tables: [
      {
        name: 'accounts',
        columns: [
          'populationTitle',
          'ownerTitle',
          'block',
          'pool',
          'budgetEpsilon',
          'spentEpsilon',
          'reservedEpsilon',
          'leftEpsilon',
          'goneOn',
        ],
      },
      { name: 'course', columns: ['populationId', 'block', 'pool', 'at', 'spentEpsilon', 'leftEpsilon'] },
    ],
  }),
  form({
    name: 'withdrawals',
    operation: 'askWithdrawals',
    fields: [optional('studyId', 'study'), optional('datasetId', 'dataset'), optional('mspId', 'hospital')],
    tables: [
      {
        name: 'withdrawals',
        columns: [
          'datasetTitle',
          'studyTitle',
          'withdrawnAt',
          'isOverdue',
          'erasureDueAt',
          'owed',
          'done',
          'model',
          'reason',
        ],
      },
      {
        name: 'erasures',
        columns: ['hospitalTitle', 'studyId', 'datasetId', 'state', 'attestedAt', 'artefacts', 'incomplete'],
      },
    ],
  }),
  form({
    name: 'acts-of-day',
    operation: 'askActsOfDay',
    fields: [required('day', 'day'), optional('mspId', 'hospital')],
    tables: [
      {
        name: 'acts',
        columns: [
          'at',
          'hospital',
          'person',
          'transaction',
          'studyId',
          'datasetId',
          'round',
          'tookEffect',
          'block',
        ],
      },
    ],
  }),
];

/** The question of an address; undefined where there is none of that name. */
export const questionNamed = (name: string): QuestionForm | undefined =>
  QUESTIONS.find((question) => question.name === name);
