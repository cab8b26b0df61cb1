// IPFS beside a native network: Kubo where it is installed, otherwise the embedded stand-in, which says so.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { READY_TIMEOUT_MS } from '../hospital-services.ts';
import { folderOf, inherited, NODE, program } from '../programs.ts';
import { accepts } from '../readiness.ts';
import type { ServiceDefinition } from '../service.ts';

export interface IpfsPlace {
  readonly directory: string;
  readonly port: number;
  readonly url: string;
}

/** One node, in touch with no other: every hospital of this machine uses it. */
export async function ipfsService(
  kubo: string | undefined,
  { directory, port, url }: IpfsPlace,
): Promise<ServiceDefinition> {
  const repo = join(directory, 'ipfs');
  const common = {
    organisation: null,
    workingDirectory: folderOf('test-network'),
    port,
    url,
    readyTimeoutMs: READY_TIMEOUT_MS,
  };
  if (kubo === undefined) {
    return {
      ...common,
      name: 'ipfs-stand-in',
      command: [...NODE, program('test-network'), 'ipfs', '--dir', repo, '--port', String(port)],
      environment: inherited(),
      log: join(directory, 'logs/ipfs-stand-in.log'),
      isReady: () => accepts(port),
    };
  }
  const environment = { ...inherited(), IPFS_PATH: repo };
  await prepareKubo(kubo, { repo, port, environment });
  return {
    ...common,
    name: 'ipfs-kubo',
    command: [kubo, 'daemon', '--offline'],
    environment,
    log: join(directory, 'logs/ipfs-kubo.log'),
    isReady: async () => (await fetch(`${url}/api/v0/version`, { method: 'POST' })).ok,
  };
}

async function prepareKubo(
  kubo: string,
  options: { readonly repo: string; readonly port: number; readonly environment: Record<string, string> },
): Promise<void> {
  const { repo, port, environment } = options;
  const run = (...parameters: string[]) => promisify(execFile)(kubo, parameters, { env: environment });
  if (!existsSync(join(repo, 'config'))) {
    mkdirSync(repo, { recursive: true, mode: 0o700 });
    await run('init', '--profile=test');
    await run('config', '--json', 'Addresses.Gateway', '[]');
    await run('config', '--json', 'Addresses.Swarm', '[]');
  }
  await run('config', 'Addresses.API', `/ip4/127.0.0.1/tcp/${port}`);
}
