// `hospital units`: writes systemd's files for this hospital. Nothing is installed: that takes root, and a look at
// them.
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EXIT, required } from '@consilium/command-line';
import { findHospitalPrograms, findKubo } from '../native/binaries.ts';
import { ownFolder } from '../programs.ts';
import { writeWhole } from '../state-file.ts';
import { answer, type Place } from './command-place.ts';
import { gatewayFiles } from './hospital-gateway.ts';
import { systemdUnits } from './systemd-units.ts';

const DEFAULT_USER = 'consilium';
/** Of the service: this Node before the system's, which may be older. */
const PATH = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;
/**
 * Of an installed release, the command that stays where it is over upgrades; else this package's own. Beside it,
 * where everything lies that it loads.
 */
function installed(): { readonly program: readonly string[]; readonly folder: string } {
  const { CONSILIUM_COMMANDS: commands } = process.env;
  if (commands === undefined)
    return {
      program: [process.execPath, join(ownFolder, 'dist/src/main.js')],
      folder: resolve(ownFolder, '..'),
    };
  return { program: [join(commands, 'consilium-network')], folder: dirname(commands) };
}

export function units(place: Place): number {
  const { values, hospital, path } = place;
  const { file, own, consortium } = hospital;
  const out = resolve(required(values.out, 'out'));
  const { peer } = findHospitalPrograms();
  const kubo = findKubo();
  const { program, folder } = installed();
  const fabricFolder = dirname(peer);
  const { ca } = file;
  const authorities = ca?.kind === 'fabric-ca' ? [ca.identity, ca.tls] : [];
  const user = values.user ?? DEFAULT_USER;
  const texts = systemdUnits({
    ...{ organisation: own.name, file: path, folder: file.folder, mailbox: file.mailbox, user },
    ...{
      dataFolders: file.dataFolders ?? [],
      program,
    },
    readFiles: [
      ...[path, resolve(dirname(path), file.consortium), folder, dirname(process.execPath), fabricFolder],
      ...(kubo === undefined ? [] : [kubo]),
      ...gatewayFiles(hospital),
      ...authorities.flatMap(({ tlsRoot, secretFile }) => [tlsRoot, secretFile]),
    ],
    environment: { PATH, FABRIC_BIN_DIR: fabricFolder, ...(kubo !== undefined && { IPFS_BIN: kubo }) },
  });
  mkdirSync(out, { recursive: true });
  for (const [name, text] of Object.entries(texts)) writeWhole(join(out, name), text);
  const name = `consilium-${own.name}`;
  answer(place, { files: Object.keys(texts).map((one) => join(out, one)) }, [
    `Wrote ${Object.keys(texts).length} files for ${consortium.name}. Read them; then, as root:`,
    `    install -m 644 ${out}/${name}.sysusers /etc/sysusers.d/${name}.conf && systemd-sysusers`,
    `    install -m 644 -t /etc/systemd/system ${out}/${name}*.service ${out}/${name}*.t*`,
    `    systemctl daemon-reload && systemctl enable --now ${name}.target`,
  ]);
  return EXIT.done;
}
