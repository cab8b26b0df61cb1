// The demo's study, read from studies/heart-disease: fixed before anyone looks at a patient.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownFolder } from '../src/programs.ts';

export interface StudyPlan {
  readonly budget: { readonly epsilon: string; readonly delta: string; readonly unit: 'patient' };
  readonly accounting: { readonly kind: 'gaussian' | 'renyi' };
  readonly model: Readonly<Record<string, unknown>>;
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

export interface Dictionary {
  readonly columns: readonly string[];
  readonly features: readonly { readonly name: string }[];
  readonly [field: string]: unknown;
}

const folder = join(ownFolder, 'studies/heart-disease');
const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));

/** The column of ids that a hospital's system writes before the others. */
export const PATIENT_COLUMN = 'patient';

/** The study's dictionary for files whose patients have ids, so that they are known from one revision to the next. */
export function readDictionary(): Dictionary {
  const dictionary = read('dictionary.json') as Dictionary;
  return { ...dictionary, columns: [PATIENT_COLUMN, ...dictionary.columns], patientId: PATIENT_COLUMN };
}

/** The plan of study.json, with fewer rounds where a short run is asked for. */
export function readStudyPlan(rounds?: number): StudyPlan {
  const plan = read('study.json') as StudyPlan;
  return rounds === undefined ? plan : { ...plan, study: { ...plan.study, rounds } };
}
