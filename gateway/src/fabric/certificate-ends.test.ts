import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { Authority } from '@consilium/verify/testing/test-authority';
import { common, msp, orderer } from '@hyperledger/fabric-protos';
import { certificateEndsIn } from './certificate-ends.ts';

const authority = await Authority.create('NorthMSP');
const pem = Buffer.from(authority.pem);
const endsMs = Date.parse(new X509Certificate(authority.pem).validTo);

const value = (message: { serializeBinary(): Uint8Array }) => {
  const one = new common.ConfigValue();
  one.setValue(message.serializeBinary());
  return one;
};

function channel(ordering: 'etcdraft' | 'BFT'): common.ConfigGroup {
  const group = new common.ConfigGroup();
  const consensus = new orderer.ConsensusType();
  consensus.setType(ordering);
  if (ordering === 'etcdraft') {
    const consenter = new orderer.etcdraft.Consenter();
    consenter.setServerTlsCert(pem);
    const metadata = new orderer.etcdraft.ConfigMetadata();
    metadata.setConsentersList([consenter]);
    consensus.setMetadata(metadata.serializeBinary());
  } else {
    const consenter = new common.Consenter();
    consenter.setId(7);
    consenter.setIdentity(pem);
    const mapping = new common.Orderers();
    mapping.setConsenterMappingList([consenter]);
    group.getValuesMap().set('Orderers', value(mapping));
  }
  group.getValuesMap().set('ConsensusType', value(consensus));
  const fabric = new msp.FabricMSPConfig();
  fabric.setRootCertsList([Buffer.from('no certificate'), pem]);
  const config = new msp.MSPConfig();
  config.setConfig(fabric.serializeBinary());
  const organisation = new common.ConfigGroup();
  organisation.getValuesMap().set('MSP', value(config));
  const application = new common.ConfigGroup();
  application.getGroupsMap().set('NorthMSP', organisation);
  application.getGroupsMap().set('EmptyMSP', new common.ConfigGroup());
  const whole = new common.ConfigGroup();
  whole.getGroupsMap().set('Orderer', group).set('Application', application);
  return whole;
}

test('the ends of orderers of Raft and BFT and of authorities are known, of those that can be read', () => {
  assert.deepEqual(certificateEndsIn(channel('etcdraft')), [
    { of: 'orderer 1', endsMs },
    { of: 'authorities of NorthMSP', endsMs },
  ]);
  assert.deepEqual(certificateEndsIn(channel('BFT')), [
    { of: 'orderer 7', endsMs },
    { of: 'authorities of NorthMSP', endsMs },
  ]);
  assert.deepEqual(certificateEndsIn(new common.ConfigGroup()), []);
});
