// The ONNX graphs of studies: public artefacts, fetched once and checked against the ledger.
import type { Study } from '@consilium/domain';
import { type CodeInput, nodeProblem } from '@consilium/onnx-grad';
import type { Logger } from 'pino';
import type { ArtefactExchange } from '../artefacts/artefact-exchange.ts';
import type { GraphEngine } from '../containment/graph-engine.ts';
import { GraphRefusedError } from '../errors.ts';
import { modelProblemRefusal } from './model-refusal.ts';
import { StudyModel } from './study-model.ts';
import { REMEDY_FOR_STUDIES, sharedWeightNotes } from './weight-notes.ts';

type Log = Pick<Logger, 'warn'>;

/** Graphs kept in memory at most, and their bytes, but for the last one. */
const CAPACITY = 16;
const CAPACITY_BYTES = 2 ** 28;

/** For so long a graph that was refused is not tried again: trying it may have taken all that it was given. */
const REFUSED_FOR_MS = 600_000;
const REFUSALS = 256;

interface Refusal {
  readonly error: GraphRefusedError;
  readonly untilMs: number;
}

export class StudyModels {
  readonly #exchange: Pick<ArtefactExchange, 'fetch'>;
  readonly #graphs: GraphEngine;
  readonly #log: Log | undefined;
  readonly #known = new Map<string, StudyModel>();
  readonly #refused = new Map<string, Refusal>();
  /** Graphs with the codes that they were tried on. */
  readonly #tried = new Set<string>();

  /** @param log gets the notes about a graph, once it has been read */
  constructor(exchange: Pick<ArtefactExchange, 'fetch'>, graphs: GraphEngine, log?: Log) {
    this.#exchange = exchange;
    this.#graphs = graphs;
    this.#log = log;
  }

  /**
   * @param codes inputs whose last code the graph is tried on too
   * @throws TrainerError where the graph is not available, is another one, or cannot be learned or run
   */
  async of({ model }: Pick<Study, 'model'>, codes: readonly CodeInput[] = []): Promise<StudyModel> {
    const key = JSON.stringify(model);
    const loaded = this.#known.get(key) ?? (await this.#unlessRefused(key, () => this.#load(key, model)));
    const tried = JSON.stringify([model, codes]);
    if (codes.length === 0 || this.#tried.has(tried)) return loaded;
    await this.#unlessRefused(tried, () => loaded.checkRuns(codes));
    if (this.#tried.size >= REFUSALS) this.#tried.clear();
    this.#tried.add(tried);
    return loaded;
  }

  async #unlessRefused<T>(key: string, work: () => Promise<T>): Promise<T> {
    const refused = this.#refused.get(key);
    if (refused !== undefined && performance.now() < refused.untilMs) throw refused.error;
    try {
      return await work();
    } catch (error) {
      if (error instanceof GraphRefusedError) this.#refuse(key, error);
      throw error;
    }
  }

  #refuse(key: string, error: GraphRefusedError): void {
    this.#refused.delete(key);
    this.#refused.set(key, { error, untilMs: performance.now() + REFUSED_FOR_MS });
    const [oldest] = this.#refused.keys();
    if (this.#refused.size > REFUSALS && oldest !== undefined) this.#refused.delete(oldest);
  }

  #forgetOldest(): void {
    let bytes = 0;
    for (const { graph } of this.#known.values()) bytes += graph.length;
    for (const [oldest, { graph }] of this.#known) {
      if (this.#known.size === 1 || (this.#known.size <= CAPACITY && bytes <= CAPACITY_BYTES)) return;
      this.#known.delete(oldest);
      bytes -= graph.length;
    }
  }

  async #load(key: string, model: Study['model']): Promise<StudyModel> {
    const graph = await this.#exchange.fetch(model.graph);
    const loaded = await StudyModel.read(graph, model, this.#graphs);
    const { finalActivation } = loaded;
    if (finalActivation?.opType === 'Exp') {
      const reason = 'the graph ends in it, as those of counts do, and a study here learns classes';
      throw modelProblemRefusal(nodeProblem(finalActivation, reason, 'export the value before it'));
    }
    await loaded.checkRuns();
    for (const note of sharedWeightNotes(loaded.sharedWeights, REMEDY_FOR_STUDIES)) {
      this.#log?.warn({ graph: model.graph.sha256 }, note);
    }
    this.#known.set(key, loaded);
    this.#forgetOldest();
    return loaded;
  }
}
