// A stack of PyTorch's encoder layers as it begins, from both exporters, against the gradients that autograd computed:
// see testing/fixtures/record_encoders.py.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { decodeModel, encodeModel, type NodeProto } from '../format/onnx-schema.ts';
import { foldedOrigins } from '../import/initialisers.ts';
import { buildStepGraph } from '../lowering/step-graph.ts';
import { normL2 } from '../testing/reference-gradients.ts';
import { runStep } from '../testing/run-step.ts';
import { tinyModel } from '../testing/tiny-models.ts';
import { type ForwardModel, readForwardModel } from './forward-model.ts';
import { restoreWeights } from './restore-weights.ts';

const FIXTURES = new URL('../../../src/testing/fixtures/', import.meta.url);
const fixture = (name: string): Uint8Array => readFileSync(new URL(name, FIXTURES));
const PARAMETERS = 4865;
/** The newer exporter leaves out additions of zeros, as which these biases begin. */
const LEFT_OUT = ['encoder.layers.0.self_attn.out_proj.bias', 'encoder.layers.1.self_attn.out_proj.bias'];

interface Recorded {
  readonly torch: string;
  readonly clipNormL2: number;
  readonly sizes: readonly number[];
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly clippedSum: Readonly<Record<string, { readonly shape: number[]; readonly values: number[] }>>;
}
const recorded: Recorded = JSON.parse(
  readFileSync(new URL('stock-encoder-gradients.json', FIXTURES), 'utf8'),
);

/** The module's parameter that a weight is. */
function parameterOf(name: string, bytes: Uint8Array): string {
  if (name in recorded.clippedSum) return name;
  const { graph } = decodeModel(bytes);
  const [origin] = foldedOrigins(graph).get(name) ?? [];
  if (origin !== undefined) return origin;
  const { name: node } = graph.node.find(({ input }) => input.includes(name))!;
  const module = node.split('/').slice(1, -1).join('.');
  return `${module}.${module.endsWith('self_attn') ? 'in_proj_weight' : 'weight'}`;
}

const turned = (values: Float32Array, [rows, columns]: readonly number[]): Float32Array =>
  Float32Array.from(values, (_, i) => values[(i % columns!) * rows! + Math.floor(i / columns!)]!);

async function clippedSum(
  bytes: Uint8Array,
): Promise<{ model: ForwardModel; sums: Map<string, Float32Array> }> {
  const model = readForwardModel(bytes);
  const { clipNormL2, sizes, x, y } = recorded;
  const graph = buildStepGraph(model, {
    clipNormL2,
    capacityUnits: sizes.length,
    rowsPerUnit: Math.max(...sizes),
    loss: { kind: 'binary-cross-entropy' },
  });
  let row = 0;
  const units = sizes.map((size) =>
    Array.from({ length: size }, () => {
      const features = x.slice(row * model.features, (row + 1) * model.features);
      return { features, label: y[row++]! };
    }),
  );
  const { clippedSum: all } = await runStep(graph, { parameters: model.values, units });
  const sums = model.parameters.map((parameter) => {
    const { name, offset, size } = parameter;
    const own = Float32Array.from((all!.data as Float64Array).subarray(offset, offset + size));
    const dims = decodeModel(bytes).graph.initializer.find((tensor) => tensor.name === name)!.dims;
    const { shape } = recorded.clippedSum[parameterOf(name, bytes)]!;
    const inFile = model.inFileOrder(parameter, own);
    return [
      parameterOf(name, bytes),
      String(dims) === String(shape) ? inFile : turned(inFile, shape),
    ] as const;
  });
  return { model, sums: new Map(sums) };
}

for (const [exporter, leftOut] of [
  ['script', []],
  ['dynamo', LEFT_OUT],
] as const) {
  describe(`a stock encoder of PyTorch ${recorded.torch} (${exporter})`, () => {
    const bytes = fixture(`torch-${exporter}-stock-encoder.onnx`);

    it('is read as the file has it, and the weights that several nodes read are named', () => {
      const { shared, parameterCount } = readForwardModel(bytes);
      assert.equal(parameterCount, 2593);
      const norm = shared.find(({ name }) => name === 'encoder.layers.0.norm1.weight');
      assert.equal(norm?.nodes.length, 4);
      assert.ok(shared.some(({ name }) => name === 'encoder.layers.0.linear1.bias'));
      assert.ok(!shared.some(({ name }) => name.startsWith('last.')));
    });

    it('has all of its parameters once they are restored, named as in the module', () => {
      const { bytes: apart, untied, biases } = restoreWeights(bytes);
      const { shared, parameterCount, parameters } = readForwardModel(apart);
      assert.equal(parameterCount, PARAMETERS);
      assert.deepEqual(shared, []);
      assert.ok(parameters.some(({ name }) => name === 'encoder.layers.1.norm2.weight'));
      assert.deepEqual(biases, leftOut);
      assert.ok(untied.every(({ copies }) => copies.length > 0));
      assert.deepEqual(restoreWeights(bytes).bytes, apart);
      assert.equal(restoreWeights(apart).bytes, apart);
    });

    it("takes a step whose clipped sum is that of autograd's gradients", async () => {
      const { sums } = await clippedSum(restoreWeights(bytes).bytes);
      const expected = Object.entries(recorded.clippedSum);
      assert.deepEqual([...sums.keys()].sort(), expected.map(([name]) => name).sort());
      const scale = normL2(expected.flatMap(([, { values }]) => values));
      for (const [name, { values }] of expected) {
        const difference = normL2(values.map((value, i) => sums.get(name)![i]! - value));
        assert.ok(difference <= 1e-5 * scale, `${name} is off by ${difference} of ${scale}`);
      }
    });

    it('keeps as one what is to stay so', () => {
      const { untied } = restoreWeights(bytes, ['encoder.layers.0.norm1.*']);
      assert.ok(untied.length > 0);
      assert.ok(!untied.some(({ name }) => name.startsWith('encoder.layers.0.norm1.')));
    });

    it('is left as it is where another program wrote it', () => {
      const other = encodeModel({ ...decodeModel(bytes), producerName: 'other' });
      assert.equal(restoreWeights(other).bytes, other);
    });
  });
}

