// The ONNX graphs of studies: public artefacts, fetched once and checked against the ledger.
import type { Study } from '@consilium/chaincode/domain';
import type { ArtefactExchange } from './artefact-exchange.ts';
import { TrainerError } from './errors.ts';
import type { GraphEngine } from './graph-engine.ts';
import { describeNode } from './onnx/index.ts';
import { StudyModel } from './study-model.ts';

/** Graphs kept in memory at most. */
const CAPACITY = 16;

export class StudyModels {
  readonly #exchange: Pick<ArtefactExchange, 'fetch'>;
  readonly #graphs: GraphEngine;
  readonly #known = new Map<string, StudyModel>();

  constructor(exchange: Pick<ArtefactExchange, 'fetch'>, graphs: GraphEngine) {
    this.#exchange = exchange;
    this.#graphs = graphs;
  }

  /** @throws TrainerError where the graph cannot be had, is another one, or cannot be learned or run */
  async of({ model }: Pick<Study, 'model'>): Promise<StudyModel> {
    const key = JSON.stringify(model);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const graph = await this.#exchange.fetch(model.graph);
    const loaded = await StudyModel.read(graph, model, this.#graphs);
    const { finalActivation } = loaded;
    if (finalActivation?.opType === 'Exp') {
      const reason = 'the graph ends in it, as those of counts do, and a study here learns classes';
      const detail = describeNode(finalActivation, `${reason}: export the value before it`);
      throw new TrainerError('TRAINER_MODEL_INVALID', detail);
    }
    await loaded.checkRuns();
    this.#known.set(key, loaded);
    const [oldest] = this.#known.keys();
    if (this.#known.size > CAPACITY && oldest !== undefined) this.#known.delete(oldest);
    return loaded;
  }
}
