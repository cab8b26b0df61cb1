// Norms and clipped sums of per-unit gradients.
//
// A unit (a patient) has R rows, a row T positions (of a sequence, say); its gradient is the sum over all of them.
// Where each position's gradient of a matrix is the outer product a dᵀ, the squared norm of the unit's is
// Σ_pq (a_p·a_q)(d_p·d_q): two Gram matrices of Q = RT positions (Goodfellow 2015; Li et al. 2022, "ghost
// clipping"), for Q = 1 just ‖a‖²‖d‖², and no unit's gradient is stored. Where 2Q² exceeds the matrix, storing it
// costs less. Other gradients (offsets, scales, convolutions) are stored, summed over the unit's rows.
//
// Norms and sums are computed in double precision from float32 values, whose squares and products neither overflow
// nor underflow there; or, where they take most of the time, in float32. `dp-sgd/sensitivity.ts` bounds their rounding.

import type { GraphWriter } from '../format/graph-writer.ts';
import { emitBlockSum, type ProductWidths } from './block-sums.ts';
import { emitFloatSquares, SQUARES_FLOOR, squaresInFloat } from './float-squares.ts';
import type { UnitMasking } from './unit-mask.ts';

/** A [rows · positions, width] float value of the step graph. */
export interface Matrix {
  readonly value: string;
  readonly width: number;
  /** Whether its values are numbers whatever the rows and the parameters are. */
  readonly isAlwaysFinite?: boolean;
}

/** One parameter's gradient, as far as clipping needs it. */
export interface ParameterGradient {
  readonly parameter: string;
  /** Values of the parameter. */
  readonly size: number;
  /** Names of the float values, units or their positions first, that norm and sum are made of, and of nothing else. */
  readonly factors: readonly string[];
  /**
   * Name of a double [units, 1]: the squared norm of each unit's gradient, and never less than
   * (τ Σ_p ‖gradient of position p‖)² where it is made of positions that may cancel.
   */
  readonly unitSquares: string;
  /** Roundings in a row for one unit's squared norm, about: a term's factors, and its additions to others. */
  readonly terms: number;
  /** Terms summed for one value of the weighted sum. */
  readonly sumTerms: number;
  /** Whether positions that may cancel are summed. */
  readonly isGuarded: boolean;
  /**
   * Emits the double Σ_u weight_u · gradient_u, for weights double [units, 1], in the parameter's row-major order; with
   * the factors of units that are not left out.
   */
  weightedSum(weight: string, mask: UnitMasking): string;
  /** The weighted sum's shape; absent where it is another one of as many values. */
  readonly sumShape?: readonly number[];
  /** Where each unit's gradient is stored, or one product a dᵀ: how it is computed in float. */
  readonly inFloat?: FloatGradient;
  /** Emits Σ gradient over all rows, without weights, in float: [1, size] or another shape of as many values. */
  plainSum(): string;
  /** Emits each row's gradient, float [rows, size]. */
  perRow(): string;
}

/** A parameter's gradient in float32: each unit's is a dᵀ for a factor a, or 1, and a factor d. */
export interface FloatGradient {
  /** What norms and sum take in double, about, in multiplications for each unit. */
  readonly work: number;
  /** Squares added in float, at most, for one unit's squared norm. */
  readonly terms: number;
  /** Of the factors, as the sum takes them; absent where it is no one product of matrices. */
  readonly widths?: ProductWidths;
  /** Emits each factor's squared norm, double [units, 1], as in `float-squares.ts`. */
  factorSquares(): readonly string[];
  /** Emits ‖g‖² from these, double [units, 1]. */
  unitSquares(): string;
  /**
   * Emits Σ_u a_u fl(c_u d_u)ᵀ (`block-sums.ts`) for weights c, float [units, 1]: as many values as the parameter, in
   * its order. Which of the factors is weighted is the gradient's own choice; where one is 1, it is that.
   */
  weightedSum(weight: string, mask: UnitMasking): string;
  /** The weighted sum's shape; absent where it is another one of as many values. */
  readonly sumShape?: readonly number[];
}

