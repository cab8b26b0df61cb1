// Judges a ledger by the conformance suites of test-network (Fabric's answers) and chaincode (a whole study, and one
// across an upgrade): the embedded stand-in, or a real Fabric network that is brought up for it and torn down. A real
// Fabric is judged by the ceremonies of hospitals, too.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerNetwork, NativeLedger } from '../ledger-network.ts';
import { type Chaincode, type FabricPlan, planFabric } from '../native/native-runtime.ts';
import { consortiumStatus } from '../status.ts';
import { stopConsortium } from '../stop.ts';
import { Supervisor } from '../supervisor.ts';
import {
  chaincodeOf,
  chaincodesOf,
  conformanceConsortium,
  consortiumOfFive,
  leavingEnvironment,
  suiteEnvironment,
  UPGRADED,
  upgradedChaincode,
} from './native-network.ts';
import { EMBEDDED_SUITES, runSuites, type Suite, type SuiteCounts } from './suites.ts';

export interface ConformanceOptions {
  readonly network: LedgerNetwork;
  /** Where the native network and its logs are; an earlier one there is removed. */
  readonly directory: string;
  readonly say: (line: string) => void;
  /** Stops everything; the reason is thrown when nothing runs any more. */
  readonly signal: AbortSignal;
}

/** @throws MissingBinariesError, or what kept the network from starting; nothing runs then. */
export async function judge(options: ConformanceOptions): Promise<SuiteCounts[]> {
  const { network, signal } = options;
  try {
    return network.runtime === 'embedded'
      ? await runSuites(EMBEDDED_SUITES, options)
      : await judgeNative(options, network);
  } catch (error) {
    // Whatever was going on says only that it was called off; the reason is the signal's.
    signal.throwIfAborted();
    throw error;
  }
}

/** Whether several organisations can found and change a channel by files: each with processes of its own. */
const ceremonies = ({ ordering }: NativeLedger): Suite => ({
  name: 'ceremonies',
  file: `network/dist/src/ceremonies/native-${ordering}.test.js`,
  environment: Object.fromEntries(
    ['FABRIC_BIN_DIR', 'FABRIC_CCAAS_BUILDER'].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  ),
});

/** The network is started twice on one ledger: an operator upgrades a chaincode by starting its next version. */
async function judgeNative(options: ConformanceOptions, network: NativeLedger): Promise<SuiteCounts[]> {
  const { directory, say, signal } = options;
  if (consortiumStatus(directory).state !== 'stopped') await stopConsortium(directory);
  rmSync(directory, { recursive: true, force: true });
  const consortium = conformanceConsortium(network);
  const ask = async (
    chaincodes: readonly Chaincode[],
    suites: (plan: FabricPlan) => Promise<Suite[]>,
    place = { consortium, directory },
  ) => {
    let planned: FabricPlan | undefined;
    const plan = async () => {
      planned = await planFabric(place.consortium, place.directory, chaincodes);
      return planned;
    };
    const supervisor = new Supervisor({ ...place, report: say, plan });
    const stop = () => void supervisor.stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      signal.throwIfAborted();
      await supervisor.start();
      return await runSuites(await suites(planned!), options);
    } finally {
      signal.removeEventListener('abort', stop);
      await supervisor.stop();
    }
  };
  const upgrade = (half: 'before' | 'after', environment: Readonly<Record<string, string>>): Suite => ({
    name: `chaincode-upgrade-${half}`,
    file: 'chaincode/dist/conformance/native-upgrade.test.js',
    environment: { ...environment, CONSILIUM_CHAINCODE: UPGRADED, CONSILIUM_UPGRADE: half },
  });
  let isFabric3 = false;
  let environment: Readonly<Record<string, string>> = {};
  const first = await ask(chaincodesOf(consortium), async (plan) => {
    const { version } = plan;
    isFabric3 = version.major >= 3;
    say(`Judging Fabric ${version.text}`);
    environment = {
      ...(await suiteEnvironment(consortium, plan, directory)),
      CONSILIUM_FABRIC_MAJOR: String(version.major),
    };
    return [
      { name: 'test-network', file: 'test-network/dist/conformance/native.test.js', environment },
      { name: 'chaincode', file: 'chaincode/dist/conformance/native.test.js', environment },
      upgrade('before', environment),
    ];
  });
  const next = [upgradedChaincode(consortium.chaincode.policy)];
  const second = await ask(next, async () => [upgrade('after', environment)]);
  // Those who leave a channel cannot come back to it: five others do it, on a network of their own.
  const five = { consortium: consortiumOfFive(network), directory: join(directory, 'five') };
  mkdirSync(five.directory, { recursive: true });
  const third = await ask(
    [chaincodeOf(five.consortium)],
    async (plan) => [
      {
        name: 'chaincode-leaving',
        file: 'chaincode/dist/conformance/native-leaving.test.js',
        environment: leavingEnvironment(plan, five.directory),
      },
    ],
    five,
  );
  // They found a channel of their own, which Fabric 2 cannot.
  const fourth = isFabric3 ? await runSuites([ceremonies(network)], options) : [];
  return [...first, ...second, ...third, ...fourth];
}
