// Datasets of their own rows: the ledger refuses to register the same commitment twice.
import { createHash } from 'node:crypto';
import type { RegisterDataset } from '@consilium/domain';
import { REGISTER_DATASET } from '../http/examples.ts';

export function anotherDataset(datasetId: string): RegisterDataset {
  const digest = createHash('sha256').update(datasetId).digest('hex');
  // A CID of the right form; no content belongs to it.
  const commitment = `bafkrei${digest.replaceAll(/[0189]/g, 'z').slice(0, 52)}`;
  return { ...REGISTER_DATASET, datasetId, commitment };
}
