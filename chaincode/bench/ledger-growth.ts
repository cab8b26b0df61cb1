// What recording an update and asking the auditors' questions cost when 10^3, 10^4 and 10^5 updates are recorded.
// The contracts run as they do on a peer; the state is a sorted table on disk; the rows of earlier updates are
// those of real transactions, copied under other studies. One line of JSON per operation and size, and one with
// the growth of its median from the smallest size to the largest. GROWTH=1000,10000 chooses sizes, SAMPLES how many
// calls of each are measured.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type Argument, type BudgetRow, canonicalJson, type TransactionName } from '@consilium/domain';
import { sha256, updateArgument } from '@consilium/domain/testing/examples';
import { execute } from '../src/testing/execute.ts';
import { as, STUDY, StudyOnLedger } from '../src/testing/study-on-ledger.ts';
import { SortedState, SortedStub } from './sorted-state.ts';

const SIZES = (process.env.GROWTH ?? '1000,10000,100000').split(',').map(Number);
const SAMPLES = Number(process.env.SAMPLES ?? 200);
const WARM_UPS = 200;
const YEAR_MS = 31_536_000_000;
const STEP_MS = 100;
const caller = as('trainer', 'AlphaMSP');
const auditor = as('auditor', 'BetaMSP');
const account = { noun: 'budget' as const, key: ['alpha', 'training'], pageSize: 10 };

/** Another study under the same width of name, so that rows are as long as the real ones. */
const studyName = (i: number): string => `s${String(i).padStart(STUDY.length + 6, '0')}`;

/** A ledger whose study STUDY runs, with its first round open and Alpha's update recorded. */
async function template(): Promise<{ rows: [string, string][]; update: [string, string][]; now: number }> {
  const study = await StudyOnLedger.running({ rounds: 2 });
  await study.open(1);
  const rows = [...study.world.rows].map(([key, { value }]): [string, string] => [
    key,
    Buffer.from(value).toString(),
  ]);
  const endorsed = await study.endorse(
    caller,
    'round:recordUpdate',
    updateArgument({ studyId: STUDY, datasetId: 'alpha' }),
  );
  const update = [...rows.filter(isStudy), ...endorsed.endorsements[0]!.results.writes];
  return { rows, update, now: study.now };
}

const isStudy = ([key]: readonly [string, string]): boolean => key.startsWith('\u0000study\u0000');

/** The row of a study and those that one recorded update leaves, as if study i had recorded it at its own time. */
function updateOf(i: number, update: readonly [string, string][], now: number): [string, string][] {
  const at = new Date(now - YEAR_MS + i * STEP_MS).toISOString();
  const transactionId = sha256(`transaction ${i}`);
  const [activity] = update.filter(([key]) => key.startsWith('\u0000activity\u0000'));
  const before = JSON.parse(activity![1]) as { at: string; transactionId: string };
  const plaintext = updateArgument({ studyId: STUDY, datasetId: 'alpha' }).plaintextSha256;
  const renamed = (text: string): string =>
    text
      .replaceAll(before.at, at)
      .replaceAll(before.transactionId, transactionId)
      .replaceAll(before.transactionId.slice(0, 16), transactionId.slice(0, 16))
      .replaceAll(plaintext, sha256(`plaintext ${i}`))
      .replaceAll(`\u0000${STUDY}\u0000`, `\u0000${studyName(i)}\u0000`)
      .replaceAll(`"${STUDY}"`, `"${studyName(i)}"`);
  return update
    .filter(([key]) => !key.startsWith('\u0000budget'))
    .map(([key, value]) => [renamed(key), renamed(value)]);
}

/** Alpha's account after so many updates: every version with the digest of the one before, and the account's row. */
function* accountAfter(size: number, update: readonly [string, string][]): Generator<[string, string]> {
  const [, first] = update.find(([key]) => key.startsWith('\u0000budget-version\u0000'))!;
  const [key, row] = update.find(([written]) => written.startsWith('\u0000budget\u0000'))!;
  const before = JSON.parse(row) as BudgetRow;
  let { version, versionSha256 } = before;
  const prefix = `\u0000budget-version\u0000${before.populationId}\u0000${before.pool}\u0000`;
  const keyOf = () => `${prefix}${version}\u0000`;
  yield [keyOf(), first];
  for (let i = 1; i < size; i++) {
    const next = {
      ...JSON.parse(first),
      transactionId: sha256(`transaction ${i}`),
      previousSha256: versionSha256,
    };
    const text = canonicalJson(next);
    version += 1;
    versionSha256 = sha256(text);
    yield [keyOf(), text];
  }
  yield [key, canonicalJson({ ...before, version, versionSha256 })];
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]!;

