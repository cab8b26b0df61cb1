// Who used a dataset, or a population, for what, under which consent, at what cost?
import {
  blocksOf,
  type Consent,
  type ConsentRow,
  type Dataset,
  DomainError,
  epsilonOfRounds,
  Id,
  type Model,
  POOLS,
  type Pool,
  type Population,
  populationIdOf,
  QUESTION_PATHS,
  revisionOf,
  type Study,
  statementOf,
  timesRdp,
} from '@consilium/domain';
import type { Static } from 'typebox';
import type { LedgerHistory } from '../read-model/ledger-history.ts';
import { type Account, accountOf } from './accounts.ts';
import {
  type Answer,
  formOf,
  inWords,
  several,
  tableOf,
  vector,
  whole,
  wholeOrNone,
  word,
  wordOrNone,
} from './answer.ts';
import { chargesOf } from './charges.ts';
import { STUDY } from './columns.ts';
import { consentAsItCounts } from './consents.ts';
import { Names, purposeLabel, sayPurpose } from './names.ts';
import { pageOf, partsOf, question, strayBookmark, Vectors } from './question.ts';
import { quoted } from './readable-text.ts';
import { count, listed, when } from './sentences.ts';

const USES = formOf({
  name: 'uses',
  heading: 'Each use: a consent of a dataset to a study',
  row: {
    ...STUDY,
    datasetId: word({
      title: 'Dataset',
      means: 'Id of the dataset that was used.',
      example: 'cleveland-heart',
    }),
    datasetTitle: word({
      title: 'Title of the dataset',
      means: 'As its owner wrote it.',
      example: 'Heart clinic of Cleveland',
    }),
    requester: word({
      title: 'Requested by',
      means: 'MSP id of the organisation whose researcher proposed the study.',
      example: 'BudapestMSP',
    }),
    requesterTitle: word({
      title: 'Requesting hospital',
      means: 'Its title.',
      example: 'Hungarian Institute of Cardiology',
    }),
    purpose: word({
      title: 'Purpose',
      means: 'Code of the Data Use Ontology (GA4GH DUO).',
      example: 'DUO:0000006',
    }),
    purposeLabel: wordOrNone({
      title: 'Purpose in words',
      means: 'What the ontology calls it.',
      example: 'health or medical or biomedical research',
    }),
    studyState: word({
      title: 'State of the study',
      means: 'As of the block of this answer.',
      example: 'completed',
    }),
    consent: word({
      title: 'Consent',
      means: 'granted, withdrawn or settled (what was reserved and not spent is returned).',
      example: 'settled',
    }),
    grantedAt: word({
      title: 'Consent given (UTC)',
      means: 'Time of its transaction, as its sender says.',
      example: '2026-03-02T09:00:00.000Z',
    }),
    stewards: several({
      title: 'Stewards',
      means: 'Enrolment ids of those who consented.',
      example: ['steward@cleveland'],
    }),
    studyVersion: whole({ title: 'Text', means: 'Which text of the study was consented to.', example: 1 }),
    revision: whole({ title: 'Revision', means: 'Revision of the dataset.', example: 1 }),
    blocks: several({
      title: 'Blocks',
      means: 'Blocks of patients that were given. Each of them bears the whole cost.',
      example: ['1'],
    }),
    withdrawnAt: wordOrNone({
      title: 'Withdrawn (UTC)',
      means: 'Since when the consent is withdrawn, if it is.',
      example: null,
    }),
    trainingCharges: whole({
      title: 'Charges for training (rounds)',
      means: 'How many rounds were charged to the account of patients trained on.',
      example: 6,
    }),
    trainingEpsilon: wordOrNone({
      title: 'Cost of training (ε)',
      means:
        "ε of these charges composed, at the budget's δ, for each patient who was trained on. Rounded up. Costs of " +
        'several uses composed are less than their sum.',
      example: '2.723712',
    }),
    heldOutCharges: whole({
      title: 'Charges for scores (rounds)',
      means: 'How many scores were charged to the account of held-out patients.',
      example: 6,
    }),
    heldOutEpsilon: wordOrNone({
      title: 'Cost of scores (ε)',
      means: "ε of these charges composed, at the budget's δ, for each held-out patient. Rounded up.",
      example: '1.017447',
    }),
    roundsReserved: whole({
      title: 'Reserved (rounds)',
      means: 'Rounds that are reserved for this use and not charged yet, of each account at most.',
      example: 0,
    }),
    modelRound: wholeOrNone({
      title: 'Model (round)',
      means:
        'The last round of the model that the study published with updates of this dataset; none without one.',
      example: 6,
    }),
    trainingRdp: vector({
      title: 'Cost of training (Rényi, 1e-9)',
      means: "The same cost at each of the ledger's orders.",
    }),
    heldOutRdp: vector({
      title: 'Cost of scores (Rényi, 1e-9)',
      means: "The same cost at each of the ledger's orders.",
    }),
    sentence: inWords(
      '“Hungarian Institute of Cardiology” (BudapestMSP) used “Heart clinic of Cleveland” (cleveland-heart) in “Coronary ' +
        'disease from routine findings” (heart-2026) for health or medical or biomedical research (DUO:0000006).',
    ),
  },
  printed: [
    'studyTitle',
    'consent',
    'grantedAt',
    'trainingCharges',
    'trainingEpsilon',
    'heldOutEpsilon',
    'sentence',
  ],
});
type Use = Static<typeof USES.row>;

