// What a study has cost each dataset so far, and may cost it at most, as ε at the δ of its budget: with the
// ledger's own accounting.
import { type Consent, type Dataset, epsilonOfRounds, type RoundDossier } from '@consilium/domain';

/** ε of the two accounts, each of other patients. */
export interface AccountCosts {
  readonly training: string;
  readonly heldOut: string;
}

/** Rounds of which each account bears the cost. */
export interface ChargedRounds {
  readonly training: number;
  readonly heldOut: number;
}

export interface StudyCost {
  readonly datasetId: string;
  readonly owner: string;
  readonly delta: string;
  readonly perRound: AccountCosts;
  readonly charged: ChargedRounds;
  readonly spent: AccountCosts;
  /** For all rounds that were consented to. */
  readonly most: AccountCosts;
  readonly rounds: number;
}

/**
 * How many rounds a dataset bears: those with a release of it on the ledger, and those that ended while it took part
 * without one, since a release may have happened that nobody recorded. It is what settling charges at most.
 */
export function chargedRounds(
  { datasetId, owner, withdrawnAt }: Pick<Consent, 'datasetId' | 'owner' | 'withdrawnAt'>,
  rounds: readonly RoundDossier[],
): ChargedRounds {
  const takenPart = rounds.filter(({ round }) =>
    round.participants.some((participant) => participant.datasetId === datasetId),
  );
  const isOver = ({ round }: RoundDossier) => round.state === 'finalized' || round.state === 'aborted';
  const training = takenPart.filter(
    (dossier) =>
      dossier.updates.some((update) => update.datasetId === datasetId) || dossier.round.state !== 'training',
  );
  const heldOut = takenPart.filter((dossier) => {
    const { round, verdicts } = dossier;
    const verdict = verdicts.find(({ mspId }) => mspId === owner);
    if (verdict?.scores.some((score) => score.datasetId === datasetId)) return true;
    if (verdict !== undefined && withdrawnAt === undefined) return false;
    // There was a candidate to score from the closing of the round on.
    return round.updates !== undefined && (isOver(dossier) || round.state === 'aggregating');
  });
  return { training: training.length, heldOut: heldOut.length };
}

type Account = Pick<Dataset, 'privacyBudget' | 'accounting'>;

/** The ε of so many rounds of a consent, each pool by the measure of its account. */
const epsilonOfCounts = (consent: Consent, dataset: Account, counts: ChargedRounds): AccountCosts => {
  const { privacyBudget: budget } = dataset;
  const of = (pool: 'training' | 'held-out', count: number): string => {
    // Scores never sample, so that their account adds up by the closed form.
    const kind = pool === 'held-out' ? 'gaussian' : (dataset.accounting?.kind ?? 'renyi');
    return count === 0 ? '0' : epsilonOfRounds({ accounting: { kind }, budget, pool }, consent, count);
  };
  return { training: of('training', counts.training), heldOut: of('held-out', counts.heldOut) };
};

/** What so many more rounds of a consent cost alone: what is claimed when they are reserved. */
export const epsilonOfMore = (consent: Consent, dataset: Account, rounds: number): AccountCosts =>
  epsilonOfCounts(consent, dataset, { training: rounds, heldOut: rounds });

/** The costs of one consent. @param dataset as it was consented to: its budget's δ, and how its accounts add up */
export function costOf(consent: Consent, dataset: Account, rounds: readonly RoundDossier[]): StudyCost {
  const { datasetId, owner, claimedEpsilon } = consent;
  const charged = chargedRounds(consent, rounds);
  return {
    datasetId,
    owner,
    delta: dataset.privacyBudget.delta,
    perRound: epsilonOfMore(consent, dataset, 1),
    charged,
    spent: epsilonOfCounts(consent, dataset, charged),
    most: claimedEpsilon,
    rounds: consent.rounds,
  };
}
