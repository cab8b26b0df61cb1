// Populations, blocks and revisions of a consortium in memory: as strict as the ledger where a trainer can meet it.
import {
  type Block,
  type Dataset,
  DomainError,
  type NewBlock,
  type Population,
  populationIdOf,
  type RegisterDataset,
  type ReviseDataset,
  type Revision,
} from '@consilium/domain';

const AT = '2026-01-01T00:00:00.000Z';

export class MemoryPopulations {
  readonly #datasets: Map<string, Dataset>;
  readonly populations = new Map<string, Population>();
  readonly blocks = new Map<string, Block[]>();
  readonly revisions = new Map<string, Revision[]>();

  constructor(datasets: Map<string, Dataset>) {
    this.#datasets = datasets;
  }

  /** A population; of a dataset from before there were rows of them, the one that it implies. */
  population(populationId: string): Population | undefined {
    const dataset = this.#datasets.get(populationId);
    if (this.populations.has(populationId) || dataset === undefined)
      return this.populations.get(populationId);
    return this.#populationOf(dataset, 1);
  }

  blocksOf(populationId: string): readonly Block[] {
    const known = this.blocks.get(populationId);
    const dataset = this.#datasets.get(populationId);
    if (known !== undefined || dataset === undefined) return known ?? [];
    return [this.#blockOf(dataset, { block: 1, recordCountBand: dataset.recordCountBand })];
  }

  revisionsOf(datasetId: string): readonly Revision[] {
    const dataset = this.#datasets.get(datasetId);
    if (dataset === undefined) throw new DomainError('DATASET_NOT_FOUND');
    return this.revisions.get(datasetId) ?? [this.#revisionOf(dataset, { revision: 1, removed: false })];
  }

  register(owner: string, argument: RegisterDataset): Dataset {
    const { datasetId, newBlock, blocks: _, ...rest } = argument;
    const populationId = rest.populationId ?? datasetId;
    const privacyBudget = rest.privacyBudget ?? this.population(populationId)!.privacyBudget;
    const dataset: Dataset = { schema: 1, ...rest, datasetId, privacyBudget, owner, registeredAt: AT };
    if (!this.populations.has(populationId)) {
      this.populations.set(populationId, this.population(populationId) ?? this.#populationOf(dataset, 0));
    }
    this.#open(dataset, newBlock ?? undefined);
    this.#datasets.set(datasetId, dataset);
    this.#add(dataset, argument, { revision: 1, removed: false });
    return dataset;
  }

  revise(argument: ReviseDataset): Revision {
    const before = this.#datasets.get(argument.datasetId)!;
    const revision = (before.revision ?? 1) + 1;
    this.revisions.set(before.datasetId, [...this.revisionsOf(before.datasetId)]);
    this.populations.set(populationIdOf(before), this.population(populationIdOf(before))!);
    const { commitment, recordCountBand, removed, newBlock } = argument;
    const dataset = { ...before, commitment, recordCountBand, revision };
    this.#open(before, newBlock);
    this.#datasets.set(before.datasetId, dataset);
    return this.#add(dataset, argument, { revision, removed });
  }

  #open(dataset: Dataset, newBlock: NewBlock | undefined): void {
    if (newBlock === undefined) return;
    const populationId = populationIdOf(dataset);
    const present = this.blocksOf(populationId);
    if (newBlock.block !== present.length + 1) throw new DomainError('BLOCK_NUMBER');
    const opened = this.#blockOf(dataset, newBlock);
    this.blocks.set(populationId, [...present, opened]);
    this.populations.set(populationId, { ...this.population(populationId)!, blocks: newBlock.block });
  }

  #add(
    dataset: Dataset,
    {
      blocks = [],
      newBlock,
      recordCountBand,
    }: Pick<ReviseDataset, 'blocks' | 'newBlock' | 'recordCountBand'>,
    named: Pick<Revision, 'revision' | 'removed'>,
  ): Revision {
    const shares = [...blocks];
    if (newBlock !== undefined)
      shares.push({ block: newBlock.block, recordCountBand: newBlock.recordCountBand });
    if (shares.length === 0) shares.push({ block: 1, recordCountBand });
    const row = { ...this.#revisionOf(dataset, named), blocks: shares };
    this.revisions.set(dataset.datasetId, [...(this.revisions.get(dataset.datasetId) ?? []), row]);
    return row;
  }

  #populationOf(dataset: Dataset, blocks: number): Population {
    const { title, privacyBudget, owner, registeredAt, datasetId } = dataset;
    const populationId = populationIdOf(dataset);
    return {
      schema: 1,
      populationId,
      title,
      privacyBudget,
      owner,
      blocks,
      datasets: [datasetId],
      registeredAt,
    };
  }

  #blockOf(dataset: Dataset, block: Pick<Block, 'block' | 'recordCountBand' | 'patientsSha256'>): Block {
    const { owner, registeredAt } = dataset;
    return {
      schema: 1,
      populationId: populationIdOf(dataset),
      ...block,
      owner,
      openedAt: registeredAt,
      state: 'open',
    };
  }

  #revisionOf(dataset: Dataset, named: Pick<Revision, 'revision' | 'removed'>): Revision {
    const { datasetId, owner, commitment, recordCountBand, registeredAt } = dataset;
    const blocks = [{ block: 1, recordCountBand }];
    return {
      schema: 1,
      datasetId,
      ...named,
      owner,
      commitment,
      recordCountBand,
      blocks,
      revisedAt: registeredAt,
    };
  }
}
