// How the four synthetic hospitals differ: who comes to them, how often disease is found, and what each
// measures.

export interface HospitalProfile {
  readonly name: string;
  readonly mspId: string;
  readonly title: string;
  readonly datasetId: string;
  /** The cohort's size is drawn between the two. */
  readonly patients: { readonly low: number; readonly high: number };
  readonly prevalence: number;
  readonly age: { readonly mean: number; readonly standardDeviation: number };
  readonly maleShare: number;
  /** Added to the maximum heart rate: another treadmill protocol, other medication. */
  readonly heartRateShift: number;
  /** Share of missing values by column; a column that is absent is always filled in. */
  readonly missing: Readonly<Record<string, number>>;
  /** Columns in which the laboratory system writes 0 where nothing was measured, instead of `?`. */
  readonly zeroForMissing: readonly string[];
  /** Whether values are written `1.0` (an export from floating-point columns) or `1`. */
  readonly decimals: boolean;
}

export const HOSPITALS: readonly HospitalProfile[] = [
  {
    name: 'aldermoor',
    mspId: 'AldermoorMSP',
    title: 'Aldermoor University Heart Centre',
    datasetId: 'aldermoor-heart',
    patients: { low: 270, high: 300 },
    prevalence: 0.46,
    age: { mean: 55, standardDeviation: 9 },
    maleShare: 0.66,
    heartRateShift: 4,
    missing: { ca: 0.02, thal: 0.01 },
    zeroForMissing: [],
    decimals: true,
  },
  {
    name: 'brightwater',
    mspId: 'BrightwaterMSP',
    title: 'Brightwater General Hospital',
    datasetId: 'brightwater-heart',
    patients: { low: 230, high: 270 },
    prevalence: 0.34,
    age: { mean: 48, standardDeviation: 8 },
    maleShare: 0.7,
    heartRateShift: -2,
    missing: { trestbps: 0.01, chol: 0.08, fbs: 0.03, slope: 0.6, ca: 0.97, thal: 0.9 },
    zeroForMissing: [],
    decimals: false,
  },
  {
    name: 'cinderhill',
    mspId: 'CinderhillMSP',
    title: 'Cinderhill Cardiology Clinic',
    datasetId: 'cinderhill-heart',
    patients: { low: 120, high: 145 },
    prevalence: 0.86,
    age: { mean: 56, standardDeviation: 9 },
    maleShare: 0.88,
    heartRateShift: -10,
    missing: { trestbps: 0.02, chol: 1, fbs: 0.6, oldpeak: 0.05, slope: 0.15, ca: 0.95, thal: 0.4 },
    zeroForMissing: ['chol'],
    decimals: false,
  },
  {
    name: 'dunmere',
    mspId: 'DunmereMSP',
    title: "Dunmere Veterans' Hospital",
    datasetId: 'dunmere-heart',
    patients: { low: 180, high: 215 },
    prevalence: 0.72,
    age: { mean: 61, standardDeviation: 8 },
    maleShare: 0.95,
    heartRateShift: -8,
    missing: {
      trestbps: 0.25,
      chol: 0.3,
      fbs: 0.04,
      thalach: 0.25,
      exang: 0.25,
      oldpeak: 0.27,
      slope: 0.5,
      ca: 0.98,
      thal: 0.8,
    },
    zeroForMissing: ['chol'],
    decimals: false,
  },
];
