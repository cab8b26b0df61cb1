// This package's chaincode for many organisations in one process, each behind an address of its own, where a process
// for each would be too much for one machine:
//   node serve-organisations.js CHAINCODE_ID Org1MSP=127.0.0.1:7052 Org2MSP=127.0.0.1:7053 …
// Everything but the process is as in a consortium: each peer has its own stream, and its own answer to who it is.
import { createRequire } from 'node:module';
import { JSONSerializer } from 'fabric-contract-api';
import shim, { type ChaincodeInterface, type ChaincodeStub } from 'fabric-shim';
import { contracts } from '../src/index.ts';

const { Shim } = shim;
type FromContracts = new (
  contracts: readonly unknown[],
  serializers: object,
  metadata: object,
  title: string,
  version: string,
) => ChaincodeInterface;
/** What `fabric-chaincode-node` makes of contracts; the shim does not export it. */
const ChaincodeFromContract = createRequire(import.meta.url)(
  'fabric-shim/lib/contract-spi/chaincodefromcontract.js',
) as FromContracts;

const SERIALIZERS = { transaction: 'json', serializers: { json: JSONSerializer } };

const [chaincodeId = '', ...places] = process.argv.slice(2);
for (const place of places) {
  const [mspId = '', address = ''] = place.split('=');
  const chaincode = new ChaincodeFromContract([...contracts], SERIALIZERS, {}, 'consilium', '1');
  const asked = (stub: ChaincodeStub) => Object.assign(stub, { getMspID: () => mspId });
  const one: ChaincodeInterface = {
    Init: (stub) => chaincode.Init(asked(stub)),
    Invoke: (stub) => chaincode.Invoke(asked(stub)),
  };
  await Shim.server(one, { ccid: chaincodeId, address } as never).start();
}
process.stdout.write(`${JSON.stringify({ ready: true, organisations: places.length })}\n`);
