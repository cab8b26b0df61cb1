// Draws one synthetic patient: first the disease and its severity, then what a clinic would measure given
// them.
import type { HospitalProfile } from './hospitals.ts';
import type { Random } from './random.ts';

export const COLUMNS = [
  'age',
  'sex',
  'cp',
  'trestbps',
  'chol',
  'fbs',
  'restecg',
  'thalach',
  'exang',
  'oldpeak',
  'slope',
  'ca',
  'thal',
  'num',
] as const;
export type Column = (typeof COLUMNS)[number];
export type Patient = Readonly<Record<Column, number>>;

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/** A patient as if everything had been measured. Severity runs from 0 (healthy) to about 2. */
export function drawPatient(hospital: HospitalProfile, random: Random): Patient {
  const diseased = random.chance(hospital.prevalence);
  const severity = diseased ? clamp(random.normal(1, 0.4), 0.2, 2) : 0;
  const sex = random.chance(clamp(hospital.maleShare + (diseased ? 0.1 : -0.1), 0.02, 0.98)) ? 1 : 0;
  const age = Math.round(
    clamp(random.normal(hospital.age.mean + (diseased ? 1.5 : -1.5), hospital.age.standardDeviation), 28, 80),
  );
  const cp = 1 + random.weighted(diseased ? [0.06, 0.09, 0.15, 0.7] : [0.09, 0.32, 0.35, 0.24]);
  const exang = random.chance(logistic(-1.9 + 2.0 * severity)) ? 1 : 0;
  const oldpeak = clamp(random.normal(0.35 + 0.95 * severity, 0.75), -1.5, 6);
  const steep = logistic(-1.2 + 1.3 * severity);
  return {
    age,
    sex,
    cp,
    trestbps: 2 * Math.round(clamp(random.normal(112 + 0.36 * age + 2 * severity, 17), 90, 210) / 2),
    chol: Math.round(clamp(random.normal(238 + 12 * severity, 52), 110, 560)),
    fbs: random.chance(0.1 + 0.06 * severity) ? 1 : 0,
    restecg: random.weighted([0.6, 0.08 + 0.06 * severity, 0.22 + 0.08 * severity]),
    thalach: Math.round(
      clamp(random.normal(203 - 0.9 * age - 14 * severity + hospital.heartRateShift, 18), 70, 202),
    ),
    exang,
    // Many readings are exactly 0: the trace is read by eye.
    oldpeak: Math.abs(oldpeak) < 0.3 ? 0 : Math.round(oldpeak * 10) / 10,
    slope: 1 + random.weighted([1 - steep, steep * 0.88, steep * 0.12]),
    ca: clamp(Math.floor(random.normal(0.45 + 0.9 * severity, 0.65)), 0, 3),
    thal: [3, 6, 7][random.weighted(diseased ? [0.3, 0.09, 0.61] : [0.8, 0.05, 0.15])]!,
    num: diseased ? clamp(Math.round(severity * 2), 1, 4) : 0,
  };
}
