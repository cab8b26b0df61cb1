// An account from its present sums back to its first: its row names the present version by digest, each version the one
// before, and the first of them, where the account is from before there were versions, the row as it was then.

import { type Budget, type BudgetRow, type BudgetVersion, type Pool, presentForm } from '@consilium/domain';
import type { EarlierValue, MemoryState } from '../blocks/memory-state.ts';
import { rowKey, type Version } from '../blocks/read-write-set.ts';
import { utf8Text } from '../wire/bytes.ts';
import { hex, sha256 } from '../wire/digests.ts';

/** Whose account it is. */
export interface AccountKey {
  readonly populationId: string;
  readonly pool: Pool;
  readonly block: number;
}

/** An account as it is, and where it was changed, newest first. */
export interface AccountChanges {
  readonly account: Budget;
  readonly changes: readonly Version[];
}

interface Ledger {
  readonly rows: MemoryState;
  readonly chaincode: string;
}

/** Accounts of block 1 leave it out, as those from before there were blocks. */
const partsOf = ({ populationId, pool, block }: AccountKey): string[] => [
  populationId,
  pool,
  ...(block === 1 ? [] : [String(block).padStart(5, '0')]),
];

/** The account with every change of it; otherwise what is missing. */
export function accountChanges(
  key: AccountKey,
  { rows, chaincode }: Ledger,
): AccountChanges | { readonly problem: string } {
  const parts = partsOf(key);
  const held = rows.history(chaincode, rowKey('budget', parts));
  const [present] = held;
  const row = present && parse<BudgetRow | Budget>('budget', present.value);
  if (row === undefined) return { problem: 'no block that is shown holds its row' };
  if (!('version' in row)) return { account: row, changes: held.map(({ version }) => version) };
  const { version: last, versionSha256, ...holder } = row;
  const changes: Version[] = [];
  let account: Budget | undefined;
  let digest: string | undefined = versionSha256;
  for (let number = last; number > 0 && digest !== undefined; number--) {
    const found = withDigest(
      rows.history(chaincode, rowKey('budget-version', [...parts, String(number)])),
      digest,
    );
    const sums = found && parse<BudgetVersion>('budget-version', found.value);
    if (found === undefined || sums === undefined) {
      return { problem: `its version ${number} of ${last} is in no block that is shown` };
    }
    const { spent, reserved, gaussian } = sums;
    account ??= { ...holder, spent, reserved, ...(gaussian !== undefined && { gaussian }) };
    changes.push(found.version);
    digest = sums.previousSha256;
    if (number > 1 && digest === undefined) return { problem: `its version ${number} names none before it` };
  }
  // Its row of before there were versions, and all that this held until then.
  const first = digest === undefined ? held.length : held.findIndex((one) => digestOf(one) === digest);
  if (first < 0) return { problem: 'its row from before it had versions is in no block that is shown' };
  changes.push(...held.slice(first).map(({ version }) => version));
  return { account: account!, changes };
}

const digestOf = ({ value }: EarlierValue): string => hex(sha256(value));
const withDigest = (values: readonly EarlierValue[], digest: string): EarlierValue | undefined =>
  values.find((one) => digestOf(one) === digest);

function parse<T>(kind: 'budget' | 'budget-version', value: Uint8Array): T | undefined {
  try {
    return presentForm(kind, JSON.parse(utf8Text(value)) as T);
  } catch {
    return undefined;
  }
}
