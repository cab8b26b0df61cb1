// What a round is computed from, fetched and checked: the base model, the updates, and their aggregate.
import {
  fewestUpdates,
  type Round,
  type RoundDossier,
  type Study,
  type Update,
} from '@consilium/chaincode/domain';
import {
  aggregationOf,
  checkUpdate,
  decodeParameters,
  hashParameters,
  ParameterFormatError,
  quantizeParameters,
} from './aggregate/index.ts';
import { sha256Hex } from './artefact/index.ts';
import { aggregateContext, updateContext } from './artefact-exchange.ts';
import { TrainerError } from './errors.ts';
import type { StudyModel } from './study-model.ts';
import type { TrainerContext } from './trainer-context.ts';

type Exchange = Pick<TrainerContext, 'exchange' | 'journal'>;

/**
 * Shared parameters of the round's base (or of any finalised aggregate) on the lattice; null is the graph's own.
 *
 * What this trainer recomputed itself is taken from its journal, so that a leader who puts something else into
 * IPFS than what was agreed on, or nothing, stops nobody who took part.
 *
 * @throws TrainerError where the artefact cannot be had or is not what the ledger names
 */
export async function parametersOf(
  { exchange, journal }: Exchange,
  {
    studyId,
    ref,
    model,
  }: { readonly studyId: string; readonly ref: Round['base']; readonly model: StudyModel },
): Promise<Int32Array> {
  if (ref === null) return quantizeParameters(model.initial.shared);
  const kept = journal.aggregate(studyId, ref.parametersSha256);
  if (kept !== undefined) return decodeLattice(kept, model.initial.shared.length);
  const bytes = await exchange.open(ref.artefact, {
    context: aggregateContext(studyId),
    values: model.initial.shared.length,
  });
  if (sha256Hex(bytes) !== ref.parametersSha256) {
    throw new TrainerError('TRAINER_ARTEFACT_HASH_MISMATCH', 'the parameters are not those the ledger names');
  }
  return decodeLattice(bytes, model.initial.shared.length);
}

function decodeLattice(bytes: Uint8Array, count: number): Int32Array {
  try {
    const lattice = decodeParameters(bytes);
    if (lattice.length === count) return lattice;
    throw new ParameterFormatError(`it has ${lattice.length} values, the model shares ${count}`);
  } catch (cause) {
    if (!(cause instanceof ParameterFormatError)) throw cause;
    throw new TrainerError('TRAINER_ARTEFACT_MALFORMED', cause.message, { cause });
  }
}

/**
 * One recorded update on the lattice, after every check that anyone can make of it.
 *
 * @throws TrainerError naming the check that failed
 */
export async function openUpdate(
  { exchange }: Exchange,
  { study, update, model }: { readonly study: Study; readonly update: Update; readonly model: StudyModel },
): Promise<Int32Array> {
  const count = model.initial.shared.length;
  const bytes = await exchange.open(update.artefact, {
    context: updateContext(update),
    values: count,
  });
  if (sha256Hex(bytes) !== update.plaintextSha256) {
    throw new TrainerError('TRAINER_ARTEFACT_HASH_MISMATCH', "the plaintext is not the update's commitment");
  }
  const delta = decodeLattice(bytes, count);
  const [problem] = checkUpdate(delta, {
    parameterCount: count,
    maxUpdateNormL2: Number(study.aggregation.maxUpdateNormL2),
  });
  if (problem !== undefined) throw new TrainerError('TRAINER_ARTEFACT_NORM_EXCEEDED', problem);
  return delta;
}

/**
 * The next model from a base and some updates, by the study's rule and the round's public weights; the base where
 * there are fewer updates than the rule needs to promise anything.
 */
export function aggregate(
  base: Int32Array,
  deltas: ReadonlyMap<string, Int32Array>,
  { participants, aggregation }: Pick<Round, 'participants'> & Pick<Study, 'aggregation'>,
): Int32Array {
  if (deltas.size < fewestUpdates(aggregation)) return base;
  const updates = participants.flatMap(({ datasetId, weight }) => {
    const delta = deltas.get(datasetId);
    return delta === undefined ? [] : [{ weight, delta }];
  });
  return aggregationOf(aggregation.rule, aggregation)({ base, updates });
}

/** The aggregate of the updates that the tally included, recomputed by this hospital. */
export async function recomputeAggregate(
  context: Exchange & Pick<TrainerContext, 'models'>,
  { study, dossier }: { readonly study: Study; readonly dossier: RoundDossier },
): Promise<{ readonly lattice: Int32Array; readonly parametersSha256: string }> {
  const { round, updates } = dossier;
  const model = await context.models.of(study);
  const base = await parametersOf(context, { studyId: study.studyId, ref: round.base, model });
  const deltas = new Map<string, Int32Array>();
  for (const update of updates) {
    if (!round.included?.includes(update.datasetId)) continue;
    deltas.set(update.datasetId, await openUpdate(context, { study, update, model }));
  }
  if (deltas.size !== round.included?.length) {
    throw new TrainerError('TRAINER_GATEWAY_REFUSED', 'the dossier lacks an update that the tally included');
  }
  const lattice = aggregate(base, deltas, {
    participants: round.participants,
    aggregation: study.aggregation,
  });
  return { lattice, parametersSha256: hashParameters(lattice) };
}
