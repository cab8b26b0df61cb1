import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TrainingQueue } from './training-queue.ts';

/** Work that ends when it is let; notes when it begins. */
function workshop(signal = new AbortController().signal) {
  const queue = new TrainingQueue(signal);
  const begun: string[] = [];
  const enter = (requester: string, studyId: string, work: () => Promise<void> = async () => {}) =>
    queue.run({ requester, studyId }, async () => {
      begun.push(`${requester} ${studyId}`);
      await work();
    });
  return { queue, begun, enter };
}

it('many studies of one member hold up another by one training', async () => {
  const { begun, enter } = workshop();
  const all = [
    ...Array.from({ length: 5 }, (_, i) => enter('Flood', `f${i}`)),
    enter('Honest', 'h0'),
    enter('Other', 'o0'),
  ];
  await Promise.all(all);
  assert.deepEqual(begun, [
    'Flood f0',
    'Honest h0',
    'Other o0',
    'Flood f1',
    'Flood f2',
    'Flood f3',
    'Flood f4',
  ]);
});

it('a study that fails and comes again at once waits for the others of its member', async () => {
  const { begun, enter } = workshop();
  const fail = () => Promise.reject(new Error('no memory'));
  const again = (times: number): Promise<void> =>
    enter('A', 'failing', fail).catch(() => (times > 0 ? again(times - 1) : undefined));
  await Promise.all([again(3), enter('A', 'first'), enter('A', 'second')]);
  assert.deepEqual(begun.slice(0, 3), ['A failing', 'A first', 'A second']);
  assert.equal(begun.length, 6);
});

it('one training runs at a time', async () => {
  const { enter } = workshop();
  let running = 0;
  const work = async () => {
    running += 1;
    assert.equal(running, 1);
    await new Promise(setImmediate);
    running -= 1;
  };
  await Promise.all(Array.from({ length: 20 }, (_, i) => enter(`M${i % 3}`, `s${i}`, work)));
});

it('what waits when the trainer stops is not begun', async () => {
  const stopping = new AbortController();
  const { begun, enter } = workshop(stopping.signal);
  const first = enter('A', 'a', async () => stopping.abort(new Error('stopping')));
  const second = enter('B', 'b');
  await first;
  await assert.rejects(second, /stopping/);
  assert.deepEqual(begun, ['A a']);
});
