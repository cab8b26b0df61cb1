// The plaintexts of a study's updates and models, for somebody who recomputes its aggregates: opened with this
// hospital's keys, and each shown to be what the ledger names. What cannot be opened, and what a withdrawn consent
// takes away, is left out and said.
import { type Consent, Id, type RoundDossier, type Study, validate } from '@consilium/domain';
import { federationOf, mostSharedModelBytes, parameterBytes } from '@consilium/federation';
import { Type } from 'typebox';
import { aggregateContext, updateContext } from '../artefacts/artefact-exchange.ts';
import {
  type ArtefactContext,
  ArtefactError,
  type ArtefactStore,
  type MemberKeyRing,
  openArtefact,
  sha256Hex,
} from '../artefacts/index.ts';
import { TrainerError } from '../errors.ts';
import type { Ledger } from '../gateway/gateway-client.ts';
import type { Journal } from '../journal/journal.ts';

/** One artefact in plaintext, under a name that says which it is. */
export interface OpenedArtefact {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Names what is written, or why it is not. */
export type Exported = OpenedArtefact | { readonly name: string; readonly left: string };

export interface ExportParts {
  readonly mspId: string;
  readonly ledger: Pick<Ledger, 'getStudy' | 'listConsents' | 'getDossier'>;
  readonly store: Pick<ArtefactStore, 'get'>;
  readonly keys: MemberKeyRing;
  /** This hospital's keys for updates; undefined where a running trainer has the journal that they are in. */
  readonly journal: Pick<Journal, 'studyKey'> | undefined;
}

interface Wanted {
  readonly name: string;
  readonly artefact: Parameters<ArtefactStore['get']>[0];
  /** What the ledger names: SHA-256 of the plaintext. */
  readonly sha256: string;
  readonly context: ArtefactContext;
  readonly plaintextBytes: number;
}

/** Room for headers and one wrapped key per member, in a sealed artefact beside its plaintext. */
const OVERHEAD_BYTES = 64 * 1024;

/**
 * Every update and aggregate of a study's rounds, in their order.
 *
 * @throws TrainerError where the gateway fails; ArtefactError where IPFS as such does
 */
export async function* exportArtefacts(parts: ExportParts, study: Study): AsyncGenerator<Exported> {
  for (let round = 1; round <= study.rounds; round++) {
    const dossier = await parts.ledger.getDossier(study.studyId, round);
    if (dossier === undefined) return;
    requireRound(dossier, { studyId: study.studyId, round });
    // Of each round again: writing many takes long, and others may withdraw meanwhile.
    const consents = await parts.ledger.listConsents(study.studyId);
    yield* exportRound(parts, { study, dossier, consents });
  }
}

const Datasets = Type.Array(Type.Object({ datasetId: Id }));

/** Names of files are made of what the gateway answers: of nothing that leads out of a folder. */
function requireRound(
  { round, updates }: RoundDossier,
  asked: { readonly studyId: string; readonly round: number },
): void {
  const refuse = (text: string, cause?: unknown) =>
    new TrainerError('TRAINER_GATEWAY_REFUSED', `round ${asked.round} of study ${asked.studyId}: ${text}`, {
      cause,
    });
  for (const { studyId, round: number } of [round, ...updates]) {
    if (studyId !== asked.studyId || number !== asked.round) throw refuse('it answers with another round');
  }
  try {
    validate(Datasets, updates);
  } catch (cause) {
    throw refuse('it names a dataset as none can be named', cause);
  }
}

async function* exportRound(
  parts: ExportParts,
  {
    study,
    dossier: { round, updates },
    consents,
  }: { readonly study: Study; readonly dossier: RoundDossier; readonly consents: readonly Consent[] },
): AsyncGenerator<Exported> {
  const { studyId, model, datasets } = study;
  // At most: parameters that stay at their hospital are not in an artefact.
  const parameterCount = model.parameters;
  const number = String(round.round).padStart(5, '0');
  for (const update of updates) {
    const { datasetId, artefact, plaintextSha256: sha256 } = update;
    const name = `round-${number}-update-${datasetId}`;
    const isWithdrawn = consents.some(
      (consent) => consent.datasetId === datasetId && consent.withdrawnAt !== undefined,
    );
    if (isWithdrawn) yield { name, left: 'its consent was withdrawn: what is left of it is to be erased' };
    else if (round.updates === undefined)
      yield { name, left: 'its round is not closed: it is in no store yet' };
    else {
      const context = updateContext(update);
      yield await opened(parts, {
        name,
        artefact,
        sha256,
        context,
        plaintextBytes: parameterBytes(parameterCount),
      });
    }
  }
  if (round.state !== 'finalized' || round.aggregate === undefined) return;
  const { artefact, parametersSha256: sha256 } = round.aggregate;
  const name = `round-${number}-aggregate`;
  const plaintextBytes = mostSharedModelBytes(federationOf(study), {
    parameterCount,
    sites: datasets.length,
  });
  yield await opened(parts, { name, artefact, sha256, context: aggregateContext(studyId), plaintextBytes });
}

/** What fails of one artefact alone; where IPFS does not answer, all fail. */
const OF_ALL: readonly string[] = ['ARTEFACT_STORE_UNREACHABLE', 'ARTEFACT_STORE_REFUSED'];

async function opened(
  { mspId, store, keys, journal }: ExportParts,
  { name, artefact, sha256, context, plaintextBytes }: Wanted,
): Promise<Exported> {
  if (artefact.sizeBytes > plaintextBytes + OVERHEAD_BYTES) {
    return { name, left: `it claims ${artefact.sizeBytes} bytes, more than the model makes it` };
  }
  try {
    const sealed = await store.get(artefact);
    const { purpose, studyId, datasetId } = context;
    const of = { studyId: String(studyId), datasetId: String(datasetId) };
    const own = purpose === 'update' ? journal?.studyKey(of) : undefined;
    const { plaintext } = await openArtefact({
      bytes: sealed,
      mspId,
      keys: own === undefined ? keys.keys : [own, ...keys.keys],
      associatedData: context,
    });
    if (sha256Hex(plaintext) === sha256) return { name, bytes: plaintext };
    return { name, left: 'it holds something else than the ledger names' };
  } catch (error) {
    if (!(error instanceof ArtefactError) || OF_ALL.includes(error.code)) throw error;
    const isElsewhere = journal === undefined && error.code === 'ARTEFACT_NOT_A_RECIPIENT';
    const remedy =
      '. Its key may be in the journal, which the running trainer has: stop it, and export again';
    return { name, left: `${error.message}${isElsewhere ? remedy : ''}` };
  }
}
