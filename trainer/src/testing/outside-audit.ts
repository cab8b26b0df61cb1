// An auditor with one member's key: recomputes a study's models from what its hospitals published, in the plain
// arithmetic of aggregate/testing, without any trainer's journal or code.
import { createHash } from 'node:crypto';
import type { FederationPlan } from '@consilium/federation';
import {
  type PlainAverage,
  type PlainModel,
  type PlainVariates,
  plainAverage,
  plainBytes,
  plainRound,
  plainVariates,
} from '@consilium/federation/testing/plain-federation';
import { updateContext } from '../artefacts/artefact-exchange.ts';
import { type ArtefactStore, openArtefact } from '../artefacts/index.ts';
import type { Hospital, SmallConsortium } from './small-consortium.ts';

const HEADER_BYTES = 12;

/** What goes from round to round. */
export interface PlainMemory {
  readonly model: PlainModel;
  readonly variates: PlainVariates;
  readonly average?: PlainAverage | undefined;
}

/** SHA-256 of what each round should have come to, by round; an aborted round is left out. */
export async function auditedHashes(
  { consortium, study }: Pick<SmallConsortium, 'consortium' | 'study'>,
  options: {
    readonly store: ArtefactStore;
    readonly hospital: Hospital;
    readonly initial: PlainModel;
    readonly plan: FederationPlan;
    /** What the auditor takes with it from round to round; everything by default. */
    readonly remember?: (memory: PlainMemory) => PlainMemory;
  },
): Promise<Map<number, string>> {
  const { store, hospital, initial, plan, remember = (memory) => memory } = options;
  const { serverOptimizer, control, averaging } = plan;
  const hashes = new Map<number, string>();
  let memory: PlainMemory = { model: initial, variates: new Map() };
  for (let number = 1; number <= study.rounds; number++) {
    const { round, updates } = consortium.dossier(study.studyId, number);
    if (round.state !== 'finalized') continue;
    const sites: { site: string; weight: number; delta?: Int32Array }[] = [];
    for (const { datasetId: site, weight } of round.participants) {
      const update = updates.find(({ datasetId }) => datasetId === site);
      if (update === undefined || !round.included?.includes(site)) {
        sites.push({ site, weight });
        continue;
      }
      const { plaintext } = await openArtefact({
        bytes: await store.get(update.artefact),
        mspId: hospital.mspId,
        keys: [hospital.keys],
        associatedData: updateContext(update),
      });
      const values = Uint8Array.from(plaintext.subarray(HEADER_BYTES));
      sites.push({ site, weight, delta: new Int32Array(values.buffer) });
    }
    const { model, variates, average } = remember(memory);
    const included = sites.flatMap(({ weight, delta }) => (delta === undefined ? [] : [{ weight, delta }]));
    const next = plainRound(model, included, serverOptimizer);
    memory = {
      model: next,
      variates: plainVariates(variates, sites, control?.maxNormL2),
      average: averaging && plainAverage(average, next, averaging.decay),
    };
    const bytes = plainBytes(memory.model, {
      ...(serverOptimizer && { kind: serverOptimizer.kind }),
      ...(control && { variates: memory.variates }),
      ...(memory.average && { average: memory.average }),
    });
    hashes.set(number, createHash('sha256').update(bytes).digest('hex'));
  }
  return hashes;
}
