// What did a hospital decline or reject, and why?
import {
  type ConsentRow,
  type Dataset,
  type Decline,
  DomainError,
  groundsOf,
  type Member,
  type MemberVote,
  type Motion,
  MspId,
  QUESTION_PATHS,
  type Study,
  type Verdict,
  type VerdictAnswer,
  type Vote,
} from '@consilium/domain';
import type { Static } from 'typebox';
import type { LedgerHistory } from '../read-model/ledger-history.ts';
import { formOf, inWords, tableOf, wholeOrNone, word, wordOrNone } from './answer.ts';
import { withdrawnConsents } from './consents.ts';
import { Names } from './names.ts';
import { numberKey } from './number-key.ts';
import { pageOf, periodOf, question, Within } from './question.ts';
import { quoted } from './readable-text.ts';
import { count, when } from './sentences.ts';

const KINDS = {
  'study declined': 'declined a study for one of its datasets',
  'consent withdrawn': 'withdrew a consent that it had given',
  'model rejected': 'rejected the candidate of a round',
  'update rejected': 'rejected one update of a round',
  'motion refused': 'voted against a motion',
  'member refused': 'voted against the removal or the return of a member',
} as const;
type Kind = keyof typeof KINDS;

/** What the codes of reasons mean, for people who have not read the reference. */
const MEANINGS: Readonly<Record<string, string>> = {
  purpose: 'the purpose is not one that the hospital supports',
  'privacy-cost': 'it costs too much of the privacy budget',
  ethics: 'ethical concerns',
  data: 'the data do not fit the study',
  capacity: 'the hospital has no capacity for it',
  other: 'another reason',
  'artefact-unreachable': 'the update could not be fetched',
  'hash-mismatch': 'the update is not the one that the ledger names',
  'not-decryptable': 'the update could not be opened',
  malformed: 'the update has not the form that it should have',
  'norm-exceeded': 'the update is larger than the study allows',
  'rejected-by-score': 'the score with it was too low',
  withdrawn: 'the consent behind it was withdrawn',
  'accuracy-below-minimum':
    'the accuracy on its own held-out patients was below the minimum that the study accepts',
  'no-acceptable-update': 'it rejected every update of the round',
  'update-rejected': 'it accepted the model without some of the updates',
  'not-stated': 'the recorded scores do not explain it: it is the word of the hospital',
};

const REFUSALS = formOf({
  name: 'refusals',
  heading: 'Refusals, oldest first',
  row: {
    kind: word({
      title: 'Kind',
      means: `One of: ${Object.keys(KINDS).join(', ')}.`,
      example: 'study declined',
    }),
    at: word({
      title: 'Time (UTC)',
      means: 'Of its transaction, as its sender says.',
      example: '2026-03-02T09:00:00.000Z',
    }),
    studyId: wordOrNone({
      title: 'Study',
      means: 'Id of the study, if it was about one.',
      example: 'heart-2026',
    }),
    studyTitle: wordOrNone({
      title: 'Title of the study',
      means: 'As its requester wrote it.',
      example: 'Coronary disease from routine findings',
    }),
    datasetId: wordOrNone({
      title: 'Dataset',
      means: 'Own dataset that was not given, or the dataset of the update that was rejected.',
      example: 'cleveland-heart',
    }),
    round: wholeOrNone({ title: 'Round', means: 'Of a verdict.', example: null }),
    code: wordOrNone({
      title: 'Reason (code)',
      means: 'The kind of reason, if it has a code.',
      example: 'ethics',
    }),
    codeMeaning: wordOrNone({
      title: 'Reason (meaning)',
      means: 'What the code means.',
      example: 'ethical concerns',
    }),
    reason: wordOrNone({
      title: 'Reason (own words)',
      means: 'What the hospital wrote.',
      example: 'the ethics board has not met',
    }),
    by: wordOrNone({
      title: 'By',
      means: 'Enrolment id of the steward, if it is recorded.',
      example: 'steward@cleveland',
    }),
    transactionId: word({
      title: 'Transaction',
      means: 'The transaction that recorded it.',
      example: '5b1f6a1c0d3e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c',
    }),
    sentence: inWords(
      'On 2026-03-02 at 09:00:00 UTC “Cleveland Clinic” (ClevelandMSP) declined “Coronary disease from routine findings” ' +
        '(heart-2026) for cleveland-heart: ethical concerns. It wrote: “the ethics board has not met”.',
    ),
  },
  printed: ['at', 'kind', 'studyTitle', 'round', 'codeMeaning', 'reason', 'sentence'],
});
type Refusal = Static<typeof REFUSALS.row>;
/** A refusal before titles are looked up; what was done is said with them. */
type Draft = Pick<Refusal, 'kind' | 'at' | 'transactionId'> &
  Partial<Refusal> & { readonly say: (study: string, dataset: string) => string };

