// The ledger's whole surface as one table: who may call what with which argument, and which event it emits.
// Contracts enforce it, gateways serve it, and the documentation is generated from it.
import { type Static, type TSchema, Type } from 'typebox';
import { ActivityQuestion } from './activity.ts';
import { PolicyRef } from './answers.ts';
import { AttestAggregate } from './attestation.ts';
import { BlockNumber, RetireBlock } from './block.ts';
import {
  ApproveConsent,
  AskQuote,
  ConsentRef,
  DeclineStudy,
  GrantConsent,
  WithdrawConsent,
} from './consent.ts';
import { RegisterDataset } from './dataset.ts';
import { ReportEquivocation } from './equivocation.ts';
import { AttestErasure } from './erasure.ts';
import { LeaveMember, RegisterMember, RotateKey, VoteOnMember } from './member.ts';
import { PublishModel } from './model.ts';
import { CastVote, MotionRef, MoveMotion } from './motion.ts';
import { PopulationRef, RegisterPopulation } from './population.ts';
import { Id, MspId, RoundNumber, Strict, Words } from './primitives.ts';
import { POOLS } from './privacy-event.ts';
import { ReviseDataset } from './revision.ts';
import { ROLES, type Role } from './roles.ts';
import { AbortRound, FinalizeRound, OpenRound, RoundRef } from './round.ts';
import { CommitScore } from './score-commitment.ts';
import { EndStudy, ProposeStudy, StudyRef } from './study.ts';
import { RecordStudyKeys } from './study-key.ts';
import { RecordUpdate } from './update.ts';
import { RecordVerdict } from './verdict.ts';

/** One transaction or query of the ledger. */
export interface Transaction {
  /** `contract:function`, as the ledger names it. */
  readonly name: string;
  readonly kind: 'submit' | 'evaluate';
  readonly argument: TSchema;
  readonly roles: readonly Role[];
  /** Name of the chaincode event; null for queries. */
  readonly event: string | null;
  readonly summary: string;
}

const Page = {
  pageSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  bookmark: Type.Optional(Type.String({ maxLength: 500 })),
};
const PageOf = Strict(Page);
const StudyPage = Strict({ studyId: Id, ...Page });
const DatasetRef = Strict({ datasetId: Id });
const UpdateRef = Strict({ ...RoundRef.properties, datasetId: Id });
const VerdictRef = Strict({ ...RoundRef.properties, mspId: MspId });

/** Arguments for a key's history: the noun and what identifies it, broad to specific. */
export const HISTORY_NOUNS = [
  'member',
  'population',
  'block',
  'dataset',
  'revision',
  'budget',
  'study',
  'consent',
  'round',
  'update',
  'verdict',
  'model',
] as const;
const HistoryOf = Strict({
  noun: Words(HISTORY_NOUNS),
  key: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 4 }),
  ...Page,
});

/** What has policies of its own. */
export const POLICY_KINDS = ['dataset', 'block', 'consent', 'round'] as const;

const submit = <const N extends string, S extends TSchema>(
  name: N,
  argument: S,
  roles: readonly Role[],
  event: string,
  summary: string,
) => ({ name, kind: 'submit', argument, roles, event, summary }) as const;
const evaluate = <const N extends string, S extends TSchema>(name: N, argument: S, summary: string) =>
  ({ name, kind: 'evaluate', argument, roles: ROLES, event: null, summary }) as const;

