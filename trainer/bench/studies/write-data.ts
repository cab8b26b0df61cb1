// Writes a case's data as both sides read it: float32 rows and labels of each site and of the test, and the start of
// all weights. Synthetic, from a seed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readForwardModel } from '@consilium/onnx-grad';
import { writePeerModel } from '@consilium/onnx-grad/testing/peer-models';
import type { StudyCase } from './cases.ts';

/** Uniform on [0, 1): xorshift (Marsaglia 2003). */
function uniformNumbers(seed: number): () => number {
  let state = seed * 2_654_435_761 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const SCALE = Math.sqrt(4);

/** Nearly Gaussian, of variance 1: a sum of three uniform numbers. */
const nearlyGaussian = (next: () => number): number => (next() + next() + next() - 1.5) * SCALE;

/** Fills a row and answers its label. */
type RowOf = (row: Float32Array) => number;

function tableRows(columns: number, next: () => number): RowOf {
  const weights = Float64Array.from({ length: columns }, () => nearlyGaussian(next) / Math.sqrt(columns));
  return (row) => {
    let score = 0;
    for (let i = 0; i < columns; i++) {
      const value = nearlyGaussian(next);
      row[i] = value;
      score += weights[i]! * value;
    }
    return next() < 1 / (1 + Math.exp(-3 * score)) ? 1 : 0;
  };
}

const CLASSES = 10;
const PATCHES = 4;

/** Ten pictures of 4 x 4 patches, each row one of them under noise. */
function imageRows(side: number, next: () => number): RowOf {
  const pictures = Array.from({ length: CLASSES }, () =>
    Float64Array.from({ length: PATCHES ** 2 }, () => nearlyGaussian(next)),
  );
  const size = side / PATCHES;
  return (row) => {
    const label = Math.floor(next() * CLASSES);
    for (let at = 0; at < row.length; at++) {
      const [y, x] = [Math.floor(at / side / size), Math.floor((at % side) / size)];
      row[at] = 0.35 * pictures[label]![y * PATCHES + x]! + nearlyGaussian(next);
    }
    return label;
  };
}

export interface WrittenCase {
  readonly study: StudyCase;
  readonly graph: Uint8Array;
  readonly testLabels: Float32Array;
}

export function writeCase(study: StudyCase, folder: string): WrittenCase {
  const next = uniformNumbers(7);
  const width = study.model.inputShape.reduce((product, size) => product * size, 1);
  const rowOf =
    study.data.kind === 'table' ? tableRows(study.data.columns, next) : imageRows(study.data.side, next);
  const write = (name: string, rows: number): Float32Array => {
    const [x, y] = [new Float32Array(rows * width), new Float32Array(rows)];
    for (let row = 0; row < rows; row++) y[row] = rowOf(x.subarray(row * width, (row + 1) * width));
    writeFileSync(join(folder, `${name}.x`), x);
    writeFileSync(join(folder, `${name}.y`), y);
    return y;
  };
  for (let site = 0; site < study.sites; site++) write(`site${site}`, study.rowsPerSite);
  const testLabels = write('test', study.testRows);
  const { bytes: graph } = writePeerModel('study', study.model, 3);
  const model = readForwardModel(graph);
  for (const { name, offset, size } of model.parameters) {
    writeFileSync(join(folder, `${name}.start`), model.values.slice(offset, offset + size));
  }
  writeFileSync(join(folder, 'study.json'), JSON.stringify(study));
  writeFileSync(join(folder, 'study.onnx'), graph);
  return { study, graph, testLabels };
}
