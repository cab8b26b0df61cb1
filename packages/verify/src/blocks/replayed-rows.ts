// The rows of the ledger as the blocks that are shown leave them. Of a row that a block outside the bundle wrote, only
// the version is known, from transactions that read it.
import {
  isBefore,
  type NamespaceSet,
  type Read,
  rowId,
  sameVersion,
  type Version,
} from './read-write-set.ts';

export interface Row {
  readonly namespace: string;
  readonly key: string;
  readonly version: Version;
  /** Undefined: deleted. */
  readonly value: Uint8Array | undefined;
  /** The row's own endorsement policy, replacing the chaincode's. */
  readonly policy: Uint8Array | undefined;
  /** Whether a block that is not shown wrote it: then neither value nor policy is known. */
  readonly isHidden: boolean;
  /** What it held before, oldest first, of blocks that are shown. */
  readonly earlier: readonly Uint8Array[];
}

/** What a read says against the blocks that are shown. */
export type ReadProblem =
  | { readonly kind: 'stale'; readonly text: string }
  | { readonly kind: 'impossible'; readonly text: string };

export class ReplayedRows {
  readonly #rows = new Map<string, Row>();
  readonly #policiesOfCollections = new Map<string, Uint8Array>();
  readonly #isShown: (block: number) => boolean;

  constructor(isShown: (block: number) => boolean) {
    this.#isShown = isShown;
  }

  get all(): Iterable<Row> {
    return this.#rows.values();
  }

  get(namespace: string, key: string): Row | undefined {
    return this.#rows.get(rowId(namespace, key));
  }

  policyInCollection(namespace: string, collection: string, keyHash: string): Uint8Array | undefined {
    return this.#policiesOfCollections.get(`${rowId(namespace, collection)}\n${keyHash}`);
  }

  /** Why a transaction after all blocks so far could not have read this; undefined where it could. */
  problemOf(namespace: string, { key, version }: Read): ReadProblem | undefined {
    const row = this.get(namespace, key);
    const present = row?.value === undefined && row?.isHidden !== true ? undefined : row;
    if (version === undefined) {
      return present === undefined || present.isHidden
        ? undefined
        : { kind: 'stale', text: 'read as absent what was there' };
    }
    if (sameVersion(row?.version, version) && present !== undefined) return undefined;
    if (row !== undefined && isBefore(version, row.version)) {
      return {
        kind: 'stale',
        text: `read of block ${version.block} what block ${row.version.block} changed`,
      };
    }
    if (this.#isShown(version.block)) {
      return { kind: 'impossible', text: `read of block ${version.block} what that block did not write` };
    }
    return undefined;
  }

  /** Notes what a valid transaction read of blocks that are not shown. */
  note(namespace: string, { key, version }: Read): void {
    if (version === undefined || this.#isShown(version.block)) return;
    const row = this.get(namespace, key);
    if (sameVersion(row?.version, version)) return;
    this.#rows.set(rowId(namespace, key), {
      namespace,
      key,
      version,
      value: undefined,
      policy: undefined,
      isHidden: true,
      earlier: row?.earlier ?? [],
    });
  }

  apply(sets: readonly NamespaceSet[], version: Version): void {
    for (const { namespace, writes, policyWrites, collections } of sets) {
      for (const { key, value } of writes) {
        const before = this.get(namespace, key);
        const policy = value === undefined ? undefined : before?.policy;
        const earlier =
          before?.value === undefined ? (before?.earlier ?? []) : [...before.earlier, before.value];
        const row = { namespace, key, version, value, policy, earlier, isHidden: false };
        this.#rows.set(rowId(namespace, key), row);
      }
      for (const { key, policy } of policyWrites) {
        const row = this.get(namespace, key);
        if (row?.value === undefined) continue;
        const set = policy.length > 0 ? policy : undefined;
        this.#rows.set(rowId(namespace, key), { ...row, version, policy: set });
      }
      for (const { collection, policyWrites: inCollection } of collections) {
        for (const { key, policy } of inCollection) {
          this.#policiesOfCollections.set(`${rowId(namespace, collection)}\n${key}`, policy);
        }
      }
    }
  }
}