/** Every transaction and query: [docs/reference/ledger.md](../ledger.md) lists them. */
export const TRANSACTIONS = [
  submit(
    'member:register',
    RegisterMember,
    ['operator'],
    'MemberRegistered',
    "Registers the caller's organisation as a member.",
  ),
  submit(
    'member:rotateKey',
    RotateKey,
    ['operator'],
    'MemberKeyRotated',
    "Replaces the caller's encryption key. Later artefacts are sealed to the new key.",
  ),
  submit(
    'member:leave',
    LeaveMember,
    ['operator'],
    'MemberLeft',
    "Ends the membership of the caller's organisation: its consents and votes count no more.",
  ),
  submit(
    'member:vote',
    VoteOnMember,
    ['operator'],
    'MemberVoted',
    'Votes for the removal of a member, or for the return of one that left; a majority of the members decides.',
  ),
  evaluate('member:listVotes', Strict({ mspId: MspId, ...Page }), 'The votes on one organisation.'),
  evaluate('member:listDepartures', PageOf, 'Every membership that has ended.'),
  evaluate('member:get', Strict({ mspId: MspId }), 'One member.'),
  evaluate('member:list', PageOf, 'All members.'),

  submit(
    'population:register',
    RegisterPopulation,
    ['steward'],
    'PopulationRegistered',
    "Registers the people whom the caller's records are about, and what each may lose in privacy for life.",
  ),
  submit(
    'population:retireBlock',
    RetireBlock,
    ['steward'],
    'BlockRetired',
    'Lets no new consent name a block of patients.',
  ),
  evaluate('population:get', PopulationRef, 'One population.'),
  evaluate('population:list', PageOf, 'All populations that were registered as such.'),
  evaluate(
    'population:listBlocks',
    Strict({ populationId: Id, ...Page }),
    "A population's blocks of patients.",
  ),

  submit(
    'dataset:register',
    RegisterDataset,
    ['steward'],
    'DatasetRegistered',
    "Describes a dataset of the caller's organisation, and opens the privacy budgets of patients never seen before.",
  ),
  submit(
    'dataset:revise',
    ReviseDataset,
    ['steward'],
    'DatasetRevised',
    'Records what a dataset holds from now on, under the accounts of its patients.',
  ),
  evaluate('dataset:get', DatasetRef, 'One dataset.'),
  evaluate(
    'dataset:listRevisions',
    Strict({ datasetId: Id, ...Page }),
    "A dataset's revisions, oldest first.",
  ),
  evaluate('dataset:list', PageOf, 'All datasets, in summary.'),

  submit(
    'study:propose',
    ProposeStudy,
    ['researcher'],
    'StudyProposed',
    'Proposes a study over registered datasets.',
  ),
  submit(
    'study:start',
    StudyRef,
    ['researcher'],
    'StudyStarted',
    "Starts the requester's study once enough datasets consent.",
  ),
  submit(
    'study:abort',
    EndStudy,
    ['researcher'],
    'StudyAborted',
    "Ends the requester's study without a model.",
  ),
  submit(
    'study:retire',
    EndStudy,
    ['researcher', 'steward', 'operator'],
    'StudyRetired',
    'Ends a proposal that was never started. The requester may at any time, any member when it is old.',
  ),
  submit(
    'study:consent',
    GrantConsent,
    ['steward'],
    'ConsentGranted',
    "Lets a study use the caller's dataset and reserves its whole privacy cost.",
  ),
  submit(
    'study:approveConsent',
    ApproveConsent,
    ['steward'],
    'ConsentApproved',
    "One steward's approval, where the dataset's policy asks for several; the last gives the consent.",
  ),
  submit(
    'study:decline',
    DeclineStudy,
    ['steward'],
    'StudyDeclined',
    "Declines a study for the caller's dataset, with a reason on record; a consent may follow all the same.",
  ),
  submit(
    'study:withdraw',
    WithdrawConsent,
    ['steward'],
    'ConsentWithdrawn',
    'Withdraws a consent, from the round under way too until its verdicts are counted.',
  ),
  submit(
    'study:settle',
    ConsentRef,
    ['steward', 'trainer'],
    'ConsentSettled',
    'Returns what an ended study, or a withdrawn consent, did not spend.',
  ),
  submit(
    'study:recordKeys',
    RecordStudyKeys,
    ['trainer'],
    'StudyKeysRecorded',
    "Records the caller's keys for a study: one for the updates of each dataset, which can be destroyed alone.",
  ),
  submit(
    'study:attestErasure',
    AttestErasure,
    ['trainer', 'steward'],
    'ErasureAttested',
    "Says that the caller's hospital erased the updates of a dataset whose consent was withdrawn.",
  ),
  evaluate(
    'study:listKeys',
    Strict({ studyId: Id, datasetId: Id, ...Page }),
    'The keys that updates of a dataset are sealed to in a study.',
  ),
  evaluate('study:listErasures', StudyPage, 'Erasures after withdrawals: done, owed and overdue.'),
  evaluate('study:get', StudyRef, 'One study.'),
  evaluate(
    'study:getRecord',
    StudyPage,
    'A study with or without a model: every dataset and consent, and its rounds with updates and verdicts in pages.',
  ),
  evaluate(
    'study:listShort',
    PageOf,
    'Open studies whose quorum is not met any more: running ones that wait, proposals that cannot start.',
  ),
  evaluate('study:list', PageOf, 'All studies, in summary.'),
  evaluate('study:listDeclines', StudyPage, 'Datasets that declined a study, with their reasons.'),
  evaluate('study:getConsent', ConsentRef, 'One consent.'),
  evaluate('study:listConsents', StudyPage, "A study's consents."),
  evaluate(
    'study:listOpenConsents',
    Strict({ mspId: MspId, ...Page }),
    "A hospital's consents that are not settled: the studies that it takes part in.",
  ),

  submit(
    'motion:move',
    MoveMotion,
    ['researcher', 'steward'],
    'MotionMoved',
    'Asks the hospitals of a study to pause it, to resume it, or to amend it.',
  ),
  submit(
    'motion:vote',
    CastVote,
    ['steward'],
    'MotionVoted',
    "Casts the vote of the caller's hospital; the vote that decides carries the motion out.",
  ),
  evaluate('motion:get', MotionRef, 'One motion with its votes.'),
  evaluate('motion:list', StudyPage, "A study's motions."),

  submit('round:open', OpenRound, ['trainer'], 'RoundOpened', 'Opens the next round of a running study.'),
  submit(
    'round:recordUpdate',
    RecordUpdate,
    ['trainer'],
    'UpdateRecorded',
    "Records one dataset's update and charges its privacy event.",
  ),
  submit('round:close', RoundRef, ['trainer'], 'RoundClosed', 'Ends the training of a round.'),
  submit(
    'round:commitScore',
    CommitScore,
    ['trainer'],
    'ScoreCommitted',
    'Names the score of one dataset by its hash, before the verdict shows it.',
  ),
  submit(
    'round:recordVerdict',
    RecordVerdict,
    ['trainer'],
    'VerdictRecorded',
    "Records one member's verdict and charges its scores.",
  ),
  submit(
    'round:tally',
    RoundRef,
    ['trainer'],
    'RoundTallied',
    'Decides from the verdicts which updates are included.',
  ),
  submit(
    'round:attest',
    AttestAggregate,
    ['trainer'],
    'AggregateAttested',
    "Records one member's own recomputation of the aggregate.",
  ),
  submit(
    'round:finalize',
    FinalizeRound,
    ['trainer'],
    'RoundFinalized',
    'Makes the aggregate the next model, endorsed by N hospitals that recomputed it.',
  ),
  submit(
    'round:abort',
    AbortRound,
    ['trainer'],
    'RoundAborted',
    'Ends a round that missed its deadline or its quorum.',
  ),
  submit(
    'round:reportEquivocation',
    ReportEquivocation,
    ['trainer', 'steward', 'operator', 'auditor'],
    'EquivocationReported',
    'Proves that a member signed two different statements on a round: its support counts no more.',
  ),
  evaluate('round:get', RoundRef, 'One round.'),
  evaluate('round:list', StudyPage, "A study's rounds."),
  evaluate('round:getDossier', RoundRef, 'One round with its updates, verdicts and attestations.'),
  evaluate('round:getUpdate', UpdateRef, 'One update.'),
  evaluate('round:getVerdict', VerdictRef, 'One verdict.'),
  evaluate(
    'round:getReceipt',
    UpdateRef,
    'What became of one update: included, or excluded by whom and why.',
  ),
  evaluate(
    'round:listReceipts',
    Strict({ studyId: Id, mspId: MspId, ...Page }),
    "What became of each of a hospital's updates in a study, round by round.",
  ),
  evaluate(
    'round:listEquivocations',
    StudyPage,
    'Evidence of members that signed two different statements on a round.',
  ),
  evaluate(
    'round:getContributions',
    RoundRef,
    'What each hospital added to a round, from recorded verdict scores only.',
  ),

  submit(
    'model:publish',
    PublishModel,
    ['trainer', 'researcher'],
    'ModelPublished',
    'Completes a study with the aggregate of its last finalised round.',
  ),
  evaluate('model:get', StudyRef, "A study's model."),
  evaluate('model:list', PageOf, 'All models.'),
  evaluate(
    'model:getLineage',
    StudyPage,
    'A model with every dataset and consent behind it, and its rounds with updates and verdicts in pages.',
  ),

  evaluate(
    'privacy:getBudget',
    Strict({ datasetId: Id, pool: Words(POOLS), block: Type.Optional(BlockNumber) }),
    "One account of a block of a dataset's population, the first where none is named: budget, spent, reserved and left, as ε at the budget's δ.",
  ),
  evaluate(
    'privacy:listEvents',
    Strict({ datasetId: Id, ...Page }),
    'Every privacy event charged to a dataset, oldest first.',
  ),
  evaluate('privacy:quote', AskQuote, "What a consent would reserve, as ε at the budget's δ."),

  evaluate(
    'audit:getHistory',
    HistoryOf,
    'Every version of one row, newest first, with transaction ids and times.',
  ),
  submit(
    'audit:renewPolicies',
    PolicyRef,
    ['operator', 'steward', 'trainer', 'auditor'],
    'PoliciesRenewed',
    'Lays the policies of a dataset, a block of patients, a consent or a round again, by the members of now.',
  ),
  evaluate(
    'audit:listOldPolicies',
    Strict({ kind: Words(POLICY_KINDS), ...Page }),
    'What has policies of other members than those of now: each as audit:renewPolicies takes it.',
  ),
  submit(
    'audit:indexStudy',
    Strict({ studyId: Id, round: Type.Optional(RoundNumber) }),
    ['operator', 'auditor'],
    'StudyIndexed',
    'Adds rows that are older than the index of activities to it: a study and its consents, or one round.',
  ),
  evaluate(
    'audit:listActivities',
    Strict({ ...ActivityQuestion, ...Page }),
    'What was done, oldest first: by study, dataset, hospital or purpose, in a range of time.',
  ),
] as const satisfies readonly Transaction[];

/** The name of a transaction or query. */
export type TransactionName = (typeof TRANSACTIONS)[number]['name'];
/** Looked up by name: to work it out of a name that is not known yet, a compiler would compare all schemas. */
type Arguments = { readonly [T in (typeof TRANSACTIONS)[number] as T['name']]: Static<T['argument']> };
/** The argument of a transaction, by its name. */
export type Argument<N extends TransactionName> = Arguments[N];

const byName = new Map<string, Transaction>(
  TRANSACTIONS.map((transaction) => [transaction.name, transaction]),
);

/** @throws RangeError for a name that is not in the table (a programming mistake). */
export function transactionNamed(name: TransactionName): Transaction {
  const transaction = byName.get(name);
  if (transaction === undefined) throw new RangeError(`no transaction ${name}`);
  return transaction;
}
