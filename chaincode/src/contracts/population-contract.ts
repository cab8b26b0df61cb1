// Transactions on populations and their blocks of patients.
import { registerPopulation, retireBlock } from '@consilium/domain/rules';
import { findBlock, findPopulation } from './find.ts';
import { type LedgerContext, LedgerContract } from './ledger-context.ts';
import { policyOfOwner } from './policies.ts';
import { transact } from './transact.ts';

export class PopulationContract extends LedgerContract {
  constructor() {
    super('population');
  }

  register(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'population:register', text, async ({ argument, ledger, mspId, at }) => {
      const { populationId } = argument;
      const population = registerPopulation(argument, {
        owner: mspId,
        at,
        existing: await ledger.get('population', populationId),
        dataset: await ledger.get('dataset', populationId),
      });
      await ledger.put('population', population);
      await ledger.guard('population', population, await policyOfOwner(ledger, mspId));
      return population;
    });
  }

  retireBlock(context: LedgerContext, text: string): Promise<string> {
    return transact(
      context,
      'population:retireBlock',
      text,
      async ({ argument, ledger, mspId, at, concern }) => {
        const population = await findPopulation(ledger, argument.populationId);
        const block = await findBlock(ledger, argument.populationId, argument.block);
        const retired = retireBlock(block, { mspId, at, reason: argument.reason, population });
        concern({ dataset: population.datasets });
        await ledger.put('block', retired);
        await ledger.guardAnew('block', retired, await policyOfOwner(ledger, mspId));
        return retired;
      },
    );
  }

  get(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'population:get', text, ({ argument: { populationId }, ledger }) =>
      findPopulation(ledger, populationId),
    );
  }

  list(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'population:list', text, ({ argument, ledger }) =>
      ledger.page('population', [], argument),
    );
  }

  listBlocks(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'population:listBlocks', text, async ({ argument, ledger }) => {
      const { populationId } = argument;
      await findPopulation(ledger, populationId);
      const page = await ledger.page('block', [populationId], argument);
      if (page.items.length > 0 || argument.bookmark !== undefined) return page;
      // A dataset from before implies one block; a population without datasets has none.
      const implied = await ledger.get('population', populationId);
      return { items: implied === undefined ? [await findBlock(ledger, populationId, 1)] : [] };
    });
  }
}
