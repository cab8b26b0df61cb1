import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError } from '@consilium/command-line';
import { parseConfig } from './config.ts';

describe('the configuration', () => {
  it('may be empty: three organisations and no chaincode', () => {
    const config = parseConfig({});
    assert.deepEqual(
      config.organisations.map(({ mspId }) => mspId),
      ['Org1MSP', 'Org2MSP', 'Org3MSP'],
    );
    assert.deepEqual([config.channel, config.chaincodes, config.batchTimeoutMs], ['consortium', [], 50]);
  });

  it('gives a chaincode version 1.0, sequence 1 and the majority policy by default', () => {
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

  it('gives peers and the orderer further host names, and a chaincode the ids it registers under', () => {
    const organisations = [
      { mspId: 'A', name: 'a', hostAliases: ['peer0.a.example.com', '10.0.0.7', 'fe80::1'] },
    ];
    const orderer = { hostAliases: ['orderer.example.com'] };
    const packageIds = { A: 'cc_1.0:5f0e', '*': 'cc:1' };
    const chaincodes = [{ name: 'cc', addresses: { '*': 'localhost:1' }, packageIds }];
    const config = parseConfig({ organisations, orderer, chaincodes });
    assert.deepEqual(config.organisations, organisations);
    assert.deepEqual(config.orderer, orderer);
    assert.deepEqual(config.chaincodes[0]!.packageIds, packageIds);
  });

  for (const [what, value, expected] of [
    ['is no object', [], /must be an object/],
    ['has no organisation', { organisations: [] }, /at least one/],
    [
      'gives the orderer’s MSP to an organisation',
      { organisations: [{ mspId: 'OrdererMSP', name: 'o' }] },
      /orderer/,
    ],
    ['has a channel name Fabric would refuse', { channel: 'Consortium' }, /^ {2}channel must be /m],
    ['has a port that is none', { ipfs: { port: 70_000 } }, /ipfs\.port/],
    [
      'names a chaincode twice',
      {
        chaincodes: [
          { name: 'cc', addresses: { '*': 'h:1' } },
          { name: 'cc', addresses: { '*': 'h:1' } },
        ],
      },
      /chaincodes has the name cc twice/,
    ],
    [
      'gives a peer an alias that is no host name',
      { organisations: [{ mspId: 'A', name: 'a', hostAliases: ['peer0.a.example.com', 'peer 0'] }] },
      /organisations\[0\]\.hostAliases\[1\] must be a host name/,
    ],
    [
      'gives a peer an alias with a port, which no client could verify',
      { organisations: [{ mspId: 'A', name: 'a', hostAliases: ['peer0.a.example.com:7051'] }] },
      /organisations\[0\]\.hostAliases\[0\] must be a host name/,
    ],
    [
      'gives a peer an alias with a part that is empty',
      { organisations: [{ mspId: 'A', name: 'a', hostAliases: ['peer0..example.com'] }] },
      /organisations\[0\]\.hostAliases\[0\] must be a host name/,
    ],
    [
      'gives the orderer aliases that are no list',
      { orderer: { hostAliases: 'orderer.example.com' } },
      /orderer\.hostAliases must be a list/,
    ],
    [
      'expects a package id that none can have',
      { chaincodes: [{ name: 'cc', addresses: { '*': 'h:1' }, packageIds: { '*': 'a b' } }] },
      /chaincodes\[0\]\.packageIds\.\* must be a package id/,
    ],
    [
      'expects a package id of an organisation that is not there',
      { chaincodes: [{ name: 'cc', addresses: { '*': 'h:1' }, packageIds: { BMSP: 'a:1' } }] },
      /packageIds\.BMSP is for no organisation/,
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