const ACCOUNTS = formOf({
  name: 'accounts',
  heading: 'What all uses together cost',
  row: {
    populationId: word({ title: 'Population', means: 'Id of the people.', example: 'cleveland-heart' }),
    block: whole({ title: 'Block', means: 'Block of patients.', example: 1 }),
    pool: word({
      title: 'Account',
      means: 'training: patients trained on. held-out: patients that models are scored on.',
      example: 'training',
    }),
    budgetEpsilon: word({ title: 'Budget (ε)', means: 'For life, for each patient.', example: '4' }),
    delta: word({
      title: 'At δ',
      means: 'The small probability that the budget allows.',
      example: '0.00001',
    }),
    spentEpsilon: word({
      title: 'Spent (ε)',
      means: 'All charges of all studies composed, rounded up.',
      example: '2.723712',
    }),
    leftEpsilon: word({
      title: 'Left (ε)',
      means: 'The budget less what is spent and reserved.',
      example: '1.276288',
    }),
    sentence: inWords(
      'Patients of block 1 of “Heart clinic of Cleveland” (cleveland-heart) in training have lost ε 2.723712 of 4.',
    ),
  },
  printed: ['block', 'pool', 'budgetEpsilon', 'delta', 'spentEpsilon', 'leftEpsilon'],
});

const NOTES = [
  'A use is a consent: without one, no round can take the dataset. What was asked for and not given is not listed; ' +
    'the refusals of its hospital are.',
  'ε is how much more likely any result may become by one patient’s records, at most e^ε times; δ is the small ' +
    'probability beside it. They hold against everybody who sees all updates and scores.',
  'Charges are counted from the ledger’s own. Where a release may have happened and nothing was recorded, it is charged ' +
    'when the consent is settled.',
];

/** A page of the consents of some datasets, by their keys. */
function usesOf(
  history: LedgerHistory,
  datasets: readonly Dataset[],
  { limit, bookmark }: { readonly limit?: number; readonly bookmark?: string },
) {
  const after = bookmark === undefined ? undefined : useNamed(history, datasets, bookmark);
  const left = after === undefined ? datasets : datasets.slice(datasets.indexOf(after.dataset));
  const keys = function* () {
    for (const dataset of left) {
      const range = dataset === after?.dataset ? { after } : {};
      for (const key of history.lookUpKeys('consentsOfDataset', dataset.datasetId, range)) {
        yield { dataset, key };
      }
    }
  };
  return pageOf(keys(), ({ key }) => key.join(' '), { limit: limit ?? USUAL_LIMIT });
}

/** The consent that a bookmark names. @throws DomainError INVALID_ARGUMENT where it is not asked about */
function useNamed(
  history: LedgerHistory,
  datasets: readonly Dataset[],
  bookmark: string,
): { readonly dataset: Dataset; readonly key: readonly string[] } {
  const key = partsOf(bookmark, 1)[0]!.split(' ');
  const dataset = datasets.find(({ datasetId }) => datasetId === key[1]);
  if (dataset === undefined || history.row('consent', key) === undefined) throw strayBookmark();
  return { dataset, key };
}