interface Asked {
  readonly from?: string;
  readonly to?: string;
}

/** Where a refusal is in time; a text that the ledger's times are compared by. */
const inPeriod = (at: string, { from, to }: { readonly from?: string; readonly to?: string }): boolean =>
  (from === undefined || Date.parse(at) >= Date.parse(from)) &&
  (to === undefined || Date.parse(at) < Date.parse(to));

/** Declines of a hospital's datasets, also those that another one, of a later text, replaced. */
function* declines(history: LedgerHistory, datasets: readonly string[]): Iterable<Draft> {
  for (const datasetId of datasets) {
    for (const { key } of history.lookUp<Decline>('declinesOfDataset', datasetId)) {
      for (const { row, at, transactionId } of history.versions<Decline>('decline', key)) {
        if (row === undefined) continue;
        const { studyId, code, reason, steward, declinedAt } = row;
        const times = row.number > 1 ? ` for the ${ordinal(row.number)} time` : '';
        const say = (study: string, dataset: string) => `declined ${study}${times}, for ${dataset}`;
        yield {
          kind: 'study declined',
          at: declinedAt ?? at,
          transactionId,
          studyId,
          datasetId,
          code,
          reason,
          by: steward,
          say,
        };
      }
    }
  }
}

const ordinal = (n: number): string => (n === 2 ? 'second' : n === 3 ? 'third' : `${n}th`);

function* withdrawals(history: LedgerHistory, mspId: string): Iterable<Draft> {
  for (const { studyId, datasetId, withdrawnAt, reason = null } of withdrawnConsents(history, { mspId })) {
    // A settlement writes the row again: the withdrawal's own transaction is the first that says so.
    let transactionId = '';
    for (const version of history.versions<ConsentRow>('consent', [studyId, datasetId])) {
      transactionId = version.transactionId;
      if (version.row?.withdrawnAt !== undefined) break;
    }
    const say = (study: string, dataset: string) => `withdrew its consent to ${study}, for ${dataset}`;
    yield { kind: 'consent withdrawn', at: withdrawnAt, transactionId, studyId, datasetId, reason, say };
  }
}

function* rejections(history: LedgerHistory, mspId: string, period: Asked): Iterable<Draft> {
  for (const record of history.lookUp<Verdict>('refusingVerdictsOfMember', mspId)) {
    // Without reading it where it is of another time.
    if (!inPeriod(record.at, period)) continue;
    const { row, transactionId } = record;
    if (row === undefined) continue;
    const { studyId, round, recordedAt: at, accepted, decisions } = row;
    if (accepted && decisions.every(({ decision }) => decision === 'accept')) continue;
    if (!accepted) {
      const study = history.row<Study>('study', [studyId])?.row;
      const grounds = study && groundsOf(row, study);
      const { rule } = grounds ?? { rule: 'not-stated' };
      const numbers = inNumbers(grounds);
      const say = (title: string) => `rejected the candidate of round ${round} of ${title}${numbers}`;
      yield { kind: 'model rejected', at, transactionId, studyId, round, code: rule, say };
    }
    for (const decision of decisions) {
      if (decision.decision !== 'reject') continue;
      const { datasetId, reason: code } = decision;
      const say = (title: string, dataset: string) =>
        `rejected the update of ${dataset} in round ${round} of ${title}`;
      yield { kind: 'update rejected', at, transactionId, studyId, round, datasetId, code, say };
    }
  }
}

function inNumbers(grounds: VerdictAnswer['grounds']): string {
  if (grounds?.accuracyMillionths === undefined || grounds.minimum === undefined) return '';
  const { accuracyMillionths, right, wrong, minimum } = grounds;
  return (
    ` with a noised accuracy of ${(accuracyMillionths / 1e6).toFixed(3)} (${right} right and ${wrong} wrong, ` +
    `with noise; ` +
    `the study asks for ${minimum})`
  );
}

