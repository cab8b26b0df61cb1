// Rounds of federated averaging with server optimisers, control variates and averages, as an outsider would write them
// down from their description: one parameter at a time, in fractions of integers, with nothing shared with the code
// under test but its words.
import type { ServerOptimizerPlan } from '../server-optimizer.ts';

/** numerator / denominator, the denominator positive. */
type Fraction = readonly [numerator: bigint, denominator: bigint];

const floorOf = ([n, d]: Fraction): bigint => (n - (((n % d) + d) % d)) / d;

/** To the nearest integer, to the even one of two. */
export function nearest([n, d]: Fraction): bigint {
  const up = floorOf([2n * n + d, 2n * d]);
  const isHalf = (2n * n + d) % (2n * d) === 0n;
  return isHalf && up % 2n !== 0n ? up - 1n : up;
}

/** The integer root, bit by bit from the top. */
export function rootOf(square: bigint): bigint {
  let root = 0n;
  for (let bit = 1n << 80n; bit > 0n; bit >>= 1n) {
    if ((root + bit) ** 2n <= square) root += bit;
  }
  return root;
}

/** Factors count in 2^-20, first moments in 2^-36, second ones in 2^-72. */
const ONE = 2n ** 20n;
const factor = (value: number) => BigInt(Math.round(value * 2 ** 20));

export interface PlainParameter {
  readonly value: bigint;
  readonly first: bigint;
  readonly second: bigint;
}

export type PlainModel = readonly PlainParameter[];

export const plainModel = (parameters: Iterable<number>): PlainModel =>
  Array.from(parameters, (value) => ({ value: BigInt(value), first: 0n, second: 0n }));

/** One round. @param updates weight and lattice values of each included hospital */
export function plainRound(
  model: PlainModel,
  updates: readonly { readonly weight: number; readonly delta: ArrayLike<number> }[],
  plan?: ServerOptimizerPlan,
): PlainModel {
  const total = updates.reduce((sum, { weight }) => sum + BigInt(weight), 0n);
  return model.map((parameter, i) => {
    const sum = updates.reduce((all, { weight, delta }) => all + BigInt(weight) * BigInt(delta[i]!), 0n);
    const mean = nearest([sum, total]);
    return plan === undefined
      ? { ...parameter, value: parameter.value + mean }
      : plainStep(parameter, mean, plan);
  });
}

function plainStep(parameter: PlainParameter, mean: bigint, plan: ServerOptimizerPlan): PlainParameter {
  const { kind } = plan;
  const gradient = mean * 2n ** 16n;
  const [rate, beta1, beta2] = [plan.learningRate, plan.momentum, plan.secondMomentum].map(factor);
  const share = kind === 'fedavgm' ? ONE : ONE - beta1!;
  const first = nearest([beta1! * parameter.first + share * gradient, ONE]);
  if (kind === 'fedavgm') {
    return { ...parameter, first, value: parameter.value + nearest([rate! * first, 2n ** 36n]) };
  }
  const square = gradient ** 2n;
  const before = parameter.second;
  const second = {
    fedadagrad: before + square,
    fedadam: nearest([beta2! * before + (ONE - beta2!) * square, ONE]),
    fedyogi: before + BigInt(Math.sign(Number(square - before))) * nearest([(ONE - beta2!) * square, ONE]),
  }[kind];
  const scale = rootOf(second) + BigInt(Math.round(plan.adaptivity * 2 ** 36));
  return { first, second, value: parameter.value + nearest([rate! * first, scale]) };
}

/** K η cᵢ by hospital, for those that have contributed. */
export type PlainVariates = ReadonlyMap<string, readonly bigint[]>;

const distanceFromZero = (values: readonly bigint[]) =>
  values.reduce((sum, value) => sum + value * value, 0n);

/**
 * cᵢ⁺ = cᵢ - c + (base - wᵢ) / (K η) for who contributed, as published; c is the weighted mean of all who take part.
 *
 * @param round every hospital that takes part, with its update where it was included
 */
