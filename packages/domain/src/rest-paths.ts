// Every path of a hospital's gateway, once: its routes are made of this table, and so are the requests of the trainer
// and of other clients. Paths of the trainer's own service are in `local-routes.ts`.
import type { TransactionName } from './transactions.ts';

/** What every path below begins with at the gateway. */
export const API_PREFIX = '/v1';

const study = '/studies/{studyId}';
const consent = `${study}/consents/{datasetId}` as const;
const motion = `${study}/motions/{motion}` as const;
const round = `${study}/rounds/{round}` as const;
const update = `${round}/updates/{datasetId}` as const;

/** The path of each transaction; those that share one differ in method: submissions are POST, questions GET. */
export const LEDGER_PATHS = {
  'member:register': '/members',
  'member:rotateKey': '/members/rotate-key',
  'member:leave': '/members/leave',
  'member:vote': '/members/{mspId}/votes',
  'member:listVotes': '/members/{mspId}/votes',
  'member:listDepartures': '/departures',
  'member:list': '/members',
  'member:get': '/members/{mspId}',
  'population:register': '/populations',
  'population:list': '/populations',
  'population:get': '/populations/{populationId}',
  'population:listBlocks': '/populations/{populationId}/blocks',
  'population:retireBlock': '/populations/{populationId}/blocks/{block}/retire',
  'dataset:register': '/datasets',
  'dataset:list': '/datasets',
  'dataset:get': '/datasets/{datasetId}',
  'dataset:revise': '/datasets/{datasetId}/revisions',
  'dataset:listRevisions': '/datasets/{datasetId}/revisions',
  'privacy:getBudget': '/datasets/{datasetId}/budgets/{pool}',
  'privacy:listEvents': '/datasets/{datasetId}/privacy-events',
  'study:propose': '/studies',
  'study:list': '/studies',
  'study:listShort': '/short-studies',
  'study:get': study,
  'study:start': `${study}/start`,
  'study:abort': `${study}/abort`,
  'study:retire': `${study}/retire`,
  'study:consent': `${study}/consents`,
  'study:listConsents': `${study}/consents`,
  'study:getConsent': consent,
  'study:approveConsent': `${consent}/approve`,
  'study:decline': `${consent}/decline`,
  'study:listDeclines': `${study}/declines`,
  'study:withdraw': `${consent}/withdraw`,
  'study:settle': `${consent}/settle`,
  'study:recordKeys': `${study}/keys`,
  'study:listKeys': `${study}/keys/{datasetId}`,
  'study:attestErasure': `${consent}/erasures`,
  'study:getRecord': `${study}/record`,
  'study:listErasures': `${study}/erasures`,
  'privacy:quote': `${consent}/quote`,
  'study:listOpenConsents': '/members/{mspId}/open-consents',
  'motion:move': `${study}/motions`,
  'motion:list': `${study}/motions`,
  'motion:get': motion,
  'motion:vote': `${motion}/votes`,
  'round:open': `${study}/rounds`,
  'round:list': `${study}/rounds`,
  'round:get': round,
  'round:getDossier': `${round}/dossier`,
  'round:recordUpdate': `${round}/updates`,
  'round:getUpdate': update,
  'round:getReceipt': `${update}/receipt`,
  'round:close': `${round}/close`,
  'round:commitScore': `${round}/score-commitments`,
  'round:recordVerdict': `${round}/verdicts`,
  'round:getVerdict': `${round}/verdicts/{mspId}`,
  'round:tally': `${round}/tally`,
  'round:attest': `${round}/attestations`,
  'round:finalize': `${round}/finalize`,
  'round:abort': `${round}/abort`,
  'round:getContributions': `${round}/contributions`,
  'round:reportEquivocation': `${round}/equivocations`,
  'round:listReceipts': `${study}/receipts/{mspId}`,
  'round:listEquivocations': `${study}/equivocations`,
  'model:publish': `${study}/model`,
  'model:get': `${study}/model`,
  'model:getLineage': `${study}/model/lineage`,
  'model:list': '/models',
  'audit:renewPolicies': '/policies/renew',
  'audit:listOldPolicies': '/policies/old/{kind}',
  'audit:listActivities': '/audit/activities/{by}',
  'audit:indexStudy': `${study}/activities`,
  /** Completed by what identifies a row of the noun: `/audit/round/{studyId}/{round}`. */
  'audit:getHistory': '/audit/{noun}',
} as const satisfies Record<TransactionName, string>;

/** What a gateway answers of itself and of the ledger as a whole. */
export const GATEWAY_PATHS = {
  ledger: '/ledger',
  witnessStatement: '/ledger/witness-statement',
  attention: '/attention',
  blocks: '/blocks',
  block: '/blocks/{number}',
  transactions: '/transactions',
  transaction: '/transactions/{transactionId}',
  transactionRows: '/transactions/{transactionId}/rows',
  unsignedTransactions: '/unsigned-transactions',
  endorsementOfUnsigned: '/unsigned-transactions/{transactionId}/endorsement',
  submissionOfUnsigned: '/unsigned-transactions/{transactionId}/submission',
  operation: '/operations/{operationId}',
  events: '/events',
  metricsOfAccounts: '/account-metrics',
  apiKeys: '/api-keys',
  apiKey: '/api-keys/{keyId}',
  apiKeyRotation: '/api-keys/{keyId}/rotate',
  webhooks: '/webhooks',
  webhook: '/webhooks/{webhookId}',
  webhookReplay: '/webhooks/{webhookId}/replay',
  webhookSecret: '/webhooks/{webhookId}/rotate-secret',
  webhookDeadLetters: '/webhooks/{webhookId}/dead-letters',
  webhookRedelivery: '/webhooks/{webhookId}/redeliver',
  evidenceOfStudy: '/evidence/studies/{studyId}',
  evidenceOfDataset: '/evidence/datasets/{datasetId}',
  evidenceOfModel: '/evidence/models/{studyId}',
  evidenceOfTransaction: '/evidence/transactions/{transactionId}',
} as const;

/** Where a gateway answers the questions of compliance teams, each in one request. */
export const QUESTION_PATHS = {
  usesOfDataset: '/questions/datasets/{datasetId}/uses',
  usesOfPopulation: '/questions/populations/{populationId}/uses',
  originsOfModel: '/questions/models/{studyId}/origins',
  refusalsOfHospital: '/questions/hospitals/{mspId}/refusals',
  studiesOfPurpose: '/questions/purposes/{purpose}/studies',
  budgets: '/questions/budgets',
  withdrawals: '/questions/withdrawals',
  actsOfDay: '/questions/days/{day}',
} as const;

type Names<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Names<Rest>
  : never;
/** What fills a path. */
export type PathValues<Path extends string> = Readonly<Record<Names<Path>, string | number>>;

/**
 * A path with its places filled, each value as one segment: '/studies/heart/rounds/3'.
 *
 * @throws RangeError for a place that is not given (a programming mistake)
 */
export function fillPath<Path extends string>(path: Path, values: PathValues<Path>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = (values as Readonly<Record<string, string | number | undefined>>)[name];
    if (value === undefined) throw new RangeError(`${path} needs ${name}`);
    return encodeURIComponent(String(value));
  });
}

/** The path of a transaction below `API_PREFIX`, filled. */
export const ledgerPath = <Name extends TransactionName>(
  name: Name,
  values: PathValues<(typeof LEDGER_PATHS)[Name]>,
): string => fillPath<(typeof LEDGER_PATHS)[Name]>(LEDGER_PATHS[name], values);

/** The places in a path, in their order. */
export const placesOf = (path: string): string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string);
