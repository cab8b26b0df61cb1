// One half of a study across a chaincode upgrade, on the network that CONSILIUM_CONNECTION names: CONSILIUM_UPGRADE is
// `before` where CONSILIUM_CHAINCODE is version-1-chaincode, and `after` once it is this package's.
import { after, it } from 'node:test';
import { FabricConsortium } from './fabric-consortium.ts';
import { afterUpgrade, beforeUpgrade } from './upgrade-conformance.ts';

const {
  CONSILIUM_CONNECTION: file,
  CONSILIUM_CHAINCODE: chaincode = 'consilium',
  CONSILIUM_UPGRADE,
} = process.env;
if (file && CONSILIUM_UPGRADE) {
  let ledger: FabricConsortium | undefined;
  after(() => ledger?.[Symbol.asyncDispose]());
  const network = {
    async setup() {
      ledger = await FabricConsortium.connected(file, chaincode);
      return ledger;
    },
    async teardown() {},
  };
  const title = `${CONSILIUM_UPGRADE} a chaincode upgrade on the network of CONSILIUM_CONNECTION`;
  if (CONSILIUM_UPGRADE === 'before') beforeUpgrade(title, network);
  else afterUpgrade(title, network);
} else {
  it('a study runs across an upgrade on a real Fabric network', {
    skip: 'not run: no network (set CONSILIUM_CONNECTION and CONSILIUM_UPGRADE)',
  });
}
