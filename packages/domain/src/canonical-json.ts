// One value, one text: keys sorted by code unit, no white space, so that peers compare equal byte for byte and
// a hash of a row means something. A subset of RFC 8785: numbers must be safe integers or finite doubles.
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** SHA-256 of a text's UTF-8 bytes in lower-case hex: the domain itself has no cryptography. */
export type Sha256Of = (text: string) => string;

/**
 * Canonical text of a JSON value. Properties that are undefined are left out.
 *
 * @throws TypeError for what JSON cannot say: NaN, infinities, functions, symbols, bigints.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`canonical JSON has no ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  throw new TypeError(`canonical JSON has no ${typeof value}`);
}
