// How long each question takes over a history of 10^5 transactions, through the routes: p50 and p99 of requests with
// parameters drawn at random, on the clock, of the processor, and of the thread that answers alone (without what V8
// compiles and collects beside it); and the first request after the start. JSON lines.
// As many requests of each kind as WARM_UP says come before, as to a gateway that has run for a while.
// TRANSACTIONS and SAMPLES say how many; INDEX is a file that an earlier run filled.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { API_PREFIX, fillPath } from '@consilium/domain';
import { QUESTIONS } from '../src/questions/all-questions.ts';
import { IndexReader } from '../src/read-model/ledger-index.ts';
import { openGateway } from '../src/testing/gateway-fixture.ts';
import { CHAINCODE } from '../src/testing/written-history.ts';
import { fillHistory } from './on-history/fill-history.ts';

const BENCH = 'gateway/questions';
/** As gateways are started: a large young generation makes one request in a hundred wait for its collection. */
const AS_STARTED = '--max-semi-space-size=2';
if (!process.execArgv.includes(AS_STARTED)) {
  // In place of this process, so that a signal reaches it.
  process.execve!(process.execPath, [process.execPath, AS_STARTED, import.meta.filename], process.env);
}
const TRANSACTIONS = Number(process.env.TRANSACTIONS ?? 100_000);
const SAMPLES = Number(process.env.SAMPLES ?? 300);
const WARM_UP = Number(process.env.WARM_UP ?? 100);
const GROUPS = 5;

const print = (line: object): boolean =>
  process.stdout.write(`${JSON.stringify({ bench: BENCH, ...line })}\n`);
const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)]!;
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
const millisecondsIn = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000;
const rounded = (ms: number): number => Math.round(ms * 100) / 100;

const directory = mkdtempSync(join(tmpdir(), 'questions-'));
const given = process.env.INDEX;
const file = given ?? join(directory, 'index.sqlite');
if (given === undefined) {
  const beganMs = performance.now();
  const { studies } = await fillHistory(file, TRANSACTIONS);
  const seconds = Math.round((performance.now() - beganMs) / 1000);
  const megabytes = Math.round(statSync(file).size / 1e6);
  print({ metric: 'history', transactions: TRANSACTIONS, studies, megabytes, seconds });
}
const history = new IndexReader(file, CHAINCODE);
const studies = history.read((ledger) => [...ledger.keys('study')].length);
const gateway = await openGateway({ history, limits: { requestsPerMinute: 1e9, questionsPerMinute: 1e9 } });

/** A request for a question, about anything that there is. */
function urlOf({ path }: { readonly path: string }): string {
  const group = Math.floor(Math.random() * GROUPS);
  const dataset = `${pick(['alpha', 'beta', 'delta', 'gamma'])}-${group}`;
  const mspId = pick(['AlphaMSP', 'BetaMSP', 'DeltaMSP', 'GammaMSP']);
  const day = new Date(Date.parse('2026-03-02') + Math.floor((Math.random() * studies) / 2) * 86_400_000);
  const values = {
    datasetId: dataset,
    populationId: dataset,
    studyId: `heart-${GROUPS + Math.floor(Math.random() * studies)}`,
    mspId,
    purpose: 'DUO:0000006',
    day: day.toISOString().slice(0, 10),
  };
  const month = new Date(day.getTime() + 30 * 86_400_000).toISOString().slice(0, 10);
  const period = `from=${values.day}&to=${month}`;
  const query = path.includes('{purpose}') || path.includes('{mspId}') ? period : '';
  return `${API_PREFIX}${fillPath(path as '{datasetId}', values as never)}?${query}`;
}

for (const question of QUESTIONS) {
  const times: number[] = [];
  const processor: number[] = [];
  const thread: number[] = [];
  let bytes = 0;
  for (let sample = 0; sample <= WARM_UP + SAMPLES; sample++) {
    const url = urlOf(question);
    // As between requests that come over a network. Without it nothing that a request leaves behind is collected.
    await nextTurn();
    const [askedMs, usage, own] = [performance.now(), process.cpuUsage(), process.threadCpuUsage()];
    const { statusCode, body } = await gateway.as('auditor', { url });
    times.push(performance.now() - askedMs);
    thread.push(millisecondsIn(process.threadCpuUsage(own)));
    processor.push(millisecondsIn(process.cpuUsage(usage)));
    if (statusCode !== 200) throw new Error(`${url}: ${body}`);
    bytes = Math.max(bytes, body.length);
  }
  const [first = 0] = times;
  const others = times.slice(1 + WARM_UP);
  const sorted = others.toSorted((a, b) => a - b);
  const [sortedProcessor, sortedThread] = [processor, thread].map((all) =>
    all.slice(1 + WARM_UP).toSorted((a, b) => a - b),
  ) as [number[], number[]];
  print({
    metric: question.operationId,
    requests: SAMPLES,
    firstMs: rounded(first),
    p50Ms: rounded(quantile(sorted, 0.5)),
    p99Ms: rounded(quantile(sorted, 0.99)),
    p50ProcessorMs: rounded(quantile(sortedProcessor, 0.5)),
    p99ProcessorMs: rounded(quantile(sortedProcessor, 0.99)),
    p50ThreadMs: rounded(quantile(sortedThread, 0.5)),
    p99ThreadMs: rounded(quantile(sortedThread, 0.99)),
    kilobytes: Math.round(bytes / 1000),
  });
}
await gateway.close();
history.close();
rmSync(directory, { recursive: true });
