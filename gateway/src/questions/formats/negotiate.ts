// Which form an answer takes: the one that is asked for by name, or else what the header Accept prefers.
import { FORMATS, type Format } from '../question.ts';

/** The media type of each form. */
export const MEDIA_TYPES: { readonly [F in Format]: string } = {
  json: 'application/json',
  csv: 'text/csv',
  ndjson: 'application/x-ndjson',
  html: 'text/html',
};

/** Each range of an Accept header with its weight (RFC 9110, 12.5.1). */
function rangesOf(accept: string): { readonly range: string; readonly weight: number }[] {
  return accept.split(',').map((part) => {
    const [range = '', ...options] = part.split(';').map((text) => text.trim().toLowerCase());
    const q = options.find((option) => option.startsWith('q='))?.slice(2);
    const weight = q === undefined ? 1 : Number(q);
    return { range, weight: weight >= 0 && weight <= 1 ? weight : 0 };
  });
}

/**
 * The form to answer in. JSON where nothing is asked for, or nothing that there is: RFC 9110 lets a server answer so.
 * Where several are wanted alike, the one that is named before, and of `*` JSON.
 */
export function formatOf(format: Format | undefined, accept: string | undefined): Format {
  if (format !== undefined) return format;
  let best: { readonly format: Format; readonly weight: number } | undefined;
  for (const { range, weight } of rangesOf(accept ?? '*/*')) {
    const found = FORMATS.find(
      (one) =>
        range === '*/*' || range === MEDIA_TYPES[one] || range === `${MEDIA_TYPES[one].split('/')[0]}/*`,
    );
    if (found !== undefined && weight > (best?.weight ?? 0)) best = { format: found, weight };
  }
  return best?.format ?? 'json';
}
