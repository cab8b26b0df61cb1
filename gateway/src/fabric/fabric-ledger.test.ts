import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { createPublicKey, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DomainError, type Role } from '@consilium/domain';
import type { Limits } from '../config.ts';
import { PROPOSE_STUDY, REGISTER_MEMBER } from '../http/examples.ts';
import { problemOf } from '../http/problem.ts';
import { createMetrics } from '../metrics.ts';
import { Outbox } from '../outbox/outbox.ts';
import { Submissions } from '../outbox/submissions.ts';
import { clientCertificate, fabricSignature } from '../signing/client-signature.ts';
import { anotherDataset } from '../testing/another-dataset.ts';
import {
  CHAINCODE_NAME,
  FabricNetwork,
  notBreakable,
  notRun,
  PATIENT_LIMITS,
  RUN,
  registerMember,
  Wire,
} from '../testing/fabric-network.ts';
import { openGateway } from '../testing/gateway-fixture.ts';
import { awaitEndorsers } from './await-endorsers.ts';
import { type Connection, readConnections } from './connection-file.ts';
import { FabricLedger } from './fabric-ledger.ts';
import { type Ledger, type LedgerCall, LedgerError, type LedgerEvent } from './ledger.ts';

const REPOSITORY = join(import.meta.dirname, '../../../..');
const execFileAsync = promisify(execFile);
/** The commands of the page, as they are pasted. */
const [, SIGNING_PAGE = ''] = /```sh\n([\s\S]*?)```/.exec(
  readFileSync(join(REPOSITORY, 'docs/operating/sign-with-ones-own-key.md'), 'utf8'),
)!;
const withoutPrograms = (): string | false => {
  const missing = ['curl', 'jq', 'openssl'].filter(
    (name) => spawnSync(name, ['--version']).error !== undefined,
  );
  return missing.length > 0 && `not run: no ${missing.join(', ')}`;
};

const silent = { info: () => {}, warn: () => {}, error: () => {} };
const { recoveryTimeoutMs } = PATIENT_LIMITS;

const open = (
  connection: Connection,
  limits: Partial<Limits> = {},
  chaincode = CHAINCODE_NAME,
): FabricLedger =>
  new FabricLedger({ connection, chaincode, limits: { ...PATIENT_LIMITS, ...limits }, log: silent });

const through = (connection: Connection, { endpoint }: Wire): Connection => ({
  ...connection,
  organisation: { ...connection.organisation, endpoint },
});

const memberOf = (title: string) => ({ ...REGISTER_MEMBER, title });
const register = (title: string, role: Role = 'operator') => ({
  name: 'member:register' as const,
  argument: memberOf(title),
  role,
});
const datasetIdOf = (what: string) => `${what}-${RUN}`;
const datasetOf = (what: string) => anotherDataset(datasetIdOf(what));
const registerDataset = (what: string) => ({
  name: 'dataset:register' as const,
  argument: datasetOf(what),
  role: 'steward' as const,
});
const breakable = { skip: notBreakable ?? false };
const asks = (name: 'member:list' | 'dataset:list') => ({ name, argument: {}, role: 'auditor' as const });

const problem = async (work: Promise<unknown>) =>
  work.then(
    () => assert.fail('should have been refused'),
    (error: unknown) => ({ error, ...problemOf(error, 'r') }),
  );

/** A broken network fails the test by the runner's own limit. */
async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await sleep(100);
}

const isReady = async (ledger: Ledger) =>
  (await ledger.ready()).every((check) => check.problem === undefined);

