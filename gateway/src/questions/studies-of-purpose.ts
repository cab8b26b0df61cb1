// Which studies ran under a purpose in a period? Runs, not proposals: a study counts where a round of it was open then.
import { PURPOSES, QUESTION_PATHS, type Round, type Study, Words } from '@consilium/domain';
import type { Static } from 'typebox';
import type { LedgerHistory } from '../read-model/ledger-history.ts';
import { formOf, inWords, several, tableOf, whole, word, wordOrNone } from './answer.ts';
import { STUDY } from './columns.ts';
import { Names, sayPurpose } from './names.ts';
import { bookmarkOf, partsOf, periodOf, question, strayBookmark, Within } from './question.ts';
import { periodInWords } from './refusals.ts';
import { count, listed, when } from './sentences.ts';

const STUDIES = formOf({
  name: 'studies',
  heading: 'Studies that ran',
  row: {
    ...STUDY,
    requester: word({ title: 'Requested by', means: 'MSP id.', example: 'BudapestMSP' }),
    requesterTitle: word({
      title: 'Requesting hospital',
      means: 'Its title.',
      example: 'Hungarian Institute of Cardiology',
    }),
    state: word({ title: 'State', means: 'As of the block of this answer.', example: 'completed' }),
    startedAt: word({
      title: 'Started (UTC)',
      means: 'As its sender says.',
      example: '2026-03-02T10:00:00.000Z',
    }),
    endedAt: wordOrNone({
      title: 'Ended (UTC)',
      means: 'With a model, or without one.',
      example: '2026-03-02T12:00:00.000Z',
    }),
    rounds: whole({
      title: 'Rounds in the period',
      means: 'Rounds that were open at some time of the period.',
      example: 6,
    }),
    firstRoundAt: word({
      title: 'First round (UTC)',
      means: 'When the first of these rounds opened.',
      example: '2026-03-02T10:01:00.000Z',
    }),
    hospitals: several({
      title: 'Hospitals',
      means: 'MSP ids of those whose datasets took part in these rounds.',
      example: ['BudapestMSP', 'ClevelandMSP'],
    }),
    datasets: several({
      title: 'Datasets',
      means: 'Datasets that took part in these rounds.',
      example: ['budapest-heart', 'cleveland-heart'],
    }),
    sentence: inWords(
      '“Coronary disease from routine findings” (heart-2026) ran 6 rounds with 2 datasets of 2 hospitals.',
    ),
  },
  printed: ['studyTitle', 'requesterTitle', 'state', 'startedAt', 'rounds', 'sentence'],
});
type StudyThatRan = Static<typeof STUDIES.row>;

/** Of rounds that ran: how many, since when, and one of each form. */
interface RanRounds {
  readonly count: number;
  readonly firstAt: string;
  readonly forms: readonly Round[];
}

/** Rounds of a study that were open at some time of a period; undefined where there were none. */
function roundsIn(
  history: LedgerHistory,
  studyId: string,
  period: { readonly from?: string; readonly to?: string },
): RanRounds | undefined {
  const entries = [...history.forms('roundsOfStudy', studyId, period)];
  if (entries.length === 0) return undefined;
  const keys = new Map(entries.map(({ form, key }) => [form, key]));
  return {
    count: entries.length,
    firstAt: entries.map(({ since }) => since).sort()[0]!,
    forms: [...keys.values()].map((key) => history.row<Round>('round', key)!.row!),
  };
}

function studyThatRan(names: Names, study: Study, rounds: RanRounds): StudyThatRan {
  const participants = rounds.forms.flatMap((round) => round.participants);
  const hospitals = [...new Set(participants.map(({ mspId }) => mspId))].sort();
  const datasets = [...new Set(participants.map(({ datasetId }) => datasetId))].sort();
  const { studyId, title, requester, state, startedAt, endedAt } = study;
  return {
    studyId,
    studyTitle: title,
    requester,
    requesterTitle: names.hospital(requester),
    state,
    startedAt: startedAt!,
    endedAt: endedAt ?? null,
    rounds: rounds.count,
    firstRoundAt: rounds.firstAt,
    hospitals,
    datasets,
    sentence:
      `${names.sayStudy(studyId)}, asked for by ${names.sayHospital(requester)}, ran ` +
      `${count(rounds.count, 'round')} from ` +
      `${when(rounds.firstAt)} on, with ${count(datasets.length, 'dataset')} of ` +
      `${listed(hospitals.map(names.sayHospital))}. ` +
      `It is ${state}.`,
  };
}

/** How many studies a page has where it is not said, and at most: each reads its rounds. */
const OF_PAGE = { usual: 25, most: 100 } as const;

export const STUDIES_OF_PURPOSE = question({
  path: QUESTION_PATHS.studiesOfPurpose,
  operationId: 'askStudiesOfPurpose',
  summary: 'Which studies ran under a purpose in a period?',
  description:
    'Studies of which a round was open at some time of the period, by the code of their purpose (GA4GH DUO). Proposals that ' +
    'never ran a round are not listed. Without a period: from the beginning until now.',
  params: { purpose: Words(PURPOSES, 'Code of the Data Use Ontology.') },
  query: Within,
  errors: [],
  tables: [STUDIES],
  answer: (history, { purpose, limit: asked, bookmark, ...times }) => {
    const period = periodOf(times);
    const limit = Math.min(asked ?? OF_PAGE.usual, OF_PAGE.most);
    const names = new Names(history);
    const after = bookmark === undefined ? undefined : partsOf(bookmark, 1)[0];
    if (after !== undefined && history.row('study', [after]) === undefined) throw strayBookmark();
    const rows: StudyThatRan[] = [];
    let more = false;
    const range = { during: period, after: after === undefined ? undefined : { key: [after] } };
    for (const [studyId = ''] of history.lookUpKeys('studiesOfPurpose', purpose, range)) {
      const rounds = roundsIn(history, studyId, period);
      const study = history.row<Study>('study', [studyId])?.row;
      if (study === undefined || rounds === undefined) continue;
      if (rows.length === limit) {
        more = true;
        break;
      }
      rows.push(studyThatRan(names, study, rounds));
    }
    const last = rows.at(-1);
    const proposals = history.count('studiesOfPurpose', purpose);
    const within = periodInWords(period);
    const isWhole = after === undefined && !more;
    return {
      question: `Which studies ran for ${sayPurpose(purpose)}${within}?`,
      sentences: [
        rows.length === 0 && isWhole
          ? `No study ran for ${sayPurpose(purpose)}${within}.`
          : `${isWhole ? '' : 'On this page: '}${count(rows.length, 'study', 'studies')} ran for ` +
            `${sayPurpose(purpose)}${within}.`,
        ...(isWhole && proposals > rows.length
          ? [`${count(proposals - rows.length, 'other proposal')} with this purpose ran no round${within}.`]
          : []),
      ],
      tables: [tableOf(STUDIES, rows)],
      notes: [
        'A study ran in a period if a round of it was open at some time of it. Times are those of transactions, which their ' +
          'senders say, and which peers refuse where they are minutes off.',
        'A study has the one purpose that it was proposed with; consents are given to it, and no amendment changes it.',
      ],
      bookmark: more && last !== undefined ? bookmarkOf(last.studyId) : undefined,
    };
  },
});
