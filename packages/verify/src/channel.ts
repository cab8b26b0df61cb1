// The second public surface: a channel's configuration read as Fabric reads it, and what an update makes of it. For
// those who review a change before it is signed.
export {
  ChannelConfiguration,
  type Consenter,
  type DefinedOrganisation,
} from './channel/channel-configuration.ts';
export {
  type ConfigGroup,
  type ConfigItem,
  type ConfigPolicy,
  type ConfigValue,
  readGroup,
} from './channel/config-group.ts';
export { readConfigEnvelope, readUpdateSignature, renamed } from './channel/configuration-update.ts';
export { configurationOf } from './channel/organisations.ts';
export {
  type ChangedItem,
  type ItemKind,
  type PlacedItem,
  placesOf,
  resultOfUpdate,
  type UpdateResult,
} from './channel/update-result.ts';
export { isOnLists, listsOfAuthority, x509Of } from './identity/authority-lists.ts';
export { type Certificate, isIssuedBy, readCertificate } from './identity/certificate.ts';
export type { NamePart } from './identity/distinguished-name.ts';
export { type ClaimedIdentity, Membership, type SignedBytes } from './identity/membership.ts';
export { type Identity, Msp, type NodeRole } from './identity/msp.ts';
export { type RevocationList, readRevocationList } from './identity/revocation-list.ts';
export {
  type Principal,
  type Rule,
  readSignaturePolicy,
  type SignaturePolicy,
} from './policy/signature-policy.ts';
export { oneLine } from './report/one-line.ts';
export { Message, UnreadableError } from './wire/protobuf-reader.ts';
