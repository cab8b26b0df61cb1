// Messages of Fabric of which nothing is left out when they are read: bytes that a review would pass over could say
// something else to a peer of another version. Each is written again as it was read, and has to be the same bytes.
import { sameBytes } from './digests.ts';
import { refuse } from './refused-ceremony.ts';

interface Written {
  serializeBinary(): Uint8Array;
}

/** A message of Fabric's generated code. */
export interface MessageType<T extends Written> {
  deserializeBinary(bytes: Uint8Array): T;
}

/**
 * The message that these bytes are, and nothing beside it: no unknown field, no field twice, no text that is no UTF-8.
 *
 * @param what for people: 'definition of AlphaMSP'
 * @throws RefusedCeremonyError
 */
export function readWhole<T extends Written>(type: MessageType<T>, bytes: Uint8Array, what: string): T {
  const message = readLoosely(type, bytes, what);
  if (sameBytes(message.serializeBinary(), bytes)) return message;
  return refuse(
    `the ${what} holds fields that this version does not know, or writes them in another way than it does`,
  );
}

/** The same of bytes that are in force already, however they are written. @throws RefusedCeremonyError */
export function readLoosely<T extends Written>(type: MessageType<T>, bytes: Uint8Array, what: string): T {
  try {
    return type.deserializeBinary(bytes);
  } catch (cause) {
    return refuse(`the ${what} cannot be read as what Fabric keeps there`, { cause });
  }
}
