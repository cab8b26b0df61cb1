// How the private swarm's key comes from one organisation to another: sealed to the receiver, and signed by the
// administrator of the sender, so that nobody on the way reads it or puts another in its place.
import { readFileSync } from 'node:fs';
import { administratorOf, type Definition } from './definition.ts';
import type { Hospital } from './hospital-file.ts';
import type { HospitalLayout } from './hospital-layout.ts';
import { putIntoMailbox } from './mailbox.ts';
import { readSigned, signFile } from './signed-file.ts';
import { type Sealed, sealTo, swarmKeyFile, unseal } from './swarm-key.ts';

const KIND = 'swarm key';

/** Puts the own swarm's key into the mailbox for another. @throws InputError where nothing can be sealed to it */
export function sendSwarmKey(
  layout: HospitalLayout,
  { to, file }: { readonly to: Definition; readonly file: string },
): void {
  const sealed = sealTo(to, readFileSync(swarmKeyFile(layout.ipfsRepo), 'utf8'));
  putIntoMailbox(file, signFile(KIND, sealed, administratorOf(layout)));
}

/** Opens what another sealed. @throws InputError where it is not of that sender, or not for this organisation */
export function receiveSwarmKey(
  { consortium, own }: Hospital,
  layout: HospitalLayout,
  { from, file }: { readonly from: Definition; readonly file: string },
): string {
  const sender = consortium.organisations.find(({ mspId }) => mspId === from.mspId)!;
  const signer = { mspId: from.mspId, rootSha256: sender.roots!.identity, at: new Date() };
  const { value } = readSigned(file, KIND, signer, () => from.identityRoot);
  return unseal((value ?? {}) as Sealed, { mspId: own.mspId, keyFile: layout.exchangeKey });
}
