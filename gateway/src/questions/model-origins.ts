// What went into a model?
import {
  blocksOf,
  type Consent,
  type Dataset,
  DomainError,
  epsilonOfRounds,
  Id,
  type Model,
  type Pool,
  populationIdOf,
  QUESTION_PATHS,
  type Round,
  revisionOf,
  type Study,
  type Verdict,
} from '@consilium/domain';
import type { Static } from 'typebox';
import type { LedgerHistory } from '../read-model/ledger-history.ts';
import { accountOf } from './accounts.ts';
import { formOf, inWords, several, tableOf, whole, word, wordOrNone } from './answer.ts';
import { chargesOf } from './charges.ts';
import { DATASET, OWNER } from './columns.ts';
import { Names, sayPurpose } from './names.ts';
import { numberKey } from './number-key.ts';
import { bookmarkOf, LIMIT, partsOf, question, strayBookmark } from './question.ts';
import { quoted } from './readable-text.ts';
import { count, listed, when } from './sentences.ts';
import { datasetOf } from './uses.ts';

const DATASETS = formOf({
  name: 'datasets',
  heading: 'Datasets that took part',
  row: {
    ...DATASET,
    ...OWNER,
    patients: word({
      title: 'Patients (band)',
      means:
        'Public band of how many patients the revision has that was consented to: at least, and at most.',
      example: '250-349',
    }),
    revision: whole({ title: 'Revision', means: 'Of the dataset, as consented to.', example: 1 }),
    blocks: several({ title: 'Blocks', means: 'Blocks of patients that were given.', example: ['1'] }),
    consent: word({ title: 'Consent', means: 'granted, withdrawn or settled.', example: 'settled' }),
    grantedAt: word({
      title: 'Consent given (UTC)',
      means: 'Time of its transaction, as its sender says.',
      example: '2026-03-02T09:00:00.000Z',
    }),
    withdrawnAt: wordOrNone({ title: 'Withdrawn (UTC)', means: 'If it is.', example: null }),
    roundsIncluded: whole({
      title: 'In the model (rounds)',
      means: 'Finalised rounds whose aggregate has an update of it.',
      example: 6,
    }),
    roundsLeftOut: whole({
      title: 'Left out (rounds)',
      means: 'Finalised rounds that it took part in and whose aggregate has no update of it.',
      example: 0,
    }),
    trainingEpsilon: wordOrNone({
      title: 'Cost of training (ε)',
      means:
        "ε of its recorded updates composed, at its budget's δ, for each patient trained on. Rounded up.",
      example: '2.723712',
    }),
    heldOutEpsilon: wordOrNone({
      title: 'Cost of scores (ε)',
      means: "ε of its recorded scores composed, at its budget's δ, for each held-out patient. Rounded up.",
      example: '1.017447',
    }),
    delta: word({ title: 'At δ', means: 'Of its budget.', example: '0.00001' }),
    sentence: inWords(
      'Updates of “Heart clinic of Cleveland” (cleveland-heart) are in 6 of 6 rounds of the model.',
    ),
  },
  printed: [
    'datasetTitle',
    'ownerTitle',
    'patients',
    'grantedAt',
    'roundsIncluded',
    'trainingEpsilon',
    'heldOutEpsilon',
  ],
});
type OriginOfDataset = Static<typeof DATASETS.row>;

const ROUNDS = formOf({
  name: 'rounds',
  heading: 'Rounds',
  row: {
    round: whole({ title: 'Round', means: 'Number of the round.', example: 1 }),
    state: word({
      title: 'State',
      means: 'finalized: its aggregate is part of the model. aborted: nothing of it is.',
      example: 'finalized',
    }),
    openedAt: word({
      title: 'Opened (UTC)',
      means: 'As its sender says.',
      example: '2026-03-02T10:00:00.000Z',
    }),
    endedAt: wordOrNone({
      title: 'Ended (UTC)',
      means: 'When it was finalised or given up.',
      example: '2026-03-02T10:10:00.000Z',
    }),
    included: several({
      title: 'Included',
      means: 'Datasets whose updates are in the aggregate.',
      example: ['cleveland-heart'],
    }),
    leftOut: several({
      title: 'Left out',
      means: 'Datasets whose updates are not in it, with the reasons of those who rejected them.',
      example: ['budapest-heart: norm-exceeded by ClevelandMSP'],
    }),
    acceptedBy: several({
      title: 'Accepted by',
      means: 'Hospitals whose verdicts accepted the candidate.',
      example: ['ClevelandMSP'],
    }),
    rejectedBy: several({ title: 'Rejected by', means: 'Hospitals whose verdicts did not.', example: [] }),
    aggregateSha256: wordOrNone({
      title: 'Aggregate',
      means: 'SHA-256 of the parameters that the hospitals recomputed.',
      example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    }),
    reason: wordOrNone({ title: 'Reason', means: 'Of a round that was given up: why.', example: null }),
    sentence: inWords(
      'Round 1 was finalised with updates of cleveland-heart; 1 hospital accepted its model.',
    ),
  },
  printed: ['round', 'state', 'openedAt', 'sentence'],
});
type OriginOfRound = Static<typeof ROUNDS.row>;

