// A small study over a consortium in memory: hospitals with a generated file each, registered and consenting,
// ready for their trainers.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Dictionary, type Study, targetOf } from '@consilium/domain';
import { buildForwardModel, LOCAL_INTERCEPT_NAME, readForwardModel } from '@consilium/onnx-grad';
import {
  type ArtefactStore,
  computeCid,
  generateMemberKeys,
  type MemberKeys,
  sha256Hex,
} from '../artefacts/index.ts';
import { readDataset } from '../data/index.ts';
import { Journal } from '../journal/journal.ts';
import { MemoryConsortium } from './memory-consortium.ts';
import { aConsent, aStudy, datasetOf } from './study-rows.ts';

export const DICTIONARY: Dictionary = {
  version: 1,
  header: true,
  patientId: 'id',
  missing: ['?'],
  features: [
    { name: 'age', kind: 'numeric', unit: 'a', bounds: { low: 0, high: 120 } },
    { name: 'smoker', kind: 'binary' },
  ],
  label: { column: 'ill', title: 'Ill', rule: { kind: 'binary' } },
  maxRowsPerPatient: 2,
};

/** Patients whose illness follows from their age, some with two visits. Invented by a formula. */
export function csvOf(seed: number, patients = 60): string {
  const lines = ['id,age,smoker,ill'];
  for (let i = 0; i < patients; i += 1) {
    const age = 20 + ((i * 37 + seed * 11) % 70);
    const row = `p${i},${age},${(i + seed) % 2},${age > 55 ? 1 : 0}`;
    lines.push(row);
    if (i % 10 === 0) lines.push(row);
  }
  return `${lines.join('\n')}\n`;
}

export interface Hospital {
  readonly mspId: string;
  readonly datasetId: string;
  readonly directory: string;
  readonly path: string;
  readonly keys: MemberKeys;
}

export interface SmallConsortium {
  readonly consortium: MemoryConsortium;
  readonly hospitals: readonly Hospital[];
  readonly study: Study;
}

/** Prepares each hospital's data directory; the journals are closed again. */
export async function smallConsortium(options: {
  readonly directory: string;
  readonly store: ArtefactStore;
  readonly mspIds?: readonly string[];
  readonly study?: Partial<Study>;
  /** Width of a hidden layer; a logistic regression where absent. */
  readonly hidden?: number;
  /** Another description of the files, and files that fit it. */
  readonly data?: { readonly dictionary: Dictionary; csvOf(seed: number): string };
}): Promise<SmallConsortium> {
  const { directory, store, mspIds = ['A', 'B', 'C'] } = options;
  const consortium = new MemoryConsortium();
  const { hidden, data = { dictionary: DICTIONARY, csvOf } } = options;
  const target = targetOf(data.dictionary.label);
  const common = { features: 4, localIntercept: true, target } as const;
  const graph = buildForwardModel(
    hidden === undefined
      ? { ...common, kind: 'logistic-regression' }
      : { ...common, kind: 'multilayer-perceptron', hidden: [hidden] },
  );
  await store.put(graph);
  const ref = { cid: await computeCid(graph), sha256: sha256Hex(graph), sizeBytes: graph.length };
  const study = aStudy({
    datasets: mspIds.map(datasetOf),
    model: {
      graph: ref,
      inputs: 4,
      parameters: readForwardModel(graph).parameterCount,
      localParameters: [LOCAL_INTERCEPT_NAME],
    },
    ...options.study,
  });
  consortium.studies.set(study.studyId, study);
  const hospitals: Hospital[] = [];
  for (const [seed, mspId] of mspIds.entries()) {
    const hospital: Hospital = {
      mspId,
      datasetId: datasetOf(mspId),
      directory: join(directory, mspId),
      path: join(directory, mspId, 'patients.csv'),
      keys: generateMemberKeys(),
    };
    hospitals.push(hospital);
    await prepare(hospital, { consortium, csv: data.csvOf(seed), dictionary: data.dictionary });
    consortium.consents.set(`${study.studyId}/${hospital.datasetId}`, aConsent(mspId));
  }
  return { consortium, hospitals, study };
}

async function prepare(
  { mspId, datasetId, directory, path, keys }: Hospital,
  {
    consortium,
    csv,
    dictionary,
  }: { readonly consortium: MemoryConsortium; readonly csv: string; readonly dictionary: Dictionary },
): Promise<void> {
  mkdirSync(directory, { recursive: true });
  writeFileSync(path, csv);
  const salt = new Uint8Array(32).fill(mspId.charCodeAt(0));
  const { commitment = '', recordCountBand } = await readDataset({ path, dictionary, salt });
  {
    using journal = new Journal(directory);
    journal.saveDataset({ datasetId, path, dictionary, salt, commitment, recordCountBand });
  }
  const registeredAt = '2026-01-01T00:00:00.000Z';
  consortium.members.set(mspId, {
    schema: 1,
    mspId,
    title: `Hospital ${mspId}`,
    encryptionPublicKey: keys.publicKey,
    registeredAt,
  });
  consortium.datasets.set(datasetId, {
    schema: 1,
    datasetId,
    title: 'Patients',
    dictionary,
    recordCountBand,
    terms: { purposes: ['DUO:0000042'] },
    commitment,
    privacyBudget: { epsilon: '1000', delta: '0.00001', unit: 'patient' },
    owner: mspId,
    registeredAt,
  });
}
