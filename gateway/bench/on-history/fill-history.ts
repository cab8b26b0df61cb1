// A history of some 10^5 transactions: one study that the chaincode's own contracts ran, written again and again under
// other names and at other times, over groups of datasets whose accounts go on from study to study.
import type { MemoryConsortium } from '@consilium/chaincode/testing/memory-consortium';
import { StudyOnLedger } from '@consilium/chaincode/testing/study-on-ledger';
import type { Budget, BudgetRow, BudgetVersion, RowKind } from '@consilium/domain';
import { updateArgument } from '@consilium/domain/testing/examples';
import { compositeKey, splitKey } from '../../src/read-model/index-schema.ts';
import { LedgerIndex } from '../../src/read-model/ledger-index.ts';
import { addPlayed, type PlayedTransaction } from '../../src/testing/played-history.ts';
import { CHAINCODE } from '../../src/testing/written-history.ts';

const STUDY = 'heart';
const DATASETS = ['alpha', 'beta', 'delta', 'gamma'];
const MEMBERS = ['AlphaMSP', 'BetaMSP', 'DeltaMSP', 'GammaMSP'];
const ROUNDS = 10;
/** Of so many studies one has a consent withdrawn. */
const WITHDRAWN_OF = 10;
const GROUPS = 5;
const APART_MS = 12 * 3_600_000;
/** Never reached: accounts of a bench bear what no patient would. */
const EPSILON = '100000';

type Committed = MemoryConsortium['committed'][number];

