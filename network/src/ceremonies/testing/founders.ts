// Organisations that found a channel, for tests: their authorities, administrators and orderers, made when they run.

import { X509Certificate } from 'node:crypto';
import type { ChannelConfiguration } from '@consilium/verify/channel';
import { Authority, type Signer } from '@consilium/verify/testing/test-authority';
import fabricProtos from '@hyperledger/fabric-protos';
import type { Ceremony } from '../ceremony-file.ts';
import type { SigningIdentity } from '../ceremony-signatures.ts';
import { pemOf } from '../certificates-in-words.ts';
import { type FoundingPlan, proposeFounding } from '../founding.ts';
import type { OrganisationDefinition } from '../organisation-definition.ts';
import { configurationIn, type Place } from '../review.ts';

const { msp } = fabricProtos;

export interface Founder {
  readonly mspId: string;
  readonly authority: Authority;
  readonly admin: SigningIdentity;
  readonly client: SigningIdentity;
  readonly definition: OrganisationDefinition;
}

export const identityOf = ({ mspId, pem, keyPem }: Signer): SigningIdentity => ({
  mspId,
  certificate: pem,
  key: keyPem,
});

export const canonical = (pem: string): string => pemOf('CERTIFICATE', new X509Certificate(pem).raw);

/** An organisation with one orderer, or none. */
export async function founder(mspId: string, orderers = 1): Promise<Founder> {
  const authority = await Authority.create(mspId);
  const [admin, client, ...nodes] = await Promise.all([
    authority.issue('admin'),
    authority.issue('client'),
    ...Array.from({ length: orderers }, () => authority.issue('orderer')),
  ]);
  const host = mspId.toLowerCase();
  return {
    mspId,
    authority,
    admin: identityOf(admin!),
    client: identityOf(client!),
    definition: {
      mspId,
      msp: mspOf(authority),
      anchorPeers: [{ host: `peer.${host}`, port: 7051 }],
      orderers: nodes.map(({ pem }, at) => ({
        host: `orderer${at}.${host}`,
        port: 7050,
        identity: canonical(pem),
        clientTls: canonical(pem),
        serverTls: canonical(pem),
      })),
    },
  };
}

export function mspOf(authority: Authority): Uint8Array {
  const config = new msp.FabricMSPConfig();
  config.setName(authority.mspId);
  const root = Buffer.from(canonical(authority.pem));
  config.setRootCertsList([root]);
  config.setTlsRootCertsList([root]);
  const units = new msp.FabricNodeOUs();
  units.setEnable(true);
  for (const unit of ['Client', 'Peer', 'Admin', 'Orderer'] as const) {
    const identifier = new msp.FabricOUIdentifier();
    identifier.setOrganizationalUnitIdentifier(unit.toLowerCase());
    units[`set${unit}OuIdentifier`](identifier);
  }
  config.setFabricNodeOus(units);
  const wrapped = new msp.MSPConfig();
  wrapped.setConfig(config.serializeBinary());
  return wrapped.serializeBinary();
}

export const NOW = new Date('2030-01-01T00:00:00Z');

export const plan = (ordering: 'raft' | 'bft' = 'raft'): FoundingPlan => ({
  channel: 'consortium',
  ordering,
  batchTimeoutMs: 200,
  maxMessageCount: 1,
  foundedAt: new Date('2026-01-01T00:00:00Z'),
});

/** A channel that these founded. */
export interface FoundedChannel {
  readonly founders: readonly Founder[];
  readonly founding: Ceremony;
  readonly configuration: ChannelConfiguration;
  readonly place: Place;
}

export async function foundedChannel(
  mspIds: readonly string[] = ['AlphaMSP', 'BetaMSP', 'GammaMSP'],
  ordering: 'raft' | 'bft' = 'raft',
): Promise<FoundedChannel> {
  const founders = await Promise.all(mspIds.map((mspId) => founder(mspId)));
  const founding = proposeFounding(
    plan(ordering),
    founders.map(({ definition }) => definition),
  );
  const configuration = configurationIn(founding.bytes);
  const place = { channel: 'consortium', genesis: founding.genesis, configuration, now: NOW };
  return { founders, founding, configuration, place };
}
