import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { valueInfo } from '../format/graph-writer.ts';
import { decodeModel, encodeModel, OnnxFormatError } from '../format/onnx-schema.ts';
import { checkWire } from '../format/wire-check.ts';
import { readForwardModel, UnsupportedModelError, withParameters } from '../model/forward-model.ts';
import { scoreRows } from '../runtime/score-rows.ts';
import { HOSTILE_GRAPHS, WITH_COSTLY_SIDE_OUTPUT } from '../testing/hostile-graphs.ts';
import { TINY_MODELS, tinyModel } from '../testing/tiny-models.ts';

const FIXTURES = fileURLToPath(new URL('../../../src/testing/fixtures/', import.meta.url));
const fixtures = readdirSync(FIXTURES).filter((file) => file.endsWith('.onnx'));
const fixture = (file: string): Uint8Array => readFileSync(`${FIXTURES}${file}`);

const isRefusal = (error: unknown): error is Error =>
  error instanceof UnsupportedModelError || error instanceof OnnxFormatError;

describe('reading refuses', () => {
  for (const [what, [graph, said]] of Object.entries(HOSTILE_GRAPHS)) {
    it(`a graph with ${what}`, () => {
      assert.throws(
        () => readForwardModel(graph()),
        (error) => {
          assert.ok(isRefusal(error), String((error as Error).stack));
          assert.match(error.message, said);
          assert.ok(error.message.length < 20_000);
          return true;
        },
      );
    });
  }

  it('a file with bytes cut off or flipped, without any other error', () => {
    const bytes = fixture('sklearn-poisson-regression.onnx');
    for (let at = 0; at < bytes.length; at++) {
      for (const changed of [bytes.subarray(0, at), bytes.with(at, bytes[at]! ^ 0x81)]) {
        try {
          readForwardModel(changed);
        } catch (error) {
          assert.ok(isRefusal(error), `${at}: ${(error as Error).stack}`);
        }
      }
    }
  });
});

describe('what is handed to the runtime', () => {
  it('is what leads to the logit alone', async () => {
    const graph = WITH_COSTLY_SIDE_OUTPUT();
    assert.deepEqual([...(await scoreRows(graph, Float32Array.of(1, 1, 1, 1)))], [1 / (1 + Math.exp(-2))]);
  });

  it('is the same for the file that is handed on, with its probabilities and without the rest', () => {
    const original = decodeModel(fixture('torch-dynamo-mlp-sigmoid.onnx'));
    const { graph } = original;
    const [output] = graph.output;
    const hostile = encodeModel({
      ...original,
      graph: {
        ...graph,
        node: [
          ...graph.node,
          { name: 'hash', opType: 'Hardmax', input: [output!.name], output: ['hashed'], attribute: [] },
          { name: 'one more', opType: 'Neg', input: [output!.name], output: ['negative'], attribute: [] },
        ],
        initializer: [...graph.initializer, { name: 'unused', dims: [], dataType: 1, floatData: [1] }],
        output: [
          ...graph.output,
          ...['hashed', 'negative'].map((name) =>
            valueInfo(name, { elementType: 'int64', shape: ['rows', 1] }),
          ),
        ],
      },
    });
    const written = decodeModel(withParameters(hostile, readForwardModel(hostile).values)).graph;
    assert.deepEqual(
      written.output.map(({ name }) => name),
      [output!.name, 'negative'],
    );
    assert.ok(!written.node.some(({ opType }) => opType === 'Hardmax'));
    assert.ok(!written.initializer.some(({ name }) => name === 'unused'));
  });
});

describe('the check of a file’s bytes', () => {
  it('accepts what exporters write, and what this package builds', () => {
    for (const file of fixtures) checkWire(fixture(file));
    for (const model of Object.values(TINY_MODELS)) checkWire(tinyModel(model));
  });

  it('accepts unknown fields', () => {
    // Functions of the model's own, field 25: a number of two bytes, and one byte.
    const key = Buffer.from([0xca, 1, 1, 3]);
    checkWire(Buffer.concat([tinyModel(TINY_MODELS.Relu!), key]));
  });
});
