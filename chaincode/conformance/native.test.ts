// Judges the chaincode on the network that CONSILIUM_CONNECTION names, where it is deployed as
// CONSILIUM_CHAINCODE ("consilium" by default).
import { it } from 'node:test';
import { FabricConsortium } from './fabric-consortium.ts';
import { studyConformance } from './study-conformance.ts';

const file = process.env.CONSILIUM_CONNECTION;
if (file === undefined || file === '') {
  it('a study runs on a real Fabric network', { skip: 'not run: no network (set CONSILIUM_CONNECTION)' });
} else {
  let ledger: FabricConsortium | undefined;
  studyConformance('a study on the network of CONSILIUM_CONNECTION', {
    async setup() {
      ledger = await FabricConsortium.connected(file, process.env.CONSILIUM_CHAINCODE ?? 'consilium');
      return ledger;
    },
    async teardown() {
      await ledger?.[Symbol.asyncDispose]();
    },
  });
}
