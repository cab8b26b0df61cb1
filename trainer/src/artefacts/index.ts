// Artefacts: sealed for the members of a consortium, kept in IPFS, named on the ledger.

export {
  type ArtefactContext,
  type OpenedArtefact,
  openArtefact,
  type Recipient,
  recipientsOf,
  sealArtefact,
} from './artefact.ts';
export { ARTEFACT_ERRORS, ArtefactError, type ArtefactErrorCode } from './artefact-error.ts';
export { type ArtefactRef, type ArtefactStore, DEFAULT_MAX_ARTEFACT_BYTES } from './artefact-store.ts';
export { commitment, sha256Hex } from './commitment.ts';
export { computeCid } from './content-id.ts';
export { IpfsArtefactStore, type IpfsArtefactStoreOptions } from './ipfs-artefact-store.ts';
export { proveKey, proveStudyKey } from './key-proof.ts';
export { createNextKey, MemberKeyRing } from './key-ring.ts';
export {
  decodePrivateKeyPem,
  decodePublicKey,
  encodePrivateKeyPem,
  generateMemberKeys,
  loadMemberKeys,
  loadOrCreateMemberKeys,
  type MemberKeys,
  memberKeysOf,
  rawPrivateKey,
} from './member-keys.ts';
export { MemoryArtefactStore } from './memory-artefact-store.ts';
