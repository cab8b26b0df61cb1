/**
 * The network as a library, for programs that run it inside their own process; most start `main.ts` as a process.
 */
export { ConfigError } from '@consilium/command-line';
export { type ChaincodeConfig, type NetworkConfig, parseConfig } from './config.ts';
export { issueIdentity, type KeyAndCertificate, type SigningRequest } from './identities/authority.ts';
export type { ConnectionFile, ConnectionOrganisation } from './identities/connection-file.ts';
export { openOrganisationIdentities } from './identities/organisation-identities.ts';
export { Network, type NetworkStatus } from './network.ts';
