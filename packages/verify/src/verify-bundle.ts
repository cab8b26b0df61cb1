// Verification of a whole file of evidence: the chain, the transactions, the peers' answers, and what the file claims
// of its study.

import { canonicalJson } from '@consilium/domain';
import type { Problem } from './blocks/block-replay.ts';
import { BrokenChainError } from './blocks/chain-links.ts';
import { type Chain, type ChainOptions, walkChain } from './blocks/chain-walk.ts';
import { type CheckedTransaction, LedgerReplay } from './blocks/ledger-replay.ts';
import { type Bundle, type Disclosure, readBundle } from './bundle/bundle-file.ts';
import { disclosureOf } from './bundle/disclosure.ts';
import { type Artefacts, type RecomputedRounds, recomputeAggregates } from './claims/aggregate-claim.ts';
import { checkConsents } from './claims/consent-texts.ts';
import { checkLineage, type ReadRow, readRows } from './claims/lineage-claim.ts';
import { type AccountCost, checkPrivacy } from './claims/privacy-costs.ts';
import { type AnsweredLineage, lineageFrom } from './claims/signed-answers.ts';

/** What a file of evidence proves. */
export interface Verification {
  readonly studyId: string;
  readonly channel: string;
  /** What does not hold, each with its place. Empty: all that the file claims is proven. */
  readonly problems: readonly Problem[];
  readonly chain: Chain | undefined;
  readonly discloses: Disclosure;
  readonly transactions: readonly CheckedTransaction[];
  readonly answered: AnsweredLineage | undefined;
  readonly costs: readonly AccountCost[];
  /** Of the rows behind the model, the fewest organisations whose peers attest one of them. */
  readonly attestation:
    | { readonly rows: number; readonly fewest: number; readonly organisations: number }
    | undefined;
  /** Aggregates that were recomputed from plaintexts; undefined where there were none. */
  readonly recomputed: RecomputedRounds | undefined;
  /** What the file leaves open, in sentences. */
  readonly open: readonly string[];
}

/** What whoever verifies brings along, from a source of their own. */
export interface TrustedFacts {
  /** SHA-256 of block 0's header in hexadecimal. */
  readonly genesis: string;
  /** The name under which the consortium deployed the rules: rows of any other prove nothing. */
  readonly chaincode?: string;
  /** Plaintexts of updates and models, from a hospital that could open them. */
  readonly artefacts?: Artefacts | undefined;
}

/**
 * Everything that does not hold in a file of evidence, and what it proves.
 *
 * @param file a bundle, as a gateway serves it
 * @throws UnreadableBundleError where it is no such file
 */
export function verifyBundle(
  file: Uint8Array,
  { genesis, chaincode = 'consilium', artefacts }: TrustedFacts,
): Verification {
  const bundle = readBundle(file);
  const { claim, parts } = bundle;
  const shown = new Set(parts.flatMap((part) => (part.kind === 'block' ? [part.header.number] : [])));
  const replay = new LedgerReplay(claim.channel, (block) => shown.has(block));
  const base = {
    studyId: claim.studyId,
    channel: claim.channel,
    discloses: claim.discloses,
    transactions: replay.transactions,
  };
  const nothing = { answered: undefined, costs: [], attestation: undefined, recomputed: undefined, open: [] };
  const walked = walk(bundle, { channel: claim.channel, genesis, replay });
  if ('place' in walked) return { ...base, ...nothing, chain: undefined, problems: [walked] };
  const { chain } = walked;
  const known = [...walked.problems, ...claimProblems(bundle, { chain, chaincode })];
  const answers = parts.flatMap((part) => (part.kind === 'answer' ? [part.envelope] : []));
  const { answered, problems: unanswered } = lineageFrom(answers, { claim, chain, replay });
  const problems = [...known, ...unanswered];
  if (answered === undefined) return { ...base, ...nothing, chain, problems };
  return { ...base, chain, ...checkStudy(answered, { bundle, chain, replay, problems, artefacts }) };
}

