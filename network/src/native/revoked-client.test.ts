// A real channel that revokes a hospital's client, by a list in its configuration. What the client sent before stays
// valid evidence. What it sends after is refused by peers, what peers endorsed for it before by the orderers, and a
// block that an orderer's own key signs all the same is refused by the verifier.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createPrivateKey, sign, webcrypto, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { canonicalJson } from '@consilium/domain';
import { memberArgument, patientsArgument } from '@consilium/domain/testing/examples';
import {
  ChainIndex,
  genesisDigest,
  makeBundle,
  type Question,
  questionsOn,
  readBlock,
  type Subject,
  verifyBundle,
} from '@consilium/verify';
import { pemOf } from '@consilium/verify/testing/made-certificate';
import {
  type BundlePart,
  dataHashOf,
  headerBytes,
  headerHash,
  isAnswer,
  readBundle,
  rewritten,
  type ShownBlock,
} from '@consilium/verify/testing/rewritten-bundle';
import { lowS } from '@consilium/verify/testing/signature-forms';
import fabricProtos from '@hyperledger/fabric-protos';
import * as x509 from '@peculiar/x509';
import { serializedIdentity } from '../ceremonies/ceremony-signatures.ts';
import {
  type Asking,
  broadcast,
  type Call,
  endorse,
  evaluate,
  type FabricNode,
  fetchBlock,
  transact,
} from '../ceremonies/fabric-nodes.ts';
import { chaincodeVersion, folderOf } from '../programs.ts';
import { findFabric, whyNoFabric } from './binaries.ts';
import { FabricCommands } from './fabric-commands.ts';
import type { FabricLayout } from './layout.ts';
import { revokeInChannel } from './testing/revoked-in-channel.ts';
import { twoHospitals } from './testing/two-hospitals.ts';

const { common } = fabricProtos;
x509.cryptoProvider.set(webcrypto as never);
const LOST = 'steward';
const PATIENCE_MS = 120_000;

const hospitals = await twoHospitals('revoking');

/** Who signs with what is in an MSP's folder. */
const identityIn = (mspId: string, mspDir: string) => ({
  mspId,
  certificate: readFileSync(join(mspDir, 'signcerts/cert.pem'), 'utf8'),
  key: readFileSync(join(mspDir, 'keystore/key.pem'), 'utf8'),
});

/** A list of an organisation's authority with this one certificate, in PEM. */
async function listOf(organisationDir: string, certificate: string): Promise<Uint8Array> {
  const authority = new x509.X509Certificate(readFileSync(join(organisationDir, 'ca/ca.crt'), 'utf8'));
  const key = createPrivateKey(readFileSync(join(organisationDir, 'ca/ca.key')));
  const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    key.export({ format: 'der', type: 'pkcs8' }),
    signingAlgorithm,
    false,
    ['sign'],
  );
  const thisUpdate = new Date('2020-01-01T00:00:00Z');
  const { serialNumber } = new X509Certificate(certificate);
  const list = await x509.X509CrlGenerator.create({
    issuer: authority.subject,
    thisUpdate,
    nextUpdate: new Date('2099-01-01T00:00:00Z'),
    entries: [{ serialNumber, revocationDate: thisUpdate }],
    extensions: [await x509.AuthorityKeyIdentifierExtension.create(authority)],
    signingAlgorithm,
    signingKey: signingKey as never,
  });
  // Peers know no other name of it.
  return pemOf(new Uint8Array(list.rawData), 'X509 CRL');
}

/** What is asked of the channel through the first organisation's peer. */
class Channel {
  readonly #layout: FabricLayout;
  readonly #node: FabricNode;

  constructor(layout: FabricLayout) {
    this.#layout = layout;
    const [{ host, port, tls }] = layout.peers as [FabricLayout['peers'][0]];
    this.#node = { address: `${host}:${port}`, tlsRoots: readFileSync(tls.root, 'utf8') };
  }

