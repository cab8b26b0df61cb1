// The errors that say what in a forward graph cannot be trained.

/** Problems that a message names. */
const MOST_SAID = 50;

/** Why one node cannot be trained through. */
export class UnsupportedOp extends Error {
  override readonly name = 'UnsupportedOp';
}

/** What the engine cannot train in a model, each with the node's name and the reason. */
export class UnsupportedModelError extends Error {
  override readonly name = 'UnsupportedModelError';
  readonly problems: readonly string[];
  /** What would do instead, where it can be said once for several problems. */
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

/** As on the ledger; each step holds a few numbers of 64 bits for each of them. */
export const MAXIMUM_PARAMETERS = 100_000_000;

/** @throws UnsupportedModelError where a model has more parameters than can be trained */
export function checkParameterCount(count: number): void {
  if (count <= MAXIMUM_PARAMETERS) return;
  throw new UnsupportedModelError([
    `it has ${count} parameters, and ${MAXIMUM_PARAMETERS} is the most: take fewer or narrower layers`,
  ]);
}

/** What is wrong with a node, by its name. */
export function describeNode(
  { name, opType }: { readonly name: string; readonly opType: string },
  reason: string,
): string {
  return `node ${name} (${opType}): ${reason}`;
}
