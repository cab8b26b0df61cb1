// What a bundle shows beside its subject, counted from its own blocks, so that the statement of it is checked too.

import type { NamespaceSet } from '../blocks/read-write-set.ts';
import { readEnvelope, readTransaction } from '../blocks/transaction.ts';
import { utf8Text } from '../wire/bytes.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import type { Disclosure, Subject } from './bundle-claim.ts';
import type { BundlePart } from './bundle-file.ts';

type AnyRow = Readonly<Record<string, unknown>>;

/** Counted from every transaction that is shown, can be read and is not called invalid. */
export function disclosureOf(parts: readonly BundlePart[], subject: Subject): Disclosure {
  const counted = new DisclosedSoFar(subject);
  for (const part of parts) counted.add(part);
  return counted.disclosure;
}

/** The same, part by part. */
export class DisclosedSoFar {
  readonly #subject: Subject;
  readonly #studies = new Set<string>();
  readonly #datasets = new Set<string>();
  readonly #spokenOf = new Set<string>();
  #blocks = 0;
  #transactions = 0;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  get disclosure(): Disclosure {
    return {
      blocks: this.#blocks,
      transactions: this.#transactions,
      otherStudies: [...this.#studies].filter((studyId) => !this.#spokenOf.has(studyId)).sort(),
      datasets: [...this.#datasets].sort(),
    };
  }

  add(part: BundlePart): void {
    if (part.kind !== 'block') return;
    const invalid = new Set(part.invalid);
    const valid = part.envelopes.filter((_, place) => !invalid.has(place));
    const shown = valid.flatMap((bytes) => rowsIn(bytes) ?? []);
    this.#transactions += shown.length;
    if (shown.length > 0) this.#blocks += 1;
    for (const { transactionId, rows } of shown) {
      for (const row of rows) {
        if (typeof row.studyId === 'string') this.#studies.add(row.studyId);
        if (typeof row.datasetId === 'string') this.#datasets.add(row.datasetId);
        if (isSpokenOf(row, transactionId, this.#subject)) this.#spokenOf.add(String(row.studyId));
      }
    }
  }
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
    return [JSON.parse(utf8Text(value)) as AnyRow];
  } catch {
    return [];
  }
}
