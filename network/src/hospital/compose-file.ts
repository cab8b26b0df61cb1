// A file for Docker Compose with the official images: the same processes, files and ports as `hospital up` has, one
// container each, on the host's own network, so that everything else of this host's configuration holds. Secrets are
// in files beside it, never in it.
import { basename } from 'node:path';
import { stringify } from 'yaml';
import type { Plan } from '../runtime.ts';

export interface ComposePlace {
  readonly organisation: string;
  readonly plan: Pick<Plan, 'stages'>;
  readonly images: ComposeImages;
  /** Mounted as they are: the own folder, and what is only read. */
  readonly folder: string;
  readonly readOnly: readonly string[];
  /** Numbers of the user and group whose the folder is. */
  readonly user: string;
  /** Where a service's environment is, by its name: secrets are among it. */
  readonly environmentFile: (service: string) => string;
  readonly logs: { readonly maxMebibytes: number; readonly files: number };
}

/** With their versions. */
export interface ComposeImages {
  readonly orderer: string;
  readonly peer: string;
  readonly ipfs: string;
  readonly node: string;
}

export interface Composed {
  readonly text: string;
  /** Text by path, for the owner alone. */
  readonly environments: Readonly<Record<string, string>>;
}

/** Of the host, and of no use in an image. */
const OF_THE_HOST: readonly string[] = ['PATH', 'HOME', 'TMPDIR', 'LANG'];

export function composeFile({ organisation, plan, ...place }: ComposePlace): Composed {
  const environments: Record<string, string> = {};
  const services: Record<string, object> = {};
  let before: readonly string[] = [];
  for (const { services: stage } of plan.stages) {
    for (const { name, command, workingDirectory, environment } of stage) {
      const kind = name.split('-')[0]!;
      const file = place.environmentFile(name);
      environments[file] = environmentText(environment);
      services[name] = {
        image: imageOf(kind, place.images),
        // Each image has its program where its own PATH says.
        entrypoint: [basename(command[0])].map(escaped),
        command: command.slice(1).map(escaped),
        working_dir: escaped(workingDirectory),
        env_file: [file],
        network_mode: 'host',
        user: place.user,
        restart: 'unless-stopped',
        init: true,
        read_only: true,
        tmpfs: ['/tmp'],
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        stop_grace_period: '15s',
        ...(before.length > 0 && { depends_on: before }),
        volumes: [
          { type: 'bind', source: escaped(place.folder), target: escaped(place.folder) },
          ...place.readOnly.map((path) => ({
            ...{ type: 'bind', source: escaped(path), target: escaped(path), read_only: true },
          })),
        ],
        logging: {
          driver: 'json-file',
          options: { 'max-size': `${place.logs.maxMebibytes}m`, 'max-file': String(place.logs.files) },
        },
      };
    }
    before = stage.map(({ name }) => name);
  }
  return { text: stringify({ name: `consilium-${organisation}`, services }), environments };
}

const imageOf = (kind: string, images: ComposeImages): string =>
  kind === 'peer1'
    ? images.peer
    : kind === 'orderer' || kind === 'peer' || kind === 'ipfs'
      ? images[kind]
      : images.node;

/** Compose replaces what follows a dollar sign. */
const escaped = (text: string): string => text.replaceAll('$', '$$$$');

/** In single quotes nothing is read but the quote itself. */
const environmentText = (environment: Readonly<Record<string, string>>): string =>
  Object.entries(environment)
    .filter(([name]) => !OF_THE_HOST.includes(name))
    .map(([name, value]) => `${name}='${value.replaceAll("'", "\\'")}'\n`)
    .join('');
