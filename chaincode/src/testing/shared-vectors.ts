// Reference values that other accountants computed, for tests: they lie outside the repository.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

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

/** The vectors, or why tests that need them do not run. */
export function sharedAccountantVectors(): {
  readonly vectors?: AccountantVectors;
  readonly absent: string | false;
} {
  const root = resolve(import.meta.dirname, '../../../..');
  const file = resolve(root, process.env.CONSILIUM_SHARED ?? '../shared', 'vectors/accountant.json');
  if (!existsSync(file)) return { absent: `not run: ${file} is absent` };
  return { vectors: JSON.parse(readFileSync(file, 'utf8')) as AccountantVectors, absent: false };
}
