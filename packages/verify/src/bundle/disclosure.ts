// What a bundle shows beside its study, counted from its own blocks, so that the statement of it is checked too.
import type { LedgerReplay } from '../blocks/ledger-replay.ts';
import type { Disclosure } from './bundle-file.ts';

export function disclosureOf(replay: LedgerReplay, studyId: string): Disclosure {
  const studies = new Set<string>();
  const datasets = new Set<string>();
  for (const { value } of replay.rows.all) {
    if (value === undefined || value[0] !== 0x7b) continue;
    const row = parse(value);
    if (typeof row?.studyId === 'string' && row.studyId !== studyId) studies.add(row.studyId);
    if (typeof row?.datasetId === 'string') datasets.add(row.datasetId);
  }
  const { transactions } = replay;
  return {
    blocks: new Set(transactions.map(({ block }) => block)).size,
    transactions: transactions.length,
    otherStudies: [...studies].sort(),
    datasets: [...datasets].sort(),
  };
}

function parse(value: Uint8Array): Record<string, unknown> | undefined {
  try {
    return JSON.parse(Buffer.from(value).toString('utf8')) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
