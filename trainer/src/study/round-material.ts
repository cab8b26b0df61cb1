// What a round is computed from, fetched and checked: the base model, the updates, and their aggregate.
import type { ParametersRef, Round, RoundDossier, Study, Update } from '@consilium/domain';
import {
  aggregateRound,
  checkUpdate,
  decodeParameters,
  decodeSharedModel,
  encodeSharedModel,
  federationOf,
  initialModel,
  mostSharedModelBytes,
  ParameterFormatError,
  parameterBytes,
  quantizeParameters,
  type SharedModel,
} from '@consilium/federation';
import { aggregateContext, updateContext } from '../artefacts/artefact-exchange.ts';
import { sha256Hex } from '../artefacts/index.ts';
import { TrainerError } from '../errors.ts';
import type { StudyModel } from './study-model.ts';
import type { TrainerContext } from './trainer-context.ts';

type Exchange = Pick<TrainerContext, 'exchange' | 'journal'>;

/**
 * The model that a round starts from (or that any finalised one ended with), and what goes with it; null is the graph's
 * own.
 *
 * What this trainer recomputed itself is taken from its journal, so that a leader who puts something else into
 * IPFS than what was agreed on, or nothing, stops nobody who took part.
 *
 * @throws TrainerError where the artefact is not available or is not what the ledger names
 */
export async function sharedModelOf(
  context: Exchange,
  { study, ref, model }: { readonly study: Study; readonly ref: Round['base']; readonly model: StudyModel },
): Promise<SharedModel> {
  const plan = federationOf(study);
  if (ref === null) return initialModel(quantizeParameters(model.initial.shared), plan);
  const bytes = await sharedModelBytes(context, { study, ref, model });
  return wellFormed(() => decodeSharedModel(bytes, plan, model.initial.shared.length));
}

/** Its canonical bytes, whose hash is the one that the ledger names. @throws TrainerError */
export async function sharedModelBytes(
  { exchange, journal }: Exchange,
  of: { readonly study: Study; readonly ref: ParametersRef; readonly model: StudyModel },
): Promise<Uint8Array> {
  return journal.aggregate(of.study.studyId, of.ref.parametersSha256) ?? (await openAggregate(exchange, of));
}

/** Of an aggregate's plaintext. */
export const mostAggregateBytes = (study: Study, { initial }: Pick<StudyModel, 'initial'>): number =>
  mostSharedModelBytes(federationOf(study), {
    parameterCount: initial.shared.length,
    sites: study.datasets.length,
  });

/** What IPFS has for an aggregate, once it is shown to be what was attested, and no longer than the model makes it. */
async function openAggregate(
  exchange: Exchange['exchange'],
  { study, ref, model }: { readonly study: Study; readonly ref: ParametersRef; readonly model: StudyModel },
): Promise<Uint8Array> {
  const bytes = await exchange.open(ref.artefact, {
    context: aggregateContext(study.studyId),
    plaintextBytes: mostAggregateBytes(study, model),
  });
  if (sha256Hex(bytes) !== ref.parametersSha256) {
    throw new TrainerError('TRAINER_ARTEFACT_HASH_MISMATCH', 'the parameters are not those the ledger names');
  }
  return bytes;
}

/**
 * Keeps an aggregate at this hospital's own IPFS node. The member that finalises a round may name any CID beside the
 * attested hash: only what holds exactly the attested parameters is pinned.
 *
 * @throws TrainerError where the artefact is not available or is not what the ledger names
 */
export async function keepAggregate(
  { exchange, models }: Pick<TrainerContext, 'exchange' | 'models'>,
  { study, ref }: { readonly study: Study; readonly ref: ParametersRef },
): Promise<void> {
  await openAggregate(exchange, { study, ref, model: await models.of(study) });
  await exchange.keep(ref.artefact);
}

function wellFormed<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (!(cause instanceof ParameterFormatError)) throw cause;
    throw new TrainerError('TRAINER_ARTEFACT_MALFORMED', cause.message, { cause });
  }
}

function decodeUpdate(bytes: Uint8Array, count: number): Int32Array {
  return wellFormed(() => {
    const lattice = decodeParameters(bytes);
    if (lattice.length === count) return lattice;
    throw new ParameterFormatError(`it has ${lattice.length} values, the model shares ${count}`);
  });
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
    plaintextBytes: parameterBytes(count),
  });
  if (sha256Hex(bytes) !== update.plaintextSha256) {
    throw new TrainerError('TRAINER_ARTEFACT_HASH_MISMATCH', "the plaintext is not the update's commitment");
  }
  const delta = decodeUpdate(bytes, count);
  const [problem] = checkUpdate(delta, {
    parameterCount: count,
    maxUpdateNormL2: Number(study.aggregation.maxUpdateNormL2),
  });
  if (problem !== undefined) throw new TrainerError('TRAINER_ARTEFACT_NORM_EXCEEDED', problem);
  return delta;
}

/** What the updates that the tally included make of the base, recomputed by this hospital: its canonical bytes. */
export async function recomputeAggregate(
  context: Exchange & Pick<TrainerContext, 'models'>,
  { study, dossier }: { readonly study: Study; readonly dossier: RoundDossier },
): Promise<{ readonly plaintext: Uint8Array; readonly parametersSha256: string }> {
  const { round, updates } = dossier;
  const model = await context.models.of(study);
  const base = await sharedModelOf(context, { study, ref: round.base, model });
  const deltas = new Map<string, Int32Array>();
  for (const update of updates) {
    if (!round.included?.includes(update.datasetId)) continue;
    deltas.set(update.datasetId, await openUpdate(context, { study, update, model }));
  }
  if (deltas.size !== round.included?.length) {
    throw new TrainerError('TRAINER_GATEWAY_REFUSED', 'the dossier lacks an update that the tally included');
  }
  const next = aggregateRound(base, deltas, { participants: round.participants, study });
  const plaintext = encodeSharedModel(next, federationOf(study));
  return { plaintext, parametersSha256: sha256Hex(plaintext) };
}
