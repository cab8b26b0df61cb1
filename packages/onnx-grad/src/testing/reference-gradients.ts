// The slow, obvious way to a clipped sum, for tests: a plain interpreter of the forward graph in double, gradients
// of each row by central differences, every unit's gradient stored. Shares nothing with the step graph.
import type { ForwardModel } from '../model/forward-model.ts';

export interface ReferenceRow {
  readonly features: readonly number[];
  readonly label: number;
}

/** The logit of one row, in double. */
export function referenceLogit(
  model: ForwardModel,
  parameters: ArrayLike<number>,
  features: readonly number[],
): number {
  const values = new Map<string, readonly number[]>([[model.input, features]]);
  for (const { name, offset, size } of model.parameters) {
    values.set(
      name,
      Array.from({ length: size }, (_, i) => parameters[offset + i]!),
    );
  }
  const at = (name: string) => values.get(name)!;
  const multiply = (a: readonly number[], w: readonly number[], transposed: boolean): number[] => {
    const outputs = w.length / a.length;
    return Array.from({ length: outputs }, (_, j) =>
      a.reduce((sum, value, i) => sum + value * (transposed ? w[j * a.length + i]! : w[i * outputs + j]!), 0),
    );
  };
  const addTo = (a: readonly number[], b: readonly number[]): number[] => {
    const [wide, narrow] = a.length >= b.length ? [a, b] : [b, a];
    return wide.map((value, i) => value + narrow[narrow.length === 1 ? 0 : i]!);
  };
  const rules: Record<string, (inputs: readonly string[], transposed: boolean) => readonly number[]> = {
    Gemm: ([x, w, b], transposed) => {
      const product = multiply(at(x!), at(w!), transposed);
      return b ? addTo(product, at(b)) : product;
    },
    MatMul: ([x, w]) => multiply(at(x!), at(w!), false),
    Add: ([a, b]) => addTo(at(a!), at(b!)),
    Relu: ([x]) => at(x!).map((value) => Math.max(value, 0)),
    Tanh: ([x]) => at(x!).map(Math.tanh),
    Sigmoid: ([x]) => at(x!).map((value) => 1 / (1 + Math.exp(-value))),
    Identity: ([x]) => at(x!),
    Flatten: ([x]) => at(x!),
  };
  for (const node of model.nodes) {
    const transposed = node.attributes.some(({ name, i }) => name === 'transB' && i === 1);
    values.set(node.output, rules[node.opType]!(node.inputs, transposed));
  }
  return at('logit')[0]!;
}

function rowLoss(model: ForwardModel, parameters: ArrayLike<number>, row: ReferenceRow): number {
  const logit = referenceLogit(model, parameters, row.features);
  return Math.max(logit, 0) + Math.log1p(Math.exp(-Math.abs(logit))) - row.label * logit;
}

/** Gradient of one row's loss by central differences, [parameterCount]. */
export function rowGradient(model: ForwardModel, parameters: ArrayLike<number>, row: ReferenceRow): number[] {
  const step = 1e-5;
  return Array.from({ length: model.parameterCount }, (_, i) => {
    const moved = Float64Array.from(parameters);
    moved[i] = parameters[i]! + step;
    const up = rowLoss(model, moved, row);
    moved[i] = parameters[i]! - step;
    return (up - rowLoss(model, moved, row)) / (2 * step);
  });
}

export const normL2 = (vector: ArrayLike<number>): number => Math.hypot(...Array.from(vector));

/** Each unit's gradient, summed over its rows and not clipped. */
export function unitGradients(
  model: ForwardModel,
  parameters: ArrayLike<number>,
  units: readonly (readonly ReferenceRow[])[],
): number[][] {
  return units.map((rows) =>
    rows
      .map((row) => rowGradient(model, parameters, row))
      .reduce(
        (sum, gradient) => sum.map((value, i) => value + gradient[i]!),
        new Array<number>(model.parameterCount).fill(0),
      ),
  );
}

/** Σ_u min(1, C / ‖g_u‖) g_u over stored gradients. */
export function clipAndSum(gradients: readonly (readonly number[])[], clipNormL2: number): number[] {
  const total = new Array<number>(gradients[0]?.length ?? 0).fill(0);
  for (const gradient of gradients) {
    const factor = Math.min(1, clipNormL2 / normL2(gradient));
    gradient.forEach((value, i) => {
      total[i]! += factor * value;
    });
  }
  return total;
}
