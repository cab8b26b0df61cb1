// The commands by which a hospital takes a certificate back, and looks whether it is refused.
import { EXIT, oneOf, UsageError } from '@consilium/command-line';
import { findHospitalPrograms } from '../native/binaries.ts';
import { REVOCATION_REASONS } from './certificate-authority.ts';
import { answer, note, type Place } from './command-place.ts';
import { probeCertificate, probeText } from './probe.ts';
import { formerIdentities, REVOCABLE, revoke } from './revocation.ts';
import { isOfTlsAuthority, revokeOfHost } from './tls-revocation.ts';

export const CERTIFICATE_HELP = `\
  consilium-network hospital revoke --hospital FILE (--what ROLE | --person NAME | --certificate FILE)
      [--reason WORD] [--json]
      Revokes by this hospital's own authority. ROLE (${REVOCABLE.join(', ')})
      gets a new key and certificate first; a person loses all certificates, and the key that is here; FILE is one that
      nothing here uses. Puts the ceremony that says so to all peers into the mailbox, which needs no other's
      signature. Of a host's certificate (TLS), which the channel does not know, the list goes into the mailbox, and
      the others take it up by \`hospital lists\`. WORD is ${REVOCATION_REASONS.slice(0, 4).join(', ')},
      ${REVOCATION_REASONS.slice(4).join(', ')}.
  consilium-network hospital probe  --hospital FILE [--identity DIR | --certificate FILE] [--json]
      Asks every peer whether it refuses a certificate: by its own copy of the channel's lists, and, where DIR is an MSP
      folder with the key, by trying. Without either, all that was revoked here. Exits with 1 where a peer takes it, and
      with 3 where one does not answer.
`;

/** Whatever is revoked, and however it is named. */
export async function takeBack(place: Place): Promise<number> {
  const { values, path, hospital, layout } = place;
  const { person, certificate } = values;
  const signer = oneOf(values.what, 'what', REVOCABLE);
  if ([signer, person, certificate].filter((one) => one !== undefined).length !== 1)
    throw new UsageError('give one of --what ROLE, --person NAME and --certificate FILE');
  const reason = oneOf(values.reason, 'reason', REVOCATION_REASONS) ?? 'unspecified';
  const at = { programs: findHospitalPrograms(), hospital, layout, report: note };
  if (certificate !== undefined && isOfTlsAuthority(certificate, at)) {
    const revoked = await revokeOfHost(certificate, { ...at, reason });
    answer(place, revoked, [
      `Revoked: ${revoked.subject}, serial number ${revoked.serial}.`,
      `Give ${revoked.list} to all: each runs \`hospital lists\`, and their links refuse it from then on.`,
    ]);
    return EXIT.done;
  }
  const what =
    signer !== undefined ? { signer } : person !== undefined ? { person } : { certificateFile: certificate! };
  const revocation = await revoke({ ...at, path, what, reason });
  const { serial, subject, replacedBy, waits, file, digest } = revocation;
  answer(place, revocation, [
    `Revoked: ${subject}${serial === undefined ? '' : `, serial number ${serial}`}.`,
    ...(replacedBy === undefined ? [] : [`${signer} has a new key and certificate, ${replacedBy}.`]),
    ...(person === undefined ? [] : ['The gateway knows them no more: take their API key out too.']),
    ...waits,
    `Peers take it until the ceremony ${file}, digest ${digest}, is submitted.`,
    "This hospital's own signature suffices: review, sign, submit, then `hospital probe`.",
  ]);
  return EXIT.done;
}

export async function probe(place: Place): Promise<number> {
  const { values, path, hospital, layout } = place;
  if (values.identity !== undefined && values.certificate !== undefined)
    throw new UsageError('give either --identity or --certificate');
  const asked =
    values.identity !== undefined
      ? [{ folder: values.identity }]
      : values.certificate !== undefined
        ? [{ certificateFile: values.certificate }]
        : formerIdentities(layout).map((folder) => ({ folder }));
  if (asked.length === 0)
    throw new UsageError(
      'nothing was revoked here: give --identity or --certificate to ask about another one',
    );
  const probed = [];
  for (const one of asked) probed.push(await probeCertificate({ path, hospital, layout }, one));
  answer(
    place,
    { probed },
    probed.flatMap((one) => [`${one.subject}, serial number ${one.serial}`, ...probeText(one)]),
  );
  const states = probed.flatMap(({ peers }) => peers.map(({ state }) => state));
  return states.includes('taken') ? EXIT.failed : states.includes('unknown') ? EXIT.notRunning : EXIT.done;
}
