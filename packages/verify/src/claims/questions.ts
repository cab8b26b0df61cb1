// How evidence asks peers about each kind of subject, and which of the rows that they read for it have to be shown with
// the blocks that wrote them. Who makes a file and who checks it go by the same table, so that a file holds what its
// claim needs, and no more.
import { HISTORY_NOUNS, type Revision } from '@consilium/domain';
import { partsOf, type Version } from '../blocks/read-write-set.ts';
import type { Subject } from '../bundle/bundle-claim.ts';

/** One question to the ledger: a query's name, and its argument. */
export interface Question {
  readonly name: string;
  readonly argument: Readonly<Record<string, unknown>>;
}

/** How evidence asks for a model and everything behind it. */
export const LINEAGE_QUESTION = 'model:getLineage';
/** How it asks for a study that has no model. */
export const RECORD_QUESTION = 'study:getRecord';
export const DATASET_QUESTION = 'dataset:get';
export const REVISIONS_QUESTION = 'dataset:listRevisions';
export const ACCOUNT_QUESTION = 'privacy:getBudget';
export const CONSENT_QUESTION = 'study:getConsent';
export const ACTIVITY_QUESTION = 'audit:listActivities';
export const HISTORY_QUESTION = 'audit:getHistory';

const QUESTIONS: Readonly<Record<Subject['kind'], readonly string[]>> = {
  study: [LINEAGE_QUESTION, RECORD_QUESTION],
  model: [LINEAGE_QUESTION],
  dataset: [DATASET_QUESTION, REVISIONS_QUESTION, ACCOUNT_QUESTION, CONSENT_QUESTION],
  transaction: [ACTIVITY_QUESTION, HISTORY_QUESTION],
};

/** Whether a question is one that evidence of this subject asks. */
export function isQuestionOn(subject: Subject, { name, argument }: Question): boolean {
  if (!QUESTIONS[subject.kind].includes(name)) return false;
  if (subject.kind === 'transaction') return true;
  if (subject.kind === 'dataset') return argument.datasetId === subject.datasetId;
  return argument.studyId === subject.studyId;
}

/** What a question of several on one subject is about, in words; undefined of one that is alone, or a page. */
export function wordsOf({ name, argument }: Question): string | undefined {
  switch (name) {
    case DATASET_QUESTION:
      return 'the dataset';
    case ACCOUNT_QUESTION:
      return `${String(argument.pool)} account of block ${String(argument.block ?? 1)} of its patients`;
    case CONSENT_QUESTION:
      return `consent to ${String(argument.studyId)}`;
    default:
      return undefined;
  }
}

/** Whether a row, once written, is never written again. */
export const isUnchanging = (key: string): boolean => partsOf(key)[0] === 'revision';

/** Rows whose blocks show how a model came about; all else of its history is closed by the digest in one of them. */
const BEHIND_A_MODEL: readonly string[] = ['model', 'study', 'round'];

/** Whether the block that wrote a row which an answer read has to be in the file. */
export function mustBeShown({ kind }: Subject, key: string): boolean {
  if (kind === 'transaction') return false;
  return kind !== 'model' || BEHIND_A_MODEL.includes(partsOf(key)[0] ?? '');
}

/** Asks one peer, so that it is known which questions make up an answer. */
export type Ask = (question: Question) => Promise<unknown>;

/** Of this subject nothing that peers are asked for says enough. */
export class UnprovableError extends Error {
  override readonly name = 'UnprovableError';
}

/** A valid transaction of the rules' chaincode. */
export interface IndexedTransaction extends Version {
  readonly transactionId: string;
  /** Keys of rows that it wrote. */
  readonly written: readonly string[];
  /** How many transactions of the same time are before it in the index of activities. */
  readonly before: number;
}

/** What is known of the subject from the channel's blocks before anybody is asked. */
export interface KnownOfSubject {
  /** Studies that had the dataset's consent. */
  readonly consented: readonly string[];
  /** The transaction, where there is a valid one. */
  readonly transaction: IndexedTransaction | undefined;
}

