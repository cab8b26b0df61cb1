// Our side: reads a case's folder, runs the whole study, and writes what the last model says of the test rows. A process
// of its own, whose time and memory are its last line.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TrainingUnits } from '@consilium/dp-sgd';
import { openScoring, readForwardModel } from '@consilium/onnx-grad';
import { simulateStudy } from '../../src/offline/simulation/simulate-study.ts';
import { StudyModel } from '../../src/study/study-model.ts';
import type { StudyCase } from './cases.ts';

const folder = process.argv[2]!;
const study = JSON.parse(readFileSync(join(folder, 'study.json'), 'utf8')) as StudyCase;
const graph = new Uint8Array(readFileSync(join(folder, 'study.onnx')));
const floats = (name: string): Float32Array =>
  new Float32Array(new Uint8Array(readFileSync(join(folder, name))).buffer);

function unitsOf(site: number): TrainingUnits {
  const [features, labels] = [floats(`site${site}.x`), floats(`site${site}.y`)];
  const rowOffsets = Uint32Array.from({ length: labels.length + 1 }, (_, unit) => unit);
  return { featureCount: features.length / labels.length, rowOffsets, features, labels };
}

const { features: inputs, parameterCount: parameters } = readForwardModel(graph);
const hospitals = Array.from({ length: study.sites }, (_, site) => ({
  name: `site${site}`,
  training: unitsOf(site),
  weight: study.rowsPerSite,
  bandSize: study.rowsPerSite,
}));
const test = floats('test.x');

const [start, before] = [performance.now(), process.cpuUsage()];
const model = await StudyModel.read(graph, { inputs, parameters, localParameters: [] });
const { rounds, steps, samplingRate, learningRate, clipNormL2, noiseMultiplier } = study;
const [outcome] = await simulateStudy(
  {
    model,
    localPatterns: [],
    rounds,
    plan: { steps, samplingRate, learningRate, clipNormL2, noiseMultiplier, rowsPerUnit: 1 },
  },
  hospitals,
);
const { user, system } = process.cpuUsage(before);
const seconds = (performance.now() - start) / 1000;

const scoring = await openScoring(graph);
const { values } = await scoring.outputs(model.join(outcome!), test);
await scoring.close();
writeFileSync(join(folder, 'ours.outputs'), Float32Array.from(values));
console.log(
  JSON.stringify({
    seconds,
    processorSeconds: (user + system) / 1e6,
    peakMib: process.resourceUsage().maxRSS / 1024,
  }),
);
