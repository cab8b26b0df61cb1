// Graphs that mutations start from: what exporters wrote, what is built here, one for each operator, and hostile ones.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildForwardModel } from '../model/build-forward-model.ts';
import { HOSTILE_GRAPHS } from './hostile-graphs.ts';
import { TINY_MODELS, tinyModel } from './tiny-models.ts';

const FIXTURES = fileURLToPath(new URL('../../../src/testing/fixtures/', import.meta.url));
/** Larger ones are mutated by the same means, and take most of the time. */
const MOST_BYTES = 2 ** 16;

function exported(): Uint8Array[] {
  const files = readdirSync(FIXTURES).filter((file) => file.endsWith('.onnx'));
  return files.toSorted().map((file) => readFileSync(join(FIXTURES, file)));
}

function built(): Uint8Array[] {
  const common = { features: 5, localIntercept: true } as const;
  return [
    buildForwardModel({ ...common, kind: 'logistic-regression' }),
    buildForwardModel({ ...common, kind: 'multilayer-perceptron', hidden: [4, 3] }),
    buildForwardModel({ ...common, kind: 'multilayer-perceptron', hidden: [6], activation: 'tanh' }),
  ];
}

export function seedGraphs(): readonly Uint8Array[] {
  const tiny = Object.values(TINY_MODELS).map((model) => tinyModel(model));
  const hostile = Object.values(HOSTILE_GRAPHS).map(([graph]) => graph());
  // Most of what is made of hostile ones is refused for what they were before.
  const honest = [...exported(), ...built(), ...tiny];
  return [...honest, ...honest, ...hostile].filter(({ length }) => length <= MOST_BYTES);
}
