// An auditor with one member's key: recomputes a study's models from what its hospitals published, in the plain
// arithmetic of aggregate/testing, without any trainer's journal or code.
import { createHash } from 'node:crypto';
import type { ServerOptimizerPlan } from '../aggregate/index.ts';
import { type PlainModel, plainBytes, plainRound } from '../aggregate/testing/plain-federation.ts';
import { type ArtefactStore, openArtefact } from '../artefact/index.ts';
import { updateContext } from '../artefact-exchange.ts';
import type { Hospital, SmallConsortium } from './small-consortium.ts';

const HEADER_BYTES = 12;

/** SHA-256 of what each round should have come to, by round; an aborted round is left out. */
export async function auditedHashes(
  { consortium, study }: Pick<SmallConsortium, 'consortium' | 'study'>,
  options: {
    readonly store: ArtefactStore;
    readonly hospital: Hospital;
    readonly initial: PlainModel;
    readonly plan?: ServerOptimizerPlan;
    /** What the auditor takes with it from round to round; everything by default. */
    readonly remember?: (model: PlainModel) => PlainModel;
  },
): Promise<Map<number, string>> {
  const { store, hospital, initial, plan, remember = (model) => model } = options;
  const hashes = new Map<number, string>();
  let model = initial;
  for (let number = 1; number <= study.rounds; number++) {
    const { round, updates } = consortium.dossier(study.studyId, number);
    if (round.state !== 'finalized') continue;
    const opened = [];
    for (const { datasetId, weight } of round.participants) {
      const update = updates.find((candidate) => candidate.datasetId === datasetId);
      if (update === undefined || !round.included?.includes(datasetId)) continue;
      const { plaintext } = await openArtefact({
        bytes: await store.get(update.artefact),
        mspId: hospital.mspId,
        privateKey: hospital.keys.privateKey,
        associatedData: updateContext(update),
      });
      opened.push({
        weight,
        delta: new Int32Array(Uint8Array.from(plaintext.subarray(HEADER_BYTES)).buffer),
      });
    }
    model = plainRound(remember(model), opened, plan);
    hashes.set(number, createHash('sha256').update(plainBytes(model, plan?.kind)).digest('hex'));
  }
  return hashes;
}
