// Every operator gives an answer for whatever a row holds, and that answer, to the bit, depends neither on other rows
// nor on where the row lies or how many there are: privacy rests on it, and a graph comes from any member. Tried in
// processes of their own, forward and backward; CONSILIUM_PROBE_SEEDS=20 tries ten times as many rows.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { decodeModel } from '../format/onnx-schema.ts';
import { readForwardModel } from '../model/forward-model.ts';
import { supportedOperators } from '../ops/registry.ts';
import { OLD_LOWERINGS } from '../testing/old-lowerings.ts';
import { buildOperatorModel } from '../testing/operator-cases.ts';
import { TOTAL_CASES } from '../testing/total-operator-cases.ts';
import type { TriedOperators } from '../testing/try-operators.ts';
import { NASTY } from './probe-rows.ts';

const PROGRAM = fileURLToPath(new URL('../testing/try-operators.js', import.meta.url));
const SEEDS = process.env.CONSILIUM_PROBE_SEEDS ?? '2';

async function tryOperators(...options: string[]): Promise<TriedOperators> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...options]);
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

test('every supported operator is tested', () => {
  const tried = new Set(
    Object.values(TOTAL_CASES).flatMap((opCase) =>
      decodeModel(buildOperatorModel(opCase, { seed: 1, rows: 1 }).bytes).graph.node.map(
        ({ opType }) => opType,
      ),
    ),
  );
  const removed = ['Identity', 'Dropout'];
  const supported = supportedOperators().replace('supported operators are ', '').split(', ');
  assert.deepEqual(
    supported.filter((op) => !tried.has(op) && !removed.includes(op)),
    [],
  );
});

test('every operator has an answer for every row, and it follows from that row alone', async (t) => {
  const { cases, runs, failures } = await tryOperators('--seeds', SEEDS);
  t.diagnostic(`${cases} uses of operators, ${NASTY.length} nasty numbers, ${runs} runs`);
  assert.deepEqual(failures, []);
  assert.equal(cases, Object.keys(TOTAL_CASES).length);
});

for (const mutant of OLD_LOWERINGS) {
  test(`the trial catches the runtime's own operator in place of ours: ${mutant}`, async (t) => {
    const options = ['--only', mutant, '--mutant', mutant];
    const isCaught = await tryOperators(...options).then(
      ({ failures }) => failures.length > 0,
      // It ended the process.
      ({ signal, code }: { signal?: string; code?: unknown }) => signal === 'SIGFPE' || code === 1,
    );
    if (!isCaught && mutant !== 'Div of integers') {
      t.skip('not run: this processor computes every index alike');
      return;
    }
    assert.ok(isCaught);
  });
}

test('what joins integers with other numbers, or is none of their operators, is refused by name with a remedy', () => {
  const refusal = (name: string, nodes: (typeof TOTAL_CASES)[string]['nodes'], reason: RegExp) => {
    const opCase = { ...TOTAL_CASES['Add of integers']!, nodes };
    const { bytes } = buildOperatorModel(opCase, { seed: 1, rows: 1 });
    assert.throws(() => readForwardModel(bytes), { message: reason }, name);
  };
  const integers = { op: 'Cast', from: ['x'], to: 'i', attributes: { to: 7 } } as const;
  refusal(
    'a sum with floats',
    [integers, { op: 'Add', from: ['h', 'i'], to: 'y' }],
    /node make y \(Add\).*joins integers.*Cast them to float32/,
  );
  refusal(
    'an activation',
    [integers, { op: 'Relu', from: ['i'], to: 'y' }],
    /node make y \(Relu\).*works on integers.*Cast them to float32/,
  );
  refusal(
    'a condition of numbers',
    [
      { op: 'Not', from: ['h'], to: 'n' },
      { op: 'Where', from: ['n', 'h', 'h'], to: 'y' },
    ],
    /node make n \(Not\)/,
  );
});
