import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Hospital } from '../hospital-file.ts';
import { exampleConsortium } from '../testing/example-consortium.ts';
import { assertMayBeAway, assertOthersRemember, hasForgotten } from './restored-orderer.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-orderer-'));
after(() => rmSync(root, { recursive: true }));
const layout = { orderer: { home: join(root, 'orderer') }, peer: { home: join(root, 'peer') } } as Parameters<
  typeof hasForgotten
>[0];
mkdirSync(join(layout.orderer.home), { recursive: true });

test('a restored Raft orderer starts while all others answer, and one of BFT as any that may lie', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const draft = exampleConsortium(3);
  const hospitalOf = (kind: 'raft' | 'bft', ports: readonly number[]) => {
    const organisations = draft.organisations.map((one, at) => {
      return { ...one, host: '127.0.0.1', ports: { orderer: ports[at]! } };
    });
    const consortium = { ...draft, organisations, ordering: { kind } };
    return { consortium, own: organisations[0]! } as unknown as Hospital;
  };
  const silent = 1;
  assert.equal(hasForgotten(layout), false, 'at the first start there is no peer’s past either');
  await assertOthersRemember(hospitalOf('raft', [silent, silent, silent]), layout);
  mkdirSync(join(layout.peer.home, 'data'), { recursive: true });
  assert.equal(hasForgotten(layout), true);
  await assertOthersRemember(hospitalOf('raft', [silent, port, port]), layout);
  await assertOthersRemember(hospitalOf('bft', [silent, silent, silent]), layout);
  await assert.rejects(
    assertOthersRemember(hospitalOf('raft', [silent, port, silent]), layout),
    /of the others Clinic3MSP does not answer: start it while all run/,
  );
  mkdirSync(join(layout.orderer.home, 'ledger'));
  await assertOthersRemember(hospitalOf('raft', [silent, silent, silent]), layout);
});

test('an organisation is not away for a backup while another is, where that would stop the channel', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const hospitalOf = (ports: readonly number[]) => {
    const draft = exampleConsortium(ports.length);
    const organisations = draft.organisations.map((one, at) => {
      return { ...one, host: '127.0.0.1', ports: { orderer: ports[at]! } };
    });
    return { consortium: { ...draft, organisations }, own: organisations[0]! } as unknown as Hospital;
  };
  const silent = 1;
  await assertMayBeAway(hospitalOf([silent, port, port, port]));
  await assert.rejects(assertMayBeAway(hospitalOf([silent, port, silent, port])), /bring back Clinic3MSP/);
  await assertMayBeAway(hospitalOf([silent]));
});