const INPUTS = formOf({
  name: 'inputs',
  heading: 'What the model reads, and what it says',
  row: {
    name: word({ title: 'Name', means: 'Name of the feature that all hospitals share.', example: 'chol' }),
    label: word({ title: 'Label', means: 'Its title in the dictionary.', example: 'Serum cholesterol' }),
    kind: word({
      title: 'Kind',
      means: 'numeric, binary, categorical or code; output for what the model learns to say.',
      example: 'numeric',
    }),
    unit: wordOrNone({ title: 'Unit', means: 'Of numbers.', example: 'mg/dL' }),
    range: wordOrNone({
      title: 'Range',
      means: 'Bounds of numbers in that unit, or the categories.',
      example: '85 to 610',
    }),
    codes: several({
      title: 'Codes',
      means: 'In public terminologies.',
      example: ['loinc 2093-3'],
    }),
    sentence: inWords('The model reads Serum cholesterol (chol) in mg/dL, from 85 to 610.'),
  },
  printed: ['label', 'name', 'kind', 'unit', 'range', 'codes'],
});
type Input = Static<typeof INPUTS.row>;

type Dictionary = Dataset['dictionary'];

function inputsOf({ features, label }: Dictionary): Input[] {
  const inputs = features.map((feature): Input => {
    const numeric = feature.kind === 'numeric' ? feature : undefined;
    const categories = 'categories' in feature ? feature.categories : undefined;
    const range =
      numeric !== undefined
        ? `${numeric.bounds.low} to ${numeric.bounds.high}`
        : categories !== undefined
          ? shortened(categories)
          : null;
    const title = feature.title ?? feature.name;
    const named = title === feature.name ? quoted(title) : `${quoted(title)} (${feature.name})`;
    return {
      name: feature.name,
      label: title,
      kind: feature.kind,
      unit: numeric?.unit ?? null,
      range,
      codes: Object.entries(feature.codes ?? {}).map(([system, code]) => `${system} ${code}`),
      sentence: `The model reads ${named}${
        numeric === undefined ? '' : `, in ${quoted(numeric.unit)} from ${range}`
      }.`,
    };
  });
  const { rule, title, column } = label;
  const unit = rule.kind === 'numeric' ? rule.unit : null;
  return [
    ...inputs,
    {
      name: column,
      label: title,
      kind: 'output',
      unit,
      range: rule.kind === 'categorical' ? shortened(rule.categories) : ruleInWords(rule),
      codes: [],
      sentence: `The model learns to say ${quoted(title)}: ${quoted(ruleInWords(rule))}.`,
    },
  ];
}

const SHOWN_CATEGORIES = 12;
const shortened = (categories: readonly string[]): string =>
  categories.length <= SHOWN_CATEGORIES
    ? categories.join(', ')
    : `${categories.slice(0, SHOWN_CATEGORIES).join(', ')} and ${categories.length - SHOWN_CATEGORIES} more`;

function ruleInWords(rule: Dictionary['label']['rule']): string {
  switch (rule.kind) {
    case 'binary':
      return 'yes or no';
    case 'greater-than':
      return `whether above ${rule.threshold}`;
    case 'categorical':
      return `one of ${shortened(rule.categories)}`;
    case 'numeric':
      return `${rule.bounds.low} to ${rule.bounds.high}`;
    case 'count':
      return `a count up to ${rule.high}`;
  }
}

