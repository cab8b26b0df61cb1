// What a bundle shows beside its study, counted from its own blocks, so that the statement of it is checked too.
import type { NamespaceSet } from '../blocks/read-write-set.ts';
import { readEnvelope, readTransaction } from '../blocks/transaction.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import type { BundlePart, Disclosure } from './bundle-file.ts';

/** Counted from every transaction that is shown, can be read and is not called invalid. */
export function disclosureOf(parts: readonly BundlePart[], studyId: string): Disclosure {
  const studies = new Set<string>();
  const datasets = new Set<string>();
  const blocks = new Set<number>();
  const written: (Uint8Array | undefined)[] = [];
  let transactions = 0;
  for (const part of parts) {
    if (part.kind !== 'block') continue;
    for (const [place, bytes] of part.envelopes.entries()) {
      const sets = part.invalid.includes(place) ? undefined : setsIn(bytes);
      if (sets === undefined) continue;
      transactions += 1;
      blocks.add(part.header.number);
      written.push(...sets.flatMap(({ writes }) => writes.map(({ value }) => value)));
    }
  }
  for (const value of written) {
    if (value === undefined || value[0] !== 0x7b) continue;
    const row = parse(value);
    if (typeof row?.studyId === 'string' && row.studyId !== studyId) studies.add(row.studyId);
    if (typeof row?.datasetId === 'string') datasets.add(row.datasetId);
  }
  return {
    blocks: blocks.size,
    transactions,
    otherStudies: [...studies].sort(),
    datasets: [...datasets].sort(),
  };
}

function setsIn(bytes: Uint8Array): readonly NamespaceSet[] | undefined {
  try {
    const envelope = readEnvelope(bytes);
    return envelope.kind === 'transaction' ? readTransaction(envelope).sets : undefined;
  } catch (error) {
    if (error instanceof UnreadableError) return undefined;
    throw error;
  }
}

function parse(value: Uint8Array): Record<string, unknown> | undefined {
  try {
    return JSON.parse(Buffer.from(value).toString('utf8')) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
