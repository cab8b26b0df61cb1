// Server optimisers (Reddi et al. 2021, "Adaptive Federated Optimization", Alg. 2) in integers: the change that the
// aggregate makes is a pseudo-gradient, and the next model follows from it and from the state of earlier rounds. It is
// post-processing of private updates and costs no privacy.
import { assert } from '#platform';
import { moveBase } from './aggregation.ts';
import { divideHalfEven, integerSquareRoot } from './integer-arithmetic.ts';

/** The server optimisers that a study can name (Reddi et al. 2021; Hsu et al. 2019). */
export const SERVER_OPTIMIZERS = ['fedavgm', 'fedadam', 'fedyogi', 'fedadagrad'] as const;

/** How the shared model moves by the aggregate of a round, in integers. */
export interface ServerOptimizerPlan {
  readonly kind: (typeof SERVER_OPTIMIZERS)[number];
  /** η: step per unit of normalised momentum; fedavgm: factor of the momentum. */
  readonly learningRate: number;
  /** β₁ in [0, 1). */
  readonly momentum: number;
  /** β₂ in [0, 1): fedadam and fedyogi only. */
  readonly secondMomentum: number;
  /** τ > 0, in parameter units: the adaptivity's floor. */
  readonly adaptivity: number;
}

/**
 * First moments in steps of 2^-36 and second ones in steps of 2^-72, [P] each; zero before the first round.
 *
 * A pseudo-gradient is below 2^48 steps, so that in 10,000 rounds a first moment stays below 2^62 and a second one
 * below 2^110.
 */
export interface ServerOptimizerState {
  readonly first: readonly bigint[];
  readonly second: readonly bigint[];
}

export const initialServerState = (parameterCount: number): ServerOptimizerState => ({
  first: new Array<bigint>(parameterCount).fill(0n),
  second: new Array<bigint>(parameterCount).fill(0n),
});

const FACTOR_BITS = 20n;
const ONE = 1n << FACTOR_BITS;
/** From the parameters' lattice of 2^-20 to the moments' 2^-36. */
const MOMENT_SHIFT = 16n;

/** A real factor as an integer of 2^-20, half up: the same on every machine, as IEEE products are. */
const factor = (value: number): bigint => BigInt(Math.round(value * Number(ONE)));

/**
 * The next model and state.
 *
 * m ← β₁ m + (1 - β₁) Δ (fedavgm: β₁ m + Δ); v ← β₂ v + (1 - β₂) Δ² (fedadam), v - (1 - β₂) Δ² sign(v - Δ²)
 * (fedyogi), v + Δ² (fedadagrad); model ← base + η m / (√v + τ) (fedavgm: base + η m). Factors are rounded to
 * 2^-20 and every division half to even, once each.
 *
 * @param aggregate the round's aggregate, int32 [P]; Δ = aggregate - base
 * @throws ParameterRangeError where a parameter leaves the lattice's range
 */
export function stepServer(
  plan: ServerOptimizerPlan,
  round: { readonly base: Int32Array; readonly aggregate: Int32Array; readonly state: ServerOptimizerState },
): { readonly model: Int32Array; readonly state: ServerOptimizerState } {
  checkPlan(plan);
  const { base, aggregate, state } = round;
  assert(
    base.length === aggregate.length && state.first.length === base.length,
    'one state for each parameter',
  );
  const [rate, beta] = [factor(plan.learningRate), factor(plan.momentum)];
  const floor = BigInt(Math.max(1, Math.round(plan.adaptivity * 2 ** 36)));
  const isPlain = plan.kind === 'fedavgm';
  const first: bigint[] = [];
  const second: bigint[] = [];
  const steps = new Float64Array(base.length);
  for (let i = 0; i < base.length; i++) {
    const gradient = BigInt(aggregate[i]! - base[i]!) << MOMENT_SHIFT;
    const weight = isPlain ? ONE : ONE - beta;
    const m = divideHalfEven(beta * state.first[i]! + weight * gradient, ONE);
    const v = isPlain ? 0n : nextSecond(plan, state.second[i]!, gradient * gradient);
    first.push(m);
    second.push(v);
    const step = isPlain
      ? divideHalfEven(rate * m, ONE << MOMENT_SHIFT)
      : divideHalfEven(rate * m, integerSquareRoot(v) + floor);
    steps[i] = Number(step);
  }
  return { model: moveBase(base, steps), state: { first, second } };
}

function nextSecond({ kind, secondMomentum }: ServerOptimizerPlan, v: bigint, square: bigint): bigint {
  if (kind === 'fedadagrad') return v + square;
  const beta = factor(secondMomentum);
  if (kind === 'fedadam') return divideHalfEven(beta * v + (ONE - beta) * square, ONE);
  const change = divideHalfEven((ONE - beta) * square, ONE);
  return v > square ? v - change : v < square ? v + change : v;
}

function checkPlan({ learningRate, momentum, secondMomentum, adaptivity }: ServerOptimizerPlan): void {
  assert(
    learningRate < 2 ** 10 && factor(learningRate) > 0n,
    'learningRate is at least 2^-20 and below 1024',
  );
  assert(momentum >= 0 && factor(momentum) < ONE, 'momentum is at least 0 and below 1 - 2^-20');
  assert(
    secondMomentum >= 0 && factor(secondMomentum) < ONE,
    'secondMomentum is at least 0 and below 1 - 2^-20',
  );
  assert(adaptivity > 0 && adaptivity < 2 ** 10, 'adaptivity is positive and below 1024');
}
