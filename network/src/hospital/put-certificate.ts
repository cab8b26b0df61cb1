// How a new key and its certificate take the place of the old ones: two files that cannot be replaced in one step, so
// that a crash between them must leave enough to go on.
import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../state-file.ts';
import { filesOf, type WantedCertificate } from './wanted-certificates.ts';

type Placed = Pick<WantedCertificate, 'form' | 'folder'>;

/** The folder with `key.pem` and `cert.pem` that are to take the place. */
export const draftOf = ({ folder }: Pick<WantedCertificate, 'folder'>): string => `${folder}.renewed`;

/** The certificate that was replaced last: it is valid until its end, and can be revoked by this file. */
export const replacedFile = ({ folder }: Pick<WantedCertificate, 'folder'>): string =>
  `${folder}.replaced.pem`;

/** The draft goes last: whoever comes after a crash finds it, and does the same again. */
export function putCertificate(one: Placed): void {
  const draft = draftOf(one);
  const { certificate, key } = filesOf(one);
  if (existsSync(certificate)) copyFileSync(certificate, replacedFile(one));
  writeWhole(key, readFileSync(join(draft, 'key.pem'), 'utf8'), 0o600);
  writeWhole(certificate, readFileSync(join(draft, 'cert.pem'), 'utf8'));
  rmSync(draft, { recursive: true, force: true });
}

/** What an interrupted renewal had issued is put in place; what was not issued whole is given up. */
export function finishRenewals(all: readonly Placed[]): void {
  for (const one of all) {
    const isWhole = ['cert.pem', 'key.pem'].every((name) => existsSync(join(draftOf(one), name)));
    if (isWhole) putCertificate(one);
    else rmSync(draftOf(one), { recursive: true, force: true });
  }
}
