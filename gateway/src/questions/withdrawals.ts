// What became of a withdrawn consent, and of its erasure?
import {
  type Consent,
  type DatasetErasures,
  DomainError,
  type Erasure,
  erasuresOf,
  Id,
  type Model,
  MspId,
  QUESTION_PATHS,
  type Round,
  type Study,
} from '@consilium/domain';
import { type Static, Type } from 'typebox';
import type { LedgerHistory } from '../read-model/ledger-history.ts';
import { formOf, inWords, several, tableOf, whole, word, wordOrNone, yesNo } from './answer.ts';
import { DATASET, OWNER, STUDY } from './columns.ts';
import { type WithdrawnConsent, WithdrawnConsents } from './consents.ts';
import { Names } from './names.ts';
import { bookmarkOf, partsOf, question, strayBookmark } from './question.ts';
import { quoted } from './readable-text.ts';
import { count, listed, when } from './sentences.ts';

const WITHDRAWALS = formOf({
  name: 'withdrawals',
  heading: 'Withdrawn consents',
  row: {
    ...STUDY,
    ...DATASET,
    ...OWNER,
    grantedAt: word({
      title: 'Consent given (UTC)',
      means: 'As its sender says.',
      example: '2026-03-02T09:00:00.000Z',
    }),
    withdrawnAt: word({
      title: 'Withdrawn (UTC)',
      means: 'As its sender says.',
      example: '2026-03-03T09:00:00.000Z',
    }),
    reason: wordOrNone({
      title: 'Reason',
      means: 'What the hospital wrote.',
      example: 'a patient asked for it',
    }),
    roundsBefore: whole({
      title: 'Updates (rounds)',
      means: 'Rounds of which an update of the dataset is recorded.',
      example: 3,
    }),
    roundsInModel: whole({
      title: 'In aggregates (rounds)',
      means: 'Finalised rounds whose aggregate has an update of it, and keeps it.',
      example: 2,
    }),
    settledAt: wordOrNone({
      title: 'Settled (UTC)',
      means: 'When what was reserved and not spent was returned to the accounts; none: it is still reserved.',
      example: '2026-03-03T09:05:00.000Z',
    }),
    model: word({
      title: 'Model',
      means:
        'none: the study has published none. without: no update of the dataset is in it. kept: it has updates of it and goes ' +
        'on being offered, as the study said beforehand. retired: it has, and is not to be used any more.',
      example: 'kept',
    }),
    erasureDueAt: word({
      title: 'Erasure due (UTC)',
      means:
        'Until when each hospital that could read the updates is to say that it erased its copies and keys.',
      example: '2026-04-02T09:00:00.000Z',
    }),
    done: several({ title: 'Erased', means: 'MSP ids of hospitals that said so.', example: ['BudapestMSP'] }),
    owed: several({
      title: 'Owed',
      means: 'MSP ids of hospitals that have not said so.',
      example: ['ClevelandMSP'],
    }),
    isOverdue: yesNo({
      title: 'Overdue',
      means: 'Whether what is owed is late, by the clock of this gateway.',
      example: false,
    }),
    sentence: inWords(
      '“Cleveland Clinic” (ClevelandMSP) withdrew its consent for “Heart clinic of Cleveland” (cleveland-heart).',
    ),
  },
  printed: ['studyTitle', 'datasetTitle', 'withdrawnAt', 'model', 'done', 'owed', 'isOverdue', 'sentence'],
});
type Withdrawal = Static<typeof WITHDRAWALS.row>;

