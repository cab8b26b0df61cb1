import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Argument, DomainError, type Role, type TransactionName } from '@consilium/domain';
import {
  aggregate,
  datasetArgument,
  studyArgument,
  updateArgument,
  verdictArgument,
} from '@consilium/domain/testing/examples';
import { genesisDigest, verifyBundle } from '@consilium/verify';
import { common, peer } from '@hyperledger/fabric-protos';
import { DEFAULT_LIMITS } from '../config.ts';
import { FabricLedger } from '../fabric/fabric-ledger.ts';
import { LedgerError } from '../fabric/ledger.ts';
import { unwatched } from '../read-model/no-history.ts';
import { HistoryBehindError, VerifiedChain } from '../read-model/verified-chain.ts';
import { checkedHistory } from '../testing/checked-history.ts';
import {
  CHAINCODE_NAME,
  FabricNetwork,
  notBreakable,
  notRun,
  RUN,
  registerMember,
  type TestOrganisation,
} from '../testing/fabric-network.ts';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';

const ORGANISATIONS: readonly TestOrganisation[] = ['Org1MSP', 'Org2MSP', 'Org3MSP'];
const studyId = `evidence-${RUN}`;
/** A study beside it that stays as it was proposed, whose file is the quicker to gather. */
const proposed = `${studyId}-proposed`;
const unrelated = `unrelated-${RUN}`;
const datasetOf = (mspId: string) => `evidence-${RUN}-${mspId.toLowerCase()}`;
const silent = { info: () => {}, warn: () => {}, error: () => {} };

