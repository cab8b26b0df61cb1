// The index of what was done. One row per transaction under its time, and one entry under each thing it concerns,
// so that a question reads the page it answers and nothing else, however old the ledger is.

import {
  type Activity,
  type ActivityIndex,
  canonicalJson,
  DomainError,
  presentForm,
} from '@consilium/domain';
import type { ChaincodeStub } from 'fabric-shim-api';
import { sha256 } from './digest.ts';
import type { Page, PageOptions } from './page.ts';

const ROW = 'activity';
const ENTRY = 'activity-by';
const PAGE_SIZE = 50;
/**
 * How much of a transaction's id distinguishes transactions of one millisecond: so much that nobody finds two ids that
 * agree in it (2^96 hashes), whose second would replace the first's row.
 */
const ID_CHARACTERS = 48;
/** How much of it older keys have: so little that a sender can find such a pair. */
const OLD_ID_CHARACTERS = 16;
const MARK = Buffer.from('1', 'utf8');

/** What a transaction concerns, beside its actor: the values it is found under. */
export interface Concerns {
  readonly study?: readonly string[];
  readonly dataset?: readonly string[];
  readonly purpose?: readonly string[];
}
export interface ActivityQuery extends PageOptions {
  readonly by: ActivityIndex;
  readonly value?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Writes a transaction into the index. */
export async function recordActivity(
  stub: ChaincodeStub,
  activity: Activity,
  concerns: Concerns,
): Promise<void> {
  const when = [activity.at, activity.transactionId.slice(0, ID_CHARACTERS)];
  await stub.putState(stub.createCompositeKey(ROW, when), Buffer.from(canonicalJson(activity), 'utf8'));
  const values = { ...concerns, hospital: [activity.mspId] };
  for (const [index, found] of Object.entries(values)) {
    for (const value of new Set(found)) {
      await stub.putState(stub.createCompositeKey(ENTRY, [index, value, ...when]), MARK);
    }
  }
}

/**
 * Writes an earlier transaction into the index, unless it is there: what transactions wrote about themselves stays.
 *
 * @returns whether it was missing
 */
export async function enterActivity(
  stub: ChaincodeStub,
  activity: Activity,
  concerns: Concerns,
): Promise<boolean> {
  const { at, transactionId } = activity;
  for (const characters of [ID_CHARACTERS, OLD_ID_CHARACTERS]) {
    const key = stub.createCompositeKey(ROW, [at, transactionId.slice(0, characters)]);
    const bytes = await stub.getState(key);
    if (bytes.length > 0 && activityOf(bytes).transactionId === transactionId) return false;
  }
  await recordActivity(stub, activity, concerns);
  return true;
}

/**
 * A page of activities, oldest first. For queries only, since it reads ranges.
 *
 * A page begins at a key: of the time asked for, or of the bookmark, which belongs to its question. Costs are those of
 * the page.
 *
 * @throws DomainError INVALID_ARGUMENT
 */
export async function listActivities(
  stub: ChaincodeStub,
  { by, value, from, to, pageSize = PAGE_SIZE, bookmark }: ActivityQuery,
): Promise<Page<Activity>> {
  if ((by === 'all') !== (value === undefined)) {
    throw new DomainError('INVALID_ARGUMENT', 'value must be there, unless by is all');
  }
  const noun = by === 'all' ? ROW : ENTRY;
  const prefix = by === 'all' ? [] : [by, value!];
  const base = stub.createCompositeKey(noun, prefix);
  const [begin, end] = [from, to].map((time) => (time === undefined ? undefined : timeOf(time)));
  if (begin !== undefined && end !== undefined && begin >= end) {
    throw new DomainError('INVALID_ARGUMENT', `from must be before to, and ${from} is not before ${to}`);
  }
  const question = sha256(canonicalJson([by, value ?? null, from ?? null, to ?? null]));
  const start = startOf();
  const query = stub.getStateByPartialCompositeKeyWithPagination(noun, prefix, pageSize + 1, start);
  const { iterator } = await query;
  const items: Activity[] = [];
  let next: string | undefined;
  for (let read = await iterator.next(); ; read = await iterator.next()) {
    if (read.value !== undefined && read.value !== null) {
      const [at = '', id = ''] = stub.splitCompositeKey(read.value.key).attributes.slice(prefix.length);
      if (end !== undefined && at >= end) break;
      if (items.length === pageSize) {
        next = [at, id, question].join(' ');
        break;
      }
      // Under `all` the rows themselves are read; elsewhere an entry that leads to one.
      items.push(by === 'all' ? activityOf(read.value.value) : await activityAt(stub, at, id));
    }
    if (read.done) break;
  }
  await iterator.close();
  return next === undefined
    ? { items }
    : { items, bookmark: Buffer.from(next, 'utf8').toString('base64url') };

  function startOf(): string {
    if (bookmark !== undefined && bookmark !== '') {
      const [at = '', id = '', of] = Buffer.from(bookmark, 'base64url').toString('utf8').split(' ');
      if (!/^[0-9TZ:.-]{24}$/.test(at) || !/^[0-9a-f]{1,48}$/.test(id) || of !== question) {
        throw new DomainError('INVALID_ARGUMENT', 'bookmark does not belong to this list');
      }
      return stub.createCompositeKey(noun, [...prefix, at, id]);
    }
    return begin === undefined ? base : stub.createCompositeKey(noun, [...prefix, begin]);
  }
}

/** A time as keys have it: to the millisecond, of one width. */
function timeOf(instant: string): string {
  const milliseconds = Date.parse(instant);
  const time = Number.isNaN(milliseconds) ? '' : new Date(milliseconds).toISOString();
  // The 30th of February is read as a day of March.
  if (time.slice(0, 10) === instant.slice(0, 10)) return time;
  throw new DomainError('INVALID_ARGUMENT', `there is no time ${instant}`);
}

async function activityAt(stub: ChaincodeStub, at: string, id: string): Promise<Activity> {
  const bytes = await stub.getState(stub.createCompositeKey(ROW, [at, id]));
  if (bytes.length === 0) throw new Error(`the index names an activity ${at} ${id} that is not there`);
  return activityOf(bytes);
}

const activityOf = (bytes: Uint8Array): Activity =>
  presentForm('activity', JSON.parse(Buffer.from(bytes).toString('utf8')) as Activity);
