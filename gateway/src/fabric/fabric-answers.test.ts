import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '@consilium/domain';
import { Client, credentials } from '@grpc/grpc-js';
import { connect, signers } from '@hyperledger/fabric-gateway';
import { common, gateway as gatewayProtos } from '@hyperledger/fabric-protos';
import { problemOf } from '../http/problem.ts';
import { createMetrics } from '../metrics.ts';
import { Outbox } from '../outbox/outbox.ts';
import { Submissions } from '../outbox/submissions.ts';
import { anotherDataset } from '../testing/another-dataset.ts';
import {
  CHAINCODE_NAME,
  FabricNetwork,
  notBreakable,
  notRun,
  PATIENT_LIMITS,
  RUN,
  registerMember,
  type TestOrganisation,
} from '../testing/fabric-network.ts';
import { PlayedAnswers } from '../testing/played-answers.ts';
import { FabricLedger } from './fabric-ledger.ts';
import { LedgerError, type LedgerEvent, type PreparedTransaction } from './ledger.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };
/** Duplicates can stop a channel of Fabric for good: never on a network that somebody uses. */
const breakable = { skip: notBreakable ?? false };
const ABORTED = 10;
const UNAVAILABLE = 14;

let count = 0;
const registerDataset = () => {
  count += 1;
  const datasetId = `answers-${RUN}-${count}`;
  const argument = anotherDataset(datasetId);
  return { name: 'dataset:register', argument, role: 'steward' } as const;
};
const askFor = (datasetId: string) =>
  ({ name: 'dataset:get', argument: { datasetId }, role: 'auditor' }) as const;

const others = (message: string) => ({
  code: ABORTED,
  message: 'failed to collect enough transaction endorsements, see attached details for more info',
  details: ['Org2MSP', 'Org3MSP'].map((mspId) => ({ mspId, message })),
});
const refusedBy = (mspIds: readonly string[], message: string) => ({
  code: ABORTED,
  message: 'failed to endorse transaction, see attached details for more info',
  details: mspIds.map((mspId) => ({ mspId, message })),
});
const ORDERER = 'received unsuccessful response from orderer: status=';
const bftRefusal = (...words: readonly string[]) => ({
  code: UNAVAILABLE,
  message:
    'insufficient number of orderers could successfully process transaction to satisfy quorum requirement',
  details: words.map((message) => ({ mspId: 'OrdererMSP', message })),
});

const problem = async (work: Promise<unknown>) =>
  work.then(
    () => assert.fail('should have been refused'),
    (error: unknown) => ({ error, ...problemOf(error, 'r') }),
  );

