// What a bundle shows beside its subject, counted from its own blocks, so that the statement of it is checked too.
import type { NamespaceSet } from '../blocks/read-write-set.ts';
import { readEnvelope, readTransaction } from '../blocks/transaction.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import type { Disclosure, Subject } from './bundle-claim.ts';
import type { BundlePart } from './bundle-file.ts';

type AnyRow = Readonly<Record<string, unknown>>;

/** Counted from every transaction that is shown, can be read and is not called invalid. */
export function disclosureOf(parts: readonly BundlePart[], subject: Subject): Disclosure {
  const studies = new Set<string>();
  const datasets = new Set<string>();
  const spokenOf = new Set<string>();
  const blocks = new Set<number>();
  let transactions = 0;
  for (const part of parts) {
    if (part.kind !== 'block') continue;
    const invalid = new Set(part.invalid);
    for (const [place, bytes] of part.envelopes.entries()) {
      const shown = invalid.has(place) ? undefined : rowsIn(bytes);
      if (shown === undefined) continue;
      transactions += 1;
      blocks.add(part.header.number);
      for (const row of shown.rows) {
        if (typeof row.studyId === 'string') studies.add(row.studyId);
        if (typeof row.datasetId === 'string') datasets.add(row.datasetId);
        if (isSpokenOf(row, shown.transactionId, subject)) spokenOf.add(String(row.studyId));
      }
    }
  }
  return {
    blocks: blocks.size,
    transactions,
    otherStudies: [...studies].filter((studyId) => !spokenOf.has(studyId)).sort(),
    datasets: [...datasets].sort(),
  };
}

/** Whether a row is of a study that the file is about: of a dataset, one that had its consent. */
function isSpokenOf(row: AnyRow, transactionId: string, subject: Subject): boolean {
  if (subject.kind === 'transaction') return transactionId === subject.transactionId;
  if (subject.kind === 'dataset') return 'grantedAt' in row && row.datasetId === subject.datasetId;
  return row.studyId === subject.studyId;
}

function rowsIn(
  bytes: Uint8Array,
): { readonly transactionId: string; readonly rows: readonly AnyRow[] } | undefined {
  const read = setsIn(bytes);
  if (read === undefined) return undefined;
  const values = read.sets.flatMap(({ writes }) => writes.map(({ value }) => value));
  return { transactionId: read.transactionId, rows: values.flatMap(rowOf) };
}

function setsIn(
  bytes: Uint8Array,
): { readonly transactionId: string; readonly sets: readonly NamespaceSet[] } | undefined {
  try {
    const envelope = readEnvelope(bytes);
    if (envelope.kind !== 'transaction') return undefined;
    return { transactionId: envelope.transactionId, sets: readTransaction(envelope).sets };
  } catch (error) {
    if (error instanceof UnreadableError) return undefined;
    throw error;
  }
}

function rowOf(value: Uint8Array | undefined): AnyRow[] {
  if (value === undefined || value[0] !== 0x7b) return [];
  try {
    return [JSON.parse(Buffer.from(value).toString('utf8')) as AnyRow];
  } catch {
    return [];
  }
}
