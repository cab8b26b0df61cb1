// The graph of the last scores that a contained process computed, loaded once for any parameters, and their rows: for
// the next score of the same study on the same patients.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type OpenScoring, openScoring, type RawOutputs } from '@consilium/onnx-grad';
import { areHeld, type GraphTask } from './graph-task.ts';

export type ScoreTask = Extract<GraphTask, { kind: 'outputs' }>;

export class KeptScoring {
  readonly #open: typeof openScoring;
  #kept: { readonly digest: string; readonly scoring: OpenScoring } | undefined;
  #held: { readonly sha256: string; readonly features: Float32Array } | undefined;

  /** @param open `openScoring`, but in tests */
  constructor(open: typeof openScoring = openScoring) {
    this.#open = open;
  }

  /** As `rawOutputs` of the graph with these values. After a failure nothing is kept. */
  async outputs(task: ScoreTask): Promise<RawOutputs> {
    try {
      const features = this.#featuresOf(task);
      const digest = createHash('sha256').update(task.graph).digest('hex');
      if (this.#kept?.digest !== digest) {
        await this.#letGoOfGraph();
        this.#kept = { digest, scoring: await this.#open(task.graph) };
      }
      return await this.#kept.scoring.outputs(task.values, features);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#held = undefined;
    await this.#letGoOfGraph();
  }

  async #letGoOfGraph(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    await kept?.scoring.close();
  }

  #featuresOf({ rows: { sha256, sent } }: ScoreTask): Float32Array {
    if (this.#held?.sha256 !== sha256) {
      this.#held = undefined;
      assert(sent !== undefined, 'rows that this process does not hold are sent');
      if (!areHeld(sent)) return sent;
      this.#held = { sha256, features: sent };
    }
    return this.#held.features;
  }
}