function roundOf(
  history: LedgerHistory,
  names: Names,
  record: { readonly round: Round; readonly at: string },
): OriginOfRound {
  const { round, at } = record;
  const { studyId, included = [], excluded = [], withdrawn = [], participants, state } = round;
  const verdicts = [...history.rows<Verdict>('verdict', [studyId, numberKey(round.round)])].flatMap(
    ({ row }) => (row === undefined ? [] : [row]),
  );
  const leftOut = participants
    .map(({ datasetId }) => datasetId)
    .filter((datasetId) => !included.includes(datasetId))
    .map((datasetId) => {
      if (withdrawn.includes(datasetId)) return `${datasetId}: consent withdrawn`;
      const by = excluded.find((one) => one.datasetId === datasetId)?.rejectedBy ?? [];
      if (by.length > 0)
        return `${datasetId}: ${by.map((one) => `${one.reason} by ${one.mspId}`).join(', ')}`;
      return `${datasetId}: ${round.updates?.includes(datasetId) ? 'too few verdicts accepted it' : 'no update'}`;
    });
  const says = (accepts: boolean) =>
    verdicts.filter(({ accepted }) => accepted === accepts).map(({ mspId }) => mspId);
  const ended = state === 'finalized' || state === 'aborted';
  const how =
    state === 'finalized'
      ? `was finalised on ${when(round.finalizedAt ?? at)} with updates of ${listed(included.map(names.sayDataset))}`
      : state === 'aborted'
        ? `was given up on ${when(at)}${round.reason === undefined ? '' : `: ${quoted(round.reason)}`}`
        : `is under way (${state})`;
  return {
    round: round.round,
    state,
    openedAt: round.openedAt,
    endedAt: ended ? (round.finalizedAt ?? at) : null,
    included: [...included],
    leftOut: state === 'aborted' ? [] : leftOut,
    acceptedBy: says(true),
    rejectedBy: says(false),
    aggregateSha256: round.aggregate?.parametersSha256 ?? null,
    reason: round.reason ?? null,
    sentence:
      `Round ${round.round} ${how}. ${count(says(true).length, 'hospital')} accepted its model and ` +
      `${count(says(false).length, 'hospital')} did not` +
      (leftOut.length === 0 || state === 'aborted' ? '.' : `. Left out: ${leftOut.join('; ')}.`),
  };
}

/** Rounds of a study, from a number on. */
function* roundsFrom(history: LedgerHistory, studyId: string, first: number) {
  for (let number = first; ; number++) {
    const record = history.row<Round>('round', [studyId, numberKey(number)]);
    if (record?.row === undefined) return;
    yield { round: record.row, at: record.at };
  }
}

function originOfDataset(
  history: LedgerHistory,
  names: Names,
  context: {
    readonly consent: Consent;
    readonly rounds: readonly Round[];
  },
): OriginOfDataset {
  const { consent, rounds } = context;
  const { datasetId } = consent;
  const charged = chargesOf(history, consent);
  const dataset = datasetOf(history, datasetId);
  const [block = 1] = blocksOf(consent);
  const epsilonOf = (pool: Pool): string | null => {
    const account = accountOf(history, populationIdOf(dataset), { pool, block });
    return account === undefined ? null : epsilonOfRounds(account.holder, consent, charged(pool));
  };
  const finalized = rounds.filter(
    ({ state, participants }) =>
      state === 'finalized' && participants.some((one) => one.datasetId === datasetId),
  );
  const roundsIncluded = finalized.filter(({ included = [] }) => included.includes(datasetId)).length;
  const band = consent.blocks?.map(({ recordCountBand }) => recordCountBand) ?? [dataset.recordCountBand];
  const sum = (bound: 'low' | 'high') => band.reduce((total, one) => total + one[bound], 0);
  const [trainingEpsilon, heldOutEpsilon] = [epsilonOf('training'), epsilonOf('held-out')];
  return {
    datasetId,
    datasetTitle: dataset.title,
    owner: dataset.owner,
    ownerTitle: names.hospital(dataset.owner),
    patients: `${sum('low')}-${sum('high')}`,
    revision: revisionOf(consent),
    blocks: blocksOf(consent).map(String),
    consent: consent.state,
    grantedAt: consent.grantedAt,
    withdrawnAt: consent.withdrawnAt ?? null,
    roundsIncluded,
    roundsLeftOut: finalized.length - roundsIncluded,
    trainingEpsilon,
    heldOutEpsilon,
    delta: dataset.privacyBudget.delta,
    sentence:
      `Updates of ${names.sayDataset(datasetId)} of ${names.sayHospital(dataset.owner)} (${sum('low')} to ` +
      `${sum('high')} ` +
      `patients) are in ${roundsIncluded} of ${count(finalized.length, 'finalised round')} that it took part ` +
      `in. Consent was ` +
      `given on ${when(consent.grantedAt)}` +
      (consent.withdrawnAt === undefined ? '' : `, and withdrawn on ${when(consent.withdrawnAt)}`) +
      `. It cost each patient at most ε ${trainingEpsilon ?? '?'} in training, or ε ${heldOutEpsilon ?? '?'} in ` +
      `scores.`,
  };
}

