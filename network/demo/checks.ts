// The invariants of a finished study, from the ledger's own rows. Any that does not hold fails the demo.
import type { Enrolment } from './enrolment.ts';
import type { EvidenceFacts } from './evidence.ts';
import type { DatasetFacts, LedgerFacts } from './ledger-facts.ts';
import type { Pool } from './ledger-rows.ts';
import type { StudyPlan } from './study-plan.ts';
import type { Check } from './summary.ts';

type Facts = Pick<LedgerFacts, 'dossiers' | 'consents' | 'model' | 'datasets' | 'modelFiles' | 'artefacts'>;
type Agreed = Pick<Enrolment, 'quotes'>;

/** A check from the list of what breaks it; it must also have looked at something. */
const check = (name: string, looked: number, broken: readonly string[], holds: string): Check =>
  looked === 0
    ? { name, holds: false, detail: 'nothing was found to check' }
    : broken.length === 0
      ? { name, holds: true, detail: holds }
      : { name, holds: false, detail: broken.join('; ') };

export function checkInvariants(facts: Facts, { quotes }: Agreed, plan: StudyPlan): Check[] {
  return [
    roundsFinalised(facts, plan),
    aggregatesAgree(facts, plan),
    artefactsVerify(facts),
    modelEverywhere(facts),
    consentsSettled(facts),
    chargesAreThePlans(facts, plan),
    spentIsTheQuote(facts, quotes, plan),
    budgetsHold(facts),
    nothingReserved(facts),
  ];
}

/** The file that a stranger would get, checked from the genesis digest alone. */
export const evidenceVerifies = ({ problems, signedBy, bytes }: EvidenceFacts): Check =>
  check(
    'the evidence verifies from the genesis digest alone',
    bytes + problems.length,
    problems,
    `${Math.round(bytes / 1024)} KiB, signed by peers of ${signedBy.length} hospitals`,
  );

function roundsFinalised({ dossiers }: Facts, { study }: StudyPlan): Check {
  const broken = dossiers
    .filter(({ round }) => round.state !== 'finalized')
    .map(({ round }) => `round ${round.round} is ${round.state}${round.reason ? `: ${round.reason}` : ''}`);
  if (dossiers.length !== study.rounds) broken.push(`${dossiers.length} of ${study.rounds} rounds are there`);
  return check('every round finalised', dossiers.length, broken, `${dossiers.length} of ${study.rounds}`);
}

function aggregatesAgree({ dossiers }: Facts, { study }: StudyPlan): Check {
  const broken: string[] = [];
  let looked = 0;
  for (const { round, attestations } of dossiers) {
    const hash = round.aggregate?.parametersSha256;
    if (attestations.length < study.quorum.validators) {
      broken.push(`round ${round.round}: ${attestations.length} hospitals recomputed the aggregate`);
    }
    for (const { mspId, parametersSha256 } of attestations) {
      looked += 1;
      if (parametersSha256 !== hash) broken.push(`round ${round.round}: ${mspId} computed another aggregate`);
    }
  }
  return check(
    'recomputed aggregates agree with the finalised ones',
    looked,
    broken,
    `${looked} recomputations, bit for bit`,
  );
}

function artefactsVerify({ artefacts }: Facts): Check {
  const broken = artefacts.flatMap(({ what, artefact, fetched }) => {
    if (fetched === null) return [`${what} cannot be fetched`];
    const same = fetched.sha256 === artefact.sha256 && fetched.sizeBytes === artefact.sizeBytes;
    return same ? [] : [`${what} is not what the ledger names`];
  });
  return check(
    'every artefact on the ledger is in IPFS with its hash',
    artefacts.length,
    broken,
    `${artefacts.length} artefacts`,
  );
}

function modelEverywhere({ modelFiles }: Facts): Check {
  const [first] = modelFiles;
  const broken = modelFiles.flatMap(({ mspId, sha256, headerSha256 }) => [
    ...(sha256 === first?.sha256 ? [] : [`${mspId} has another model`]),
    ...(sha256 === headerSha256 ? [] : [`${mspId}'s header names another hash`]),
  ]);
  const detail = `${modelFiles.length} hospitals, SHA-256 ${first?.sha256.slice(0, 16)}…`;
  return check('the final model is the same bytes at every hospital', modelFiles.length, broken, detail);
}

