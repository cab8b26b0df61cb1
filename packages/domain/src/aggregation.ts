// How a round's updates become the next model: the rules a study can name, and from how many updates on each
// promises anything. The rules themselves are the trainer's; every member recomputes them.
import { type Static, Type } from 'typebox';
import { Described, PositiveDecimal, Strict, Words } from './primitives.ts';
import { ServerOptimizer } from './server-optimizer.ts';

/** The rules that a study can name. `fewestUpdates` says what each needs and who proved it. */
export const AGGREGATION_RULES = [
  'fedavg',
  'median',
  'trimmed-mean',
  'geometric-median',
  'multi-krum',
  'nearest-neighbour-mixing',
] as const;
/** The name of a rule. */
export type AggregationRule = (typeof AGGREGATION_RULES)[number];

/** False updates a rule is to bear where the study does not say. */
export const FAULTY_DEFAULT = 1;

export const AggregationPlan = Strict({
  rule: Words(AGGREGATION_RULES),
  faulty: Type.Optional(
    Described(
      Type.Integer({ minimum: 1, maximum: 49 }),
      'False updates to bear; not for fedavg and the medians.',
    ),
  ),
  maxUpdateNormL2: PositiveDecimal,
  serverOptimizer: Type.Optional(
    Described(ServerOptimizer, 'How the aggregate moves the model; it becomes the model where absent.'),
  ),
});
export type AggregationPlan = Static<typeof AggregationPlan>;

/**
 * The fewest updates at which a rule keeps its promise against `faulty` false ones.
 *
 * fedavg: 1 (it promises nothing). Medians: 3, below which one false update moves them at will. Trimmed mean and
 * nearest-neighbour mixing: 2f + 1 (Yin et al. 2018; Allouah et al. 2023). Multi-Krum: 2f + 3 (Blanchard et al.
 * 2017, Prop. 2).
 */
export function fewestUpdates({
  rule,
  faulty = FAULTY_DEFAULT,
}: Pick<AggregationPlan, 'rule' | 'faulty'>): number {
  switch (rule) {
    case 'fedavg':
      return 1;
    case 'median':
    case 'geometric-median':
      return 3;
    case 'trimmed-mean':
    case 'nearest-neighbour-mixing':
      return 2 * faulty + 1;
    case 'multi-krum':
      return 2 * faulty + 3;
  }
}
