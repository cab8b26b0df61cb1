// The commitment to a dataset, as the ledger holds it: a CID computed here, of bytes that are never uploaded.
import { computeCid } from '../artefacts/index.ts';
import { commitmentBytes, type PatientUnit } from '../data/index.ts';

export const commitmentOf = (units: readonly PatientUnit[], salt: Uint8Array): Promise<string> =>
  computeCid(commitmentBytes(units, salt));