function consentsSettled({ consents }: Facts): Check {
  const broken = consents
    .filter(({ state }) => state !== 'settled')
    .map(({ datasetId, state }) => `${datasetId} is ${state}`);
  return check('every consent settled', consents.length, broken, `${consents.length} consents`);
}

const chargesOf = ({ charges }: DatasetFacts, pool: Pool) =>
  charges.filter(({ privacyEvent }) => privacyEvent.pool === pool);

/** One release per round and pool, each of exactly the planned kind. */
function chargesAreThePlans({ datasets }: Facts, { study }: StudyPlan): Check {
  const broken: string[] = [];
  let looked = 0;
  const validation = study.validation as { readonly noiseMultiplier: string };
  const { noiseMultiplier: sigma, samplingRate, stepsPerRound } = study.training;
  const planned = {
    training: `${sigma} ${samplingRate} ${stepsPerRound}`,
    'held-out': `${validation.noiseMultiplier} 1 1`,
  };
  for (const dataset of datasets) {
    for (const pool of ['training', 'held-out'] as const) {
      const charges = chargesOf(dataset, pool);
      looked += charges.length;
      const rounds = new Set(charges.map(({ round }) => round));
      if (charges.length !== study.rounds || rounds.size !== study.rounds) {
        const found = `${charges.length} charges in ${rounds.size} rounds`;
        broken.push(`${dataset.datasetId} (${pool}): ${found}, not ${study.rounds}`);
      }
      const odd = charges.find(({ privacyEvent: { noiseMultiplier, samplingRate, steps } }) => {
        return `${noiseMultiplier} ${samplingRate} ${steps}` !== planned[pool];
      });
      if (odd !== undefined) broken.push(`${dataset.datasetId} (${pool}): a charge is not the plan's`);
    }
  }
  return check('one charge per round and pool, as planned', looked, broken, `${looked} privacy events`);
}

function spentIsTheQuote({ datasets }: Facts, quotes: Agreed['quotes'], { study }: StudyPlan): Check {
  const broken: string[] = [];
  let looked = 0;
  for (const { datasetId, budgets } of datasets) {
    for (const { pool, spentEpsilon } of budgets) {
      looked += 1;
      const claimed = quotes.get(datasetId)?.claimedEpsilon;
      const quoted = pool === 'training' ? claimed?.training : claimed?.heldOut;
      if (Number(spentEpsilon) !== Number(quoted)) {
        broken.push(`${datasetId} (${pool}): spent ${spentEpsilon}, quoted ${quoted}`);
      }
    }
  }
  return check(
    'spent ε is what was quoted for the whole plan',
    looked,
    broken,
    `${looked} accounts after ${study.rounds} rounds`,
  );
}

function budgetsHold({ datasets }: Facts): Check {
  const accounts = datasets.flatMap(({ datasetId, budgets }) =>
    budgets.map((one) => ({ datasetId, ...one })),
  );
  const broken = accounts
    .filter(({ spentEpsilon, budget }) => !(Number(spentEpsilon) <= Number(budget.epsilon)))
    .map(({ datasetId, pool, spentEpsilon }) => `${datasetId} (${pool}) has spent ${spentEpsilon}`);
  return check('no account is overdrawn', accounts.length, broken, `${accounts.length} accounts`);
}

function nothingReserved({ datasets }: Facts): Check {
  const accounts = datasets.flatMap(({ datasetId, budgets }) =>
    budgets.map((one) => ({ datasetId, ...one })),
  );
  const broken = accounts
    .filter(({ reserved }) => reserved.some((cost) => cost !== '0'))
    .map(
      ({ datasetId, pool, reservedEpsilon }) => `${datasetId} (${pool}) still reserves ${reservedEpsilon}`,
    );
  return check('nothing is reserved any more', accounts.length, broken, `${accounts.length} accounts`);
}
