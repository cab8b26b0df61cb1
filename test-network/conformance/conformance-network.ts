/** What a network must offer to be judged. */

import type { ClientCredentials, Connection } from './connection.ts';

/** Certificates that no client should present, signed by the first organisation's CA. */
export interface OddIdentities {
  /** A client certificate whose validity has ended. */
  readonly expired: ClientCredentials;
  /** A certificate in force whose organisational unit names no role. */
  readonly noRole: ClientCredentials;
}

export interface ConformanceNetwork {
  readonly connection: Connection;
  /**
   * The probe chaincode's name. Three definitions of it are deployed, each in its own namespace:
   * `NAME` (majority), `NAME-any` and `NAME-nested` (see probe-policies.ts).
   */
  readonly probe: string;
  /** The major version of its peers' Fabric; 3 where absent. */
  readonly fabricMajor?: number;
  readonly oddIdentities?: OddIdentities;
  /** Kills the whole network without warning and starts it again with its state. */
  readonly crashAndRestart?: () => Promise<void>;
}

export interface ConformanceOptions {
  setup(): Promise<ConformanceNetwork>;
  teardown(): Promise<void>;
}