/** A stored gradient whose values are in planes, each of which has all rows: float [planes, rows, inPlane]. */
export interface GradientPlanes {
  readonly planes: number;
  /** How many squares are added in float, one after the other, for each of the sums. */
  readonly squaresInSum: number;
  /**
   * Emits sums of the values' squares, float, of [planes, count, inPlane / squaresInSum], from [planes, count, ...].
   */
  sumsOfSquares(value: string, count: number): string;
}

/** Norm and sum of a stored gradient take so many times a product's sum in double. */
const STORED_WORK = 16;

export interface UnitGrid {
  readonly units: number;
  readonly rowsPerUnit: number;
}

/**
 * τ: a unit counts with at least τ times the sum of its positions' norms, so that positions that cancel can neither
 * hide their norm in rounding nor blow up the rounding of the sum.
 */
export const CANCELLATION_GUARD = 2 ** -5;

/** A matrix of which more is at hand than its float value. */
export interface KnownMatrix {
  readonly value: string;
  /** Names it in double, [rows, width]. */
  double(): string;
  /** Names its rows' squared norms, double [rows, 1]. */
  squares(): string;
}

export interface UnitNormsOptions {
  readonly known?: KnownMatrix | undefined;
  /** Whether the runtime adds the rows of products in float in order (`row-order.ts`). */
  readonly addsInOrder?: boolean | undefined;
  /** Whether the bits of squared norms in double depend on no index, since units are counted by them. */
  readonly countsUnits?: boolean | undefined;
}

export class UnitNorms {
  readonly #writer: GraphWriter;
  readonly #grid: UnitGrid;
  readonly #emitted = new Map<string, string>();
  readonly #known: KnownMatrix | undefined;
  readonly #addsInOrder: boolean;
  readonly #countsUnits: boolean;

  constructor(writer: GraphWriter, grid: UnitGrid, options: UnitNormsOptions = {}) {
    const { known, addsInOrder = false, countsUnits = false } = options;
    this.#countsUnits = countsUnits;
    this.#writer = writer;
    this.#grid = grid;
    this.#known = known;
    this.#addsInOrder = addsInOrder;
  }

