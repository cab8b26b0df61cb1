// The domain's tight accountant (privacy loss distributions), as reports use it.
import * as domain from '@consilium/chaincode/domain';

interface Steps {
  readonly noiseMultiplier: number;
  readonly samplingRate: number;
  readonly steps: number;
}

export interface TightAccountant {
  epsilonByPld(events: readonly Steps[], delta: number): number;
  calibrateNoiseByPld(
    target: Omit<Steps, 'noiseMultiplier'> & { targetEpsilon: number; delta: number },
  ): number;
}

/** Undefined where the domain's public surface does not have it: reports then say ε by Rényi costs alone. */
export const tightAccountant: TightAccountant | undefined =
  'epsilonByPld' in domain ? (domain as unknown as TightAccountant) : undefined;
