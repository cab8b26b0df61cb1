// How the ledger's names become words and addresses of the console.
import type ledger from '../../texts/en/ledger.json';

/** A transaction that the catalogue has words for. */
export type WordName = keyof (typeof ledger)['words'];
type KindName = keyof (typeof ledger)['kinds'];
type SubjectName = keyof (typeof ledger)['subjects'];

/** `study:propose` as the catalogue names it; names of a member's own making have no words. */
export const wordName = (transaction: string, words: object): WordName | undefined => {
  const name = transaction.replace(':', '_');
  return Object.hasOwn(words, name) ? (name as WordName) : undefined;
};

/** What an id is of, as the catalogue names it. */
export const subjectName = (kind: string, subjects: object): SubjectName =>
  Object.hasOwn(subjects, kind) ? (kind as SubjectName) : 'other';

/** Where an id leads to: its own screen, or else all that names it. */
export function subjectAddress({ kind, id }: { readonly kind: string; readonly id: string }): string {
  if (kind === 'study') return `/studies/${encodeURIComponent(id)}`;
  return `/ledger?subject=${encodeURIComponent(id)}`;
}

/** Which histories the gateway has, and what identifies a row of each. */
export const HISTORIES = {
  member: { operation: 'getMemberHistory', names: ['mspId'] },
  population: { operation: 'getPopulationHistory', names: ['populationId'] },
  block: { operation: 'getBlockHistory', names: ['populationId', 'block'] },
  dataset: { operation: 'getDatasetHistory', names: ['datasetId'] },
  revision: { operation: 'getRevisionHistory', names: ['datasetId', 'revision'] },
  budget: { operation: 'getBudgetHistory', names: ['populationId', 'pool'] },
  study: { operation: 'getStudyHistory', names: ['studyId'] },
  consent: { operation: 'getConsentHistory', names: ['studyId', 'datasetId'] },
  round: { operation: 'getRoundHistory', names: ['studyId', 'round'] },
  update: { operation: 'getUpdateHistory', names: ['studyId', 'round', 'datasetId'] },
  verdict: { operation: 'getVerdictHistory', names: ['studyId', 'round', 'mspId'] },
  model: { operation: 'getModelHistory', names: ['studyId'] },
} as const satisfies Record<KindName, { operation: string; names: readonly string[] }>;
export type HistoryKind = keyof typeof HISTORIES;
/** Accounts of later blocks of patients name theirs. */
const BLOCK_BUDGET = {
  operation: 'getBlockBudgetHistory',
  names: ['populationId', 'pool', 'block'],
} as const;

/** What a row's history is asked by; undefined where there is none. */
export interface RowAsked {
  readonly kind: HistoryKind;
  readonly operation: (typeof HISTORIES)[HistoryKind]['operation'] | 'getBlockBudgetHistory';
  readonly path: Readonly<Record<string, string>>;
  /** What identifies it, for people. */
  readonly id: string;
}

const isKind = (kind: string): kind is HistoryKind => Object.hasOwn(HISTORIES, kind);
/** Numbers are padded in the ledger's keys, and plain in addresses. */
const plain = (part: string): string => (/^\d+$/.test(part) ? String(Number(part)) : part);

/** @param parts the kind and what identifies the row, as the address has them */
export function rowAsked([kind = '', ...parts]: readonly string[]): RowAsked | undefined {
  if (!isKind(kind)) return undefined;
  const { operation, names } = kind === 'budget' && parts.length === 3 ? BLOCK_BUDGET : HISTORIES[kind];
  if (names.length !== parts.length || parts.some((part) => part === '')) return undefined;
  const path = Object.fromEntries(names.map((name, at) => [name, plain(parts[at]!)]));
  return { kind, operation, path, id: parts.map(plain).join(' · ') };
}

/** Of a row of the ledger; undefined where it has no history of its own. */
export function rowAddress(kind: string | null, key: readonly string[]): string | undefined {
  if (kind === null || rowAsked([kind, ...key]) === undefined) return undefined;
  return `/ledger/rows/${[kind, ...key.map(plain)].map(encodeURIComponent).join('/')}`;
}

const BLOCK_NUMBER = /^\d{1,10}$/;
const TRANSACTION_ID = /^[0-9a-f]{64}$/i;

/** Where what was put into the field leads to. */
export function foundAddress(text: string): string | undefined {
  const id = text.trim();
  if (id === '') return undefined;
  if (BLOCK_NUMBER.test(id)) return `/ledger/blocks/${Number(id)}`;
  if (TRANSACTION_ID.test(id)) return `/ledger/transactions/${id.toLowerCase()}`;
  return `/ledger?subject=${encodeURIComponent(id.slice(0, 128))}`;
}
