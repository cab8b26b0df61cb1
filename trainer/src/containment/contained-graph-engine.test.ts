import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { packUnits, type RoundInput, type RoundResult } from '@consilium/dp-sgd';
import { buildForwardModel, readForwardModel, UnsupportedModelError } from '@consilium/onnx-grad';
import { tinyModel } from '@consilium/onnx-grad/testing/tiny-models';
import { GraphRefusedError, TrainerError, type TrainerErrorCode } from '../errors.ts';
import { ContainedGraphEngine, type ContainmentOptions } from './contained-graph-engine.ts';
import { ContainedProcess } from './contained-process.ts';
import { type GraphEngine, graphEngineInProcess } from './graph-engine.ts';
import { namedUnits } from './row-digests.ts';
import type { Misdeed } from './testing/misbehaving-program.ts';

const graph = buildForwardModel({
  kind: 'multilayer-perceptron',
  features: 3,
  hidden: [4],
  localIntercept: true,
});
const { parameterCount, values } = readForwardModel(graph);
const MISBEHAVING = fileURLToPath(new URL('./testing/misbehaving-program.js', import.meta.url));
const asked = (misdeed: Misdeed) => new TextEncoder().encode(misdeed);

const stopping = new AbortController();
after(() => stopping.abort());
const engineWith = (options: ContainmentOptions = {}) =>
  new ContainedGraphEngine({ signal: stopping.signal, ...options });
const engine = engineWith();
/** Longer than any machine takes, however busy: what ends is then ended by something else. */
const DAY_MS = 86_400_000;
const misbehaving = engineWith({ program: MISBEHAVING, readCpuMs: 500, silentMs: DAY_MS });

const isRefusal =
  (code: TrainerErrorCode, detail: RegExp, drawn = false) =>
  (error: unknown) => {
    assert.ok(error instanceof GraphRefusedError, String(error));
    assert.equal(error.code, code);
    assert.match(error.detail, detail);
    assert.equal(error.drawn, drawn);
    return true;
  };

const rounds: RoundInput = {
  model: graph,
  parameters: Float64Array.from(values),
  units: packUnits(
    3,
    Array.from({ length: 40 }, (_, i) => [{ features: [i / 40, 1, -i / 80], label: i % 2 }]),
  ),
  localPatterns: ['local.*'],
  plan: {
    clipNormL2: 1,
    noiseMultiplier: 1,
    samplingRate: 0.5,
    steps: 20,
    bandSize: 40,
    rowsPerUnit: 1,
    learningRate: 0.1,
  },
};