function* votes(history: LedgerHistory, mspId: string): Iterable<Draft> {
  for (const { row, transactionId } of history.lookUp<Vote>('votesOfMember', mspId)) {
    if (row === undefined || row.accept) continue;
    const { studyId, motion: number, votedAt: at, stewards } = row;
    const motion = history.row<Motion>('motion', [studyId, numberKey(number)])?.row;
    const aim = motion === undefined ? '' : `, to ${motion.kind} it`;
    const say = (study: string) => `voted against motion ${number} of ${study}${aim}`;
    yield { kind: 'motion refused', at, transactionId, studyId, by: stewards.join(', '), say };
  }
  for (const { row, transactionId } of history.lookUp<MemberVote>('memberVotesOfMember', mspId)) {
    if (row === undefined || row.accept) continue;
    const { mspId: other, question: asked, reason, votedAt: at } = row;
    const hospital = new Names(history).sayHospital(other);
    const say = () => `voted against the ${asked} of ${hospital}`;
    yield { kind: 'member refused', at, transactionId, reason, say };
  }
}

function refusalOf(names: Names, mspId: string, draft: Draft): Refusal {
  const {
    studyId = null,
    datasetId = null,
    code = null,
    reason = null,
    round = null,
    by = null,
    say,
    ...rest
  } = draft;
  const codeMeaning = code === null ? null : (MEANINGS[code] ?? null);
  const did = say(
    studyId === null ? '' : names.sayStudy(studyId),
    datasetId === null ? '' : names.sayDataset(datasetId),
  );
  return {
    kind: rest.kind,
    at: rest.at,
    studyId,
    studyTitle: studyId === null ? null : names.study(studyId),
    datasetId,
    round,
    code,
    codeMeaning,
    reason,
    by,
    transactionId: rest.transactionId,
    sentence:
      `On ${when(rest.at)} ${names.sayHospital(mspId)} ${did}` +
      (codeMeaning === null ? '.' : `: ${codeMeaning}.`) +
      (reason === null ? '' : ` It wrote: ${quoted(reason)}.`),
  };
}

export const REFUSALS_OF_HOSPITAL = question({
  path: QUESTION_PATHS.refusalsOfHospital,
  operationId: 'askRefusalsOfHospital',
  summary: 'What did a hospital decline or reject, and why?',
  description:
    'Studies that it declined, consents that it withdrew, candidates and updates that its verdicts rejected, and motions ' +
    'and members that it voted against; each with the reason on record, oldest first.',
  params: { mspId: MspId },
  query: Within,
  errors: ['MEMBER_NOT_FOUND'],
  tables: [REFUSALS],
  answer: (history, { mspId, limit, bookmark, ...times }) => {
    if (history.row<Member>('member', [mspId]) === undefined) {
      throw new DomainError('MEMBER_NOT_FOUND', `no member ${mspId}`);
    }
    const period = periodOf(times);
    const names = new Names(history);
    const datasets = [...history.rows<Dataset>('dataset')].flatMap(({ row }) =>
      row?.owner === mspId ? [row.datasetId] : [],
    );
    const drafts = [
      ...declines(history, datasets),
      ...withdrawals(history, mspId),
      ...rejections(history, mspId, period),
      ...votes(history, mspId),
    ]
      .filter(({ at }) => inPeriod(at, period))
      .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
    const of = Map.groupBy(drafts, ({ kind }) => kind as Kind);
    const page = pageOf(drafts.entries(), ([i]) => String(i), {
      ...(limit !== undefined && { limit }),
      ...(bookmark !== undefined && { bookmark }),
    });
    const rows = page.items.map(([, draft]) => refusalOf(names, mspId, draft));
    const hospital = names.sayHospital(mspId);
    const within = periodInWords(period);
    return {
      question: `What did ${hospital} decline or reject${within}, and why?`,
      sentences: [
        drafts.length === 0
          ? `${hospital} declined and rejected nothing${within}.`
          : `${hospital} refused ${count(drafts.length, 'time')}${within}: ${[...of]
              .map(([kind, those]) => `it ${KINDS[kind]} ${count(those.length, 'time')}`)
              .join('; ')}.`,
        ...(page.bookmark === undefined
          ? rows.slice(0, SENTENCES_SHOWN).map(({ sentence }) => sentence)
          : []),
      ],
      tables: [tableOf(REFUSALS, rows)],
      notes: [
        'Reasons are the word of the hospital. Where a model was rejected, the grounds follow from its recorded scores by the ' +
          "study's text of now, and tell nobody more than the scores do.",
        'Silence is no refusal: a hospital that was asked and did not answer is not listed.',
      ],
      bookmark: page.bookmark,
    };
  },
});

const SENTENCES_SHOWN = 10;

/** A period as part of a sentence; nothing where it has no ends. */
export function periodInWords({ from, to }: { readonly from?: string; readonly to?: string }): string {
  const begin = from === undefined ? '' : ` from ${when(from)} on`;
  return to === undefined ? begin : `${begin}${begin === '' ? '' : ','} before ${when(to)}`;
}
