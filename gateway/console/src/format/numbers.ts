// Counts, shares and sizes in the reader's language.

const locale = (): string | undefined => (typeof navigator === 'undefined' ? 'en' : navigator.language);

/** `12,345`. */
export const formatCount = (value: number, language = locale()): string =>
  new Intl.NumberFormat(language).format(value);

/** `42 %` of a share from 0 to 1; what is more than nothing is never shown as nothing. */
export function formatShare(share: number, language = locale()): string {
  const format = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 });
  if (share > 0 && share < 0.01) return `< ${format.format(0.01)}`;
  if (share < 1 && share > 0.99) return `> ${format.format(0.99)}`;
  return format.format(share);
}

/** A score, such as accuracy or loss, with so many decimals. */
export const formatScore = (value: number | string, decimals = 3, language = locale()): string =>
  new Intl.NumberFormat(language, {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }).format(Number(value));

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

/** `1.4 MB`. */
export function formatBytes(bytes: number, language = locale()): string {
  const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit: UNITS[step]!,
    unitDisplay: 'short',
    maximumFractionDigits: step === 0 ? 0 : 1,
  }).format(bytes / 1000 ** step);
}
