// What a gateway's work depends on, asked from the nearest on: each answer is from something that did it, not from a
// port.
import { missing, nothingMissing, type ReadinessCheck, type ServingPeer } from './ledger.ts';

/** Each answers why not, or undefined. */
export interface Probes {
  readonly mspId: string;
  readonly chaincode: string;
  readonly hasIdentity: boolean;
  /** @throws where the own peer does not answer */
  readonly connected: () => Promise<void>;
  /** Which of two own peers serves; undefined where there is one. */
  readonly serving: () => ServingPeer | undefined;
  /** Whether enough organisations endorse. */
  readonly unendorsed: () => Promise<string | undefined>;
  /** Whether any peer answers for the chaincode, */
  readonly unanswered: () => Promise<string | undefined>;
  /** and whether the own organisation's does. Others answer in its place, and whoever reads would not know. */
  readonly unansweredByOwn: () => Promise<string | undefined>;
  /** Whether what was ordered is committed. */
  readonly standing: () => Promise<string | undefined>;
  /** Whether anything can be ordered. */
  readonly unordered: () => Promise<string | undefined>;
}

export async function findMissing(probes: Probes): Promise<readonly ReadinessCheck[]> {
  const checks = await lookForMissing(probes);
  const serving = probes.serving();
  if (serving === undefined) return checks;
  return checks.map((check) =>
    check.name === 'peer' && check.problem === undefined ? { ...check, serving } : check,
  );
}

async function lookForMissing(probes: Probes): Promise<readonly ReadinessCheck[]> {
  const { mspId, chaincode } = probes;
  if (!probes.hasIdentity) {
    return [{ name: 'peer', problem: 'the connection file has no identity for any role' }];
  }
  try {
    await probes.connected();
  } catch {
    return missing('peer', `the peer of ${mspId} does not answer`);
  }
  const unendorsed = await probes.unendorsed();
  if (unendorsed !== undefined) {
    const unanswered = await probes.unanswered();
    if (unanswered === undefined) return missing('endorsement', `no organisation endorses: ${unendorsed}`);
    return missing('chaincode', `the chaincode ${chaincode} does not answer: ${unanswered}`);
  }
  const unansweredByOwn = await probes.unansweredByOwn();
  if (unansweredByOwn !== undefined) {
    const problem = `the peer of ${mspId} does not run the chaincode ${chaincode}: ${unansweredByOwn}`;
    return missing('chaincode', `${problem} → install it there and approve it, and start its process`);
  }
  const [standing, unordered] = await Promise.all([probes.standing(), probes.unordered()]);
  const stopped = standing ?? unordered;
  return stopped === undefined ? nothingMissing() : missing('commit', stopped);
}
