// A study across a chaincode upgrade, on the embedded network.
import { join } from 'node:path';
import { after, it } from 'node:test';
import { EmbeddedNetwork, embeddedExists } from './embedded-network.ts';
import type { FabricConsortium } from './fabric-consortium.ts';
import { afterUpgrade, beforeUpgrade } from './upgrade-conformance.ts';

if (embeddedExists()) {
  const network = new EmbeddedNetwork();
  let ledger: FabricConsortium;
  after(async () => {
    await ledger?.[Symbol.asyncDispose]();
    await network.stop();
  });
  const teardown = async () => {};
  beforeUpgrade('before a chaincode upgrade on the embedded network', {
    async setup() {
      ledger = await network.start([join(import.meta.dirname, 'version-1-chaincode.js')]);
      return ledger;
    },
    teardown,
  });
  afterUpgrade('after a chaincode upgrade on the embedded network', {
    async setup() {
      await network.upgrade();
      return ledger;
    },
    teardown,
  });
} else {
  it('a study runs across an upgrade', { skip: 'not run: test-network is not built' });
}