describe('evidence of a study', { skip: notRun ?? false }, () => {
  let network: FabricNetwork;
  let gateway: GatewayFixture<FabricLedger>;
  const ledgers = new Map<TestOrganisation, FabricLedger>();
  /** Ids of the study's transactions, in their order. */
  const inStudy: string[] = [];
  /** Files that were gathered from the whole chain, by path: each takes a thread. */
  const gathered = new Map<string, string>();
  const url = (id: string) => `/v1/evidence/studies/${id}`;
  const ask = (id: string) => gateway.as('auditor', { method: 'GET', url: url(id) });

  before(async () => {
    network = await FabricNetwork.start({ chaincodes: 'apart' });
    for (const mspId of ORGANISATIONS) {
      const connection = network.connection(mspId);
      const limits = { ...DEFAULT_LIMITS, evaluateTimeoutMs: 10_000 };
      const ledger = new FabricLedger({ connection, chaincode: CHAINCODE_NAME, limits, log: silent });
      ledgers.set(mspId, ledger);
      while ((await ledger.ready()).some(({ problem }) => problem !== undefined)) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await registerMember(ledger);
    }
    gateway = await openGateway({ ledger: ledgers.get('Org1MSP')! });
  });
  after(async () => {
    await gateway?.close();
    for (const ledger of ledgers.values()) await ledger.close();
    await network?.stop();
  });

  /** The same ledger, some of whose answers are others. */
  const playing = (ledger: FabricLedger, answers: Partial<FabricLedger>): FabricLedger =>
    new Proxy(ledger, {
      get: (target, name) => {
        const found = Reflect.get(Object.hasOwn(answers, name) ? answers : target, name);
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });

  async function submit<N extends TransactionName>(
    mspId: TestOrganisation,
    role: Role,
    name: N,
    argument: Argument<N>,
  ): Promise<void> {
    await ledgers.get(mspId)!.submit({ name, argument, role }, () => {});
  }

  /** Every step of a study of one round, in turn. */
  async function publishModel(): Promise<void> {
    const round = { studyId, round: 1 };
    const datasets = ORGANISATIONS.map(datasetOf);
    const each = async (send: (mspId: TestOrganisation) => Promise<void>) => {
      for (const mspId of ORGANISATIONS) await send(mspId);
    };
    await each((mspId) => submit(mspId, 'steward', 'dataset:register', datasetArgument(datasetOf(mspId))));
    const quorum = { updates: 2, validators: 2 };
    await submit(
      'Org1MSP',
      'researcher',
      'study:propose',
      studyArgument({ studyId, datasets, quorum, rounds: 1 }),
    );
    await each((mspId) =>
      submit(mspId, 'steward', 'study:consent', {
        studyId,
        datasetId: datasetOf(mspId),
        claimedEpsilon: { training: '4', heldOut: '4' },
      }),
    );
    await submit('Org1MSP', 'researcher', 'study:start', { studyId });
    await submit('Org1MSP', 'trainer', 'round:open', round);
    await each((mspId) =>
      submit(
        mspId,
        'trainer',
        'round:recordUpdate',
        updateArgument({ studyId, datasetId: datasetOf(mspId) }),
      ),
    );
    await submit('Org1MSP', 'trainer', 'round:close', round);
    await each((mspId) =>
      submit(
        mspId,
        'trainer',
        'round:recordVerdict',
        verdictArgument({ studyId, datasets, own: [datasetOf(mspId)] }),
      ),
    );
    await submit('Org1MSP', 'trainer', 'round:tally', round);
    const { parametersSha256 } = aggregate('model');
    await each((mspId) => submit(mspId, 'trainer', 'round:attest', { ...round, parametersSha256 }));
    await submit('Org1MSP', 'trainer', 'round:finalize', { ...round, aggregate: aggregate('model') });
    await submit('Org1MSP', 'trainer', 'model:publish', { studyId });
  }

  const verify = async (file: Uint8Array) => {
    const genesis = genesisDigest(await ledgers.get('Org2MSP')!.block(0));
    return verifyBundle(file, { genesis, chaincode: CHAINCODE_NAME });
  };

  it('is refused where there is nothing of the name, or no model yet', async () => {
    assert.equal((await ask('no-such-study')).json().code, 'STUDY_NOT_FOUND');
    const argument = studyArgument({
      studyId: `${studyId}-early`,
      datasets: ['d'],
      quorum: { updates: 1, validators: 1 },
    });
    await submit('Org1MSP', 'researcher', 'study:propose', argument).catch(() => {});
    const of = (path: string) => gateway.as('auditor', { method: 'GET', url: `/v1/evidence/${path}` });
    assert.match((await of(`models/${studyId}-early`)).json().code, /^(MODEL|STUDY)_NOT_FOUND$/);
    assert.equal((await of('datasets/no-such-dataset')).json().code, 'DATASET_NOT_FOUND');
    const nowhere = await of(`transactions/${'ab'.repeat(32)}`);
    assert.equal(nowhere.json().code, 'TRANSACTION_NOT_FOUND');
    assert.equal(nowhere.statusCode, 404);
    assert.equal((await of('transactions/abc')).json().code, 'INVALID_ARGUMENT');
    const anonymous = await gateway.app.inject({ method: 'GET', url: url(studyId) });
    assert.equal(anonymous.statusCode, 401);
  });

  it('is a file that verifies alone, signed by peers of every organisation', async () => {
    await submit('Org2MSP', 'steward', 'dataset:register', datasetArgument(unrelated));
    await publishModel();
    const answer = await ask(studyId);
    assert.equal(answer.statusCode, 200, answer.body.slice(0, 500));
    assert.equal(answer.headers['content-type'], 'application/x-ndjson');
    assert.match(String(answer.headers['content-disposition']), /evidence-.*\.ndjson/);
    const { problems, answered, subject: of, transactions } = await verify(answer.rawPayload);
    assert.deepEqual(problems, []);
    assert.deepEqual(of, { kind: 'study', studyId });
    assert.deepEqual(answered?.signedBy, ORGANISATIONS);
    inStudy.push(...transactions.map(({ transactionId }) => transactionId));
    gathered.set(`studies/${studyId}`, answer.body);
  });

  it('is of a model, a dataset or a transaction too, each in a file that verifies alone', async () => {
    const of = async (path: string) => {
      const answer = await gateway.as('auditor', { method: 'GET', url: `/v1/evidence/${path}` });
      gathered.set(path, answer.body);
      return answer;
    };
    const ofModel = await of(`models/${studyId}`);
    assert.equal(ofModel.statusCode, 200, ofModel.body.slice(0, 500));
    const model = await verify(ofModel.rawPayload);
    assert.deepEqual([model.problems, model.subject], [[], { kind: 'model', studyId }]);

    const datasetId = datasetOf('Org2MSP');
    const ofDataset = await of(`datasets/${datasetId}`);
    assert.equal(ofDataset.statusCode, 200, ofDataset.body.slice(0, 500));
    const dataset = await verify(ofDataset.rawPayload);
    assert.deepEqual(dataset.problems, []);
    assert.deepEqual(
      dataset.use?.studies.map((one) => [one.studyId, one.charges.length]),
      [[studyId, 2]],
    );

    // Also one that another hospital's gateway sent.
    const sent = dataset.transactions.find(
      ({ sender, function: name }) => sender === 'Org2MSP' && /consent/.test(name),
    )!;
    const ofTransaction = await of(`transactions/${sent.transactionId}`);
    assert.equal(ofTransaction.statusCode, 200, ofTransaction.body.slice(0, 500));
    const transaction = await verify(ofTransaction.rawPayload);
    assert.deepEqual(transaction.problems, []);
    assert.equal(transaction.transaction?.sender, 'Org2MSP');
    assert.match(
      String(ofTransaction.headers['content-disposition']),
      /evidence-transaction-[0-9a-f]{64}\.ndjson/,
    );
  });

  it('is refused for a transaction without effect, or of another chaincode, and reads none of the chain', async () => {
    const own = ledgers.get('Org1MSP')!;
    const transactionId = inStudy.at(-1)!;
    const withoutEffect = playing(own, {
      blockOf: async (id) => {
        const block = common.Block.deserializeBinary(await own.blockOf(id));
        const metadata = block.getMetadata()!;
        const parts = metadata.getMetadataList_asU8();
        parts[common.BlockMetadataIndex.TRANSACTIONS_FILTER] = parts[
          common.BlockMetadataIndex.TRANSACTIONS_FILTER
        ]!.map(() => peer.TxValidationCode.MVCC_READ_CONFLICT);
        metadata.setMetadataList(parts);
        return block.serializeBinary();
      },
      async *blocks() {
        assert.fail('the chain is read');
        yield* [];
      },
    });
    // As one that defines a chaincode is: it wrote rows of another.
    const ofAnother = playing(withoutEffect, {
      chaincode: 'another',
      blockOf: (id) => own.blockOf(id),
    });
    for (const ledger of [withoutEffect, ofAnother]) {
      const fixture = await openGateway({ ledger });
      const answer = await fixture.as('auditor', { url: `/v1/evidence/transactions/${transactionId}` });
      assert.equal(answer.statusCode, 404, answer.body);
      assert.equal(answer.json().code, 'TRANSACTION_NOT_FOUND');
      assert.match(answer.json().detail, /took no effect, or is none of the chaincode \S+: nothing/);
      fixture.outbox.close();
    }
  });

  it('is made from the history that was checked, with the same blocks, and reads none of the chain again', async () => {
    const own = ledgers.get('Org1MSP')!;
    const history = await checkedHistory(own);
    const read: string[] = [];
    const watched = playing(own, {
      async *blocks() {
        read.push('the chain');
        yield* [];
      },
      block: async (number) => {
        read.push(String(number));
        return own.block(number);
      },
    });
    const fast = await openGateway({ ledger: watched, history });
    assert.deepEqual(
      [...gathered.keys()].map((path) => path.split('/')[0]),
      ['studies', 'models', 'datasets', 'transactions'],
    );
    // Peers sign each answer freshly: their signatures are all that differs.
    const linesIn = (body: string) => body.split('\n').filter((line) => !line.startsWith('{"answer":'));
    for (const [path, whole] of gathered) {
      const known = await fast.as('auditor', { method: 'GET', url: `/v1/evidence/${path}` });
      assert.equal(known.statusCode, 200, `${path}: ${known.body.slice(0, 500)}`);
      assert.deepEqual(linesIn(known.body), linesIn(whole), path);
    }
    assert.ok(!read.includes('the chain'));

    // Many at once: few are gathered, and none of them reads the chain.
    const asked = { method: 'GET', url: url(studyId) } as const;
    const roles = ['auditor', 'researcher', 'steward', 'operator', 'trainer'] as const;
    const many = await Promise.all(
      Array.from({ length: 25 }, (_, i) => fast.as(roles[i % roles.length]!, asked)),
    );
    const served = many.filter(({ statusCode }) => statusCode === 200);
    assert.ok(served.length >= 1 && served.length <= 2, String(served.length));
    for (const { statusCode, body } of many) {
      assert.ok(statusCode === 200 || JSON.parse(body).code === 'EVIDENCE_BUSY', body.slice(0, 200));
    }
    assert.ok(!read.includes('the chain'));

    // A history that stays behind, as one that an alarm stopped, is not waited for for ever.
    await submit('Org2MSP', 'steward', 'dataset:register', datasetArgument(`later-${RUN}`));
    const behind = new VerifiedChain(
      { kind: 'study', studyId },
      { history, signal: new AbortController().signal, patience: 1 },
    );
    const nothing = { block: own.block, async *blocks() {} };
    await assert.rejects(behind.read(nothing, await own.height()), HistoryBehindError);
    fast.outbox.close();
    history.close();
  });

  it('is made from the chain where the history was changed while it was used, whose file is then looked at', async () => {
    const own = ledgers.get('Org1MSP')!;
    const index = await checkedHistory(own);
    let looks = 0;
    const history = { ...unwatched(index), checkAgain: () => void looks++ };
    const changed = await openGateway({ ledger: playing(own, {}), history });
    index.database.exec(`UPDATE blocks SET needs = '{"written":[],"uses":[],"texts":[]}'`);
    const { statusCode, body, rawPayload } = await changed.as('auditor', {
      method: 'GET',
      url: url(studyId),
    });
    assert.equal(statusCode, 200, body.slice(0, 500));
    assert.deepEqual((await verify(rawPayload)).problems, []);
    assert.equal(looks, 1);
    changed.outbox.close();
    index.close();
  });

  it('is of a study without a model too, as it is', async () => {
    const datasets = ORGANISATIONS.map(datasetOf);
    const quorum = { updates: 2, validators: 2 };
    await submit(
      'Org1MSP',
      'researcher',
      'study:propose',
      studyArgument({ studyId: proposed, datasets, quorum }),
    );
    const answer = await ask(proposed);
    assert.equal(answer.statusCode, 200, answer.body.slice(0, 500));
    const { problems, history } = await verify(answer.rawPayload);
    assert.deepEqual(problems, []);
    assert.equal(history?.kind, 'record');
    assert.deepEqual([history.study.state, history.consents], ['proposed', []]);
  });

  it('says what it shows beside the study, and shows no block that it does not need', () => {
    const body = gathered.get(`studies/${studyId}`)!;
    assert.doesNotMatch(body, new RegExp(Buffer.from(unrelated).toString('base64').slice(0, 20)));
    const { discloses } = JSON.parse(body.slice(0, body.indexOf('\n')));
    assert.deepEqual(discloses.datasets, ORGANISATIONS.map(datasetOf));
    assert.deepEqual(discloses.otherStudies, []);
  });

  it('is served by the others where one answers otherwise, signs badly, or refuses what is there', async () => {
    const own = ledgers.get('Org1MSP')!;
    /** One bit of the last endorser's signature, which follows its certificate. */
    const signedBadly = (bytes: Uint8Array) => {
      const last = 'END CERTIFICATE-----\n';
      const at = Buffer.from(bytes).lastIndexOf(last) + last.length + 20;
      return Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 1 : byte));
    };
    const apart = () => {
      throw new LedgerError({ code: 'ENDORSEMENT_FAILED', step: 'endorse', message: 'they do not match' });
    };
    const otherwise: Record<string, FabricLedger['signedAnswer']> = {
      'another answer': async (call, mspIds) =>
        mspIds.length > 1 ? apart() : own.signedAnswer({ ...call, name: 'study:get' }, mspIds),
      nothing: async (_, mspIds) => (mspIds.length > 1 ? apart() : new Uint8Array()),
      'a bad signature': async (call, mspIds) => signedBadly(await own.signedAnswer(call, mspIds)),
      refusal: async () => {
        throw new DomainError('STUDY_NOT_FOUND');
      },
    };
    for (const [what, answer] of Object.entries(otherwise)) {
      const dishonest = playing(own, {
        signedAnswer: async (call, mspIds) => {
          if (!mspIds.includes('Org3MSP')) return own.signedAnswer(call, mspIds);
          return answer(call, mspIds);
        },
      });
      const others = await openGateway({ ledger: dishonest });
      const served = await others.as('auditor', { method: 'GET', url: url(proposed) });
      assert.equal(served.statusCode, 200, `${what}: ${served.body.slice(0, 500)}`);
      assert.deepEqual((await verify(served.rawPayload)).answered?.signedBy, ['Org1MSP', 'Org2MSP'], what);
      others.outbox.close();
    }
  });

  it('is not gathered for a client that has gone, whose key may ask again', async () => {
    const own = ledgers.get('Org1MSP')!;
    const [reading, stopped] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let isFirst = true;
    const slow = playing(own, {
      async *blocks(end, signal) {
        if (!isFirst) return yield* own.blocks(end, signal);
        isFirst = false;
        reading.resolve();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        stopped.resolve();
        signal.throwIfAborted();
      },
    });
    const other = await openGateway({ ledger: slow });
    const address = await other.app.listen({ host: '127.0.0.1', port: 0 });
    const client = new AbortController();
    const headers = { authorization: `Bearer ${other.keys.auditor}` };
    const asked = fetch(`${address}${url(proposed)}`, { headers, signal: client.signal });
    await reading.promise;
    const again = await other.as('auditor', { method: 'GET', url: url(proposed) });
    assert.equal(again.json().code, 'EVIDENCE_BUSY');
    client.abort();
    await assert.rejects(asked);
    await stopped.promise;
    const served = await other.as('auditor', { method: 'GET', url: url(proposed) });
    assert.equal(served.statusCode, 200, served.body.slice(0, 500));
    other.app.server.close();
    other.outbox.close();
  });

  it('is served while one of three does not answer, and not by one alone', {
    skip: notBreakable ?? false,
  }, async () => {
    await network.killChaincode('Org3MSP');
    const two = await ask(proposed);
    assert.equal(two.statusCode, 200, two.body.slice(0, 500));
    assert.deepEqual((await verify(two.rawPayload)).answered?.signedBy, ['Org1MSP', 'Org2MSP']);
    await network.killChaincode('Org2MSP');
    const one = await ask(proposed);
    assert.equal(one.json().code, 'EVIDENCE_UNPROVEN');
    assert.match(one.json().detail, /a majority of 3 is asked for/);
  });
});
