// The error that says what in a forward graph cannot be trained.

/** What the engine cannot train in a model, each with the node's name and the reason. */
export class UnsupportedModelError extends Error {
  override readonly name = 'UnsupportedModelError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`this model cannot be trained: ${problems.join('; ')}`);
    this.problems = problems;
  }
}
