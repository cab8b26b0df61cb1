// What did a hospital decline or reject, and why?
import {
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
import type { LedgerHistory, RefusalPlace, RefusalRecord, RowRecord } from '../read-model/ledger-history.ts';
import { REFUSAL_SOURCES, type RefusalKind, refusedIn } from '../read-model/refusal-events.ts';
import { formOf, inWords, tableOf, wholeOrNone, word, wordOrNone } from './answer.ts';
import type { WithdrawnConsent } from './consents.ts';
import { HospitalRefusals } from './hospital-refusals.ts';
import { Names } from './names.ts';
import { numberKey } from './number-key.ts';
import { bookmarkOf, LIMIT, partsOf, periodOf, question, strayBookmark, Within } from './question.ts';
import { quoted } from './readable-text.ts';
import { count, when } from './sentences.ts';

const KINDS = {
  'study declined': 'declined a study for one of its datasets',
  'consent withdrawn': 'withdrew a consent that it had given',
  'model rejected': 'rejected the candidate of a round',
  'update rejected': 'rejected one update of a round',
  'motion refused': 'voted against a motion',
  'member refused': 'voted against the removal or the return of a member',
} as const satisfies Readonly<Record<RefusalKind, string>>;

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
type Draft = Pick<Refusal, 'at'> &
  Partial<Refusal> & { readonly say: (study: string, dataset: string) => string };

/** What a hospital refused, as the row that says so has it. */
function draftOf(history: LedgerHistory, { source, part, record }: RefusalRecord): Draft {
  switch (source) {
    case 'decline':
      return declined(record as RowRecord<Decline>);
    case 'consent':
      return withdrawn((record as RowRecord<WithdrawnConsent>).row!);
    case 'verdict':
      return rejected(history, (record as RowRecord<Verdict>).row!, part);
    case 'vote':
      return votedAgainst(history, (record as RowRecord<Vote>).row!);
    case 'member-vote':
      return votedAgainstMember(history, (record as RowRecord<MemberVote>).row!);
  }
}

function declined(record: RowRecord<Decline>): Draft {
  const { studyId, datasetId, code, reason, steward, declinedAt, number } = record.row!;
  const times = number > 1 ? ` for the ${ordinal(number)} time` : '';
  const say = (study: string, dataset: string) => `declined ${study}${times}, for ${dataset}`;
  return { at: declinedAt ?? record.at, studyId, datasetId, code, reason, by: steward, say };
}

const ordinal = (n: number): string => (n === 2 ? 'second' : n === 3 ? 'third' : `${n}th`);

function withdrawn({ studyId, datasetId, withdrawnAt: at, reason }: WithdrawnConsent): Draft {
  const say = (study: string, dataset: string) => `withdrew its consent to ${study}, for ${dataset}`;
  return { at, studyId, datasetId, reason: reason ?? null, say };
}

function rejected(history: LedgerHistory, verdict: Verdict, part: number): Draft {
  const { studyId, round, recordedAt: at } = verdict;
  const decision = refusedIn(verdict).find((one) => one.part === part)?.decision;
  if (decision !== undefined) {
    const { datasetId, reason: code } = decision;
    const say = (title: string, dataset: string) =>
      `rejected the update of ${dataset} in round ${round} of ${title}`;
    return { at, studyId, round, datasetId, code, say };
  }
  const study = history.row<Study>('study', [studyId])?.row;
  const grounds = study && groundsOf(verdict, study);
  const { rule } = grounds ?? { rule: 'not-stated' };
  const say = (title: string) => `rejected the candidate of round ${round} of ${title}${inNumbers(grounds)}`;
  return { at, studyId, round, code: rule, say };
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

function votedAgainst(
  history: LedgerHistory,
  { studyId, motion: number, votedAt: at, stewards }: Vote,
): Draft {
  const motion = history.row<Motion>('motion', [studyId, numberKey(number)])?.row;
  const aim = motion === undefined ? '' : `, to ${motion.kind} it`;
  const say = (study: string) => `voted against motion ${number} of ${study}${aim}`;
  return { at, studyId, by: stewards.join(', '), say };
}

function votedAgainstMember(
  history: LedgerHistory,
  { mspId: other, question: asked, reason, votedAt: at }: MemberVote,
): Draft {
  const hospital = new Names(history).sayHospital(other);
  return { at, reason, say: () => `voted against the ${asked} of ${hospital}` };
}

function refusalOf(
  names: Names,
  mspId: string,
  { refused, draft }: { readonly refused: RefusalRecord; readonly draft: Draft },
): Refusal {
  const { kind, record } = refused;
  const {
    studyId = null,
    datasetId = null,
    code = null,
    reason = null,
    round = null,
    by = null,
    say,
    at,
  } = draft;
  const codeMeaning = code === null ? null : (MEANINGS[code] ?? null);
  const did = say(
    studyId === null ? '' : names.sayStudy(studyId),
    datasetId === null ? '' : names.sayDataset(datasetId),
  );
  return {
    kind,
    at,
    studyId,
    studyTitle: studyId === null ? null : names.study(studyId),
    datasetId,
    round,
    code,
    codeMeaning,
    reason,
    by,
    transactionId: record.transactionId,
    sentence:
      `On ${when(at)} ${names.sayHospital(mspId)} ${did}` +
      (codeMeaning === null ? '.' : `: ${codeMeaning}.`) +
      (reason === null ? '' : ` It wrote: ${quoted(reason)}.`),
  };
}

/** A page of refusals, and where the next begins. */
function pageOf(
  refused: Iterable<RefusalRecord>,
  limit: number,
): { readonly items: readonly RefusalRecord[]; readonly bookmark: string | undefined } {
  const items: RefusalRecord[] = [];
  for (const one of refused) {
    if (items.length < limit) items.push(one);
    else return { items, bookmark: bookmarkAfter(items.at(-1)!) };
  }
  return { items, bookmark: undefined };
}

const bookmarkAfter = ({ atMs, source, version, part }: RefusalPlace): string =>
  bookmarkOf(String(atMs), source, String(version), String(part));

function placeIn(bookmark: string): RefusalPlace {
  const [at, named, ...numbers] = partsOf(bookmark, 4);
  const source = REFUSAL_SOURCES.find((one) => one === named);
  const [atMs = Number.NaN, version = Number.NaN, part = Number.NaN] = [at, ...numbers].map(Number);
  if (source === undefined || ![atMs, version, part].every(Number.isSafeInteger)) throw strayBookmark();
  return { atMs, source, version, part };
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
  answer: (history, { mspId, limit = LIMIT.usual, bookmark, ...times }) => {
    if (history.row<Member>('member', [mspId]) === undefined) {
      throw new DomainError('MEMBER_NOT_FOUND', `no member ${mspId}`);
    }
    const period = periodOf(times);
    const names = new Names(history);
    const refused = new HospitalRefusals(history, mspId, period);
    const page = pageOf(refused.after(bookmark === undefined ? undefined : placeIn(bookmark)), limit);
    const rows = page.items.map((one) =>
      refusalOf(names, mspId, { refused: one, draft: draftOf(history, one) }),
    );
    const counts = refused.counts();
    const all = counts.reduce((sum, of) => sum + of.count, 0);
    const hospital = names.sayHospital(mspId);
    const within = periodInWords(period);
    return {
      question: `What did ${hospital} decline or reject${within}, and why?`,
      sentences: [
        all === 0
          ? `${hospital} declined and rejected nothing${within}.`
          : `${hospital} refused ${count(all, 'time')}${within}: ${counts
              .map(({ kind, count: times }) => `it ${KINDS[kind]} ${count(times, 'time')}`)
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