const ERASURES = formOf({
  name: 'erasures',
  heading: 'Erasures, hospital by hospital',
  row: {
    studyId: word({ title: 'Study', means: 'Id of the study.', example: 'heart-2026' }),
    datasetId: word({ title: 'Dataset', means: 'Id of the dataset.', example: 'cleveland-heart' }),
    mspId: word({
      title: 'Hospital',
      means: 'MSP id of who could read the updates.',
      example: 'BudapestMSP',
    }),
    hospitalTitle: word({
      title: 'Title of the hospital',
      means: 'Its title.',
      example: 'Hungarian Institute of Cardiology',
    }),
    state: word({
      title: 'State',
      means: 'done: it said that it erased them. owed: it has not. overdue: it has not, and is late.',
      example: 'done',
    }),
    attestedAt: wordOrNone({
      title: 'Said (UTC)',
      means: 'When it said so.',
      example: '2026-03-04T09:00:00.000Z',
    }),
    artefacts: whole({ title: 'Updates', means: 'How many updates it said that it erased.', example: 3 }),
    incomplete: whole({
      title: 'Kept in part',
      means: 'Of these, how many something at the hospital still keeps, by its own word: in IPFS, or keys.',
      example: 0,
    }),
    sentence: inWords('“Hungarian Institute of Cardiology” (BudapestMSP) said that it erased 3 updates.'),
  },
  printed: ['hospitalTitle', 'studyId', 'datasetId', 'state', 'attestedAt', 'artefacts', 'incomplete'],
});
type ErasureRow = Static<typeof ERASURES.row>;

/** Rounds with an update of a dataset; those alike in who takes part and what is included are one object. */
function updatedRounds(
  history: LedgerHistory,
  studyId: string,
  datasetId: string,
): { readonly round: Round }[] {
  const updated = new Set<string>();
  for (const [, round = ''] of history.lookUpKeys('updatesOfUse', `${studyId} ${datasetId}`)) {
    updated.add(round);
  }
  const alike = new Map<string, Round>();
  const found: { round: Round }[] = [];
  for (const { form, key } of history.forms('roundsOfStudy', studyId)) {
    if (!updated.has(key[1]!)) continue;
    if (!alike.has(form)) alike.set(form, history.row<Round>('round', key)!.row!);
    found.push({ round: alike.get(form)! });
  }
  return found;
}

const rowsOf = <T>(rows: Iterable<{ readonly row: T | undefined }>): T[] =>
  [...rows].flatMap(({ row }) => (row === undefined ? [] : [row]));

function modelAfter({
  study,
  model,
  datasetId,
}: {
  readonly study: Study;
  readonly model: Model | undefined;
  readonly datasetId: string;
}): string {
  if (model === undefined) return 'none';
  if (!model.datasets.includes(datasetId)) return 'without';
  return study.afterWithdrawal === 'retired' ? 'retired' : 'kept';
}

const MODEL_IN_WORDS: Readonly<Record<string, string>> = {
  none: 'The study has published no model',
  without: 'No update of it is in the model of the study',
  kept: 'The model of the study has updates of it, and goes on being offered, as the study said beforehand: it is differentially private',
  retired:
    'The model of the study has updates of it, and is not to be used any more, as the study said beforehand',
};

function withdrawalOf(
  history: LedgerHistory,
  names: Names,
  { consent, now }: { readonly consent: Consent & { readonly withdrawnAt: string }; readonly now: string },
): { readonly row: Withdrawal; readonly erasures: ErasureRow[] } {
  const { studyId, datasetId, owner, withdrawnAt, grantedAt, settledAt = null, reason = null } = consent;
  const study = history.row<Study>('study', [studyId])!.row!;
  const model = history.row<Model>('model', [studyId])?.row;
  const rounds = updatedRounds(history, studyId, datasetId);
  const done = rowsOf(history.rows<Erasure>('erasure', [studyId, datasetId]));
  const erasures = erasuresOf(consent, { rounds, done, at: now });
  const { dueAt, owed, overdue } = erasures;
  const erased = erasures.done.map(({ mspId }) => mspId);
  const inModel = rounds.filter(({ round }) => round.included?.includes(datasetId)).length;
  const after = modelAfter({ study, model, datasetId });
  const sentence =
    `${names.sayHospital(owner)} withdrew its consent for ${names.sayDataset(datasetId)} to ` +
    `${names.sayStudy(studyId)} on ` +
    `${when(withdrawnAt)}${reason === null ? '' : `: ${quoted(reason)}`}. ${count(rounds.length, 'update')} of it ` +
    `${rounds.length === 1 ? 'is' : 'are'} recorded, and ${inModel} of them ${inModel === 1 ? 'is' : 'are'} in ` +
    `aggregates. ` +
    `${MODEL_IN_WORDS[after]}. ${erasureInWords(names, erasures)} ` +
    (settledAt === null
      ? 'What it reserved is not returned yet.'
      : 'What it reserved and did not spend was returned.');
  return {
    row: {
      studyId,
      studyTitle: study.title,
      datasetId,
      datasetTitle: names.dataset(datasetId),
      owner,
      ownerTitle: names.hospital(owner),
      grantedAt,
      withdrawnAt,
      reason,
      roundsBefore: rounds.length,
      roundsInModel: inModel,
      settledAt,
      model: after,
      erasureDueAt: dueAt,
      done: erased,
      owed,
      isOverdue: overdue.length > 0,
      sentence,
    },
    erasures: erasureRows(names, studyId, erasures),
  };
}