  /** The gradient of a row is Σ_p left_p right_pᵀ over its positions, a [left.width, right.width] matrix. */
  outerProduct(product: {
    readonly parameter: string;
    readonly left: Matrix;
    readonly right: Matrix;
    readonly positions?: number;
  }): ParameterGradient {
    const { parameter, left, right, positions = 1 } = product;
    const { units, rowsPerUnit } = this.#grid;
    const inUnit = rowsPerUnit * positions;
    const size = left.width * right.width;
    const perRow = () => this.#products(product, { groups: units * rowsPerUnit, each: positions });
    const plainSum = () => this.#writer.emit('Gemm', [left.value, right.value], { transA: 1 });
    if (inUnit > 1 && 2 * inUnit ** 2 > size) {
      const value = this.#products(product, { groups: units, each: inUnit });
      return { ...this.#stored({ parameter, value, size }), perRow, plainSum };
    }
    return {
      ...{ parameter, size, factors: [left.value, right.value] },
      unitSquares: this.#ghostSquares(left, right, inUnit),
      terms: left.width + right.width + 2 * inUnit,
      sumTerms: units * inUnit,
      isGuarded: inUnit > 1,
      sumShape: [left.width, right.width],
      perRow,
      plainSum,
      ...(inUnit === 1 &&
        size > 1 && {
          // The values of a column and of a row are the same ones.
          inFloat: right.width === 1 ? this.#floatProduct(right, left) : this.#floatProduct(left, right),
        }),
      weightedSum: (weight, mask) => {
        // The weights go to the smaller of the two factors.
        const onLeft = left.width < right.width;
        const doubleOf = (matrix: Matrix) => this.#masked(this.#double(matrix), matrix, mask, inUnit);
        const a = onLeft ? this.#weighted(left, weight, { inUnit, mask }) : doubleOf(left);
        const d = onLeft ? doubleOf(right) : this.#weighted(right, weight, { inUnit, mask });
        return this.#writer.emit('Gemm', [a, d], { transA: 1 });
      },
    };
  }

  /**
   * Row r's gradient is value_r, of `size` values: float [rows, ...], which `restore` brings into the parameter's
   * order, as it does with any [count, size]. In planes, value is [planes, rows, ...], and a row's values are those of
   * all planes in turn.
   */
  perRow(gradient: {
    readonly parameter: string;
    readonly value: string;
    readonly size: number;
    readonly restore?: (value: string, count: number) => string;
    readonly inPlanes?: GradientPlanes;
    /** Whether the value is [rows, size] already. */
    readonly isFlat?: boolean;
    /** Emits Σ gradient over all rows where that costs less than the rows' own, in the parameter's order. */
    readonly plainSum?: () => string;
  }): ParameterGradient {
    const { parameter, size, inPlanes, restore = (value: string) => value } = gradient;
    const { planes } = inPlanes ?? { planes: 1 };
    const writer = this.#writer;
    const { units, rowsPerUnit } = this.#grid;
    const rows = units * rowsPerUnit;
    const inPlane = size / planes;
    const inOneRow = (value: string, count: number) =>
      inPlanes ? writer.reshape(writer.transpose(value, [1, 0, 2]), [count, size]) : value;
    const shape = inPlanes ? [planes, rows, inPlane] : [rows, size];
    const stored = gradient.isFlat ? gradient.value : writer.reshape(gradient.value, shape);
    let summed = stored;
    if (rowsPerUnit > 1) {
      // As a product with ones: see `row-sums.ts`.
      const split = writer.reshape(stored, [planes * units, rowsPerUnit, inPlane]);
      const ones = writer.reshape(writer.ones(rowsPerUnit), [1, 1, rowsPerUnit]);
      const ofUnits = inPlanes ? [planes, units, inPlane] : [units, size];
      summed = writer.reshape(writer.emit('MatMul', [ones, split]), ofUnits);
    }
    const restoreSum = gradient.restore && { restore: (sum: string) => restore(sum, 1) };
    const value = inOneRow(stored, rows);
    const plainSum = () => {
      const ones = writer.reshape(writer.ones(rows), [1, rows]);
      return restore(writer.reshape(writer.emit('MatMul', [ones, stored]), [1, size]), 1);
    };
    return {
      ...this.#stored({ parameter, value: inOneRow(summed, units), size, ...restoreSum }),
      ...(inPlanes && {
        inFloat: this.#floatPlanes({ ...inPlanes, value: summed, inPlane }, restoreSum?.restore),
      }),
      perRow: () => (gradient.restore ? writer.reshape(restore(value, rows), [rows, size]) : value),
      plainSum: gradient.plainSum ?? plainSum,
    };
  }

  /** The gradient of a parameter that is used several times: the sum over its uses, row by row. */
  sumOfUses(uses: readonly ParameterGradient[], size: number): ParameterGradient {
    const [first] = uses as [ParameterGradient];
    const value = this.#writer.emit(
      'Sum',
      uses.map((use) => use.perRow()),
    );
    return this.perRow({ parameter: first.parameter, value, size, isFlat: true });
  }

