import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DriftCorrection, packUnits } from '@consilium/dp-sgd';
import { aggregationOf } from '@consilium/federation';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { StudyModel } from '../../study/study-model.ts';
import { simulateStudy } from './simulate-study.ts';
import type { SimulatedHospital, SimulatedStudy } from './simulated-study.ts';

/**
 * y = slope · x around each hospital's own level, on ± reach: hospitals differ in what is right and in how sharply it
 * shows, so that many local steps lead each to its own answer and the average of answers is nobody's.
 */
const SITES = [
  { name: 'north', weight: 100, slope: 0.9, reach: 0.3 },
  { name: 'east', weight: 100, slope: -0.6, reach: 0.9 },
  { name: 'south', weight: 200, slope: 0.3, reach: 0.6 },
];
const UNITS = 40;
const [ROUNDS, STEPS, RATE] = [12, 10, 0.25];
/** Minimises Σ weight · reach² (w - slope)². */
const OPTIMUM =
  SITES.reduce((sum, { weight, slope, reach }) => sum + weight * reach ** 2 * slope, 0) /
  SITES.reduce((sum, { weight, reach }) => sum + weight * reach ** 2, 0);

const target = { kind: 'numeric', unit: '1', low: -1, high: 1 } as const;

async function studyOf(localIntercept: boolean, driftCorrection?: DriftCorrection): Promise<SimulatedStudy> {
  const graph = buildForwardModel({ kind: 'linear', features: 1, localIntercept, target });
  const localPatterns = localIntercept ? ['local.*'] : [];
  const { parameterCount: parameters } = readForwardModel(graph);
  return {
    model: await StudyModel.read(graph, { inputs: 1, parameters, localParameters: localPatterns }),
    localPatterns,
    rounds: ROUNDS,
    plan: {
      clipNormL2: 256,
      noiseMultiplier: 1e-6,
      samplingRate: 1,
      steps: STEPS,
      rowsPerUnit: 1,
      learningRate: RATE,
      loss: { kind: 'squared-error' },
      ...(driftCorrection && { driftCorrection }),
    },
  };
}

const hospitals = (levels = [0, 0, 0]): SimulatedHospital[] =>
  SITES.map(({ name, weight, slope, reach }, site) => ({
    name,
    weight,
    bandSize: UNITS,
    training: packUnits(
      1,
      Array.from({ length: UNITS }, (_, i) => {
        const x = i % 2 === 0 ? reach : -reach;
        return [{ features: [x], label: slope * x + levels[site]! }];
      }),
    ),
  }));

async function slopesOf(study: SimulatedStudy, levels?: number[]): Promise<number[]> {
  const slopes: number[] = [];
  await simulateStudy(study, hospitals(levels), {
    async onRound(_, [first]) {
      slopes.push(first!.shared[0]!);
    },
  });
  return slopes;
}

/** The published algorithm's slope after each round (Karimireddy et al. 2020, Alg. 1, option II), in doubles. */
function publishedSlopes(): number[] {
  const total = SITES.reduce((sum, { weight }) => sum + weight, 0);
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value, site) => sum + SITES[site]!.weight * value, 0) / total;
  let [server, common] = [0, 0];
  let controls = SITES.map(() => 0);
  const slopes = [0];
  for (let round = 0; round < ROUNDS; round++) {
    const reached = SITES.map(({ slope, reach }, site) => {
      let w = server;
      for (let step = 0; step < STEPS; step++) {
        w -= RATE * (2 * reach ** 2 * (w - slope) - controls[site]! + common);
      }
      return w;
    });
    controls = reached.map((w, site) => controls[site]! - common + (server - w) / (STEPS * RATE));
    server = mean(reached);
    common = mean(controls);
    slopes.push(server);
  }
  return slopes;
}

describe('hospitals that differ, many steps in each round, hardly any noise', () => {
  it('SCAFFOLD comes to the optimum of all, where the average of their models misses it', async () => {
    const plain = await slopesOf(await studyOf(false));
    const corrected = await slopesOf(await studyOf(false, { kind: 'scaffold' }));
    const misses = [plain, corrected].map((slopes) => Math.abs(slopes.at(-1)! - OPTIMUM));
    assert.ok(misses[0]! > 0.1, `FedAvg misses by ${misses[0]}`);
    assert.ok(misses[1]! < 0.003, `SCAFFOLD misses by ${misses[1]}`);
    assert.ok(Math.abs(plain[1]! - corrected[1]!) < 1e-3, 'the first round knows no variates');
    for (const [round, slope] of publishedSlopes().entries()) {
      assert.ok(
        Math.abs(corrected[round]! - slope) < 1e-3,
        `round ${round}: ${corrected[round]}, not ${slope}`,
      );
    }
  });

  it('SCAFFOLD does so beside local parameters and with a server optimiser', async () => {
    const study = await studyOf(true, { kind: 'scaffold' });
    const levels = [0.5, -0.3, 0.1];
    const serverOptimizer = {
      kind: 'fedavgm',
      learningRate: 0.8,
      momentum: 0.2,
      secondMomentum: 0,
      adaptivity: 1,
    } as const;
    const outcome = await simulateStudy({ ...study, serverOptimizer, rounds: 20 }, hospitals(levels));
    assert.ok(Math.abs(outcome[0]!.shared[0]! - OPTIMUM) < 0.005, `${outcome[0]!.shared[0]}`);
    const predicted = outcome.map(({ shared, local }) => shared[1]! + local[0]!);
    predicted.forEach((level, site) => {
      assert.ok(Math.abs(level - levels[site]!) < 0.01, `${predicted}`);
    });
  });

  it('FedProx keeps each round’s models nearer together, and so nearer to the optimum', async () => {
    const plain = await slopesOf(await studyOf(false));
    const drawn = await slopesOf(await studyOf(false, { kind: 'fedprox', proximal: 1 }));
    const misses = [plain, drawn].map((slopes) => Math.abs(slopes.at(-1)! - OPTIMUM));
    assert.ok(misses[1]! < 0.7 * misses[0]!, `FedAvg misses by ${misses[0]}, FedProx by ${misses[1]}`);
  });

  it('SCAFFOLD is refused beside a rule that is to bear false updates', async () => {
    const study = { ...(await studyOf(false, { kind: 'scaffold' })), aggregation: aggregationOf('median') };
    await assert.rejects(simulateStudy(study, hospitals()), /scaffold needs the rule fedavg/);
  });
});