function answerUses(
  history: LedgerHistory,
  datasets: readonly Dataset[],
  asked: {
    readonly limit?: number;
    readonly bookmark?: string;
    readonly vectors?: boolean;
    readonly question: string;
    readonly subject: string;
    readonly populationId: string;
  },
): Answer {
  const names = new Names(history);
  const { items, bookmark } = usesOf(history, datasets, asked);
  const holderOf = accountHolders(history);
  const rows = items.map(({ dataset, key }) =>
    useOf(history, names, {
      dataset,
      consent: consentAsItCounts(history, history.row<ConsentRow>('consent', key)!.row!),
      vectors: asked.vectors ?? false,
      holderOf,
    }),
  );
  const blocks = history.row<Population>('population', [asked.populationId])?.row?.blocks ?? 1;
  const accounts = Array.from({ length: blocks }, (_, i) => i + 1)
    .slice(-BLOCKS_SHOWN)
    .flatMap((block) => POOLS.map((pool) => ({ block, pool })))
    .flatMap((of) => {
      const account = accountOf(history, asked.populationId, of);
      return account === undefined ? [] : [statementOf(account.now.account)];
    })
    .map(({ populationId, block, pool, budget, spentEpsilon, leftEpsilon }) => ({
      populationId,
      block,
      pool,
      budgetEpsilon: budget.epsilon,
      delta: budget.delta,
      spentEpsilon,
      leftEpsilon,
      sentence: accountSentence(names, { populationId, block, pool, spentEpsilon, epsilon: budget.epsilon }),
    }));
  const requesters = new Set(rows.map(({ requester }) => requester));
  const first = asked.bookmark === undefined;
  return {
    question: asked.question,
    sentences: [
      rows.length === 0 && first
        ? `Nobody used ${asked.subject}: no study has, or had, a consent.`
        : `${first && bookmark === undefined ? '' : 'On this page: '}${count(rows.length, 'use')} by ${count(
            requesters.size,
            'requester',
          )}: ${listed([...requesters].map(names.sayHospital))}.`,
      ...rows.map(({ sentence }) => sentence).slice(0, SENTENCES_SHOWN),
      ...accounts.map(({ sentence }) => sentence),
      ...(blocks > BLOCKS_SHOWN
        ? [`Of ${blocks} blocks of patients, the last ${BLOCKS_SHOWN} are shown.`]
        : []),
    ],
    tables: [tableOf(USES, rows), tableOf(ACCOUNTS, accounts)],
    notes: NOTES,
    bookmark,
  };
}

/** How many blocks of a population have their accounts shown. */
const BLOCKS_SHOWN = 16;
/** How many uses a page has where it is not said: each reads its study, its model and its accounts. */
const USUAL_LIMIT = 20;
/** How many rows are said among the sentences at the top; the table has all. */
const SENTENCES_SHOWN = 10;

/** Who holds an account, and how it adds up: each read once for an answer. */
function accountHolders(history: LedgerHistory) {
  const known = new Map<string, Account['holder'] | undefined>();
  return (populationId: string, of: { readonly pool: Pool; readonly block: number }) => {
    const key = [populationId, of.pool, of.block].join(' ');
    if (!known.has(key)) known.set(key, accountOf(history, populationId, of)?.holder);
    return known.get(key);
  };
}

function useOf(
  history: LedgerHistory,
  names: Names,
  context: {
    readonly dataset: Dataset;
    readonly consent: Consent;
    readonly vectors: boolean;
    readonly holderOf: ReturnType<typeof accountHolders>;
  },
): Use {
  const { dataset, consent, vectors, holderOf } = context;
  const { studyId, datasetId } = consent;
  const study = history.row<Study>('study', [studyId])!.row!;
  const model = history.row<Model>('model', [studyId])?.row;
  const [block = 1] = blocksOf(consent);
  const chargedTo = chargesOf(history, consent);
  const epsilonOf = (pool: Pool): string | null => {
    const holder = holderOf(populationIdOf(dataset), { pool, block });
    return holder === undefined ? null : epsilonOfRounds(holder, consent, chargedTo(pool));
  };
  const [trainingEpsilon, heldOutEpsilon] = [epsilonOf('training'), epsilonOf('held-out')];
  const least = Math.min(chargedTo('training'), chargedTo('held-out'));
  const row = {
    studyId,
    studyTitle: study.title,
    datasetId,
    datasetTitle: dataset.title,
    requester: study.requester,
    requesterTitle: names.hospital(study.requester),
    purpose: study.purpose,
    purposeLabel: purposeLabel(study.purpose),
    studyState: study.state,
    consent: consent.state,
    grantedAt: consent.grantedAt,
    stewards: [...(consent.stewards ?? [])],
    studyVersion: consent.studyVersion ?? 1,
    revision: revisionOf(consent),
    blocks: blocksOf(consent).map(String),
    withdrawnAt: consent.withdrawnAt ?? null,
    trainingCharges: chargedTo('training'),
    trainingEpsilon,
    heldOutCharges: chargedTo('held-out'),
    heldOutEpsilon,
    roundsReserved: consent.state === 'settled' ? 0 : Math.max(0, consent.rounds - least),
    modelRound: model?.datasets.includes(datasetId) ? model.round : null,
    ...(vectors && {
      trainingRdp: timesRdp(consent.costPerRound.training, chargedTo('training')),
      heldOutRdp: timesRdp(consent.costPerRound.heldOut, chargedTo('held-out')),
    }),
  };
  return { ...row, sentence: useSentence(names, row) };
}

