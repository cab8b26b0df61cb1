// Which runtime a consortium.yaml asks for. A folder that holds the ledger of one is never given to the other, which
// would start an empty ledger under the same hospitals' data.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Consortium } from './config.ts';
import type { Plan } from './runtime.ts';

export class OtherRuntimeError extends Error {
  override readonly name = 'OtherRuntimeError';
}

/** Where each runtime keeps its ledger. */
const LEDGERS = { embedded: 'ledger', native: 'fabric/channel/genesis.block' } as const;

/** @throws OtherRuntimeError, and what the runtime's own plan throws. */
export async function planConsortium(consortium: Consortium, directory: string): Promise<Plan> {
  const { runtime } = consortium;
  const other = runtime === 'native' ? 'embedded' : 'native';
  if (existsSync(join(directory, LEDGERS[other])) && !existsSync(join(directory, LEDGERS[runtime]))) {
    throw new OtherRuntimeError(
      `${directory} holds the ledger of a network of the runtime ${other}, and \`runtime: ${runtime}\` would start ` +
        `an empty one under the same hospitals' data → write \`runtime: ${other}\`, or start another network in ` +
        'another DIR',
    );
  }
  if (runtime === 'native') {
    const { planNative } = await import('./native/native-runtime.ts');
    return planNative(consortium, directory);
  }
  const { planEmbedded } = await import('./embedded-runtime.ts');
  return planEmbedded(consortium, directory);
}
