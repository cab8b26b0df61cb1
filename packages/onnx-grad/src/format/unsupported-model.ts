// The errors for forward graphs that cannot be trained.

/** Largest number of problems in one message. */
const MOST_SAID = 50;

/** The reason why one node cannot be trained through. */
export class UnsupportedOp extends Error {
  override readonly name = 'UnsupportedOp';
}

/** A model that cannot be trained. The message names every problem, with the node's name, the reason and the remedy. */
export class UnsupportedModelError extends Error {
  override readonly name = 'UnsupportedModelError';
  readonly problems: readonly string[];
  /** A remedy for several problems. */
  readonly remedy: string | undefined;

  constructor(problems: readonly string[], remedy?: string) {
    const first = problems.slice(0, MOST_SAID);
    const rest = problems.length > MOST_SAID ? [`and ${problems.length - MOST_SAID} more`] : [];
    const said = [...first, ...rest, ...(remedy === undefined ? [] : [remedy])];
    super(`this model cannot be trained: ${said.join('; ')}`);
    this.problems = problems;
    this.remedy = remedy;
  }
}

/** The same limit as on the ledger. A step holds a few numbers of 64 bits for each parameter. */
export const MAXIMUM_PARAMETERS = 100_000_000;

/** @throws UnsupportedModelError where a model has more parameters than can be trained */
export function checkParameterCount(count: number): void {
  if (count <= MAXIMUM_PARAMETERS) return;
  throw new UnsupportedModelError([
    `it has ${count} parameters, and ${MAXIMUM_PARAMETERS} is the most: take fewer or narrower layers`,
  ]);
}

/** A problem of a node, with its name and operator. */
export function describeNode(
  { name, opType }: { readonly name: string; readonly opType: string },
  reason: string,
): string {
  return `node ${name} (${opType}): ${reason}`;
}
