// Norms and clipped sums of per-unit gradients, without ever materialising a unit's gradient.
//
// A unit (a patient) has R rows; its gradient is the sum of its rows' gradients. Where row r's gradient of a
// matrix is the outer product a_r d_rᵀ, the squared norm of the unit's is Σ_rs (a_r·a_s)(d_r·d_s): two R×R Gram
// matrices (Goodfellow 2015; Li et al. 2022, "ghost clipping"), for R = 1 just ‖a‖²‖d‖². The clipped sum over
// all units is one matrix product of the a's and the d's scaled row by row.
//
// Everything here is computed in double precision from the float32 values a and d, whose squares and products
// neither overflow nor underflow there; `dp-sgd/sensitivity.ts` bounds what rounding is left.
import type { GraphWriter } from './graph-writer.ts';

/** A [rows, width] float value of the step graph. */
export interface Matrix {
  readonly value: string;
  readonly width: number;
}

/** One parameter's gradient, known by what clipping needs of it. */
export interface ParameterGradient {
  readonly parameter: string;
  /** Name of a double [units]: the squared norm of each unit's gradient. */
  readonly unitSquares: string;
  /** Name of a double [rows]: the squared norm of each row's gradient. */
  readonly rowSquares: string;
  /** Terms summed for one unit's squared norm; rounding grows with it. */
  readonly terms: number;
  /** Emits the double vector Σ_r weight_r · gradient_r in the parameter's row-major order. */
  weightedSum(weights: RowWeights): string;
}

/** Per row, [rows, 1]: a double weight, and whether the row's unit is finite (others are left out whole). */
export interface RowWeights {
  readonly weight: string;
  readonly finite: string;
}

export interface UnitGrid {
  readonly units: number;
  readonly rowsPerUnit: number;
}

export class UnitNorms {
  readonly #writer: GraphWriter;
  readonly #grid: UnitGrid;
  readonly #emitted = new Map<string, string>();

  constructor(writer: GraphWriter, grid: UnitGrid) {
    this.#writer = writer;
    this.#grid = grid;
  }

  /** Row r's gradient is left_r right_rᵀ, a [left.width, right.width] matrix. */
  outerProduct(product: {
    readonly parameter: string;
    readonly left: Matrix;
    readonly right: Matrix;
  }): ParameterGradient {
    const { parameter, left, right } = product;
    const rowSquares = this.#writer.emit('Mul', [this.#rowSquares(left), this.#rowSquares(right)]);
    return {
      parameter,
      rowSquares,
      unitSquares:
        this.#grid.rowsPerUnit === 1
          ? rowSquares
          : this.#sumOfPairs(this.#writer.emit('Mul', [this.#gram(left), this.#gram(right)])),
      terms: left.width + right.width + this.#grid.rowsPerUnit ** 2,
      weightedSum: (weights) => {
        // The weights go to the smaller of the two factors.
        const onLeft = left.width < right.width;
        const a = onLeft ? this.#weighted(left, weights) : this.#finite(left, weights);
        const d = onLeft ? this.#finite(right, weights) : this.#weighted(right, weights);
        return this.#writer.emit('Gemm', [a, d], { transA: 1 });
      },
    };
  }

  /** Row r's gradient is of_r itself, a vector. */
  rowSum({ parameter, of }: { readonly parameter: string; readonly of: Matrix }): ParameterGradient {
    const rowSquares = this.#rowSquares(of);
    return {
      parameter,
      rowSquares,
      unitSquares: this.#grid.rowsPerUnit === 1 ? rowSquares : this.#sumOfPairs(this.#gram(of)),
      terms: of.width + this.#grid.rowsPerUnit ** 2,
      weightedSum: (weights) =>
        this.#writer.emit('ReduceSum', [this.#weighted(of, weights), this.#writer.int64s([0])], {
          keepdims: 0,
        }),
    };
  }

  #double({ value }: Matrix): string {
    return this.#once(`double ${value}`, () => this.#writer.emit('Cast', [value], { to: 11 }));
  }

  #rowSquares(matrix: Matrix): string {
    return this.#once(`squares ${matrix.value}`, () =>
      this.#writer.emit('ReduceSumSquare', [this.#double(matrix)], { axes: [1], keepdims: 0 }),
    );
  }

  #gram(matrix: Matrix): string {
    return this.#once(`gram ${matrix.value}`, () => {
      const { units, rowsPerUnit } = this.#grid;
      const byUnit = this.#writer.reshape(this.#double(matrix), [units, rowsPerUnit, matrix.width]);
      return this.#writer.emit('MatMul', [
        byUnit,
        this.#writer.emit('Transpose', [byUnit], { perm: [0, 2, 1] }),
      ]);
    });
  }

  #sumOfPairs(pairs: string): string {
    return this.#writer.emit('ReduceSum', [pairs, this.#writer.int64s([1, 2])], { keepdims: 0 });
  }

  #finite(matrix: Matrix, { finite }: RowWeights): string {
    return this.#once(`finite ${matrix.value}`, () =>
      this.#writer.emit('Where', [finite, this.#double(matrix), this.#writer.double(0)]),
    );
  }

  #weighted(matrix: Matrix, weights: RowWeights): string {
    return this.#once(`weighted ${matrix.value}`, () =>
      this.#writer.emit('Mul', [this.#finite(matrix, weights), weights.weight]),
    );
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
