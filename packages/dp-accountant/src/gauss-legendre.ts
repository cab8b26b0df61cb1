// Gauss-Legendre rules on [0, 1].

export interface QuadratureRule {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

/** The rule of m nodes, exact up to degree 2m − 1; nodes by Newton's method on Legendre's polynomial P_m. */
export function gaussLegendre(m: number): QuadratureRule {
  const nodes = new Float64Array(m);
  const weights = new Float64Array(m);
  for (let i = 0; i < m; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (m + 0.5));
    let slope = 1;
    for (let round = 0; round < 20; round++) {
      let previous = 1;
      let value = x;
      for (let k = 2; k <= m; k++)
        [previous, value] = [value, ((2 * k - 1) * x * value - (k - 1) * previous) / k];
      slope = (m * (x * value - previous)) / (x * x - 1);
      x -= value / slope;
    }
    nodes[m - 1 - i] = (1 + x) / 2;
    weights[m - 1 - i] = 1 / ((1 - x * x) * slope * slope);
  }
  return { nodes, weights };
}

export const GAUSS_3 = gaussLegendre(3);
export const GAUSS_4 = gaussLegendre(4);
export const GAUSS_8 = gaussLegendre(8);
