// A gateway whose organisation has two peers: wires to one peer of the embedded network stand for them, of which each
// can be cut.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { InterceptingCall, type Interceptor } from '@grpc/grpc-js';
import { DEFAULT_LIMITS } from '../config.ts';
import { anotherDataset } from '../testing/another-dataset.ts';
import {
  CHAINCODE_NAME,
  FabricNetwork,
  notRun,
  RUN,
  registerMember,
  Wire,
} from '../testing/fabric-network.ts';
import { FabricLedger } from './fabric-ledger.ts';
import { type LedgerCall, LedgerError, type LedgerEvent, type PreparedTransaction } from './ledger.ts';

const LIMITS = { ...DEFAULT_LIMITS, evaluateTimeoutMs: 20_000, resendAfterMs: 1_000 };
const LISTED = { name: 'member:list', argument: {}, role: 'auditor' } as const;
const registers = (what: string): LedgerCall => ({
  name: 'dataset:register',
  argument: anotherDataset(`${what}-${RUN}`),
  role: 'steward',
});

describe('a gateway with two own peers', { skip: notRun ?? false }, () => {
  let network: FabricNetwork;
  let wires: { first: Wire; second: Wire };
  const ledgers: FabricLedger[] = [];

  before(async () => {
    network = await FabricNetwork.start({ batchTimeoutMs: 300 });
    const { endpoint } = network.connection('Org1MSP').organisation;
    wires = { first: await Wire.to(endpoint), second: await Wire.to(endpoint) };
    await registerMember(open());
  });
  after(async () => {
    for (const ledger of ledgers) await ledger.close();
    for (const wire of Object.values(wires ?? {})) wire.close();
    await network?.stop();
  });

  function open(interceptors: Interceptor[] = []): FabricLedger {
    for (const wire of Object.values(wires)) wire.repair();
    const connection = network.connection('Org1MSP');
    const organisation = {
      ...connection.organisation,
      endpoint: wires.first.endpoint,
      secondEndpoint: wires.second.endpoint,
    };
    const ledger = new FabricLedger({
      connection: { ...connection, organisation },
      ...{ chaincode: CHAINCODE_NAME, limits: LIMITS, interceptors },
      log: { info: () => {}, warn: () => {} },
    });
    ledgers.push(ledger);
    return ledger;
  }
  const servingOf = async (ledger: FabricLedger) => (await ledger.ready())[0];

  it('goes on with reads and submissions through the second, and says which one serves', async () => {
    const ledger = open();
    await ledger.evaluate(LISTED);
    assert.deepEqual(await servingOf(ledger), { name: 'peer', serving: 'first' });
    wires.first.cut();
    assert.ok(await ledger.evaluate(LISTED));
    assert.deepEqual(await servingOf(ledger), { name: 'peer', serving: 'second' });
    const { blockNumber } = await ledger.submit(registers('through-second'), () => {});
    wires.first.repair();
    assert.ok(blockNumber < (await ledger.height()));
    assert.deepEqual(await servingOf(ledger), { name: 'peer', serving: 'second' });
  });

  it('does not know what became of a transaction whose peer goes away as it is sent, and recovers it by the other', async () => {
    const sent: string[] = [];
    const ledger = open([countSubmits(sent)]);
    const prepared: PreparedTransaction[] = [];
    const submitted = ledger.submit(registers('as-it-is-sent'), (one) => {
      prepared.push(one);
      wires.first.cut();
    });
    await assert.rejects(submitted, ({ code }: LedgerError) => code === 'OUTCOME_UNKNOWN');
    assert.equal(sent.length, 1);
    const { state } = await ledger.recover(prepared[0]!, { timeoutMs: 60_000, resend: true });
    assert.equal(state, 'committed');
    // Endorsed once: what is sent again is the same transaction.
    assert.equal(prepared.length, 1);
    assert.ok((await ledger.blockOf(prepared[0]!.transactionId)).length > 0);
  });

  it('learns of the commit from the other where its peer goes away after it was sent, and sends nothing twice', async () => {
    const sent: string[] = [];
    const ledger = open([
      countSubmits(sent),
      (options, next) => {
        if (options.method_definition.path.endsWith('/CommitStatus')) wires.first.cut();
        return new InterceptingCall(next(options));
      },
    ]);
    const { transactionId } = await ledger.submit(registers('after-sending'), () => {});
    assert.equal(sent.length, 1);
    assert.ok((await ledger.blockOf(transactionId)).length > 0);
    assert.deepEqual(await servingOf(ledger), { name: 'peer', serving: 'second' });
  });

  it('asks the other for the commit that a peer does not say of, as one far behind, before anything is sent again', async () => {
    const sent: string[] = [];
    let unanswered = 0;
    const ledger = open([
      countSubmits(sent),
      (options, next) => {
        const call = next(options);
        const isFirst = options.method_definition.path.endsWith('/CommitStatus') && unanswered++ === 0;
        // The peer never gets it, so that it does not answer.
        return new InterceptingCall(call, isFirst ? { sendMessage: () => {}, halfClose: () => {} } : {});
      },
    ]);
    await ledger.evaluate(LISTED);
    assert.deepEqual(await servingOf(ledger), { name: 'peer', serving: 'first' });
    const { transactionId } = await ledger.submit(registers('behind'), () => {});
    assert.equal(sent.length, 1);
    assert.ok((await ledger.blockOf(transactionId)).length > 0);
    assert.deepEqual(await servingOf(ledger), { name: 'peer', serving: 'second' });
  });

  it('asks both for an outcome, of which one may be far behind, before anything is sent again', async () => {
    const sent: string[] = [];
    let isBehind = false;
    const ledger = open([
      countSubmits(sent),
      (options, next) => {
        const call = next(options);
        const isUnanswered = isBehind && options.method_definition.path.endsWith('/CommitStatus');
        if (isUnanswered) isBehind = false;
        return new InterceptingCall(call, isUnanswered ? { sendMessage: () => {}, halfClose: () => {} } : {});
      },
    ]);
    const prepared: PreparedTransaction[] = [];
    await ledger.submit(registers('committed-before'), (one) => void prepared.push(one));
    assert.deepEqual(await servingOf(ledger), { name: 'peer', serving: 'first' });
    isBehind = true;
    const { state } = await ledger.recover(prepared[0]!, { timeoutMs: 60_000, resend: true });
    assert.equal(state, 'committed');
    assert.equal(isBehind, false);
    assert.equal(sent.length, 1);
    assert.deepEqual(await servingOf(ledger), { name: 'peer', serving: 'second' });
  });

  it('gives events in order, each once, across the change', async () => {
    const ledger = open();
    const stop = new AbortController();
    const seen: LedgerEvent[] = [];
    const from = { blockNumber: await ledger.height() };
    const reading = (async () => {
      for await (const event of ledger.events({ from, signal: stop.signal })) {
        seen.push(event);
        if (seen.length === 2) stop.abort();
      }
    })();
    const one = await ledger.submit(registers('event-one'), () => {});
    wires.first.cut();
    const two = await ledger.submit(registers('event-two'), () => {});
    await reading;
    assert.deepEqual(
      seen.map(({ transactionId }) => transactionId),
      [one.transactionId, two.transactionId],
    );
  });

  it('is refused as by one peer where neither is there, and goes on when one is back', async () => {
    const ledger = open();
    await ledger.evaluate(LISTED);
    for (const wire of Object.values(wires)) wire.cut();
    await assert.rejects(ledger.evaluate(LISTED), ({ code }: LedgerError) => code === 'LEDGER_UNAVAILABLE');
    assert.equal((await ledger.ready())[0]!.problem, 'the peer of Org1MSP does not answer');
    wires.second.repair();
    for (;;) {
      const answer = await ledger.evaluate(LISTED).catch((error: unknown) => error);
      if (!(answer instanceof LedgerError)) break;
    }
    assert.deepEqual(await servingOf(ledger), { name: 'peer', serving: 'second' });
  });
});

const countSubmits =
  (sent: string[]): Interceptor =>
  (options, next) => {
    if (options.method_definition.path.endsWith('/Submit')) sent.push(options.method_definition.path);
    return new InterceptingCall(next(options));
  };
