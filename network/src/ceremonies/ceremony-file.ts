// The file of a ceremony: the bytes that are signed, and the signatures on them so far. It carries no words of its own:
// each place makes them of the bytes. Nothing in it is secret. A file is written in one way only, so that it holds
// nothing beside what is read.
import { readReceived } from '../received-file.ts';
import { writeWhole } from '../state-file.ts';
import { sameBytes, sha256, sha256Hex } from './digests.ts';
import { plainName } from './plain-text.ts';
import { RefusedCeremonyError, refuse } from './refused-ceremony.ts';

export const FORMAT = 'consilium-ceremony/1';
/** Of one file: channels of 30 organisations stay below. */
const FILE_BYTES_MAX = 2 * 1024 * 1024;
const SIGNATURES_MAX = 100;
const KINDS = ['channel', 'founding', 'chaincode'] as const;

/** A change of the channel's configuration, its first block, or a chaincode's definition. */
export type CeremonyKind = (typeof KINDS)[number];

/** A signature in Fabric's own parts. */
export interface CeremonySignature {
  readonly header: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Ceremony {
  readonly kind: CeremonyKind;
  readonly channel: string;
  /** The digest of the channel's first block, in hexadecimal; of a founding the digest of the block it proposes. */
  readonly genesis: string;
  /** Of the configuration that it changes, or of the chaincode's definition; 0 of a founding. */
  readonly sequence: number;
  /** A ConfigUpdate, a block, or the arguments of an approval. */
  readonly bytes: Uint8Array;
  readonly signatures: readonly CeremonySignature[];
}

/** What people compare by telephone: of the bytes that are signed. */
export const digestOf = ({ bytes }: Pick<Ceremony, 'bytes'>): string => sha256Hex(bytes);

/** The one text that says what is signed, and where: each signature is over it. */
export const statementOf = (ceremony: Omit<Ceremony, 'signatures'>): string =>
  `${FORMAT} ${ceremony.kind} ${ceremony.channel} ${ceremony.genesis} ${ceremony.sequence} ${digestOf(ceremony)}\n`;

/** What a signature's header carries, so that a signature for one channel's ceremony is none for another's. */
export const nonceOf = (ceremony: Omit<Ceremony, 'signatures'>): Buffer => sha256(statementOf(ceremony));

/**
 * The bytes that a signature covers. Of a change of the configuration Fabric's own: header, then update. Of the others
 * the statement, then the header: no message of Fabric begins as the statement does (its second byte is no field), so
 * that nobody takes such a signature for one on a message.
 */
export function signedBytesOf(ceremony: Omit<Ceremony, 'signatures'>, header: Uint8Array): Buffer {
  return ceremony.kind === 'channel'
    ? Buffer.concat([header, ceremony.bytes])
    : Buffer.concat([Buffer.from(statementOf(ceremony)), header]);
}

export function textOfCeremony(ceremony: Ceremony): string {
  const { kind, channel, genesis, sequence, bytes, signatures } = ceremony;
  const base64 = (some: Uint8Array) => Buffer.from(some).toString('base64');
  const written = {
    format: FORMAT,
    kind,
    channel,
    genesis,
    sequence,
    bytes: base64(bytes),
    signatures: signatures.map(({ header, signature }) => ({
      header: base64(header),
      signature: base64(signature),
    })),
  };
  return `${JSON.stringify(written, null, 2)}\n`;
}

export const writeCeremony = (file: string, ceremony: Ceremony): void =>
  writeWhole(file, textOfCeremony(ceremony));

/** @throws RefusedCeremonyError where the file is no ceremony that this version can read whole */
export function readCeremony(file: string): Ceremony {
  let bytes: Buffer;
  try {
    bytes = readReceived(file, FILE_BYTES_MAX);
  } catch (cause) {
    return refuse(`${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    return parseCeremony(bytes);
  } catch (error) {
    if (!(error instanceof RefusedCeremonyError)) throw error;
    return refuse(`${file}: ${error.message}`, { cause: error });
  }
}

/** @throws RefusedCeremonyError */
export function parseCeremony(file: Uint8Array): Ceremony {
  if (file.length > FILE_BYTES_MAX) {
    refuse(`the file has ${file.length} bytes, and a ceremony at most ${FILE_BYTES_MAX}: ask for it again`);
  }
  const text = Buffer.from(file).toString('utf8');
  const ceremony = readFields(parseJson(text));
  if (!Buffer.from(textOfCeremony(ceremony), 'utf8').equals(file)) {
    refuse(
      'the file is not written as a ceremony is, or holds more than one: ask for it again, and do not edit it',
    );
  }
  return ceremony;
}

function parseJson(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return refuse('the file is no JSON: it was cut or changed on its way', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse('the file is no ceremony');
  return value as Record<string, unknown>;
}

function readFields(fields: Record<string, unknown>): Ceremony {
  if (fields.format !== FORMAT) {
    refuse(`the file is not of the format ${FORMAT}: it is no ceremony, or of another version of Consilium`);
  }
  const kind = KINDS.find((one) => one === fields.kind) ?? refuse(`kind must be ${KINDS.join(', ')}`);
  if (typeof fields.channel !== 'string') return refuse('channel must be the name of a channel');
  const channel = plainName(fields.channel, 'channel');
  const { genesis, sequence, signatures } = fields;
  if (typeof genesis !== 'string' || !/^[0-9a-f]{64}$/.test(genesis)) {
    return refuse('genesis must be a digest of 64 hexadecimal digits');
  }
  if (!Number.isSafeInteger(sequence) || (sequence as number) < 0) return refuse('sequence must be a number');
  if (!Array.isArray(signatures) || signatures.length > SIGNATURES_MAX) {
    return refuse(`signatures must be a list of at most ${SIGNATURES_MAX}`);
  }
  return {
    kind,
    channel,
    genesis,
    sequence: sequence as number,
    bytes: fromBase64(fields.bytes, 'bytes'),
    signatures: signatures.map((one: unknown, at) => {
      const { header, signature } = (one ?? {}) as Record<string, unknown>;
      return {
        header: fromBase64(header, `signatures/${at}/header`),
        signature: fromBase64(signature, `signatures/${at}/signature`),
      };
    }),
  };
}

function fromBase64(value: unknown, field: string): Buffer {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(value))
    return refuse(`${field} must be base64`);
  return Buffer.from(value, 'base64');
}

/** One file of several that were signed at several places at once. @throws RefusedCeremonyError where they differ */
export function gather([first, ...others]: readonly [Ceremony, ...Ceremony[]]): Ceremony {
  const signatures = [...first.signatures];
  for (const other of others) {
    if (statementOf(other) !== statementOf(first)) {
      refuse('the files are of different ceremonies: give copies of one, which show the same digest');
    }
    for (const one of other.signatures) {
      const isKnown = signatures.some(
        (known) => sameBytes(known.header, one.header) && sameBytes(known.signature, one.signature),
      );
      if (!isKnown) signatures.push(one);
    }
  }
  return { ...first, signatures };
}