for (const exporter of ['script', 'dynamo']) {
  it(`a layer that is used twice on purpose stays one, and is named (${exporter})`, () => {
    const bytes = fixture(`torch-${exporter}-tied.onnx`);
    assert.equal(restoreWeights(bytes).bytes, bytes);
    const names = readForwardModel(bytes).shared.map(({ name }) => name);
    assert.deepEqual(names, ['inner.weight', 'inner.bias']);
  });
}

/** Additions of weights, one after the other, as the older exporter writes them where it merged some. */
function additions(merged: number): Uint8Array {
  const offsets = Array.from({ length: merged }, (_, i) => [`b${i}`, `c${i}`]).flat();
  const bytes = tinyModel({
    features: 2,
    weights: { w: [2, 1], ...Object.fromEntries(offsets.filter((_, i) => i % 2 === 0).map((b) => [b, [1]])) },
    nodes: [
      { op: 'MatMul', from: ['x', 'w'], to: 'h0' },
      ...Array.from({ length: merged }, (_, i) => ({ op: 'Identity', from: [`b${i}`], to: `c${i}` })),
      ...offsets.map((offset, i) => ({
        op: 'Add',
        from: [`h${i}`, offset],
        to: i === offsets.length - 1 ? 'logit' : `h${i + 1}`,
      })),
    ],
  });
  const model = decodeModel(bytes);
  const node = model.graph.node.map((own, i) =>
    own.opType === 'Identity' ? { ...own, name: `Identity_${i}` } : own,
  );
  return encodeModel({ ...model, producerName: 'pytorch', graph: { ...model.graph, node } });
}

// A search of all nodes for each of them would be quadratic.
it('takes thousands of weights apart among thousands of nodes', () => {
  const merged = 2500;
  const bytes = additions(merged);
  assert.equal(readForwardModel(bytes).shared.length, merged);
  const { bytes: apart, untied } = restoreWeights(bytes);
  assert.deepEqual(
    untied,
    Array.from({ length: merged }, (_, i) => ({ name: `b${i}`, copies: [`c${i}`] })),
  );
  const { shared, parameterCount } = readForwardModel(apart);
  assert.deepEqual([shared, parameterCount], [[], 2 + 2 * merged]);
});

/** The graph of `additions`, in which the node in place of its first merged weight is another. */
function misleading(change: (standIn: NodeProto) => NodeProto[]): Uint8Array {
  const { graph, ...model } = decodeModel(additions(2));
  const node = graph.node.flatMap((own) => (own.output[0] === 'c0' ? change(own) : [own]));
  return encodeModel({ ...model, graph: { ...graph, node } });
}

it('refuses nodes that stand for themselves, for a name that there is, or for one name twice', () => {
  const refusals: readonly [(standIn: NodeProto) => NodeProto[], RegExp][] = [
    [(own) => [{ ...own, input: ['c0'] }], /c0 is not computed before it/],
    [(own) => [own, { ...own, output: ['b1'] }], /a node computes b1, which it has already/],
    [(own) => [own, { ...own, output: ['x'] }], /a node computes x, which it has already/],
    [(own) => [own, own], /two of its nodes compute c0/],
    [(own) => [{ ...own, domain: 'other' }], /the operator is not supported/],
  ];
  for (const [change, said] of refusals) {
    assert.throws(() => restoreWeights(misleading(change)), said);
  }
});

it('leaves a node of another name as it is, and its weight one', () => {
  const renamed = restoreWeights(misleading((own) => [{ ...own, name: 'Identity_of_mine' }]));
  assert.deepEqual(renamed.untied, [{ name: 'b1', copies: ['c1'] }]);
  assert.deepEqual(
    readForwardModel(renamed.bytes).shared.map(({ name }) => name),
    ['b0'],
  );
});
