// Whether peers that refuse an endorsement are behind. After a channel stood still they get its blocks seconds apart,
// and one without the newest refuses by its rows what the own peer takes: a study that "does not exist" there.
import type { PeerBehind, PossibleLag } from './ledger-failures.ts';

/** During one endorsement. What is to be had is fixed when it is looked for first, so that a busy channel ends too. */
export class PeerHeights {
  readonly #ownMspId: string;
  readonly #heightAt: (mspId: string) => Promise<number | undefined>;
  #wanted: number | undefined;

  /** @param heightAt the blocks that a peer of this organisation has; undefined where it does not say */
  constructor(ownMspId: string, heightAt: (mspId: string) => Promise<number | undefined>) {
    this.#ownMspId = ownMspId;
    this.#heightAt = heightAt;
  }

  /**
   * Those that have fewer blocks than the own peer had at the first look; where answers differ, than the first of all
   * had. Who does not say how many it has is not among them.
   */
  async behind({ mspIds, differs }: PossibleLag): Promise<readonly PeerBehind[]> {
    const all = [this.#ownMspId, ...mspIds];
    const heights = await Promise.all(all.map((mspId) => this.#heightAt(mspId)));
    const known = heights.filter((height) => height !== undefined);
    const wanted = differs && known.length > 0 ? Math.max(...known) : heights[0];
    this.#wanted ??= wanted;
    const of = this.#wanted;
    if (of === undefined) return [];
    return all.flatMap((mspId, place) => {
      const blocks = heights[place];
      const counts = mspId !== this.#ownMspId || differs;
      return counts && blocks !== undefined && blocks < of ? [{ mspId, blocks, of }] : [];
    });
  }
}
