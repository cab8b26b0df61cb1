import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fabricProtos from '@hyperledger/fabric-protos';
import { transactionOf, wrap } from '../testing/synthetic-transaction.ts';
import { Authority, type Signer } from '../testing/test-authority.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { messageInWords, readMessage } from './shown-message.ts';

const { common, peer } = fabricProtos;
let sender: Signer;
let payload: Uint8Array;
let proposal: Uint8Array;
before(async () => {
  const authority = await Authority.create('OxfordMSP');
  sender = await authority.issue('client');
  const endorsers = [await authority.issue('peer'), await (await Authority.create('BrookMSP')).issue('peer')];
  const envelope = transactionOf({
    sender,
    endorsers,
    rows: [{ key: '\0consent\0heart\0oxford\0', value: '{}' }],
    input: ['study:consent', '{"studyId":"heart","datasetId":"oxford"}'],
    response: '{"state":"granted"}',
  });
  payload = common.Envelope.deserializeBinary(envelope).getPayload_asU8();
  const { header, data } = partsOf(payload);
  const [action] = peer.Transaction.deserializeBinary(data).getActionsList();
  const body = peer.ChaincodeActionPayload.deserializeBinary(action!.getPayload_asU8());
  proposal = proposalOf(header, body.getChaincodeProposalPayload_asU8());
});

function partsOf(bytes: Uint8Array) {
  const parsed = common.Payload.deserializeBinary(bytes);
  return { header: parsed.getHeader()!.serializeBinary(), data: parsed.getData_asU8() };
}

function proposalOf(header: Uint8Array, body: Uint8Array): Uint8Array {
  const made = new peer.Proposal();
  made.setHeader(header);
  made.setPayload(body);
  return made.serializeBinary();
}

test('a proposal says what would be asked, of which channel, by whom', () => {
  const shown = readMessage(proposal);
  assert.equal(shown.kind, 'proposal');
  assert.equal(shown.transaction, 'study:consent');
  assert.deepEqual(shown.arguments, [{ studyId: 'heart', datasetId: 'oxford' }]);
  assert.deepEqual([shown.channel, shown.chaincode], ['consortium', 'consilium']);
  assert.equal(shown.signer.mspId, 'OxfordMSP');
  assert.equal(shown.endorsed, undefined);
  assert.match(
    messageInWords(shown),
    /^A proposal: .*Nothing is written yet\.\n {2}transaction {3}study:consent\n/,
  );
});

test('an endorsed transaction says too who endorsed it, what it answers and which rows it writes', () => {
  const shown = readMessage(payload);
  assert.equal(shown.kind, 'transaction');
  assert.equal(shown.transactionId, readMessage(proposal).transactionId);
  assert.deepEqual(shown.endorsed, {
    by: ['OxfordMSP', 'BrookMSP'],
    answer: { state: 'granted' },
    rows: { consilium: ['consent heart oxford'] },
  });
  assert.match(messageInWords(shown), /writes {8}consilium: consent heart oxford\n/);
});

test('what is neither is refused, and so is a proposal with hidden parts or the id of another', () => {
  const refuse = (bytes: Uint8Array, reason: RegExp) =>
    assert.throws(
      () => readMessage(bytes),
      (error) => error instanceof UnreadableError && reason.test(error.message),
    );
  refuse(Buffer.from('hello'), /./);
  refuse(new Uint8Array(), /./);
  const other = common.Envelope.deserializeBinary(wrap(1, new Uint8Array())).getPayload_asU8();
  refuse(other, /not a proposal or transaction/);
  const { header } = partsOf(payload);
  const hidden = new peer.ChaincodeProposalPayload();
  hidden.getTransientmapMap().set('secret', Buffer.from('x'));
  hidden.setInput(peer.ChaincodeProposalPayload.deserializeBinary(bodyOf(proposal)).getInput_asU8());
  refuse(proposalOf(header, hidden.serializeBinary()), /more than its arguments/);
  const parsed = common.Header.deserializeBinary(header);
  const channel = common.ChannelHeader.deserializeBinary(parsed.getChannelHeader_asU8());
  channel.setTxId('0'.repeat(64));
  parsed.setChannelHeader(channel.serializeBinary());
  refuse(proposalOf(parsed.serializeBinary(), bodyOf(proposal)), /id is not its signer's/);
});

test('what the bytes say cannot write lines of its own on the screen', () => {
  const { header } = partsOf(payload);
  const input = new peer.ChaincodeInput();
  input.setArgsList(['study:consent\n  signed by     nobody', '"\u202e"'].map((one) => Buffer.from(one)));
  const spec = new peer.ChaincodeSpec();
  spec.setInput(input);
  const invocation = new peer.ChaincodeInvocationSpec();
  invocation.setChaincodeSpec(spec);
  const body = new peer.ChaincodeProposalPayload();
  body.setInput(invocation.serializeBinary());
  const words = messageInWords(readMessage(proposalOf(header, body.serializeBinary())));
  assert.match(words, /study:consent\\u\{a\}/);
  assert.doesNotMatch(words, /\u202e/);
});

const bodyOf = (bytes: Uint8Array): Uint8Array => peer.Proposal.deserializeBinary(bytes).getPayload_asU8();