function erasureInWords(names: Names, { done, owed, overdue, dueAt }: DatasetErasures): string {
  if (done.length + owed.length === 0) return 'Nobody has anything of it to erase.';
  const said = `${listed(done.map(({ mspId }) => names.sayHospital(mspId)))} said that ${
    done.length === 1 ? 'it' : 'they'
  } erased ${done.length === 1 ? 'its' : 'their'} copies and keys`;
  if (owed.length === 0) return `${said}; nothing is owed.`;
  const late = overdue.length > 0 ? `is overdue since ${when(dueAt)}` : `is due until ${when(dueAt)}`;
  return `${done.length === 0 ? 'Nobody said so far that copies and keys are erased' : said}; the erasure of ${listed(
    owed.map(names.sayHospital),
  )} ${late}.`;
}

function erasureRows(
  names: Names,
  studyId: string,
  { datasetId, done, owed, overdue }: DatasetErasures,
): ErasureRow[] {
  return [
    ...done.map(({ mspId, attestedAt, artefacts }): ErasureRow => {
      const incomplete = artefacts.filter(
        ({ unpinned, keysDestroyed }) => !(unpinned && keysDestroyed),
      ).length;
      return {
        studyId,
        datasetId,
        mspId,
        hospitalTitle: names.hospital(mspId),
        state: 'done',
        attestedAt,
        artefacts: artefacts.length,
        incomplete,
        sentence:
          `${names.sayHospital(mspId)} said on ${when(attestedAt)} that it erased ` +
          `${count(artefacts.length, 'update')} of ` +
          `${names.sayDataset(datasetId)}${incomplete === 0 ? '' : `, of which it still keeps something of ${incomplete}`}.`,
      };
    }),
    ...owed.map((mspId): ErasureRow => {
      const state = overdue.includes(mspId) ? 'overdue' : 'owed';
      return {
        studyId,
        datasetId,
        mspId,
        hospitalTitle: names.hospital(mspId),
        state,
        attestedAt: null,
        artefacts: 0,
        incomplete: 0,
        sentence:
          `${names.sayHospital(mspId)} has not said that it erased the updates of ` +
          `${names.sayDataset(datasetId)}${state === 'overdue' ? ', and is late' : ''}.`,
      };
    }),
  ];
}

/** How many withdrawals a page has where it is not said, and at most: each reads every round of its study. */
const OF_PAGE = { usual: 10, most: 50 } as const;
/** How many updates the datasets of a page have together, where it has more than one: others wait meanwhile. */
const UPDATES_OF_PAGE = 400;

/** A page of withdrawn consents, from the one on that a bookmark names, and where the next page begins. */
function pageOf<T extends { readonly row: Withdrawal }>(
  withdrawn: WithdrawnConsents,
  {
    limit,
    bookmark,
    say,
  }: {
    readonly limit: number;
    readonly bookmark: string | undefined;
    readonly say: (consent: WithdrawnConsent) => T;
  },
): { readonly found: readonly T[]; readonly next: string | undefined } {
  const [studyId = '', datasetId = ''] =
    bookmark === undefined ? [] : (partsOf(bookmark, 1)[0]?.split(' ') ?? []);
  const last = bookmark === undefined ? undefined : withdrawn.find(studyId, datasetId);
  if (bookmark !== undefined && last === undefined) throw strayBookmark();
  const found: T[] = [];
  let updates = 0;
  let before: WithdrawnConsent | undefined;
  for (const consent of withdrawn.after(last)) {
    if (before !== undefined && (found.length === limit || updates >= UPDATES_OF_PAGE)) {
      return { found, next: bookmarkOf(`${before.studyId} ${before.datasetId}`) };
    }
    found.push(say(consent));
    updates += found.at(-1)!.row.roundsBefore;
    before = consent;
  }
  return { found, next: undefined };
}

