// This hospital's keys for a study: made before any update is sealed, named on the ledger in one transaction, and used
// by whoever seals an update. Nothing waits for a hospital that has none: updates are sealed to its long-lived key.
import type { Round, StudyKey } from '@consilium/domain';
import { generateMemberKeys, proveStudyKey, recipientsOf } from '../artefacts/index.ts';
import { TrainerError } from '../errors.ts';
import { GatewayProblem } from '../gateway/gateway-client.ts';
import { barAsOlder } from '../journal/older-folder.ts';
import type { StudyState } from './ledger-state.ts';
import { submit } from './submit.ts';
import type { TrainerContext } from './trainer-context.ts';

/** What a ledger or a gateway from before there were keys for studies answers. */
const UNKNOWN: ReadonlySet<string> = new Set(['INVALID_ARGUMENT', 'ROUTE_NOT_FOUND']);
/** As many as one transaction takes. */
const KEYS_MAX = 100;

/**
 * Makes the keys that this hospital lacks for a study that it consents to, and records them. Called again it does what
 * is left to do. A refusal holds up nothing.
 *
 * @throws TrainerError where the journal or the gateway fails; TRAINER_FOLDER_OLDER follows where the ledger has a key
 * of this hospital that the folder lacks
 */
export async function recordStudyKeys(
  context: TrainerContext,
  { study, consents }: Pick<StudyState, 'study' | 'consents'>,
): Promise<void> {
  const { mspId, journal, log, afterStep } = context;
  const { studyId } = study;
  const isLive = study.state === 'proposed' || study.state === 'running' || study.state === 'paused';
  const takesPart = consents.some(({ owner, state }) => owner === mspId && state === 'granted');
  if (!isLive || !takesPart || journal.barredBecause(studyId) !== undefined) return;
  const known = new Set(journal.studyKeys(studyId).map(({ datasetId }) => datasetId));
  const over = new Set(consents.filter(({ state }) => state !== 'granted').map(({ datasetId }) => datasetId));
  const wanted = study.datasets.filter((datasetId) => !known.has(datasetId) && !over.has(datasetId));
  for (const datasetId of wanted) journal.keepStudyKey({ studyId, datasetId }, generateMemberKeys());
  if (wanted.length > 0) afterStep('study keys: made');
  const datasetIds = journal
    .studyKeys(studyId)
    .filter(({ datasetId, isRecorded, isDestroyed }) => !isRecorded && !isDestroyed && !over.has(datasetId))
    .map(({ datasetId }) => datasetId)
    .slice(0, KEYS_MAX);
  if (datasetIds.length === 0) return;
  try {
    await send(context, studyId, datasetIds);
    journal.recordStudyKeys(studyId, datasetIds);
  } catch (error) {
    if (!(error instanceof GatewayProblem)) throw error;
    if (error.code === 'STUDY_KEY_EXISTS') return acceptOwn(context, studyId, datasetIds);
    const { code, detail } = error;
    log.warn({ studyId, code, detail }, 'no keys for this study: updates are sealed to the long-lived key');
  }
}

async function send(context: TrainerContext, studyId: string, datasetIds: readonly string[]): Promise<void> {
  const { mspId, journal, ledger } = context;
  const channel = await ledger.channel();
  const keys = datasetIds.map((datasetId) => ({
    datasetId,
    ...proveStudyKey(journal.studyKey({ studyId, datasetId })!, { mspId, channel, studyId, datasetId }),
  }));
  // What was sent and has no outcome yet is sent again as it was: a longer list is another transaction.
  await submit(context, 'study:recordKeys', {
    argument: { studyId, keys },
    subject: datasetIds.join(' '),
  });
}

/** The ledger has some of them already: fine where they are these, sent before a crash. */
async function acceptOwn(
  context: TrainerContext,
  studyId: string,
  datasetIds: readonly string[],
): Promise<void> {
  const { mspId, journal, ledger } = context;
  const publicKeys = new Map(journal.studyKeys(studyId).map((key) => [key.datasetId, key.publicKey]));
  for (const datasetId of datasetIds) {
    const own = (await ledger.listStudyKeys(studyId, datasetId)).find((key) => key.mspId === mspId);
    if (own === undefined) continue;
    if (own.encryptionPublicKey === publicKeys.get(datasetId)) {
      journal.recordStudyKeys(studyId, [datasetId]);
    } else {
      await barAsOlder(
        context,
        studyId,
        `a key of this hospital for updates of ${datasetId} in study ${studyId}`,
      );
      return;
    }
  }
}

/**
 * The keys of hospitals for a dataset's updates, by MSP id; undefined where the ledger or the gateway has none yet.
 *
 * @throws TrainerError or GatewayProblem
 */
export async function studyKeysOf(
  { ledger }: Pick<TrainerContext, 'ledger'>,
  { studyId, datasetId }: { readonly studyId: string; readonly datasetId: string },
): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    const keys: readonly StudyKey[] = await ledger.listStudyKeys(studyId, datasetId);
    return new Map(keys.map(({ mspId, encryptionPublicKey }) => [mspId, encryptionPublicKey]));
  } catch (error) {
    if (error instanceof GatewayProblem && UNKNOWN.has(error.code)) return undefined;
    throw error;
  }
}

/**
 * Hospitals of a round that a sealed update is not sealed to by their key for this study: what is recorded with it. It
 * is read from the bytes, which may have been sealed before a crash, or by a version before.
 */
export function withoutStudyKey(
  ciphertext: Uint8Array,
  {
    round,
    studyKeys,
  }: {
    readonly round: Pick<Round, 'validators'>;
    readonly studyKeys: ReadonlyMap<string, string>;
  },
): string[] {
  const sealedTo = new Map(recipientsOf(ciphertext).map(({ mspId, publicKey }) => [mspId, publicKey]));
  return round.validators.filter((mspId) => {
    const key = studyKeys.get(mspId);
    return key === undefined || sealedTo.get(mspId) !== key;
  });
}

/** What an update's bytes and the keys make of its argument. @throws TrainerError TRAINER_RELEASE_SPENT */
export function sealedToMemberKeys(
  { journal }: Pick<TrainerContext, 'journal'>,
  {
    round: { studyId, round, validators },
    datasetId,
    studyKeys,
  }: {
    readonly round: Pick<Round, 'studyId' | 'round' | 'validators'>;
    readonly datasetId: string;
    readonly studyKeys: ReadonlyMap<string, string> | undefined;
  },
): { readonly sealedToMemberKeys?: string[] } {
  if (studyKeys === undefined) return {};
  const sealed = journal.sealed({ studyId, round, subject: datasetId });
  if (sealed === undefined) throw new TrainerError('TRAINER_RELEASE_SPENT');
  return { sealedToMemberKeys: withoutStudyKey(sealed.ciphertext, { round: { validators }, studyKeys }) };
}
