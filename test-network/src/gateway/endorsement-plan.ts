/**
 * Which peers still have to endorse. A plan holds alternative layouts (sets of organisations, each enough for
 * the policies); endorsements are collected until one layout is complete, and a layout is given up when one
 * of its peers refuses or disagrees.
 */
import type { peer } from '../fabric-protos.ts';
import type { ProposalResponse } from '../peer/proposal-response.ts';
import { type EndorsingPeer, errorDetail } from './endorsing-peer.ts';
import type { ErrorDetail } from './rpc-error.ts';

type Endorsement = InstanceType<typeof peer.Endorsement>;

interface Layout {
  readonly missing: Set<string>;
  readonly endorsements: Endorsement[];
}

export class EndorsementPlan {
  readonly #layouts: Layout[];
  readonly #peers: ReadonlyMap<string, EndorsingPeer>;
  /** Organisations already asked; with one peer each, none is asked twice. */
  readonly #asked = new Set<string>();
  #payload: Uint8Array | undefined;
  readonly errorDetails: ErrorDetail[] = [];

  constructor(layouts: readonly (readonly string[])[], peers: readonly EndorsingPeer[]) {
    this.#layouts = layouts.map((mspIds) => ({ missing: new Set(mspIds), endorsements: [] }));
    this.#peers = new Map(peers.map((candidate) => [candidate.mspId, candidate]));
  }

  get payload(): Uint8Array {
    return this.#payload!;
  }

  get completed(): readonly Endorsement[] | undefined {
    return this.#layouts.find((layout) => layout.missing.size === 0)?.endorsements;
  }

  /** The peers to ask next for the first layout that still can be completed, or undefined when none can. */
  next(): EndorsingPeer[] | undefined {
    while (this.#layouts[0]) {
      const wanted = [...this.#layouts[0].missing];
      const available = wanted.every((mspId) => this.#peers.has(mspId) && !this.#asked.has(mspId));
      if (available) {
        for (const mspId of wanted) this.#asked.add(mspId);
        return wanted.map((mspId) => this.#peers.get(mspId)!);
      }
      this.#layouts.shift();
    }
    return undefined;
  }

  accept(from: EndorsingPeer, response: ProposalResponse): void {
    this.#asked.add(from.mspId);
    const payload = response.getPayload_asU8();
    this.#payload ??= payload;
    if (!Buffer.from(this.#payload).equals(payload)) {
      this.refuse(from, 'ProposalResponsePayloads do not match');
      return;
    }
    const endorsement = response.getEndorsement()!;
    for (const layout of this.#layouts) {
      if (layout.missing.delete(from.mspId)) layout.endorsements.push(endorsement);
    }
  }

  /** Gives up every layout that needs this peer. */
  refuse(from: EndorsingPeer, message: string): void {
    this.errorDetails.push(errorDetail(from, message));
    for (let at = this.#layouts.length - 1; at >= 0; at -= 1) {
      if (this.#layouts[at]!.missing.has(from.mspId)) this.#layouts.splice(at, 1);
    }
  }
}