describe('the ledger on Fabric', { skip: notRun ?? false }, () => {
  let network: FabricNetwork;
  let ledger: FabricLedger;

  before(async () => {
    network = await FabricNetwork.start({ chaincodes: 'apart' });
    ledger = open(network.connection('Org1MSP'));
    await until(() => isReady(ledger));
    for (const mspId of ['Org1MSP', 'Org2MSP', 'Org3MSP'] as const) {
      const own = open(network.connection(mspId));
      await registerMember(own);
      await own.close();
    }
  });
  after(async () => {
    await ledger?.close();
    await network?.stop();
  });

  it('commits what is submitted, answers what is asked, and counts its blocks', async () => {
    const height = await ledger.height();
    const prepared: string[] = [];
    const committed = await ledger.submit(registerDataset('first'), ({ transactionId }) => {
      prepared.push(transactionId);
    });
    assert.deepEqual(prepared, [committed.transactionId]);
    assert.equal((committed.result as { datasetId: string }).datasetId, datasetIdOf('first'));
    assert.equal(committed.blockNumber, height);
    assert.equal(await ledger.height(), height + 1);
    const { items } = (await ledger.evaluate(asks('member:list'))) as { items: { mspId: string }[] };
    const members = items.map(({ mspId }) => mspId);
    for (const mspId of ['Org1MSP', 'Org2MSP', 'Org3MSP']) assert.ok(members.includes(mspId));
  });

  it('commits what a client signed with a key that it does not have', async () => {
    const whole = network.connection('Org1MSP');
    const { steward, ...others } = whole.organisation.clients;
    const keyless = { ...whole, organisation: { ...whole.organisation, clients: others } } as Connection;
    const gateway = open(keyless);
    try {
      const signed = (message: Uint8Array) =>
        fabricSignature(
          message,
          sign('sha256', message, steward!.privateKey),
          createPublicKey(steward!.certificate),
        )!;
      const { pem } = clientCertificate(steward!.certificate, Date.now());
      const { name, argument } = registerDataset('signed-elsewhere');
      const proposal = gateway.propose({ name, argument }, pem);
      const endorsed = await gateway.endorse(proposal, signed(proposal.message));
      const committed = await gateway.submitSigned(
        endorsed,
        signed(endorsed.message),
        ({ transactionId }) => {
          assert.equal(transactionId, proposal.transactionId);
        },
      );
      assert.equal((committed.result as { datasetId: string }).datasetId, datasetIdOf('signed-elsewhere'));
      const again = gateway.propose({ name, argument }, pem);
      const taken = await problem(gateway.endorse(again, signed(again.message)));
      assert.equal(taken.code, 'DATASET_EXISTS');
      const auditor = whole.organisation.clients.auditor!;
      const asAuditor = gateway.propose(registerDataset('not-a-steward'), auditor.certificate);
      const byAuditor = sign('sha256', asAuditor.message, auditor.privateKey);
      const role = await problem(
        gateway.endorse(
          asAuditor,
          fabricSignature(asAuditor.message, byAuditor, createPublicKey(auditor.certificate))!,
        ),
      );
      assert.equal(role.code, 'ROLE_REQUIRED', 'the certificate counts, whoever sends it');
      const foreign = await problem(gateway.endorse(gateway.propose(registerDataset('x'), pem), byAuditor));
      assert.match(foreign.code, /^(LEDGER_REFUSED|ENDORSEMENT_FAILED)$/, 'peers look at the signature too');
    } finally {
      await gateway.close();
    }
  });

  it('takes what the page for operators signs with curl and openssl', {
    skip: withoutPrograms(),
  }, async () => {
    const connection = network.connection('Org1MSP');
    const { certificate, privateKey } = connection.organisation.clients.steward!;
    const gateway = await openGateway({ ledger: open(connection) });
    const write = (name: string, text: string) => writeFileSync(join(gateway.directory, name), text);
    write('steward.pem', certificate);
    write('steward.key', privateKey);
    write('argument.json', JSON.stringify(datasetOf('from-a-page')));
    try {
      const { stdout, stderr } = await execFileAsync('bash', ['-euo', 'pipefail', '-c', SIGNING_PAGE], {
        cwd: gateway.directory,
        env: {
          PATH: `${join(REPOSITORY, 'node_modules/.bin')}:${dirname(process.execPath)}:${process.env.PATH}`,
          GATEWAY: await gateway.app.listen({ host: '127.0.0.1', port: 0 }),
          KEY: gateway.keys.auditor,
          TRANSACTION: 'dataset:register',
        },
      });
      assert.match(stdout, /^A proposal: /, stderr);
      assert.match(stdout, /\nA transaction that peers endorsed: /);
      assert.match(stdout, new RegExp(`writes +consilium: dataset ${datasetIdOf('from-a-page')}\n`));
      assert.match(stdout, /"blockNumber":\d+/);
    } finally {
      await gateway.close();
    }
  });

  it('gives a refusal by the rules as the rule, and sends nothing', async () => {
    const height = await ledger.height();
    const refused = await problem(ledger.submit(register('Again'), () => assert.fail('was sent')));
    assert.deepEqual([refused.code, refused.status], ['MEMBER_EXISTS', 409]);
    assert.ok(refused.error instanceof DomainError);
    assert.ok((refused.error.cause as LedgerError).step === 'endorse');
    const role = await problem(ledger.submit(register('Again', 'steward'), () => assert.fail('was sent')));
    assert.equal(role.code, 'ROLE_REQUIRED');
    assert.equal(await ledger.height(), height);
  });

  it('stops before sending when the outbox refuses', async () => {
    const org2 = open(network.connection('Org2MSP'));
    const full = new Error('disk full');
    const height = await ledger.height();
    await assert.rejects(
      org2.submit(registerDataset('full'), () => {
        throw full;
      }),
      full,
    );
    assert.equal(await ledger.height(), height);
    await org2.close();
  });

  it('gives events from any block, after any transaction, and as they come', async () => {
    const org2 = open(network.connection('Org2MSP'));
    const begin = { blockNumber: await ledger.height() };
    const one = await ledger.submit(registerDataset('event-one'), () => {});
    const { transactionId, blockNumber } = await org2.submit(registerDataset('event-two'), () => {});
    const [member] = await take(ledger, { blockNumber: 0 }, 1);
    assert.equal(member?.name, 'MemberRegistered');
    const [first, second] = await take(ledger, begin, 2);
    assert.deepEqual([first?.name, first?.transactionId], ['DatasetRegistered', one.transactionId]);
    assert.deepEqual([second?.transactionId, second?.blockNumber], [transactionId, blockNumber]);
    assert.ok(first);
    const after = { blockNumber: first.blockNumber, afterTransactionId: first.transactionId };
    const [next] = await take(ledger, after, 1);
    assert.equal(next?.transactionId, transactionId);
    await org2.close();
  });

  it('tries a transaction that lost to a concurrent one again, until both are committed', async () => {
    const outbox = new Outbox(undefined);
    const metrics = createMetrics({ ofProcess: false });
    const log = silent as never;
    const submissions = new Submissions({ ledger, outbox, metrics, log, recoveryTimeoutMs });
    await submissions.submit({ name: 'dataset:register', argument: datasetOf('consented'), role: 'steward' });
    const studies = ['heart-a', 'heart-b'].map((id) => `${id}-${RUN}`);
    for (const studyId of studies) {
      await submissions.submit({
        name: 'study:propose',
        argument: { ...PROPOSE_STUDY, studyId, datasets: [datasetIdOf('consented')] },
        role: 'researcher',
      });
    }
    const consents = studies.map(async (studyId) => {
      const of = { studyId, datasetId: datasetIdOf('consented') };
      const quote = await ledger.evaluate({ name: 'privacy:quote', argument: of, role: 'steward' });
      const { claimedEpsilon } = quote as { claimedEpsilon: object };
      return {
        name: 'study:consent' as const,
        argument: { ...of, claimedEpsilon },
        role: 'steward' as const,
      };
    });
    const calls = await Promise.all(consents);
    const granted = await Promise.all(calls.map((call) => submissions.submit(call)));
    assert.deepEqual(
      granted.map(({ result }) => (result as { state: string }).state),
      ['granted', 'granted'],
    );
    const retried = await metrics.registry.getSingleMetricAsString('consilium_ledger_conflict_retries_total');
    assert.match(retried, /transaction="study:consent"\} [1-3]$/m);
    outbox.close();
  });

  it("lets two stewards of a hospital consent, each by a certificate of one's own", breakable, async () => {
    const connection = network.connection('Org1MSP');
    const ben = network.enrol('Org1MSP', 'ben', 'steward');
    const organisation = {
      ...connection.organisation,
      clients: { ...connection.organisation.clients, ben },
    };
    const ours = open({ ...connection, organisation });
    const submit = (call: LedgerCall) => ours.submit(call, () => {});
    const dataset = { ...datasetOf('guarded'), consentPolicy: { stewards: 2 } };
    await submit({ name: 'dataset:register', argument: dataset, role: 'steward' });
    const of = { studyId: `guarded-${RUN}`, datasetId: datasetIdOf('guarded') };
    const study = { ...PROPOSE_STUDY, studyId: of.studyId, datasets: [of.datasetId] };
    await submit({ name: 'study:propose', argument: study, role: 'researcher' });
    const quote = await ours.evaluate({
      name: 'privacy:quote',
      argument: of,
      role: 'steward',
      person: 'ben',
    });
    const { claimedEpsilon } = quote as { claimedEpsilon: object };
    const consent = { name: 'study:consent', argument: { ...of, claimedEpsilon }, role: 'steward' } as const;
    await submit({ name: 'study:approveConsent', argument: of, role: 'steward' });
    assert.equal((await problem(submit(consent))).code, 'CONSENT_INCOMPLETE');
    const unknown = await problem(submit({ ...consent, person: 'nobody' }));
    assert.equal((unknown.error as LedgerError).code, 'IDENTITY_MISSING');
    const signers: string[] = [];
    const granted = await ours.submit({ ...consent, person: 'ben' }, ({ signer }) => {
      signers.push(signer);
    });
    assert.deepEqual(signers, ['ben']);
    assert.deepEqual((granted.result as { stewards: string[] }).stewards, ['ben@org1', 'steward@org1']);
    await ours.close();
  });

  it(
    'signs with a renewed certificate from then on, and what was in flight still commits',
    breakable,
    async () => {
      const connection = network.connection('Org1MSP');
      const ours = open(connection);
      const renewed = network.enrol('Org1MSP', 'steward-renewed', 'steward');
      const { clients } = connection.organisation;
      const events = new AbortController();
      const seen: string[] = [];
      const following = (async () => {
        const from = { blockNumber: await ours.height() };
        for await (const { transactionId } of ours.events({ from, signal: events.signal }))
          seen.push(transactionId);
      })();
      const creators: boolean[] = [];
      const submit = (what: string, beforeSending: () => void) =>
        ours.submit(registerDataset(what), ({ envelope }) => {
          creators.push(Buffer.from(envelope).includes(renewed.certificate));
          beforeSending();
        });
      const before = await submit('before-renewal', () => ours.takeClients({ ...clients, steward: renewed }));
      const after = await submit('after-renewal', () => {});
      assert.deepEqual(creators, [false, true]);
      await until(async () => [before, after].every(({ transactionId }) => seen.includes(transactionId)));
      const { steward: _, ...others } = clients;
      ours.takeClients(others);
      assert.equal(
        (await problem(submit('without', () => assert.fail('was sent')))).code,
        'IDENTITY_MISSING',
      );
      events.abort();
      await following;
      await ours.close();
    },
  );

  it('recovers an outcome whose answer was lost, by asking', async () => {
    const org3 = open(network.connection('Org3MSP'), { commitTimeoutMs: 1 });
    const outbox = new Outbox(undefined);
    const options = { outbox, metrics: createMetrics({ ofProcess: false }), log: silent as never };
    const submissions = new Submissions({ ledger: org3, ...options, recoveryTimeoutMs });
    const { transactionId, blockNumber } = await submissions.submit(registerDataset('lost'));
    assert.equal(outbox.get(transactionId)?.state, 'committed');
    assert.equal(outbox.get(transactionId)?.blockNumber, blockNumber);
    outbox.close();
    await org3.close();
  });

  it('sends the same transaction again after a crash before sending, and it commits once', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'crash-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const connection = network.connection('Org1MSP');
    const wire = await Wire.to(connection.organisation.endpoint);
    t.after(() => wire.close());
    const request = { keyId: 'steward', idempotencyKey: 'once', fingerprint: 'f' };
    const call = registerDataset('after-crash');
    const start = (ledgerOf: FabricLedger, timeoutMs: number) => {
      const outbox = new Outbox(directory);
      const options = { outbox, metrics: createMetrics({ ofProcess: false }), log: silent as never };
      return {
        outbox,
        submissions: new Submissions({ ledger: ledgerOf, ...options, recoveryTimeoutMs: timeoutMs }),
      };
    };
    const height = await ledger.height();
    const first = open(through(connection, wire), { submitTimeoutMs: 2_000 });
    const before = start(first, 300);
    const record = before.outbox.recordSending.bind(before.outbox);
    before.outbox.recordSending = async (sending) => {
      await record(sending);
      wire.cut();
    };
    const lost = await problem(before.submissions.submit(call, request));
    assert.deepEqual([lost.code, lost.status], ['OUTCOME_UNKNOWN', 504]);
    assert.equal((lost.error as LedgerError).step, 'submit');
    assert.equal(await ledger.height(), height, 'nothing was sent');
    before.outbox.close();
    await first.close();

    wire.repair();
    const second = open(through(connection, wire));
    const afterwards = start(second, recoveryTimeoutMs);
    const done = await afterwards.submissions.submit(call, request);
    assert.equal(done.transactionId, lost.transactionId);
    assert.equal((await afterwards.submissions.submit(call, request)).transactionId, lost.transactionId);
    assert.equal(await ledger.height(), height + 1, 'committed once');
    afterwards.outbox.close();
    await second.close();
  });

  it(
    'names the peers that cannot endorse, and the rule of those that refuse, each by itself',
    breakable,
    async (t) => {
      const others = ['Org2MSP', 'Org3MSP'] as const;
      const restart = (clockOffsetMs: number) =>
        Promise.all(
          others.map(async (mspId) => {
            await network.killChaincode(mspId);
            await network.startChaincode(mspId, clockOffsetMs);
          }),
        );
      t.after(() => restart(0));
      const call = registerDataset('too-few');
      const refusal = () => problem(ledger.submit(call, () => assert.fail('was sent')));
      await Promise.all(others.map((mspId) => network.killChaincode(mspId)));
      const [refused, [peer, chaincode, endorsement]] = await Promise.all([refusal(), ledger.ready()]);
      assert.deepEqual([refused.code, refused.status], ['ENDORSERS_UNAVAILABLE', 503]);
      assert.deepEqual(new Set(refused.peers?.map(({ mspId }) => mspId)), new Set(others));
      assert.doesNotMatch(JSON.stringify(refused.peers), /127\.0\.0\.1|localhost:/);
      assert.deepEqual([peer, chaincode], [{ name: 'peer' }, { name: 'chaincode' }]);
      assert.match(endorsement?.problem ?? '', /no organisation endorses: .*Org[23]MSP/);

      await restart(3_600_000);
      // A peer takes a moment to see its chaincode again.
      let skewed = await refusal();
      await until(async () => {
        skewed = await refusal();
        return (skewed.peers ?? []).every(({ message }) => message.startsWith('CLOCK_SKEW: '));
      });
      assert.deepEqual([skewed.code, skewed.status], ['CLOCK_SKEW', 422]);
      assert.deepEqual(skewed.peers?.map(({ mspId }) => mspId).toSorted(), [...others]);
      for (const { message } of skewed.peers ?? []) assert.match(message, /^CLOCK_SKEW: /);

      await restart(0);
      await until(() => isReady(ledger));
      await ledger.submit(call, () => {});
    },
  );

  it('says that its chaincode does not answer', async () => {
    const elsewhere = open(network.connection('Org1MSP'), {}, 'another');
    const [peer, chaincode] = await elsewhere.ready();
    assert.deepEqual(peer, { name: 'peer' });
    assert.match(chaincode?.problem ?? '', /^the chaincode another does not answer: /);
    await elsewhere.close();
  });

  it(
    'is unavailable without its peer, and goes on where it was when the peer is back',
    breakable,
    async (t) => {
      const aborted = new AbortController();
      t.after(() => aborted.abort());
      const seen: LedgerEvent[] = [];
      const following = (async () => {
        for await (const event of ledger.events({ from: { blockNumber: 0 }, signal: aborted.signal }))
          seen.push(event);
      })();
      await until(async () => seen.length > 0);
      const { length } = await take(ledger, { blockNumber: 0 }, seen.length);
      await network.killPeers();
      const gone = await problem(ledger.evaluate(asks('dataset:list')));
      assert.deepEqual([gone.code, gone.status], ['LEDGER_UNAVAILABLE', 503]);
      const call = registerDataset('peer-back');
      const stopped = await problem(ledger.submit(call, () => assert.fail('was sent')));
      assert.equal(stopped.code, 'LEDGER_UNAVAILABLE');
      assert.deepEqual(await ledger.ready(), [
        { name: 'peer', problem: 'the peer of Org1MSP does not answer' },
      ]);

      await network.startPeers();
      await until(() => isReady(ledger));
      const { transactionId } = await ledger.submit(call, () => {});
      await until(async () => seen.some((event) => event.transactionId === transactionId));
      aborted.abort();
      await following;
      const ids = seen.map((event) => event.transactionId);
      assert.equal(new Set(ids).size, ids.length, 'no event came twice');
      assert.ok(ids.length > length);
      assert.equal(ids.at(-1), transactionId);
    },
  );

  it('finds out whether every organisation can have all others endorse', breakable, async () => {
    const connections = readConnections(network.connectionPath);
    const once = { chaincode: CHAINCODE_NAME, timeoutMs: 0 };
    await awaitEndorsers(connections, once);
    await network.killChaincode('Org3MSP');
    assert.ok(await isReady(ledger), 'a majority is enough for most transactions');
    await assert.rejects(awaitEndorsers(connections, once), /^Error: Org1MSP: .*Org3MSP/);
    const waiting = awaitEndorsers(connections, { ...once, timeoutMs: 60_000 });
    await network.startChaincode('Org3MSP');
    await waiting;
  });

  it('says which role has no identity', async () => {
    const connection = network.connection('Org1MSP');
    const { auditor } = connection.organisation.clients;
    assert.ok(auditor);
    const only = open({ ...connection, organisation: { ...connection.organisation, clients: { auditor } } });
    assert.equal((await problem(only.submit(register('x'), () => {}))).code, 'IDENTITY_MISSING');
    await only.evaluate(asks('member:list'));
    await only.close();
  });

  it('times out at the step that took too long', async () => {
    const hasty = open(network.connection('Org1MSP'), { evaluateTimeoutMs: 1, endorseTimeoutMs: 1 });
    assert.equal((await problem(hasty.evaluate(asks('member:list')))).code, 'LEDGER_TIMEOUT');
    const endorsing = await problem(hasty.submit(register('x'), () => assert.fail('was sent')));
    assert.equal(endorsing.code, 'LEDGER_TIMEOUT');
    assert.ok(endorsing.error instanceof LedgerError && endorsing.error.step === 'endorse');
    await hasty.close();
  });
});

async function take(
  ledger: Ledger,
  from: { blockNumber: number; afterTransactionId?: string },
  count: number,
): Promise<LedgerEvent[]> {
  const aborted = new AbortController();
  const taken: LedgerEvent[] = [];
  for await (const event of ledger.events({ from, signal: aborted.signal })) {
    taken.push(event);
    if (taken.length === count) break;
  }
  aborted.abort();
  return taken;
}
