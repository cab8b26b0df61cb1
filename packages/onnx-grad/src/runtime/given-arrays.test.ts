import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type PrepareProbe, type ProbeArrays, type ProbeOutputs, probeGivenArrays } from './given-arrays.ts';

const SENTENCE = 'Non tensor type is temporarily not supported.';

const answerOf = ({ x }: Pick<ProbeArrays, 'x'>): ProbeOutputs => ({
  twice: x.map((value) => 2 * value),
  wide: Float64Array.from(x, (value) => 2 * value),
});

/** A binding that writes what a condition allows. */
const writesWhere =
  (isWritten: (output: Float32Array | Float64Array) => boolean): PrepareProbe =>
  (arrays) =>
  async () => {
    const answer = answerOf(arrays);
    for (const name of ['twice', 'wide'] as const) {
      if (isWritten(arrays[name])) arrays[name].set(answer[name]);
    }
    return answer;
  };
const writes = writesWhere(() => true);
const writesNothing = writesWhere(() => false);
const withSequence =
  (plain: PrepareProbe, before: boolean, sentence?: string): PrepareProbe =>
  (arrays, options) => {
    const run = plain(arrays, options);
    return async () => {
      if (!options.withSequence || before) await run();
      if (options.withSequence && sentence !== undefined) throw new Error(sentence);
      return answerOf(arrays);
    };
  };

for (const [title, run, expected] of [
  ['ends with the sentence once it has written', withSequence(writes, true, SENTENCE), [true, true]],
  ['ends with the sentence and has written nothing', withSequence(writes, false, SENTENCE), [true, false]],
  ['ends with another sentence', withSequence(writes, true, 'Not a tensor.'), [true, false]],
  ['ends without an error', withSequence(writes, true), [true, false]],
  ['writes nothing at all', withSequence(writesNothing, true, SENTENCE), [false, false]],
  [
    'writes floats alone',
    withSequence(
      writesWhere((output) => output instanceof Float32Array),
      true,
      SENTENCE,
    ),
    [false, false],
  ],
  [
    'writes nothing into memory that threads share',
    withSequence(
      writesWhere(({ buffer }) => buffer instanceof ArrayBuffer),
      true,
      SENTENCE,
    ),
    [false, false],
  ],
] as const) {
  test(`a binding that ${title} is seen as such`, async () => {
    const { areWritten, endWithSentence } = await probeGivenArrays(run);
    assert.deepEqual([areWritten, endWithSentence], expected);
  });
}

test('arrays that are written in the first run alone do not count as written', async () => {
  const first: PrepareProbe = (arrays, options) => {
    let runs = 0;
    const [run, later] = [writes(arrays, options), writesNothing(arrays, options)];
    return withSequence(() => () => (runs++ === 0 ? run() : later()), true, SENTENCE)(arrays, options);
  };
  assert.deepEqual(await probeGivenArrays(first), { areWritten: false, endWithSentence: false });
});

test('a binding that keeps the input of the first run is refused, since its answers would be of another batch', async () => {
  const keeps: PrepareProbe = (arrays) => {
    let x: Float32Array | undefined;
    return async () => {
      x ??= arrays.x.slice();
      const answer = answerOf({ x });
      arrays.twice.set(answer.twice);
      arrays.wide.set(answer.wide);
      return answer;
    };
  };
  await assert.rejects(probeGivenArrays(keeps), /does not read the current contents/);
});

test('a run of the probe that fails without the sequence is a failure of the runtime', async () => {
  const broken: PrepareProbe = () => async () => {
    throw new Error('no such library');
  };
  await assert.rejects(probeGivenArrays(broken), /no such library/);
});

test('the version whose ways are known is pinned', () => {
  const file = join(import.meta.dirname, '../../../package.json');
  const { dependencies } = JSON.parse(readFileSync(file, 'utf8')) as { dependencies: Record<string, string> };
  assert.match(dependencies['onnxruntime-node']!, /^\d+\.\d+\.\d+$/);
});