  as(user: string): Asking {
    const { mspId, organisationDir } = this.#layout.peers[0]!;
    const identity = identityIn(mspId, join(organisationDir, 'users', user, 'msp'));
    return { channel: this.#layout.channel, identity };
  }

  submit(user: string, call: Call): Promise<string> {
    return transact(this.#node, call, this.as(user));
  }

  endorse(user: string, call: Call) {
    return endorse(this.#node, call, this.as(user));
  }

  send(envelope: InstanceType<typeof common.Envelope>) {
    const [{ host, port, tls }] = this.#layout.orderers as [FabricLayout['orderers'][0]];
    const orderer = { address: `${host}:${port}`, tlsRoots: readFileSync(tls.root, 'utf8') };
    return broadcast(orderer, envelope);
  }

  async blocks(): Promise<Uint8Array[]> {
    const asking = this.as('auditor');
    const newest = await fetchBlock(this.#node, 'newest', asking);
    const before = Array.from({ length: readBlock(newest).header.number }, (_, number) => number);
    return [...(await Promise.all(before.map((number) => fetchBlock(this.#node, number, asking)))), newest];
  }

  /** The evidence of a transaction, as a gateway makes it now. */
  async evidenceOf(subject: Subject): Promise<{ file: Buffer; genesis: string }> {
    const blocks = await this.blocks();
    const source = {
      async *blocks(end: number) {
        yield* blocks.slice(0, end);
      },
      block: async (number: number) => blocks[number]!,
    };
    const index = new ChainIndex(subject, 'consilium');
    await index.read(source, blocks.length);
    const asked = ({ name, argument }: Question) => consilium(name, argument);
    const ask = async (question: Question): Promise<unknown> => {
      const said = await evaluate(this.#node, asked(question), this.as('auditor'));
      return JSON.parse(Buffer.from(said).toString('utf8'));
    };
    const answers: Uint8Array[] = [];
    for (const question of await questionsOn(subject, index, ask)) {
      answers.push((await this.endorse('auditor', asked(question))).envelope.serializeBinary());
    }
    const options = { subject, index, answers, height: blocks.length, chaincode: 'consilium' };
    const file = await makeBundle(source, { ...options, channel: this.#layout.channel });
    return { file: Buffer.from(file), genesis: genesisDigest(blocks[0]!) };
  }

  /** The file with one more block, which an orderer's own key signed. */
  withForgedBlock(file: Uint8Array, envelope: Uint8Array): Buffer {
    const chain = readBundle(file).parts.filter((part) => !isAnswer(part));
    const last = chain.at(-1) as ShownBlock;
    const header = {
      number: last.header.number + 1,
      previousHash: headerHash(last.header),
      dataHash: dataHashOf([envelope]),
    };
    const { mspId, mspDir } = this.#layout.orderers[0]!;
    const identity = identityIn(mspId, mspDir);
    const signer = new common.SignatureHeader();
    signer.setCreator(serializedIdentity(identity));
    signer.setNonce(Buffer.alloc(24, 1));
    const signatureHeader = signer.serializeBinary();
    // It holds which block has the configuration in force, which is the last one still.
    const { value } = last.orderers!;
    const signed = Buffer.concat([value, signatureHeader, headerBytes(header)]);
    const signature = lowS(sign('sha256', signed, identity.key));
    const orderers = {
      value,
      signatures: [{ signatureHeader, identifierHeader: new Uint8Array(), signature }],
    };
    const block: BundlePart = { kind: 'block', header, envelopes: [envelope], invalid: [], orderers };
    const { claim } = readBundle(file);
    const discloses = { ...claim.discloses, blocks: claim.discloses.blocks + 1 };
    return rewritten(file, (parts) => [...chain, block, ...parts.filter(isAnswer)], {
      blocks: claim.blocks + 1,
      discloses: { ...discloses, transactions: discloses.transactions + 1 },
    });
  }
}

const consilium = (name: string, argument: object): Call => ({
  chaincode: 'consilium',
  function: name,
  argument: Buffer.from(canonicalJson(argument as never)),
});
const registering = (datasetId: string) => consilium('dataset:register', patientsArgument(datasetId));

test('what a client sent before its certificate was revoked is evidence, and nothing that it sends after', {
  skip: whyNoFabric(),
}, async () => {
  const workingDirectory = folderOf('chaincode');
  const { chaincode } = hospitals.consortium;
  const installed = [{ ...chaincode, version: chaincodeVersion(), workingDirectory }];
  const { layout } = await hospitals.plan(installed);
  await hospitals.start(installed);
  const commands = new FabricCommands(findFabric(), layout);
  const [north] = layout.peers as [FabricLayout['peers'][0]];
  const channel = new Channel(layout);

  // Peers find each other within moments.
  await commands.insist(PATIENCE_MS, () =>
    channel.submit('operator', consilium('member:register', memberArgument(north.mspId, layout.channel))),
  );
  const transactionId = await channel.submit(LOST, registering('before'));
  const endorsedBefore = await channel.endorse(LOST, registering('between'));
  const nothingRead = { by: 'all', from: '9999-01-01T00:00:00Z' };
  const ofAnother = await channel.endorse('auditor', consilium('audit:listActivities', nothingRead));

  const { certificate } = channel.as(LOST).identity;
  await revokeInChannel(await listOf(north.organisationDir, certificate), { commands, layout, peer: north });
  await commands.insist(PATIENCE_MS, () =>
    assert.rejects(
      channel.endorse(LOST, registering('after')),
      /access denied|creator is not valid|revoked/i,
    ),
  );
  const sent = await channel.send(endorsedBefore.envelope);
  assert.equal(sent.isTaken, false, sent.words);
  assert.match(sent.words, /the sender may not do this/);

  const { file, genesis } = await channel.evidenceOf({ kind: 'transaction', transactionId });
  const { problems, chain, transaction } = verifyBundle(file, { genesis });
  assert.deepEqual(problems, []);
  const revoking = chain!.configurationBlocks.at(-1)!;
  assert.ok(transaction!.block < revoking && revoking === chain!.height - 1);

  const problemsWith = ({ envelope }: typeof endorsedBefore) =>
    verifyBundle(channel.withForgedBlock(file, envelope.serializeBinary()), { genesis }).problems.map(
      ({ place, text }) => `${place}: ${text}`,
    );
  assert.match(
    problemsWith(endorsedBefore)[0] ?? 'proven',
    new RegExp(`^block ${revoking + 1}, transaction 0: its sender: .*NorthMSP: its certificate is revoked`),
  );
  // The orderer's key alone can write what any other sender signed, as evidence says of Raft.
  assert.doesNotMatch(problemsWith(ofAnother).join('\n'), /revoked|orderer/);
});