type Sample = { readonly ms: number; readonly rowsRead: number };
type Operation = (i: number) => Promise<Sample>;

/** The measured calls on one ledger that holds `size` recorded updates. */
function operationsOn(state: SortedState, size: number, now: number): Readonly<Record<string, Operation>> {
  let sequence = 0;
  const call = async <N extends TransactionName>(
    { mspId, role }: typeof caller,
    name: N,
    argument: Argument<N>,
  ): Promise<Sample & { readonly answer: string }> => {
    const txId = sha256(`measured ${sequence++}`);
    const at = new Date(now + 1000);
    const proposal = { txId, at, mspId, role, person: 'bench', certificate: 'bench' };
    const stub = new SortedStub(state, proposal, 'AlphaMSP');
    const text = canonicalJson(argument);
    const start = performance.now();
    const answer = await execute(name, text, { stub, proposal, sent: undefined, now, log: console.error });
    return { ms: performance.now() - start, rowsRead: stub.rowsRead, answer };
  };
  const some = (i: number): number => (i * 7919) % size;
  const timeOf = (i: number): string => new Date(now - YEAR_MS + some(i) * STEP_MS).toISOString();
  return {
    recordUpdate: (i) =>
      call(caller, 'round:recordUpdate', {
        ...updateArgument({ studyId: STUDY, datasetId: 'alpha' }),
        plaintextSha256: sha256(`new ${i}`),
      }),
    'activities of a dataset, first page': () =>
      call(auditor, 'audit:listActivities', { by: 'dataset', value: 'alpha' }),
    'activities of a dataset, from some time': (i) =>
      call(auditor, 'audit:listActivities', { by: 'dataset', value: 'alpha', from: timeOf(i) }),
    'activities of a hospital, from some time': (i) =>
      call(auditor, 'audit:listActivities', { by: 'hospital', value: 'AlphaMSP', from: timeOf(i) }),
    'activities of a study': (i) =>
      call(auditor, 'audit:listActivities', { by: 'study', value: studyName(some(i)) }),
    'privacy events of a dataset, first page': () =>
      call(auditor, 'privacy:listEvents', { datasetId: 'alpha' }),
    'history of an account, newest page': () => call(auditor, 'audit:getHistory', account),
    'history of an account, page after a cursor': async () => {
      const { answer } = await call(auditor, 'audit:getHistory', account);
      const { bookmark } = JSON.parse(answer) as { bookmark: string };
      return call(auditor, 'audit:getHistory', { ...account, bookmark });
    },
    'one update': (i) =>
      call(auditor, 'round:getUpdate', { studyId: studyName(some(i)), round: 1, datasetId: 'alpha' }),
  };
}

async function main(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'consilium-growth-'));
  const states: SortedState[] = [];
  try {
    const { rows, update, now } = await template();
    const ledgers = SIZES.map((size) => {
      const state = new SortedState(join(dir, `${size}.sqlite`));
      states.push(state);
      state.inOneGo(() => {
        for (const [key, value] of rows) state.put(key, value);
        for (let i = 0; i < size; i++) {
          for (const [key, value] of updateOf(i, update, now)) state.put(key, value);
        }
        for (const [key, value] of accountAfter(size, update)) state.put(key, value);
      });
      return { size, rows: state.count(), operations: operationsOn(state, size, now) };
    });
    for (const operation of Object.keys(ledgers[0]!.operations)) {
      const samples = ledgers.map((): Sample[] => []);
      // The ledgers take turns, so that whatever else the machine does slows all of them alike; the first calls,
      // which the machine is still making faster by itself, count for none.
      for (let i = 0; i < WARM_UPS + SAMPLES; i++) {
        for (const [n, ledger] of ledgers.entries()) {
          const sample = await ledger.operations[operation]!(i);
          if (i >= WARM_UPS) samples[n]!.push(sample);
        }
      }
      const medians = ledgers.map(({ size, rows }, n) => {
        const sorted = samples[n]!.map(({ ms }) => ms).sort((a, b) => a - b);
        const medianMs = round(quantile(sorted, 0.5));
        const rowsRead = Math.max(...samples[n]!.map((sample) => sample.rowsRead));
        const line = { bench: 'ledger-growth', operation, updates: size, rows, rowsRead, medianMs };
        print({ ...line, p95Ms: round(quantile(sorted, 0.95)), samples: SAMPLES });
        return medianMs;
      });
      const growthPercent = round((medians.at(-1)! / medians[0]! - 1) * 100);
      const line = { bench: 'ledger-growth', operation, from: SIZES[0], to: SIZES.at(-1), growthPercent };
      print({ ...line, targetPercent: 20 });
    }
  } finally {
    for (const state of states) state.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
const print = (line: object): void => console.log(JSON.stringify(line));

await main();
