// The domain's tight accountant and the Rényi accountant of reports, as this command uses them.
import * as domain from '@consilium/chaincode/domain';
import type { Steps } from './account-request.ts';

export interface Accountant {
  epsilonByPld(events: readonly Steps[], delta: number): number;
  epsilonByRenyiSeries(events: readonly Steps[], delta: number): number;
  calibrateNoiseByPld(target: {
    readonly targetEpsilon: number;
    readonly delta: number;
    readonly samplingRate: number;
    readonly steps: number;
  }): number;
}

const NEEDED = ['epsilonByPld', 'epsilonByRenyiSeries', 'calibrateNoiseByPld'] as const;

/** Undefined where the domain's public surface does not have them: the command then answers nothing. */
export const accountant: Accountant | undefined = NEEDED.every((name) => name in domain)
  ? (domain as unknown as Accountant)
  : undefined;
