// How a row becomes what a model's graph reads: what somebody needs who has the ONNX file and a patient, and no more.
import type { EncodedFeature } from '@consilium/domain';

/** A feature as the model sees it; numeric ones with the dictionary's unit. */
export type InputFeature = EncodedFeature & { readonly unit?: string };

/** The inputs of one feature, in order. */
function inputsOf(feature: InputFeature): string {
  const { name } = feature;
  const own =
    feature.kind === 'categorical' ? feature.categories.map((category) => `${name}=${category}`) : [name];
  return [...own, `${name}_missing`].map((input) => `\`${input.replaceAll('|', '\\|')}\``).join(', ');
}

function valuesOf(feature: InputFeature): string {
  switch (feature.kind) {
    case 'binary':
      return '-1 for 0, 1 for 1';
    case 'categorical':
      return '1 for its category, 0 for the others';
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
      (feature) => `| ${feature.name.replaceAll('|', '\\|')} | ${inputsOf(feature)} | ${valuesOf(feature)} |`,
    ),
    '',
    'Where a value is not known, its inputs are 0 and its `_missing` is 1; otherwise `_missing` is 0.',
  ];
}
