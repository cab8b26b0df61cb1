// A new certificate and key for this organisation's orderer. The channel names orderers by their certificates, so that
// all have to agree first: what is new waits beside what is in use until a ceremony has brought it into the channel.
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { digestOf, textOfCeremony } from '../ceremonies/ceremony-file.ts';
import { placeOfHospital } from '../ceremonies/hospital-place.ts';
import { orderersIn, orderingOf } from '../ceremonies/orderer-set.ts';
import { placeOf } from '../ceremonies/own-place.ts';
import { proposeChange, renewOrderer } from '../ceremonies/proposals.ts';
import { type EnrolmentPlace, enrolOrderer } from './enrolment.ts';
import { ordererDirOf, organisationDirOf } from './hospital-layout.ts';
import { putIntoMailbox } from './mailbox.ts';

/** What was done, and what is next. */
export type OrdererRenewal =
  | {
      /** The ceremony is in the mailbox, and the orderer goes on with what it has. */
      readonly state: 'proposed';
      readonly file: string;
      readonly digest: string;
    }
  | {
      /** The channel names the new certificate, which is in its place: the orderer has to be restarted. */
      readonly state: 'placed';
      /** What it had before. */
      readonly former: string;
    };

export const ceremonyOfRenewal = (mailbox: string, mspId: string): string =>
  join(mailbox, `renew-orderer-${mspId}.json`);

/**
 * The first time it enrols and proposes; once the channel has it, it puts the new certificate in its place. Repeated
 * before that it proposes the same certificate again, since another change may have made the ceremony outdated.
 *
 * @throws AuthorityError; FabricNodeError where the own peer does not answer; InputError
 */
export async function renewOwnOrderer(
  place: EnrolmentPlace & { readonly path: string },
): Promise<OrdererRenewal> {
  const { hospital, layout, path } = place;
  const { own, file } = hospital;
  if (file.ca?.kind === 'by-hand') {
    throw new InputError(
      'with `ca: by-hand` your own authority certifies: propose what it issued by `propose renew-orderer`',
    );
  }
  const folder = ordererDirOf(organisationDirOf(layout.directory, own.mspId));
  const next = `${folder}.next`;
  const here = await placeOf(placeOfHospital(path), {});
  if (here.configuration === undefined || here.genesis === undefined)
    throw new InputError('there is no channel yet: run `hospital found`');
  const { channel, genesis, configuration } = here;
  const at = { host: own.host, port: layout.orderer.port };
  const entry = orderersIn(configuration.root).find(({ host, port }) => host === at.host && port === at.port);
  if (entry === undefined)
    throw new InputError(`${at.host}:${at.port} does not order in this channel: it is added by a ceremony`);
  if (!existsSync(next)) await enrolOrderer(place, next);
  const tls = readFileSync(join(next, 'tls/server.crt'));
  const identity = readFileSync(join(next, 'msp/signcerts/cert.pem'));
  const isBft = orderingOf(configuration.root) === 'BFT';
  const isAgreed = isSame(entry.serverTls, tls) && (!isBft || isSame(entry.bft!.identity, identity));
  if (isAgreed) {
    const former = join(layout.directory, 'replaced', `orderer-${Date.now()}`);
    mkdirSync(join(former, '..'), { recursive: true, mode: 0o700 });
    renameSync(folder, former);
    renameSync(next, folder);
    return { state: 'placed', former };
  }
  const ceremony = proposeChange({ channel, genesis, configuration }, (root) =>
    renewOrderer(root, at, { tls: tls.toString(), ...(isBft && { identity: identity.toString() }) }),
  );
  const written = ceremonyOfRenewal(file.mailbox, own.mspId);
  putIntoMailbox(written, textOfCeremony(ceremony));
  return { state: 'proposed', file: written, digest: digestOf(ceremony) };
}

/** Two texts of one certificate. */
const isSame = (one: Uint8Array, other: Uint8Array): boolean =>
  new X509Certificate(one).raw.equals(new X509Certificate(other).raw);
