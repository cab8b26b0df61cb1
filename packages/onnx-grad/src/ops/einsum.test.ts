// Which equations are read, and what is said of the others; their gradients are in `gradients.test.ts`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readForwardModel, UnsupportedModelError } from '../model/forward-model.ts';
import { buildOperatorModel, type OpCase } from '../testing/operator-cases.ts';

const einsum = (equation: string, from: readonly string[], more: Partial<OpCase> = {}): OpCase => ({
  inputShape: [3, 3],
  weights: { w: [3, 3] },
  nodes: [{ op: 'Einsum', from, to: 'y', attributes: { equation } }],
  ...more,
});

const REFUSED: readonly (readonly [what: string, opCase: OpCase, says: RegExp])[] = [
  ['an ellipsis', einsum('...d,de->...e', ['h', 'w']), /an ellipsis is not supported: name its axes/],
  [
    'three operands',
    einsum('btd,de,ef->btf', ['h', 'w', 'w']),
    /of more than two operands .* take two at a time/,
  ],
  ['a diagonal', einsum('btt->bt', ['h']), /a diagonal, or a sum over one operand alone/],
  ['a sum over one operand', einsum('btd,de->be', ['h', 'w']), /a diagonal, or a sum over one operand alone/],
  ['letters that do not fit', einsum('bd,de->be', ['h', 'w']), /bd names 2 axes of a value that has 3/],
  [
    'two extents of one letter',
    einsum('btd,de->bte', ['h', 'w'], { weights: { w: [2, 3] } }),
    /axis d has two extents: 3, 2/,
  ],
  ['a weight for each time', einsum('btd,td->bt', ['h', 'w']), /w has an axis of a batch/],
  ['rows of one patient by those of others', einsum('btd,ctd->bc', ['h', 'h']), /node make y/],
];
for (const [what, opCase, says] of REFUSED) {
  test(`Einsum is refused for ${what}`, () => {
    assert.throws(
      () => readForwardModel(buildOperatorModel(opCase, { seed: 1, rows: 1 }).bytes),
      (error) => error instanceof UnsupportedModelError && says.test(error.message),
    );
  });
}

test('the output has the letters in alphabetical order where the equation names none', () => {
  const model = readForwardModel(
    buildOperatorModel(einsum('btd,de', ['h', 'w'], { weights: { w: [3, 2] } }), { seed: 1, rows: 1 }).bytes,
  );
  assert.deepEqual(model.shapeOf('y'), ['rows', 2, 3]);
});
