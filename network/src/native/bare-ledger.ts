// A real Fabric network of some organisations with Consilium's chaincode and nobody's gateway or trainer: what
// benches and other programs of this repository talk to through its connection file.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Consortium } from '../config.ts';
import { chaincodeVersion, folderOf, inherited, program } from '../programs.ts';
import type { Stage } from '../runtime.ts';
import { Supervisor } from '../supervisor.ts';
import { planFabric } from './native-runtime.ts';

export interface BareLedgerOptions {
  readonly ordering: 'raft' | 'bft';
  readonly organisations: number;
  readonly directory: string;
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Org1MSP and so on, in the way of the embedded network. */
function consortiumOf({ ordering, organisations }: BareLedgerOptions): Consortium {
  return {
    name: 'ledger',
    channel: 'consortium',
    runtime: 'native',
    organisations: Array.from({ length: organisations }, (_, at) => ({
      name: `org${at + 1}`,
      mspId: `Org${at + 1}MSP`,
      title: `Organisation ${at + 1}`,
    })),
    chaincode: { name: 'consilium', policy: 'MAJORITY' },
    orderer: { ordering },
  };
}

/**
 * Runs until the signal; `ready` is called with the connection file once everything answers.
 *
 * @throws MissingBinariesError, or what kept the network from starting; nothing runs then.
 */
export async function runBareLedger(
  options: BareLedgerOptions,
  ready: (connection: string) => void,
): Promise<void> {
  const { directory, report, signal } = options;
  const consortium = consortiumOf(options);
  const workingDirectory = folderOf('chaincode');
  const chaincode = { ...consortium.chaincode, version: chaincodeVersion(), workingDirectory };
  let connection = '';
  const supervisor = new Supervisor({
    consortium,
    directory,
    report,
    plan: async () => {
      const plan = await planFabric(consortium, directory, [chaincode]);
      connection = plan.layout.connection;
      return { ...plan, stages: [...plan.stages, endorsers(connection)] };
    },
  });
  const stopped = Promise.withResolvers<void>();
  const stop = () => void supervisor.stop().then(stopped.resolve, stopped.reject);
  signal.addEventListener('abort', stop);
  await supervisor.start();
  ready(connection);
  await stopped.promise;
}

/** Ready when every peer finds all others to endorse: without gateways nobody else has asked for that. */
const endorsers = (connection: string): Stage => ({
  title: 'endorsers',
  services: [],
  complete: async (signal) => {
    const command = [program('gateway'), 'ready', '--connection', connection];
    await promisify(execFile)(process.execPath, command, { env: inherited(), signal });
  },
});
