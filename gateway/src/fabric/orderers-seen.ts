// Whether the orderers can order, asked without ordering anything: each is asked for its newest block. A Raft orderer
// gives none while it has no leader. A BFT orderer gives it always, so there the orderers that answer are counted.
import { common, msp, orderer } from '@hyperledger/fabric-protos';
import type { CertificateEnd } from './certificate-ends.ts';

/** How a channel is ordered, by its configuration. */
export interface Ordering {
  readonly kind: 'raft' | 'bft';
  /** How many orderers agree on blocks. */
  readonly consenters: number;
  /** How many of them must work for a block. */
  readonly needed: number;
  readonly endpoints: readonly OrdererEndpoint[];
}

export interface OrdererEndpoint {
  /** Whose it is: what is said of it in public, where addresses are nobody's business. */
  readonly mspId: string;
  /** host:port, for clients. */
  readonly address: string;
  /** PEM. */
  readonly tlsRootCertificates: readonly string[];
}

/** `unknown`: something is there, and says neither. */
export type OrdererAnswer = 'serves' | 'no leader' | 'silent' | 'unknown';

/** What is seen of the orderers at one time. */
export interface OrderersSeen {
  readonly consenters: number;
  readonly needed: number;
  /** Those that gave their newest block. */
  readonly serving: number;
  /** Why nothing can be ordered; undefined where nothing shows that. */
  readonly problem: string | undefined;
  /** Of the channel's configuration; absent where it was not read. */
  readonly certificates?: readonly CertificateEnd[];
}

/** What a configuration block holds; undefined where it holds none. */
export function channelGroupIn(configurationBlock: common.Block): common.ConfigGroup | undefined {
  const [bytes] = configurationBlock.getData()?.getDataList_asU8() ?? [];
  const envelope = common.Envelope.deserializeBinary(bytes ?? new Uint8Array());
  const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
  const configuration = common.ConfigEnvelope.deserializeBinary(payload.getData_asU8());
  return configuration.getConfig()?.getChannelGroup();
}

/** Undefined where the configuration names no orderers of a kind that is known here. */
export function orderingIn(channel: common.ConfigGroup | undefined): Ordering | undefined {
  const group = channel?.getGroupsMap().get('Orderer');
  const value = (name: string) => group?.getValuesMap().get(name)?.getValue_asU8() ?? new Uint8Array();
  const consensus = orderer.ConsensusType.deserializeBinary(value('ConsensusType'));
  const endpoints: OrdererEndpoint[] = [];
  group?.getGroupsMap().forEach((organisation, mspId) => {
    const values = organisation.getValuesMap();
    const addresses = common.OrdererAddresses.deserializeBinary(
      values.get('Endpoints')?.getValue_asU8() ?? new Uint8Array(),
    );
    const roots = tlsRootsOf(values.get('MSP')?.getValue_asU8() ?? new Uint8Array());
    for (const address of addresses.getAddressesList())
      endpoints.push({ mspId, address, tlsRootCertificates: roots });
  });
  if (consensus.getType() === 'etcdraft') {
    const metadata = orderer.etcdraft.ConfigMetadata.deserializeBinary(consensus.getMetadata_asU8());
    return orderingOf('raft', metadata.getConsentersList().length, endpoints);
  }
  if (consensus.getType() === 'BFT') {
    const mapping = common.Orderers.deserializeBinary(value('Orderers')).getConsenterMappingList();
    return orderingOf('bft', mapping.length, endpoints);
  }
  return undefined;
}

function tlsRootsOf(value: Uint8Array): string[] {
  const config = msp.MSPConfig.deserializeBinary(value).getConfig_asU8();
  const { FabricMSPConfig } = msp;
  const read = FabricMSPConfig.deserializeBinary(config);
  return [...read.getTlsRootCertsList_asU8(), ...read.getTlsIntermediateCertsList_asU8()].map((pem) =>
    Buffer.from(pem).toString('utf8'),
  );
}

/**
 * A majority with Raft; with BFT so many that two quorums share an honest one, where (n - 1) / 3 may be dishonest. Of
 * an organisation's endpoints, which it alone writes, no more are asked than there can be orderers.
 */
export function orderingOf(
  kind: Ordering['kind'],
  consenters: number,
  endpoints: readonly OrdererEndpoint[],
): Ordering | undefined {
  if (consenters === 0 || endpoints.length === 0) return undefined;
  const dishonest = Math.floor((consenters - 1) / 3);
  const needed =
    kind === 'raft' ? Math.floor(consenters / 2) + 1 : Math.ceil((consenters + dishonest + 1) / 2);
  const ofEach = Map.groupBy(endpoints, ({ mspId }) => mspId).values();
  const asked = [...ofEach].flatMap((own) => own.slice(0, consenters));
  return { kind, consenters, needed, endpoints: asked };
}

/** @param answers in the order of the endpoints */
export function orderersSeen(ordering: Ordering, answers: readonly OrdererAnswer[]): OrderersSeen {
  const { kind, consenters, needed, endpoints } = ordering;
  const serving = answers.filter((answer) => answer === 'serves').length;
  const seen = { consenters, needed, serving };
  const unclear = answers.filter((answer) => answer === 'unknown').length;
  const others = endpoints
    .map(({ mspId }, at) => ({ mspId, answer: answers[at] }))
    .filter(({ answer }) => answer === 'silent' || answer === 'no leader')
    .map(({ mspId, answer }) => `${mspId}'s ${answer === 'silent' ? 'does not answer' : 'has no leader'}`);
  const because = `${others.join(', ')} → see docs/operating/channel-stops-committing.md`;
  if (kind === 'raft') {
    // One that has a leader is enough: a leader without a majority steps down.
    const problem =
      serving + unclear > 0
        ? undefined
        : `nothing can be ordered: ${needed} of ${consenters} orderers must elect a leader, and ${because}`;
    return { ...seen, problem };
  }
  const isMissed = endpoints.length >= needed && serving + unclear < needed;
  const problem = isMissed
    ? `nothing can be ordered: ${needed} of ${consenters} orderers must agree, and ${because}`
    : undefined;
  return { ...seen, problem };
}
