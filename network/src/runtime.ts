// What a runtime is to the operator's tool: the processes to start, in stages, and where things are
// afterwards.
import type { ServiceDefinition } from './service.ts';

export interface Stage {
  /** Such as `gateways`: shown while it starts. */
  readonly title: string;
  /** Started together; the next stage waits until all are ready, or have failed where one is enough. */
  readonly services: readonly ServiceDefinition[];
  /** One of the services is enough: any other that does not start is tried again. */
  readonly oneIsEnough?: { readonly remedy: string };
  /**
   * What is to be done once they are ready, before the next stage: at every start, so it must be
   * repeatable, and again when one runs that was stopped or did not start. Where one is enough, it is done for each by
   * itself. The signal is a stop in that time; what it says is for people. Names of those for which it is done.
   */
  readonly complete?: (
    signal: AbortSignal,
    report: (line: string) => void,
    names: readonly string[],
  ) => Promise<void>;
}

/** Where a started consortium's parts are: written to `consortium.json` for people and programs. */
export interface Addresses {
  readonly name: string;
  readonly channel: string;
  readonly ipfsUrl: string;
  readonly organisations: readonly OrganisationAddresses[];
}

export interface OrganisationAddresses {
  readonly name: string;
  readonly mspId: string;
  readonly title: string;
  readonly gatewayUrl: string;
  readonly documentationUrl: string;
  readonly trainerUrl: string;
  readonly keysFile: string;
}

/** Of services that run. */
export interface ServiceChange {
  /** Names of those that are not needed any more. */
  readonly ends: readonly string[];
  /** Each in place of the one with its name, one after the other. */
  readonly replaces: readonly ServiceDefinition[];
}

export interface Plan {
  readonly stages: readonly Stage[];
  /** What goes on once everything runs and waits for others: a failure is reported, and stops nothing. */
  readonly afterwards?: (options: {
    readonly signal: AbortSignal;
    readonly report: (line: string) => void;
    /** Of what runs; absent where nobody here owns the processes. */
    readonly change?: (change: ServiceChange) => Promise<void>;
  }) => Promise<void>;
  readonly addresses: Addresses;
}
