// Transactions on models.
import { type Argument, type Lineage, type RoundRow, type StudyRow, sealOf } from '@consilium/domain';
import { lineageDigest, publishModel, retiredSince, withdrawnDatasets } from '@consilium/domain/rules';
import { sha256 } from '../ledger/digest.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { consentedTo } from './consented.ts';
import { dossierOf } from './dossier.ts';
import { consentsOf, findStudy, found, roundPage, roundsOf } from './find.ts';
import { type LedgerContext, LedgerContract } from './ledger-context.ts';
import { putStudy } from './open-studies.ts';
import { transact } from './transact.ts';

export class ModelContract extends LedgerContract {
  constructor() {
    super('model');
  }

  publish(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'model:publish', text, async ({ argument, ledger, mspId, at, concern }) => {
      const study = await findStudy(ledger, argument.studyId);
      const rounds = await roundsOf(ledger, study);
      const published = publishModel(study, { mspId, at, rounds });
      const lineageSha256 = await digestOf(ledger, published.study, rounds);
      const model = { ...published.model, lineageSha256 };
      concern({ dataset: model.datasets, purpose: [study.purpose] });
      await putStudy(ledger, published.study, study);
      await ledger.put('model', model);
      return model;
    });
  }

  get(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'model:get', text, async ({ argument: { studyId }, ledger }) => {
      const model = await findModel(ledger, studyId);
      const study = await findStudy(ledger, studyId);
      const withdrawn = withdrawnDatasets(model, await consentsOf(ledger, study));
      const retiredAt = retiredSince(study, model, withdrawn);
      return {
        ...model,
        ...(withdrawn.length > 0 && { withdrawn }),
        ...(retiredAt !== undefined && { retiredAt }),
      };
    });
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

/** The digest of a study that has just been completed. Rounds from before there were seals are sealed here. */
async function digestOf(ledger: Ledger, study: StudyRow, rounds: readonly RoundRow[]): Promise<string> {
  const { consents, datasets, revisions } = await consentedTo(ledger, study);
  const seals: string[] = [];
  for (const round of rounds) seals.push(round.seal ?? sealOf(await dossierOf(ledger, round), sha256));
  return lineageDigest({ study, datasets, consents, ...revisions, rounds, seals }, sha256);
}

/** Rounds come in pages; the bookmark is the number of the next one. */
async function lineageOf(ledger: Ledger, argument: Argument<'model:getLineage'>): Promise<Lineage> {
  const { studyId } = argument;
  const study = await findStudy(ledger, studyId);
  const model = await findModel(ledger, studyId);
  const { consents, datasets, revisions } = await consentedTo(ledger, study);
  const { rounds, bookmark } = await roundPage(ledger, study, argument, (round) => dossierOf(ledger, round));
  const withdrawn = withdrawnDatasets(model, consents);
  const marked = withdrawn.length > 0 ? { withdrawn } : {};
  const lineage = { model, study, datasets, consents, ...revisions, ...marked, rounds };
  return bookmark === undefined ? lineage : { ...lineage, bookmark };
}
