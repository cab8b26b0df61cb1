// A gateway that serves the console over a consortium in memory, for a browser to look at.
import { type AddressInfo, BlockList } from 'node:net';
import { join } from 'node:path';
import { openConsoleWorld } from '@consilium/gateway/testing/console-world';
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

const HOSTS = { well: 'tickets.hospital.example', refusing: 'archive.hospital.example' } as const;
const TARGETS = {
  hosts: new Set(Object.values(HOSTS).map((host) => `${host}:443`)),
  allowed: new BlockList(),
};

/** One system takes what it is sent, the other nothing. */
const send: NonNullable<FixtureOptions['webhooks']>['send'] = async ({ url }) =>
  new URL(url).hostname === HOSTS.well
    ? { delivered: true }
    : { delivered: false, problem: 'it answered 500 Internal Server Error' };

/** Listens on a free port of this machine. @param options beside the consortium, such as a trainer */
export async function openConsoleGateway(
  options: Omit<FixtureOptions<ContractLedger>, 'ledger' | 'history' | 'console'> = {},
): Promise<ConsoleGateway> {
  const ledger = new ContractLedger(await openConsoleWorld(), 'AlphaMSP');
  const gateway = await openGateway({
    apiKeysByRest: true,
    webhooks: { send, targets: TARGETS, pauseMs: () => 1 },
    ...options,
    ledger,
    history: ledger.history,
    console: { directory: SITE },
    limits: { requestsPerMinute: 100_000, webhookAttempts: 3, ...options.limits },
  });
  await gateway.app.listen({ host: '127.0.0.1', port: 0 });
  for (const host of Object.values(HOSTS)) {
    const payload = { url: `https://${host}/consilium`, from: (await ledger.height()) - 5 };
    await gateway.as('operator', { method: 'POST', url: '/v1/webhooks', payload });
  }
  const { port } = gateway.app.server.address() as AddressInfo;
  return { ...gateway, url: `http://127.0.0.1:${port}` };
}
