// `hospital compose` and `hospital complete`: a file for Docker Compose, and what the supervisor does between its
// stages when other hands start the processes.
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EXIT, required } from '@consilium/command-line';
import { DEFAULT_LOG_LIMITS } from '../log-rotation.ts';
import { ownFolder } from '../programs.ts';
import type { Plan } from '../runtime.ts';
import { writeWhole } from '../state-file.ts';
import { answer, note, type Place } from './command-place.ts';
import { composeFile } from './compose-file.ts';
import { gatewayFiles } from './hospital-gateway.ts';

/** Kubo and Node as this version is tried with; Fabric's is the agreed one. */
const KUBO_IMAGE = 'ipfs/kubo:v0.43.1';
const NODE_IMAGE = 'node:24-bookworm-slim';

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
      ...[resolve(ownFolder, '../..'), path, resolve(dirname(path), file.consortium)],
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

/** What each stage does once its processes are ready, and the agreement on the chaincode, whoever started them. */
export async function complete(place: Place, plan: Plan, signal: AbortSignal): Promise<number> {
  const done: string[] = [];
  for (const { title, services, complete: work } of plan.stages) {
    const ready = await Promise.all(services.map(({ isReady }) => isReady().catch(() => false)));
    const absent = services.filter((_, at) => !ready[at]).map(({ name }) => name);
    if (absent.length > 0) {
      answer(place, { done, absent }, [`Not ready: ${absent.join(', ')}. Start them, and do this again.`]);
      return EXIT.notRunning;
    }
    await work?.(signal, note);
    done.push(title);
  }
  await plan.afterwards?.({ signal, report: note });
  answer(place, { done, absent: [] }, [
    'The own orderer and peer are in the channel, and the chaincode is agreed on.',
  ]);
  return EXIT.done;
}
