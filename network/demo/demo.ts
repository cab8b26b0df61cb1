// The main job, end to end: starts a consortium of the data's hospitals, runs one study through their gateways
// alone, verifies it against the ledger, and reports.

import { existsSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readConsortium } from '../src/config.ts';
import { genesisSha256Of } from '../src/genesis-digest.ts';
import type { LedgerNetwork } from '../src/ledger-network.ts';
import type { Addresses } from '../src/runtime.ts';
import { type DetachedConsortium, startDetached } from '../src/start-detached.ts';
import { writeWhole } from '../src/state-file.ts';
import { consortiumStatus } from '../src/status.ts';
import { stopConsortium } from '../src/stop.ts';
import { type DataSource, exportsOf, syntheticFiles, uciFiles } from './data-files.ts';
import { sitesOf, writeConfiguration } from './demo-consortium.ts';
import { sampleMemory } from './memory-sampler.ts';
import { isOwnFolder, ownFiles } from './own-files.ts';
import { type ProgressView, progressView } from './progress-view.ts';
import { readJsonFile } from './read-json-file.ts';
import { renderReport } from './report.ts';
import { StageClock } from './stage-clock.ts';
import { readStudyPlan, type StudyPlan } from './study-plan.ts';
import { runStudy } from './study-run.ts';
import { summarise } from './summarise.ts';
import type { Summary } from './summary.ts';

export interface DemoOptions {
  readonly network: LedgerNetwork;
  /** A folder with the four UCI files, or of one's own files; synthetic cohorts where undefined. */
  readonly dataDirectory: string | undefined;
  readonly outDirectory: string;
  readonly seed: number;
  readonly rounds: number | undefined;
  readonly keep: boolean;
  readonly json: boolean;
  /** Stops everything; the reason is thrown when nothing runs any more. */
  readonly signal: AbortSignal;
}

/** One person plays all roles of a demo, and so may make their keys in the console. */
const DEMO_ENVIRONMENT = { CONSILIUM_API_KEYS_BY_REST: 'on' };

/** Runs the demo. Whatever happens, nothing keeps running unless `keep` is set and everything went well. */
export async function runDemo(options: DemoOptions): Promise<boolean> {
  const { outDirectory, network, seed, keep, json, signal } = options;
  const { source: files, plan } = await readData(options);
  const source = exportsOf(files, join(outDirectory, 'exports'));
  const view = progressView(json ? process.stderr : process.stdout);
  const directory = join(outDirectory, 'consortium');
  await clearEarlierRun(directory, view);
  const configFile = writeConfiguration(source, network, outDirectory);
  const clock = new StageClock();
  let consortium: DetachedConsortium | undefined;
  const memory = sampleMemory(directory);
  let kept = false;
  try {
    const ledger = network.runtime === 'native' ? `, on Fabric with ${network.ordering} ordering` : '';
    view.line(`Starting a consortium of ${source.hospitals.length} hospitals on this machine${ledger}`);
    const report = (line: string) => view.line(`  ${line}`);
    consortium = await clock.time('start the consortium', () =>
      startDetached({ configFile, directory, report, signal, environment: DEMO_ENVIRONMENT }),
    );
    const addresses = readJsonFile<Addresses>(join(directory, 'consortium.json'));
    const sites = sitesOf(source, addresses, { directory, signal });
    const facts = await runStudy({
      sites,
      plan,
      source,
      clock,
      view,
      addresses,
      trust: {
        genesisSha256: genesisSha256Of(directory) ?? '',
        chaincode: readConsortium(configFile).chaincode.name,
        file: join(outDirectory, 'evidence.ndjson'),
      },
      signal,
    });
    const summary = summarise({
      ...facts,
      sites,
      plan,
      addresses,
      stages: clock.stages,
      network,
      data: dataFacts(source, seed),
      peakMemory: memory.stop(),
      consortiumDirectory: relative(process.cwd(), directory) || '.',
      kept: keep,
    });
    writeWhole(join(outDirectory, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
    kept = keep;
    return await finish(summary, { json, keep, consortium, outDirectory });
  } catch (error) {
    // Whatever was going on says only that it was called off; the reason is the signal's.
    signal.throwIfAborted();
    throw error;
  } finally {
    memory.stop();
    if (!kept) await consortium?.stop();
  }
}

/** Whose patients, and which study. */
async function readData({
  dataDirectory,
  outDirectory,
  seed,
  rounds,
}: DemoOptions): Promise<{ readonly source: DataSource; readonly plan: StudyPlan }> {
  if (dataDirectory !== undefined && isOwnFolder(dataDirectory)) {
    return ownFiles(dataDirectory, { outDirectory, rounds });
  }
  const source =
    dataDirectory === undefined
      ? syntheticFiles(seed, join(outDirectory, 'cohorts'))
      : uciFiles(dataDirectory);
  return { source, plan: readStudyPlan(rounds) };
}

/** What the summary says of the data that ran. */
export const dataFacts = ({ kind, folder, hospitals }: DataSource, seed: number): Summary['data'] => ({
  kind,
  seed: kind === 'synthetic' ? seed : null,
  own:
    folder === undefined
      ? null
      : { folder, files: hospitals.map(({ name, own = '' }) => ({ hospital: name, file: own })) },
});

async function finish(
  summary: Summary,
  options: { json: boolean; keep: boolean; consortium: DetachedConsortium; outDirectory: string },
): Promise<boolean> {
  const { json, keep, consortium, outDirectory } = options;
  if (keep) consortium.letGo();
  else await consortium.stop();
  if (json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  else {
    process.stdout.write(renderReport(summary));
    process.stdout.write(
      `All of this as data: ${relative(process.cwd(), join(outDirectory, 'summary.json'))}\n`,
    );
  }
  return summary.holds;
}

/** An earlier demo's consortium is stopped and its directory removed: every demo is a new consortium. */
async function clearEarlierRun(directory: string, view: ProgressView): Promise<void> {
  if (consortiumStatus(directory).state !== 'stopped') {
    const stopped = await stopConsortium(directory);
    view.line(`Stopped ${stopped} processes of an earlier demo`);
  }
  if (existsSync(directory)) rmSync(directory, { recursive: true });
}
