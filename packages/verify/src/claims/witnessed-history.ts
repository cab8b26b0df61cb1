// What gateways of other hospitals signed that they saw: whether it is the history of this file, and up to which block.
// Each statement is looked at under the configuration of its own block, and of the last one: a certificate that was
// revoked since could be in anybody's hands.
import type { Problem } from '../blocks/block-replay.ts';
import type { Chain } from '../blocks/chain-walk.ts';
import type { BundlePart } from '../bundle/bundle-file.ts';
import { headerProblem, signerProblem, statementHash } from '../witness/statement-check.ts';
import type { WitnessStatement } from '../witness/witness-statement.ts';

/** A hospital whose gateway saw the same history. */
export interface WitnessedBy {
  readonly mspId: string;
  /** Up to which block. */
  readonly block: number;
  /** When it signed, by its own clock. */
  readonly at: string;
}

interface Known {
  readonly channel: string;
  readonly genesis: string;
  readonly chain: Chain;
}

/** Who saw the same, in the order of their names, and what does not hold. */
export function witnessesIn(
  parts: readonly BundlePart[],
  known: Known,
): { readonly witnessed: readonly WitnessedBy[]; readonly problems: readonly Problem[] } {
  const witnessed = new Map<string, WitnessedBy>();
  const problems: Problem[] = [];
  for (const part of parts) {
    if (part.kind !== 'witness') continue;
    const { mspId, header, at } = part.statement;
    const text = witnessed.has(mspId) ? 'it is the second one' : problemOf(part.statement, known);
    if (text === undefined) witnessed.set(mspId, { mspId, block: header.number, at });
    else problems.push({ place: `statement of ${mspId}`, text });
  }
  return { witnessed: [...witnessed.values()].sort((a, b) => (a.mspId < b.mspId ? -1 : 1)), problems };
}

function problemOf(statement: WitnessStatement, { channel, genesis, chain }: Known): string | undefined {
  const { number } = statement.header;
  const hash = chain.hashes.get(number);
  if (hash === undefined) return `it is of block ${number}, and the file has ${chain.height} blocks`;
  const before = chain.configurations.findLast(({ block }) => block < number);
  if (before === undefined) return `no configuration is shown before block ${number}`;
  const configurations = [...new Set([before.configuration, chain.configuration])];
  const refused = signerProblem(statement, { channel, genesis, configurations });
  if (refused !== undefined) return refused.text;
  const unsigned = headerProblem(statement, before.configuration);
  if (unsigned !== undefined) return unsigned;
  const seen = statementHash(statement);
  if (seen === hash) return undefined;
  return `orderers signed two blocks ${number}: its gateway saw ${seen}, and this file has ${hash}`;
}
