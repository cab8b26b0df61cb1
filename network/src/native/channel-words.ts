// What a consortium.yaml and a channel's configuration have that the other has not, in words. The configuration is as
// `configtxlator` decodes it.
import { type ImplicitMetaPolicy, policyWords, type SignaturePolicyEnvelope } from './policy-words.ts';

/** A common.Block that holds a configuration. */
export interface ConfigurationBlock {
  readonly data: {
    readonly data: readonly [
      {
        readonly payload: {
          readonly header: { readonly channel_header: { readonly channel_id: string } };
          readonly data: { readonly config: ChannelConfig };
        };
      },
    ];
  };
}

/** A common.Config. */
export interface ChannelConfig {
  readonly sequence: string;
  readonly channel_group: ConfigGroup;
}

export interface ConfigGroup {
  readonly groups: Readonly<Record<string, ConfigGroup>>;
  readonly values: Readonly<Record<string, { readonly value: unknown }>>;
  readonly policies: Readonly<Record<string, { readonly policy: { readonly value: unknown } }>>;
}

/** What a channel is, as far as it cannot be changed by starting other processes. */
export interface ChannelShape {
  readonly channel: string;
  readonly ordering: string;
  /** Where the channel's members look for each consenter, as `host:port`, in the channel's order. */
  readonly orderers: readonly string[];
  /** MSP ids. */
  readonly organisations: readonly string[];
}

export interface Difference {
  readonly words: string;
  readonly remedy: string;
}

export const configOf = (block: ConfigurationBlock): ChannelConfig => block.data.data[0].payload.data.config;

interface Consenter {
  readonly host: string;
  readonly port: number;
}

const ORDERING: Readonly<Record<string, string>> = { etcdraft: 'raft', BFT: 'bft' };

export function shapeOf(block: ConfigurationBlock): ChannelShape {
  const { groups } = configOf(block).channel_group;
  const { values } = groups.Orderer!;
  const { type, metadata } = values.ConsensusType!.value as {
    readonly type: string;
    readonly metadata?: { readonly consenters?: readonly Consenter[] };
  };
  const mapping = values.Orderers?.value as { readonly consenter_mapping?: readonly Consenter[] } | undefined;
  const consenters = mapping?.consenter_mapping ?? metadata?.consenters ?? [];
  return {
    channel: block.data.data[0].payload.header.channel_header.channel_id,
    ordering: ORDERING[type] ?? type,
    orderers: consenters.map(({ host, port }) => `${host}:${port}`),
    organisations: Object.keys(groups.Application!.groups),
  };
}

const ANOTHER_DIR = 'or start another network in another DIR';

