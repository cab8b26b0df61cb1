// One hospital with a file of patients, its journal and a ledger in memory, for tests of populations.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Consent, Dataset, Dictionary, Revision } from '@consilium/domain';
import { type Logger, pino } from 'pino';
import type { GraphEngine } from '../containment/graph-engine.ts';
import { answerDataTask } from '../data/answer-data-task.ts';
import { DataFiles } from '../data/data-files.ts';
import { Journal } from '../journal/journal.ts';
import { type Prepared, prepareDataset } from '../people/prepare-dataset.ts';
import type { RegisterContext } from '../people/register.ts';
import { DailyLimit } from '../study/daily-limit.ts';
import { type Consented, type OwnDataset, ownDataset } from '../study/own-dataset.ts';
import type { TrainerContext } from '../study/trainer-context.ts';
import { graphEngineOnThisThread } from './graph-engine-on-this-thread.ts';
import { MemoryConsortium } from './memory-consortium.ts';
import { DICTIONARY } from './small-consortium.ts';
import { aConsent } from './study-rows.ts';

/** A file of patients p0 to p(n − 1), or of those named. */
export function fileOf(patients: number | readonly string[]): string {
  const ids = typeof patients === 'number' ? Array.from({ length: patients }, (_, i) => `p${i}`) : patients;
  return `id,age,smoker,ill\n${ids.map((id) => `${id},${20 + (Number(id.slice(1)) % 70)},0,1`).join('\n')}\n`;
}

export const MSP_ID = 'A';

export class PopulationHospital implements Disposable {
  readonly consortium: MemoryConsortium;
  readonly root: string;
  readonly log: Logger;
  /** This hospital's clock. */
  nowMs = Date.parse('2026-01-01T00:00:00.000Z');
  journal: Journal;
  graphs: GraphEngine = graphEngineOnThisThread;
  readonly #dataFiles: DataFiles;

  private constructor(root: string, { consortium, log }: { consortium: MemoryConsortium; log: Logger }) {
    this.root = root;
    this.consortium = consortium;
    this.log = log;
    mkdirSync(join(root, 'data'), { recursive: true });
    this.journal = new Journal(join(root, 'trainer'));
    this.#dataFiles = new DataFiles({ folders: [join(root, 'data')], answer: answerDataTask });
  }

  static open(t: TestContext, log: Logger = pino({ level: 'silent' })): PopulationHospital {
    const root = mkdtempSync(join(tmpdir(), 'consilium-people-'));
    const hospital = new PopulationHospital(root, { consortium: new MemoryConsortium(), log });
    t.after(() => {
      hospital[Symbol.dispose]();
      rmSync(root, { recursive: true });
    });
    return hospital;
  }

  [Symbol.dispose](): void {
    this.journal.close();
  }

  /** The trainer's folder, copied as it is now. */
  copyFolder(name: string): void {
    this.journal.close();
    cpSync(join(this.root, 'trainer'), join(this.root, name), { recursive: true });
    this.journal = new Journal(join(this.root, 'trainer'));
  }

  /** A copy takes the folder's place. */
  restoreFolder(name: string): void {
    this.journal.close();
    rmSync(join(this.root, 'trainer'), { recursive: true });
    cpSync(join(this.root, name), join(this.root, 'trainer'), { recursive: true });
    this.journal = new Journal(join(this.root, 'trainer'));
  }

  get context(): RegisterContext & Pick<TrainerContext, 'graphs' | 'nowMs'> {
    return {
      journal: this.journal,
      ledger: this.consortium.as(MSP_ID),
      mspId: MSP_ID,
      dataFiles: this.#dataFiles,
      log: this.log,
      graphs: this.graphs,
      nowMs: () => this.nowMs,
    };
  }

  write(patients: number | readonly string[], name = 'patients.csv'): string {
    const path = join(this.root, 'data', name);
    writeFileSync(path, typeof patients === 'string' ? patients : fileOf(patients));
    return path;
  }

  prepare(
    patients: number | readonly string[],
    more: { datasetId?: string; populationId?: string; dictionary?: Dictionary; name?: string } = {},
  ): Promise<Prepared> {
    const { datasetId = 'hearts', dictionary = DICTIONARY, name, populationId } = more;
    const path = this.write(patients, name);
    const attempts = new DailyLimit(() => this.nowMs);
    return prepareDataset(
      { ...this.context, attempts },
      { datasetId, path, dictionary, ...(populationId !== undefined && { populationId }) },
      'a steward',
    );
  }

  /** What a steward sends to the ledger after a preparation. */
  register(prepared: Prepared, dictionary: Dictionary = DICTIONARY): Dataset {
    const { datasetId, populationId, commitment, recordCountBand, blocks, newBlock } = prepared;
    return this.consortium.people.register(MSP_ID, {
      ...{ datasetId, title: 'Hearts', dictionary, recordCountBand, commitment },
      ...(populationId !== datasetId && { populationId, ...(blocks && { blocks: [...blocks] }) }),
      ...(newBlock && { newBlock }),
      terms: { purposes: ['DUO:0000042'] },
      privacyBudget: { epsilon: '4', delta: '0.0001', unit: 'patient' },
    });
  }

  revise(prepared: Prepared): Revision {
    const { datasetId, commitment, recordCountBand, blocks, newBlock, removed } = prepared;
    return this.consortium.people.revise({
      ...{ datasetId, commitment, recordCountBand, removed },
      ...(blocks && { blocks: [...blocks] }),
      ...(newBlock && { newBlock }),
    });
  }

  /** A consent of this hospital, in a study that runs. */
  consent(over: Partial<Consent> = {}): Consent {
    const consent = { ...aConsent(MSP_ID), datasetId: 'hearts', ...over };
    this.consortium.consents.set(`${consent.studyId}/${consent.datasetId}`, consent);
    return consent;
  }

  give(consent: Consented): Promise<OwnDataset> {
    return ownDataset(this.context, { consent, unit: 'patient' });
  }
}

/** How many patients there are on either side. */
export const sizesOf = ({ training, heldOut }: OwnDataset): { training: number; heldOut: number } => ({
  training: training.rowOffsets.length - 1,
  heldOut: heldOut.rowOffsets.length - 1,
});

export const totalOf = (dataset: OwnDataset): number => {
  const { training, heldOut } = sizesOf(dataset);
  return training + heldOut;
};
