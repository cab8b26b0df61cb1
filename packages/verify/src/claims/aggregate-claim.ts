// Where the plaintexts of updates and models are at hand: that each aggregate is, bit for bit, what the study's rules
// make of the updates that the verdicts included. Files are known by their SHA-256, whatever they are called.
import type { Lineage, RoundDossier, Study } from '@consilium/domain';
import {
  AggregationRefusedError,
  aggregateRound,
  checkUpdate,
  decodeParameters,
  decodeSharedModel,
  federationOf,
  hashSharedModel,
  ParameterFormatError,
  ParameterRangeError,
} from '@consilium/federation';
import type { Problem } from '../blocks/block-replay.ts';
import { hex, sha256 } from '../wire/digests.ts';

/** Plaintexts of updates and models by their SHA-256 in hexadecimal. */
export type Artefacts = ReadonlyMap<string, Uint8Array>;

/** Files by what they hold. */
export const artefactsOf = (files: Iterable<Uint8Array>): Artefacts =>
  new Map([...files].map((bytes) => [hex(sha256(bytes)), bytes]));

/** What recomputing the rounds of a study from their plaintexts showed. */
export interface RecomputedRounds {
  readonly problems: readonly Problem[];
  /** Rounds whose aggregate was recomputed, bit for bit. */
  readonly recomputed: readonly number[];
  /** Finalised rounds that were not recomputed, and why. */
  readonly left: readonly string[];
}

type Recomputed = { readonly kind: 'same' } | { readonly kind: 'other' | 'left'; readonly text: string };

/** Recomputes every round whose plaintexts are there. */
export function recomputeAggregates(
  { study, rounds }: Pick<Lineage, 'study' | 'rounds'>,
  artefacts: Artefacts,
): RecomputedRounds {
  const problems: Problem[] = [];
  const recomputed: number[] = [];
  const left: string[] = [];
  for (const dossier of rounds.filter(({ round }) => round.state === 'finalized')) {
    const { round } = dossier.round;
    const outcome = recomputeRound(dossier, study, artefacts);
    if (outcome.kind === 'same') recomputed.push(round);
    else if (outcome.kind === 'left') left.push(`round ${round}: ${outcome.text}`);
    else problems.push({ place: `round ${round}`, text: outcome.text });
  }
  return { problems, recomputed, left };
}

function recomputeRound({ round, updates }: RoundDossier, study: Study, artefacts: Artefacts): Recomputed {
  if (round.base === null) {
    return { kind: 'left', text: "it starts from the graph's own parameters, and no graph is read here" };
  }
  const base = artefacts.get(round.base.parametersSha256);
  if (base === undefined) return { kind: 'left', text: 'the model that it starts from is not at hand' };
  const included = updates.filter(({ datasetId }) => round.included?.includes(datasetId) === true);
  const deltas = new Map<string, Uint8Array>();
  for (const { datasetId, plaintextSha256 } of included) {
    const bytes = artefacts.get(plaintextSha256);
    if (bytes === undefined) return { kind: 'left', text: `the update of ${datasetId} is not at hand` };
    deltas.set(datasetId, bytes);
  }
  try {
    const parameterCount = countOf(deltas);
    const plan = federationOf(study);
    const before = decodeSharedModel(base, plan, parameterCount);
    const maxUpdateNormL2 = Number(study.aggregation.maxUpdateNormL2);
    const decoded = new Map([...deltas].map(([datasetId, bytes]) => [datasetId, decodeParameters(bytes)]));
    for (const [datasetId, delta] of decoded) {
      const [problem] = checkUpdate(delta, { parameterCount, maxUpdateNormL2 });
      if (problem !== undefined) return { kind: 'other', text: `the update of ${datasetId}: ${problem}` };
    }
    const next = aggregateRound(before, decoded, { participants: round.participants, study });
    if (hashSharedModel(next, plan) === round.aggregate?.parametersSha256) return { kind: 'same' };
    return { kind: 'other', text: 'its updates make another aggregate than the one on the ledger' };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { kind: 'other', text: error.message };
  }
}

/** How many parameters the updates have; the rules refuse where they differ. */
function countOf(deltas: ReadonlyMap<string, Uint8Array>): number {
  const [first] = deltas.values();
  if (first === undefined) throw new ParameterFormatError('no update was included');
  return decodeParameters(first).length;
}

const isRefusal = (error: unknown): error is Error =>
  error instanceof ParameterFormatError ||
  error instanceof ParameterRangeError ||
  error instanceof AggregationRefusedError;
