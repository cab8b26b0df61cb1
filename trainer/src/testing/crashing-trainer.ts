// A trainer that kills itself (SIGKILL: nothing is flushed or cleaned up) after each of some durable steps, unless
// it has died there before. Started again and again, it gets one step further each time.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { pino } from 'pino';
import { decodePrivateKeyPem, MemberKeyRing } from '../artefacts/index.ts';
import { buildTrainer } from '../assemble-trainer.ts';
import { GatewayClient } from '../gateway/gateway-client.ts';
import { Journal } from '../journal/journal.ts';
import { FolderArtefactStore } from './folder-artefact-store.ts';

export interface CrashingTrainerOptions {
  readonly mspId: string;
  readonly directory: string;
  readonly storeFolder: string;
  readonly privateKeyPem: string;
  readonly gatewayUrl: string;
  readonly gatewayKey: string;
  /** One line per step that it has died at. */
  readonly deathsFile: string;
  /** Source of a regular expression: the steps it dies at. */
  readonly diesAt: string;
}

const options = JSON.parse(process.argv[2] ?? '{}') as CrashingTrainerOptions;
const deaths = existsSync(options.deathsFile) ? readFileSync(options.deathsFile, 'utf8').split('\n') : [];
const stopping = new AbortController();

function dieAt(step: string): void {
  if (deaths.includes(step) || !new RegExp(options.diesAt).test(step)) return;
  appendFileSync(options.deathsFile, `${step}\n`);
  // What the next one would compile again. Node writes it at the end of a process, to which this one does not come.
  flushCompileCache();
  process.kill(process.pid, 'SIGKILL');
}

const { service } = buildTrainer({
  mspId: options.mspId,
  trainerKey: 'unused-and-of-32-characters-or-more',
  takeoverMs: 60_000,
  pollMs: 20,
  minPauseMs: 10,
  ledger: new GatewayClient({ url: options.gatewayUrl, key: options.gatewayKey }),
  journal: new Journal(options.directory),
  dataFolders: [options.directory],
  store: new FolderArtefactStore(options.storeFolder),
  keys: MemberKeyRing.of(decodePrivateKeyPem(options.privateKeyPem)),
  log: pino({ level: process.env.LOG ?? 'silent' }, process.stderr),
  signal: stopping.signal,
  afterStep: dieAt,
  onProgress: (_, step) => dieAt(`train: private step ${step} taken`),
});
process.once('SIGTERM', () => stopping.abort());
await service.run();
