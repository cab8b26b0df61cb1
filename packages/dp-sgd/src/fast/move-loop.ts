// Release and move of a step in one loop of WebAssembly: sums of shards added, rounded to the lattice, noise added,
// scaled back, and parameters moved by gradient descent. It is `releaseMean` and the rule of gradient descent,
// operation by operation and so to the bit, but reads and writes each value once.
import assert from 'node:assert/strict';
import type { DescentRates } from '../optimizer-rule.ts';
import { ROUNDER } from '../training-steps.ts';
import { RATES, type StepMemory, VALUES_AT_ONCE } from './step-memory.ts';
import { type Code, compileWasm, wasm } from './wasm-function.ts';

/** What the sum of shards is scaled by before noise is added, and the sum of both after it. */
export interface ReleaseScale {
  readonly latticePerUnit: number;
  readonly meanPerStep: number;
}

const { get, set, i32 } = wasm;

/** Addresses of the next values of each, and the end of the first. */
const [ONE, OTHER, NOISE, PARAMETERS, ROUNDED, VELOCITY, END] = [0, 1, 2, 3, 4, 5, 6] as const;
const ADDRESSES = 7;
const LOCALS = Object.fromEntries(
  Object.entries(RATES).map(([name, index]) => [name, ADDRESSES + index]),
) as Record<keyof typeof RATES, number>;
const MOVED = ADDRESSES + Object.keys(RATES).length;

/** Moves two values, the pair's number from the addresses on. */
function pairBody(pair: number, hasVelocity: boolean): Code[] {
  const [floats, doubles] = [8 * pair, 16 * pair];
  const times = (rate: keyof typeof RATES) => [...get(LOCALS[rate]), ...wasm.multiplyDoubles];
  const load = (address: number) => [...get(address), ...wasm.loadDoubles(doubles)];
  return [
    [...get(ONE), ...wasm.loadFloatsAsDoubles(floats), ...get(OTHER), ...wasm.loadFloatsAsDoubles(floats)],
    [...wasm.addDoubles, ...times('latticePerUnit')],
    [...get(LOCALS.rounder), ...wasm.addDoubles, ...get(LOCALS.rounder), ...wasm.subtractDoubles],
    [...load(NOISE), ...wasm.addDoubles, ...times('meanPerStep'), ...set(MOVED)],
    ...(hasVelocity
      ? [
          [...load(VELOCITY), ...times('momentum'), ...get(MOVED), ...wasm.addDoubles, ...set(MOVED)],
          [...get(VELOCITY), ...get(MOVED), ...wasm.storeDoubles(doubles)],
        ]
      : []),
    [...load(PARAMETERS), ...times('kept'), ...get(MOVED), ...times('rate'), ...wasm.subtractDoubles],
    [...set(MOVED), ...get(PARAMETERS), ...get(MOVED), ...wasm.storeDoubles(doubles)],
    [...get(ROUNDED), ...get(MOVED), ...wasm.storeDoublesAsFloats(floats)],
  ];
}

function loopBody(hasVelocity: boolean): Code[] {
  const advance = (address: number, bytes: number) => [
    ...[...get(address), ...i32(bytes * VALUES_AT_ONCE), ...wasm.addI32, ...set(address)],
  ];
  const pairs = Array.from({ length: VALUES_AT_ONCE / 2 }, (_, pair) => pairBody(pair, hasVelocity));
  return [
    ...Object.entries(RATES).map(([name, index]) => [
      ...[...i32(8 * index), ...wasm.loadDoubleTwice(), ...set(LOCALS[name as keyof typeof RATES])],
    ]),
    wasm.block(
      wasm.loop(
        [...get(ONE), ...get(END), ...wasm.notLessU32, ...wasm.leaveIf(1)],
        ...pairs.flat(),
        ...[ONE, OTHER, ROUNDED].map((address) => advance(address, 4)),
        ...[NOISE, PARAMETERS, VELOCITY].map((address) => advance(address, 8)),
        wasm.goTo(0),
      ),
    ),
    i32(0),
  ];
}

export class MoveLoop {
  readonly #memory: StepMemory;
  readonly #run: (...parameters: readonly number[]) => number;

  constructor(memory: StepMemory) {
    this.#memory = memory;
    this.#run = compileWasm({
      parameters: ADDRESSES,
      locals: { i32: 0, v128: Object.keys(RATES).length + 1 },
      memory: memory.memory,
      body: loopBody(memory.hasVelocity),
    }).run;
  }

  /** Says by what the moves to come, of any thread, multiply. */
  setRates({ rate, kept, momentum, latticePerUnit, meanPerStep }: DescentRates & ReleaseScale): void {
    const { rates, hasVelocity } = this.#memory;
    assert(hasVelocity || momentum === 0, 'without momentum there is no velocity');
    const values = { latticePerUnit, rounder: ROUNDER, meanPerStep, kept, rate, momentum };
    for (const name of Object.keys(RATES) as (keyof typeof RATES)[]) rates[RATES[name]] = values[name];
  }

  /**
   * Moves parameters [first, end) by the shards' sums and noise that lies in the memory, as many values from its first
   * on; both are multiples of VALUES_AT_ONCE, but for an end that is the parameters' own.
   */
  move(noise: Float64Array, first: number, end: number): void {
    const { sums, parameters, rounded, velocity } = this.#memory;
    assert(noise.buffer === parameters.buffer, 'the noise lies in the memory');
    const [one, other] = sums as [Float32Array, Float32Array];
    const [floats, doubles] = [4 * first, 8 * first];
    this.#run(
      one.byteOffset + floats,
      other.byteOffset + floats,
      noise.byteOffset,
      parameters.byteOffset + doubles,
      rounded.byteOffset + floats,
      velocity.byteOffset + doubles,
      one.byteOffset + 4 * end,
    );
  }
}
