// Who did what on a day?
import { DomainError, Id, MspId, QUESTION_PATHS, TRANSACTIONS } from '@consilium/domain';
import { type Static, Type } from 'typebox';
import { meaningOfValidationCode } from '../fabric/validation-codes.ts';
import type { TransactionRecord } from '../read-model/ledger-history.ts';
import { formOf, inWords, several, tableOf, whole, wholeOrNone, word, wordOrNone, yesNo } from './answer.ts';
import { Names } from './names.ts';
import { bookmarkOf, Day, LIMIT, partsOf, periodOfDay, question, strayBookmark } from './question.ts';
import { quoted, readable } from './readable-text.ts';
import { count, listed } from './sentences.ts';

const ACTS = formOf({
  name: 'acts',
  heading: 'Transactions, in the order of the ledger',
  row: {
    at: word({
      title: 'Time (UTC)',
      means: 'Of the transaction, as its sender says.',
      example: '2026-03-02T09:00:00.000Z',
    }),
    mspId: word({ title: 'Organisation', means: 'MSP id of the sender.', example: 'ClevelandMSP' }),
    hospital: word({ title: 'Hospital', means: 'Its title.', example: 'Cleveland Clinic' }),
    role: wordOrNone({ title: 'Role', means: "Of the sender's certificate.", example: 'steward' }),
    person: wordOrNone({
      title: 'Person',
      means: "Name in the sender's certificate.",
      example: 'steward@cleveland',
    }),
    transaction: word({
      title: 'Transaction',
      means: 'Its name on the ledger; of other programs of the channel with theirs before it.',
      example: 'study:consent',
    }),
    summary: wordOrNone({
      title: 'What it does',
      means: 'As the reference says it.',
      example: "Lets a study use the caller's dataset and reserves its whole privacy cost.",
    }),
    studyId: wordOrNone({ title: 'Study', means: 'Id of the study that it names.', example: 'heart-2026' }),
    datasetId: wordOrNone({
      title: 'Dataset',
      means: 'Id of the dataset that it names.',
      example: 'cleveland-heart',
    }),
    round: wholeOrNone({ title: 'Round', means: 'Round that it names.', example: null }),
    tookEffect: yesNo({
      title: 'Took effect',
      means: 'Whether the ledger recorded it as valid. Nothing was written otherwise.',
      example: true,
    }),
    code: word({ title: 'Code', means: "Fabric's validation code.", example: 'VALID' }),
    endorsers: several({
      title: 'Endorsed by',
      means: 'MSP ids of organisations whose peers signed its result.',
      example: ['BudapestMSP', 'ClevelandMSP'],
    }),
    block: whole({ title: 'Block', means: 'Number of the block that holds it.', example: 42 }),
    transactionId: word({
      title: 'Transaction id',
      means: 'Its id on the channel.',
      example: '5b1f6a1c0d3e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c',
    }),
    sentence: inWords(
      'At 09:00:00 UTC “steward@cleveland” (steward) of “Cleveland Clinic” (ClevelandMSP) did study:consent.',
    ),
  },
  printed: [
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
});
type Act = Static<typeof ACTS.row>;

const SUMMARIES = new Map<string, string>(TRANSACTIONS.map(({ name, summary }) => [name, summary]));
/** The chaincode of this consortium; others are named with their transactions. */
const LIFECYCLE = '_lifecycle';

/** Of a transaction's argument, what it is about: whoever sent it may have put anything there. */
function namedIn(argument: unknown): Pick<Act, 'studyId' | 'datasetId' | 'round'> {
  const { studyId, datasetId, round } = (
    typeof argument === 'object' && argument !== null ? argument : {}
  ) as Record<string, unknown>;
  return {
    studyId: isId(studyId) ? studyId : null,
    datasetId: isId(datasetId) ? datasetId : null,
    round: Number.isSafeInteger(round) ? (round as number) : null,
  };
}

const ID = new RegExp((Id as { readonly pattern?: string }).pattern!);
const isId = (text: unknown): text is string => typeof text === 'string' && ID.test(text);

function actOf(names: Names, record: TransactionRecord): Act {
  const { transactionId, block, at, chaincode, name, argument, sender, code, endorsers } = record;
  const { mspId, role = null, person = null } = sender;
  const summary = chaincode === LIFECYCLE ? null : (SUMMARIES.get(name) ?? null);
  const transaction = chaincode === LIFECYCLE ? `${chaincode} ${name}` : name;
  const about = summary === null && chaincode !== LIFECYCLE ? NOTHING : namedIn(argument);
  const tookEffect = code === 'VALID';
  const on = [
    ...(about.studyId === null ? [] : [`study ${names.sayStudy(about.studyId)}`]),
    ...(about.datasetId === null ? [] : [`dataset ${names.sayDataset(about.datasetId)}`]),
    ...(about.round === null ? [] : [`round ${about.round}`]),
  ];
  const who = person === null ? 'somebody' : quoted(person);
  return {
    at,
    mspId,
    hospital: names.hospital(mspId),
    role,
    person,
    transaction,
    summary,
    ...about,
    tookEffect,
    code,
    endorsers: [...endorsers],
    block,
    transactionId,
    sentence:
      `At ${at.slice(11, 19)} UTC ${who}${role === null ? '' : ` (${readable(role)})`} of ${names.sayHospital(mspId)} ` +
      `${tookEffect ? 'did' : 'tried'} ${readable(transaction)}${on.length === 0 ? '' : ` (${on.join(', ')})`}` +
      (tookEffect ? '.' : `, which had no effect: ${meaningOfValidationCode(code)} (${readable(code)}).`),
  };
}
const NOTHING = { studyId: null, datasetId: null, round: null };

/** Where a page begins: after the place of a transaction, since an id can be in blocks twice. */
function placeIn(bookmark: string): Pick<TransactionRecord, 'block' | 'place'> {
  const [block = Number.NaN, place = Number.NaN] = partsOf(bookmark, 2).map(Number);
  if (!Number.isSafeInteger(block) || !Number.isSafeInteger(place)) throw strayBookmark();
  return { block, place };
}

export const ACTS_OF_DAY = question({
  path: QUESTION_PATHS.actsOfDay,
  operationId: 'askActsOfDay',
  summary: 'Who did what on a day?',
  description:
    'Every transaction of a day in UTC, of every gateway, also those that had no effect; of one organisation if asked. Days ' +
    'are by the time that the sender of a transaction says; peers refuse one that is minutes off.',
  params: { day: Day },
  query: { mspId: Type.Optional(MspId) },
  errors: ['MEMBER_NOT_FOUND'],
  tables: [ACTS],
  answer: (history, { day, mspId, limit = LIMIT.usual, bookmark }) => {
    const period = periodOfDay(day);
    if (mspId !== undefined && history.row('member', [mspId]) === undefined) {
      throw new DomainError('MEMBER_NOT_FOUND', `no member ${mspId}`);
    }
    const names = new Names(history);
    const rows: Act[] = [];
    let next: string | undefined;
    let last: TransactionRecord | undefined;
    const within = {
      ...period,
      ...(mspId !== undefined && { mspId }),
      ...(bookmark !== undefined && { after: placeIn(bookmark) }),
    };
    for (const record of history.transactions(within)) {
      if (rows.length === limit && last !== undefined) {
        next = bookmarkOf(String(last.block), String(last.place));
        break;
      }
      rows.push(actOf(names, record));
      last = record;
    }
    const who = mspId === undefined ? 'Who' : names.sayHospital(mspId);
    const by = [...new Set(rows.map(({ mspId: sender }) => sender))].sort();
    const without = rows.filter(({ tookEffect }) => !tookEffect).length;
    const isWhole = bookmark === undefined && next === undefined;
    return {
      question: mspId === undefined ? `Who did what on ${day}?` : `What did ${who} do on ${day}?`,
      sentences: [
        rows.length === 0
          ? `Nothing was done on ${day}${mspId === undefined ? '' : ` by ${who}`}.`
          : `${isWhole ? '' : 'On this page: '}${count(rows.length, 'transaction')} on ${day} by ` +
            `${listed(by.map(names.sayHospital))}` +
            `${without === 0 ? ', all of which took effect' : `, of which ${without} had no effect`}.`,
      ],
      tables: [tableOf(ACTS, rows)],
      notes: [
        'Questions to the ledger leave no trace on it: who read what is in the log of each gateway.',
        'What a trainer computes within its hospital is no transaction; what leaves the hospital is recorded by one.',
      ],
      bookmark: next,
    };
  },
});