describe('a contained engine', () => {
  it('answers as the one in process does', async () => {
    assert.deepEqual(await engine.read(graph), await graphEngineInProcess.read(graph));
    await engine.probe(graph);
    const moved = Float64Array.from(values, (value) => value + 1);
    assert.deepEqual(
      Buffer.from(await engine.write(graph, moved)),
      Buffer.from(await graphEngineInProcess.write(graph, moved)),
    );
    const features = Float32Array.from({ length: 3 * 7 }, (_, i) => i / 10);
    assert.deepEqual(
      await engine.outputs(graph, { values: moved, features }),
      await graphEngineInProcess.outputs(graph, { values: moved, features }),
    );
  });

  it('trains a round, says how far it is, and asks before it draws', async () => {
    const heard: string[] = [];
    const result = await engine.trainRound(rounds, {
      onDrawing: async () => {
        await sleep(10);
        heard.push('drawing');
      },
      onProgress: ({ step, steps }) => heard.push(`${step}/${steps}`),
    });
    assert.equal(heard[0], 'drawing');
    assert.equal(heard.at(-1), '20/20');
    assert.equal(result.sharedDelta.length + result.localParameters.length, parameterCount);
    assert.equal(result.steps, 20);
    assert.ok(result.sharedDelta.every(Number.isFinite));
    const other = await engine.trainRound(rounds);
    assert.notDeepEqual(other.sharedDelta, result.sharedDelta, 'the noise of each round is its own');
  });

  it('draws nobody where it is not allowed to, and says so', async () => {
    const refused = new Error('not written down');
    const steps: number[] = [];
    const round = engine.trainRound(rounds, {
      onDrawing: () => Promise.reject(refused),
      onProgress: ({ step }) => steps.push(step),
    });
    await assert.rejects(round, refused);
    assert.deepEqual(steps, []);
  });

  it('says of input that cannot be trained that nobody was drawn', async () => {
    const round = engine.trainRound({ ...rounds, plan: { ...rounds.plan, learningRate: -1 } });
    await assert.rejects(round, isRefusal('TRAINER_MODEL_INVALID', /learningRate/));
  });

  it('says of a round that outlives its deadline that patients were drawn', async () => {
    let drawn = false;
    const round = engine.trainRound(
      { ...rounds, plan: { ...rounds.plan, steps: 1_000_000 } },
      {
        deadlineMs: Date.now() + 3_600_000,
        onDrawing: () => {
          drawn = true;
        },
        onProgress: () => {
          // A deadline that passes while it trains, however slow this machine is.
          if (drawn) Object.defineProperty(Date, 'now', { value: () => later, configurable: true });
        },
      },
    );
    const now = Date.now;
    const later = now() + 7_200_000;
    try {
      await assert.rejects(round, isRefusal('TRAINER_MODEL_TOO_EXPENSIVE', /the round's deadline/, true));
    } finally {
      Object.defineProperty(Date, 'now', { value: now, configurable: true });
    }
  });

  it('refuses bytes that are no graph', async () => {
    await assert.rejects(engine.read(Buffer.from('text')), isRefusal('TRAINER_MODEL_INVALID', /not an ONNX/));
  });

  it('lists what is wrong with a graph as the one in process does', async () => {
    const unsupported = tinyModel({
      features: 2,
      weights: { w: [2, 1] },
      nodes: [
        { op: 'Cosh', from: ['x'], to: 'h' },
        { op: 'MatMul', from: ['h', 'w'], to: 'logit' },
      ],
    });
    const refusalOf = async (from: GraphEngine): Promise<TrainerError | UnsupportedModelError> => {
      const refusal = await from.read(unsupported).catch((error: unknown) => error);
      assert.ok(refusal instanceof TrainerError || refusal instanceof UnsupportedModelError);
      return refusal;
    };
    const inProcess = await refusalOf(graphEngineInProcess);
    const contained = await refusalOf(engine);
    assert.ok(inProcess instanceof UnsupportedModelError);
    assert.equal(inProcess.problems[0]?.operator, 'Cosh');
    assert.deepEqual(contained.problems, inProcess.problems);
    assert.equal(contained.total, inProcess.total);
  });

  it('ends a process that is given too little memory for what it does', async () => {
    const small = engineWith({ memoryBytes: 32 * 2 ** 20 });
    await assert.rejects(small.read(graph), isRefusal('TRAINER_MODEL_TOO_EXPENSIVE', /memory/));
  });

  const ends: readonly [Misdeed, TrainerErrorCode, RegExp][] = [
    ['hang', 'TRAINER_MODEL_TOO_EXPENSIVE', /reading the graph took more processor time than it may/],
    ['exit', 'TRAINER_MODEL_INVALID', /reading the graph ended its process \(exit code 3\)/],
    ['crash', 'TRAINER_MODEL_INVALID', /ended its process \(SIGSEGV\)/],
    ['say nonsense', 'TRAINER_MODEL_INVALID', /answered what no graph gives/],
    ['name a patient', 'TRAINER_MODEL_INVALID', /answered what no graph gives/],
    ['answer nonsense', 'TRAINER_MODEL_INVALID', /answered what no graph gives/],
  ];
  for (const [misdeed, code, detail] of ends) {
    it(`refuses a graph that makes its process ${misdeed}, and goes on`, async () => {
      await assert.rejects(misbehaving.read(asked(misdeed)), isRefusal(code, detail));
      assert.ok((await misbehaving.write(asked('tell'), new Float64Array())).length > 0);
    });
  }

  it('judges a graph that hangs by its processor time, however little of it a busy machine gives', async (t) => {
    const now = performance.now.bind(performance);
    t.mock.method(performance, 'now', () => 100 * now());
    const hanging = misbehaving.read(asked('hang'));
    await assert.rejects(hanging, isRefusal('TRAINER_MODEL_TOO_EXPENSIVE', /more processor time/));
  });

  it('refuses a graph that makes its process swallow memory, before the machine has none left', async () => {
    const greedy = engineWith({ program: MISBEHAVING, memoryBytes: 400 * 2 ** 20 });
    await assert.rejects(
      greedy.read(asked('swallow memory')),
      isRefusal('TRAINER_MODEL_TOO_EXPENSIVE', /memory/),
    );
  });

  it('gives a process neither secrets nor files, and lets it write none', async () => {
    process.env.CONSILIUM_TRAINER_KEY = 'a secret of the trainer';
    process.env.NODE_OPTIONS = '--no-warnings';
    try {
      const other = engineWith({ program: MISBEHAVING });
      const told = JSON.parse(Buffer.from(await other.write(asked('tell'), new Float64Array())).toString());
      assert.deepEqual(
        told.env.filter((name: string) => /CONSILIUM|NODE_OPTIONS|HOME|USER/.test(name)),
        [],
      );
      assert.deepEqual(told.files, []);
      assert.notEqual(told.cwd, process.cwd());
      assert.equal(told.mayWrite, false);
    } finally {
      delete process.env.CONSILIUM_TRAINER_KEY;
      delete process.env.NODE_OPTIONS;
    }
  });

  it('sends rows to a process that does not hold them, and to no other', async () => {
    const own = engineWith({ program: MISBEHAVING });
    const [one, other, none] = [Float32Array.of(1, 2), Float32Array.of(1, 3), new Float32Array()];
    const isSent = async (features: Float32Array, words: Misdeed = 'tell of rows') => {
      const values = Float64Array.of(0);
      return (await own.outputs(asked(words), { values, features })).values[0] === 1;
    };
    assert.deepEqual(
      [await isSent(one), await isSent(one), await isSent(Float32Array.of(1, 2))],
      [true, false, false],
    );
    assert.deepEqual([await isSent(other), await isSent(one), await isSent(one)], [true, true, false]);
    assert.deepEqual(
      [await isSent(none), await isSent(none)],
      [true, true],
      'of nobody there is nothing to hold',
    );
    // Two at a time are two processes.
    assert.ok((await Promise.all([isSent(one), isSent(one)])).includes(true));
    await own.letGoOfRows();
    assert.deepEqual([await isSent(one), await isSent(one)], [true, false]);
    const underWay = isSent(one);
    await own.letGoOfRows();
    await underWay;
    assert.equal(await isSent(one), true, 'what was at work then is not asked again');
    const values = Float64Array.of(0, 1);
    await assert.rejects(own.outputs(asked('tell of rows'), { values, features: one }));
    await own.close();
  });

  it('trains the next round on units that it was sent once, and scores by rows that it was sent once', async () => {
    const own = engineWith();
    const features = Float32Array.from({ length: 3 * 7 }, (_, i) => i / 10);
    for (let round = 0; round < 3; round++) {
      const { sharedDelta, localParameters } = await own.trainRound(rounds);
      assert.equal(sharedDelta.length + localParameters.length, parameterCount);
      const moved = Float64Array.from(values, (value) => value + round);
      assert.deepEqual(
        await own.outputs(graph, { values: moved, features }),
        await graphEngineInProcess.outputs(graph, { values: moved, features }),
      );
    }
    const refused = new Error('not written down');
    await assert.rejects(own.trainRound(rounds, { onDrawing: () => Promise.reject(refused) }), refused);
    assert.equal((await own.trainRound(rounds)).steps, 20);
    await own.close();
  });

  it('ends at once with its signal, whatever a graph is at, and takes no more', async () => {
    const ending = new AbortController();
    const ended = engineWith({ program: MISBEHAVING, signal: ending.signal, readCpuMs: 3_600_000 });
    const reading = ended.read(asked('hang'));
    const training = ended.trainRound(rounds);
    const reason = new Error('stopping');
    ending.abort(reason);
    await Promise.all([assert.rejects(reading, reason), assert.rejects(training, reason)]);
    await assert.rejects(ended.read(graph), reason);
  });
});

describe('a process for graphs', () => {
  it('leaves signals to the whole group to its trainer, and goes on until that ends it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'consilium-signals-'));
    const own = new ContainedProcess({ memoryBytes: 2 ** 30, directory });
    try {
      const task = {
        kind: 'train',
        input: {
          ...rounds,
          units: namedUnits(rounds.units),
          rounds: 1,
          parameters: Float64Array.from(rounds.parameters),
        },
      } as const;
      const onDrawing = () => {
        for (const signal of ['SIGTERM', 'SIGINT'] as const) process.kill(own.pid!, signal);
      };
      const result = await own.run(task, { cpuMs: 600_000, silentMs: 600_000 }, { onDrawing });
      assert.equal((result as RoundResult).steps, 20);
    } finally {
      await own.close();
      rmSync(directory, { recursive: true });
    }
  });

  it('ends with its trainer, though it is in the middle of something', async () => {
    const program = fileURLToPath(new URL('./testing/abandoning-trainer.js', import.meta.url));
    const { stdout, signal } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
    assert.equal(signal, 'SIGKILL');
    const pid = Number(stdout);
    assert.ok(pid > 0);
    const isThere = () => {
      try {
        process.kill(pid, 0);
        return true;
      } catch {
        return false;
      }
    };
    while (isThere()) await sleep(50);
  });
});
