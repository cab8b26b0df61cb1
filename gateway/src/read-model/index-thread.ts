// The thread in which the channel is followed: signatures cost more than anything else that a gateway does, and the
// hospital's requests must not wait for them.
import { parentPort, workerData } from 'node:worker_threads';
import { DamagedDatabaseError } from '@consilium/guarded-rows';
import { type Connection, connectionsOf } from '../fabric/connection.ts';
import { FabricLedger } from '../fabric/fabric-ledger.ts';
import type { BlockFeed } from './block-feed.ts';
import { BlockFollower } from './block-follower.ts';
import { IndexCheck } from './index-check.ts';
import type { IndexTask, ThreadMessage, ThreadOrder } from './index-in-thread.ts';
import { LedgerAlarms } from './ledger-alarms.ts';
import { discardIndex, openIndex } from './open-index.ts';

const { directory, connection, chaincode, genesis, limits } = workerData as IndexTask;
const say = (message: ThreadMessage) => parentPort!.postMessage(message);
const log = (level: 'info' | 'warn' | 'error', text: string) => say({ kind: 'line', level, text });

const ending = new AbortController();
let follower: BlockFollower | undefined;
const ledgers: FabricLedger[] = [];
let check: IndexCheck | undefined;
parentPort!.on('message', (order: ThreadOrder) => {
  if (order.kind === 'end') ending.abort();
  else if (order.kind === 'clients') for (const ledger of ledgers) ledger.takeClients(order.clients);
  else if (order.kind === 'check') check?.ask();
  else follower?.raise(order.alarm);
});

function feedOf(mspId: string, to: Connection): BlockFeed {
  const silent = { info: () => {}, warn: () => {} };
  const ledger = new FabricLedger({ connection: to, chaincode, limits, log: silent });
  ledgers.push(ledger);
  return {
    mspId,
    blocks: (from, signal) => ledger.blocks({ from }, signal),
    height: () => ledger.height(),
  };
}

const alarms = new LedgerAlarms(directory);
const index = openIndex({ directory, chaincode, alarms, log });
let damage: DamagedDatabaseError | undefined;
try {
  say({ kind: 'open' });
  check = new IndexCheck({ index, signal: ending.signal });
  void check.run().catch((error: unknown) => {
    if (!(error instanceof DamagedDatabaseError)) throw error;
    damage = error;
    say({ kind: 'damage', text: error.message });
    ending.abort();
  });
  const [own, ...others] = connectionsOf(connection);
  follower = new BlockFollower({
    index,
    alarms,
    channel: connection.channel,
    genesis,
    own: feedOf(own!.mspId, own!.connection),
    others: others.map((other) => feedOf(other.mspId, other.connection)),
    signal: ending.signal,
    onStatus: (status) => say({ kind: 'status', status }),
    log,
  });
  await follower.run();
} finally {
  // The check rests for hours otherwise, where an alarm stopped the follower.
  ending.abort();
  for (const ledger of ledgers) await ledger.close();
  index.close();
  if (damage !== undefined) discardIndex({ directory, log }, damage.message);
  parentPort!.close();
}
