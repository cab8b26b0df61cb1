// `hospital units`: writes systemd's files for this hospital. Nothing is installed: that takes root, and a look at
// them.
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EXIT, required } from '@consilium/command-line';
import { findHospitalPrograms, findKubo } from '../native/binaries.ts';
import { ownFolder } from '../programs.ts';
import { writeWhole } from '../state-file.ts';
import { answer, type Place } from './command-place.ts';
import { systemdUnits } from './systemd-units.ts';

const DEFAULT_USER = 'consilium';
/** Consilium's own packages, and what they depend on. */
const INSTALLED = resolve(ownFolder, '..');

export function units(place: Place): number {
  const { values, hospital, path } = place;
  const { file, own, consortium } = hospital;
  const out = resolve(required(values.out, 'out'));
  const { peer } = findHospitalPrograms();
  const kubo = findKubo();
  const fabricFolder = dirname(peer);
  const { gateway, ca } = file;
  const authorities = ca?.kind === 'fabric-ca' ? [ca.identity, ca.tls] : [];
  const user = values.user ?? DEFAULT_USER;
  const texts = systemdUnits({
    ...{ organisation: own.name, file: path, folder: file.folder, mailbox: file.mailbox, user },
    ...{
      dataFolders: file.dataFolders ?? [],
      node: process.execPath,
      main: join(ownFolder, 'dist/src/main.js'),
    },
    readFiles: [
      ...[path, resolve(dirname(path), file.consortium), INSTALLED, dirname(process.execPath), fabricFolder],
      ...(kubo === undefined ? [] : [kubo]),
      ...(gateway === undefined ? [] : Object.values(gateway.tls)),
      ...authorities.flatMap(({ tlsRoot, secretFile }) => [tlsRoot, secretFile]),
    ],
    environment: { FABRIC_BIN_DIR: fabricFolder, ...(kubo !== undefined && { IPFS_BIN: kubo }) },
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
