// Judges leaving on the network of five that CONSILIUM_CONNECTION names, on whose ledger nobody is a member yet.
// CONSILIUM_REMOVE names a program that is given an MSP id and removes that organisation from the channel.
import { execFile } from 'node:child_process';
import { after, it } from 'node:test';
import { promisify } from 'node:util';
import { FabricConsortium } from './fabric-consortium.ts';
import { leavingConformance } from './leaving-conformance.ts';

const { CONSILIUM_CONNECTION: file = '', CONSILIUM_REMOVE: program = '' } = process.env;
if (file === '' || program === '') {
  it('two of five leave a real Fabric network', {
    skip: 'not run: no network (set CONSILIUM_CONNECTION and CONSILIUM_REMOVE)',
  });
} else {
  let ledger: FabricConsortium | undefined;
  after(() => ledger?.[Symbol.asyncDispose]());
  leavingConformance('two of five leave the network of CONSILIUM_CONNECTION', {
    setup: async () => {
      ledger = await FabricConsortium.connected(file, process.env.CONSILIUM_CHAINCODE ?? 'consilium');
      return ledger;
    },
    teardown: async () => {},
    remove: async (mspId) => {
      await promisify(execFile)(program, [mspId]);
    },
  });
}
