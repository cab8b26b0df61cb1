// A complete record of one use of a privacy mechanism: enough for anyone to recompute its cost later with a
// tighter accountant. Never only an epsilon.
import { type Static, Type } from 'typebox';
import { Decimal, Strict, Words } from './primitives.ts';

/** The two disjoint sets of patients of a dataset, each with an account of its own (parallel composition). */
export const POOLS = ['training', 'held-out'] as const;
/** One of the two pools. */
export type Pool = (typeof POOLS)[number];

/** Whose presence is hidden: a patient with all rows, or one record. */
export const UNITS = ['patient', 'record'] as const;

/**
 * One use of a mechanism: discrete Gaussian noise, its multiplier, the sampling rate and the number of steps.
 * Neighbours differ by one unit, added or removed.
 */
export const PrivacyEvent = Strict({
  mechanism: Words(['discrete-gaussian'], 'Canonne, Kamath and Steinke 2020.'),
  noiseMultiplier: Type.Refine(
    Decimal,
    (value) => Number(value) > 0,
    () => 'must be greater than 0',
  ),
  samplingRate: Type.Refine(
    Decimal,
    (value) => Number(value) > 0 && Number(value) <= 1,
    () => 'must be greater than 0 and at most 1',
  ),
  steps: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  adjacency: Words(['add-or-remove-one']),
  unit: Words(UNITS),
  pool: Words(POOLS),
});
export type PrivacyEvent = Static<typeof PrivacyEvent>;

/** What a budget is measured in: (ε, δ) for the whole life of a dataset, per unit of privacy. */
export const PrivacyBudget = Strict({ epsilon: Decimal, delta: Decimal, unit: Words(UNITS) });
export type PrivacyBudget = Static<typeof PrivacyBudget>;