  #floatProduct(left: Matrix, right: Matrix): FloatGradient {
    const widths = { left: left.width, right: right.width };
    const factorSquares = () => [this.#floatSquares(left), this.#floatSquares(right)];
    return {
      work: left.width * right.width,
      terms: squaresInFloat(left.width) + squaresInFloat(right.width),
      widths,
      sumShape: [left.width, right.width],
      factorSquares,
      unitSquares: () => this.#writer.emit('Mul', factorSquares()),
      weightedSum: (weight, mask) => {
        const onLeft = left.width < right.width;
        const kept = (matrix: Matrix) => this.#masked(matrix.value, matrix, mask, 1);
        const weigh = (matrix: Matrix) => this.#writer.emit('Mul', [kept(matrix), weight]);
        return emitBlockSum(this.#writer, {
          left: onLeft ? weigh(left) : kept(left),
          right: onLeft ? kept(right) : weigh(right),
          rows: this.#grid.units,
          widths,
          isInOrder: this.#addsInOrder,
        });
      },
    };
  }

  #floatStored(stored: Matrix, restore?: (sum: string) => string): FloatGradient {
    const [writer, grid, isInOrder] = [this.#writer, this.#grid, this.#addsInOrder];
    const widths = { left: 1, right: stored.width };
    return {
      work: STORED_WORK * stored.width,
      terms: squaresInFloat(stored.width),
      widths,
      factorSquares: () => [this.#floatSquares(stored)],
      unitSquares: () => this.#floatSquares(stored),
      weightedSum(weight, mask) {
        const { units: rows } = grid;
        const right = mask.factor(stored.value, stored);
        const sum = emitBlockSum(writer, { left: weight, right, rows, widths, isInOrder });
        return restore?.(sum) ?? sum;
      },
      ...(!restore && { sumShape: [1, stored.width] }),
    };
  }

  /** As `#floatStored`, for gradients in planes: float [planes, units, inPlane]. */
  #floatPlanes(
    stored: GradientPlanes & { readonly value: string; readonly inPlane: number },
    restore = (sum: string) => sum,
  ): FloatGradient {
    const [writer, { units: rows }] = [this.#writer, this.#grid];
    const { value, planes, inPlane, squaresInSum, sumsOfSquares } = stored;
    const squares = () =>
      this.#once(`float squares ${value}`, () => {
        const sums = inPlane / squaresInSum;
        const ofPlanes = writer.reshape(sumsOfSquares(value, rows), [planes, rows * sums]);
        const ones = writer.reshape(writer.ones(planes), [1, planes]);
        const ofUnits = writer.reshape(writer.emit('MatMul', [ones, ofPlanes]), [rows, sums]);
        const double = writer.emit('Cast', [ofUnits], { to: 11 });
        const total = writer.emit('ReduceSum', [double, writer.int64s([1])], { keepdims: 1 });
        return writer.emit('Add', [total, writer.double(SQUARES_FLOOR)]);
      });
    return {
      work: STORED_WORK * planes * inPlane,
      terms: squaresInSum + planes,
      factorSquares: () => [squares()],
      unitSquares: squares,
      weightedSum(weight, mask) {
        const widths = { left: 1, right: inPlane };
        const right = mask.factor(value, { width: inPlane, axis: 1 });
        const sum = emitBlockSum(writer, { left: weight, right, rows, widths, axis: 1 });
        return restore(writer.reshape(sum, [1, planes * inPlane]));
      },
    };
  }

  #floatSquares({ value, width }: Matrix): string {
    if (value === this.#known?.value) return this.#known.squares();
    return this.#once(`float squares ${value}`, () =>
      emitFloatSquares(this.#writer, { value, width, rows: this.#grid.units }),
    );
  }

  /** Σ over the positions of each group of left rightᵀ: float [groups, left.width · right.width]. */
  #products(
    { left, right }: { readonly left: Matrix; readonly right: Matrix },
    { groups, each }: { readonly groups: number; readonly each: number },
  ): string {
    const writer = this.#writer;
    const a = writer.reshape(left.value, [groups, each, left.width]);
    const transposed = writer.emit('Transpose', [a], { perm: [0, 2, 1] });
    const d = writer.reshape(right.value, [groups, each, right.width]);
    return writer.reshape(writer.emit('MatMul', [transposed, d]), [groups, left.width * right.width]);
  }

  #stored(gradient: {
    readonly parameter: string;
    /** Float [units, size]. */
    readonly value: string;
    readonly size: number;
    readonly restore?: (sum: string) => string;
  }): Omit<ParameterGradient, 'perRow' | 'plainSum'> {
    const { parameter, value, size, restore = (sum: string) => sum } = gradient;
    return {
      ...{ parameter, size, factors: [value] },
      unitSquares: this.#squares({ value, width: size }),
      terms: size,
      sumTerms: this.#grid.units,
      isGuarded: false,
      ...(!gradient.restore && { sumShape: [1, size] }),
      ...(size > 1 && { inFloat: this.#floatStored({ value, width: size }, gradient.restore) }),
      weightedSum: (weight, mask) => {
        const kept = mask.factor(this.#double({ value }), { width: size });
        return restore(this.#writer.emit('Gemm', [weight, kept], { transA: 1 }));
      },
    };
  }

  #ghostSquares(left: Matrix, right: Matrix, inUnit: number): string {
    const writer = this.#writer;
    const squares = writer.emit('Mul', [this.#squares(left), this.#squares(right)]);
    if (inUnit === 1) return squares;
    const pairs = writer.emit('Mul', [this.#gram(left, inUnit), this.#gram(right, inUnit)]);
    const { units } = this.#grid;
    // One axis after the other: a term is then rounded as often as both are long, not as their product.
    const ofLines = writer.reshape(pairs, [units * inUnit, inUnit]);
    const lines = writer.reshape(this.#sumOfRows(ofLines, inUnit), [units, inUnit]);
    const sum = this.#sumOfRows(lines, inUnit);
    const norms = writer.reshape(writer.emit('Sqrt', [squares]), [units, inUnit]);
    const triangle = this.#sumOfRows(norms, inUnit);
    const guarded = writer.emit('Mul', [triangle, writer.double(CANCELLATION_GUARD)]);
    return writer.emit('Max', [sum, writer.emit('Mul', [guarded, guarded])]);
  }

  #double({ value }: Pick<Matrix, 'value'>): string {
    if (value === this.#known?.value) return this.#known.double();
    return this.#once(`double ${value}`, () => this.#writer.emit('Cast', [value], { to: 11 }));
  }

  #squares(matrix: Matrix): string {
    if (matrix.value === this.#known?.value) return this.#known.squares();
    return this.#once(`squares ${matrix.value}`, () => {
      const double = this.#double(matrix);
      if (this.#countsUnits) {
        return this.#sumOfRows(this.#writer.emit('Mul', [double, double]), matrix.width);
      }
      return this.#writer.emit('ReduceSumSquare', [double], { axes: [1], keepdims: 1 });
    });
  }

  /** The sum of each row of a double [rows, width]; as a product with ones, where no bit may depend on the index. */
  #sumOfRows(value: string, width: number): string {
    const writer = this.#writer;
    if (!this.#countsUnits) return writer.emit('ReduceSum', [value, writer.int64s([1])], { keepdims: 1 });
    const ones = writer.reshape(writer.doubleColumn(width, 1), [1, width]);
    return writer.emit('Gemm', [value, ones], { transB: 1 });
  }

  #gram(matrix: Matrix, inUnit: number): string {
    return this.#once(`gram ${matrix.value}`, () => {
      const byUnit = this.#writer.reshape(this.#double(matrix), [this.#grid.units, inUnit, matrix.width]);
      const transposed = this.#writer.emit('Transpose', [byUnit], { perm: [0, 2, 1] });
      return this.#writer.emit('MatMul', [byUnit, transposed]);
    });
  }

  /** A per-unit column [units, 1] as one over positions, [units · inUnit, 1]. */
  #spread(value: string, inUnit: number): string {
    if (inUnit === 1) return value;
    return this.#once(`spread ${value} ${inUnit}`, () => {
      const { units } = this.#grid;
      const all = this.#writer.emit('Expand', [value, this.#writer.int64s([units, inUnit])]);
      return this.#writer.reshape(all, [units * inUnit, 1]);
    });
  }

  #weighted(
    matrix: Matrix,
    weight: string,
    { inUnit, mask }: { readonly inUnit: number; readonly mask: UnitMasking },
  ): string {
    return this.#once(`weighted ${matrix.value} ${weight}`, () =>
      this.#writer.emit('Mul', [
        this.#masked(this.#double(matrix), matrix, mask, inUnit),
        this.#spread(weight, inUnit),
      ]),
    );
  }

  /** A factor without what is not finite; rows of data are finite before they are given to a graph. */
  #masked(
    value: string,
    { value: own, width, isAlwaysFinite }: Matrix,
    mask: UnitMasking,
    each: number,
  ): string {
    return isAlwaysFinite || own === this.#known?.value ? value : mask.factor(value, { width, each });
  }

  #once(key: string, emit: () => string): string {
    let name = this.#emitted.get(key);
    if (name === undefined) {
      name = emit();
      this.#emitted.set(key, name);
    }
    return name;
  }
}
