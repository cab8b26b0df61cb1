// Queries on privacy: accounts, charges and quotes.
import { quoteConsent, statementOf } from '@consilium/domain/rules';
import { sha256 } from '../ledger/digest.ts';
import { findAccounts, findBudget, findDataset, findStudy } from './find.ts';
import { type LedgerContext, LedgerContract } from './ledger-context.ts';
import { transact } from './transact.ts';

export class PrivacyContract extends LedgerContract {
  constructor() {
    super('privacy');
  }

  getBudget(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'privacy:getBudget', text, async ({ argument: { datasetId, pool }, ledger }) =>
      statementOf(await findBudget(ledger, datasetId, pool)),
    );
  }

  listEvents(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'privacy:listEvents', text, async ({ argument, ledger }) => {
      await findDataset(ledger, argument.datasetId);
      return ledger.page('privacy-charge', [argument.datasetId], argument);
    });
  }

  quote(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'privacy:quote', text, async ({ argument, ledger }) => {
      const study = await findStudy(ledger, argument.studyId);
      const dataset = await findDataset(ledger, argument.datasetId);
      const accounts = await findAccounts(ledger, argument.datasetId);
      return quoteConsent(study, { dataset, accounts, sha256 });
    });
  }
}