function walk({ parts }: Bundle, options: ChainOptions): ReturnType<typeof walkChain> | Problem {
  try {
    return walkChain(parts, options);
  } catch (error) {
    if (!(error instanceof BrokenChainError)) throw error;
    return { place: error.place, text: error.message };
  }
}

function claimProblems(
  { claim, parts }: Bundle,
  { chain, chaincode }: { readonly chain: Chain; readonly chaincode: string },
): Problem[] {
  const problems: Problem[] = [];
  if (claim.chaincode !== chaincode) {
    const text = `it is about the chaincode ${claim.chaincode}, and ${chaincode} is asked about`;
    problems.push({ place: 'line 1', text });
  }
  if (claim.blocks !== chain.height) {
    const text = `the file claims ${claim.blocks} blocks, and its chain has ${chain.height}`;
    problems.push({ place: 'line 1', text });
  }
  const discloses = disclosureOf(parts, claim.studyId);
  if (canonicalJson(discloses) !== canonicalJson(claim.discloses)) {
    const text = `it shows other things than it says: ${canonicalJson(discloses)}`;
    problems.push({ place: 'line 1', text });
  }
  return problems;
}

function checkStudy(
  answered: AnsweredLineage,
  {
    bundle: { claim },
    chain,
    replay,
    problems,
    artefacts,
  }: {
    readonly bundle: Bundle;
    readonly chain: Chain;
    readonly replay: LedgerReplay;
    readonly problems: Problem[];
    readonly artefacts: Artefacts | undefined;
  },
): Pick<Verification, 'problems' | 'answered' | 'costs' | 'attestation' | 'recomputed' | 'open'> {
  const { mspIds } = chain.configuration;
  const majority = Math.floor(mspIds.length / 2) + 1;
  if (answered.signedBy.length < majority) {
    const text = `peers of ${answered.signedBy.join(', ')} signed them, and a majority of ${mspIds.length} is asked for`;
    problems.push({ place: 'answers', text });
  }
  const rows = readRows(replay, claim.chaincode);
  const { lineage } = answered;
  const { problems: unproven, of } = checkLineage(lineage, rows);
  const { problems: uncharged, costs } = checkPrivacy(lineage, rows);
  const { problems: texts, withoutText } = checkConsents(lineage, rows);
  const recomputed = artefacts && recomputeAggregates(lineage, artefacts);
  return {
    problems: [...problems, ...unproven, ...uncharged, ...texts, ...(recomputed?.problems ?? [])],
    answered,
    costs,
    attestation: attestationOf(of, replay, mspIds.length),
    recomputed,
    open: openPoints({ withoutText, replay, readThrough: answered.readThrough }),
  };
}

function attestationOf(of: readonly ReadRow[], replay: LedgerReplay, organisations: number) {
  const counts = of.map(({ row }) => replay.attestedBy(row.version).length);
  return { rows: of.length, fewest: counts.length === 0 ? 0 : Math.min(...counts), organisations };
}

function openPoints({
  withoutText,
  replay,
  readThrough,
}: {
  readonly withoutText: number;
  readonly replay: LedgerReplay;
  readonly readThrough: number;
}): string[] {
  const { rangesByDigest, unreadWrites } = replay;
  return [
    'Whether patients consented, and whether a hospital trained on the data that it registered: signatures show who ' +
      'said so, and not that it is so.',
    `Whether a block after block ${readThrough} changed something, as a consent withdrawn: that is the last block of ` +
      'which peers read a row when they answered. Later ones in this file are in their place, and may have come after ' +
      'the answers.',
    ...(unreadWrites > 0
      ? [
          `${unreadWrites} rows were written for the first time here without being read. That no hidden block had ` +
            'written them before is the word of the peers that endorsed and answered.',
        ]
      : []),
    ...(rangesByDigest > 0
      ? [
          `${rangesByDigest} ranges of rows are in the blocks as a digest only. What was read there is not checked.`,
        ]
      : []),
    ...(withoutText > 0
      ? [`${withoutText} consents are from before consents named the text they are to.`]
      : []),
  ];
}
