// Gives mutated graphs to a contained process, one after the other, and counts how they end: read and run, or refused.
import { packUnits } from '@consilium/dp-sgd';
import { mutatedGraph } from '@consilium/onnx-grad/testing/mutate-graph';
import { seedGraphs } from '@consilium/onnx-grad/testing/seed-graphs';
import { ContainedProcess, TaskFailedError, type TaskFailure } from '../contained-process.ts';
import { checkFacts } from '../graph-answers.ts';
import type { GraphFacts } from '../graph-engine.ts';
import { namedUnits } from '../row-digests.ts';

/** How graphs end; none but the first two may. */
export interface FuzzCounts {
  accepted: number;
  invalid: number;
  /** Of those that were accepted, how many a round was trained with. */
  trained: number;
  failed: number;
}

export interface FuzzFailure {
  readonly seed: number;
  readonly index: number;
  readonly stage: string;
  readonly failure: unknown;
}

export interface FuzzOptions {
  readonly seed: number;
  readonly first?: number;
  readonly directory: string;
  /** Asked after each graph. */
  readonly isDone: (counts: Readonly<FuzzCounts>, index: number) => boolean;
  readonly onFailure: (failure: FuzzFailure) => void;
}

const MEMORY_BYTES = 2 ** 31;
const LIMITS = { cpuMs: 30_000, silentMs: 300_000 };
/** Wider ones take their time, and teach nothing. */
const TRAINED_PARAMETERS = 2 ** 12;
const TRAINED_FEATURES = 2 ** 12;
const UNITS = 8;

function roundOf(model: Uint8Array, { features, values, outputs }: GraphFacts) {
  const unit = (i: number) => [
    {
      features: Float32Array.from({ length: features }, (_, k) => ((i + k) % 5) - 2),
      label: outputs > 1 ? 0 : i % 2,
    },
  ];
  return {
    model,
    parameters: Float64Array.from(values),
    units: namedUnits(
      packUnits(
        features,
        Array.from({ length: UNITS }, (_, i) => unit(i)),
      ),
    ),
    localPatterns: [],
    rounds: 1,
    plan: {
      clipNormL2: 1,
      noiseMultiplier: 1,
      samplingRate: 0.5,
      steps: 2,
      bandSize: UNITS,
      rowsPerUnit: 1,
      learningRate: 0.1,
    },
  };
}

/** What a process says itself is a refusal; how it ends otherwise is a finding. */
const isRefusal = (failure: TaskFailure): boolean => failure.kind === 'refused' && !failure.isTooLarge;

export async function fuzzGraphs({
  seed,
  first = 0,
  directory,
  isDone,
  onFailure,
}: FuzzOptions): Promise<Readonly<FuzzCounts>> {
  const seeds = seedGraphs();
  const counts: FuzzCounts = { accepted: 0, invalid: 0, trained: 0, failed: 0 };
  const start = () => new ContainedProcess({ memoryBytes: MEMORY_BYTES, directory });
  let contained = start();
  const tryGraph = async (graph: Uint8Array, index: number) => {
    let stage = 'read';
    try {
      const facts = checkFacts(await contained.run({ kind: 'read', graph }, LIMITS));
      stage = 'probe';
      await contained.run({ kind: 'probe', graph, codes: [] }, LIMITS);
      if (facts.parameterCount <= TRAINED_PARAMETERS && facts.features <= TRAINED_FEATURES) {
        stage = 'train';
        await contained.run({ kind: 'train', input: roundOf(graph, facts) }, LIMITS);
        counts.trained += 1;
      }
      counts.accepted += 1;
    } catch (error) {
      if (error instanceof TaskFailedError && isRefusal(error.failure)) counts.invalid += 1;
      else {
        counts.failed += 1;
        const failure = error instanceof TaskFailedError ? error.failure : String(error);
        onFailure({ seed, index, stage, failure });
      }
      if (!contained.isAlive) contained = start();
    }
  };
  try {
    for (let index = first; !isDone(counts, index); index++) {
      await tryGraph(mutatedGraph(seeds, { seed, index }), index);
    }
  } finally {
    await contained.close();
  }
  return counts;
}
