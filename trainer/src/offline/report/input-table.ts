// How a row becomes what a model's graph reads: what somebody needs who has the ONNX file and a patient, and no more.
import type { EncodedFeature } from '@consilium/domain';

/** A feature as the model sees it; numeric ones with the dictionary's unit. */
export type InputFeature = EncodedFeature & { readonly unit?: string };

/** So many codes of a feature are written out. */
const MOST_CODES = 12;
const escaped = (text: string): string => text.replaceAll('|', '\\|');

/** The inputs of one feature, in order. */
function inputsOf(feature: InputFeature): string {
  const { name } = feature;
  if (feature.kind === 'code') return `\`${name}\``;
  const own =
    feature.kind === 'categorical' ? feature.categories.map((category) => `${name}=${category}`) : [name];
  return [...own, `${name}_missing`].map((input) => `\`${escaped(input)}\``).join(', ');
}

function valuesOf(feature: InputFeature): string {
  switch (feature.kind) {
    case 'binary':
      return '-1 for 0, 1 for 1';
    case 'categorical':
      return '1 for its category, 0 for the others';
    case 'code': {
      const { categories } = feature;
      const first = categories
        .slice(0, MOST_CODES)
        .map((category, code) => `${code} for ${escaped(category)}`);
      const rest = categories.length > MOST_CODES ? ['and so on, as `data.encoding` lists them'] : [];
      return [...first, ...rest, `${categories.length} where it is not known`].join(', ');
    }
    case 'numeric': {
      const unit = feature.unit === undefined || feature.unit === '1' ? '' : ` ${feature.unit}`;
      return `-1 at ${feature.low}${unit}, 1 at ${feature.high}${unit}, linear, also beyond`;
    }
  }
}

/** Lines of Markdown. */
export function inputTable(features: readonly InputFeature[]): string[] {
  return [
    '| feature | inputs, in this order | values |',
    '| --- | --- | --- |',
    ...features.map(
      (feature) => `| ${escaped(feature.name)} | ${inputsOf(feature)} | ${valuesOf(feature)} |`,
    ),
    '',
    'Where a value is not known, its inputs are 0 and its `_missing` is 1; otherwise `_missing` is 0.' +
      (features.some(({ kind }) => kind === 'code') ? ' A code has no `_missing`.' : ''),
  ];
}
