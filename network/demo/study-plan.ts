// The demo's study: that of studies/heart-disease, fixed before anyone looks at a patient, unless a folder of one's own
// has another (own-study.ts).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Dictionary } from '@consilium/domain';
import { ownFolder } from '../src/programs.ts';

export interface StudyPlan {
  readonly budget: { readonly epsilon: string; readonly delta: string; readonly unit: 'patient' };
  readonly accounting: { readonly kind: 'gaussian' | 'renyi' };
  /** What the gateway builds a graph from, or a graph of one's own, ready to publish. */
  readonly model: Readonly<Record<string, unknown>> | OwnGraph;
  readonly study: {
    readonly title: string;
    readonly question: string;
    readonly purpose: string;
    readonly rounds: number;
    readonly training: { readonly stepsPerRound: number } & Readonly<Record<string, unknown>>;
    readonly quorum: { readonly updates: number; readonly validators: number };
    readonly [field: string]: unknown;
  };
}

/** A graph of one's own, with what a study says of it. */
export interface OwnGraph {
  readonly kind: 'onnx';
  readonly bytes: Uint8Array;
  readonly inputs: number;
  readonly parameters: number;
  readonly localParameters: readonly string[];
}

/** A dictionary of files without a header. */
export type FileDictionary = Dictionary & { readonly columns: readonly string[] };

const folder = join(ownFolder, 'studies/heart-disease');
const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));

/** The column of ids that a hospital's system writes before the others. */
export const PATIENT_COLUMN = 'patient';

/** The study's dictionary for files whose patients have ids, so that they are known from one revision to the next. */
export function readDictionary(): FileDictionary {
  const dictionary = read('dictionary.json') as FileDictionary;
  return { ...dictionary, columns: [PATIENT_COLUMN, ...dictionary.columns], patientId: PATIENT_COLUMN };
}

/** The plan of study.json, with fewer rounds where a short run is asked for. */
export function readStudyPlan(rounds?: number): StudyPlan {
  const plan = read('study.json') as StudyPlan;
  return rounds === undefined ? plan : { ...plan, study: { ...plan.study, rounds } };
}
