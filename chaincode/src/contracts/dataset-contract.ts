// Transactions on datasets. A dataset's rows change only with its owner's peer and a majority.
import { ROW_SCHEMA, summaryOfDataset } from '@consilium/domain';
import { openBudgets, registerDataset } from '@consilium/domain/rules';
import { findDataset } from './find.ts';
import { type LedgerContext, LedgerContract } from './ledger-context.ts';
import { policyOfOwner } from './policies.ts';
import { transact } from './transact.ts';

export class DatasetContract extends LedgerContract {
  constructor() {
    super('dataset');
  }

  register(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'dataset:register', text, async ({ argument, ledger, mspId, at }) => {
      const existing = await ledger.get('dataset', argument.datasetId);
      const dataset = registerDataset(argument, {
        owner: mspId,
        at,
        existing,
        committed: await ledger.get('commitment', argument.commitment),
      });
      const policy = await policyOfOwner(ledger, mspId);
      await ledger.put('dataset', dataset);
      const { commitment, datasetId } = dataset;
      await ledger.put('commitment', { schema: ROW_SCHEMA.commitment, commitment, datasetId });
      await ledger.guard('dataset', dataset, policy);
      for (const account of openBudgets(dataset)) {
        await ledger.guard('budget', await ledger.accounts.open(account), policy);
      }
      return dataset;
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
