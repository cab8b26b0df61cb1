// Seals and lineage: digests that close a model's history, and the check that anyone can make of it. A round is
// sealed when it ends, over every update, verdict and attestation; a model's digest covers the study, its
// datasets and consents, and its rounds with their seals. Anyone who has kept that one hash can check whether a
// history that they are shown later is the one that the hospitals signed.
import type { Lineage, RoundDossier } from '../answers.ts';
import { canonicalJson, type Sha256Of } from '../canonical-json.ts';
import type { Consent } from '../consent.ts';
import type { Dataset, DatasetRow } from '../dataset.ts';
import { bandWeight } from '../record-count-band.ts';
import type { ParametersRef, Round } from '../round.ts';
import type { Study } from '../study.ts';
import { supportersOf } from './aggregate-rules.ts';
import { leaderOf, validatorsOf, weightIn, weightsOf } from './participation-rules.ts';
import { costPerRound, plannedScoreEvent, plannedTrainingEvent, recordedCost } from './plan-cost.ts';
import { datasetIn, weighedRevision } from './revision-rules.ts';
import { nextBase } from './round-rules.ts';
import { planDigest, studyDigest } from './study-rules.ts';
import { tallyOf } from './tally.ts';

/** The digest of everything that was recorded about a round. */
export const sealOf = (
  { updates, verdicts, attestations }: Omit<RoundDossier, 'round'>,
  sha256: Sha256Of,
): string => sha256(canonicalJson({ updates, verdicts, attestations }));

/**
 * Whether a round may have weighed a dataset so. Rounds before an amendment that added datasets weighed by the text of
 * then, whose limit was as high or higher: between the weight of now and the middle of the band.
 */
function isWeightOf(study: Study, dataset: Dataset, weight: number): boolean {
  const [now, most] = [weightIn(study, dataset), bandWeight(dataset.recordCountBand)];
  return weight === now || ((study.version ?? 1) > 1 && weight > now && weight <= most);
}

/** What of a consent no settlement changes. */
const consented = (consent: Consent) => {
  const { studyId, datasetId, owner, claimedEpsilon, costPerRound, gaussianPerRound, rounds, grantedAt } =
    consent;
  const { studyVersion, stewards, studySha256, planSha256, revision, blocks } = consent;
  return {
    studyId,
    datasetId,
    owner,
    claimedEpsilon,
    costPerRound,
    gaussianPerRound,
    rounds,
    grantedAt,
    studyVersion,
    stewards,
    studySha256,
    planSha256,
    revision,
    blocks,
  };
};

/** The digest of a model's whole history. `seals` has that of each round, in order. */
export const lineageDigest = (
  {
    study,
    datasets,
    consents,
    revisions,
    rounds,
    seals,
  }: Pick<Lineage, 'study' | 'datasets' | 'consents' | 'revisions'> & {
    readonly rounds: readonly Round[];
    readonly seals: readonly string[];
  },
  sha256: Sha256Of,
): string =>
  sha256(canonicalJson({ study, datasets, consents: consents.map(consented), revisions, rounds, seals }));

/** One lineage from its pages, in order. @throws RangeError where they are not pages of one lineage */
export function joinLineage(pages: readonly Lineage[]): Lineage {
  const [first] = pages;
  if (first === undefined) throw new RangeError('a lineage has at least one page');
  const { rounds: _, bookmark: __, ...head } = first;
  for (const page of pages) {
    const { rounds: ___, bookmark: ____, ...other } = page;
    if (canonicalJson(other) !== canonicalJson(head)) throw new RangeError('pages of different lineages');
  }
  return { ...head, rounds: pages.flatMap(({ rounds }) => rounds) };
}

/** A dataset as the study weighs it, which may be another revision than was consented to. */
function weighedIn({ study, revisions = [] }: Lineage, dataset: Dataset): Dataset {
  const { datasetId } = dataset;
  const wanted = weighedRevision(study, datasetId);
  if (wanted === undefined || wanted === (dataset.revision ?? 1)) return dataset;
  const found = revisions.find((one) => one.datasetId === datasetId && one.revision === wanted);
  return found === undefined ? dataset : datasetIn(dataset as DatasetRow, found);
}

const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);

/**
 * Everything that is wrong with a whole lineage; empty where it is complete, consistent and unaltered.
 *
 * Every round follows from the one before; each dataset that takes part in it has a consent, and the weight of its
 * public band; every update was planned, judged and counted as the rules say; every aggregate has its N
 * supporters; every seal and the model's digest fit. `trusted` is the model's digest from a source of one's own,
 * such as a block whose signatures one has checked; without it the check says only that the lineage agrees with
 * itself.
 */
