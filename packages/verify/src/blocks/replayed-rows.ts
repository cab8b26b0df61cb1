// The rows of the ledger as the blocks so far leave them, and what a read of them says. Of a row that a block outside
// a file of evidence wrote, only the version is known, from transactions that read it.
import type { LedgerState, Row } from './ledger-state.ts';
import {
  collectionId,
  isBefore,
  type NamespaceSet,
  type Read,
  sameVersion,
  type Version,
} from './read-write-set.ts';

/** What a read says against the blocks that are shown. */
export type ReadProblem =
  | { readonly kind: 'stale'; readonly text: string }
  | { readonly kind: 'impossible'; readonly text: string };

export class ReplayedRows {
  readonly state: LedgerState;
  readonly #isShown: (block: number) => boolean;

  constructor(state: LedgerState, isShown: (block: number) => boolean) {
    this.state = state;
    this.#isShown = isShown;
  }

  get(namespace: string, key: string): Row | undefined {
    return this.state.row(namespace, key);
  }

  /** Why a transaction after all blocks so far could not have read this; undefined where it could. */
  problemOf(namespace: string, { key, version }: Read): ReadProblem | undefined {
    const row = this.get(namespace, key);
    const present = row?.exists === true || row?.isHidden === true ? row : undefined;
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
    if (!sameVersion(row?.version, version)) this.state.hide({ namespace, key, version });
  }

  apply(sets: readonly NamespaceSet[], version: Version): void {
    for (const set of sets) {
      this.#apply(set.namespace, set, version);
      for (const one of set.collections) {
        this.#apply(collectionId(set.namespace, one.collection), one, version);
      }
    }
  }

  #apply(
    namespace: string,
    { writes, policyWrites }: Pick<NamespaceSet, 'writes' | 'policyWrites'>,
    version: Version,
  ): void {
    for (const { key, value } of writes) this.state.write({ namespace, key, version }, value);
    for (const { key, policy } of policyWrites) {
      if (this.get(namespace, key)?.exists !== true) continue;
      this.state.writePolicy({ namespace, key, version }, policy.length > 0 ? policy : undefined);
    }
  }
}
