import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ParameterRangeError, quantizeParameters } from './parameter-lattice.ts';
import {
  initialServerState,
  SERVER_OPTIMIZERS,
  type ServerOptimizerPlan,
  stepServer,
} from './server-optimizer.ts';

const plan = (kind: ServerOptimizerPlan['kind']): ServerOptimizerPlan => ({
  kind,
  learningRate: 0.1,
  momentum: 0.9,
  secondMomentum: 0.99,
  adaptivity: 0.001,
});

/** The same steps in floating point, straight from Reddi et al. 2021. */
function reference(
  { kind, learningRate, momentum, secondMomentum, adaptivity }: ServerOptimizerPlan,
  deltas: number[],
) {
  let [x, m, v] = [0, 0, 0];
  for (const delta of deltas) {
    m = momentum * m + (kind === 'fedavgm' ? 1 : 1 - momentum) * delta;
    const square = delta * delta;
    if (kind === 'fedadagrad') v += square;
    if (kind === 'fedadam') v = secondMomentum * v + (1 - secondMomentum) * square;
    if (kind === 'fedyogi') v -= (1 - secondMomentum) * square * Math.sign(v - square);
    x += kind === 'fedavgm' ? learningRate * m : (learningRate * m) / (Math.sqrt(v) + adaptivity);
  }
  return x;
}

for (const kind of SERVER_OPTIMIZERS) {
  test(`${kind} follows the published steps to the lattice, over rounds`, () => {
    const deltas = [0.5, -0.25, 0.125, 0.5, 0.0625, -1];
    let model: Int32Array = new Int32Array(2);
    let state = initialServerState(2);
    for (const delta of deltas) {
      const aggregate = quantizeParameters(Float64Array.of(delta, -delta)).map(
        (value, i) => value + model[i]!,
      );
      ({ model, state } = stepServer(plan(kind), { base: model, aggregate, state }));
    }
    const expected = reference(plan(kind), deltas) * 2 ** 20;
    assert.ok(Math.abs(model[0]! - expected) < 40, `${model[0]} is not ${expected}`);
    assert.equal(model[1], -model[0]!);
  });
}

test('a model that leaves the lattice is refused', () => {
  const base = Int32Array.of(2 ** 31 - 1);
  const aggregate = Int32Array.of(-(2 ** 31));
  assert.throws(
    () =>
      stepServer(
        { ...plan('fedavgm'), learningRate: 100 },
        { base, aggregate, state: initialServerState(1) },
      ),
    ParameterRangeError,
  );
});
