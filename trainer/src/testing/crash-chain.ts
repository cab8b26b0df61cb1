// One hospital's study, lived through by trainers that are killed one after the other.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodePrivateKeyPem } from '../artefacts/index.ts';
import type { CrashingTrainerOptions } from './crashing-trainer.ts';
import { FolderArtefactStore } from './folder-artefact-store.ts';
import { GatewayServer } from './gateway-server.ts';
import { type SmallConsortium, smallConsortium } from './small-consortium.ts';

const PROGRAM = fileURLToPath(new URL('./crashing-trainer.js', import.meta.url));
const KEY = 'gateway-key';
const MOST_LIVES = 100;
/** The step after which there is none: a trainer that is to die there is given time to. */
const LAST_STEP = 'study:settle: on the ledger';
const DYING_MS = 60_000;

export interface CrashChain extends SmallConsortium {
  readonly directory: string;
  readonly gateway: GatewayServer;
  /** The steps that a trainer has died at, in order. */
  readonly deaths: readonly string[];
}

/** Runs a study of one round to its end, through the death of a trainer at each step that matches once. */
export async function runCrashChain(diesAt: RegExp): Promise<CrashChain> {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-crash-'));
  const storeFolder = join(directory, 'store');
  const deathsFile = join(directory, 'deaths');
  // One hospital alone takes every step there is.
  const world = await smallConsortium({
    directory,
    store: new FolderArtefactStore(storeFolder),
    mspIds: ['A'],
    study: { rounds: 1, quorum: { updates: 1, validators: 1 } },
  });
  const { consortium, hospitals } = world;
  const [hospital] = hospitals;
  assert.ok(hospital !== undefined);
  const gateway = new GatewayServer({ consortium, mspId: 'A', key: KEY });
  const options: CrashingTrainerOptions = {
    mspId: 'A',
    directory: hospital.directory,
    storeFolder,
    privateKeyPem: encodePrivateKeyPem(hospital.keys),
    gatewayUrl: await gateway.listen(),
    gatewayKey: KEY,
    deathsFile,
    diesAt: diesAt.source,
  };
  const settled = () => consortium.consentsOf('study').every(({ state }) => state === 'settled');
  for (let life = 1; !settled(); life += 1) {
    assert.ok(life <= MOST_LIVES, 'it does not get any further');
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(directory, 'compiled') },
    });
    let ending: NodeJS.Timeout | undefined;
    const stop = consortium.onEvent(() => {
      if (!settled()) return;
      ending ??= setTimeout(() => child.kill('SIGTERM'), diesAt.test(LAST_STEP) ? DYING_MS : 0);
    });
    const [code, signal] = await once(child, 'exit');
    stop();
    clearTimeout(ending);
    assert.ok(settled() || signal === 'SIGKILL', `it ended by itself with code ${code}`);
  }
  const deaths = existsSync(deathsFile) ? readFileSync(deathsFile, 'utf8').trim().split('\n') : [];
  return { ...world, directory, gateway, deaths };
}
