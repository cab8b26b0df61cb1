// Which orderer leads, as the orderers' own metrics say.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ANSWER_TIMEOUT_MS = 2_000;
const IS_LEADER = /^consensus_(?:etcdraft|BFT)_is_leader\{[^}]*\} 1$/m;

/** Whether an orderer leads, by its metrics. */
export const leads = (metrics: string): boolean => IS_LEADER.test(metrics);

/**
 * The services that lead, such as `orderer-2`. Where they disagree, as during an election, more than one or none.
 * Undefined where the folder has no orderers.
 */
export async function leadingOrderers(directory: string): Promise<readonly string[] | undefined> {
  let ports: Readonly<Record<string, number>>;
  try {
    ports = JSON.parse(readFileSync(join(directory, 'ports.json'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const orderers = Object.entries(ports).flatMap(([name, port]) => {
    const id = /^orderer-operations-(\d+)$/.exec(name)?.[1];
    return id === undefined ? [] : [{ name: `orderer-${id}`, port }];
  });
  if (orderers.length === 0) return undefined;
  const found = await Promise.all(
    orderers.map(async ({ name, port }) => ((await isLeaderAt(port)) ? [name] : [])),
  );
  return found.flat();
}

async function isLeaderAt(port: number): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    return leads(await (await fetch(`http://127.0.0.1:${port}/metrics`, { signal })).text());
  } catch {
    // One that does not answer does not lead, and its row says how it is.
    return false;
  }
}
