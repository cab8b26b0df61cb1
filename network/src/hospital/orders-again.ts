// Whether the own orderer takes part again after it was restarted. Its figures and those of the own peer say it: a
// block that came since, or nothing that waits for one. Nothing is written to find it out.
import { setTimeout as sleep } from 'node:timers/promises';
import { leads } from '../native/leading-orderer.ts';
import type { Hospital } from './hospital-file.ts';

const LOOK_EVERY_MS = 1000;
/** Longer than orderers need to leave a leader twice. */
const WITHIN_MS = 180_000;
/** So many looks in a row at which nothing waits: what gateways have is with every orderer before. */
const QUIET_LOOKS = 10;
const ANSWER_MS = 2000;

/** What the figures of the own orderer and the own peers say. */
export interface OrderingSeen {
  /** Blocks that the orderer has. */
  readonly height: number;
  /** Blocks that the own peers have, which fetch them from any orderer. */
  readonly ofPeers: number;
  /** Transactions that wait at the orderer. */
  readonly waiting: number;
  /** It asks the others for another leader, and they have not left the present one. */
  readonly asksForLeader: boolean;
}

export interface WaitForOrder {
  /** Undefined where the orderer does not answer. */
  readonly look: () => Promise<OrderingSeen | undefined>;
  readonly report: (line: string) => void;
  readonly everyMs?: number;
  readonly withinMs?: number;
}

/** Why it does not take part after a while, in words; undefined where it does. */
export async function waitUntilItOrders({
  look,
  report,
  everyMs = LOOK_EVERY_MS,
  withinMs = WITHIN_MS,
}: WaitForOrder): Promise<string | undefined> {
  let before: number | undefined;
  let quiet = 0;
  let said = '';
  for (const deadline = Date.now() + withinMs; ; await sleep(everyMs)) {
    const seen = await look();
    // Blocks that were made while it was away are no sign that others are made with it.
    if (seen !== undefined) before ??= Math.max(seen.height, seen.ofPeers);
    const waits = waitsFor(seen);
    quiet = waits === undefined ? quiet + 1 : 0;
    const hasNew = seen !== undefined && before !== undefined && seen.height > before;
    if (seen !== undefined && isLevel(seen) && (hasNew || quiet >= QUIET_LOOKS)) return undefined;
    if (Date.now() > deadline) return waits ?? 'it is not seen for long enough';
    if (waits !== undefined && waits !== said) report(`the own orderer takes no part yet: ${waits}`);
    said = waits ?? said;
  }
}

const isLevel = ({ height, ofPeers, asksForLeader }: OrderingSeen): boolean =>
  height >= ofPeers && !asksForLeader;

function waitsFor(seen: OrderingSeen | undefined): string | undefined {
  if (seen === undefined) return 'it does not answer';
  if (seen.asksForLeader) return 'it asks the others for another leader';
  if (seen.height < seen.ofPeers) return 'it has fewer blocks than the own peer';
  return seen.waiting > 0 ? 'transactions wait, and no block has come since it was restarted' : undefined;
}

/** Whether the own orderer leads the others, which have to choose another one when it is restarted. */
export async function leadsOrdering({ inside }: Hospital): Promise<boolean> {
  return leads((await metricsAt(inside.ordererOperations)) ?? '');
}

/** Asks the metrics of this host. */
export async function lookAtOrdering({
  inside,
  own,
  consortium,
}: Hospital): Promise<OrderingSeen | undefined> {
  const { ordererOperations, peerOperations, peer1Operations } = inside;
  const peers = own.ports?.peer1 === undefined ? [peerOperations] : [peerOperations, peer1Operations];
  const [orderer, ...ofPeers] = await Promise.all([ordererOperations, ...peers].map(metricsAt));
  if (orderer === undefined) return undefined;
  const { channel } = consortium;
  return orderingIn(orderer, { channel, peers: ofPeers.filter((text) => text !== undefined) });
}

/** Of texts as Prometheus reads them; a figure that Raft's orderers do not have is 0. */
export function orderingIn(
  orderer: string,
  { channel, peers }: { readonly channel: string; readonly peers: readonly string[] },
): OrderingSeen {
  const figure = (text: string, name: string): number => {
    const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`));
    const own = lines.find((line) => line.includes(`channel="${channel}"`));
    return Number(own?.slice(own.lastIndexOf(' ') + 1) ?? 0);
  };
  const height = (text: string) => figure(text, 'ledger_blockchain_height');
  const view = (name: string) => figure(orderer, `consensus_smartbft_viewchange_${name}_view`);
  return {
    height: height(orderer),
    ofPeers: Math.max(0, ...peers.map(height)),
    waiting: figure(orderer, 'consensus_smartbft_pool_count_of_elements'),
    asksForLeader: view('next') > view('current'),
  };
}

async function metricsAt(port: number): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    return await (await fetch(`http://127.0.0.1:${port}/metrics`, { signal })).text();
  } catch {
    return undefined;
  }
}
