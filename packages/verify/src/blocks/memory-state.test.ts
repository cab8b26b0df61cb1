import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryState } from './memory-state.ts';

const at = (block: number) => ({ namespace: 'rules', key: 'row', version: { block, place: 0 } });

describe('the state of the ledger in memory', () => {
  it('keeps all that a row held, newest first, also where it is deleted or hidden in between', () => {
    const state = new MemoryState();
    state.write(at(1), Buffer.from('a'));
    state.write(at(2), Buffer.from('b'));
    state.writePolicy(at(3), Buffer.from('policy'));
    state.write(at(4), undefined);
    state.write(at(5), Buffer.from('c'));
    state.hide(at(6));
    state.write(at(7), Buffer.from('d'));
    const said = () =>
      state.history('rules', 'row').map(({ value, version }) => `${Buffer.from(value)} ${version.block}`);
    assert.deepEqual(said(), ['d 7', 'c 5', 'b 3', 'a 1']);
    // Asking changes nothing.
    assert.deepEqual(said(), ['d 7', 'c 5', 'b 3', 'a 1']);
    assert.deepEqual(
      state.row('rules', 'row')?.earlier.map(({ version }) => version.block),
      [1, 3, 5],
    );
  });

  it('keeps none of the bytes that were around a value', () => {
    const state = new MemoryState();
    const transaction = Buffer.alloc(10_000, 'x');
    state.write(at(1), transaction.subarray(10, 20));
    state.writePolicy(at(1), transaction.subarray(20, 25));
    const { value, policy } = state.row('rules', 'row')!;
    assert.deepEqual([value!.buffer.byteLength, policy!.buffer.byteLength], [10, 5]);
  });
});