describe('what peers and orderers answer', { skip: notRun ?? false }, () => {
  let network: FabricNetwork;

  function open(
    t: TestContext,
    {
      outcomeWithinMs = PATIENT_LIMITS.commitTimeoutMs,
      endorseWithinMs = PATIENT_LIMITS.endorseTimeoutMs,
    } = {},
  ) {
    const played = new PlayedAnswers();
    const ledger = new FabricLedger({
      connection: network.connection('Org1MSP'),
      chaincode: CHAINCODE_NAME,
      limits: { ...PATIENT_LIMITS, commitTimeoutMs: outcomeWithinMs, endorseTimeoutMs: endorseWithinMs },
      log: silent,
      interceptors: [played.interceptor],
    });
    t.after(() => ledger.close());
    const outbox = new Outbox(undefined);
    t.after(() => outbox.close());
    const options = { outbox, metrics: createMetrics({ ofProcess: false }), log: silent as never };
    const submissions = new Submissions({ ledger, ...options, recoveryTimeoutMs: outcomeWithinMs });
    return { played, ledger, outbox, submissions };
  }

  before(async () => {
    network = await FabricNetwork.start({ batchTimeoutMs: 50 });
    for (const mspId of ['Org1MSP', 'Org2MSP', 'Org3MSP'] as const) {
      const connection = network.connection(mspId);
      const ledger = new FabricLedger({
        connection,
        chaincode: CHAINCODE_NAME,
        limits: PATIENT_LIMITS,
        log: silent,
      });
      while ((await ledger.ready()).some(({ problem }) => problem !== undefined)) await sleep(100);
      await registerMember(ledger);
      await ledger.close();
    }
  });
  after(() => network?.stop());

  it(
    'proposes again under a new id when the id was squatted, as any endorser can do',
    breakable,
    async (t) => {
      const { played, outbox, submissions } = open(t);
      const seen: PreparedTransaction[] = [];
      const record = outbox.recordSending.bind(outbox);
      outbox.recordSending = async (sending) => {
        await record(sending);
        seen.push(sending.prepared);
        if (seen.length === 1) await squat('Org2MSP', sending.prepared.transactionId);
      };
      const call = registerDataset();
      const done = await submissions.submit(call);
      assert.deepEqual([seen.length, played.calls('Submit')], [2, 2]);
      const [first, second] = seen;
      assert.ok(first && second);
      assert.notEqual(first.transactionId, second.transactionId);
      assert.equal(done.transactionId, second.transactionId);
      assert.equal(outbox.get(first.transactionId)?.validationCode, 'BAD_PROPOSAL_TXID');
      assert.equal((done.result as { datasetId: string }).datasetId, call.argument.datasetId);
    },
  );

  it('gives up on an id that is squatted every time, and says what happened', breakable, async (t) => {
    const { outbox, submissions } = open(t);
    const record = outbox.recordSending.bind(outbox);
    outbox.recordSending = async (sending) => {
      await record(sending);
      await squat('Org2MSP', sending.prepared.transactionId);
    };
    const spoilt = await problem(submissions.submit(registerDataset()));
    assert.deepEqual([spoilt.code, spoilt.status], ['TRANSACTION_INVALIDATED', 409]);
    assert.equal(spoilt.validationCode, 'BAD_PROPOSAL_TXID');
    assert.match(spoilt.detail, /another transaction was ordered under its transaction id first/);
  });

  it('asks peers again that may only be a block behind', async (t) => {
    const { played, ledger } = open(t);
    played.answer(
      'Endorse',
      others('chaincode response 500, ROUND_NOT_FOUND: no round 3'),
      others('ProposalResponsePayloads do not match'),
      others('chaincode response 500, ENDORSEMENT_REFUSED: Org2MSP has not recomputed this aggregate'),
    );
    await ledger.submit(registerDataset(), () => {});
    assert.equal(played.calls('Endorse'), 4);
  });

  it('does not hide a refusal that stays, however late it is known to stay', async (t) => {
    const { played, ledger } = open(t);
    const refusal = others('chaincode response 500, STUDY_NOT_FOUND: no study x');
    played.answer('Endorse', ...Array.from({ length: 20 }, () => refusal));
    const refused = await problem(ledger.submit(registerDataset(), () => assert.fail('was sent')));
    assert.deepEqual([refused.code, refused.status], ['STUDY_NOT_FOUND', 404]);
    assert.deepEqual(
      refused.peers?.map(({ mspId }) => mspId),
      ['Org2MSP', 'Org3MSP'],
    );
    assert.equal(played.calls('Endorse'), 6);
    const mismatch = open(t);
    const differs = others('ProposalResponsePayloads do not match');
    mismatch.played.answer('Endorse', ...Array.from({ length: 20 }, () => differs));
    const failed = await problem(mismatch.ledger.submit(registerDataset(), () => assert.fail('was sent')));
    assert.equal(failed.code, 'ENDORSEMENT_FAILED');
  });

  it('waits for peers that have fewer blocks than its own, and then answers that they are behind', async (t) => {
    const { played, ledger } = open(t);
    const refusal = others('chaincode response 500, STUDY_NOT_FOUND: no study x');
    const height = await ledger.height();
    let looked = 0;
    played.answerHeight('Org2MSP', () => {
      looked += 1;
      return looked < 3 ? height - 1 : height;
    });
    played.answer('Endorse', ...Array.from({ length: 7 }, () => refusal));
    await ledger.submit(registerDataset(), () => {});
    assert.deepEqual([looked, played.calls('Endorse')], [3, 8]);

    const stays = open(t, { endorseWithinMs: 6_000 });
    stays.played.answerHeight('Org1MSP', () => height);
    stays.played.answerHeight('Org3MSP', () => height - 1);
    stays.played.answer('Endorse', ...Array.from({ length: 20 }, () => refusal));
    const behind = await problem(stays.ledger.submit(registerDataset(), () => assert.fail('was sent')));
    assert.deepEqual([behind.code, behind.status], ['ENDORSERS_BEHIND', 503]);
    assert.deepEqual(behind.peers, [
      { mspId: 'Org3MSP', message: `has ${height - 1} of ${height} blocks` },
      { mspId: 'Org2MSP', message: 'STUDY_NOT_FOUND: no study x' },
    ]);
  });

  it('takes a refusal that the own peer shares, or that no block explains, as it is', async (t) => {
    const { played, ledger } = open(t);
    for (const answer of [
      refusedBy(['Org1MSP'], 'chaincode response 500, STUDY_NOT_FOUND: no study x'),
      refusedBy(['Org2MSP', 'Org1MSP'], 'chaincode response 500, ROUND_CLOSED: round 1 is closed'),
      others('chaincode response 500, ROLE_REQUIRED: this needs steward'),
    ]) {
      const before = played.calls('Endorse');
      played.answer('Endorse', answer);
      const refused = await problem(ledger.submit(registerDataset(), () => assert.fail('was sent')));
      assert.ok(refused.error instanceof DomainError);
      assert.equal(played.calls('Endorse'), before + 1);
    }
  });

  it('reads what orderers said out of BFT\'s "unavailable"', async (t) => {
    // No outcome comes, however long it is asked for.
    const { played, submissions, outbox } = open(t, { outcomeWithinMs: 5000 });
    const bad = `${ORDERER}BAD_REQUEST, info=message payload is 2 MB and exceeds maximum bytes`;
    played.answer('Submit', bftRefusal(bad, bad));
    const refused = await problem(submissions.submit(registerDataset()));
    assert.deepEqual([refused.code, refused.status], ['LEDGER_REFUSED', 502]);
    assert.match(refused.peers?.[0]?.message ?? '', /BAD_REQUEST.*exceeds maximum bytes/);
    assert.equal(outbox.unknown().length, 0, 'known not to have happened');
    // One orderer that did not answer may have taken it: then the outcome is asked for, not assumed.
    played.answer('Submit', bftRefusal(bad, 'rpc error: code = Unavailable desc = connection refused'));
    played.answer('CommitStatus', ...Array.from({ length: 60 }, () => ({ code: 4, message: 'deadline' })));
    const unknown = await problem(submissions.submit(registerDataset()));
    assert.equal(unknown.code, 'OUTCOME_UNKNOWN');
    assert.equal(outbox.unknown().length, 1);
  });

  it('asks for the outcome when orderers know the transaction already', async (t) => {
    const { played, ledger } = open(t);
    let prepared: PreparedTransaction | undefined;
    const { blockNumber } = await ledger.submit(registerDataset(), (sent) => {
      prepared = sent;
    });
    assert.ok(prepared);
    const known = `${ORDERER}SERVICE_UNAVAILABLE, info=failed to submit request: request already processed`;
    played.answer('CommitStatus', { code: 4, message: 'deadline' });
    played.answer('Submit', bftRefusal(known, known));
    const outcome = await ledger.recover(prepared, {
      timeoutMs: PATIENT_LIMITS.recoveryTimeoutMs,
      resend: true,
    });
    assert.deepEqual(outcome, { state: 'committed', blockNumber });
    assert.equal(played.calls('Submit'), 2);
  });

  it('tells a wrong clock from a peer that is away', async (t) => {
    const { ledger } = open(t);
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() - 3_600_000 });
    const asked = await problem(ledger.evaluate(askFor('x')));
    const sent = await problem(ledger.submit(registerDataset(), () => assert.fail('was sent')));
    t.mock.timers.reset();
    for (const answer of [asked, sent]) {
      assert.deepEqual([answer.code, answer.status], ['CLOCK_SKEW', 422]);
      assert.equal((answer.error as Error).cause instanceof LedgerError, true);
    }
  });

  it('takes a cancellation at the deadline as the deadline, and an early one as a peer that went away', async (t) => {
    const { played, ledger } = open(t);
    const cancelled = { code: 1, message: 'CANCELLED' };
    played.answer('Evaluate', cancelled);
    assert.equal((await problem(ledger.evaluate(askFor('x')))).code, 'LEDGER_UNAVAILABLE');
    const late = new FabricLedger({
      connection: network.connection('Org1MSP'),
      chaincode: CHAINCODE_NAME,
      limits: { ...PATIENT_LIMITS, evaluateTimeoutMs: 0 },
      log: silent,
      interceptors: [played.interceptor],
    });
    t.after(() => late.close());
    played.answer('Evaluate', cancelled);
    assert.equal((await problem(late.evaluate(askFor('x')))).code, 'LEDGER_TIMEOUT');
  });

  it('goes on from its position when the peer does not have that block yet', async (t) => {
    const { played, ledger } = open(t);
    const height = await ledger.height();
    played.answer('ChaincodeEvents', { code: 5, message: 'block not found' }, { code: 14, message: 'away' });
    const aborted = new AbortController();
    const seen: LedgerEvent[] = [];
    const following = (async () => {
      const from = { blockNumber: height + 1 };
      for await (const event of ledger.events({ from, signal: aborted.signal })) {
        seen.push(event);
        if (seen.length === 1) break;
      }
    })();
    const first = await ledger.submit(registerDataset(), () => {});
    const second = await ledger.submit(registerDataset(), () => {});
    await following;
    assert.equal(first.blockNumber, height);
    assert.deepEqual(
      seen.map(({ transactionId }) => transactionId),
      [second.transactionId],
    );
    assert.equal(played.calls('ChaincodeEvents'), 3);
  });

  /** Orders a transaction of another organisation under an id that it saw, and waits until it is in a block. */
  async function squat(mspId: TestOrganisation, transactionId: string): Promise<void> {
    const { channel, organisation } = network.connection(mspId);
    const { steward } = organisation.clients;
    assert.ok(steward);
    const tls = credentials.createSsl(Buffer.from(organisation.tlsRootCertificate));
    const client = new Client(organisation.endpoint, tls);
    const gateway = connect({
      client,
      identity: { mspId, credentials: Buffer.from(steward.certificate) },
      signer: signers.newPrivateKeySigner(createPrivateKey(steward.privateKey)),
    });
    try {
      const { name, argument } = registerDataset();
      const contract = gateway.getNetwork(channel).getContract(CHAINCODE_NAME);
      const own = await contract.newProposal(name, { arguments: [JSON.stringify(argument)] }).endorse();
      const prepared = gatewayProtos.PreparedTransaction.deserializeBinary(own.getBytes());
      const envelope = prepared.getEnvelope();
      assert.ok(envelope);
      const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
      const header = payload.getHeader();
      assert.ok(header);
      const channelHeader = common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8());
      channelHeader.setTxId(transactionId);
      header.setChannelHeader(channelHeader.serializeBinary());
      envelope.setPayload(payload.serializeBinary());
      envelope.setSignature('');
      prepared.setTransactionId(transactionId);
      const commit = await gateway.newTransaction(prepared.serializeBinary()).submit();
      assert.equal((await commit.getStatus()).successful, false);
    } finally {
      gateway.close();
      client.close();
    }
  }
});