export const WITHDRAWALS_AND_ERASURES = question({
  path: QUESTION_PATHS.withdrawals,
  operationId: 'askWithdrawals',
  summary: 'What became of a withdrawn consent, and of its erasure?',
  description:
    'Every withdrawn consent, or those of one study, dataset or hospital, oldest first: what of it is in aggregates and ' +
    'models, and which hospitals said that they erased its updates, owe it, or are overdue. A consent whose owner left the ' +
    'consortium is withdrawn since then.',
  params: {},
  query: { studyId: Type.Optional(Id), datasetId: Type.Optional(Id), mspId: Type.Optional(MspId) },
  errors: ['STUDY_NOT_FOUND', 'DATASET_NOT_FOUND', 'MEMBER_NOT_FOUND'],
  tables: [WITHDRAWALS, ERASURES],
  answer: (history, asked, now) => {
    const { studyId, datasetId, mspId, limit, bookmark } = asked;
    if (studyId !== undefined && history.row('study', [studyId]) === undefined) {
      throw new DomainError('STUDY_NOT_FOUND', `no study ${studyId}`);
    }
    if (datasetId !== undefined && history.row('dataset', [datasetId]) === undefined) {
      throw new DomainError('DATASET_NOT_FOUND', `no dataset ${datasetId}`);
    }
    if (mspId !== undefined && history.row('member', [mspId]) === undefined) {
      throw new DomainError('MEMBER_NOT_FOUND', `no member ${mspId}`);
    }
    const names = new Names(history);
    const withdrawn = new WithdrawnConsents(history, asked);
    const { found, next } = pageOf(withdrawn, {
      limit: Math.min(limit ?? OF_PAGE.usual, OF_PAGE.most),
      bookmark,
      say: (consent) => withdrawalOf(history, names, { consent, now }),
    });
    const all = withdrawn.count;
    const rows = found.map(({ row }) => row);
    const about = [
      ...(datasetId === undefined ? [] : [`for ${names.sayDataset(datasetId)}`]),
      ...(studyId === undefined ? [] : [`to ${names.sayStudy(studyId)}`]),
      ...(mspId === undefined ? [] : [`of ${names.sayHospital(mspId)}`]),
    ].join(' ');
    const of = about === '' ? '' : ` ${about}`;
    const late = rows.filter(({ isOverdue }) => isOverdue).length;
    return {
      question: `What became of withdrawn consents${of}, and of their erasure?`,
      sentences: [
        all === 0
          ? `No consent${of} was withdrawn.`
          : `${count(all, 'consent')}${of} ${all === 1 ? 'is' : 'are'} withdrawn.`,
        ...(rows.length === 0
          ? []
          : [
              `Of ${count(rows.length, 'erasure')} shown here ${late === 0 ? 'none' : late} ` +
                `${late === 1 ? 'is' : 'are'} overdue.`,
            ]),
        ...rows.slice(0, SENTENCES_SHOWN).map(({ sentence }) => sentence),
      ],
      tables: [
        tableOf(WITHDRAWALS, rows),
        tableOf(
          ERASURES,
          found.flatMap(({ erasures }) => erasures),
        ),
      ],
      notes: [
        'That a hospital erased something is its own word: the ledger cannot see what a machine has.',
        'An aggregate that was finalised keeps an update whose consent is withdrawn later: it is differentially private, and was ' +
          'charged. What was charged stays charged.',
        'Whether something is overdue is judged by the clock of this gateway, when it was asked.',
      ],
      bookmark: next,
    };
  },
});

const SENTENCES_SHOWN = 10;
