// Which questions an event of the ledger changes the answers of.
import type { LedgerEvent } from '@consilium/client/browser';
import type { QueryKey } from './queries.ts';

/** What an event is about: those of its data that name a thing which questions name too. */
const NAMES = ['studyId', 'datasetId', 'populationId', 'mspId'] as const;

/** Answers that no event changes: what a block holds is for ever. */
const FOR_EVER: ReadonlySet<string> = new Set(['getTransaction', 'getTransactionRows', 'getModelFile']);
/** Lists that only grow at their beginning, whose pages are kept (screens/ledger/live-pages.ts). */
const GROWING: ReadonlySet<string> = new Set(['listLedgerBlocks', 'listTransactions']);

/**
 * Whether the answer to a question may be another after an event. A question that names a study, a dataset, a
 * population or a hospital is changed by events that name the same or none of that kind; one that names nothing, by
 * every event.
 */
export function isChangedBy(key: QueryKey, event: LedgerEvent): boolean {
  const [name, path, query] = key;
  if (FOR_EVER.has(name)) return false;
  const asked: Readonly<Record<string, unknown>> = { ...query, ...path };
  if (GROWING.has(name) && asked.pages === true) return false;
  return NAMES.every((one) => {
    const said = event.data[one];
    return asked[one] === undefined || said === undefined || asked[one] === said;
  });
}
