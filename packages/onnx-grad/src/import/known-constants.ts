// The constants of a graph that is being read: its own, and those computed from them. Their total size is bounded.
import type { Constant } from '../format/constant.ts';
import { ALL_CONSTANT_NUMBERS } from '../format/graph-limits.ts';
import { graphProblem } from '../format/model-problem.ts';
import { UnsupportedModelError } from '../format/unsupported-model.ts';

export class KnownConstants {
  readonly #known = new Map<string, Constant>();
  #numbers = 0;

  get(name: string): Constant | undefined {
    return this.#known.get(name);
  }

  /** @throws UnsupportedModelError where there are too many numbers in all */
  set(name: string, constant: Constant): void {
    this.#numbers += constant.values.length;
    if (this.#numbers > ALL_CONSTANT_NUMBERS) {
      throw new UnsupportedModelError([
        graphProblem(
          `its constants, and what is computed of them beforehand, have ${this.#numbers} numbers up to ${name}, and ` +
            `${ALL_CONSTANT_NUMBERS} is the most`,
          'make them smaller',
        ),
      ]);
    }
    this.#known.set(name, constant);
  }
}
