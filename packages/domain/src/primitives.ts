// The scalar vocabulary that every noun is written in. Quantities on the ledger are integers or decimal
// strings, never binary floats, so that two peers can never print one number in two ways.
import { type Static, type TEnum, type TSchema, Type } from 'typebox';

const strict = { additionalProperties: false } as const;

/** An object schema that refuses unknown properties. */
export const Strict = <T extends Record<string, TSchema>>(properties: T) => Type.Object(properties, strict);

/** The same schema with a description of this use. */
export const Described = <T extends TSchema>(schema: T, description: string): T =>
  // Descriptors, since a schema keeps its kind and refinements in properties that a spread loses.
  Object.defineProperties(
    {},
    {
      ...Object.getOwnPropertyDescriptors(schema),
      description: { value: description, enumerable: true },
    },
  ) as T;

/** Those fields of a row that a summary has. */
export const summaryOf = <T extends object>(
  { properties }: { readonly properties: object },
  row: T,
): Pick<T, keyof T> =>
  Object.fromEntries(Object.entries(row).filter(([field]) => Object.hasOwn(properties, field))) as T;

/** One of the given words. */
export const Words = <const W extends readonly string[]>(words: W, description?: string) =>
  // The static type is stated, since inference widens a spread tuple to any word.
  Type.Enum([...words], description === undefined ? {} : { description }) as unknown as TEnum<[...W]>;

/** An id of a study or dataset, which people choose. */
export const Id = Type.String({
  pattern: '^[a-z0-9][a-z0-9-]{0,62}$',
  description: 'Lower-case letters, digits and hyphens, at most 63 characters.',
});
/** An organisation's id on the channel. */
export const MspId = Type.String({ pattern: '^[A-Za-z][A-Za-z0-9.-]{0,63}$', description: 'Fabric MSP id.' });
/**
 * What no text for people holds: control characters, marks that turn the direction of what follows (a title could be
 * read as another), and halves of characters.
 */
const UNREADABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\p{Cs}]/u;

interface TextOptions {
  readonly minLength?: number;
  readonly maxLength: number;
}
const readable = (options: TextOptions, isReadable: (text: string) => boolean) =>
  Type.Refine(
    Type.String({ ...options }),
    isReadable,
    () => 'must have no control characters, marks of direction or halves of characters',
  );
/** One line that people write and read. */
export const Text = (options: TextOptions) => readable(options, (text) => !UNREADABLE.test(text));
/** The same in several lines. */
export const Prose = (options: TextOptions) =>
  readable(options, (text) => !UNREADABLE.test(text.replaceAll(/[\t\n]/g, ' ')));
export const Title = Text({ minLength: 1, maxLength: 200 });
/** A SHA-256 in lower-case hex. */
export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256, lower-case hex.' });
export const Cid = Type.String({
  pattern: '^(Qm[1-9A-HJ-NP-Za-km-z]{44}|b[a-z2-7]{58,110})$',
  description: 'IPFS content identifier, version 0 or 1 (base32).',
});
export const Decimal = Type.String({
  pattern: '^(0|[1-9][0-9]{0,8})([.][0-9]{1,15})?$',
  description: 'Non-negative decimal number as a string, at most 15 decimals.',
});
/** A decimal whose value holds; `range` ends the sentence "must be …". */
export const DecimalThat = (holds: (value: number) => boolean, range: string) =>
  Type.Refine(
    Decimal,
    (value) => holds(Number(value)),
    () => `must be ${range}`,
  );
export const PositiveDecimal = DecimalThat((value) => value > 0, 'greater than 0');
export const SignedDecimal = Type.String({ pattern: '^-?(0|[1-9][0-9]{0,8})([.][0-9]{1,15})?$' });
export const SignedInteger = Type.String({
  pattern: '^(0|-?[1-9][0-9]{0,15})$',
  description: 'Integer as a string.',
});
/** A time in UTC, as the ledger writes it. */
export const Instant = Type.String({
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,3})?Z$',
  description: 'UTC time, RFC 3339.',
});
/** The number of a round, from 1 to 10,000. */
export const RoundNumber = Type.Integer({ minimum: 1, maximum: 10000 });
/** The form of a row. Rows of older forms are brought to the present one when they are read. */
export const RowSchema = Type.Integer({
  minimum: 1,
  maximum: 1000,
  description: "Version of the row's form.",
});
/** A row as the ledger reads it: what older forms lacked is filled in. */
export type Filled<T, K extends keyof T> = T & Required<Pick<T, K>>;
export const Base64 = Type.String({ pattern: '^[A-Za-z0-9+/]+={0,2}$', maxLength: 262_144 });
export const Reason = Prose({ minLength: 1, maxLength: 500 });

/** Where an encrypted artefact is stored and how to recognise it. The ledger holds this, never the bytes. */
export const ArtefactRef = Strict({
  cid: Cid,
  sha256: Sha256,
  sizeBytes: Type.Integer({ minimum: 1, maximum: 2 ** 40 }),
});
export type ArtefactRef = Static<typeof ArtefactRef>;
