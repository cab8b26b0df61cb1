// What a graph computes of constants and shapes alone is computed beforehand: here against ONNX Runtime's own answers.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Constant } from '../format/constant.ts';
import { GraphWriter, toAttributes, valueInfo } from '../format/graph-writer.ts';
import type { KnownValues, OpNode } from '../ops/op-rule.ts';
import { UnsupportedOp } from '../ops/op-rule.ts';
import { openSession } from '../runtime/onnx-runtime.ts';
import { foldConstants } from './fold-constants.ts';

type Attributes = Parameters<typeof toAttributes>[0];

const floats = (shape: number[], values: number[]): Constant => ({ shape, values, isInteger: false });
const int64s = (shape: number[], values: Constant['values']): Constant => ({
  shape,
  values,
  isInteger: true,
});
const vector = (...values: number[]): Constant => int64s([values.length], values);
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => (i * 7 + 3) % 11);

function folded(opType: string, inputs: readonly (Constant | undefined)[], attributes: Attributes = {}) {
  const node: OpNode = {
    name: 'node',
    opType,
    inputs: inputs.map((input, i) => (input === undefined ? '' : `input ${i}`)),
    output: 'y',
    outputs: ['y'],
    attributes: toAttributes(attributes),
    opset: 17,
  };
  const constantOf = (value: string) => inputs[Number(value.split(' ')[1])];
  const values: KnownValues = {
    constantOf,
    shapeOf: (value) => constantOf(value)!.shape,
    isParameter: () => false,
    isDiscrete: () => false,
  };
  return foldConstants(node, values)!;
}

async function byRuntime(
  opType: string,
  inputs: readonly (Constant | undefined)[],
  { attributes, shape }: { readonly attributes: Attributes; readonly shape: readonly number[] },
) {
  const writer = new GraphWriter();
  const names = inputs.map((input) => {
    if (input === undefined) return '';
    const values = input.values as number[];
    return input.isInteger
      ? writer.reshape(writer.int64s(values), input.shape)
      : writer.floats(input.shape, values);
  });
  if (opType === 'Where') names[0] = writer.emit('Cast', [names[0]!], { to: 9 });
  const own = writer.emit(opType, names, attributes);
  const result = writer.emit('Cast', [own], { to: 1 });
  const type = { elementType: 'float', shape } as const;
  const bytes = writer.finish({ name: 'fold', inputs: [], outputs: [valueInfo(result, type)] });
  const session = await openSession(bytes, { threads: 1 });
  const outputs = await session.run({}, { outputs: [result] });
  await session.close();
  return outputs[result]!;
}

const cube = floats([2, 3, 4], range(24));
const CASES: Readonly<
  Record<string, readonly [op: string, inputs: readonly (Constant | undefined)[], attributes?: Attributes]>
> = {
  'a slice along two axes': ['Slice', [cube, vector(1, 0), vector(3, -1), vector(-1, 1)]],
  'a slice backwards': ['Slice', [cube, vector(-1), vector(-9), vector(2), vector(-2)]],
  'a slice of nothing': ['Slice', [cube, vector(2), vector(1), vector(1)]],
  'a slice whose axes are left out': ['Slice', [cube, vector(0, 1), vector(1, 3), undefined, vector(1, 2)]],
  'indices of a middle axis': ['Gather', [cube, int64s([2, 2], [2, 0, -1, 1])], { axis: 1 }],
  'one index': ['Gather', [cube, int64s([], [1])]],
  'parts joined along a middle axis': ['Concat', [cube, floats([2, 1, 4], range(8))], { axis: -2 }],
  'axes in another order': ['Transpose', [cube], { perm: [2, 0, 1] }],
  'axes turned around': ['Transpose', [cube]],
  'a flattened array': ['Flatten', [cube], { axis: 2 }],
  'a reshape that keeps an axis': ['Reshape', [cube, vector(0, -1)]],
  'axes put in': ['Unsqueeze', [cube, vector(0, -1)]],
  'axes taken out': ['Squeeze', [floats([1, 3, 1], range(3)), vector(-1)]],
  'values spread': ['Expand', [floats([3, 1], range(3)), vector(2, 1, 4)]],
  'an upper triangle': ['Trilu', [cube, int64s([], [1])], { upper: 1 }],
  'a lower triangle': ['Trilu', [cube], { upper: 0 }],
  'a lower triangle below the diagonal': ['Trilu', [cube, int64s([], [-1])], { upper: 0 }],
  'a range': ['Range', [int64s([], [7]), int64s([], [-2]), int64s([], [-3])]],
  'a sum of arrays that are spread': ['Add', [floats([3, 1], range(3)), floats([4], range(4))]],
  'a difference': ['Sub', [floats([], [1]), cube]],
  'a quotient of integers': ['Div', [vector(-7, 7, 9), vector(2)]],
  'a rest': ['Mod', [vector(-7, 7, 9), vector(4)]],
  'a power': ['Pow', [floats([2], [9, 4]), floats([], [0.5])]],
  'a comparison': ['Greater', [cube, floats([3, 1], [2, 5, 8])]],
  'an equality': ['Equal', [cube, floats([], [3])]],
  'a choice': ['Where', [int64s([3, 1], [1, 0, 1]), floats([], [-1]), cube]],
  'a cast to integers': ['Cast', [floats([4], [1.9, -1.9, 0, 2])], { to: 7 }],
  'a cast to booleans': ['Cast', [floats([3], [0.5, 0, -2])], { to: 9 }],
};

