import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrainerError } from '../errors.ts';
import { DICTIONARY } from '../testing/small-consortium.ts';
import { RequestWork, type RequestWorkOptions } from './request-work.ts';

const MODEL = { kind: 'logistic-regression', features: 3, localIntercept: false } as const;

const codeOf = (thrown: unknown): string => (thrown as { code: string }).code;
const refusal = async (options: RequestWorkOptions, csv: string): Promise<string> =>
  new RequestWork(options).encode({ csv }, DICTIONARY).then(() => 'encoded', codeOf);

test('rows are encoded the same as records and as a text', async () => {
  const work = new RequestWork();
  const records = [
    { age: 44, smoker: 1 },
    { age: 60, smoker: 0 },
  ];
  const inputs = await work.encode({ records }, DICTIONARY);
  assert.ok(inputs.length > 0);
  assert.deepEqual(await work.encode({ csv: 'age,smoker\n44,1\n60,0\n' }, DICTIONARY), inputs);
});

test('what does not fit is refused with its places', async () => {
  const wrong = new RequestWork().encode({ csv: 'age,smoker\n44,1\nx,1\n' }, DICTIONARY);
  await assert.rejects(wrong, { name: 'DataError', total: 1 });
});

test('a graph has the parameters that its answer says, and one that is too large is refused', async () => {
  const work = new RequestWork();
  assert.equal((await work.build(MODEL)).parameters, 4);
  const large = {
    ...MODEL,
    kind: 'multilayer-perceptron',
    hidden: [4096, 4096, 4096, 4096, 4096, 4096, 4096],
  } as const;
  await assert.rejects(work.build(large), (error) => {
    assert.ok(error instanceof TrainerError);
    assert.match(error.message, /TRAINER_INPUT_INVALID.*100000000 is the most/);
    const [{ field, remedy } = {}, ...others] = error.problems;
    assert.deepEqual([field, remedy, others], ['graph', 'take fewer or narrower layers', []]);
    return true;
  });
});

test('the process goes on while a graph is built, and after a text that takes too much', async () => {
  const work = new RequestWork({ heapMib: 8 });
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 1);
  const { parameters } = await new RequestWork().build({
    ...MODEL,
    kind: 'multilayer-perceptron',
    hidden: [512, 512],
  });
  clearInterval(timer);
  assert.equal(parameters, 265_217);
  assert.ok(ticks > 0);
  const csv = `age,smoker\n${'44,1\n'.repeat(400_000)}`;
  await assert.rejects(work.encode({ csv }, DICTIONARY), /TRAINER_INPUT_INVALID.*send fewer rows/);
});

test('of many at once some are refused, and the others done one after another', async () => {
  const work = new RequestWork({ waitingMax: 2 });
  const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => work.build(MODEL)));
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'built' : codeOf(outcome.reason))),
    ['built', 'built', 'TRAINER_BUSY', 'TRAINER_BUSY'],
  );
  assert.equal((await work.build(MODEL)).parameters, 4);
});

test('a stop ends what is under way', async () => {
  const stopping = new AbortController();
  const outcome = refusal({ signal: stopping.signal }, `age,smoker\n${'44,1\n'.repeat(400_000)}`);
  await new Promise((resolve) => setImmediate(resolve));
  stopping.abort(new Error('stop'));
  assert.equal(await outcome, 'TRAINER_STOPPING');
});
