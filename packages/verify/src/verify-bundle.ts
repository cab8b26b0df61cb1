// Verification of a whole file of evidence: the chain, the transactions, the peers' answers, and what the file claims
// of its subject.
import { canonicalJson } from '@consilium/domain';
import type { Problem } from './blocks/block-replay.ts';
import { BrokenChainError } from './blocks/chain-links.ts';
import { type Chain, walkChain } from './blocks/chain-walk.ts';
import { type CheckedTransaction, LedgerReplay } from './blocks/ledger-replay.ts';
import type { BundleClaim, Disclosure, Subject } from './bundle/bundle-claim.ts';
import { type BundlePart, openBundle, type ShownStatement } from './bundle/bundle-file.ts';
import { DisclosedSoFar } from './bundle/disclosure.ts';
import type { Artefacts, RecomputedRounds } from './claims/aggregate-claim.ts';
import { checkDatasetUse, type DatasetUse } from './claims/dataset-use.ts';
import { type ReadRow, readRows } from './claims/lineage-claim.ts';
import type { AccountCost } from './claims/privacy-costs.ts';
import { wordsOf } from './claims/questions.ts';
import { type AgreedAnswers, answersFrom } from './claims/signed-answers.ts';
import { checkModel, checkStudy, type StudyHistory } from './claims/study-claim.ts';
import { checkTransaction, type ProvenTransaction } from './claims/transaction-claim.ts';
import { type WitnessedBy, witnessesIn } from './claims/witnessed-history.ts';

/** What a file of evidence proves. */
export interface Verification {
  readonly subject: Subject;
  readonly channel: string;
  /** What does not hold, each with its place. Empty: all that the file claims is proven. */
  readonly problems: readonly Problem[];
  readonly chain: Chain | undefined;
  readonly discloses: Disclosure;
  readonly transactions: readonly CheckedTransaction[];
  /** Whose peers answered, and when they were asked, as those who asked say. */
  readonly answered: Pick<AgreedAnswers, 'signedBy' | 'askedAt' | 'readThrough'> | undefined;
  /** Hospitals whose gateways signed that they saw the same history; those whose word does not reach the claim too. */
  readonly witnessed: readonly WitnessedBy[];
  /** Of a study or a model: its history, as peers answered it. */
  readonly history: StudyHistory | undefined;
  /** Of a dataset: who used it, and what is left. */
  readonly use: DatasetUse | undefined;
  readonly transaction: ProvenTransaction | undefined;
  readonly costs: readonly AccountCost[];
  /** Of the rows behind the claim, the fewest organisations whose peers attest one of them. */
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

const NOTHING = {
  answered: undefined,
  witnessed: [],
  history: undefined,
  use: undefined,
  transaction: undefined,
  costs: [],
  attestation: undefined,
  recomputed: undefined,
  open: [],
} as const;

/**
 * Everything that does not hold in a file of evidence, and what it proves.
 *
 * The file is read once, part by part: what is kept is what rows held, and what peers answered.
 *
 * @param file a bundle, as a gateway serves it: whole, or in pieces
 * @param lineBytesMax where less memory is at hand than for the longest lines that a channel may have: 256 MiB
 * @throws UnreadableBundleError where it is no such file
 */
export function verifyBundle(
  file: Uint8Array | Iterable<Uint8Array>,
  trusted: TrustedFacts,
  lineBytesMax?: number,
): Verification {
  const { genesis, chaincode = 'consilium', artefacts } = trusted;
  const { claim, parts } = openBundle(file instanceof Uint8Array ? [file] : file, lineBytesMax);
  const { subject, channel } = claim;
  const shown = new ShownBlocks(parts, new DisclosedSoFar(subject));
  const asked = subject.kind === 'transaction' ? subject.transactionId : undefined;
  const replay = new LedgerReplay(channel, (block) => shown.has(block), asked);
  const nothing = {
    ...{ subject, channel, discloses: claim.discloses, transactions: replay.transactions },
    ...NOTHING,
  };
  try {
    const { chain, problems: inBlocks } = walkChain(shown.blocks(), { channel, genesis, replay });
    const known = [...inBlocks, ...claimProblems(claim, { chain, chaincode, shown: shown.disclosure })];
    const { answered, problems: unanswered } = answersFrom(shown.answers(), { claim, chain, replay });
    const { witnessed, problems: unwitnessed } = witnessesIn(shown.statements, { channel, genesis, chain });
    const problems = [...known, ...unwitnessed, ...unanswered];
    if (answered === undefined) return { ...nothing, chain, problems };
    const judged = checkSubject(answered, { claim, replay, artefacts });
    const { mspIds } = chain.configuration;
    problems.push(...majorityProblems(answered, mspIds), ...judged.problems);
    const { signedBy, askedAt, readThrough } = answered;
    return {
      ...nothing,
      ...judged,
      chain,
      problems,
      answered: { signedBy, askedAt, readThrough },
      witnessed,
      attestation: attestationOf(judged.of, replay, mspIds.length),
      open: [...judged.open, ...openPoints(replay, answered)],
    };
  } catch (error) {
    if (!(error instanceof BrokenChainError)) throw error;
    // What nobody can read is no usable file, whatever is before it.
    shown.readOn();
    return { ...nothing, chain: undefined, problems: [{ place: error.place, text: error.message }] };
  }
}

/** The parts of a file as they are read: blocks, and behind them answers and statements of gateways. */
class ShownBlocks {
  readonly #parts: Iterator<BundlePart>;
  readonly #disclosed: DisclosedSoFar;
  readonly #numbers = new Set<number>();
  #line = 1;
  /** The number of the block that is looked at; undefined once all were. */
  #present: number | undefined = 0;
  /** The first part behind the blocks. */
  #behind: BundlePart | undefined;
  /** What gateways signed, once all answers were read. */
  readonly statements: ShownStatement[] = [];

