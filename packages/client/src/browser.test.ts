// What a page loads of the client.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from './index.ts';

test('a browser loads all of the client, and no module of Node with it', () => {
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(join(import.meta.dirname, file), 'utf8');
    for (const [, name] of text.matchAll(/\bfrom\s*'([^']+)'/g)) {
      assert.match(name!, /^\.\//, `${file} loads ${name}`);
      visit(name!);
    }
  };
  visit('index.js');
  assert.ok(seen.size > 3);
});

test('without a key no Authorization is sent, and what every request shall have is', async () => {
  const asked: unknown[] = [];
  const server = createServer((request, response) => {
    const { authorization, 'x-consilium-console': mark } = request.headers;
    asked.push({ authorization, mark });
    response.setHeader(
      'content-type',
      request.url === '/v1/events' ? 'text/event-stream' : 'application/json',
    );
    response.end(
      request.url === '/v1/events' ? 'event: block\ndata: {"blockNumber":1}\n\n' : '{"status":"ok"}',
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const client = new Client({
    url: `http://127.0.0.1:${port}`,
    headers: { 'x-consilium-console': '1' },
  });
  assert.deepEqual(await client.call('getHealth'), { status: 'ok' });
  const names: string[] = [];
  for await (const { name } of client.events()) names.push(name);
  assert.deepEqual(names, ['block']);
  assert.deepEqual(asked, [
    { authorization: undefined, mark: '1' },
    { authorization: undefined, mark: '1' },
  ]);
  server.close();
  server.closeAllConnections();
});
