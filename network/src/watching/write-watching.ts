// Writes what watches a started network into DIR/watching: Prometheus' configuration for its ports, the alert rules,
// and the dashboard.
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Consortium } from '../config.ts';
import { ownFolder } from '../programs.ts';
import { writeWhole } from '../state-file.ts';
import { prometheusConfiguration } from './prometheus-configuration.ts';

export const WATCHING_FILES = ['alerts.yml', 'dashboard.json'] as const;

/** @param services the names of those that were started */
export function writeWatching(
  directory: string,
  { consortium, services }: { readonly consortium: Consortium; readonly services: readonly string[] },
): void {
  const folder = join(directory, 'watching');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const ports = JSON.parse(readFileSync(join(directory, 'ports.json'), 'utf8')) as Record<string, number>;
  const running = Object.fromEntries(
    Object.entries(ports).filter(([name]) => !name.startsWith('orderer-') || isOf(name, services)),
  );
  const kubo = services.includes('ipfs-kubo');
  const configuration = prometheusConfiguration({ consortium, ports: running, kubo });
  writeWhole(join(folder, 'prometheus.yml'), stringify(configuration));
  for (const file of WATCHING_FILES) copyFileSync(join(ownFolder, 'watching', file), join(folder, file));
}

/** `ports.json` remembers orderers that are not there any more, or were never. */
const isOf = (port: string, services: readonly string[]): boolean =>
  services.includes(`orderer-${/\d+$/.exec(port)?.[0]}`);
