// The commands by which a hospital takes a certificate back, and looks whether it is refused.
import { EXIT, oneOf, UsageError } from '@consilium/command-line';
import { findHospitalPrograms } from '../native/binaries.ts';
import { REVOCATION_REASONS } from './certificate-authority.ts';
import { answer, note, type Place } from './command-place.ts';
import { probeCertificate, probeText } from './probe.ts';
import { formerIdentities, REVOCABLE, revoke } from './revocation.ts';

export const CERTIFICATE_HELP = `\
  consilium-network hospital revoke --hospital FILE (--what ROLE | --certificate FILE) [--reason WORD] [--json]
      Takes a certificate back by this hospital's own authority, and puts the ceremony that says so to all peers into
      the mailbox. ROLE (${REVOCABLE.join(', ')}) gets a new key and
      certificate first. WORD is ${REVOCATION_REASONS.join(', ')}.
  consilium-network hospital probe  --hospital FILE [--identity DIR | --certificate FILE] [--json]
      Asks every peer whether it refuses a certificate: by its own copy of the channel's lists, and, where DIR is an MSP
      folder with the key, by trying. Without either, all that was revoked here. Exits with 1 where a peer takes it, and
      with 3 where one does not answer.
`;

export async function takeBack(place: Place): Promise<number> {
  const { values, path, hospital, layout } = place;
  const signer = oneOf(values.what, 'what', REVOCABLE);
  if ((signer === undefined) === (values.certificate === undefined))
    throw new UsageError('give one of --person, --what or --certificate');
  const revocation = await revoke({
    ...{ programs: findHospitalPrograms(), hospital, layout, report: note, path },
    what: signer === undefined ? { certificateFile: values.certificate! } : { signer },
    reason: oneOf(values.reason, 'reason', REVOCATION_REASONS) ?? 'unspecified',
  });
  const { serial, subject, replacedBy, waits, file, digest } = revocation;
  answer(place, revocation, [
    `Revoked: ${subject}, serial number ${serial}.`,
    ...(replacedBy === undefined ? [] : [`${signer} has a new key and certificate, ${replacedBy}.`]),
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
