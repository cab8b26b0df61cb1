// The fields of a line of evidence. Each is read once, by its own kind: what is left over has no meaning, and is
// refused.
import { canonicalJson } from '@consilium/domain';
import { base64Bytes, hexBytes } from '../wire/bytes.ts';

/** A field that is missing, of another kind, or not known. */
export class FieldError extends Error {}

/** The fields of a JSON object, each of which must be used. */
export class Fields {
  readonly #values: Map<string, unknown>;

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new FieldError('not an object');
    this.#values = new Map(Object.entries(value));
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  take(name: string): unknown {
    const value = this.#values.get(name);
    if (value === undefined) throw new FieldError(`${name} is missing`);
    this.#values.delete(name);
    return value;
  }

  text(name: string): string {
    const value = this.take(name);
    if (typeof value !== 'string') throw new FieldError(`${name} is no text`);
    return value;
  }

  count(name: string): number {
    return countOf(this.take(name), name);
  }

  list<T>(name: string, read: (value: unknown, name: string) => T): T[] {
    const value = this.take(name);
    if (!Array.isArray(value)) throw new FieldError(`${name} is no list`);
    return value.map((one) => read(one, name));
  }

  object<T>(name: string, read: (fields: Fields) => T): T {
    return read(new Fields(this.take(name)));
  }

  end(): void {
    const [name] = this.#values.keys();
    if (name !== undefined) throw new FieldError(`${name} is of no known meaning`);
  }
}

/** The fields of a line of canonical JSON. @throws FieldError */
export function canonicalFields(line: Uint8Array): Fields {
  let text: string;
  let value: unknown;
  let canonical: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line);
    value = JSON.parse(text);
    // Nested too deep, it has no text.
    canonical = canonicalJson(value);
  } catch {
    throw new FieldError('not a line of evidence');
  }
  if (canonical !== text) throw new FieldError('not in canonical form');
  return new Fields(value);
}

export function countOf(value: unknown, name: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new FieldError(`${name} is no count`);
  return value as number;
}

export function textOf(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new FieldError(`${name} is no text`);
  return value;
}

export function bytesOf(value: unknown, name: string): Uint8Array {
  const text = textOf(value, name);
  const bytes = base64Bytes(text);
  if (bytes === undefined) throw new FieldError(`${name} is not in base64`);
  return bytes;
}

export function digestOf(value: unknown, name: string): Uint8Array {
  const text = textOf(value, name);
  if (!/^([0-9a-f]{64})?$/.test(text)) throw new FieldError(`${name} is no SHA-256`);
  return hexBytes(text);
}
