// Waits for a ledger on which any transaction can be endorsed. Peers that have just started learn of each other's
// chaincode for up to half a minute, and until then a client's first transactions find too few endorsers.
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_LIMITS } from '../config.ts';
import type { Connection } from './connection-file.ts';
import { FabricLedger } from './fabric-ledger.ts';

const PAUSE_MS = 500;

/**
 * Resolves when each organisation can have peers of all of them endorse, at its own peer.
 *
 * @throws Error naming what is missing after `timeoutMs`; it is asked once at least
 */
export async function awaitEndorsers(
  connections: readonly Connection[],
  { chaincode, timeoutMs }: { readonly chaincode: string; readonly timeoutMs: number },
): Promise<void> {
  const untilMs = Date.now() + timeoutMs;
  const mspIds = connections.map(({ organisation }) => organisation.mspId);
  const log = { info: () => {}, warn: () => {} };
  for (const connection of connections) {
    const ledger = new FabricLedger({ connection, chaincode, limits: DEFAULT_LIMITS, log });
    try {
      for (;;) {
        const problem = await missingAt(ledger, mspIds);
        if (problem === undefined) break;
        if (Date.now() + PAUSE_MS > untilMs) throw new Error(`${ledger.mspId}: ${problem}`);
        await sleep(PAUSE_MS);
      }
    } finally {
      await ledger.close();
    }
  }
}

async function missingAt(ledger: FabricLedger, mspIds: readonly string[]): Promise<string | undefined> {
  const missing = (await ledger.ready()).find(({ problem }) => problem !== undefined);
  return missing?.problem ?? (await ledger.unendorsedBy(mspIds));
}
