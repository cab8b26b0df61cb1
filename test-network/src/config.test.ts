import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError, parseConfig } from './config.ts';

describe('the configuration', () => {
  it('may be empty: three organisations and no chaincode', () => {
    const config = parseConfig({});
    assert.deepEqual(
      config.organisations.map(({ mspId }) => mspId),
      ['Org1MSP', 'Org2MSP', 'Org3MSP'],
    );
    assert.deepEqual([config.channel, config.chaincodes, config.batchTimeoutMs], ['consortium', [], 50]);
  });

  it('gives a chaincode version 1.0, sequence 1 and the majority policy unless told otherwise', () => {
    const { chaincodes } = parseConfig({ chaincodes: [{ name: 'cc', addresses: { '*': 'localhost:1' } }] });
    assert.deepEqual(chaincodes, [
      {
        name: 'cc',
        version: '1.0',
        sequence: 1,
        policy: 'MAJORITY Endorsement',
        addresses: { '*': 'localhost:1' },
      },
    ]);
  });

  for (const [what, value, expected] of [
    ['is no object', [], /expected an object/],
    ['has no organisation', { organisations: [] }, /at least one/],
    [
      'gives the orderer’s MSP to an organisation',
      { organisations: [{ mspId: 'OrdererMSP', name: 'o' }] },
      /orderer/,
    ],
    ['has a channel name Fabric would refuse', { channel: 'Consortium' }, /^ {2}channel: /m],
    ['has a port that is none', { ipfs: { port: 70_000 } }, /ipfs\.port/],
    [
      'names a chaincode twice',
      {
        chaincodes: [
          { name: 'cc', addresses: { '*': 'h:1' } },
          { name: 'cc', addresses: { '*': 'h:1' } },
        ],
      },
      /the name cc is used twice/,
    ],
    [
      'deploys a chaincode nowhere',
      { chaincodes: [{ name: 'cc', addresses: {} }] },
      /at least one host:port/,
    ],
  ] as const) {
    it(`is refused when it ${what}`, () => {
      assert.throws(
        () => parseConfig(value),
        (error: unknown) => error instanceof ConfigError && expected.test(error.message),
      );
    });
  }
});
