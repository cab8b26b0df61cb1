// A chaincode that leaves behind what version 1 left behind: each call of `upgrade:write` writes one of its rows,
// with the endorsement policy it had. Served as the real one is, by the same flags.
import { parseArgs } from 'node:util';
import { canonicalJson } from '@consilium/domain';
import shim, { type ChaincodeInterface, type ChaincodeStub } from 'fabric-shim';
import { rowsOfVersion1 } from '../src/testing/rows-of-version-1.ts';

const { Shim } = shim;
const rows = rowsOfVersion1();

class Version1 implements ChaincodeInterface {
  async Init() {
    return Shim.success();
  }

  async Invoke(stub: ChaincodeStub) {
    const { params } = stub.getFunctionAndParameters();
    const row = rows[Number(params[0])];
    if (row === undefined) return Shim.error(`there is no row ${params[0]}`);
    const [noun, ...parts] = row.key;
    const key = stub.createCompositeKey(noun, parts);
    await stub.putState(key, Buffer.from(canonicalJson(row.value)));
    if (row.policy !== undefined) {
      await stub.setStateValidationParameter(key, Buffer.from(row.policy, 'base64'));
    }
    return Shim.success(Buffer.from('{}'));
  }
}

const { values } = parseArgs({
  options: { 'chaincode-address': { type: 'string' }, 'chaincode-id': { type: 'string' } },
});
const options = { ccid: values['chaincode-id'], address: values['chaincode-address'] };
await Shim.server(new Version1(), options as never).start();