export function lineageProblems(
  lineage: Lineage,
  { sha256, trusted }: { readonly sha256: Sha256Of; readonly trusted?: string },
): string[] {
  const { model, study, datasets, consents, rounds } = lineage;
  const problems: string[] = [];
  const check = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(problem);
  };
  check(lineage.bookmark === undefined, 'pages are missing');
  check(model.studyId === study.studyId && study.state === 'completed', 'the model is not that of the study');
  check(same(model.graph, study.model.graph), "the model's graph is not the study's");
  let previous: Round | undefined;
  const seals: string[] = [];
  for (const [i, dossier] of rounds.entries()) {
    check(dossier.round.round === i + 1, `round ${i + 1} is missing`);
    const base: ParametersRef | null = nextBase(previous);
    // Its artefact may be another, sealed for members that joined since.
    const began = dossier.round.base?.parametersSha256;
    check(
      began === base?.parametersSha256,
      `round ${i + 1} does not start from the last finalised aggregate`,
    );
    problems.push(...roundProblems(dossier, lineage));
    const seal = sealOf(dossier, sha256);
    check(
      dossier.round.seal === undefined || dossier.round.seal === seal,
      `round ${i + 1} is not what was sealed`,
    );
    seals.push(seal);
    previous = dossier.round;
  }
  check(rounds.length >= study.rounds, `${study.rounds - rounds.length} planned rounds are missing`);
  const finalized = rounds.map(({ round }) => round).filter(({ state }) => state === 'finalized');
  check(
    same(
      model.rounds,
      finalized.map(({ round }) => round),
    ),
    "the model's rounds are not those finalised",
  );
  check(same(model.parameters, finalized.at(-1)?.aggregate ?? null), 'the model is not the last aggregate');
  const included = [...new Set(finalized.flatMap((round) => round.included ?? []))].sort();
  check(same(model.datasets, included), "the model's datasets are not those included");
  const text = studyDigest(study, sha256);
  const plan = planDigest(study, sha256);
  const wanted = study.datasets
    .flatMap((id) => datasets.filter(({ datasetId }) => datasetId === id))
    .map((dataset) => weighedIn(lineage, dataset));
  check(
    study.weights === undefined ||
      wanted.length < study.datasets.length ||
      same(study.weights, weightsOf(wanted, study.weightRatioMax)),
    "the study's weights do not follow from the bands and its limit",
  );
  const cost = recordedCost(costPerRound(study));
  for (const consent of consents) {
    const { datasetId, studyVersion, studySha256, planSha256, gaussianPerRound } = consent;
    check(
      same(consent.costPerRound, cost.costPerRound) &&
        (gaussianPerRound === undefined || same(gaussianPerRound, cost.gaussianPerRound)),
      `the consent of ${datasetId} costs other than its plan`,
    );
    check(
      datasets.some((dataset) => dataset.datasetId === datasetId),
      `dataset ${datasetId} is missing`,
    );
    // What an earlier text said is on the ledger's history; rows of old have no digest.
    const comparable = studySha256 !== undefined && studyVersion === study.version;
    check(!comparable || studySha256 === text, `the consent of ${datasetId} is to another text`);
    check(planSha256 === undefined || planSha256 === plan, `the consent of ${datasetId} is to another plan`);
  }
  const digest = lineageDigest({ ...lineage, rounds: rounds.map(({ round }) => round), seals }, sha256);
  check(model.lineageSha256 === digest, "the model's digest is of another history");
  check(trusted === undefined || trusted === digest, 'this is not the history of the trusted digest');
  return problems;
}

function roundProblems(dossier: RoundDossier, lineage: Lineage): string[] {
  const { study, datasets, consents } = lineage;
  const { round, updates, verdicts, attestations } = dossier;
  const problems: string[] = [];
  const where = `round ${round.round}`;
  const check = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(`${where}: ${problem}`);
  };
  check(round.studyId === study.studyId, 'is of another study');
  const { participants, validators } = round;
  check(same(validators, validatorsOf(participants)), "its validators are not its participants' hospitals");
  check(round.leader === leaderOf(validators, round.round), 'is led out of turn');
  for (const { datasetId, mspId, weight } of participants) {
    const dataset = datasets.find((candidate) => candidate.datasetId === datasetId);
    const consent = consents.find((candidate) => candidate.datasetId === datasetId);
    check(dataset?.owner === mspId, `${datasetId} is not its hospital's`);
    check(
      dataset !== undefined && isWeightOf(study, weighedIn(lineage, dataset), weight),
      `the weight of ${datasetId} is not that of its band, within the study's limit`,
    );
    check(
      consent !== undefined && consent.rounds >= round.round,
      `the consent of ${datasetId} ends before it`,
    );
  }
  for (const update of updates) {
    const { datasetId, owner } = update;
    const participant = round.participants.find((candidate) => candidate.datasetId === datasetId);
    const consent = consents.find((candidate) => candidate.datasetId === datasetId);
    check(participant?.mspId === owner, `the update of ${datasetId} is not by a participant`);
    check(consent?.owner === owner, `the update of ${datasetId} has no consent`);
    check(
      update.round === round.round && update.studyId === round.studyId,
      `the update of ${datasetId} is stray`,
    );
    check(
      same(update.privacyEvent, plannedTrainingEvent(study)),
      `the update of ${datasetId} was not planned`,
    );
  }
  for (const { mspId, scores } of verdicts) {
    check(round.validators.includes(mspId), `${mspId} is no validator`);
    const planned = plannedScoreEvent(study);
    check(
      scores.every(({ privacyEvent }) => same(privacyEvent, planned)),
      `a score of ${mspId} was not planned`,
    );
  }
  const arrived = updates.map(({ datasetId }) => datasetId).sort();
  const { withdrawn = [] } = round;
  if (round.updates !== undefined) {
    const counted = arrived.filter((id) => round.updates?.includes(id) || !withdrawn.includes(id));
    check(same(round.updates, counted), 'updates are missing or added');
  }
  check(
    withdrawn.every((id) => participants.some(({ datasetId }) => datasetId === id)),
    'a dataset that takes no part in it is withdrawn from it',
  );
  if (round.state !== 'finalized') {
    check(round.state === 'aborted', `has not ended`);
    return problems;
  }
  const { included, excluded, shortfall } = tallyOf(round, verdicts);
  check(shortfall === undefined, `had no quorum: ${shortfall}`);
  check(
    same(round.included, included) && same(round.excluded, excluded),
    'the verdicts say otherwise of its updates',
  );
  const tally = { verdicts, attestations, equivocators: round.disqualified ?? [] };
  const supporters = supportersOf(round, round.aggregate?.parametersSha256 ?? '', tally);
  check(supporters.length >= round.quorum.validators, 'its aggregate has too few supporters');
  return problems;
}