  constructor(parts: Iterable<BundlePart>, disclosed: DisclosedSoFar) {
    this.#parts = parts[Symbol.iterator]();
    this.#disclosed = disclosed;
  }

  get disclosure(): Disclosure {
    return this.#disclosed.disclosure;
  }

  /** Whether a block is shown. Of what comes after the one that is looked at, nobody can have read anything. */
  has(block: number): boolean {
    return this.#numbers.has(block) || (this.#present !== undefined && block > this.#present);
  }

  *blocks(): Generator<BundlePart, void, undefined> {
    for (let part = this.#next(); part !== undefined; part = this.#next()) {
      if (part.kind === 'answer' || part.kind === 'witness') {
        this.#behind = part;
        break;
      }
      if (part.kind === 'block') this.#numbers.add(part.header.number);
      if (part.kind !== 'hidden') this.#present = part.header.number;
      this.#disclosed.add(part);
      yield part;
    }
    this.#present = undefined;
  }

  /** @throws BrokenChainError where a block follows */
  *answers(): Generator<Uint8Array, void, undefined> {
    for (let part = this.#behind; part !== undefined; part = this.#next()) {
      if (part.kind === 'answer') yield part.envelope;
      else if (part.kind === 'witness') this.statements.push(part);
      else throw new BrokenChainError(`line ${this.#line}`, 'blocks follow the answers');
    }
  }

  /** @throws UnreadableBundleError where the rest cannot be read */
  readOn(): void {
    while (this.#next() !== undefined);
  }

  #next(): BundlePart | undefined {
    const next = this.#parts.next();
    this.#line += 1;
    return next.done === true ? undefined : next.value;
  }
}

function claimProblems(
  claim: BundleClaim,
  {
    chain,
    chaincode,
    shown,
  }: { readonly chain: Chain; readonly chaincode: string; readonly shown: Disclosure },
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
  if (canonicalJson(shown) !== canonicalJson(claim.discloses)) {
    const text = `it shows other things than it says: ${canonicalJson(shown)}`;
    problems.push({ place: 'line 1', text });
  }
  return problems;
}

/** Nobody signs when a peer was asked: each answer may be of another time, and of one before the last block. */
function laterPoints({ answers, readThrough }: AgreedAnswers): string[] {
  const differing = new Set(answers.map((answer) => answer.readThrough)).size > 1;
  const each = answers.flatMap(({ question, readThrough: last }) => {
    const what = wordsOf(question);
    return what === undefined ? [] : [`${what}, block ${last}`];
  });
  return [
    `Whether a block after block ${readThrough} changed something, as a consent withdrawn: that is the last block of ` +
      `which peers read a row ${differing ? 'for every answer' : 'when they answered'}. Later ones in this file are ` +
      'in their place, and may have come after the answers.',
    ...(differing && each.length > 0
      ? [
          'That the answers were asked for at one time: each shows how it was at the last block of which a row was ' +
            `read for it. These are: ${each.join('; ')}.`,
        ]
      : []),
  ];
}

function majorityProblems({ signedBy }: AgreedAnswers, mspIds: readonly string[]): Problem[] {
  const majority = Math.floor(mspIds.length / 2) + 1;
  if (signedBy.length >= majority) return [];
  const text = `peers of ${signedBy.join(', ')} signed them, and a majority of ${mspIds.length} is asked for`;
  return [{ place: 'answers', text }];
}

/** What is proven of the subject, what does not hold of it, and the rows that it rests on. */
interface Judged
  extends Partial<Pick<Verification, 'history' | 'use' | 'transaction' | 'costs' | 'recomputed'>> {
  readonly problems: readonly Problem[];
  readonly of: readonly Pick<ReadRow['row'], 'version'>[];
  readonly open: readonly string[];
}

function checkSubject(
  { answers }: AgreedAnswers,
  {
    claim,
    replay,
    artefacts,
  }: {
    readonly claim: BundleClaim;
    readonly replay: LedgerReplay;
    readonly artefacts: Artefacts | undefined;
  },
): Judged {
  const { subject, chaincode } = claim;
  const read = readRows(replay, chaincode);
  switch (subject.kind) {
    case 'study':
      return checkStudy(subject.studyId, answers, { read, chaincode, artefacts });
    case 'model':
      return checkModel(answers, { read, chaincode, artefacts });
    case 'dataset': {
      const ledger = { read, rows: replay.state, chaincode };
      const { use, problems, of } = checkDatasetUse(subject.datasetId, answers, ledger);
      return { use, problems, of: of.map(({ row }) => row), open: [] };
    }
    case 'transaction': {
      const context = { replay, chaincode };
      const { transaction, problems } = checkTransaction(subject.transactionId, answers, context);
      const of = transaction === undefined ? [] : [{ version: transaction }];
      return { transaction, problems, of, open: [] };
    }
  }
}

function attestationOf(of: Judged['of'], replay: LedgerReplay, organisations: number) {
  const counts = of.map(({ version }) => replay.attestedBy(version).length);
  return { rows: of.length, fewest: counts.length === 0 ? 0 : Math.min(...counts), organisations };
}

function openPoints(
  { rangesByDigest, unreadWrites, unjudged }: LedgerReplay,
  answered: AgreedAnswers,
): string[] {
  return [
    ...unjudged.map(
      ({ place, text }) =>
        `That the transaction of ${place}, is valid is the word of peers alone, which no signature shows: ${text}.`,
    ),
    ...laterPoints(answered),
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
  ];
}
