// SCAFFOLD's control variates (Karimireddy et al. 2020, Alg. 1 with option II) in integers. They are kept as
// uᵢ = K η cᵢ, how far a round's K steps of rate η would move hospital i by its own gradients (negated), on the lattice
// of parameters: then cᵢ⁺ = cᵢ - c + (base - wᵢ)/(K η) is uᵢ⁺ = uᵢ - u - δᵢ, without any division. All of it
// follows from released updates, so that everyone can recompute it and nothing is charged.
import { aggregateFedAvg } from './fed-avg.ts';
import { squaredDistance } from './integer-arithmetic.ts';
import { normSteps, PARAMETER_SCALE_BITS } from './parameter-lattice.ts';
import type { SiteUpdate, SiteWeight } from './sites.ts';

/** uᵢ by site, int32 [P]; a site without one has not contributed yet, and counts as zero. */
export type ControlVariates = ReadonlyMap<string, Int32Array>;

/** Settings of control variates. */
export interface ControlPlan {
  /**
   * A longer variate, in parameter units, is reset to zero, as is one that leaves the lattice: no hospital can drag the
   * others' steps without bound. By default only the lattice bounds them.
   */
  readonly maxNormL2?: number;
}

/** u: mean of the variates of all who take part in a round, by their public weights, rounded half to even. */
export function meanVariate(
  variates: ControlVariates,
  sites: readonly SiteWeight[],
  parameterCount: number,
): Int32Array {
  const zero = new Int32Array(parameterCount);
  const updates = sites.map(({ site, weight }) => ({ weight, delta: variates.get(site) ?? zero }));
  return aggregateFedAvg({ base: zero, updates });
}

/**
 * The variates after a round.
 *
 * uᵢ⁺ = uᵢ - u - δᵢ for each included update; who missed the round or was excluded keeps uᵢ; who takes no part in it
 * any more has none. So the mean of all variates of a round is always that of exactly those who take part.
 */
export function nextVariates(
  plan: ControlPlan,
  round: {
    readonly variates: ControlVariates;
    readonly sites: readonly SiteWeight[];
    readonly updates: readonly SiteUpdate[];
    readonly parameterCount: number;
  },
): ControlVariates {
  const { variates, sites, updates, parameterCount } = round;
  const mean = meanVariate(variates, sites, parameterCount);
  const deltas = new Map(updates.map(({ site, delta }) => [site, delta]));
  const next = new Map<string, Int32Array>();
  for (const { site } of sites) {
    const own = variates.get(site);
    const delta = deltas.get(site);
    const moved = delta === undefined ? own : bounded(moveVariate({ own, mean, delta }), plan);
    if (moved !== undefined) next.set(site, moved);
  }
  return next;
}

function moveVariate(of: {
  readonly own: Int32Array | undefined;
  readonly mean: Int32Array;
  readonly delta: Int32Array;
}): Float64Array {
  const { own, mean, delta } = of;
  return Float64Array.from(mean, (value, i) => (own?.[i] ?? 0) - value - delta[i]!);
}

function bounded(values: Float64Array, { maxNormL2 }: ControlPlan): Int32Array | undefined {
  if (values.some((value) => value !== (value | 0))) return undefined;
  const variate = Int32Array.from(values);
  if (maxNormL2 === undefined) return variate;
  const bound = normSteps(maxNormL2);
  return squaredDistance(variate, new Int32Array(variate.length)) > bound * bound ? undefined : variate;
}

/**
 * c - cᵢ, [P] in units of the gradient: what SCAFFOLD adds to each of the site's mean gradients in a round.
 *
 * @param reach K η: steps of a round times their learning rate
 */
export function controlShift(
  variates: ControlVariates,
  round: {
    readonly site: string;
    readonly sites: readonly SiteWeight[];
    readonly parameterCount: number;
    readonly reach: number;
  },
): Float64Array {
  const { site, sites, parameterCount, reach } = round;
  const mean = meanVariate(variates, sites, parameterCount);
  const own = variates.get(site);
  const unit = 2 ** -PARAMETER_SCALE_BITS / reach;
  return Float64Array.from(mean, (value, i) => (value - (own?.[i] ?? 0)) * unit);
}
