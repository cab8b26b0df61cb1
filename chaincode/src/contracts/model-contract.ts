// Transactions on models.
import { type Argument, DomainError, type Lineage } from '../domain/index.ts';
import { publishModel } from '../domain/rules/model-rules.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { dossierOf } from './dossier.ts';
import { consentsOf, findDataset, findStudy, found, roundsOf } from './find.ts';
import { type LedgerContext, LedgerContract } from './ledger-context.ts';
import { transact } from './transact.ts';

const LINEAGE_PAGE_SIZE = 20;

export class ModelContract extends LedgerContract {
  constructor() {
    super('model');
  }

  publish(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'model:publish', text, async ({ argument, ledger, mspId, at }) => {
      const study = await findStudy(ledger, argument.studyId);
      const rounds = await roundsOf(ledger, study);
      const published = publishModel(study, { mspId, at, rounds });
      await ledger.put('study', published.study);
      await ledger.put('model', published.model);
      return published.model;
    });
  }

  get(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'model:get', text, ({ argument: { studyId }, ledger }) =>
      findModel(ledger, studyId),
    );
  }

  list(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'model:list', text, ({ argument, ledger }) =>
      ledger.page('model', [], argument),
    );
  }

  getLineage(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'model:getLineage', text, ({ argument, ledger }) => lineageOf(ledger, argument));
  }
}

const findModel = (ledger: Ledger, studyId: string) =>
  found(ledger.get('model', studyId), 'MODEL_NOT_FOUND', `model of study ${studyId}`);

/** Rounds come in pages; the bookmark is the number of the next one. */
async function lineageOf(
  ledger: Ledger,
  { studyId, pageSize = LINEAGE_PAGE_SIZE, bookmark = '1' }: Argument<'model:getLineage'>,
): Promise<Lineage> {
  const study = await findStudy(ledger, studyId);
  const model = await findModel(ledger, studyId);
  const consents = await consentsOf(ledger, study);
  const datasets: Lineage['datasets'] = [];
  for (const { datasetId } of consents) datasets.push(await findDataset(ledger, datasetId));
  const first = Number(bookmark);
  if (!Number.isInteger(first) || first < 1) {
    throw new DomainError('INVALID_ARGUMENT', 'bookmark does not belong to this list');
  }
  const all = await roundsOf(ledger, study);
  const rounds: Lineage['rounds'] = [];
  for (const round of all.slice(first - 1, first - 1 + pageSize)) rounds.push(await dossierOf(ledger, round));
  const next = first + rounds.length;
  const page = { model, study, datasets, consents, rounds };
  return next <= all.length ? { ...page, bookmark: String(next) } : page;
}
