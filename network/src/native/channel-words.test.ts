import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  blockCuttingDifferences,
  blockCuttingOf,
  type ChannelConfig,
  type ConfigurationBlock,
  otherDifferences,
  shapeDifferences,
  shapeOf,
  withBlockCutting,
} from './channel-words.ts';

const consenter = (port: number) => ({ host: 'localhost', port });
const majority = { policy: { value: { rule: 'MAJORITY', sub_policy: 'Admins' } } };
const group = (more: object) => ({ groups: {}, values: {}, policies: {}, ...more });
const msp = (root: string) => ({
  value: { config: { root_certs: [root], revocation_list: [] as string[] } },
});

/** As configtxlator decodes one: Raft has its consenters in its metadata, BFT in a value of their own. */
function config(ordering: 'raft' | 'bft', { ports = [1, 2, 3] } = {}): ChannelConfig {
  const bft = ordering === 'bft';
  const consenters = ports.map(consenter);
  const values = {
    ConsensusType: {
      value: bft
        ? {
            type: 'BFT',
            metadata: { request_batch_max_interval: '200ms', collect_timeout: '1s' },
          }
        : { type: 'etcdraft', metadata: { consenters, options: { election_tick: 10 } } },
    },
    BatchTimeout: { value: { timeout: '200ms' } },
    BatchSize: { value: { max_message_count: 1, absolute_max_bytes: 10 } },
    ...(bft && { Orderers: { value: { consenter_mapping: consenters } } }),
  };
  const organisations = {
    AMSP: group({ values: { MSP: msp('a') } }),
    BMSP: group({ values: { MSP: msp('b') } }),
  };
  return {
    sequence: '0',
    channel_group: group({
      groups: {
        Application: group({ groups: organisations, policies: { Admins: majority } }),
        Orderer: group({ values }),
      },
    }),
  } as unknown as ChannelConfig;
}

const block = (config: ChannelConfig): ConfigurationBlock => ({
  data: { data: [{ payload: { header: { channel_header: { channel_id: 'wards' } }, data: { config } } }] },
});

test('the shape of a channel is read of Raft and of BFT, and of one another nothing differs', () => {
  for (const ordering of ['raft', 'bft'] as const) {
    const shape = shapeOf(block(config(ordering)));
    assert.deepEqual(shape, {
      channel: 'wards',
      ordering,
      orderers: ['localhost:1', 'localhost:2', 'localhost:3'],
      organisations: ['AMSP', 'BMSP'],
    });
    assert.deepEqual(shapeDifferences(shape, structuredClone(shape)), []);
    assert.deepEqual(otherDifferences(config(ordering), config(ordering)), []);
  }
});

test('each difference of the shape has its words and a remedy', () => {
  const shape = shapeOf(block(config('raft')));
  const wanted = {
    channel: 'beds',
    ordering: 'raft',
    orderers: ['localhost:1', 'localhost:9', 'localhost:3'],
  };
  const found = shapeDifferences(shape, { ...wanted, organisations: ['BMSP', 'CMSP'] });
  assert.deepEqual(
    found.map(({ words }) => words),
    [
      'the ledger is that of the channel wards, and the file has `channel: beds`',
      "the channel's orderer 2 is at localhost:2, and this one has localhost:9",
      'the channel has the organisation AMSP, and the file does not name it',
      'the file names the organisation CMSP, and the channel does not have it',
    ],
  );
  for (const { remedy } of found) assert.notEqual(remedy, '');
  const bft = { ...shape, ordering: 'bft', orderers: ['localhost:1'] };
  assert.deepEqual(
    shapeDifferences(shape, bft).map(({ words }) => words),
    ['the channel is ordered by raft, and the file has `ordering: bft`'],
    'the number of orderers follows from the ordering',
  );
});

test('when blocks are cut is read and written where each ordering keeps it, and nothing else changes', () => {
  const wanted = { timeout: '1.5s', maxMessageCount: 10 };
  for (const ordering of ['raft', 'bft'] as const) {
    const before = config(ordering);
    const actual = blockCuttingOf(before);
    assert.deepEqual(actual, { timeout: '200ms', maxMessageCount: 1 });
    assert.deepEqual(blockCuttingDifferences(actual, actual), []);
    assert.equal(blockCuttingDifferences(actual, wanted).length, 2);
    const after = withBlockCutting(before, wanted);
    assert.deepEqual(blockCuttingOf(after), wanted);
    assert.deepEqual(blockCuttingOf(before), actual, 'the one that was given is as it was');
    assert.deepEqual(otherDifferences(after, before), []);
  }
});

test('a weakened policy, a foreign authority and other settings are said; a revoked certificate is not', () => {
  const made = config('raft');
  const actual = structuredClone(made) as unknown as {
    channel_group: {
      groups: { Application: { policies: object; groups: { AMSP: object } }; Orderer: object };
    };
  };
  const { Application, Orderer } = actual.channel_group.groups;
  Object.assign(Application.policies, {
    Admins: { policy: { value: { rule: 'ANY', sub_policy: 'Admins' } } },
  });
  const other = msp('x');
  other.value.config.revocation_list.push('crl');
  Object.assign(Application.groups.AMSP, { values: { MSP: other } });
  const { values } = Orderer as { values: { BatchSize: { value: { absolute_max_bytes: number } } } };
  values.BatchSize.value.absolute_max_bytes = 99;
  const found = otherDifferences(actual as unknown as ChannelConfig, made);
  assert.deepEqual(
    found.map(({ words }) => words),
    [
      'the policy Admins of Channel/Application is ANY Admins, and this program makes MAJORITY Admins',
      'MSP of Channel/Application/AMSP differs from what this program makes, in config.root_certs',
      'BatchSize of Channel/Orderer differs from what this program makes, in absolute_max_bytes',
    ],
  );
  assert.match(found[1]?.remedy ?? '', /organisations\/AMSP/);
});
