// Queries on privacy: accounts, charges and quotes.
import { membershipOf, populationIdOf } from '@consilium/domain';
import { quoteConsent, statementOf } from '@consilium/domain/rules';
import { sha256 } from '../ledger/digest.ts';
import {
  findBlocks,
  findBook,
  findBudget,
  findDataset,
  findMembership,
  findRevision,
  findStudy,
} from './find.ts';
import { type LedgerContext, LedgerContract } from './ledger-context.ts';
import { transact } from './transact.ts';

export class PrivacyContract extends LedgerContract {
  constructor() {
    super('privacy');
  }

  getBudget(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'privacy:getBudget', text, async ({ argument, ledger }) => {
      const { datasetId, pool, block = 1 } = argument;
      const populationId = populationIdOf(await findDataset(ledger, datasetId));
      return statementOf(await findBudget(ledger, { populationId, pool, block }));
    });
  }

  listEvents(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'privacy:listEvents', text, async ({ argument, ledger }) => {
      await findDataset(ledger, argument.datasetId);
      return ledger.page('privacy-charge', [argument.datasetId], argument);
    });
  }

  quote(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'privacy:quote', text, async ({ argument, ledger }) => {
      const { studyId, datasetId } = argument;
      const study = await findStudy(ledger, studyId);
      const dataset = await findDataset(ledger, datasetId);
      const revision = await findRevision(ledger, dataset);
      const of = {
        populationId: populationIdOf(dataset),
        blocks: revision.blocks.map(({ block }) => block),
      };
      return quoteConsent(study, {
        dataset,
        revision,
        blocks: await findBlocks(ledger, of.populationId, of.blocks),
        asked: argument.blocks,
        book: await findBook(ledger, [of]),
        sha256,
        approved: {
          approvals: await ledger.all('consent-approval', studyId, datasetId),
          declined: await ledger.get('decline', studyId, datasetId),
          membership: membershipOf(await findMembership(ledger, dataset.owner)),
        },
      });
    });
  }
}
