import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ProbeRun, probeGivenArrays } from './given-arrays.ts';

const SENTENCE = 'Non tensor type is temporarily not supported.';
const writes: ProbeRun = async ({ x }, { twice }) => twice.set(x.map((value) => 2 * value));
const writesNothing: ProbeRun = async () => {};
const withSequence =
  (plain: ProbeRun, before: boolean, sentence?: string): ProbeRun =>
  async (inputs, outputs) => {
    if (!outputs.withSequence || before) await plain(inputs, outputs);
    if (outputs.withSequence && sentence !== undefined) throw new Error(sentence);
  };

for (const [title, run, expected] of [
  ['ends with the sentence once it has written', withSequence(writes, true, SENTENCE), [true, true]],
  ['ends with the sentence and has written nothing', withSequence(writes, false, SENTENCE), [true, false]],
  ['ends with another sentence', withSequence(writes, true, 'Not a tensor.'), [true, false]],
  ['ends without an error', withSequence(writes, true), [true, false]],
  ['writes nothing at all', withSequence(writesNothing, true, SENTENCE), [false, false]],
] as const) {
  test(`a binding that ${title} is seen as such`, async () => {
    const { areWritten, endWithSentence } = await probeGivenArrays(run);
    assert.deepEqual([areWritten, endWithSentence], expected);
  });
}

test('arrays that are written in the first run alone do not count as written', async () => {
  let runs = 0;
  const first: ProbeRun = async (inputs, outputs) => {
    if (runs++ < 2) await writes(inputs, outputs);
    if (outputs.withSequence) throw new Error(SENTENCE);
  };
  assert.deepEqual(await probeGivenArrays(first), { areWritten: false, endWithSentence: false });
});

test('a run of the probe that fails without the sequence is a failure of the runtime', async () => {
  const broken: ProbeRun = async () => {
    throw new Error('no such library');
  };
  await assert.rejects(probeGivenArrays(broken), /no such library/);
});

test('the version whose ways are known is pinned', () => {
  const file = join(import.meta.dirname, '../../../package.json');
  const { dependencies } = JSON.parse(readFileSync(file, 'utf8')) as { dependencies: Record<string, string> };
  assert.match(dependencies['onnxruntime-node']!, /^\d+\.\d+\.\d+$/);
});
