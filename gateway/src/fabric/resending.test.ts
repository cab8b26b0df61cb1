// What orderers acknowledged and lost, as with a Raft leader that dies, is sent again where that can do no harm.
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Limits } from '../config.ts';
import { PROPOSE_STUDY } from '../http/examples.ts';
import { anotherDataset } from '../testing/another-dataset.ts';
import {
  CHAINCODE_NAME,
  FabricNetwork,
  notRun,
  PATIENT_LIMITS,
  registerMember,
} from '../testing/fabric-network.ts';
import { PlayedAnswers } from '../testing/played-answers.ts';
import { FabricLedger } from './fabric-ledger.ts';
import type { LedgerCall, LedgerError, PreparedTransaction } from './ledger.ts';
import { setsPolicy } from './resending.ts';

const silent = { info: () => {}, warn: () => {} };
/** Longer than a busy machine takes to commit, since what is sent is counted. */
const RESEND_AFTER_MS = 1_500;
const NO_LEADER = {
  code: 14,
  message: 'no orderers could successfully process transaction',
  details: [
    {
      mspId: 'OrdererMSP',
      message: 'received unsuccessful response from orderer: status=SERVICE_UNAVAILABLE',
    },
  ],
};

/** Lays the policy of three rows. */
const registerDataset = (datasetId: string): LedgerCall => ({
  name: 'dataset:register',
  argument: anotherDataset(datasetId),
  role: 'steward',
});
/** Lays none. */
const proposeStudy = (studyId: string): LedgerCall => ({
  name: 'study:propose',
  argument: { ...PROPOSE_STUDY, studyId, datasets: ['asked'] },
  role: 'researcher',
});

for (const { maxMessageCount, title } of [
  { maxMessageCount: 1, title: 'where a block holds one transaction' },
  { maxMessageCount: 500, title: 'where a block holds several transactions' },
]) {
  describe(`a transaction that orderers acknowledged and lost, ${title}`, { skip: notRun ?? false }, () => {
    let network: FabricNetwork;

    function open(t: TestContext, limits: Partial<Limits> = {}) {
      const played = new PlayedAnswers();
      const ledger = new FabricLedger({
        connection: network.connection('Org1MSP'),
        chaincode: CHAINCODE_NAME,
        limits: { ...PATIENT_LIMITS, resendAfterMs: RESEND_AFTER_MS, ...limits },
        log: silent,
        interceptors: [played.interceptor],
      });
      t.after(() => ledger.close());
      return { played, ledger };
    }

    before(async () => {
      network = await FabricNetwork.startEmbedded({
        batchTimeoutMs: 50,
        ...(maxMessageCount && { maxMessageCount }),
      });
      const connection = network.connection('Org1MSP');
      const ledger = new FabricLedger({
        connection,
        chaincode: CHAINCODE_NAME,
        limits: PATIENT_LIMITS,
        log: silent,
      });
      while ((await ledger.ready()).some(({ problem }) => problem !== undefined)) await sleep(100);
      await registerMember(ledger);
      await ledger.submit(registerDataset('asked'), (prepared) => assert.ok(setsPolicy(prepared.envelope)));
      await ledger.close();
    });
    after(() => network?.stop());

    it('is sent again, the very same, and commits once', async (t) => {
      const { played, ledger } = open(t);
      const prepared: PreparedTransaction[] = [];
      played.lose();
      const { transactionId } = await ledger.submit(proposeStudy('lost'), (sent) => {
        prepared.push(sent);
      });
      assert.deepEqual([prepared.length, played.calls('Endorse'), played.calls('Submit')], [1, 1, 2]);
      assert.equal(transactionId, prepared[0]?.transactionId);
      assert.equal(setsPolicy(prepared[0]!.envelope), false);
      const outcome = await ledger.recover(prepared[0]!, {
        timeoutMs: PATIENT_LIMITS.recoveryTimeoutMs,
        resend: false,
      });
      assert.equal(outcome.state, 'committed');
    });

    it('is sent again when orderers take transactions again', async (t) => {
      const { played, ledger } = open(t);
      played.lose(2);
      played.answer('Submit', NO_LEADER);
      await ledger.submit(proposeStudy('elected'), () => {});
      assert.equal(played.calls('Submit'), 4);
    });

    it('is not sent again while its commit may still come in time', async (t) => {
      const { played, ledger } = open(t, { resendAfterMs: 60_000 });
      await ledger.submit(proposeStudy('patient'), () => {});
      assert.equal(played.calls('Submit'), 1);
    });

    it('is sent again if it sets a policy only where a duplicate is alone in its block', async (t) => {
      const isAlone = maxMessageCount === 1;
      const { played, ledger } = open(t, isAlone ? {} : { commitTimeoutMs: 3 * RESEND_AFTER_MS });
      played.lose();
      const work = ledger.submit(registerDataset('guarded'), () => {});
      if (isAlone) {
        await work;
        assert.equal(played.calls('Submit'), 2);
      } else {
        await assert.rejects(work, (error) => (error as LedgerError).code === 'OUTCOME_UNKNOWN');
        assert.equal(played.calls('Submit'), 1);
      }
    });
  });
}