async function playOne(): Promise<{ readonly before: Committed[]; readonly study: Committed[] }> {
  const study = await StudyOnLedger.prepared(EPSILON);
  const before = [...study.committed];
  await study.propose({ rounds: ROUNDS, purpose: 'DUO:0000006' });
  for (const datasetId of DATASETS) await study.consent(datasetId);
  await study.submit({ role: 'researcher', mspId: 'AlphaMSP' }, 'study:start', { studyId: STUDY });
  for (let round = 1; round < ROUNDS; round++) await study.wholeRound(round);
  await study.trained(ROUNDS);
  await study.verdict('GammaMSP', ROUNDS, {
    decisions: DATASETS.map((datasetId) =>
      datasetId === 'beta'
        ? { datasetId, decision: 'reject', reason: 'norm-exceeded' }
        : { datasetId, decision: 'accept' },
    ),
  });
  for (const mspId of ['AlphaMSP', 'BetaMSP', 'DeltaMSP']) await study.verdict(mspId, ROUNDS);
  await study.tally(ROUNDS);
  for (const mspId of MEMBERS) await study.attest(mspId, ROUNDS);
  await study.finalize(ROUNDS);
  await study.submit({ role: 'researcher', mspId: 'AlphaMSP' }, 'model:publish', { studyId: STUDY });
  for (const datasetId of DATASETS) await study.settle(datasetId);
  await study.submit({ role: 'steward', mspId: 'DeltaMSP' }, 'study:withdraw', {
    studyId: STUDY,
    datasetId: 'delta',
    reason: 'a patient asked for it',
  });
  await study.submit({ role: 'trainer', mspId: 'AlphaMSP' }, 'study:attestErasure', {
    studyId: STUDY,
    datasetId: 'delta',
    artefacts: Array.from({ length: ROUNDS }, (_, i) => ({
      round: i + 1,
      sha256: updateArgument({ studyId: STUDY, datasetId: 'delta', round: i + 1 }).artefact.sha256,
      unpinned: true,
      keysDestroyed: false,
    })),
  });
  return { before, study: study.committed.slice(before.length) };
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[.]\d{3}Z$/;

/** Another study, or another group of datasets, with the same names in it changed. */
class Copy {
  readonly #names: ReadonlyMap<string, string>;
  readonly #shiftMs: number;
  readonly #number: string;

  constructor({
    number,
    group,
    shiftMs,
  }: { readonly number: number; readonly group: number; readonly shiftMs: number }) {
    this.#shiftMs = shiftMs;
    this.#number = number.toString(16).padStart(8, '0');
    this.#names = new Map([
      [STUDY, `${STUDY}-${number}`],
      ...DATASETS.map((id) => [id, `${id}-${group}`] as const),
    ]);
  }

  text = (text: string): string => {
    const name = this.#names.get(text);
    if (name !== undefined) return name;
    return INSTANT.test(text) ? new Date(Date.parse(text) + this.#shiftMs).toISOString() : text;
  };

  value = (value: unknown): unknown => {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map(this.value);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, this.value(part)]));
  };

  transaction({ name, argument, proposal, signers, results }: Committed): PlayedTransaction {
    return {
      name,
      argument: JSON.stringify(this.value(JSON.parse(argument))),
      signers,
      proposal: {
        ...proposal,
        txId: `${this.#number}${proposal.txId.slice(8)}`,
        at: new Date(proposal.at.getTime() + this.#shiftMs),
      },
      writes: results.writes.map(([key, value]) => [this.#key(key), value === '' ? '' : this.#row(value)]),
    };
  }

  #key(key: string): string {
    const split = splitKey(key);
    return split === undefined ? key : compositeKey(split.kind, split.parts.map(this.text));
  }

  #row = (value: string): string =>
    value.startsWith('{') ? JSON.stringify(this.value(JSON.parse(value))) : value;
}

/** Accounts of a group of datasets, which go on where the study before left them. */
class GroupAccounts {
  readonly #ends = new Map<string, { readonly version: number; readonly sums: BudgetVersion }>();
  #studies = 0;

  goOn(transaction: PlayedTransaction): PlayedTransaction {
    return { ...transaction, writes: transaction.writes.map(([key, value]) => this.#moved(key, value)) };
  }

  /** What the study left is where the next begins. */
  end(study: readonly PlayedTransaction[]): void {
    if (this.#studies === 0) {
      for (const [key, value] of study.flatMap(({ writes }) => writes)) {
        const { kind, parts } = splitKey(key)!;
        if (kind !== 'budget-version') continue;
        const [version, ...account] = parts.toReversed();
        const sums = JSON.parse(value) as BudgetVersion;
        this.#ends.set(account.toReversed().join(' '), { version: Number(version), sums });
      }
    }
    this.#studies += 1;
  }

  #moved(key: string, value: string): [string, string] {
    const { kind, parts } = splitKey(key)!;
    if (kind === 'budget') {
      const end = this.#ends.get(parts.join(' '));
      if (end === undefined) return [key, value];
      const row = JSON.parse(value) as BudgetRow;
      return [key, JSON.stringify({ ...row, version: row.version + this.#studies * (end.version - 1) })];
    }
    if (kind !== 'budget-version') return [key, value];
    const account = parts.slice(0, -1);
    const end = this.#ends.get(account.join(' '));
    if (end === undefined) return [key, value];
    const version = Number(parts.at(-1)) + this.#studies * (end.version - 1);
    const sums = JSON.parse(value) as BudgetVersion;
    const moved: Pick<Budget, 'spent' | 'gaussian'> = {
      spent: sums.spent.map((cost, i) => this.#sum(cost, end.sums.spent[i]!)),
      ...(sums.gaussian !== undefined && {
        gaussian: {
          ...sums.gaussian,
          spent: this.#sum(sums.gaussian.spent, end.sums.gaussian!.spent),
        },
      }),
    };
    return [
      compositeKey(kind as RowKind, [...account, String(version)]),
      JSON.stringify({ ...sums, ...moved }),
    ];
  }

  #sum = (own: string, before: string): string =>
    (BigInt(own) + BigInt(before) * BigInt(this.#studies)).toString();
}

/** Fills an index in a file with at least so many transactions, a block each. */
export async function fillHistory(file: string, transactions: number): Promise<{ readonly studies: number }> {
  const { before, study } = await playOne();
  const index = new LedgerIndex({ file, chaincode: CHAINCODE });
  const accounts = Array.from({ length: GROUPS }, () => new GroupAccounts());
  let block = 0;
  let number = 0;
  const add = (added: readonly PlayedTransaction[]): void => {
    index.write(() => {
      for (const transaction of added) addPlayed(index, block++, transaction);
    });
  };
  for (let group = 0; group < GROUPS; group++) {
    const copy = new Copy({ number: group, group, shiftMs: 0 });
    add(
      before
        .filter(({ name }) => group === 0 || name !== 'member:register')
        .map((one) => copy.transaction(one)),
    );
  }
  for (; block < transactions; number++) {
    const group = number % GROUPS;
    const copy = new Copy({ number: number + GROUPS, group, shiftMs: (number + 1) * APART_MS });
    const isWithdrawn = number % WITHDRAWN_OF === 0;
    const played = study
      .filter(({ name }) => isWithdrawn || !['study:withdraw', 'study:attestErasure'].includes(name))
      .map((one) => copy.transaction(one));
    add(played.map((transaction) => accounts[group]!.goOn(transaction)));
    accounts[group]!.end(played);
  }
  index.write(() => index.agree(['AlphaMSP', 'BetaMSP'], block));
  index.close();
  return { studies: number };
}
