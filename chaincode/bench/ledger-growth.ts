// What recording an update and asking the auditors' questions cost when 10^3, 10^4 and 10^5 updates are recorded.
// The contracts run as they do on a peer; the state is a sorted table on disk; the rows of earlier updates are
// those of real transactions, copied under other studies. One line of JSON per operation and size, and one with
// the growth of its median from the smallest size to the largest. GROWTH=1000,10000 chooses sizes, SAMPLES how many
// calls of each are measured.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type Argument, canonicalJson, type TransactionName } from '../src/domain/index.ts';
import { sha256, updateArgument } from '../src/testing/examples.ts';
import { execute } from '../src/testing/execute.ts';
import { as, STUDY, StudyOnLedger } from '../src/testing/study-on-ledger.ts';
import { SortedState, SortedStub } from './sorted-state.ts';

const SIZES = (process.env.GROWTH ?? '1000,10000,100000').split(',').map(Number);
const SAMPLES = Number(process.env.SAMPLES ?? 200);
const WARM_UPS = 1000;
const BATCH = 5000;
const caller = as('trainer', 'AlphaMSP');
const auditor = as('auditor', 'BetaMSP');

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
  return { rows, update: endorsed.endorsements[0]!.results.writes, now: study.now };
}

/** The rows that one recorded update leaves, as if study i had recorded it at its own time. */
function updateOf(i: number, update: readonly [string, string][], now: number): [string, string][] {
  const at = new Date(now - 31_536_000_000 + i * 100).toISOString();
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
  // The account is one row however many updates there are: the newest version is all that state holds.
  return update
    .filter(([key]) => !key.startsWith('\u0000budget\u0000'))
    .map(([key, value]) => [renamed(key), renamed(value)]);
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]!;

async function main(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'consilium-growth-'));
  const state = new SortedState(join(dir, 'state.sqlite'));
  try {
    const { rows, update, now } = await template();
    state.inOneGo(() => {
      for (const [key, value] of rows) state.put(key, value);
    });
    let sequence = 0;
    const call = async <N extends TransactionName>(
      who: typeof caller,
      name: N,
      argument: Argument<N>,
    ): Promise<{ ms: number; rowsRead: number; response: string }> => {
      const txId = sha256(`measured ${sequence++}`);
      const proposal = {
        txId,
        at: new Date(now + 1000),
        mspId: who.mspId,
        role: who.role,
        person: 'bench',
        certificate: 'bench',
      };
      const stub = new SortedStub(state, proposal, 'AlphaMSP');
      const start = performance.now();
      const execution = { stub: stub as never, proposal, sent: undefined, now, log: console.error };
      const response = await execute(name, canonicalJson(argument), execution);
      return { ms: performance.now() - start, rowsRead: stub.rowsRead, response };
    };

    const recorded = (size: number) => ({
      recordUpdate: (i: number) =>
        call(caller, 'round:recordUpdate', {
          ...updateArgument({ studyId: STUDY, datasetId: 'alpha' }),
          plaintextSha256: sha256(`new ${i}`),
        }),
      'activities of a dataset, first page': () =>
        call(auditor, 'audit:listActivities', { by: 'dataset', value: 'alpha' }),
      'activities of a dataset, a page in the middle of time': (i: number) =>
        call(auditor, 'audit:listActivities', {
          by: 'dataset',
          value: 'alpha',
          from: new Date(now - 31_536_000_000 + ((i * 7919) % size) * 100).toISOString(),
        }),
      'activities of a study': (i: number) =>
        call(auditor, 'audit:listActivities', { by: 'study', value: studyName((i * 7919) % size) }),
      'activities of a hospital, a page in the middle of time': (i: number) =>
        call(auditor, 'audit:listActivities', {
          by: 'hospital',
          value: 'AlphaMSP',
          from: new Date(now - 31_536_000_000 + ((i * 7919) % size) * 100).toISOString(),
        }),
      'privacy events of a dataset, first page': () =>
        call(auditor, 'privacy:listEvents', { datasetId: 'alpha' }),
      'one update': (i: number) =>
        call(auditor, 'round:getUpdate', {
          studyId: studyName((i * 7919) % size),
          round: 1,
          datasetId: 'alpha',
        }),
    });

    const medians = new Map<string, number[]>();
    /** What the machine makes faster by itself is nobody's growth. */
    const warmUp = async () => {
      for (const once of Object.values(recorded(SIZES[0]!))) for (let i = 0; i < WARM_UPS; i++) await once(i);
    };
    let written = 0;
    for (const size of SIZES) {
      while (written < size) {
        const end = Math.min(size, written + BATCH);
        state.inOneGo(() => {
          for (; written < end; written++) {
            for (const [key, value] of updateOf(written, update, now)) state.put(key, value);
          }
        });
      }
      if (medians.size === 0) await warmUp();
      for (const [operation, once] of Object.entries(recorded(size))) {
        for (let i = 0; i < SAMPLES / 4; i++) await once(i);
        const durationsMs: number[] = [];
        let rowsRead = 0;
        for (let i = 0; i < SAMPLES; i++) {
          const sample = await once(SAMPLES + i);
          durationsMs.push(sample.ms);
          rowsRead = Math.max(rowsRead, sample.rowsRead);
        }
        durationsMs.sort((a, b) => a - b);
        const medianMs = quantile(durationsMs, 0.5);
        medians.set(operation, [...(medians.get(operation) ?? []), medianMs]);
        const p95Ms = quantile(durationsMs, 0.95);
        const line = { bench: 'ledger-growth', operation, updates: size, rows: state.count(), rowsRead };
        print({ ...line, medianMs: round(medianMs), p95Ms: round(p95Ms), samples: SAMPLES });
      }
    }
    for (const [operation, found] of medians) {
      const growthPercent = round((found.at(-1)! / found[0]! - 1) * 100);
      const line = { bench: 'ledger-growth', operation, from: SIZES[0], to: SIZES.at(-1) };
      print({ ...line, growthPercent, targetPercent: 20 });
    }
  } finally {
    state.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
const print = (line: object): void => console.log(JSON.stringify(line));

await main();
