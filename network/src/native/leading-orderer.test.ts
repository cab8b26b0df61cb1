import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { leadingOrderers, leads } from './leading-orderer.ts';

const RAFT = 'consensus_etcdraft_is_leader{channel="consortium"} 1';
const BFT = 'consensus_BFT_is_leader{channel="consortium"} 1';

test('a leader of Raft and of BFT is known by its metrics, and a follower is none', () => {
  for (const line of [RAFT, BFT]) {
    assert.ok(leads(`# HELP x\n${line}\nother 1\n`));
    assert.ok(!leads(line.replace(/1$/, '0')));
  }
  assert.ok(!leads('consensus_BFT_leader_id{channel="consortium"} 1'));
});

test('the orderers of a folder are asked, and one that does not answer does not lead', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-leader-'));
  const servers = [RAFT.replace(/1$/, '0'), RAFT].map((line) =>
    createServer((_, answer) => answer.end(`${line}\n`)).listen(0, '127.0.0.1'),
  );
  t.after(() => {
    for (const server of servers) server.close().closeAllConnections();
    rmSync(directory, { recursive: true });
  });
  assert.equal(await leadingOrderers(directory), undefined);
  const write = (ports: object) => writeFileSync(join(directory, 'ports.json'), JSON.stringify(ports));
  write({ ipfs: 1 });
  assert.equal(await leadingOrderers(directory), undefined);
  await Promise.all(
    servers.map((server) => server.listening || new Promise((done) => server.once('listening', done))),
  );
  const [follower, leader] = servers.map((server) => (server.address() as AddressInfo).port);
  write({
    'orderer-operations-1': follower,
    'orderer-operations-2': leader,
    'orderer-operations-3': 1,
    'orderer-1': 2,
  });
  assert.deepEqual(await leadingOrderers(directory), ['orderer-2']);
});
