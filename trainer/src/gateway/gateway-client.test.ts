import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { Collector } from '@consilium/traces/testing';
import { GatewayClient } from './gateway-client.ts';

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

describe('the gateway client', () => {
  const seen: Seen[] = [];
  let stop: (() => Promise<void>) | undefined;

  const serve = async (answer: RequestListener, timeoutMs = 30_000): Promise<GatewayClient> => {
    seen.length = 0;
    const server = createServer((request, response) => {
      request.toArray().then((chunks) => {
        const { method, url, headers } = request;
        seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
        answer(request, response);
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    stop = async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    const { port } = server.address() as AddressInfo;
    return new GatewayClient({
      url: `http://127.0.0.1:${port}/`,
      key: 'secret',
      submitTimeoutMs: timeoutMs,
      readTimeoutMs: timeoutMs,
    });
  };
  const json = (status: number, body: unknown): RequestListener => {
    return (_, response) => response.writeHead(status).end(JSON.stringify(body));
  };
  afterEach(async () => {
    await stop?.();
    stop = undefined;
  });

  it('sends the trace that it is asked in, and none where nothing is traced', async () => {
    const client = await serve(json(200, { studyId: 's' }));
    const place = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
    await new Collector().tracer('of a test').within(place, () => client.getStudy('s'));
    await client.getStudy('s');
    assert.deepEqual(
      seen.map(({ headers }) => headers.traceparent),
      [`00-${place.traceId}-${place.spanId}-01`, undefined],
    );
  });

  it('submits with its key and an idempotency key, and repeats nothing of the path in the body', async () => {
    const client = await serve(json(201, { transactionId: 'tx', blockNumber: 3 }));
    const argument = { studyId: 's', round: 2, parametersSha256: 'a'.repeat(64) };
    const answer = await client.submit('round:attest', argument, 'key-1');
    assert.equal(answer.transactionId, 'tx');
    const [request] = seen;
    assert.equal(`${request?.method} ${request?.url}`, 'POST /v1/studies/s/rounds/2/attestations');
    assert.equal(request?.headers.authorization, 'Bearer secret');
    assert.equal(request?.headers['idempotency-key'], 'key-1');
    assert.deepEqual(JSON.parse(request?.body ?? ''), { parametersSha256: 'a'.repeat(64) });
  });

  it('finds the path of every transaction', async () => {
    const client = await serve(json(200, { transactionId: 'tx' }));
    const round = { studyId: 's', round: 2 };
    await client.submit('round:open', round, 'k');
    await client.submit('round:close', round, 'k');
    await client.submit('round:tally', round, 'k');
    await client.submit('round:abort', { ...round, reason: 'late' }, 'k');
    await client.submit('model:publish', { studyId: 's' }, 'k');
    await client.submit('study:settle', { studyId: 's', datasetId: 'd' }, 'k');
    assert.deepEqual(
      seen.map(({ url, body }) => `${url} ${body}`),
      [
        '/v1/studies/s/rounds {"round":2}',
        '/v1/studies/s/rounds/2/close {}',
        '/v1/studies/s/rounds/2/tally {}',
        '/v1/studies/s/rounds/2/abort {"reason":"late"}',
        '/v1/studies/s/model {}',
        '/v1/studies/s/consents/d/settle {}',
      ],
    );
  });

  it('reads every page of a list', async () => {
    const client = await serve((request, response) => {
      const bookmark = new URL(request.url ?? '', 'http://x').searchParams.get('bookmark');
      const page =
        bookmark === null ? { items: [{ mspId: 'A' }], bookmark: 'b' } : { items: [{ mspId: 'B' }] };
      response.end(JSON.stringify(page));
    });
    const members = await client.listMembers();
    assert.deepEqual(
      members.map(({ mspId }) => mspId),
      ['A', 'B'],
    );
  });

  it('gives undefined for what the ledger does not have, and refuses other errors', async () => {
    const client = await serve((request, response) => {
      const code = request.url?.endsWith('/dossier') ? 'ROUND_NOT_FOUND' : 'LEDGER_UNAVAILABLE';
      response.writeHead(404).end(JSON.stringify({ code, detail: 'none' }));
    });
    assert.equal(await client.getDossier('s', 1), undefined);
    await assert.rejects(client.getModel('s'), { name: 'GatewayProblem', code: 'LEDGER_UNAVAILABLE' });
  });

  it("names a refusal by the ledger's code", async () => {
    const client = await serve(json(409, { status: 409, code: 'UPDATE_EXISTS', detail: 'once only' }));
    await assert.rejects(client.submit('round:close', { studyId: 's', round: 1 }, 'k'), {
      name: 'GatewayProblem',
      code: 'UPDATE_EXISTS',
      status: 409,
      detail: 'once only',
    });
  });

  it('does not take silence, a broken answer or an unknown outcome for a refusal of a submission', async () => {
    const answers: RequestListener[] = [
      () => undefined,
      (_, response) => response.destroy(),
      (_, response) => response.writeHead(200).end('{"transactionId":'),
      (_, response) => response.writeHead(502).end('<html>Bad gateway</html>'),
      json(504, { code: 'OUTCOME_UNKNOWN', detail: 'sent' }),
      json(500, { code: 'GATEWAY_INTERNAL', detail: 'a bug' }),
    ];
    for (const answer of answers) {
      const client = await serve(answer, 300);
      await assert.rejects(client.submit('round:close', { studyId: 's', round: 1 }, 'k'), {
        code: 'TRAINER_OUTCOME_UNKNOWN',
      });
      await stop?.();
    }
  });

  it('tells a gateway that is not there from one that is silent: nothing was sent', async () => {
    const client = await serve(() => undefined);
    await stop?.();
    await assert.rejects(client.submit('round:close', { studyId: 's', round: 1 }, 'k'), {
      code: 'TRAINER_GATEWAY_UNREACHABLE',
    });
  });

  it('gives up on a read in time', async () => {
    const client = await serve(() => undefined, 300);
    await assert.rejects(client.getStudy('s'), { code: 'TRAINER_GATEWAY_UNREACHABLE' });
  });
});
