// `hospital compose` and `hospital complete`: a file for Docker Compose, and what the supervisor does between its
// stages when other hands start the processes.
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EXIT, required } from '@consilium/command-line';
import { DEFAULT_LOG_LIMITS } from '../log-rotation.ts';
import { ownFolder } from '../programs.ts';
import type { Plan } from '../runtime.ts';
import { writeWhole } from '../state-file.ts';
import { consortiumStatus } from '../status.ts';
import { chaincodeVersions, takeUpVersion } from './chaincode-versions.ts';
import { answer, note, type Place } from './command-place.ts';
import { composeFile } from './compose-file.ts';
import { gatewayFiles } from './hospital-gateway.ts';
import type { HospitalLayout } from './hospital-layout.ts';

/** Kubo and Node as this version is tried with; Fabric's is the agreed one. */
const KUBO_IMAGE = 'ipfs/kubo:v0.43.1';
const NODE_IMAGE = 'node:24-bookworm-slim';

/**
 * Takes up the version of the chaincode that all agreed on since, as `hospital upgrade` does where the supervisor
 * starts the processes. Returns whether it is not the supervisor that does. @throws as takeUpVersion
 */
export function takeUpForCompose({ hospital, layout }: Pick<Place, 'hospital' | 'layout'>): boolean {
  if (chaincodeVersions(layout).length === 0) return false;
  if (consortiumStatus(layout.directory).state !== 'stopped') return false;
  takeUpVersion(hospital, layout);
  return true;
}

export function compose(place: Place, plan: Plan): number {
  const { values, hospital, layout, path } = place;
  const { file, own, consortium } = hospital;
  const out = resolve(required(values.out, 'out'));
  const { uid, gid } = statSync(layout.directory);
  const environments = join(layout.directory, 'compose');
  const composed = composeFile({
    ...{ organisation: own.name, plan, folder: layout.directory, user: `${uid}:${gid}` },
    images: {
      orderer: `hyperledger/fabric-orderer:${consortium.fabric}`,
      peer: `hyperledger/fabric-peer:${consortium.fabric}`,
      ...{ ipfs: KUBO_IMAGE, node: NODE_IMAGE },
    },
    readOnly: [
      ...foldersOfReleases(layout),
      ...[path, resolve(dirname(path), file.consortium)],
      ...(file.dataFolders ?? []),
      ...gatewayFiles(hospital),
    ],
    environmentFile: (service) => join(environments, `${service}.env`),
    logs: {
      maxMebibytes: file.logs?.maxMebibytes ?? DEFAULT_LOG_LIMITS.maxBytes / 2 ** 20,
      files: file.logs?.files ?? DEFAULT_LOG_LIMITS.files,
    },
  });
  mkdirSync(environments, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(composed.environments)) writeWhole(name, text, 0o600);
  writeWhole(out, composed.text);
  answer(place, { file: out }, [
    `Wrote ${out}. It is not tried on Docker: read it. Then`,
    `    docker compose -f ${out} up -d && consilium-network hospital complete --hospital ${path}`,
  ]);
  return EXIT.done;
}

/** Of this release, and of a former one whose chaincode the channel may still run. */
const foldersOfReleases = (layout: HospitalLayout): string[] => [
  ...new Set([ownFolder, ...chaincodeVersions(layout).map(({ folder }) => folder)].map(twoAbove)),
];
const twoAbove = (folder: string): string => resolve(folder, '../..');

/**
 * What each stage does once its processes are ready, and the agreement on the chaincode, whoever started them. Waits
 * while the channel goes to another version.
 */
export async function complete(place: Place, plan: Plan, signal: AbortSignal): Promise<number> {
  const { layout, path } = place;
  const done: string[] = [];
  const without: string[] = [];
  for (const { title, services, oneIsEnough, complete: work } of plan.stages) {
    const ready = await Promise.all(services.map(({ isReady }) => isReady().catch(() => false)));
    const absent = services.filter((_, at) => !ready[at]).map(({ name }) => name);
    if (absent.length > 0 && (oneIsEnough === undefined || absent.length === services.length)) {
      answer(place, { done, absent }, [`Not ready: ${absent.join(', ')}. Start them, and do this again.`]);
      return EXIT.notRunning;
    }
    without.push(...absent);
    const running = services.map(({ name }) => name).filter((name) => !absent.includes(name));
    await work?.(signal, note, running);
    done.push(title);
  }
  const before = chaincodeVersions(layout).length;
  await plan.afterwards?.({ signal, report: note });
  const isSecondNeeded = chaincodeVersions(layout).length < before;
  answer(place, { done, absent: without, isSecondNeeded }, [
    'The own orderer and peer are in the channel, and the chaincode is agreed on.',
    ...(isSecondNeeded ? secondCompose(path) : []),
    ...without.map((name) => `${name} is not ready. Start it, and do this again.`),
  ]);
  return without.length === 0 ? EXIT.done : EXIT.notRunning;
}

/** The file that was written names the former release's trainer and gateway, and its chaincode. */
const secondCompose = (path: string): string[] => [
  'The channel runs the next version of the chaincode, and the former one is not needed any more. Write the file again:',
  `    consilium-network hospital compose --hospital ${path} --out FILE`,
  '    docker compose -f FILE up -d --remove-orphans',
  'Until then the trainer and the gateway are those of the former release. Do not delete it before.',
];
