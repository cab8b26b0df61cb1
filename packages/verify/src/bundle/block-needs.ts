// Which earlier blocks a block needs beside it in a file of evidence: those whose writes its transactions wrote over,
// or whose policies decided about them; and of files on a dataset, those of what its transactions read of it.
import { readsOf } from '../blocks/block-replay.ts';
import { LIFECYCLE } from '../blocks/endorsement-check.ts';
import { type NamespaceSet, partsOf } from '../blocks/read-write-set.ts';
import type { Subject } from './bundle-claim.ts';

/** Numbers of blocks, each once. */
export interface BlockNeeds {
  /** Whatever the file is about. */
  readonly written: readonly number[];
  /** Of files on a dataset: whose people others are about that share its accounts. */
  readonly uses: readonly number[];
  /** Of files on this dataset: the text that a consent of it is to. */
  readonly texts: readonly (readonly [datasetId: string, block: number])[];
}

/** What one block needs, of its valid transactions one after the other. */
export class NeedsOfBlock {
  readonly #chaincode: string;
  readonly #written = new Set<number>();
  readonly #uses = new Set<number>();
  readonly #texts = new Map<string, readonly [datasetId: string, block: number]>();

  /** @param chaincode under which the rules are deployed */
  constructor(chaincode: string) {
    this.#chaincode = chaincode;
  }

  get needs(): BlockNeeds {
    return { written: [...this.#written], uses: [...this.#uses], texts: [...this.#texts.values()] };
  }

  /** @param writerOf the block that wrote a row, or its policy, last before this transaction */
  note(
    sets: readonly NamespaceSet[],
    writerOf: (namespace: string, key: string) => number | undefined,
  ): void {
    for (const set of sets) {
      const written = writtenIn(set);
      const read = new Map(readsOf(set).map(([, { key, version }]) => [key, version]));
      // A definition of a chaincode is spread over rows, of which a change writes only some.
      const used = set.namespace === LIFECYCLE ? [...written, ...read.keys()] : written;
      for (const key of used) {
        const block = writerOf(set.namespace, key);
        if (block !== undefined) this.#written.add(block);
      }
      if (set.namespace !== this.#chaincode) continue;
      for (const { key, onlyOf } of written.flatMap(readBehind)) {
        const block = read.get(key)?.block;
        if (block === undefined) continue;
        if (onlyOf === undefined) this.#uses.add(block);
        else this.#texts.set(`${onlyOf} ${block}`, [onlyOf, block]);
      }
    }
  }
}

/** What a block needs in a file on a subject. */
export function neededFor(subject: Subject, { written, uses, texts }: BlockNeeds): number[] {
  if (subject.kind !== 'dataset') return [...written];
  const own = texts.flatMap(([datasetId, block]) => (datasetId === subject.datasetId ? [block] : []));
  return [...new Set([...written, ...uses, ...own])];
}

/** Rows that a file on a dataset has to show where a transaction that wrote this one read them. */
function readBehind(key: string): { readonly key: string; readonly onlyOf?: string }[] {
  const [kind, first = '', second = ''] = partsOf(key);
  if (kind === 'privacy-charge') return [{ key: keyOf('dataset', first) }];
  if (kind !== 'consent') return [];
  return [{ key: keyOf('dataset', second) }, { key: keyOf('study', first), onlyOf: second }];
}

const keyOf = (kind: string, id: string): string => `\u0000${kind}\u0000${id}\u0000`;

/** Keys of the rows that it writes, and whose policies. */
export const writtenIn = ({ writes, policyWrites }: NamespaceSet): string[] =>
  [...writes, ...policyWrites].map(({ key }) => key);