/** What keeps the file's network from being this channel's: nothing of it can be had by starting other processes. */
export function shapeDifferences(actual: ChannelShape, wanted: ChannelShape): Difference[] {
  const found: Difference[] = [];
  if (actual.channel !== wanted.channel) {
    found.push({
      words: `the ledger is that of the channel ${actual.channel}, and the file has \`channel: ${wanted.channel}\``,
      remedy: `write \`channel: ${actual.channel}\`, ${ANOTHER_DIR}`,
    });
  }
  if (actual.ordering !== wanted.ordering) {
    found.push({
      words: `the channel is ordered by ${actual.ordering}, and the file has \`ordering: ${wanted.ordering}\``,
      remedy: `write \`ordering: ${actual.ordering}\` under \`orderer\`, ${ANOTHER_DIR}`,
    });
  } else if (actual.orderers.length !== wanted.orderers.length) {
    found.push({
      words: `the channel has ${counted(actual.orderers.length, 'orderer')}, and the file ${wanted.orderers.length}`,
      remedy: `write \`nodes: ${actual.orderers.length}\` under \`orderer\`, ${ANOTHER_DIR}`,
    });
  } else {
    for (const [at, address] of actual.orderers.entries()) {
      if (address === wanted.orderers[at]) continue;
      found.push({
        words: `the channel's orderer ${at + 1} is at ${address}, and this one has ${wanted.orderers[at]}`,
        remedy: `give \`orderer-${at + 1}\` that port in DIR/ports.json`,
      });
    }
  }
  for (const mspId of actual.organisations.filter((id) => !wanted.organisations.includes(id))) {
    found.push({
      words: `the channel has the organisation ${mspId}, and the file does not name it`,
      remedy: `name it again, or take it out of the channel first (docs/operating/leave-a-consortium.md)`,
    });
  }
  for (const mspId of wanted.organisations.filter((id) => !actual.organisations.includes(id))) {
    found.push({
      words: `the file names the organisation ${mspId}, and the channel does not have it`,
      remedy: `remove it from the file, ${ANOTHER_DIR}`,
    });
  }
  return found;
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

export interface BlockCutting {
  /** As Fabric writes durations, such as 200ms or 2s. */
  readonly timeout: string;
  readonly maxMessageCount: number;
}

interface BatchValues {
  readonly timeout: { timeout: string };
  readonly size: { max_message_count: number };
  /** Of BFT, whose orderers cut blocks after an interval of their own. */
  readonly interval: { request_batch_max_interval: string } | undefined;
}

/** The places in a configuration that say when blocks are cut: they may be written to. */
function batchValuesOf(config: ChannelConfig): BatchValues {
  const { values } = config.channel_group.groups.Orderer!;
  const { metadata } = values.ConsensusType!.value as { readonly metadata?: object };
  const isBft = metadata !== undefined && 'request_batch_max_interval' in metadata;
  return {
    timeout: values.BatchTimeout!.value as BatchValues['timeout'],
    size: values.BatchSize!.value as BatchValues['size'],
    interval: isBft ? (metadata as BatchValues['interval']) : undefined,
  };
}

export function blockCuttingOf(config: ChannelConfig): BlockCutting {
  const { timeout, size, interval } = batchValuesOf(config);
  return {
    timeout: interval?.request_batch_max_interval ?? timeout.timeout,
    maxMessageCount: size.max_message_count,
  };
}

/** The configuration with other values of when blocks are cut. */
export function withBlockCutting(
  config: ChannelConfig,
  { timeout, maxMessageCount }: BlockCutting,
): ChannelConfig {
  const changed = structuredClone(config);
  const values = batchValuesOf(changed);
  values.timeout.timeout = timeout;
  values.size.max_message_count = maxMessageCount;
  if (values.interval !== undefined) values.interval.request_batch_max_interval = timeout;
  return changed;
}

/** When blocks are cut, where the file wants it otherwise. */
export function blockCuttingDifferences(actual: BlockCutting, wanted: BlockCutting): string[] {
  return [
    ...(actual.timeout === wanted.timeout
      ? []
      : [`a block waits for ${actual.timeout} in the channel, and ${wanted.timeout} in the file`]),
    ...(actual.maxMessageCount === wanted.maxMessageCount
      ? []
      : [
          `a block holds up to ${counted(actual.maxMessageCount, 'transaction')} in the channel, and ` +
            `${wanted.maxMessageCount} in the file`,
        ]),
  ];
}

/** What updates change in the life of a channel, and `consortium.yaml` says nothing of. */
const GROWING = new Set(['revocation_list', 'version']);

/**
 * What else the channel has otherwise than this program would make it: policies, certificates, anchor peers, the
 * ordering's own settings. It was changed by other means, or another version of this program made it.
 */
export function otherDifferences(actual: ChannelConfig, made: ChannelConfig): Difference[] {
  const unified = withBlockCutting(made, blockCuttingOf(actual));
  return [...groupDifferences('Channel', actual.channel_group, unified.channel_group)];
}

function* groupDifferences(
  path: string,
  actual: ConfigGroup | undefined,
  made: ConfigGroup | undefined,
): Generator<Difference> {
  for (const name of namesOf(actual?.policies, made?.policies)) {
    const [is, would] = [actual, made].map((group) => wordsOf(group?.policies[name]?.policy.value));
    if (is === would) continue;
    yield {
      words: `the policy ${name} of ${path} is ${is}, and this program makes ${would}`,
      remedy: 'keep it if all agreed to it; otherwise update the configuration of the channel',
    };
  }
  for (const name of namesOf(actual?.values, made?.values)) {
    const [is, would] = [actual, made].map((group) => group?.values[name]?.value);
    const fields = fieldsThatDiffer(is, would);
    if (fields.length === 0) continue;
    yield {
      words: `${name} of ${path} differs from what this program makes, in ${fields.slice(0, 5).join(', ')}`,
      remedy:
        name === 'MSP'
          ? `restore DIR/fabric/organisations/${path.split('/').at(-1)}, unless all agreed to other certificates`
          : 'keep it if all agreed to it; otherwise update the configuration of the channel',
    };
  }
  for (const name of namesOf(actual?.groups, made?.groups)) {
    yield* groupDifferences(`${path}/${name}`, actual?.groups[name], made?.groups[name]);
  }
}

const namesOf = (...records: readonly (object | undefined)[]): string[] =>
  [...new Set(records.flatMap((record) => Object.keys(record ?? {})))].sort();

const wordsOf = (value: unknown): string =>
  value === undefined ? 'missing' : policyWords(value as ImplicitMetaPolicy | SignaturePolicyEnvelope);

/** Paths of the leaves that two values have otherwise; `itself` where they are leaves. */
function fieldsThatDiffer(one: unknown, other: unknown, path = ''): string[] {
  if (isRecord(one) && isRecord(other)) {
    return namesOf(one, other)
      .filter((name) => !GROWING.has(name))
      .flatMap((name) => fieldsThatDiffer(one[name], other[name], path === '' ? name : `${path}.${name}`));
  }
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null) ? [] : [path || 'itself'];
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