export const ORIGINS_OF_MODEL = question({
  path: QUESTION_PATHS.originsOfModel,
  operationId: 'askOriginsOfModel',
  summary: 'What went into a model?',
  description:
    'The datasets with their consents and costs, the rounds with who accepted, and what the model reads. Rounds come in ' +
    'pages; datasets and inputs are all there, on each. GET /v1/evidence/studies/{studyId} proves it.',
  params: { studyId: Id },
  query: {},
  errors: ['MODEL_NOT_FOUND'],
  tables: [DATASETS, ROUNDS, INPUTS],
  answer: (history, { studyId, limit = LIMIT.usual, bookmark }) => {
    const model = history.row<Model>('model', [studyId])?.row;
    const study = history.row<Study>('study', [studyId])?.row;
    if (model === undefined || study === undefined) {
      throw new DomainError('MODEL_NOT_FOUND', `study ${studyId} has no published model`);
    }
    const names = new Names(history);
    const all = [...roundsFrom(history, studyId, 1)];
    const first = bookmark === undefined ? 0 : Number(partsOf(bookmark, 1)[0]);
    if (!(Number.isSafeInteger(first) && first >= 0 && first < all.length)) throw strayBookmark();
    const rounds = all.slice(first, first + limit).map((record) => roundOf(history, names, record));
    const consents = [...history.rows<Consent>('consent', [studyId])].flatMap(({ row }) =>
      row === undefined ? [] : [row],
    );
    const datasets = consents.map((consent) =>
      originOfDataset(history, names, {
        consent,
        rounds: all.map(({ round }) => round),
      }),
    );
    const [dictionary] = model.datasets.map((datasetId) => datasetOf(history, datasetId).dictionary);
    const { training, aggregation, averaging } = study;
    return {
      question: `What went into the model of ${names.sayStudy(studyId)}?`,
      sentences: [
        `The model answers: ${quoted(study.question)} ${names.sayHospital(study.requester)} asked for it, for ` +
          `${sayPurpose(study.purpose)}.`,
        `It was published by ${names.sayHospital(model.publishedBy)} on ${when(model.publishedAt)}, from ` +
          `${count(model.rounds.length, 'finalised round')} of ${count(all.length, 'round')} and ` +
          `${count(model.datasets.length, 'dataset')}: ${listed(model.datasets.map(names.sayDataset), 'none')}.`,
        `Each round took ${count(training.stepsPerRound, 'private step')} with noise of ` +
          `${training.noiseMultiplier} times ` +
          `the clipping norm and sampling rate ${training.samplingRate}; updates are combined by the rule ` +
          `${quoted(aggregation.rule)}${averaging === undefined ? '' : ', and averaged over rounds'}.`,
        ...datasets.map(({ sentence }) => sentence),
      ],
      tables: [
        tableOf(DATASETS, datasets),
        tableOf(ROUNDS, rounds),
        tableOf(INPUTS, dictionary === undefined ? [] : inputsOf(dictionary)),
      ],
      notes: [
        'ε of a study alone. With other studies of the same patients it composes to less than the sum: the question on a ' +
          'dataset’s uses has what all of them cost.',
        'Parameters that a study names local never leave their hospital, and are not in this model.',
        'What the model reads is from the dictionary of its first dataset; the ledger refuses studies over datasets whose ' +
          'dictionaries differ in it.',
      ],
      bookmark: first + limit < all.length ? bookmarkOf(String(first + limit)) : undefined,
    };
  },
});
