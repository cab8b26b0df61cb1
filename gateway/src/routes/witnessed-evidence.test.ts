import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSentences, provenSentences, verifyBundle, writeStatement } from '@consilium/verify';
import { isBlock, rewritten } from '@consilium/verify/testing/rewritten-bundle';
import { DEFAULT_LIMITS } from '../config.ts';
import { FabricLedger } from '../fabric/fabric-ledger.ts';
import { IndexInThread } from '../read-model/index-in-thread.ts';
import {
  CHAINCODE_NAME,
  FabricNetwork,
  notRun,
  registerMember,
  type TestOrganisation,
} from '../testing/fabric-network.ts';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { KeptStatements } from '../witnesses/kept-statements.ts';
import { OwnStatements } from '../witnesses/own-statements.ts';
import { statementSigner } from '../witnesses/statement-signer.ts';
import { WitnessExchange } from '../witnesses/witness-exchange.ts';

const silent = { info: () => {}, warn: () => {} };

/** A hospital with a ledger of its own, whose blocks it checks in a thread. */
class Hospital {
  readonly ledger: FabricLedger;
  readonly history: IndexInThread;
  readonly own: OwnStatements;
  readonly directory = mkdtempSync(join(tmpdir(), 'witnessed-'));

  constructor(network: FabricNetwork, mspId: TestOrganisation) {
    const connection = network.connection(mspId);
    const options = { connection, chaincode: CHAINCODE_NAME, limits: DEFAULT_LIMITS };
    this.ledger = new FabricLedger({ ...options, log: silent });
    this.history = new IndexInThread({
      ...{ ...options, directory: this.directory, genesis: undefined, log: () => {} },
    });
    const signer = statementSigner(connection);
    this.own = new OwnStatements({ ledger: this.ledger, history: this.history, signer });
  }

  async hasAll(height: number): Promise<void> {
    while (this.history.status?.state !== 'following' || this.history.status.blocks < height) await sleep(50);
  }

  async end(): Promise<void> {
    await this.history.close();
    await this.ledger.close();
    rmSync(this.directory, { recursive: true });
  }
}

describe('evidence with witnesses', { skip: notRun ?? false }, () => {
  let network: FabricNetwork;
  let hospitals: Record<'Org1MSP' | 'Org2MSP', Hospital>;
  let gateway: GatewayFixture<FabricLedger>;
  let genesis: string;
  let transactionId: string;
  /** On which block the other hospital's gateway answers; the last one where it is not set. */
  let answersOn: number | undefined;

  before(async () => {
    network = await FabricNetwork.start();
    hospitals = { Org1MSP: new Hospital(network, 'Org1MSP'), Org2MSP: new Hospital(network, 'Org2MSP') };
    const { Org1MSP: one, Org2MSP: two } = hospitals;
    while ((await one.ledger.ready()).some(({ problem }) => problem !== undefined)) await sleep(50);
    await registerMember(one.ledger);
    await registerMember(two.ledger);
    const height = await one.ledger.height();
    for (const hospital of [one, two]) await hospital.hasAll(height);
    const witnesses = new WitnessExchange({
      ...{
        own: one.own,
        history: one.history,
        mspId: 'Org1MSP',
        channel: one.ledger.channel,
        intervalMs: 60_000,
      },
      kept: new KeptStatements(join(one.directory, 'witnesses')),
      neighbours: [
        { mspId: 'Org2MSP', ask: async (block) => writeStatement(await two.own.on(block ?? answersOn)) },
      ],
      log: () => {},
    });
    gateway = await openGateway({ ledger: one.ledger, history: one.history, witnesses });
    genesis = Buffer.from(one.history.blocks!.block(0)!.hash).toString('hex');
    const [last] = one.history.read((history) => [...history.transactions({ mspId: 'Org2MSP' })]).reverse();
    transactionId = last!.transactionId;
  });
  after(async () => {
    // It closes ledger and history of its own hospital, which may be closed twice.
    await gateway?.close();
    for (const hospital of Object.values(hospitals ?? {})) await hospital.end();
    await network?.stop();
  });

  async function file(): Promise<Uint8Array> {
    const answer = await gateway.as('auditor', { url: `/v1/evidence/transactions/${transactionId}` });
    assert.equal(answer.statusCode, 200, answer.body.slice(0, 500));
    return answer.rawPayload;
  }
  const verify = (bytes: Uint8Array) => verifyBundle(bytes, { genesis, chaincode: CHAINCODE_NAME });

  it('of which the block is too old is in the file, and does not count', async () => {
    answersOn = 1;
    const verification = verify(await file());
    assert.deepEqual(verification.problems, []);
    assert.deepEqual(
      verification.witnessed.map(({ mspId, block }) => [mspId, block]),
      [['Org2MSP', 1]],
    );
    assert.ok(
      !provenSentences(verification).some((sentence) => /^Gateways signed that they saw/.test(sentence)),
    );
    const stale = openSentences(verification).find((sentence) =>
      /Org2MSP does not count here/.test(sentence),
    );
    assert.match(stale!, /it ends with block 1, and block \d+ was read/);
    answersOn = undefined;
  });

  it('says which hospitals’ gateways saw the same history, up to the last block, asked for the file', async () => {
    const height = await hospitals.Org1MSP.ledger.height();
    const bytes = await file();
    const verification = verify(bytes);
    assert.deepEqual(verification.problems, []);
    assert.deepEqual(
      verification.witnessed.map(({ mspId, block }) => [mspId, block]),
      [['Org2MSP', height - 1]],
    );
    const seen = provenSentences(verification).find((sentence) =>
      /^Gateways signed that they saw/.test(sentence),
    )!;
    assert.match(seen, new RegExp(`saw this same history: Org2MSP up to block ${height - 1} \\(at `));
    assert.ok(
      openSentences(verification).some((sentence) => /signed that of the gateways of Org2MSP/.test(sentence)),
    );
  });

  it('does not verify where a statement in it is another, is there twice, or is not of its end', async () => {
    const bytes = await file();
    const isStatement = ({ kind }: { readonly kind: string }) => kind === 'witness';
    const first = (changed: Uint8Array) => {
      const [problem] = verify(changed).problems;
      return `${problem?.place}: ${problem?.text}`;
    };
    const altered = rewritten(bytes, (parts) =>
      parts.map((part) =>
        part.kind === 'witness'
          ? { ...part, statement: { ...part.statement, at: '2026-01-01T00:00:00.000Z' } }
          : part,
      ),
    );
    assert.match(
      first(altered),
      /^statement of Org2MSP: (a signature of Org2MSP does not hold|its certificate was)/,
    );
    const twice = rewritten(bytes, (parts) => [...parts, ...parts.filter(isStatement)]);
    assert.match(first(twice), /^statement of Org2MSP: it is the second one/);
    const inFront = rewritten(bytes, (parts) => [
      ...parts.filter(isBlock).slice(0, 1),
      ...parts.filter(isStatement),
      ...parts.slice(1).filter((part) => !isStatement(part)),
    ]);
    assert.match(first(inFront), /^line \d+: blocks follow the answers/);
    const without = rewritten(bytes, (parts) => parts.filter((part) => !isStatement(part)));
    assert.deepEqual(verify(without).witnessed, []);
    assert.deepEqual(verify(without).problems, []);
  });
});
