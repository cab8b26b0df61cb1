// What a consortium withstands, in words: how many orderers and endorsers may be away, how many may lie, and who must
// agree to change it. Computed from what all agreed on, for people who decide whether that is enough.
import { endorsersNeeded } from '../signature-policy.ts';
import type { AgreedConsortium } from './agreed-consortium.ts';

export interface Tolerance {
  readonly orderers: { readonly count: number; readonly mayBeDown: number; readonly mayLie: number };
  readonly endorsement: {
    /** Organisations that must agree at least before anything is written. */
    readonly fewest: number;
    readonly mayBeAway: number;
  };
  /** Organisations that must sign a change of the channel or approve chaincode. */
  readonly administrators: number;
}

/**
 * Raft: a majority of orderers goes on, and each is trusted. BFT: of n orderers f = floor((n - 1) / 3) may lie, and
 * ceil((n + f + 1) / 2) must sign a block (SmartBFT's quorum).
 */
export function toleranceOf({ organisations, ordering, chaincode }: AgreedConsortium): Tolerance {
  const count = organisations.length;
  const majority = Math.floor(count / 2) + 1;
  const mayLie = ordering.kind === 'bft' ? Math.floor((count - 1) / 3) : 0;
  const quorum = ordering.kind === 'bft' ? Math.ceil((count + mayLie + 1) / 2) : majority;
  const { fewest, always } = endorsersNeeded(
    chaincode.policy,
    organisations.map(({ mspId }) => mspId),
  );
  return {
    orderers: { count, mayBeDown: count - quorum, mayLie },
    endorsement: { fewest, mayBeAway: Math.max(0, count - always) },
    administrators: majority,
  };
}

const orderers = (count: number) => `${count === 0 ? 'no' : count} orderer${count === 1 ? '' : 's'}`;
const organisations = (count: number) =>
  `${count === 0 ? 'no' : count} organisation${count === 1 ? '' : 's'}`;

function studiesText(count: number, hostsAway: number): string {
  if (hostsAway === 0) return 'one host that is away stops every study until it is back.';
  return (
    `the whole ${hostsAway === 1 ? 'host' : 'hosts'} of ${hostsAway} of ${count} may be away. A study of all ${count} ` +
    `goes on meanwhile if its quorums of updates and of validators are ${count - hostsAway} or less.`
  );
}

/** One sentence for each question. */
export function toleranceText(consortium: AgreedConsortium): string[] {
  const tolerance = toleranceOf(consortium);
  const { count, mayBeDown, mayLie } = tolerance.orderers;
  const { fewest, mayBeAway } = tolerance.endorsement;
  const { administrators } = tolerance;
  const isBft = consortium.ordering.kind === 'bft';
  return [
    `Orderers down: with ${orderers(count)} and ${isBft ? 'BFT' : 'Raft'}, ${orderers(mayBeDown)} may be down. ` +
      `With ${mayBeDown + 1} down, nothing is written until one is back.`,
    isBft
      ? `Orderers that lie: ${orderers(mayLie)} may lie, and count as down too.` +
        (mayLie === 0 ? ' BFT needs four to withstand one: with fewer it protects no more than Raft.' : '')
      : 'Orderers that lie: Raft trusts each orderer. The one that leads can leave out or reorder transactions, ' +
        'though it cannot forge one.',
    `Members that lie: ${organisations(fewest - 1)} together can write nothing that the others do not endorse; ` +
      `${fewest} together can.`,
    `Endorsers away: peers of ${organisations(mayBeAway)} may be away, whichever they are.` +
      (mayBeAway === 0 ? ' One that is away can stop every transaction.' : ''),
    `Changes: ${administrators} of ${count} organisations must sign a change of the channel, and approve chaincode.`,
    `Studies: ${studiesText(count, Math.min(mayBeDown, mayBeAway))}`,
    ...secondPeersText(consortium),
  ];
}

/** What a second peer is for, and what it is not; nothing where nobody has one. */
function secondPeersText({ organisations: all }: AgreedConsortium): string[] {
  const having = all.filter(({ ports }) => ports?.peer1 !== undefined).map(({ mspId }) => mspId);
  if (having.length === 0) return [];
  return [
    `Second peers: one of the two peers of ${having.join(', ')} may be down, and ` +
      `${having.length === 1 ? 'it goes' : 'each of them goes'} on to read, endorse and submit. Both are on one ` +
      'host, with one orderer, chaincode process and gateway: a host that is away is away whole.',
  ];
}
