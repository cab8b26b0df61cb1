// New certificates before the old ones end, each with a new key: a key that somebody copied is of no use to them any
// more once the old certificate ends or is revoked. What was made is put in its place in one way that a crash cannot
// leave half done.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { takeByHand } from './by-hand.ts';
import { CertificateAuthority, rootOf } from './certificate-authority.ts';
import { authoritiesOf, type EnrolmentPlace } from './enrolment.ts';
import { certificateProblem } from './issued-certificate.ts';
import { draftOf, finishRenewals, putCertificate } from './put-certificate.ts';
import { filesOf, type Holder, type WantedCertificate, wantedCertificates } from './wanted-certificates.ts';

export interface RenewedCertificate {
  readonly holder: Holder;
  /** Such as `peer0.clinic1`. */
  readonly id: string;
  readonly form: 'msp' | 'tls';
  readonly endsAt: Date;
}

/**
 * Has the own authorities issue new certificates, and puts them in the place of the old ones.
 *
 * @throws InputError where there are none yet, or where one that was issued is not what was asked for; AuthorityError.
 */
export function renewCertificates(
  holders: readonly Holder[],
  place: EnrolmentPlace,
): Promise<RenewedCertificate[]> {
  const all = wantedCertificates(place.hospital, place.layout);
  return renewChosen(
    all.filter(({ holder }) => holders.includes(holder)),
    place,
  );
}

/** The same of some alone. @throws as renewCertificates */
export async function renewChosen(
  chosen: readonly WantedCertificate[],
  { programs, hospital, layout, report }: EnrolmentPlace,
): Promise<RenewedCertificate[]> {
  finishRenewals(wantedCertificates(hospital, layout));
  const missing = chosen.find((one) => !existsSync(filesOf(one).certificate));
  if (missing !== undefined)
    throw new InputError(`${filesOf(missing).certificate} is not there: run \`hospital init\``);
  if (hospital.file.ca?.kind === 'by-hand') {
    await takeByHand(chosen, { hospital, layout }, true);
    return chosen.map((one) => ({
      ...{ holder: one.holder, form: one.form, id: one.registration.id },
      endsAt: new X509Certificate(readFileSync(filesOf(one).certificate)).validToDate,
    }));
  }
  const authorities = authoritiesOf({ programs, hospital, layout });
  const renewed: RenewedCertificate[] = [];
  for (const [form, place] of [
    ['msp', authorities.identity],
    ['tls', authorities.tls],
  ] as const) {
    const ofAuthority = chosen.filter((one) => one.form === form);
    if (ofAuthority.length === 0) continue;
    const authority = await CertificateAuthority.start(place);
    try {
      for (const one of ofAuthority) {
        await authority.reenrol(one.registration, filesOf(one), draftOf(one));
        renewed.push(putInPlace(one, readFileSync(rootOf(place), 'utf8')));
      }
    } finally {
      await authority.stop();
    }
    report(`${place.name} renewed ${ofAuthority.length} certificates`);
  }
  return renewed;
}

function putInPlace(one: WantedCertificate, root: string): RenewedCertificate {
  const draft = draftOf(one);
  const certificate = readFileSync(join(draft, 'cert.pem'), 'utf8');
  const key = createPrivateKey(readFileSync(join(draft, 'key.pem')));
  const { registration: wanted, holder, form } = one;
  const problem = certificateProblem({
    ...{ certificate, root, wanted },
    isOfKey: (issued) => issued.checkPrivateKey(key),
  });
  if (problem !== undefined) {
    rmSync(draft, { recursive: true, force: true });
    throw new InputError(`the certificate that was issued for ${wanted.id} is not used: ${problem}`);
  }
  putCertificate(one);
  return { holder, form, id: wanted.id, endsAt: new X509Certificate(certificate).validToDate };
}
