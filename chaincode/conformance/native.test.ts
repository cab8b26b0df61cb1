// Judges the chaincode on the network that CONSILIUM_CONNECTION names, where it is deployed as
// CONSILIUM_CHAINCODE ("consilium" by default).
import { after, it } from 'node:test';
import { attackConformance } from './attack-conformance.ts';
import { FabricConsortium } from './fabric-consortium.ts';
import { raceConformance } from './race-conformance.ts';
import { studyConformance } from './study-conformance.ts';

const file = process.env.CONSILIUM_CONNECTION;
if (file === undefined || file === '') {
  it('a study runs on a real Fabric network', { skip: 'not run: no network (set CONSILIUM_CONNECTION)' });
} else {
  let ledger: FabricConsortium | undefined;
  after(() => ledger?.[Symbol.asyncDispose]());
  const network = {
    setup: async () => {
      ledger ??= await FabricConsortium.connected(file, process.env.CONSILIUM_CHAINCODE ?? 'consilium');
      return ledger;
    },
    teardown: async () => {},
  };
  studyConformance('a study on the network of CONSILIUM_CONNECTION', network);
  attackConformance('attacks on the network of CONSILIUM_CONNECTION are refused', network);
  raceConformance('studies that race on the network of CONSILIUM_CONNECTION', network);
}
