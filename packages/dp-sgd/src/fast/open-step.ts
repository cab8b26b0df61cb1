// The shards of a step, on threads that run at once, and the update that these threads share.
import assert from 'node:assert/strict';
import { secureRandomness } from '../randomness.ts';
import { createParameters, largestOf, openShard, type SizedGraphs, threadsOf } from '../shard.ts';
import type { RoundWork, StepWork } from '../step-engine.ts';
import { expectedBatchUnits } from '../training-plan.ts';
import { meanPerStep } from '../training-steps.ts';
import { optimizerOf } from '../update-rule.ts';
import { allocateShared, openShardThread } from './shard-thread.ts';
import { fitsStepMemory } from './step-memory.ts';
import { openUpdate, type UpdateAhead } from './update-ahead.ts';

/** Shards, of which all but the last have threads of their own; with an update, they read and write its memory. */
export function openShardThreads(graphs: SizedGraphs, count: number, update?: UpdateAhead): StepWork {
  const graph = largestOf(graphs);
  assert(update === undefined || graph.sumType === 'float32');
  const parameters = update?.memory.rounded ?? createParameters(graphs, allocateShared);
  const arraysOf = (shard: number) => ({ parameters, sum: update?.memory.sums[shard] });
  const others = Array.from({ length: count - 1 }, (_, shard) =>
    openShardThread(graphs, arraysOf(shard), update),
  );
  // The shard on this thread blocks it, so that the others are started before it.
  const own = openShard(graphs, arraysOf(count - 1), { threads: threadsOf(graph, count) });
  return { parameters, shards: [...others, own], update };
}

/** The step of a round. */
export function openStep(round: RoundWork): StepWork {
  return openShardThreads(round.graphs, round.layout.shards, updateOf(round));
}

/** Noise and update with a shard's help, for two shards that take a batch in one run; absent elsewhere. */
function updateOf({ plan, layout, graphs, noise, release, randomness }: RoundWork): UpdateAhead | undefined {
  const { shards, unitsPerRun } = layout;
  const { parameterCount, sumType } = largestOf(graphs);
  const isOneRun = shards === 2 && expectedBatchUnits(plan) < shards * unitsPerRun;
  if (!isOneRun || sumType !== 'float32' || !fitsStepMemory(parameterCount)) return undefined;
  if (randomness !== secureRandomness) return undefined;
  const { kind, momentum = 0 } = { momentum: 0, ...optimizerOf(plan) };
  const { latticePerUnit, sigma } = noise;
  return openUpdate({
    ...{ sigma, parameterCount, release },
    hasVelocity: kind === 'sgd' && momentum > 0,
    scale: { latticePerUnit, meanPerStep: meanPerStep(plan, latticePerUnit) },
  });
}
