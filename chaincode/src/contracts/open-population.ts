// Rows of a population, its blocks and a dataset's revisions, each under its owner's policy from the first write on.
import type { Block, DatasetRow, Population, Revision } from '@consilium/domain';
import { ROW_SCHEMA } from '@consilium/domain';
import { openBudgets } from '@consilium/domain/rules';
import type { Ledger } from '../ledger/ledger.ts';
import { blockKey } from '../ledger/rows.ts';
import { findBlock, findRevision } from './find.ts';

/** A block of patients never seen before, with its accounts. */
async function putBlock(
  ledger: Ledger,
  { population, block }: { readonly population: Population; readonly block: Block },
  policy: Uint8Array,
): Promise<void> {
  await ledger.put('block', block);
  await ledger.guard('block', block, policy);
  if (block.patientsSha256 !== undefined) {
    const { patientsSha256, populationId, block: number } = block;
    const schema = ROW_SCHEMA['counted-patients'];
    await ledger.put('counted-patients', { schema, patientsSha256, populationId, block: number });
  }
  for (const account of openBudgets(population, block)) {
    await ledger.guard('budget', await ledger.accounts.open(account), policy);
  }
}

/** What a registration or a revision changes of whom it is about. */
export async function putRevision(
  ledger: Ledger,
  changed: {
    readonly dataset: DatasetRow;
    readonly population: Population;
    readonly block: Block | undefined;
    readonly revision: Revision;
  },
  policy: Uint8Array,
): Promise<void> {
  const { dataset, population, block, revision } = changed;
  const { commitment, datasetId } = dataset;
  const number = revision.revision;
  await ledger.put('dataset', dataset);
  await ledger.put('population', population);
  await ledger.guardAnew('population', population, policy);
  await ledger.put('revision', revision);
  await ledger.guard('revision', revision, policy);
  await ledger.put('commitment', {
    schema: ROW_SCHEMA.commitment,
    commitment,
    datasetId,
    ...(number > 1 && { revision: number }),
  });
  if (block !== undefined) await putBlock(ledger, { population, block }, policy);
}

/**
 * Writes what a dataset from before implies, before anything follows it: its first revision, and the one block of its
 * population. A later revision changes the dataset's row, which they could not be read from any more.
 */
export async function writeImplied(
  ledger: Ledger,
  dataset: DatasetRow,
  { populationId }: Population,
  policy: Uint8Array,
): Promise<void> {
  if (
    dataset.revision === undefined &&
    (await ledger.get('revision', dataset.datasetId, blockKey(1))) === undefined
  ) {
    const first = await findRevision(ledger, dataset, 1);
    await ledger.put('revision', first);
    await ledger.guard('revision', first, policy);
  }
  if ((await ledger.get('block', populationId, blockKey(1))) !== undefined) return;
  const block = await findBlock(ledger, populationId, 1);
  await ledger.put('block', block);
  await ledger.guard('block', block, policy);
}
