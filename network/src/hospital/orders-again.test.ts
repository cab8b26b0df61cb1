import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OrderingSeen, orderingIn, waitUntilItOrders } from './orders-again.ts';

/** What is seen at each look; the last goes on. */
async function waited(looks: readonly (Partial<OrderingSeen> | undefined)[], withinMs = 200_000) {
  const said: string[] = [];
  let at = 0;
  const look = async () => {
    const seen = looks[Math.min(at, looks.length - 1)];
    at += 1;
    return seen && { height: 9, ofPeers: 9, waiting: 0, asksForLeader: false, ...seen };
  };
  const why = await waitUntilItOrders({ look, report: (line) => said.push(line), everyMs: 0, withinMs });
  return { why, said, looks: at };
}
const NO_PART = 'the own orderer takes no part yet: ';

test('a block that came since it was restarted ends the wait, and one of before does not', async () => {
  const { why, said, looks } = await waited([
    undefined,
    { height: 4, ofPeers: 9, waiting: 3 },
    { height: 9, waiting: 3 },
    { height: 9, waiting: 3, asksForLeader: true },
    { height: 10, ofPeers: 10, waiting: 3, asksForLeader: true },
    { height: 10, ofPeers: 11, waiting: 3 },
    { height: 11, ofPeers: 11, waiting: 3 },
  ]);
  assert.equal(why, undefined);
  assert.equal(looks, 7);
  assert.deepEqual(said, [
    `${NO_PART}it does not answer`,
    `${NO_PART}it has fewer blocks than the own peer`,
    `${NO_PART}transactions wait, and no block has come since it was restarted`,
    `${NO_PART}it asks the others for another leader`,
    `${NO_PART}it has fewer blocks than the own peer`,
  ]);
});

test('where nothing is written, it ends when nothing has waited for a while', async () => {
  const { why, said, looks } = await waited([{ waiting: 1 }, {}, {}, { waiting: 1 }, {}]);
  assert.equal(why, undefined);
  assert.equal(looks, 14);
  assert.equal(said.length, 1);
});

test('it is bounded, and says for what it waited', async () => {
  assert.equal((await waited([{ asksForLeader: true }], 0)).why, 'it asks the others for another leader');
  assert.equal((await waited([undefined], 0)).why, 'it does not answer');
  assert.match((await waited([{ waiting: 2 }], 0)).why!, /^transactions wait/);
  assert.match((await waited([{}], 0)).why!, /not seen for long enough/);
});

test("the figures are Fabric's, of this channel alone, and Raft's have fewer", () => {
  const orderer = [
    '# HELP ledger_blockchain_height Height of the chain in blocks.',
    'ledger_blockchain_height{channel="other"} 99',
    'ledger_blockchain_height{channel="consortium"} 12',
    'consensus_smartbft_pool_count_of_elements{channel="consortium"} 2',
    'consensus_smartbft_viewchange_current_view{channel="consortium"} 1',
    'consensus_smartbft_viewchange_next_view{channel="consortium"} 2',
  ].join('\n');
  const peer = 'ledger_blockchain_height{channel="consortium"} 1.3e+01';
  assert.deepEqual(orderingIn(orderer, { channel: 'consortium', peers: [peer] }), {
    ...{ height: 12, ofPeers: 13, waiting: 2, asksForLeader: true },
  });
  const raft = 'ledger_blockchain_height{channel="consortium"} 12';
  assert.deepEqual(orderingIn(raft, { channel: 'consortium', peers: [] }), {
    ...{ height: 12, ofPeers: 0, waiting: 0, asksForLeader: false },
  });
});
