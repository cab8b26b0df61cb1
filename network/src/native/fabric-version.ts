// Which Fabric the binaries are, and what follows for the channel and the peers.
import type { FabricCommands } from './fabric-commands.ts';
import type { Ordering } from './layout.ts';

export interface FabricVersion {
  /** Such as 3.1.5. */
  readonly text: string;
  readonly major: number;
  /** The channel's capability: `V3_0` where every node has it. */
  readonly channelCapability: 'V3_0' | 'V2_0';
  /** Whether peers refuse proposals whose clock is far away (`TimeWindowCheck`, from Fabric 3 on). */
  readonly checksTimeWindow: boolean;
}

export class UnfitFabricError extends Error {
  override readonly name = 'UnfitFabricError';
}

export async function fabricVersion(commands: FabricCommands, ordering: Ordering): Promise<FabricVersion> {
  return versionIn(await commands.run('peer', { parameters: ['version'] }), ordering);
}

/**
 * @param said What `peer version` prints. Without a number in it (a development build) the newest is assumed.
 * @throws UnfitFabricError where it is older than 2.5, or BFT ordering is wanted of Fabric 2.
 */
export function versionIn(said: string, ordering: Ordering): FabricVersion {
  const found = /Version: v?((\d+)\.(\d+)\S*)/.exec(said);
  const [text, major, minor] = found === null ? ['unknown', 3, 0] : [found[1]!, +found[2]!, +found[3]!];
  if (major < 2 || (major === 2 && minor < 5)) {
    throw new UnfitFabricError(`Fabric ${text} is too old → set FABRIC_BIN_DIR to a release of 2.5 or newer`);
  }
  if (ordering === 'bft' && major < 3) {
    throw new UnfitFabricError(
      `BFT ordering needs Fabric 3, and these binaries are ${text} → write \`ordering: raft\` (or --ordering raft), ` +
        'or set FABRIC_BIN_DIR to a release of 3.0 or newer',
    );
  }
  return { text, major, channelCapability: major < 3 ? 'V2_0' : 'V3_0', checksTimeWindow: major >= 3 };
}
