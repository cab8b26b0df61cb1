// That one transaction is in the chain and valid: who sent it, who endorsed it, what it wrote, and whose peers say that
// it took effect. They say so in read sets, which name the version of a row that it wrote; of transactions from before
// every one left a row in the index of activities, in the history of a row that it wrote.
import { canonicalJson } from '@consilium/domain';
import type { Problem } from '../blocks/block-replay.ts';
import type { CheckedTransaction, LedgerReplay } from '../blocks/ledger-replay.ts';
import { partsOf, readableKey, sameVersion, type Write } from '../blocks/read-write-set.ts';
import { readTransaction } from '../blocks/transaction.ts';
import { HISTORY_QUESTION } from './questions.ts';
import type { AgreedAnswer } from './signed-answers.ts';

/** One row as a transaction left it. */
export interface WrittenRow {
  /** Its kind and what identifies it: consent/heart/beta-icu. */
  readonly key: string;
  /** As JSON where it is; undefined where it was deleted, or is of no such form. */
  readonly row: unknown;
  readonly isDeleted: boolean;
}

/** What evidence of a transaction proves. */
export interface ProvenTransaction extends CheckedTransaction {
  /** What its sender asked for, as JSON; undefined where it is none. */
  readonly argument: unknown;
  readonly written: readonly WrittenRow[];
}

/** What does not hold of it, and what it proves. */
export function checkTransaction(
  transactionId: string,
  answers: readonly AgreedAnswer[],
  { replay, chaincode }: TransactionContext,
): { readonly problems: readonly Problem[]; readonly transaction: ProvenTransaction | undefined } {
  const checked = replay.transactions.find((one) => one.transactionId === transactionId);
  if (checked === undefined || checked.chaincode !== chaincode) {
    const text = 'no block that is shown holds it as a valid transaction of these rules';
    return { problems: [{ place: 'transaction', text }], transaction: undefined };
  }
  const { sets, input } = readTransaction(replay.asked.envelope!);
  const writes = sets.filter(({ namespace }) => namespace === chaincode).flatMap((set) => set.writes);
  const problems = answers.some((answer) => isToldBy(answer, checked, { writes, chaincode }))
    ? []
    : [{ place: 'answers', text: 'none of them is about what the transaction wrote' }];
  const written = writes.map(writtenRow).sort((a, b) => (a.key < b.key ? -1 : 1));
  return { problems, transaction: { ...checked, argument: parse(input[1]), written } };
}

interface TransactionContext {
  /** It was asked for this transaction. */
  readonly replay: LedgerReplay;
  readonly chaincode: string;
}

/** Whether peers that gave this answer read a row of the transaction's own version, or said that it wrote one. */
function isToldBy(
  { question, response, reads }: AgreedAnswer,
  checked: CheckedTransaction,
  { writes, chaincode }: { readonly writes: readonly Write[]; readonly chaincode: string },
): boolean {
  const isRead = reads.some(
    ([namespace, { key, version }]) =>
      namespace === chaincode &&
      sameVersion(version, checked) &&
      writes.some((write) => write.key === key && write.value !== undefined),
  );
  if (isRead || question.name !== HISTORY_QUESTION) return isRead;
  const { noun, key } = question.argument;
  const items = (response as { items?: unknown } | null | undefined)?.items;
  if (!Array.isArray(items) || !Array.isArray(key)) return false;
  const said = items.find((item) => item?.transactionId === checked.transactionId);
  if (said === undefined) return false;
  return writes.some((write) => {
    const [kind, ...parts] = partsOf(write.key);
    const isNamed =
      kind === noun && parts.length === key.length && parts.every((part, i) => isPart(part, key[i]));
    return isNamed && write.value !== undefined && sameText(parse(write.value), said.row);
  });
}

/** Numbers are asked for plainly, and are of one width in keys. */
const isPart = (part: string, asked: unknown): boolean =>
  part === asked || (/^[0-9]{5}$/.test(part) && String(Number(part)) === asked);
const sameText = (a: unknown, b: unknown): boolean => canonicalJson(a ?? null) === canonicalJson(b ?? null);

const writtenRow = ({ key, value }: Write): WrittenRow => ({
  key: readableKey(key),
  row: parse(value),
  isDeleted: value === undefined,
});

function parse(bytes: Uint8Array | undefined): unknown {
  try {
    return bytes && JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
