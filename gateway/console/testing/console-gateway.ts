// A gateway that serves the console over a consortium in memory, for a browser to look at.
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { playConsoleWorld } from '@consilium/gateway/testing/console-world';
import { ContractLedger } from '@consilium/gateway/testing/contract-ledger';
import {
  type FixtureOptions,
  type GatewayFixture,
  openGateway,
} from '@consilium/gateway/testing/gateway-fixture';

/** What the build wrote. */
export const SITE = join(import.meta.dirname, '../site');

export interface ConsoleGateway extends GatewayFixture<ContractLedger> {
  /** Where it listens, without a path. */
  readonly url: string;
}

/** Listens on a free port of this machine. @param options beside the consortium, such as a trainer */
export async function openConsoleGateway(
  options: Omit<FixtureOptions<ContractLedger>, 'ledger' | 'history' | 'console'> = {},
): Promise<ConsoleGateway> {
  const ledger = new ContractLedger(await playConsoleWorld(), 'AlphaMSP');
  const gateway = await openGateway({
    ...options,
    ledger,
    history: ledger.history,
    console: { directory: SITE },
    limits: { requestsPerMinute: 100_000, ...options.limits },
  });
  await gateway.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = gateway.app.server.address() as AddressInfo;
  return { ...gateway, url: `http://127.0.0.1:${port}` };
}
