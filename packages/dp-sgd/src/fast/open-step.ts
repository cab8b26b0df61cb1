// The shards of a step, on threads that run at the same time, and the move that these threads share.
import assert from 'node:assert/strict';
import { optimizerOf } from '../optimizer-rule.ts';
import { secureRandomness } from '../randomness.ts';
import { createParameters, largestOf, openShard, type SizedGraphs, threadsOf } from '../shard.ts';
import type { RoundWork, StepWork } from '../step-engine.ts';
import { expectedBatchUnits } from '../training-plan.ts';
import { meanPerStep } from '../training-steps.ts';
import { allocateShared, openShardThread } from './shard-thread.ts';
import { fitsStepMemory } from './step-memory.ts';
import { openMove, type ThreadedMove } from './threaded-move.ts';

/** Shards, all but the last on threads of their own. With a move, they read and write its memory. */
export function openShardThreads(graphs: SizedGraphs, count: number, fused?: ThreadedMove): StepWork {
  const graph = largestOf(graphs);
  assert(fused === undefined || graph.sumType === 'float32');
  const parameters = fused?.memory.rounded ?? createParameters(graphs, allocateShared);
  const arraysOf = (shard: number) => ({ parameters, sum: fused?.memory.sums[shard] });
  const others = Array.from({ length: count - 1 }, (_, shard) =>
    openShardThread(graphs, arraysOf(shard), fused),
  );
  // The shard on this thread blocks it, and so the other shards are started first.
  const own = openShard(graphs, arraysOf(count - 1), { threads: threadsOf(graph, count) });
  return { parameters, shards: [...others, own], fused };
}

/** The step of a round. */
export function openStep(round: RoundWork): StepWork {
  return openShardThreads(round.graphs, round.layout.shards, moveOf(round));
}

/** A move that two shards share; undefined where a batch takes one shard, or several runs. */
function moveOf({ plan, layout, graphs, noise, release, randomness }: RoundWork): ThreadedMove | undefined {
  const { shards, unitsPerRun } = layout;
  const { parameterCount, sumType } = largestOf(graphs);
  const isOneRun = shards === 2 && expectedBatchUnits(plan) < shards * unitsPerRun;
  if (!isOneRun || sumType !== 'float32' || !fitsStepMemory(parameterCount)) return undefined;
  if (randomness !== secureRandomness) return undefined;
  const { kind, momentum = 0 } = { momentum: 0, ...optimizerOf(plan) };
  const { latticePerUnit, sigma } = noise;
  return openMove({
    ...{ sigma, parameterCount, release },
    hasVelocity: kind === 'sgd' && momentum > 0,
    scale: { latticePerUnit, meanPerStep: meanPerStep(plan, latticePerUnit) },
  });
}
