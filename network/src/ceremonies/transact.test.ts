// How a transaction of a ceremony is sent, against a peer that answers what a test says.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Authority } from '@consilium/verify/testing/test-authority';
import grpc from '@grpc/grpc-js';
import fabricProtos from '@hyperledger/fabric-protos';
import { FabricNodeError, transact } from './fabric-nodes.ts';
import { canonical, identityOf } from './testing/founders.ts';

const { common, gateway } = fabricProtos;
const CALL = { chaincode: '_lifecycle', function: 'CommitChaincodeDefinition', argument: new Uint8Array() };
/** Longer than any test: a busy machine sends nothing again that was answered. */
const PATIENCE_MS = 600_000;
const SOON_MS = 200;

/** Answers of one call in turn: a status of gRPC, or 'done'; the last one for all later calls. */
type Answers = readonly (number | 'done')[];

describe('a transaction of a ceremony', () => {
  const server = new grpc.Server();
  let submit: Answers;
  let status: Answers;
  /** Of each submission that came. */
  let sent: string[];
  let validationCode: number;
  let place: { node: Parameters<typeof transact>[0]; asking: Parameters<typeof transact>[2] };

  before(async () => {
    const authority = await Authority.create('AlphaMSP');
    const [client, tls] = await Promise.all([
      authority.issue('client'),
      authority.issue('peer', { hosts: ['localhost'] }),
    ]);
    const turns = { submit: 0, status: 0 };
    const answer = <T>(name: 'submit' | 'status', value: T, done: grpc.sendUnaryData<T>) => {
      const answers = name === 'submit' ? submit : status;
      if (name === 'submit' && sent.length === 1) turns.submit = turns.status = 0;
      const next = answers[Math.min(turns[name]++, answers.length - 1)]!;
      if (next === 'done') done(null, value);
      // As a peer that has nothing to say yet: the caller's own deadline ends the call.
      else if (next !== grpc.status.DEADLINE_EXCEEDED) done({ code: next, details: 'as the test says' });
    };
    server.addService(gateway.GatewayService as unknown as grpc.ServiceDefinition, {
      endorse: (_call: unknown, done: grpc.sendUnaryData<unknown>) => {
        const endorsed = new gateway.EndorseResponse();
        endorsed.setPreparedTransaction(new common.Envelope());
        done(null, endorsed);
      },
      submit: (
        call: { request: InstanceType<typeof gateway.SubmitRequest> },
        done: grpc.sendUnaryData<unknown>,
      ) => {
        sent.push(Buffer.from(call.request.serializeBinary()).toString('hex'));
        answer('submit', new gateway.SubmitResponse(), done);
      },
      commitStatus: (_call: unknown, done: grpc.sendUnaryData<unknown>) => {
        const valid = new gateway.CommitStatusResponse();
        valid.setResult(validationCode as 0);
        answer('status', valid, done);
      },
      evaluate: () => assert.fail('nothing is asked'),
      chaincodeEvents: () => assert.fail('nothing is asked'),
    });
    const credentials = grpc.ServerCredentials.createSsl(null, [
      { cert_chain: Buffer.from(canonical(tls.pem)), private_key: Buffer.from(tls.keyPem) },
    ]);
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', credentials, (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    place = {
      node: { address: `localhost:${port}`, tlsRoots: canonical(authority.pem) },
      asking: { channel: 'consortium', identity: identityOf(client) },
    };
  });
  after(() => server.forceShutdown());

  function send(given: {
    submit?: Answers;
    status?: Answers;
    code?: number;
    withinMs?: number;
    againAfterMs?: number;
  }): Promise<string> {
    submit = given.submit ?? ['done'];
    status = given.status ?? ['done'];
    validationCode = given.code ?? 0;
    sent = [];
    const { withinMs: orderedWithinMs = PATIENCE_MS, againAfterMs: sendAgainAfterMs = PATIENCE_MS } = given;
    return transact(place.node, CALL, place.asking, { orderedWithinMs, sendAgainAfterMs });
  }

  it('is sent once where it is ordered at once', async () => {
    await send({});
    assert.equal(sent.length, 1);
  });

  it('is sent again, the very same one, while orderers choose a leader', async () => {
    const { CANCELLED, UNAVAILABLE, DEADLINE_EXCEEDED } = grpc.status;
    const status = [DEADLINE_EXCEEDED, CANCELLED, 'done'] as const;
    await send({ submit: [UNAVAILABLE, 'done'], status, againAfterMs: SOON_MS });
    assert.ok(sent.length >= 3, `${sent.length}`);
    assert.equal(new Set(sent).size, 1);
  });

  it('is done where it was ordered, though the answer to its sender was lost', async () => {
    await send({ submit: [grpc.status.UNAVAILABLE] });
    assert.equal(sent.length, 1);
  });

  it('is not called refused where nobody ordered it in time: it may still be', async () => {
    await assert.rejects(
      send({ status: [grpc.status.DEADLINE_EXCEEDED], withinMs: 1000, againAfterMs: SOON_MS }),
      (error: Error) => {
        assert.ok(error instanceof FabricNodeError);
        assert.match(error.message, /was sent and is not ordered after 1 s\. It may still be: look later/);
        return true;
      },
    );
    assert.equal(new Set(sent).size, 1);
  });

  it('says why the orderers did not take it, where none of them did', async () => {
    const status = [grpc.status.DEADLINE_EXCEEDED];
    await assert.rejects(
      send({ submit: [grpc.status.UNAVAILABLE], status, withinMs: 1000, againAfterMs: SOON_MS }),
      /is not ordered after 1 s \(localhost:\d+: as the test says\)\. It may still be/,
    );
  });

  it('fails at once where the peer refuses it, and where it is ordered and not valid', async () => {
    await assert.rejects(send({ submit: [grpc.status.PERMISSION_DENIED] }), /as the test says/);
    assert.equal(sent.length, 1);
    await assert.rejects(send({ code: 11 }), /CommitChaincodeDefinition of _lifecycle is not valid: code 11/);
    assert.equal(sent.length, 1);
  });
});
