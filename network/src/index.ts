// What other programs may use of the operator's tool.
export { ConfigError, type Problem } from '@consilium/command-line';
export { type Consortium, parseConsortium, readConsortium } from './config.ts';
export type { Addresses, OrganisationAddresses } from './runtime.ts';
export { type DetachedConsortium, StartFailedError, startDetached } from './start-detached.ts';
export { type ConsortiumStatus, consortiumStatus, type ProcessStatus } from './status.ts';
export { stopConsortium } from './stop.ts';