describe('folding gives what ONNX Runtime gives, of', () => {
  for (const [what, [opType, inputs, attributes = {}]] of Object.entries(CASES)) {
    it(what, async () => {
      const constant = folded(opType, inputs, attributes);
      const expected = await byRuntime(opType, inputs, { attributes, shape: constant.shape });
      assert.deepEqual(constant.shape, [...expected.shape]);
      assert.deepEqual(
        constant.values.map((value) => Math.fround(value as number)),
        [...expected.data],
      );
    });
  }
});

describe('numbers of rows', () => {
  const shape = int64s([3], ['rows', 3, 4]);
  it('are kept as a symbol, and are at least one', () => {
    assert.deepEqual(folded('Mul', [int64s([], ['rows']), vector(4)]).values, ['rows*4']);
    assert.deepEqual(folded('Equal', [shape, vector(-1)]).values, [0, 0, 0]);
    const wanted = folded('Where', [
      folded('Equal', [vector(-1, 3, 4), vector(-1)]),
      shape,
      vector(-1, 3, 4),
    ]);
    assert.deepEqual(wanted.values, ['rows', 3, 4]);
  });

  it('are refused where a constant would be made for each row, or an answer depends on them', () => {
    const refuses = (said: RegExp, ...of: Parameters<typeof folded>) =>
      assert.throws(
        () => folded(...of),
        (error) => error instanceof UnsupportedOp && said.test(error.message),
      );
    refuses(/makes constants for each row: leave that out/, 'Expand', [floats([1], [1]), shape]);
    refuses(/is not supported: fold it/, 'Equal', [shape, vector(3)]);
    refuses(/is not supported: fold it/, 'Greater', [shape, vector(0)]);
    refuses(/makes values for each row from nothing/, 'ConstantOfShape', [shape]);
  });
});

describe('what cannot be folded is refused', () => {
  const refuses = (said: RegExp, ...of: Parameters<typeof folded>) =>
    assert.throws(
      () => folded(...of),
      (error) => error instanceof UnsupportedOp && said.test(error.message),
    );
  it('by what does not fit', () => {
    refuses(/shapes \[2\] and \[3\] do not fit/, 'Add', [vector(1, 2), vector(1, 2, 3)]);
    refuses(/cannot be spread to \[2, 2\]/, 'Expand', [floats([3], range(3)), vector(2, 2)]);
    refuses(/cannot be reshaped to \[5, -1\]/, 'Reshape', [cube, vector(5, -1)]);
    refuses(/beyond the 2 of its axis 0/, 'Gather', [cube, int64s([], [2])]);
    refuses(/perm \[0, 0\] does not order the 3 axes/, 'Transpose', [cube], { perm: [0, 0] });
  });

  it('where the result would be too large', () => {
    const huge = vector(100_000, 100_000);
    refuses(/constant of \[100000, 100000\] values, and 4194304 is the most/, 'ConstantOfShape', [huge]);
    refuses(/is the most/, 'Expand', [floats([1], [0]), huge]);
    refuses(/is the most/, 'Range', [int64s([], [0]), int64s([], [1e12]), int64s([], [1])]);
    refuses(/is the most/, 'Range', [int64s([], [0]), int64s([], [1]), int64s([], [0])]);
  });
});
