// The parts of the gateway's answers that the demo reads, as its API documentation describes them.
export interface ArtefactRow {
  readonly cid: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

export interface ParametersRow {
  readonly artefact: ArtefactRow;
  readonly parametersSha256: string;
}

export interface DatasetRow {
  readonly datasetId: string;
  readonly owner: string;
  readonly recordCountBand: { readonly low: number; readonly high: number };
}

export interface QuoteRow {
  readonly claimedEpsilon: { readonly training: string; readonly heldOut: string };
  readonly fits: boolean;
  readonly weights: readonly { readonly datasetId: string; readonly weight: number }[];
  readonly studySha256: string;
}

export interface ConsentRow {
  readonly datasetId: string;
  readonly owner: string;
  readonly state: 'granted' | 'withdrawn' | 'settled';
}

export interface StudyRow {
  readonly studyId: string;
  readonly state: 'proposed' | 'running' | 'completed' | 'aborted';
  readonly reason?: string;
}

export interface RoundRow {
  readonly round: number;
  readonly state: 'training' | 'validating' | 'aggregating' | 'finalized' | 'aborted';
  readonly leader: string;
  readonly participants: readonly { readonly datasetId: string; readonly mspId: string }[];
  readonly included?: readonly string[];
  readonly excluded?: readonly { readonly datasetId: string }[];
  readonly aggregate?: ParametersRow;
  readonly openedAt: string;
  readonly finalizedAt?: string;
  readonly reason?: string;
}

export interface UpdateRow {
  readonly datasetId: string;
  readonly round: number;
  readonly artefact: ArtefactRow;
  readonly recordedAt: string;
}

export interface VerdictRow {
  readonly mspId: string;
  readonly accepted: boolean;
  readonly scores: readonly {
    readonly datasetId: string;
    readonly right: string;
    readonly wrong: string;
  }[];
  readonly recordedAt: string;
}

export interface AttestationRow {
  readonly mspId: string;
  readonly parametersSha256: string;
  readonly attestedAt: string;
}

export interface DossierRow {
  readonly round: RoundRow;
  readonly updates: readonly UpdateRow[];
  readonly verdicts: readonly VerdictRow[];
  readonly attestations: readonly AttestationRow[];
}

export const POOLS = ['training', 'held-out'] as const;
export type Pool = (typeof POOLS)[number];

export interface BudgetRow {
  readonly pool: Pool;
  readonly budget: { readonly epsilon: string; readonly delta: string };
  readonly reserved: readonly string[];
  readonly spentEpsilon: string;
  readonly reservedEpsilon: string;
  readonly leftEpsilon: string;
}

export interface ChargeRow {
  readonly studyId: string;
  readonly round: number;
  readonly cause: string;
  readonly privacyEvent: {
    readonly pool: Pool;
    readonly noiseMultiplier: string;
    readonly samplingRate: string;
    readonly steps: number;
  };
}

export interface ModelRow {
  readonly studyId: string;
  readonly graph: ArtefactRow;
  readonly parameters: ParametersRow;
  readonly round: number;
  readonly rounds: readonly number[];
  readonly withdrawn?: readonly { readonly datasetId: string; readonly withdrawnAt: string }[];
  readonly retiredAt?: string;
}

export interface JobRow {
  readonly studyId: string;
  readonly round: number | null;
  readonly stage: string;
  readonly step?: number;
  readonly steps?: number;
  readonly error?: { readonly code: string; readonly detail: string };
}
