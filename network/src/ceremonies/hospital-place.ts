// The place of a hospital that runs on its own host: hospital.yaml and consortium.yaml say where its administrator's
// key, its peer and all orderers are, and its folder keeps the first block.
import { existsSync, readFileSync } from 'node:fs';
import { ConfigError } from '@consilium/command-line';
import { chaincodeVersions, packageOf } from '../hospital/chaincode-versions.ts';
import { agreedDefinitions } from '../hospital/channel-definition.ts';
import { readHospital } from '../hospital/hospital-file.ts';
import { hospitalLayout } from '../hospital/hospital-layout.ts';
import type { FabricNode } from './fabric-nodes.ts';
import type { OwnPlace } from './own-place.ts';
import { digestOfFirstBlock } from './review.ts';

interface Reached {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly root: string };
}

/** @param file hospital.yaml. @throws ConfigError where either file is wrong, or the host has no identities yet */
export function placeOfHospital(file: string): OwnPlace {
  const hospital = readHospital(file);
  const layout = hospitalLayout(hospital);
  const { fabric, peer, secondPeer, orderer } = layout;
  if (!existsSync(peer.adminMspDir)) {
    throw new ConfigError(file, `has no identities in ${peer.adminMspDir}: run \`hospital init\` first`);
  }
  const isFounded = existsSync(fabric.genesisBlock);
  const nodeOf = ({ host, port, tls }: Reached): FabricNode => ({
    address: `${host}:${port}`,
    tlsRoots: readFileSync(tls.root, 'utf8'),
  });
  // One's own first. Of those that came later nothing may be kept here.
  const orderers = [orderer, ...fabric.orderers.filter((one) => one !== orderer)];
  return {
    file,
    mspId: hospital.own.mspId,
    channel: fabric.channel,
    genesis: isFounded ? digestOfFirstBlock(readFileSync(fabric.genesisBlock)) : undefined,
    administrator: peer.adminMspDir,
    peer: isFounded ? nodeOf(peer) : undefined,
    ...(isFounded && secondPeer && { secondPeer: nodeOf(secondPeer) }),
    packageOf: (name, version) => {
      const known = chaincodeVersions(layout).find((one) => one.version === version);
      return known && packageOf(name, known).id;
    },
    orderers: isFounded ? orderers.filter(({ tls }) => existsSync(tls.root)).map(nodeOf) : [],
    agreed: agreedDefinitions(hospital, layout),
  };
}
