/**
 * Which peers still have to endorse. A plan holds alternative layouts (sets of organisations, each enough for
 * the policies); endorsements are collected until one layout is complete, and a layout is given up when one
 * of its peers refuses or disagrees. Where there are too many layouts to hold, the next one is found when the
 * one before was given up, with those who have endorsed.
 */
import type { peer } from '../fabric-protos.ts';
import type { ProposalResponse } from '../peer/proposal-response.ts';
import type { Selection } from './endorser-selection.ts';
import { type EndorsingPeer, errorDetail } from './endorsing-peer.ts';
import type { ErrorDetail } from './rpc-error.ts';

type Endorsement = InstanceType<typeof peer.Endorsement>;

interface Layout {
  readonly missing: Set<string>;
  readonly endorsements: Endorsement[];
}

export class EndorsementPlan {
  readonly #layouts: Layout[];
  readonly #another: Selection['another'];
  readonly #endorsements = new Map<string, Endorsement>();
  readonly #peers: ReadonlyMap<string, EndorsingPeer>;
  /** Organisations already asked; with one peer each, none is asked twice. */
  readonly #asked = new Set<string>();
  #payload: Uint8Array | undefined;
  readonly errorDetails: ErrorDetail[] = [];

  constructor({ layouts, another }: Selection, peers: readonly EndorsingPeer[]) {
    this.#another = another;
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
    return this.#nextOfAnother();
  }

  #nextOfAnother(): EndorsingPeer[] | undefined {
    const unasked = [...this.#peers.keys()].filter((mspId) => !this.#asked.has(mspId));
    const set = this.#another([...this.#endorsements.keys(), ...unasked]);
    if (set === undefined) return undefined;
    const missing = set.filter((mspId) => !this.#endorsements.has(mspId));
    const given = set.flatMap((mspId) => this.#endorsements.get(mspId) ?? []);
    this.#layouts.push({ missing: new Set(missing), endorsements: given });
    for (const mspId of missing) this.#asked.add(mspId);
    return missing.map((mspId) => this.#peers.get(mspId)!);
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
    this.#endorsements.set(from.mspId, endorsement);
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
