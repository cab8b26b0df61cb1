// Leaves units out of a step's sum if their numbers are not finite, or too large for sums in float. The graph itself
// does that, at the same cost whether there are such units or not: nothing is computed again because of them.
//
// Such a unit has weight 0. Since 0 times infinity is NaN, its factors are replaced too, by those of a padding unit,
// which is the last unit of each run. The factors of padding follow from the parameters alone. Where even they are not
// finite, the whole sum is not (`dp-sgd/clipped-sum.ts`).
import type { GraphWriter } from '../format/graph-writer.ts';

export interface UnitMaskOptions {
  readonly units: number;
  /** Double [units, 1]. */
  readonly squares: string;
  /** Units with larger squares, or squares that are no numbers, are left out. */
  readonly largestSquare: number;
  /** Whether the weight falls gradually near the limit, so that rounding of the squares cannot change it by much. */
  readonly isGradual: boolean;
}

/** How a sum treats units that may have to be left out. */
export interface UnitMasking {
  /** Emits weights, double [units, 1], that are 0 for units that are left out. */
  weights(weights: string): string;
  /**
   * Emits a factor, [units · each, width], with those of the last unit for units that are left out; along another axis
   * for [planes, units, width].
   */
  factor(
    value: string,
    shape: { readonly each?: number; readonly width: number; readonly axis?: number },
  ): string;
}

/** For sums in which no unit can overflow (`overflow-bounds.ts`). */
export const NO_MASK: UnitMasking = { weights: (weights) => weights, factor: (value) => value };

export class UnitMask implements UnitMasking {
  readonly #writer: GraphWriter;
  readonly #options: UnitMaskOptions;
  readonly #usable: string;
  readonly #kept = new Map<string, string>();
  #indices: string | undefined;
  #share: string | undefined;

  constructor(writer: GraphWriter, options: UnitMaskOptions) {
    const { units, squares, largestSquare } = options;
    this.#writer = writer;
    this.#options = options;
    this.#usable = writer.emit('LessOrEqual', [squares, writer.doubleColumn(units, largestSquare)]);
  }

  weights(weights: string): string {
    const writer = this.#writer;
    const { units, squares, largestSquare, isGradual } = this.#options;
    let own = weights;
    if (isGradual) {
      // 1 up to half of the limit, and from there to 0 at the limit.
      const twice = writer.emit('Mul', [squares, writer.doubleColumn(units, 2 / largestSquare)]);
      const left = writer.emit('Sub', [writer.doubleColumn(units, 2), twice]);
      this.#share ??= writer.emit('Min', [left, writer.doubleColumn(units, 1)]);
      own = writer.emit('Mul', [weights, this.#share]);
    }
    return writer.emit('Where', [this.#usable, own, writer.doubleColumn(units, 0)]);
  }

  factor(...[value, { each = 1, width, axis = 0 }]: Parameters<UnitMasking['factor']>): string {
    const known = this.#kept.get(value);
    if (known !== undefined) return known;
    const writer = this.#writer;
    const { units } = this.#options;
    this.#indices ??= this.#emitIndices();
    const ofUnits = each === 1 ? value : writer.reshape(value, [units, each * width]);
    const taken = writer.emit('Gather', [ofUnits, this.#indices], { axis });
    const kept = each === 1 ? taken : writer.reshape(taken, [units * each, width]);
    this.#kept.set(value, kept);
    return kept;
  }

  #emitIndices(): string {
    const writer = this.#writer;
    const { units } = this.#options;
    const own = writer.reshape(writer.int64s(Array.from({ length: units }, (_, unit) => unit)), [units, 1]);
    const last = writer.reshape(writer.int64s([units - 1]), [1, 1]);
    return writer.reshape(writer.emit('Where', [this.#usable, own, last]), [units]);
  }
}
