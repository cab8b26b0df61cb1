// What evidence of a transaction proves, in sentences.
import type { ProvenTransaction, WrittenRow } from '../claims/transaction-claim.ts';
import { counted, dayOf, list } from './facts.ts';

const rowInWords = ({ key, isDeleted }: WrittenRow): string => (isDeleted ? `${key} (deleted)` : key);

export function transactionSentences(transaction: ProvenTransaction): string[] {
  const { block, place, sender, sentBy, endorsers, written, seconds, function: name } = transaction;
  return [
    `The transaction is number ${place} of block ${block}. ${sentBy} of ${sender} sent it, and dated it ` +
      `${dayOf(seconds)}. It asked for ${name}.`,
    `It was endorsed by peers of ${list(endorsers)}, and is valid.`,
    `It wrote ${counted(written.length, 'row')}: ${list(written.map(rowInWords))}.`,
  ];
}
