// Durations as Go writes them: '200ms', '1.5s', '1m0s'.

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** In milliseconds; 0 where it is none. */
export function msOf(text: string): number {
  const parts = [...text.matchAll(/([\d.]+)(ns|us|µs|ms|h|m|s)/g)];
  if (parts.map(([part]) => part).join('') !== text) return 0;
  return parts.reduce((sum, [, digits, unit]) => sum + Number(digits) * UNITS[unit!]!, 0);
}