/** Every question whose answers make up the evidence of a subject. @throws UnprovableError */
export async function questionsOn(subject: Subject, known: KnownOfSubject, ask: Ask): Promise<Question[]> {
  switch (subject.kind) {
    case 'model':
      return pagesOn({ name: LINEAGE_QUESTION, argument: { studyId: subject.studyId } }, ask);
    case 'study': {
      const { studyId } = subject;
      const study = (await ask({ name: 'study:get', argument: { studyId } })) as { readonly state: string };
      const name = study.state === 'completed' ? LINEAGE_QUESTION : RECORD_QUESTION;
      return pagesOn({ name, argument: { studyId } }, ask);
    }
    case 'dataset':
      return questionsOnDataset(subject.datasetId, known.consented, ask);
    case 'transaction':
      return [await questionOnTransaction(known.transaction, ask)];
  }
}

/** The pages of a question, as one peer bounds them. */
async function pagesOn(question: Question, ask: Ask, seen: (page: unknown) => void = () => {}) {
  const questions: Question[] = [];
  let bookmark: string | undefined;
  do {
    const argument = { ...question.argument, ...(bookmark !== undefined && { bookmark }) };
    questions.push({ name: question.name, argument });
    const page = (await ask(questions.at(-1)!)) as { readonly bookmark?: string };
    seen(page);
    bookmark = page.bookmark;
  } while (bookmark !== undefined);
  return questions;
}

/** What the accounts of a pool are called. */
const POOLS_ASKED = ['training', 'held-out'] as const;

async function questionsOnDataset(
  datasetId: string,
  consented: readonly string[],
  ask: Ask,
): Promise<Question[]> {
  const blocks = new Set<number>();
  const ofRevisions = await pagesOn({ name: REVISIONS_QUESTION, argument: { datasetId } }, ask, (page) => {
    for (const revision of (page as { readonly items: readonly Revision[] }).items) {
      for (const { block } of revision.blocks) blocks.add(block);
    }
  });
  const accounts = [...blocks]
    .sort((a, b) => a - b)
    .flatMap((block) => POOLS_ASKED.map((pool) => ({ datasetId, pool, block })));
  return [
    { name: DATASET_QUESTION, argument: { datasetId } },
    ...ofRevisions,
    ...accounts.map((argument) => ({ name: ACCOUNT_QUESTION, argument })),
    ...consented.map((studyId) => ({ name: CONSENT_QUESTION, argument: { studyId, datasetId } })),
  ];
}

/** Nouns whose keys have a number behind the first id: of one width there, and plain where somebody asks. */
const NUMBERED: readonly string[] = ['block', 'revision', 'round', 'update', 'verdict'];
const plainKey = (noun: string, key: readonly string[]): string[] =>
  key.map((part, i) => (i === 1 && NUMBERED.includes(noun) ? String(Number(part)) : part));

/** Rows whose history a peer answers. Accounts have versions that are rows of their own. */
const TOLD = new Set<string>(HISTORY_NOUNS.filter((noun) => noun !== 'budget'));

/**
 * The one question whose answer shows that a transaction is valid: by the row that every transaction leaves in the
 * index of activities; of those from before there was one, by the history of a row that it wrote.
 */
async function questionOnTransaction(
  transaction: IndexedTransaction | undefined,
  ask: Ask,
): Promise<Question> {
  if (transaction === undefined) throw new UnprovableError('no block holds such a valid transaction');
  const written = transaction.written.map(partsOf);
  const [, at] = written.find(([kind]) => kind === 'activity') ?? [];
  if (at !== undefined) {
    const to = new Date(Date.parse(at) + 1).toISOString();
    const argument = { by: 'all', from: at, to, pageSize: transaction.before + 1 };
    return { name: ACTIVITY_QUESTION, argument };
  }
  const [noun, ...key] = written.find(([kind]) => TOLD.has(kind ?? '')) ?? [];
  if (noun === undefined) {
    throw new UnprovableError(
      'it wrote no row of which peers can be asked, so that nobody attests that it is valid',
    );
  }
  const pages = new Map<Question, unknown>();
  const asking: Ask = async (question) => {
    const page = await ask(question);
    pages.set(question, page);
    return page;
  };
  await pagesOn({ name: HISTORY_QUESTION, argument: { noun, key: plainKey(noun, key) } }, asking);
  const found = [...pages].find(([, page]) =>
    (page as { readonly items: readonly { readonly transactionId: string }[] }).items.some(
      ({ transactionId }) => transactionId === transaction.transactionId,
    ),
  );
  if (found === undefined) throw new UnprovableError('peers do not know it in the history of what it wrote');
  return found[0];
}
