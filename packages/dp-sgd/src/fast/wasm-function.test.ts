import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileWasm, createSharedMemory, wasm } from './wasm-function.ts';

const { get, set, i32, loadI32 } = wasm;

test('constants of any size and sign are encoded as the specification says', () => {
  for (const value of [
    0,
    1,
    63,
    64,
    127,
    128,
    -1,
    -64,
    -65,
    8191,
    8192,
    2 ** 25 - 1,
    2 ** 31 - 1,
    -(2 ** 31),
  ]) {
    const { run } = compileWasm({
      parameters: 0,
      locals: { i32: 0 },
      memory: { pages: 1 },
      body: [i32(value)],
    });
    assert.equal(run(), value);
  }
});

test('a loop reads and writes its memory', () => {
  const [at, end, sum] = [0, 1, 2] as const;
  const { memory, run } = compileWasm({
    parameters: 2,
    locals: { i32: 1 },
    memory: { pages: 2 },
    body: [
      wasm.block(
        wasm.loop(
          [...get(at), ...get(end), ...wasm.notLessU32, ...wasm.leaveIf(1)],
          [...get(sum), ...get(at), ...loadI32(70_000), ...wasm.addI32, ...set(sum)],
          [...get(at), ...i32(4), ...wasm.addI32, ...set(at), ...wasm.goTo(0)],
        ),
      ),
      [...i32(0), ...get(sum), ...wasm.doubleFromI32, ...wasm.f64(2), ...wasm.multiplyF64],
      [...wasm.storeF64(8), ...get(sum)],
    ],
  });
  new Int32Array(memory, 70_000, 3).set([5, -7, 40]);
  assert.equal(run(0, 12), 38);
  assert.equal(new Float64Array(memory, 8, 1)[0], 76);
});

test('vectors of doubles, read from floats and rounded to them, are computed with in a memory that threads share', () => {
  const memory = createSharedMemory(70_000);
  assert.equal(memory.buffer.byteLength, 2 ** 17);
  const body = [
    [
      ...i32(0),
      ...i32(0),
      ...wasm.loadFloatsAsDoubles(8),
      ...i32(0),
      ...wasm.loadDoubles(16),
      ...wasm.addDoubles,
    ],
    [...i32(0), ...wasm.loadDoubleTwice(32), ...wasm.multiplyDoubles, ...i32(0), ...wasm.loadDoubles(16)],
    [...wasm.subtractDoubles, ...wasm.storeDoubles(65_600)],
    [...i32(0), ...i32(0), ...wasm.loadDoubles(65_600), ...wasm.storeDoublesAsFloats(40), ...i32(7)],
  ];
  const { run } = compileWasm({ parameters: 0, locals: { i32: 0 }, memory, body });
  new Float32Array(memory.buffer, 8, 2).set([0.1, -3]);
  new Float64Array(memory.buffer, 16, 3).set([0.2, 1e300, 1 / 3]);
  assert.equal(run(), 7);
  const expected = [(Math.fround(0.1) + 0.2) * (1 / 3) - 0.2, (-3 + 1e300) * (1 / 3) - 1e300];
  assert.deepEqual([...new Float64Array(memory.buffer, 65_600, 2)], expected);
  assert.deepEqual([...new Float32Array(memory.buffer, 40, 2)], expected.map(Math.fround));
});

test('four integers are gathered, chosen from and computed with, and written to a second memory', () => {
  const other = createSharedMemory(64);
  const gathered = 0;
  const { memory, run } = compileWasm({
    parameters: 0,
    locals: { i32: 0, v128: 1 },
    memory: { pages: 1 },
    other,
    body: [
      [...i32(32), ...wasm.loadOne4(8), ...set(gathered)],
      [...i32(40), ...get(gathered), ...wasm.loadLane4(2, 4), ...set(gathered)],
      // (7, 0, -9, 0) and (1, 2, 3, 4): their first and last two.
      [...get(gathered), ...wasm.i32x4([1, 2, 3, 4]), ...wasm.choose4([0, 2, 6, 7]), ...set(gathered)],
      [...i32(16), ...get(gathered), ...wasm.store4(8, true)],
      [...i32(48), ...get(gathered), ...wasm.doublesFromI32, ...wasm.store4()],
      [...i32(8), ...i32(64), ...wasm.loadF64(), ...wasm.storeF64(0, true)],
      [...get(gathered), ...wasm.signs4, ...i32(5), ...get(gathered), ...wasm.lane4(1), ...wasm.select],
    ],
  });
  new Int32Array(memory, 40, 2).set([7, -9]);
  new Float64Array(memory, 64, 1).set([0.1]);
  // Only the second integer is negative: bit 1, chosen since that integer is not 0.
  assert.equal(run(), 2);
  assert.deepEqual([...new Int32Array(other.buffer, 24, 4)], [7, -9, 3, 4]);
  assert.deepEqual([...new Float64Array(memory, 48, 2)], [7, -9]);
  assert.equal(new Float64Array(other.buffer, 8, 1)[0], 0.1);
});
