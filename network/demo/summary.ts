// The demo's facts: what summary.json holds and the report prints.
import type { LedgerNetwork } from '../src/ledger-network.ts';
import type { PeakMemory } from './memory-sampler.ts';
import type { Metrics } from './metrics.ts';

export interface Check {
  readonly name: string;
  readonly holds: boolean;
  readonly detail: string;
}

export interface BudgetFacts {
  readonly pool: 'training' | 'held-out';
  readonly spentEpsilon: string;
  readonly budgetEpsilon: string;
  readonly delta: string;
  readonly reservedEpsilon: string;
  /** What the whole plan was quoted to cost before the consent. */
  readonly quotedEpsilon: string;
  readonly charges: number;
}

export interface HospitalFacts {
  readonly name: string;
  readonly mspId: string;
  readonly title: string;
  readonly datasetId: string;
  readonly patients: number;
  readonly recordCountBand: string;
  readonly before: Metrics;
  readonly after: Metrics;
  readonly budgets: readonly BudgetFacts[];
  readonly gatewayUrl: string;
  readonly documentationUrl: string;
  /** Where people look at the study, in a browser. */
  readonly consoleUrl: string;
}

export interface RoundFacts {
  readonly round: number;
  readonly state: string;
  readonly leader: string;
  readonly included: number;
  readonly excluded: number;
  readonly accepted: number;
  readonly validators: number;
  readonly seconds: number;
  /** From the ledger's times: until the last update, the last verdict, and the finalising. */
  readonly phases: { readonly train: number; readonly validate: number; readonly aggregate: number };
  /**
   * What a real consortium sees of the quality: noised counts on held-out patients, each a charged release.
   */
  readonly scores: readonly {
    readonly datasetId: string;
    readonly right: number;
    readonly wrong: number;
  }[];
}

export interface Summary {
  readonly version: 1;
  readonly holds: boolean;
  readonly network: LedgerNetwork;
  readonly data: {
    readonly kind: 'synthetic' | 'uci-heart-disease' | 'own-files';
    readonly seed: number | null;
    /** Of one's own files: where they are, and which hospital's each is. */
    readonly own: {
      readonly folder: string;
      readonly files: readonly { readonly hospital: string; readonly file: string }[];
    } | null;
  };
  readonly study: {
    readonly studyId: string;
    readonly title: string;
    readonly rounds: number;
    readonly stepsPerRound: number;
    readonly parameters: number;
  };
  readonly hospitals: readonly HospitalFacts[];
  readonly pooled: { readonly before: Metrics; readonly after: Metrics };
  readonly rounds: readonly RoundFacts[];
  readonly model: { readonly sha256: string; readonly sizeBytes: number; readonly identicalAt: number };
  readonly ledger: {
    readonly height: number;
    /** The canonical text of an update's row: the largest and the mean over all updates. */
    readonly updateRowBytes: { readonly largest: number; readonly mean: number };
    readonly updateArtefactBytes: { readonly largest: number; readonly mean: number };
  };
  /** What `consilium-verify out/demo/evidence.ndjson --genesis` takes. */
  readonly genesisSha256: string;
  readonly evidence: {
    readonly bytes: number;
    /** How long it took to verify. */
    readonly seconds: number;
    readonly signedBy: readonly string[];
  };
  readonly ipfs: { readonly artefacts: number; readonly bytes: number };
  readonly stages: readonly { readonly name: string; readonly seconds: number }[];
  readonly peakMemory: PeakMemory | null;
  readonly checks: readonly Check[];
  readonly consortiumDirectory: string;
  readonly kept: boolean;
}
