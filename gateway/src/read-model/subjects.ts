// What a transaction is about: the ids that its argument names, and those of the rows that it wrote. So a study or a
// dataset leads to all transactions that ever named it, also to those that took no effect.
import type { Subject, TransactionRecord } from './transaction-record.ts';

/** More than any transaction names, and no longer than an id or the name of an organisation. */
const IDS_MAX = 16;
const ID_MAX = 128;
const ID_FIELD = /^([a-z]+)Id$/;
/** Of rounds, blocks and numbers: what only means something within another. */
const NUMBER = /^\d{1,16}$/;

const isId = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= ID_MAX && !NUMBER.test(value);

/** What an argument names, in its own order. An organisation is a member. */
export function subjectsIn(argument: string | undefined): Subject[] {
  const fields = Object.entries(Object(argument === undefined ? {} : parsed(argument)));
  const subjects = fields.flatMap(([field, value]): Subject[] => {
    const name = ID_FIELD.exec(field)?.[1];
    return name === undefined || !isId(value) ? [] : [{ kind: name === 'msp' ? 'member' : name, id: value }];
  });
  return subjects.slice(0, IDS_MAX);
}

/** Under which ids it is found, each once: anybody can send a long argument, and only so much of it counts. */
export function idsIn(subjects: readonly Subject[], rows: TransactionRecord['rows']): string[] {
  const named = subjects.map(({ id }) => id);
  return [...new Set([...named, ...rows.flatMap(({ key }) => key.filter(isId))])].slice(0, IDS_MAX);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