export function plainVariates(
  before: PlainVariates,
  round: readonly { readonly site: string; readonly weight: number; readonly delta?: ArrayLike<number> }[],
  maxNormL2?: number,
): PlainVariates {
  const length = Array.from(round.find(({ delta }) => delta !== undefined)?.delta ?? []).length;
  const total = round.reduce((sum, { weight }) => sum + BigInt(weight), 0n);
  const own = (site: string, i: number) => before.get(site)?.[i] ?? 0n;
  const mean = (i: number) =>
    nearest([round.reduce((sum, { site, weight }) => sum + BigInt(weight) * own(site, i), 0n), total]);
  const after = new Map<string, readonly bigint[]>();
  for (const { site, delta } of round) {
    const kept = before.get(site);
    if (delta === undefined && kept !== undefined) after.set(site, kept);
    if (delta === undefined) continue;
    const next = Array.from({ length }, (_, i) => own(site, i) - mean(i) - BigInt(delta[i]!));
    const tooLong =
      maxNormL2 !== undefined && distanceFromZero(next) > BigInt(Math.ceil(maxNormL2 * 2 ** 20)) ** 2n;
    const tooLarge = next.some((value) => value !== BigInt.asIntN(32, value));
    if (!tooLong && !tooLarge) after.set(site, next);
  }
  return after;
}

/** Weight in 2^-40, values in 2^-36 of a parameter's unit. */
export interface PlainAverage {
  readonly weight: bigint;
  readonly values: readonly bigint[];
}

/** W ← d W + 1 and a ← a + (θ - a) / W. @param before none before the first model */
export function plainAverage(
  before: PlainAverage | undefined,
  model: PlainModel,
  decay: number,
): PlainAverage {
  const one = 2n ** 40n;
  const share = BigInt(Math.round(decay * 2 ** 40));
  const weight = one + nearest([share * (before?.weight ?? 0n), one]);
  const values = model.map(({ value }, i) => {
    const old = before?.values[i] ?? 0n;
    return old + nearest([(value * 2n ** 16n - old) * one, weight]);
  });
  return { weight, values };
}

const littleEndian = (value: bigint, bytes: number): Buffer => {
  const text = BigInt.asUintN(8 * bytes, value)
    .toString(16)
    .padStart(2 * bytes, '0');
  return Buffer.from(text, 'hex').reverse();
};

/** The bytes that members attest the hash of, from the description of their form. */
export function plainBytes(
  model: PlainModel,
  {
    kind,
    variates,
    average,
  }: {
    readonly kind?: ServerOptimizerPlan['kind'];
    readonly variates?: PlainVariates;
    readonly average?: PlainAverage;
  } = {},
): Buffer {
  const values = (pick: (parameter: PlainParameter) => bigint, bytes: number) =>
    model.map((parameter) => littleEndian(pick(parameter), bytes));
  const parts = [
    Buffer.from('434e535001140000', 'hex'),
    littleEndian(BigInt(model.length), 4),
    ...values(({ value }) => value, 4),
  ];
  if (kind !== undefined) {
    parts.push(Buffer.from(`434e534d010${kind === 'fedavgm' ? 1 : 2}0000`, 'hex'));
    parts.push(...values(({ first }) => first, 8));
    if (kind !== 'fedavgm') parts.push(...values(({ second }) => second, 16));
  }
  if (variates !== undefined) {
    parts.push(Buffer.from('434e535601000000', 'hex'), littleEndian(BigInt(variates.size), 4));
    for (const [site, own] of [...variates].sort(([a], [b]) => (a < b ? -1 : 1))) {
      parts.push(
        Buffer.from([site.length]),
        Buffer.from(site),
        ...own.map((value) => littleEndian(value, 4)),
      );
    }
  }
  if (average !== undefined) {
    parts.push(Buffer.from('434e534101000000', 'hex'), littleEndian(average.weight, 8));
    parts.push(...average.values.map((value) => littleEndian(value, 8)));
  }
  return Buffer.concat(parts);
}
