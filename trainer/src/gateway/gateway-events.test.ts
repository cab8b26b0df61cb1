import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { EventStreamParser, type LedgerEvent } from '@consilium/client';
import fc from 'fast-check';
import { followEvents } from './gateway-events.ts';

const STREAM = [
  ': a comment\n\n',
  'id: 4:0\nevent: RoundOpened\ndata: {"studyId":"s","round":1}\n\n',
  'data: {"studyId":\r\ndata: "t"}\r\n\r\n',
  'event: Ignored\n\n',
  'id: 5:0\nevent: Odd\ndata: not json\n\n',
].join('');

describe('the event stream', () => {
  it('gives the same events however the stream is cut into pieces', () => {
    const whole = new EventStreamParser().push(STREAM);
    assert.deepEqual(whole, [
      { id: '4:0', name: 'RoundOpened', data: { studyId: 's', round: 1 } },
      { id: '4:0', name: 'message', data: { studyId: 't' } },
      { id: '5:0', name: 'Odd', data: {} },
    ]);
    fc.assert(
      fc.property(fc.array(fc.nat(STREAM.length), { maxLength: 12 }), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), STREAM.length];
        const parser = new EventStreamParser();
        const events = places.flatMap((start, i) => parser.push(STREAM.slice(start, places[i + 1] ?? start)));
        assert.deepEqual(events, whole);
      }),
    );
  });

  it('refuses a line without end', () => {
    const parser = new EventStreamParser();
    assert.throws(() => parser.push('x'.repeat(EventStreamParser.maxLineLength + 1)), RangeError);
  });

  it('comes back with the id of the last event, and ends when it is asked to', async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.headers['last-event-id'] as string | undefined);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`id: ${asked.length}:0\nevent: E\ndata: {}\n\n`);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const stopping = new AbortController();
    const events: LedgerEvent[] = [];
    let connected = 0;
    await followEvents({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      key: 'key',
      signal: stopping.signal,
      minPauseMs: 1,
      onEvent: (event) => {
        events.push(event);
        if (events.length === 3) stopping.abort();
      },
      onConnected: () => {
        connected += 1;
      },
      onDisconnected: () => undefined,
    });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    assert.deepEqual(asked, [undefined, '1:0', '2:0']);
    assert.equal(connected, 3);
  });
});
