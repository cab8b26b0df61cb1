// When the certificates end that a channel's configuration holds: those of the orderers, without which they do not find
// each other, and those of the organisations' authorities, without which nobody is known.
import { X509Certificate } from 'node:crypto';
import { common, msp, orderer } from '@hyperledger/fabric-protos';

export interface CertificateEnd {
  /** Such as `orderer 1` or `authorities of NorthMSP`. */
  readonly of: string;
  /** In milliseconds since 1970; of several the first. */
  readonly endsMs: number;
}

/** The first end of each that has a certificate which can be read. */
export function certificateEndsIn(channel: common.ConfigGroup): CertificateEnd[] {
  const ends: CertificateEnd[] = [];
  const add = (of: string, certificates: readonly Uint8Array[]) => {
    const known = certificates.map(endOf).filter((end) => end !== undefined);
    if (known.length > 0) ends.push({ of, endsMs: Math.min(...known) });
  };
  const ordering = channel.getGroupsMap().get('Orderer');
  const value = (name: string) => ordering?.getValuesMap().get(name)?.getValue_asU8() ?? new Uint8Array();
  const consensus = orderer.ConsensusType.deserializeBinary(value('ConsensusType'));
  if (consensus.getType() === 'etcdraft') {
    const { ConfigMetadata } = orderer.etcdraft;
    const raft = ConfigMetadata.deserializeBinary(consensus.getMetadata_asU8()).getConsentersList();
    for (const [at, one] of raft.entries()) {
      add(`orderer ${at + 1}`, [one.getServerTlsCert_asU8(), one.getClientTlsCert_asU8()]);
    }
  } else if (consensus.getType() === 'BFT') {
    const bft = common.Orderers.deserializeBinary(value('Orderers')).getConsenterMappingList();
    for (const one of bft) {
      const own = [one.getServerTlsCert_asU8(), one.getClientTlsCert_asU8(), one.getIdentity_asU8()];
      add(`orderer ${one.getId()}`, own);
    }
  }
  for (const group of [ordering, channel.getGroupsMap().get('Application')]) {
    group?.getGroupsMap().forEach((organisation, mspId) => {
      const config = organisation.getValuesMap().get('MSP')?.getValue_asU8() ?? new Uint8Array();
      const fabric = msp.FabricMSPConfig.deserializeBinary(
        msp.MSPConfig.deserializeBinary(config).getConfig_asU8(),
      );
      add(`authorities of ${mspId}`, [
        ...fabric.getRootCertsList_asU8(),
        ...fabric.getIntermediateCertsList_asU8(),
        ...fabric.getTlsRootCertsList_asU8(),
        ...fabric.getTlsIntermediateCertsList_asU8(),
      ]);
    });
  }
  return ends;
}

function endOf(pem: Uint8Array): number | undefined {
  try {
    return Date.parse(new X509Certificate(pem).validTo);
  } catch {
    // Nobody can use it either.
    return undefined;
  }
}
