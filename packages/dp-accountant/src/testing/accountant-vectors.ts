// Reference values that other accountants computed, for tests.
import { readFileSync } from 'node:fs';

export interface AccountantVectors {
  readonly grid: readonly {
    readonly sigma: number;
    readonly q: number;
    readonly steps: number;
    readonly delta: number;
    readonly rdp_eps: number;
    readonly pld_eps_optimistic_buckets: number;
  }[];
  readonly rdp_unit: readonly {
    readonly sigma: number;
    readonly q: number;
    readonly order: number;
    readonly rdp: number | null;
  }[];
  readonly inverse: readonly {
    readonly q: number;
    readonly steps: number;
    readonly delta: number;
    readonly target_eps: number;
    readonly sigma_rdp: number;
    readonly sigma_pld: number;
  }[];
  readonly heterogeneous: readonly {
    readonly delta: number;
    readonly parts: readonly { readonly sigma: number; readonly q: number; readonly steps: number }[];
    readonly rdp_eps: number;
    readonly pld_eps: number;
  }[];
}

const FILE = new URL('../../../reference-values/accountant.json', import.meta.url);

export const accountantVectors = (): AccountantVectors =>
  JSON.parse(readFileSync(FILE, 'utf8')) as AccountantVectors;

/** A number as the ledger writes it. */
export const decimal = (value: number) => value.toFixed(15).replace(/[.]?0+$/, '');

/** The training event of a setting of the vectors, as on the ledger. */
export const eventOf = (sigma: number, q: number, steps: number) =>
  ({
    mechanism: 'discrete-gaussian',
    noiseMultiplier: decimal(sigma),
    samplingRate: decimal(q),
    steps,
    adjacency: 'add-or-remove-one',
    unit: 'patient',
    pool: 'training',
  }) as const;
