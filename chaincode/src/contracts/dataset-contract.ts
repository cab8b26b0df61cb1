// Transactions on datasets. A dataset's rows change only with its owner's peer and a majority.
import { populationIdOf, summaryOfDataset } from '@consilium/domain';
import { openBlock, registerDataset, reviseDataset } from '@consilium/domain/rules';
import { findDataset, findPopulation, findRevision } from './find.ts';
import { type LedgerContext, LedgerContract } from './ledger-context.ts';
import { putRevision, writeImplied } from './open-population.ts';
import { policyOfOwner } from './policies.ts';
import { transact } from './transact.ts';

export class DatasetContract extends LedgerContract {
  constructor() {
    super('dataset');
  }

  register(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'dataset:register', text, async ({ argument, ledger, mspId, at }) => {
      const { datasetId, populationId, newBlock } = argument;
      const oldest = populationId === undefined ? undefined : await ledger.get('dataset', populationId);
      const registered = registerDataset(argument, {
        owner: mspId,
        at,
        existing: await ledger.get('dataset', datasetId),
        committed: await ledger.get('commitment', argument.commitment),
        population: populationId === undefined ? undefined : await findPopulation(ledger, populationId),
        oldest,
        namesake: await ledger.get('population', datasetId),
        counted: newBlock && (await ledger.get('counted-patients', newBlock.patientsSha256)),
      });
      const { dataset, population } = registered;
      const policy = await policyOfOwner(ledger, mspId);
      if (oldest !== undefined) await writeImplied(ledger, oldest, population, policy);
      await putRevision(ledger, registered, policy);
      await ledger.guard('dataset', dataset, policy);
      return dataset;
    });
  }

  revise(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'dataset:revise', text, async ({ argument, ledger, mspId, at }) => {
      const { datasetId, newBlock } = argument;
      const before = await findDataset(ledger, datasetId);
      const present = await findPopulation(ledger, populationIdOf(before));
      const { dataset, revision } = reviseDataset(argument, {
        mspId,
        at,
        dataset: before,
        population: present,
        committed: await ledger.get('commitment', argument.commitment),
      });
      const counted = newBlock && (await ledger.get('counted-patients', newBlock.patientsSha256));
      const opened = newBlock && openBlock(present, newBlock, { at, counted });
      const policy = await policyOfOwner(ledger, mspId);
      const population = opened?.population ?? present;
      await writeImplied(ledger, before, population, policy);
      await putRevision(ledger, { dataset, population, block: opened?.block, revision }, policy);
      await ledger.guardAnew('dataset', dataset, policy);
      return revision;
    });
  }

  listRevisions(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'dataset:listRevisions', text, async ({ argument, ledger }) => {
      const dataset = await findDataset(ledger, argument.datasetId);
      const page = await ledger.page('revision', [argument.datasetId], argument);
      if (page.items.length > 0 || argument.bookmark !== undefined) return page;
      return { items: [await findRevision(ledger, dataset)] };
    });
  }

  get(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'dataset:get', text, ({ argument: { datasetId }, ledger }) =>
      findDataset(ledger, datasetId),
    );
  }

  list(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'dataset:list', text, ({ argument, ledger }) =>
      ledger.page('dataset', [], argument, summaryOfDataset),
    );
  }
}
