// A forward graph that embeds the code in its first input, for tests of codes that have no row.
import { int64Tensor } from '../format/tensor-data.ts';
import { tinyModel } from './tiny-models.ts';

/** ONNX bytes: a logit from a table of so many rows by the first input, and from the other inputs. */
export const embeddingModel = ({
  features,
  rows,
}: {
  readonly features: number;
  readonly rows: number;
}): Uint8Array =>
  tinyModel({
    features,
    weights: { table: [rows, 1], w: [features - 1, 1] },
    extra: [int64Tensor('none', [0]), int64Tensor('one', [1]), int64Tensor('all', [features])],
    nodes: [
      { op: 'Slice', from: ['x', 'none', 'one', 'one'], to: 'code' },
      { op: 'Slice', from: ['x', 'one', 'all', 'one'], to: 'rest' },
      { op: 'Cast', from: ['code'], to: 'index', attributes: { to: 7 } },
      { op: 'Squeeze', from: ['index', 'one'], to: 'flat' },
      { op: 'Gather', from: ['table', 'flat'], to: 'own' },
      { op: 'MatMul', from: ['rest', 'w'], to: 'others' },
      { op: 'Add', from: ['own', 'others'], to: 'logit' },
    ],
  });
