// Two histories as two gateways saw them: the same, two, or not to be compared with what is at hand.

import { list } from '../report/facts.ts';
import { oneLine } from '../report/one-line.ts';
import { checkHistory, type ShownHistory } from './history-file.ts';
import { statementHash } from './statement-check.ts';

/** What two files say of each other. */
export type Comparison =
  | {
      /** `same`: up to the block of the lower statement. `two`: orderers signed two blocks of one number. */
      readonly result: 'same' | 'two';
      readonly block: number;
      readonly hashes: readonly [string, string];
    }
  /** Neither file shows the block that the other one is about. */
  | { readonly result: 'unknown' };

/** Both files must be of the same genesis block: `checkHistory` saw to it. */
export function compareHistories(first: ShownHistory, second: ShownHistory): Comparison {
  const common = [...first.hashes.keys()]
    .filter((number) => second.hashes.has(number))
    .sort((a, b) => a - b)
    .map((block) => ({ block, hashes: [first.hashes.get(block)!, second.hashes.get(block)!] as const }));
  const differing = common.find(({ hashes: [a, b] }) => a !== b);
  if (differing !== undefined) return { result: 'two', ...differing };
  const lower = Math.min(blockOf(first), blockOf(second));
  const found = common.find(({ block }) => block === lower);
  return found === undefined ? { result: 'unknown' } : { result: 'same', ...found };
}

const blockOf = ({ statement }: ShownHistory): number => statement.header.number;

/** What became of two files: how they compare, in words; or which of them does not hold. */
export interface ComparedFiles {
  readonly comparison: Comparison | undefined;
  readonly text: string;
  /** What orderers and gateways signed, of each file that holds. */
  readonly histories: readonly ShownHistory[];
}

/** @throws UnreadableBundleError where one is no such file */
export function compareFiles(files: readonly [Uint8Array, Uint8Array], genesis: string): ComparedFiles {
  const checked = files.map((file) => checkHistory(file, { genesis }));
  const histories = checked.flatMap((one) => ('history' in one ? [one.history] : []));
  const [first, second] = histories;
  if (first === undefined || second === undefined) {
    const lines = checked.map((one, i) =>
      'problem' in one ? `  file ${i + 1}: ${oneLine(`${one.problem.place}: ${one.problem.text}`)}\n` : '',
    );
    return { comparison: undefined, text: `NOT USED: this does not hold.\n${lines.join('')}`, histories };
  }
  const comparison = compareHistories(first, second);
  const lines = histories.map((one) => `  - ${oneLine(seenBy(one))}\n`);
  return { comparison, text: `${verdictOf(comparison, [first, second])}\n${lines.join('')}`, histories };
}

/** What one gateway signed, in a sentence. */
const seenBy = ({ statement, orderers }: ShownHistory): string =>
  `The gateway of ${statement.mspId} signed at ${statement.at} that it saw block ${statement.header.number} ` +
  `with the hash ${statementHash(statement)}, which orderers of ${list(orderers)} signed.`;

function verdictOf(comparison: Comparison, [first, second]: readonly [ShownHistory, ShownHistory]): string {
  const names = [first, second].map(({ statement }) => oneLine(statement.mspId));
  switch (comparison.result) {
    case 'same':
      return `THE SAME HISTORY: ${names.join(' and ')} saw the same block ${comparison.block}, and so the same before it.`;
    case 'two':
      return (
        `TWO HISTORIES: ${names.join(' and ')} saw different blocks ${comparison.block}, ` +
        `${comparison.hashes.join(' and ')}. Keep both files: orderers signed both, and cannot deny it.`
      );
    case 'unknown': {
      const [lower, higher] = [first, second].sort((a, b) => blockOf(a) - blockOf(b)) as [
        ShownHistory,
        ShownHistory,
      ];
      return (
        `NOT COMPARABLE: ${oneLine(lower.statement.mspId)} is at block ${blockOf(lower)}, and ` +
        `${oneLine(higher.statement.mspId)} at block ${blockOf(higher)}. Ask ${oneLine(higher.statement.mspId)} for ` +
        `GET /v1/ledger/witness-statement?block=${blockOf(lower)}.`
      );
    }
  }
}
