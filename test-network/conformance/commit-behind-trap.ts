/** What becomes of an honest transaction that is ordered right behind one of the traps of block-traps.ts. */

import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError, type Transaction } from '@hyperledger/fabric-gateway';
import { common } from '@hyperledger/fabric-protos';
import { TRAPS } from './block-traps.ts';
import type { LedgerClient } from './ledger-client.ts';
import { validationCode } from './outcome.ts';
import type { Subject } from './subject.ts';

const READY_MS = 90_000;
/** How long a commit is awaited: far longer than any block takes. */
const PATIENCE_MS = 15_000;
const SETTLED_MS = 5_000;

async function insist<T>(attempt: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + READY_MS; ; await sleep(250)) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

async function height(client: LedgerClient, channel: string): Promise<number | null> {
  try {
    const info = await client
      .contract('qscc')
      .newProposal('GetChainInfo', { arguments: [channel] })
      .evaluate({ deadline: Date.now() + 3_000 });
    return common.BlockchainInfo.deserializeBinary(info).getHeight();
  } catch {
    return null;
  }
}

/** Equal where all peers commit the same, or none does: one may be a moment behind. */
async function settledHeights(clients: readonly LedgerClient[], channel: string) {
  for (const deadline = Date.now() + SETTLED_MS; ; await sleep(100)) {
    const heights = await Promise.all(clients.map((client) => height(client, channel)));
    if (new Set(heights).size === 1 || Date.now() > deadline) return heights;
  }
}

/** The transaction's validation code. Null where there is none: the peer is stuck, or gone. */
async function outcome(transaction: Transaction): Promise<string | null> {
  try {
    const commit = await transaction.submit();
    return validationCode((await commit.getStatus({ deadline: Date.now() + PATIENCE_MS })).code);
  } catch (error) {
    if (error instanceof GatewayError) return null;
    throw error;
  }
}

/** The validation code of the honest transaction, and how many blocks each organisation's peer has. */
export async function commitBehind(name: string, subject: Subject) {
  const { a, b, c, probe, channel } = subject;
  const members = [a, b, c];
  for (const client of members) await insist(() => client.must(probe, 'put', { args: [subject.key(), 'v'] }));
  const key = subject.key();
  await a.must(probe, 'put', { args: [key, 'before'] });
  const order = await TRAPS[name]!({ attacker: b, subject, key });
  const honest = await a.endorse(probe, 'put', { args: [key, 'after'] });
  await order();
  const code = await outcome(honest);
  return { trap: name, code, heights: await settledHeights(members, channel) };
}
