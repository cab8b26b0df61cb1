// What a study cost in privacy, recomputed from the complete privacy events by both accountants: the ledger's own, in
// integers and rounded up, and the numerical one by privacy-loss distributions. Both bound it from above.
import {
  canonicalJson,
  compareDecimals,
  epsilonOf,
  type Lineage,
  type PrivacyCharge,
  type PrivacyEvent,
  standInMultiplier,
} from '@consilium/domain';
import { epsilonByPld, type GaussianSteps } from '@consilium/dp-accountant';
import type { Problem } from '../blocks/block-replay.ts';
import type { ReadRow } from './lineage-claim.ts';

/** What the study's releases cost one account of one dataset. */
export interface AccountCost {
  readonly datasetId: string;
  readonly pool: string;
  readonly unit: string;
  readonly delta: string;
  readonly releases: number;
  /** By the ledger's accountant, rounded up. */
  readonly ledgerEpsilon: string;
  /** By privacy-loss distributions; null where the noise is too small for their stand-in. */
  readonly pldEpsilon: number | null;
}

interface Released {
  readonly datasetId: string;
  readonly round: number;
  readonly cause: 'update' | 'verdict';
  readonly event: PrivacyEvent;
  readonly claimedEpsilon: string;
}

/** Every release of a lineage with its charge on the ledger, and what they cost together. */
export function checkPrivacy(
  lineage: Charged,
  rows: readonly ReadRow[],
): { readonly problems: readonly Problem[]; readonly costs: readonly AccountCost[] } {
  const problems: Problem[] = [];
  const { studyId } = lineage.study;
  const charges = rows.flatMap(({ kind, value }) =>
    kind === 'privacy-charge' && value.studyId === studyId ? [value as unknown as PrivacyCharge] : [],
  );
  for (const release of releasesOf(lineage)) {
    const { datasetId, round, cause, event, claimedEpsilon } = release;
    const place = `round ${round}, ${cause} on ${datasetId}`;
    const charged = charges.filter(
      (charge) => charge.datasetId === datasetId && charge.round === round && charge.cause === cause,
    );
    if (charged.length !== 1) {
      problems.push({ place, text: `the ledger has ${charged.length} charges for it` });
    } else if (
      canonicalJson(charged[0]!.privacyEvent) !== canonicalJson(event) ||
      charged[0]!.claimedEpsilon !== claimedEpsilon
    ) {
      problems.push({ place, text: 'the ledger charged another event' });
    }
    const delta = deltaOf(lineage, datasetId);
    if (delta === undefined) continue;
    const recomputed = epsilonOf([{ event, count: 1 }], delta);
    if (compareDecimals(claimedEpsilon, recomputed) < 0) {
      problems.push({ place, text: `it was charged as ε ${claimedEpsilon}, and costs ${recomputed}` });
    }
  }
  const costs = costOfCharges(charges, (datasetId) => deltaOf(lineage, datasetId));
  return { problems, costs };
}

type Charged = Pick<Lineage, 'study' | 'datasets' | 'rounds'>;

const deltaOf = ({ datasets }: Charged, datasetId: string): string | undefined =>
  datasets.find((dataset) => dataset.datasetId === datasetId)?.privacyBudget.delta;

const releasesOf = ({ rounds }: Charged): Released[] =>
  rounds.flatMap(({ round: { round }, updates, verdicts }) => [
    ...updates.map(({ datasetId, privacyEvent: event, claimedEpsilon }) => ({
      ...{ datasetId, round, event, claimedEpsilon },
      cause: 'update' as const,
    })),
    ...verdicts.flatMap(({ scores }) =>
      scores.map(({ datasetId, privacyEvent: event, claimedEpsilon }) => ({
        ...{ datasetId, round, event, claimedEpsilon },
        cause: 'verdict' as const,
      })),
    ),
  ]);

/** By account, from everything that was charged: also what may have been released unseen. */
export function costOfCharges(
  charges: readonly PrivacyCharge[],
  deltaOf: (datasetId: string) => string | undefined,
): AccountCost[] {
  const accounts = Map.groupBy(charges, ({ datasetId, privacyEvent: { pool } }) => `${datasetId}\n${pool}`);
  const sorted = [...accounts].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.flatMap(([, all]) => {
    const { datasetId, privacyEvent } = all[0]!;
    const delta = deltaOf(datasetId);
    if (delta === undefined) return [];
    const events = all.map((charge) => ({ event: charge.privacyEvent, count: 1 }));
    const steps = all.map((charge) => stepsOf(charge.privacyEvent));
    const isKnown = steps.every((one) => one !== undefined);
    return [
      {
        datasetId,
        pool: privacyEvent.pool,
        unit: privacyEvent.unit,
        delta,
        releases: all.length,
        ledgerEpsilon: epsilonOf(events, delta),
        pldEpsilon: isKnown ? epsilonByPld(steps as GaussianSteps[], Number(delta)) : null,
      },
    ];
  });
}

/**
 * Gaussian steps that the discrete ones are no less private than. The stand-in's trade-off lies below the discrete
 * one's (`standInMultiplier`), so some kernel makes the discrete pair of the Gaussian pair (Blackwell 1953); the same
 * kernel makes the pair that Poisson sampling mixes of the mixed one, and composition keeps the order.
 */
function stepsOf({ noiseMultiplier, samplingRate, steps }: PrivacyEvent): GaussianSteps | undefined {
  const standIn = standInMultiplier(noiseMultiplier);
  if (standIn === undefined) return undefined;
  return { noiseMultiplier: standIn, samplingRate: Number(samplingRate), steps };
}
