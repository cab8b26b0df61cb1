// Is a certificate refused everywhere? Each peer of the channel is asked: whether its own copy of the configuration
// revokes the certificate, and, where its key is at hand, whether the peer answers somebody who signs with it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { lastConfigurationOf } from '@consilium/verify';
import { type Certificate, readCertificate, readRevocationList, x509Of } from '@consilium/verify/channel';
import type { SigningIdentity } from '../ceremonies/ceremony-signatures.ts';
import { type Asking, type FabricNode, FabricNodeError, fetchBlock } from '../ceremonies/fabric-nodes.ts';
import { placeOfHospital } from '../ceremonies/hospital-place.ts';
import { administratorOf } from '../ceremonies/own-place.ts';
import { revocationListsOf } from '../ceremonies/proposals.ts';
import { configurationIn } from '../ceremonies/review.ts';
import type { Hospital } from './hospital-file.ts';
import type { HospitalLayout } from './hospital-layout.ts';

export interface ProbedPeer {
  readonly mspId: string;
  readonly address: string;
  /**
   * `refused`: the peer gives nothing to it. `listed`: its configuration revokes it, and no key is here to try.
   * `taken`: the peer gives it a block, or does not revoke it. `unknown`: the peer does not answer the administrator.
   */
  readonly state: 'refused' | 'listed' | 'taken' | 'unknown';
  readonly text: string;
}

/** @param identity an MSP folder, or the file of a certificate alone */
export async function probeCertificate(
  {
    path,
    hospital,
    layout,
  }: { readonly path: string; readonly hospital: Hospital; readonly layout: HospitalLayout },
  identity: { readonly folder: string } | { readonly certificateFile: string },
): Promise<{ readonly serial: string; readonly subject: string; readonly peers: readonly ProbedPeer[] }> {
  const { own } = hospital;
  const read = (file: string) => {
    try {
      return readFileSync(file);
    } catch (error) {
      throw new InputError(`cannot read ${file}: ${(error as Error).message}`);
    }
  };
  const pem = read(
    'folder' in identity ? join(identity.folder, 'signcerts/cert.pem') : identity.certificateFile,
  );
  const certificate = readCertificate(pem);
  const signer: SigningIdentity | undefined =
    'folder' in identity
      ? {
          mspId: own.mspId,
          certificate: pem.toString('utf8'),
          key: read(join(identity.folder, 'keystore/key.pem')).toString('utf8'),
        }
      : undefined;
  const administrator = administratorOf(placeOfHospital(path));
  const { channel, peers } = layout.fabric;
  const probed = [...peers, ...layout.secondPeers].map(
    async ({ mspId, host, port, tls }): Promise<ProbedPeer> => {
      const address = `${host}:${port}`;
      const answer = await askPeer(
        { address, tlsRoots: readFileSync(tls.root, 'utf8') },
        { channel, administrator, certificate, signer, of: own.mspId },
      );
      return { mspId, address, ...answer };
    },
  );
  return {
    serial: certificate.serial,
    subject: x509Of(certificate).subject.replaceAll('\n', ', '),
    peers: await Promise.all(probed),
  };
}

interface Asked {
  readonly channel: string;
  readonly administrator: SigningIdentity;
  readonly certificate: Certificate;
  readonly signer: SigningIdentity | undefined;
  /** MSP id of the certificate's organisation. */
  readonly of: string;
}

/** The administrator is asked about first: a peer that answers nobody refuses nobody. */
async function askPeer(
  node: FabricNode,
  { channel, administrator, certificate, signer, of }: Asked,
): Promise<Pick<ProbedPeer, 'state' | 'text'>> {
  let isListed: boolean;
  try {
    isListed = await lists(node, { channel, identity: administrator }, { certificate, of });
  } catch (error) {
    if (!(error instanceof FabricNodeError)) throw error;
    return { state: 'unknown', text: `${error.message}: start it, or look at the way to it, and ask again` };
  }
  const listed = isListed ? 'its configuration revokes it' : 'its configuration does not revoke it';
  const waits = 'submit the ceremony, or wait until this peer has caught up';
  if (signer === undefined)
    return { state: isListed ? 'listed' : 'taken', text: isListed ? listed : `${listed}: ${waits}` };
  try {
    await fetchBlock(node, 'newest', { channel, identity: signer });
    return { state: 'taken', text: `it gives it a block, and ${listed}: ${waits}` };
  } catch (error) {
    if (!(error instanceof FabricNodeError)) throw error;
    if (error.refuses) return { state: 'refused', text: `it refuses it, and ${listed}` };
    return { state: 'unknown', text: `${error.message}: ask again` };
  }
}

async function lists(
  node: FabricNode,
  asking: Asking,
  { certificate, of }: Pick<Asked, 'certificate' | 'of'>,
): Promise<boolean> {
  const newest = await fetchBlock(node, 'newest', asking);
  const { root } = configurationIn(await fetchBlock(node, lastConfigurationOf(newest), asking));
  return revocationListsOf(root, of).some((list) => readRevocationList(list).serials.has(certificate.serial));
}

/** One sentence for each peer. */
export const probeText = ({ peers }: { readonly peers: readonly ProbedPeer[] }): string[] =>
  peers.map(
    ({ mspId, address, state, text }) =>
      `${state === 'taken' ? '✘' : state === 'unknown' ? '?' : '✔'} ${mspId} (${address}): ${text}`,
  );
