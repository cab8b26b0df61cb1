// One's own chaincode on the embedded network: start it, deploy it, submit a transaction, and ask what it left.
import { fork } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempDisposableSync } from 'node:fs';
import { Network, parseConfig } from '@consilium/test-network';
import { Client, credentials } from '@grpc/grpc-js';
import { connect, hash, signers } from '@hyperledger/fabric-gateway';

const [address, packageId] = [process.argv[2] ?? '127.0.0.1:9999', 'greetings_1.0:example'];
const server = fork(`${import.meta.dirname}/greetings.js`, [address, packageId]);
await once(server, 'message');
const chaincode = { name: 'greetings', addresses: { '*': address }, packageIds: { '*': packageId } };
using folder = mkdtempDisposableSync('/tmp/consilium-example-');
const network = await Network.start({ dir: folder.path, config: parseConfig({ chaincodes: [chaincode] }) });

const { mspId, endpoint, tlsRootCertificate, clients } = network.connection.organisations[0];
const client = new Client(endpoint, credentials.createSsl(Buffer.from(tlsRootCertificate)));
const identity = { mspId, credentials: Buffer.from(clients.operator.certificate) };
const signer = signers.newPrivateKeySigner(createPrivateKey(clients.operator.privateKey));
const gateway = connect({ client, identity, signer, hash: hash.sha256 });
const contract = gateway.getNetwork('consortium').getContract('greetings');
await contract.submitTransaction('greet', 'world');
console.log(Buffer.from(await contract.evaluateTransaction('read')).toString());

client.close();
await network.close();
server.disconnect();
