// What a channel says of an organisation, made of its signed definition and of the names and ports that all agreed on:
// in the first block, and in the change by which it joins later.
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { type OrganisationDefinition, readMspFolder } from '../ceremonies/organisation-definition.ts';
import { type AgreedOrganisation, portsOf } from './agreed-consortium.ts';
import { type Definition, keepDefinition, readDefinition } from './definition.ts';
import type { Hospital } from './hospital-file.ts';
import { type HospitalLayout, organisationDirOf } from './hospital-layout.ts';
import { definitionFile } from './mailbox.ts';

/**
 * @param definitions in the order of the organisations
 * @param directory of the hospital, for a draft that is removed
 */
export function channelDefinitions(
  organisations: readonly AgreedOrganisation[],
  definitions: readonly Definition[],
  directory: string,
): OrganisationDefinition[] {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const draft = mkdtempSync(join(directory, 'founding-'));
  try {
    for (const definition of definitions) keepDefinition(definition, draft);
    return organisations.map((organisation, at): OrganisationDefinition => {
      const { mspId, host } = organisation;
      const { orderer, peer } = portsOf(organisation);
      const { identity, tls } = definitions[at]!.orderer;
      const [serverTls, clientTls] = [canonical(tls), canonical(tls)];
      return {
        mspId,
        msp: readMspFolder(mspId, join(organisationDirOf(draft, mspId), 'msp')),
        anchorPeers: [{ host, port: peer }],
        orderers: [{ host, port: orderer, identity: canonical(identity), serverTls, clientTls }],
      };
    });
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** The one text of a certificate, whatever was around it. */
const canonical = (pem: string): string => new X509Certificate(pem).toString();

/**
 * Of every organisation of consortium.yaml whose definition is here, taken up or in the mailbox, and believed under
 * its agreed roots.
 */
export function agreedDefinitions(
  { consortium, file }: Hospital,
  { directory }: HospitalLayout,
): OrganisationDefinition[] {
  return consortium.organisations.flatMap((organisation) => {
    const { mspId } = organisation;
    const taken = definitionFile(join(directory, 'definitions'), mspId);
    const path = existsSync(taken) ? taken : definitionFile(file.mailbox, mspId);
    try {
      return channelDefinitions([organisation], [readDefinition(organisation, path)], directory);
    } catch (error) {
      if (error instanceof InputError) return [];
      throw error;
    }
  });
}
