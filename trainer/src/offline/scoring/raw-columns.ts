// A dictionary's columns as a graph from raw values takes them: the same rules by which a file's texts become a model's
// input (`data/encode-features.ts`), as far as a graph can say them.
import type { Dictionary, Feature } from '@consilium/domain';
import type { Codes, RawColumn } from '@consilium/onnx-grad';
import { parseNumber } from '../../data/encode-features.ts';

/** The ways in which programs write a code: `1` is also `1.0`. */
function spellings(text: string): string[] {
  const number = parseNumber(text);
  if (number === undefined) return [text];
  return [text, String(number), ...(Number.isInteger(number) ? [`${number}.0`] : [])];
}

/** Missing codes win over categories, and earlier categories over later ones, as where a file is read. */
function codesOf(missing: readonly string[], values: readonly string[]): Codes {
  const codes = new Map<string, number | 'missing'>([['', 'missing']]);
  const keep = (text: string, meaning: number | 'missing') => {
    for (const spelling of spellings(text)) if (!codes.has(spelling)) codes.set(spelling, meaning);
  };
  for (const code of missing) keep(code, 'missing');
  for (const [place, value] of values.entries()) keep(value, place);
  return codes;
}

function columnOf(feature: Feature, dictionary: Dictionary): RawColumn {
  const name = feature.column ?? feature.name;
  const missing = [...dictionary.missing, ...(feature.missing ?? [])];
  switch (feature.kind) {
    case 'numeric': {
      const { bounds, reference = bounds } = feature;
      const numbers = missing.flatMap((code) => parseNumber(code) ?? []);
      return { name, kind: 'number', ...reference, bounds, missing: [...new Set(numbers)] };
    }
    case 'binary':
      return { name, kind: 'yes-no', codes: codesOf(missing, ['0', '1']) };
    case 'categorical': {
      const { categories } = feature;
      return { name, kind: 'category', categories: categories.length, codes: codesOf(missing, categories) };
    }
    case 'code': {
      const { categories } = feature;
      return { name, kind: 'code', missing: categories.length, codes: codesOf(missing, categories) };
    }
  }
}

/** One for each feature, in the dictionary's order. */
export const rawColumns = (dictionary: Dictionary): RawColumn[] =>
  dictionary.features.map((feature) => columnOf(feature, dictionary));
