// A client with a real certificate, and proposals that it signs as Fabric's clients do.
import 'reflect-metadata';
import { createHash, createPrivateKey, randomBytes, sign, webcrypto } from 'node:crypto';
import { canonicalJson } from '@consilium/domain';
import fabricProtos from '@hyperledger/fabric-protos';
import * as x509 from '@peculiar/x509';

const { common, msp, peer } = fabricProtos;
const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
x509.cryptoProvider.set(webcrypto as never);

export interface TestSigner {
  readonly mspId: string;
  readonly certificate: string;
  readonly privateKeyPem: string;
}

const ED25519 = { name: 'Ed25519' } as const;

/** `isEdwards` gives a key that Fabric takes and whose signatures of statements nobody verifies later. */
export async function createSigner(mspId: string, isEdwards = false): Promise<TestSigner> {
  const keys = (await webcrypto.subtle.generateKey(isEdwards ? ED25519 : KEY_ALGORITHM, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=trainer.${mspId}`,
    signingAlgorithm: isEdwards ? ED25519 : { name: 'ECDSA', hash: 'SHA-256' },
    keys: keys as never,
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const privateKeyPem = `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`;
  return { mspId, certificate: certificate.toString('pem'), privateKeyPem };
}

export interface SaidTo {
  readonly channel?: string;
  readonly chaincode?: string;
  /** The name beside the arguments, which peers do not look at; the chaincode's where absent. */
  readonly besideArguments?: string;
  /** Bytes that say nothing, in the header. */
  readonly padding?: number;
}

/** A proposal of one transaction, signed; in base64, as evidence carries it. */
export function signedProposal(
  signer: TestSigner,
  transaction: string,
  argument: object | string,
  { channel = 'consortium', chaincode = 'consilium', besideArguments = chaincode, padding = 0 }: SaidTo = {},
): { proposal: string; signature: string; transactionId: string } {
  const identity = new msp.SerializedIdentity();
  identity.setMspid(signer.mspId);
  identity.setIdBytes(Buffer.from(signer.certificate));
  const creator = identity.serializeBinary();
  const nonce = randomBytes(24);
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(creator);
  signatureHeader.setNonce(nonce);
  const transactionId = createHash('sha256').update(nonce).update(creator).digest('hex');
  const channelHeader = new common.ChannelHeader();
  channelHeader.setChannelId(channel);
  channelHeader.setTxId(transactionId);
  if (padding > 0) channelHeader.setTlsCertHash(new Uint8Array(padding));
  const called = new peer.ChaincodeID();
  called.setName(chaincode);
  const extension = new peer.ChaincodeHeaderExtension();
  extension.setChaincodeId(called);
  channelHeader.setExtension$(extension.serializeBinary());
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signatureHeader.serializeBinary());

  const id = new peer.ChaincodeID();
  id.setName(besideArguments);
  const input = new peer.ChaincodeInput();
  const text = typeof argument === 'string' ? argument : canonicalJson(argument);
  input.setArgsList([transaction, text].map((arg) => Buffer.from(arg)));
  const spec = new peer.ChaincodeSpec();
  spec.setChaincodeId(id);
  spec.setInput(input);
  const invocation = new peer.ChaincodeInvocationSpec();
  invocation.setChaincodeSpec(spec);
  const payload = new peer.ChaincodeProposalPayload();
  payload.setInput(invocation.serializeBinary());

  const proposal = new peer.Proposal();
  proposal.setHeader(header.serializeBinary());
  proposal.setPayload(payload.serializeBinary());
  const bytes = Buffer.from(proposal.serializeBinary());
  const key = createPrivateKey(signer.privateKeyPem);
  const signature = sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, key);
  return { proposal: bytes.toString('base64'), signature: signature.toString('base64'), transactionId };
}
