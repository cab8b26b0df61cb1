// What a transaction is about: the ids that its argument names, and those of the rows that it wrote. So a study or a
// dataset leads to all transactions that ever named it, also to those that took no effect.
import type { TransactionRecord } from './transaction-record.ts';

/** One of what a transaction is about. */
export interface Subject {
  /** 'study' of what the argument calls studyId. */
  readonly kind: string;
  readonly id: string;
}

/** More than any transaction names, and no longer than an id or the name of an organisation. */
const IDS_MAX = 16;
const ID_MAX = 128;
const ID_FIELD = /^([a-z]+)Id$/;
/** Of rounds, blocks and numbers: what only means something within another. */
const NUMBER = /^\d{1,16}$/;

const isId = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= ID_MAX && !NUMBER.test(value);

/** What an argument names, in its own order. An organisation is a member. */
export function subjectsOf(argument: unknown): Subject[] {
  if (typeof argument !== 'object' || argument === null) return [];
  const subjects = Object.entries(argument).flatMap(([field, value]): Subject[] => {
    const name = ID_FIELD.exec(field)?.[1];
    return name === undefined || !isId(value) ? [] : [{ kind: name === 'msp' ? 'member' : name, id: value }];
  });
  return subjects.slice(0, IDS_MAX);
}

/** Under which ids it is found, each once: anybody can send a long argument, and only so much of it counts. */
export function idsIn(argument: string | undefined, rows: TransactionRecord['rows']): string[] {
  const named = argument === undefined ? [] : subjectsOf(parsed(argument)).map(({ id }) => id);
  return [...new Set([...named, ...rows.flatMap(({ key }) => key.filter(isId))])].slice(0, IDS_MAX);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
