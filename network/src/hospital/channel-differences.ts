// What the channel has otherwise than consortium.yaml says, in words. The file changes nothing by itself: what differs
// is made the same by a ceremony, or by another file.
import type { ChannelConfiguration } from '@consilium/verify/channel';
import fabricProtos from '@hyperledger/fabric-protos';
import { msOf } from '../ceremonies/durations.ts';
import { orderersIn } from '../ceremonies/orderer-set.ts';
import { type AgreedConsortium, portsOf } from './agreed-consortium.ts';
import { defaultCutting } from './hospital-layout.ts';

const { orderer, peer } = fabricProtos;
const KINDS: Readonly<Record<string, string>> = { etcdraft: 'raft', BFT: 'bft' };

export interface ChannelDifference {
  readonly text: string;
  /** What makes both the same. */
  readonly remedy: string;
}

/** None where the channel is as the file says. */
export function channelDifferences(
  consortium: AgreedConsortium,
  channel: ChannelConfiguration,
): ChannelDifference[] {
  return [
    ...membership(consortium, channel),
    ...orderers(consortium, channel),
    ...cutting(consortium, channel),
  ];
}

function* membership(
  { organisations }: AgreedConsortium,
  { mspIds }: ChannelConfiguration,
): Generator<ChannelDifference> {
  for (const { mspId } of organisations) {
    if (mspIds.includes(mspId)) continue;
    const text = `${mspId} is in consortium.yaml, and not in the channel`;
    yield { text, remedy: `\`propose add-organisation --organisation ${mspId}\`` };
  }
  for (const mspId of mspIds) {
    if (organisations.some((one) => one.mspId === mspId)) continue;
    const text = `${mspId} is in the channel, and not in consortium.yaml`;
    yield { text, remedy: `\`propose remove-organisation --organisation ${mspId}\`, after its orderer` };
  }
}

function* orderers(
  { organisations, ordering }: AgreedConsortium,
  { root, consensus }: ChannelConfiguration,
): Generator<ChannelDifference> {
  const kind = KINDS[consensus] ?? consensus;
  if (kind !== ordering.kind) {
    yield {
      text: `the channel is ordered by ${kind}, and consortium.yaml says ${ordering.kind}`,
      remedy: 'correct the file',
    };
  }
  const there = orderersIn(root).map(({ host, port }) => `${host}:${port}`);
  const agreed = organisations.map((one) => ({
    mspId: one.mspId,
    at: `${one.host}:${portsOf(one).orderer}`,
  }));
  for (const { mspId, at } of agreed) {
    if (there.includes(at)) continue;
    const remedy = `\`propose add-orderer --organisation ${mspId}\`, once it runs`;
    yield { text: `the orderer ${at} of ${mspId} does not order yet`, remedy };
  }
  for (const at of there) {
    if (agreed.some((one) => one.at === at)) continue;
    yield {
      text: `${at} orders, and is no orderer of consortium.yaml`,
      remedy: `\`propose remove-orderer --orderer ${at}\``,
    };
  }
  for (const { mspId, host, ...one } of organisations) {
    const value = root.groups.get('Application')?.groups.get(mspId)?.values.get('AnchorPeers')?.value;
    if (value === undefined) continue;
    const anchors = peer.AnchorPeers.deserializeBinary(value).getAnchorPeersList();
    const names = anchors.map((anchor) => `${anchor.getHost()}:${anchor.getPort()}`);
    const own = `${host}:${portsOf({ mspId, host, ...one }).peer}`;
    if (names.includes(own)) continue;
    const remedy = `\`propose anchor-peers --organisation ${mspId} --peer ${own}\``;
    yield {
      text: `the peer of ${mspId} is ${own}, and the channel has ${names.join(', ') || 'none'}`,
      remedy,
    };
  }
}

function* cutting(
  { ordering }: AgreedConsortium,
  { root }: ChannelConfiguration,
): Generator<ChannelDifference> {
  const values = root.groups.get('Orderer')?.values;
  const [timeout, size] = [values?.get('BatchTimeout')?.value, values?.get('BatchSize')?.value];
  const wanted = defaultCutting(ordering);
  if (timeout !== undefined) {
    const ms = msOf(orderer.BatchTimeout.deserializeBinary(timeout).getTimeout());
    const remedy = `\`propose batch-timeout --milliseconds ${wanted.batchTimeoutMs}\`, or correct the file`;
    if (ms !== wanted.batchTimeoutMs)
      yield { text: `a block waits ${ms} ms, and consortium.yaml says ${wanted.batchTimeoutMs}`, remedy };
  }
  if (size !== undefined) {
    const count = orderer.BatchSize.deserializeBinary(size).getMaxMessageCount();
    const remedy = `\`propose block-size --messages ${wanted.maxMessageCount}\`, or correct the file`;
    if (count !== wanted.maxMessageCount) {
      yield {
        text: `a block holds ${count} transactions at most, and consortium.yaml says ${wanted.maxMessageCount}`,
        remedy,
      };
    }
  }
}
