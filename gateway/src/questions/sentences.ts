// Small parts of sentences that several answers use.

const NUMBERS = new Intl.NumberFormat('en-US');

/** '1 round', '3 rounds'. */
export const count = (n: number, one: string, many = `${one}s`): string =>
  `${NUMBERS.format(n)} ${n === 1 ? one : many}`;

/** 'a', 'a and b', 'a, b and c'; 'nobody' of none. */
export function listed(parts: readonly string[], none = 'nobody'): string {
  const [last = none, ...before] = parts.toReversed();
  return before.length === 0 ? last : `${before.toReversed().join(', ')} and ${last}`;
}

/** A time as people read it: '2026-11-29 at 13:45:43 UTC'. */
export const when = (at: string): string => {
  const [day = '', time = ''] = at.split('T');
  return `${day} at ${time.slice(0, 8)} UTC`;
};

/** The instant of a text that the ledger wrote, for comparing. */
export const ms = (at: string): number => Date.parse(at);
