// What can go wrong with an artefact, by name. Codes only: what a code means for a round is decided
// elsewhere.

export const ARTEFACT_ERRORS = {
  ARTEFACT_STORE_UNREACHABLE: 'The IPFS node does not answer.',
  ARTEFACT_STORE_REFUSED: 'The IPFS node answered with an error; the message carries it.',
  ARTEFACT_STORAGE_FULL: "The IPFS node's disk is full.",
  ARTEFACT_UNREACHABLE: 'The IPFS node answers but does not deliver this artefact, or not all of it.',
  ARTEFACT_HASH_MISMATCH: 'The bytes are not those that the CID, the SHA-256 and the size name.',
  ARTEFACT_TOO_LARGE: 'The artefact is larger than this reader or writer accepts.',
  ARTEFACT_TRUNCATED: 'The envelope ends early.',
  ARTEFACT_FORMAT_UNKNOWN: 'The bytes are no artefact envelope, or of a version that is not known here.',
  ARTEFACT_NOT_A_RECIPIENT: 'The artefact is not sealed to this member, or not to this key of the member.',
  ARTEFACT_WRONG_CONTEXT: 'The artefact was sealed for another purpose than the one it is opened for.',
  ARTEFACT_TAMPERED: 'The artefact is not as it was sealed.',
  ARTEFACT_KEY_INVALID: 'An encryption key is malformed, or its file can be read by others.',
} as const;

export type ArtefactErrorCode = keyof typeof ARTEFACT_ERRORS;

export class ArtefactError extends Error {
  override readonly name = 'ArtefactError';
  readonly code: ArtefactErrorCode;

  constructor(code: ArtefactErrorCode, detail: string = ARTEFACT_ERRORS[code], options?: ErrorOptions) {
    super(`${code}: ${detail}`, options);
    this.code = code;
  }
}
