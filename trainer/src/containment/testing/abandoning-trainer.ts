// A trainer that is killed while its process for graphs trains; it prints that process's id before.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packUnits } from '@consilium/dp-sgd';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { ContainedProcess } from '../contained-process.ts';
import { namedUnits } from '../row-digests.ts';

const model = buildForwardModel({ kind: 'logistic-regression', features: 1, localIntercept: false });
const contained = new ContainedProcess({
  memoryBytes: 2 ** 30,
  directory: mkdtempSync(join(tmpdir(), 'consilium-graphs-')),
});
process.stdout.write(`${contained.pid}`);
await contained.run(
  {
    kind: 'train',
    input: {
      model,
      parameters: Float64Array.from(readForwardModel(model).values),
      units: namedUnits(packUnits(1, [[{ features: [1], label: 1 }], [{ features: [0], label: 0 }]])),
      localPatterns: [],
      rounds: 1,
      plan: {
        clipNormL2: 1,
        noiseMultiplier: 1,
        samplingRate: 0.5,
        steps: 10_000_000,
        bandSize: 2,
        rowsPerUnit: 1,
        learningRate: 0.1,
      },
    },
  },
  { cpuMs: Number.POSITIVE_INFINITY, silentMs: Number.POSITIVE_INFINITY },
  { onProgress: () => process.kill(process.pid, 'SIGKILL') },
);
