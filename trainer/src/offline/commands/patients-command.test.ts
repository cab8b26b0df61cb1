import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCaptured } from './testing/run-captured.ts';

test('patients are withdrawn by a file of ids, unknown ones are named, and a history is put into words', async (t) => {
  const asked: { url: string | undefined; key: string | undefined; body: string }[] = [];
  const answers: object[] = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    asked.push({ url: request.url, key: request.headers.authorization, body });
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answers.shift()));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const directory = mkdtempSync(join(tmpdir(), 'consilium-patients-'));
  process.env.CONSILIUM_GATEWAY_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  process.env.CONSILIUM_STEWARD_KEY = 'a steward';
  t.after(() => {
    delete process.env.CONSILIUM_GATEWAY_URL;
    delete process.env.CONSILIUM_STEWARD_KEY;
    server.close();
    server.closeAllConnections();
    rmSync(directory, { recursive: true });
  });
  const file = join(directory, 'ids.txt');
  writeFileSync(file, '\uFEFFp1\r\n p2 \n\n');
  answers.push({ populationId: 'hearts', unknown: ['p2'], notes: ['Left out.'] });
  const withdrawn = await runCaptured('patients', 'withdraw', '--population', 'hearts', file);
  assert.deepEqual([withdrawn.status, withdrawn.stdout], [2, 'Left out.\n']);
  assert.match(withdrawn.stderr, /no block of patients has "p2"/);
  assert.deepEqual(asked[0], {
    url: '/v1/local/populations/hearts/withdrawals',
    key: 'Bearer a steward',
    body: '{"patients":["p1","p2"]}',
  });
  const studies = [
    { studyId: 's', datasetId: 'd', revision: 2, rounds: [{ round: 1 }, { round: 3 }], model: 5 },
  ];
  answers.push({ populationId: 'hearts', block: 1, pool: 'training', studies });
  const history = await runCaptured('patients', 'history', '--population', 'hearts', '--id', 'p1');
  assert.equal(
    history.stdout,
    'Block 1, trained on.\ns: d, revision 2, rounds 1, 3; the model published after round 5\n',
  );
  for (const [argv, said] of [
    [['withdraw', '--population', 'hearts'], /give a FILE of ids, or --id/],
    [['withdraw', '--population', 'hearts', '--id', 'p1', file], /give a FILE of ids, or --id/],
    [['withdraw', file], /population/],
    [['forget'], /say withdraw or history/],
    [['withdraw', '--population', 'hearts', join(directory, 'none')], /cannot be read/],
  ] as const) {
    const refused = await runCaptured('patients', ...argv);
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, said);
  }
  delete process.env.CONSILIUM_STEWARD_KEY;
  const without = await runCaptured('patients', 'history', '--population', 'hearts', '--id', 'p1');
  assert.match(without.stderr, /CONSILIUM_STEWARD_KEY is not set/);
});