function useSentence(names: Names, use: Omit<Use, 'sentence'>): string {
  const { stewards, withdrawnAt, trainingEpsilon, heldOutEpsilon, trainingCharges, heldOutCharges } = use;
  const consented =
    `Consent was given on ${when(use.grantedAt)}` +
    (stewards.length === 0 ? '' : ` by ${listed(stewards.map((steward) => quoted(steward)))}`) +
    ` to text ${use.studyVersion}` +
    (withdrawnAt === null ? '' : `, and is withdrawn since ${when(withdrawnAt)}`);
  const isUsed = trainingCharges + heldOutCharges > 0;
  const verb = isUsed ? 'used' : use.roundsReserved > 0 && withdrawnAt === null ? 'may use' : 'did not use';
  const cost = !isUsed
    ? 'Nothing was charged'
    : `It cost each patient at most ε ${trainingEpsilon ?? '?'} in training (${count(
        trainingCharges,
        'charge',
      )}), or ε ${heldOutEpsilon ?? '?'} in scores (${count(heldOutCharges, 'charge')})`;
  return (
    `${names.sayHospital(use.requester)} ${verb} ${names.sayDataset(use.datasetId)} in ` +
    `${names.sayStudy(use.studyId)} for ` +
    `${sayPurpose(use.purpose)}. ${consented}. ${cost}.`
  );
}

const accountSentence = (
  names: Names,
  account: {
    readonly populationId: string;
    readonly block: number;
    readonly pool: Pool;
    readonly spentEpsilon: string;
    readonly epsilon: string;
  },
): string =>
  `All studies together cost each ${account.pool === 'training' ? 'patient trained on' : 'held-out patient'} in ` +
  `block ` +
  `${account.block} of ${names.sayPopulation(account.populationId)} at most ε ${account.spentEpsilon} of ` +
  `${account.epsilon}.`;

/** The dataset of an id. @throws DomainError DATASET_NOT_FOUND */
export function datasetOf(history: LedgerHistory, datasetId: string): Dataset {
  const dataset = history.row<Dataset>('dataset', [datasetId])?.row;
  if (dataset === undefined) throw new DomainError('DATASET_NOT_FOUND', `no dataset ${datasetId}`);
  return dataset;
}

/** Datasets of a population, also of one that came with a dataset before there were rows of them. */
function datasetsOf(history: LedgerHistory, populationId: string): Dataset[] {
  const population = history.row<Population>('population', [populationId])?.row;
  const implied = history.row<Dataset>('dataset', [populationId])?.row;
  if (population !== undefined) return population.datasets.map((datasetId) => datasetOf(history, datasetId));
  if (implied !== undefined && populationIdOf(implied) === populationId) return [implied];
  throw new DomainError('POPULATION_NOT_FOUND', `no population ${populationId}`);
}

const common = {
  query: Vectors,
  tables: [USES, ACCOUNTS],
} as const;

export const USES_OF_DATASET = question({
  ...common,
  path: QUESTION_PATHS.usesOfDataset,
  operationId: 'askUsesOfDataset',
  summary: 'Who used a dataset, for what, under which consent, at what cost?',
  description:
    'One row for each consent of the dataset to a study, with the charges of that study and what they cost; and the ' +
    'accounts of its patients, which all studies share.',
  params: { datasetId: Id },
  errors: ['DATASET_NOT_FOUND'],
  answer: (history, { datasetId, ...asked }) => {
    const dataset = datasetOf(history, datasetId);
    const subject = `dataset ${new Names(history).sayDataset(datasetId)}`;
    return answerUses(history, [dataset], {
      ...asked,
      subject,
      question: `Who used ${subject}, for what, under which consent, at what cost?`,
      populationId: populationIdOf(dataset),
    });
  },
});

export const USES_OF_POPULATION = question({
  ...common,
  path: QUESTION_PATHS.usesOfPopulation,
  operationId: 'askUsesOfPopulation',
  summary: 'Who used the data of a population, for what, under which consent, at what cost?',
  description:
    'As for a dataset, over every dataset that is about these people. Their privacy accounts are theirs, whichever dataset ' +
    'was used.',
  params: { populationId: Id },
  errors: ['POPULATION_NOT_FOUND'],
  answer: (history, { populationId, ...asked }) => {
    const subject = `population ${new Names(history).sayPopulation(populationId)}`;
    return answerUses(history, datasetsOf(history, populationId), {
      ...asked,
      subject,
      question: `Who used data about ${subject}, for what, under which consent, at what cost?`,
      populationId,
    });
  },
});
