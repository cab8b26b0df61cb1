// The chaincode: a process of its own, which serves it at the address given under the package id given.
import { Shim } from 'fabric-shim';

const greetings = {
  Init: async () => Shim.success(),
  async Invoke(stub) {
    const { fcn, params } = stub.getFunctionAndParameters();
    if (fcn === 'greet') await stub.putState('greeting', Buffer.from(`Hello, ${params[0]}`));
    return Shim.success(Buffer.from(await stub.getState('greeting')));
  },
};
const [address, ccid] = process.argv.slice(2);
await Shim.server(greetings, { ccid, address }).start();
process.on('disconnect', () => process.exit()).send('serving');
