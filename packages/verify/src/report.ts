// What was verified, in plain words for people who read no code: what is proven, by whose signatures, and what is not.
import { nameOf } from './bundle/bundle-claim.ts';
import type { RecomputedRounds } from './claims/aggregate-claim.ts';
import { datasetSentences } from './report/dataset-sentences.ts';
import { costSentence, dayOf, list } from './report/facts.ts';
import { oneLine } from './report/one-line.ts';
import { modelSentences, recordSentences } from './report/study-sentences.ts';
import { transactionSentences } from './report/transaction-sentences.ts';
import type { Verification } from './verify-bundle.ts';

/** What is proven, in sentences. Empty where something does not hold. */
export function provenSentences(verification: Verification): string[] {
  const { problems, chain, answered, attestation, transactions, costs, recomputed, subject } = verification;
  if (problems.length > 0 || chain === undefined || answered === undefined || attestation === undefined)
    return [];
  const { configuration, configurationBlocks, height, lastHash, signedBy } = chain;
  const changes = configurationBlocks.length - 1;
  const changed = configurationBlocks.slice(1).join(', ');
  return [
    `The chain of ${height} blocks begins with the trusted genesis block. The last one has the hash ${lastHash}.`,
    orderingSentence(configuration.consensus, [...signedBy.keys()].sort()),
    changes === 0
      ? 'Its configuration is that of the genesis block: it has not changed.'
      : `Its configuration changed ${changes} times, in the blocks ${changed}, each time with the signatures that ` +
        'the one before asks for.',
    `${transactions.length} transactions are shown. Each was sent by a member, endorsed by the organisations that ` +
      "the chaincode's policy and the policies of its rows ask for, and read what the blocks before it wrote.",
    `Peers of ${list(answered.signedBy)} signed ${answeredOf(subject.kind)} ${nameOf(subject)} as their ledger holds ` +
      `it, asked at ${dayOf(answered.askedAt)} by the word of who asked.`,
    ...witnessedSentences(verification),
    ...subjectSentences(verification),
    ...recomputedSentences(recomputed),
    ...costs.map(costSentence),
  ];
}

/** Those whose gateways saw the history as far as what the file claims rests on it. */
const reachingWitnesses = ({ witnessed, answered }: Verification): Verification['witnessed'] =>
  witnessed.filter(({ block }) => answered !== undefined && block >= answered.readThrough);

function vouching(verification: Verification): string {
  const reaching = reachingWitnesses(verification);
  if (reaching.length === 0) return '';
  return `, and up to where they signed that of the gateways of ${list(reaching.map(({ mspId }) => mspId))}`;
}

function witnessedSentences(verification: Verification): string[] {
  const reaching = reachingWitnesses(verification);
  if (reaching.length === 0) return [];
  const each = reaching.map(({ mspId, block, at }) => `${mspId} up to block ${block} (at ${at})`);
  return [
    `Gateways signed that they saw this same history: ${each.join(', ')}. The times are theirs, and one of them may ` +
      'have made this file, which does not say whose did.',
  ];
}

/** Those whose word is too old for what the file claims. */
const staleSentences = ({ witnessed, answered }: Verification): string[] =>
  witnessed
    .filter(({ block }) => answered !== undefined && block < answered.readThrough)
    .map(
      ({ mspId, block }) =>
        `The statement of the gateway of ${mspId} does not count here: it ends with block ${block}, and block ` +
        `${answered!.readThrough} was read.`,
    );

function subjectSentences({ subject, history, use, transaction }: Verification): string[] {
  if (history?.kind === 'lineage') return modelSentences(history, subject.kind);
  if (history?.kind === 'record') return recordSentences(history);
  if (use !== undefined) return datasetSentences(use);
  return transaction === undefined ? [] : transactionSentences(transaction);
}

const answeredOf = (kind: Verification['subject']['kind']): string =>
  kind === 'transaction' ? 'what they know of' : kind === 'dataset' ? 'the uses of' : 'the lineage of';

const orderingSentence = (consensus: string, orderers: readonly string[]): string =>
  consensus === 'BFT'
    ? `Each block that is shown is signed by a quorum of the orderers of then (of ${list(orderers)}).`
    : `Each block that is shown is signed by an orderer of then (of ${list(orderers)}). One is enough here.`;

function recomputedSentences(recomputed: RecomputedRounds | undefined): string[] {
  if (recomputed === undefined || recomputed.recomputed.length === 0) return [];
  const rounds = recomputed.recomputed.join(', ');
  return [`The aggregates of the rounds ${rounds} were recomputed from the plaintexts, bit for bit.`];
}

/** What is not proven, and on whose word it rests, in sentences. */
export function openSentences(verification: Verification): string[] {
  const { attestation, open, chain, discloses, recomputed, history } = verification;
  const flags =
    attestation === undefined
      ? []
      : [
          'Orderers do not sign which transactions are valid; peers decide that. This file recomputes it from what ' +
            `it shows, and of the ${attestation.rows} rows behind the claim each is attested by peers of at least ` +
            `${attestation.fewest} of ${attestation.organisations} organisations, which signed that they read it.`,
        ];
  const raft =
    chain !== undefined && chain.configuration.consensus !== 'BFT'
      ? [
          `Under ${chain.configuration.consensus} one orderer's key is enough to sign another block. That there is ` +
            `no second history is the word of the orderers and of the peers that answered${vouching(verification)}.`,
        ]
      : [];
  const others =
    discloses.otherStudies.length > 0
      ? [
          `The file also shows rows of ${discloses.otherStudies.join(', ')}, since policies are proven from the ` +
            'blocks that set them.',
        ]
      : [];
  const isAggregated = history?.rounds.some(({ round }) => round.state === 'finalized') === true;
  const aggregates =
    recomputed !== undefined
      ? recomputed.left.map((text) => `Not recomputed: ${text}.`)
      : isAggregated
        ? [
            'The aggregates were not recomputed here, since no plaintexts are at hand. That they follow from the ' +
              'updates is the word of the hospitals that attested them, whose signatures are in the blocks.',
          ]
        : [];
  return [...flags, ...raft, ...staleSentences(verification), ...aggregates, ...open, ...others];
}

/** The whole report as text. */
export function reportOf(verification: Verification): string {
  const { problems } = verification;
  if (problems.length > 0) {
    const lines = problems.map(({ place, text }) => `  ${oneLine(`${place}: ${text}`)}\n`);
    const count = problems.length === 1 ? '1 thing does' : `${problems.length} things do`;
    return `NOT PROVEN: ${count} not hold.\n${lines.join('')}`;
  }
  const block = (sentences: readonly string[]) =>
    sentences.map((sentence) => `  - ${oneLine(sentence)}\n`).join('');
  return (
    `PROVEN: all that the file claims of ${oneLine(nameOf(verification.subject))}.\n\n` +
    `What is proven\n${block(provenSentences(verification))}\n` +
    `What is not proven\n${block(openSentences(verification))}`
  );
}
