// Written by scripts/write-documentation.sh from docs/reference/openapi.json. Do not edit.

/** Where nothing is given. */
export type Nothing = Readonly<Record<string, never>>;

/** `Activity` of the OpenAPI document. */
export interface Activity {
  /** Version of the row's form. */
  readonly schema: number;
  /** UTC time, RFC 3339. */
  readonly at: string;
  readonly transactionId: string;
  /** What was done, as `contract:function`. */
  readonly transaction: string;
  /** The organisation that did it. */
  readonly mspId: string;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId?: string;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId?: string;
  readonly round?: number;
}

/** For kind amend, and only for it. */
export interface Amendment {
  /** More rounds. Each hospital reserves them with its vote. */
  readonly rounds?: number;
  readonly roundDeadlineSeconds?: number;
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly validationMinimum?: string;
  readonly quorum?: StudyQuorum;
  /** Datasets that are asked for consent too. */
  readonly addDatasets?: readonly string[];
}

/** Committed. */
export interface ApproveConsentAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  /** Fabric MSP id. */
  readonly owner: string;
  /** The membership of its owner that it was given in. */
  readonly membership?: number;
  /** Enrolment id. */
  readonly steward: string;
  readonly studyVersion: number;
  /** Of the dataset: what is trained on. */
  readonly revision?: number;
  /** Each with how many of its patients are in that revision. Only they are trained on. */
  readonly blocks?: readonly BlockShare[];
  /** How often the dataset had declined the study before this. */
  readonly declines?: number;
  /** UTC time, RFC 3339. */
  readonly approvedAt: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `ApproveConsentRequest` of the OpenAPI document. */
export interface ApproveConsentRequest {
  /** The blocks of patients that it gives; every open one of the dataset's present revision where absent. */
  readonly blocks?: readonly number[];
  /** Digest of the text that was read, from the quote: refused where the study has another. */
  readonly studySha256?: string;
}

/** The ONNX forward graph; a public artefact, not encrypted. */
export interface ArtefactRef {
  /** IPFS content identifier, version 0 or 1 (base32). */
  readonly cid: string;
  /** SHA-256, lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** `AskActsOfDayAnswer` of the OpenAPI document. */
export interface AskActsOfDayAnswer {
  /** In words. */
  readonly question: string;
  /** In sentences. */
  readonly answer: readonly string[];
  /** Transactions, in the order of the ledger. */
  readonly acts: readonly AskActsOfDayAnswerAct[];
  /** Of each table: what each column is, with its unit. */
  readonly meanings: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** How numbers came about, and what is not counted. */
  readonly notes: readonly string[];
  readonly answered: AskUsesOfDatasetAnswerAnswered;
  /** Where the next page begins; absent where the answer is whole. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
}

/** `AskActsOfDayAnswerAct` of the OpenAPI document. */
export interface AskActsOfDayAnswerAct {
  /** Of the transaction, as its sender says. */
  readonly at: string;
  /** MSP id of the sender. */
  readonly mspId: string;
  /** Its title. */
  readonly hospital: string;
  /** Of the sender's certificate. */
  readonly role: string | null;
  /** Name in the sender's certificate. */
  readonly person: string | null;
  /** Its name on the ledger; of other programs of the channel with theirs before it. */
  readonly transaction: string;
  /** As the reference says it. */
  readonly summary: string | null;
  /** Id of the study that it names. */
  readonly studyId: string | null;
  /** Id of the dataset that it names. */
  readonly datasetId: string | null;
  /** Round that it names. */
  readonly round: number | null;
  /** Whether the ledger recorded it as valid. Nothing was written otherwise. */
  readonly tookEffect: boolean;
  /** Fabric's validation code. */
  readonly code: string;
  /** MSP ids of organisations whose peers signed its result. */
  readonly endorsers: readonly string[];
  /** Number of the block that holds it. */
  readonly block: number;
  /** Its id on the channel. */
  readonly transactionId: string;
  /** The row as a sentence. */
  readonly sentence: string;
}

/** `AskBudgetsAnswer` of the OpenAPI document. */
export interface AskBudgetsAnswer {
  /** In words. */
  readonly question: string;
  /** In sentences. */
  readonly answer: readonly string[];
  /** Accounts. */
  readonly accounts: readonly AskBudgetsAnswerAccount[];
  /** How the accounts went. */
  readonly course: readonly AskBudgetsAnswerCourse[];
  /** Of each table: what each column is, with its unit. */
  readonly meanings: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** How numbers came about, and what is not counted. */
  readonly notes: readonly string[];
  readonly answered: AskUsesOfDatasetAnswerAnswered;
  /** Where the next page begins; absent where the answer is whole. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
}

/** `AskBudgetsAnswerAccount` of the OpenAPI document. */
export interface AskBudgetsAnswerAccount {
  /** Id of the people whose account it is. */
  readonly populationId: string;
  /** Block of patients: those whom the population saw for the first time in one revision. */
  readonly block: number;
  /** training: patients trained on. held-out: patients that models are scored on. Nobody is in both. */
  readonly pool: string;
  /** As its owner wrote it. */
  readonly populationTitle: string;
  /** MSP id of its hospital. */
  readonly owner: string;
  /** Title of its hospital. */
  readonly ownerTitle: string;
  /** Whose presence is hidden: a patient with all rows, or one record. */
  readonly unit: string;
  /** For life, for each unit. */
  readonly budgetEpsilon: string;
  /** The small probability that the budget allows. */
  readonly delta: string;
  /** All charges composed, rounded up. */
  readonly spentEpsilon: string;
  /** What running studies may still charge, composed, rounded up. */
  readonly reservedEpsilon: string;
  /** Both composed, which is less than their sum. Rounded up. */
  readonly committedEpsilon: string;
  /** The budget less what is spent and reserved. A study that costs more is refused. */
  readonly leftEpsilon: string;
  /**
   * The measure that the account is held to: Gaussian differential privacy, or Rényi divergence at an
   * order.
   */
  readonly measure: string;
  /** None where nothing was charged. */
  readonly firstChargeAt: string | null;
  /**
   * When the whole budget is spent if charges go on as they came from the first one until now. An
   * estimate, in a straight line in the measure, not in ε. None where there are fewer than two charges.
   */
  readonly goneOn: string | null;
  /** At each of the ledger's orders. */
  readonly spentRdp?: readonly string[];
  /** At each of the ledger's orders. */
  readonly reservedRdp?: readonly string[];
  /** The row as a sentence. */
  readonly sentence: string;
}

/** `AskBudgetsAnswerCourse` of the OpenAPI document. */
export interface AskBudgetsAnswerCourse {
  /** Id of the people whose account it is. */
  readonly populationId: string;
  /** Block of patients: those whom the population saw for the first time in one revision. */
  readonly block: number;
  /** training: patients trained on. held-out: patients that models are scored on. Nobody is in both. */
  readonly pool: string;
  /** When the account came to this state, as the sender of that transaction says. */
  readonly at: string;
  /** All charges until then composed, rounded up. */
  readonly spentEpsilon: string;
  /** Both composed, rounded up. */
  readonly committedEpsilon: string;
  /** The budget less both. */
  readonly leftEpsilon: string;
  /** The row as a sentence. */
  readonly sentence: string;
}

/** `AskBudgetsTable` of the OpenAPI document. */
export type AskBudgetsTable = 'accounts' | 'course';

/** `AskOriginsOfModelAnswer` of the OpenAPI document. */
export interface AskOriginsOfModelAnswer {
  /** In words. */
  readonly question: string;
  /** In sentences. */
  readonly answer: readonly string[];
  /** Datasets that took part. */
  readonly datasets: readonly AskOriginsOfModelAnswerDataset[];
  /** Rounds. */
  readonly rounds: readonly AskOriginsOfModelAnswerRound[];
  /** What the model reads, and what it says. */
  readonly inputs: readonly AskOriginsOfModelAnswerInput[];
  /** Of each table: what each column is, with its unit. */
  readonly meanings: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** How numbers came about, and what is not counted. */
  readonly notes: readonly string[];
  readonly answered: AskUsesOfDatasetAnswerAnswered;
  /** Where the next page begins; absent where the answer is whole. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
}

/** `AskOriginsOfModelAnswerDataset` of the OpenAPI document. */
export interface AskOriginsOfModelAnswerDataset {
  /** Id of the dataset. */
  readonly datasetId: string;
  /** As its owner wrote it. */
  readonly datasetTitle: string;
  /** MSP id of its hospital. */
  readonly owner: string;
  /** Title of its hospital. */
  readonly ownerTitle: string;
  /** Public band of how many patients the revision has that was consented to: at least, and at most. */
  readonly patients: string;
  /** Of the dataset, as consented to. */
  readonly revision: number;
  /** Blocks of patients that were given. */
  readonly blocks: readonly string[];
  /** granted, withdrawn or settled. */
  readonly consent: string;
  /** Time of its transaction, as its sender says. */
  readonly grantedAt: string;
  /** If it is. */
  readonly withdrawnAt: string | null;
  /** Finalised rounds whose aggregate has an update of it. */
  readonly roundsIncluded: number;
  /** Finalised rounds that it took part in and whose aggregate has no update of it. */
  readonly roundsLeftOut: number;
  /** ε of its recorded updates composed, at its budget's δ, for each patient trained on. Rounded up. */
  readonly trainingEpsilon: string | null;
  /** ε of its recorded scores composed, at its budget's δ, for each held-out patient. Rounded up. */
  readonly heldOutEpsilon: string | null;
  /** Of its budget. */
  readonly delta: string;
  /** The row as a sentence. */
  readonly sentence: string;
}

/** `AskOriginsOfModelAnswerInput` of the OpenAPI document. */
export interface AskOriginsOfModelAnswerInput {
  /** Name of the feature that all hospitals share. */
  readonly name: string;
  /** Its title in the dictionary. */
  readonly label: string;
  /** numeric, binary, categorical or code; output for what the model learns to say. */
  readonly kind: string;
  /** Of numbers. */
  readonly unit: string | null;
  /** Bounds of numbers in that unit, or the categories. */
  readonly range: string | null;
  /** In public terminologies. */
  readonly codes: readonly string[];
  /** The row as a sentence. */
  readonly sentence: string;
}

/** `AskOriginsOfModelAnswerRound` of the OpenAPI document. */
export interface AskOriginsOfModelAnswerRound {
  /** Number of the round. */
  readonly round: number;
  /** finalized: its aggregate is part of the model. aborted: nothing of it is. */
  readonly state: string;
  /** As its sender says. */
  readonly openedAt: string;
  /** When it was finalised or given up. */
  readonly endedAt: string | null;
  /** Datasets whose updates are in the aggregate. */
  readonly included: readonly string[];
  /** Datasets whose updates are not in it, with the reasons of those who rejected them. */
  readonly leftOut: readonly string[];
  /** Hospitals whose verdicts accepted the candidate. */
  readonly acceptedBy: readonly string[];
  /** Hospitals whose verdicts did not. */
  readonly rejectedBy: readonly string[];
  /** SHA-256 of the parameters that the hospitals recomputed. */
  readonly aggregateSha256: string | null;
  /** Of a round that was given up: why. */
  readonly reason: string | null;
  /** The row as a sentence. */
  readonly sentence: string;
}

/** `AskOriginsOfModelTable` of the OpenAPI document. */
export type AskOriginsOfModelTable = 'datasets' | 'rounds' | 'inputs';

/** `AskRefusalsOfHospitalAnswer` of the OpenAPI document. */
export interface AskRefusalsOfHospitalAnswer {
  /** In words. */
  readonly question: string;
  /** In sentences. */
  readonly answer: readonly string[];
  /** Refusals, oldest first. */
  readonly refusals: readonly AskRefusalsOfHospitalAnswerRefusal[];
  /** Of each table: what each column is, with its unit. */
  readonly meanings: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** How numbers came about, and what is not counted. */
  readonly notes: readonly string[];
  readonly answered: AskUsesOfDatasetAnswerAnswered;
  /** Where the next page begins; absent where the answer is whole. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
}

/** `AskRefusalsOfHospitalAnswerRefusal` of the OpenAPI document. */
export interface AskRefusalsOfHospitalAnswerRefusal {
  /**
   * One of: study declined, consent withdrawn, model rejected, update rejected, motion refused, member
   * refused.
   */
  readonly kind: string;
  /** Of its transaction, as its sender says. */
  readonly at: string;
  /** Id of the study, if it was about one. */
  readonly studyId: string | null;
  /** As its requester wrote it. */
  readonly studyTitle: string | null;
  /** Own dataset that was not given, or the dataset of the update that was rejected. */
  readonly datasetId: string | null;
  /** Of a verdict. */
  readonly round: number | null;
  /** The kind of reason, if it has a code. */
  readonly code: string | null;
  /** What the code means. */
  readonly codeMeaning: string | null;
  /** What the hospital wrote. */
  readonly reason: string | null;
  /** Enrolment id of the steward, if it is recorded. */
  readonly by: string | null;
  /** The transaction that recorded it. */
  readonly transactionId: string;
  /** The row as a sentence. */
  readonly sentence: string;
}

/** `AskStudiesOfPurposeAnswer` of the OpenAPI document. */
export interface AskStudiesOfPurposeAnswer {
  /** In words. */
  readonly question: string;
  /** In sentences. */
  readonly answer: readonly string[];
  /** Studies that ran. */
  readonly studies: readonly AskStudiesOfPurposeAnswerStudy[];
  /** Of each table: what each column is, with its unit. */
  readonly meanings: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** How numbers came about, and what is not counted. */
  readonly notes: readonly string[];
  readonly answered: AskUsesOfDatasetAnswerAnswered;
  /** Where the next page begins; absent where the answer is whole. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
}

/** `AskStudiesOfPurposeAnswerStudy` of the OpenAPI document. */
export interface AskStudiesOfPurposeAnswerStudy {
  /** Id of the study. */
  readonly studyId: string;
  /** As its requester wrote it. */
  readonly studyTitle: string;
  /** MSP id. */
  readonly requester: string;
  /** Its title. */
  readonly requesterTitle: string;
  /** As of the block of this answer. */
  readonly state: string;
  /** As its sender says. */
  readonly startedAt: string;
  /** With a model, or without one. */
  readonly endedAt: string | null;
  /** Rounds that were open at some time of the period. */
  readonly rounds: number;
  /** When the first of these rounds opened. */
  readonly firstRoundAt: string;
  /** MSP ids of those whose datasets took part in these rounds. */
  readonly hospitals: readonly string[];
  /** Datasets that took part in these rounds. */
  readonly datasets: readonly string[];
  /** The row as a sentence. */
  readonly sentence: string;
}

/** `AskUsesOfDatasetAnswer` of the OpenAPI document. */
export interface AskUsesOfDatasetAnswer {
  /** In words. */
  readonly question: string;
  /** In sentences. */
  readonly answer: readonly string[];
  /** Each use: a consent of a dataset to a study. */
  readonly uses: readonly AskUsesOfDatasetAnswerUse[];
  /** What all uses together cost. */
  readonly accounts: readonly AskUsesOfDatasetAnswerAccount[];
  /** Of each table: what each column is, with its unit. */
  readonly meanings: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** How numbers came about, and what is not counted. */
  readonly notes: readonly string[];
  readonly answered: AskUsesOfDatasetAnswerAnswered;
  /** Where the next page begins; absent where the answer is whole. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
}

/** `AskUsesOfDatasetAnswerAccount` of the OpenAPI document. */
export interface AskUsesOfDatasetAnswerAccount {
  /** Id of the people. */
  readonly populationId: string;
  /** Block of patients. */
  readonly block: number;
  /** training: patients trained on. held-out: patients that models are scored on. */
  readonly pool: string;
  /** For life, for each patient. */
  readonly budgetEpsilon: string;
  /** The small probability that the budget allows. */
  readonly delta: string;
  /** All charges of all studies composed, rounded up. */
  readonly spentEpsilon: string;
  /** The budget less what is spent and reserved. */
  readonly leftEpsilon: string;
  /** The row as a sentence. */
  readonly sentence: string;
}

/** `AskUsesOfDatasetAnswerAnswered` of the OpenAPI document. */
export interface AskUsesOfDatasetAnswerAnswered {
  /** The last block that the answer knows. */
  readonly block: number;
  /** The time of the latest transaction that took effect, as its sender says; null before the first. */
  readonly at: string | null;
  /** Organisations whose peers sent the same blocks. */
  readonly organisations: readonly AskUsesOfDatasetAnswerAnsweredOrganisation[];
  /** The same in words. */
  readonly sentence: string;
}

/** `AskUsesOfDatasetAnswerAnsweredOrganisation` of the OpenAPI document. */
export interface AskUsesOfDatasetAnswerAnsweredOrganisation {
  readonly mspId: string;
  readonly title: string;
}

/** `AskUsesOfDatasetAnswerUse` of the OpenAPI document. */
export interface AskUsesOfDatasetAnswerUse {
  /** Id of the study. */
  readonly studyId: string;
  /** As its requester wrote it. */
  readonly studyTitle: string;
  /** Id of the dataset that was used. */
  readonly datasetId: string;
  /** As its owner wrote it. */
  readonly datasetTitle: string;
  /** MSP id of the organisation whose researcher proposed the study. */
  readonly requester: string;
  /** Its title. */
  readonly requesterTitle: string;
  /** Code of the Data Use Ontology (GA4GH DUO). */
  readonly purpose: string;
  /** What the ontology calls it. */
  readonly purposeLabel: string | null;
  /** As of the block of this answer. */
  readonly studyState: string;
  /** granted, withdrawn or settled (what was reserved and not spent is returned). */
  readonly consent: string;
  /** Time of its transaction, as its sender says. */
  readonly grantedAt: string;
  /** Enrolment ids of those who consented. */
  readonly stewards: readonly string[];
  /** Which text of the study was consented to. */
  readonly studyVersion: number;
  /** Revision of the dataset. */
  readonly revision: number;
  /** Blocks of patients that were given. Each of them bears the whole cost. */
  readonly blocks: readonly string[];
  /** Since when the consent is withdrawn, if it is. */
  readonly withdrawnAt: string | null;
  /** How many rounds were charged to the account of patients trained on. */
  readonly trainingCharges: number;
  /**
   * ε of these charges composed, at the budget's δ, for each patient who was trained on. Rounded up.
   * Costs of several uses composed are less than their sum.
   */
  readonly trainingEpsilon: string | null;
  /** How many scores were charged to the account of held-out patients. */
  readonly heldOutCharges: number;
  /** ε of these charges composed, at the budget's δ, for each held-out patient. Rounded up. */
  readonly heldOutEpsilon: string | null;
  /** Rounds that are reserved for this use and not charged yet, of each account at most. */
  readonly roundsReserved: number;
  /** The last round of the model that the study published with updates of this dataset; none without one. */
  readonly modelRound: number | null;
  /** The same cost at each of the ledger's orders. */
  readonly trainingRdp?: readonly string[];
  /** The same cost at each of the ledger's orders. */
  readonly heldOutRdp?: readonly string[];
  /** The row as a sentence. */
  readonly sentence: string;
}

/** `AskUsesOfDatasetFormat` of the OpenAPI document. */
export type AskUsesOfDatasetFormat = 'json' | 'csv' | 'ndjson' | 'html';

/** `AskUsesOfDatasetTable` of the OpenAPI document. */
export type AskUsesOfDatasetTable = 'uses' | 'accounts';

/** `AskWithdrawalsAnswer` of the OpenAPI document. */
export interface AskWithdrawalsAnswer {
  /** In words. */
  readonly question: string;
  /** In sentences. */
  readonly answer: readonly string[];
  /** Withdrawn consents. */
  readonly withdrawals: readonly AskWithdrawalsAnswerWithdrawal[];
  /** Erasures, hospital by hospital. */
  readonly erasures: readonly AskWithdrawalsAnswerErasure[];
  /** Of each table: what each column is, with its unit. */
  readonly meanings: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** How numbers came about, and what is not counted. */
  readonly notes: readonly string[];
  readonly answered: AskUsesOfDatasetAnswerAnswered;
  /** Where the next page begins; absent where the answer is whole. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
}

/** `AskWithdrawalsAnswerErasure` of the OpenAPI document. */
export interface AskWithdrawalsAnswerErasure {
  /** Id of the study. */
  readonly studyId: string;
  /** Id of the dataset. */
  readonly datasetId: string;
  /** MSP id of who could read the updates. */
  readonly mspId: string;
  /** Its title. */
  readonly hospitalTitle: string;
  /** done: it said that it erased them. owed: it has not. overdue: it has not, and is late. */
  readonly state: string;
  /** When it said so. */
  readonly attestedAt: string | null;
  /** How many updates it said that it erased. */
  readonly artefacts: number;
  /** Of these, how many something at the hospital still keeps, by its own word: in IPFS, or keys. */
  readonly incomplete: number;
  /** The row as a sentence. */
  readonly sentence: string;
}

/** `AskWithdrawalsAnswerWithdrawal` of the OpenAPI document. */
export interface AskWithdrawalsAnswerWithdrawal {
  /** Id of the study. */
  readonly studyId: string;
  /** As its requester wrote it. */
  readonly studyTitle: string;
  /** Id of the dataset. */
  readonly datasetId: string;
  /** As its owner wrote it. */
  readonly datasetTitle: string;
  /** MSP id of its hospital. */
  readonly owner: string;
  /** Title of its hospital. */
  readonly ownerTitle: string;
  /** As its sender says. */
  readonly grantedAt: string;
  /** As its sender says. */
  readonly withdrawnAt: string;
  /** What the hospital wrote. */
  readonly reason: string | null;
  /** Rounds of which an update of the dataset is recorded. */
  readonly roundsBefore: number;
  /** Finalised rounds whose aggregate has an update of it, and keeps it. */
  readonly roundsInModel: number;
  /** When what was reserved and not spent was returned to the accounts; none: it is still reserved. */
  readonly settledAt: string | null;
  /**
   * none: the study has published none. without: no update of the dataset is in it. kept: it has updates
   * of it and goes on being offered, as the study said beforehand. retired: it has, and is not to be
   * used any more.
   */
  readonly model: string;
  /** Until when each hospital that could read the updates is to say that it erased its copies and keys. */
  readonly erasureDueAt: string;
  /** MSP ids of hospitals that said so. */
  readonly done: readonly string[];
  /** MSP ids of hospitals that have not said so. */
  readonly owed: readonly string[];
  /** Whether what is owed is late, by the clock of this gateway. */
  readonly isOverdue: boolean;
  /** The row as a sentence. */
  readonly sentence: string;
}

/** `AskWithdrawalsTable` of the OpenAPI document. */
export type AskWithdrawalsTable = 'withdrawals' | 'erasures';

/** Committed. */
export interface AttestAggregateAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  /** SHA-256, lower-case hex. */
  readonly parametersSha256: string;
  /** Fabric MSP id. */
  readonly mspId: string;
  /** UTC time, RFC 3339. */
  readonly attestedAt: string;
  /** SHA-256 of the public key that signed this. */
  readonly signerSha256?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `AttestAggregateRequest` of the OpenAPI document. */
export interface AttestAggregateRequest {
  /** SHA-256, lower-case hex. */
  readonly parametersSha256: string;
}

/** Committed. */
export interface AttestErasureAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly artefacts: readonly AttestErasureAnswerArtefact[];
  /** Fabric MSP id. */
  readonly mspId: string;
  /** UTC time, RFC 3339. */
  readonly attestedAt: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `AttestErasureAnswerArtefact` of the OpenAPI document. */
export interface AttestErasureAnswerArtefact {
  readonly round: number;
  /** The update's artefact, by its hash on the ledger. */
  readonly sha256: string;
  /** Whether nothing at this hospital keeps it in IPFS any more. */
  readonly unpinned: boolean;
  /** Whether this hospital's copies of the keys that open it, and what it opened, are destroyed. */
  readonly keysDestroyed: boolean;
}

/** `AttestErasureRequest` of the OpenAPI document. */
export interface AttestErasureRequest {
  readonly artefacts: readonly AttestErasureAnswerArtefact[];
}

/** `Attestation` of the OpenAPI document. */
export interface Attestation {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  /** SHA-256, lower-case hex. */
  readonly parametersSha256: string;
  /** Fabric MSP id. */
  readonly mspId: string;
  /** UTC time, RFC 3339. */
  readonly attestedAt: string;
  /** SHA-256 of the public key that signed this. */
  readonly signerSha256?: string;
}

/** `Block` of the OpenAPI document. */
export interface Block {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly populationId: string;
  /** Blocks of a population are numbered from 1. */
  readonly block: number;
  /** Fabric MSP id. */
  readonly owner: string;
  /** How many patients it had when it was opened. */
  readonly recordCountBand: RecordCountBand;
  /**
   * Digest of the sorted salted ids of the block's patients: without the salt it tells nobody who they
   * are. Blocks of datasets that name no patients have none.
   */
  readonly patientsSha256?: string;
  /** UTC time, RFC 3339. */
  readonly openedAt: string;
  readonly state: BlockState;
  /** UTC time, RFC 3339. */
  readonly retiredAt?: string;
  readonly reason?: string;
}

/** `BlockQuote` of the OpenAPI document. */
export interface BlockQuote {
  /** Blocks of a population are numbered from 1. */
  readonly block: number;
  readonly recordCountBand: RecordCountBand;
  readonly state: BlockState;
  /** Whether the consent would be about it. */
  readonly asked: boolean;
  /** Each account's ε once this is reserved. */
  readonly committedAfter: ConsentClaimedEpsilon;
  /** What each account has left before it. */
  readonly left: ConsentClaimedEpsilon;
  /** Whether both accounts can bear it. Retired ones bear nothing new. */
  readonly fits: boolean;
}

/** `BlockShare` of the OpenAPI document. */
export interface BlockShare {
  /** Blocks of a population are numbered from 1. */
  readonly block: number;
  readonly recordCountBand: RecordCountBand;
}

/** retired: no new consent may name it. What it has reserved goes on. */
export type BlockState = 'open' | 'retired';

/** The same sums as μ², of accounts that add up so. */
export interface BudgetStatementGaussian {
  readonly spent: string;
  readonly reserved: string;
}

/** `CastVoteRequest` of the OpenAPI document. */
export interface CastVoteRequest {
  readonly accept: boolean;
  /** For more rounds: what they cost each own consenting dataset, at least. */
  readonly claims?: readonly CastVoteRequestClaim[];
}

/** `CastVoteRequestClaim` of the OpenAPI document. */
export interface CastVoteRequestClaim {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly claimedEpsilon: ConsentClaimedEpsilon;
}

/** Committed. */
export interface CommitScoreAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  /**
   * SHA-256 of the score as its trainer wrote it down, with 32 secret random bytes: it tells nothing of
   * what is counted.
   */
  readonly scoreSha256: string;
  /** Fabric MSP id. */
  readonly owner: string;
  /** UTC time, RFC 3339. */
  readonly committedAt: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `CommitScoreRequest` of the OpenAPI document. */
export interface CommitScoreRequest {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  /**
   * SHA-256 of the score as its trainer wrote it down, with 32 secret random bytes: it tells nothing of
   * what is counted.
   */
  readonly scoreSha256: string;
}

/** Compared. */
export interface CompareWitnessStatementAnswer {
  readonly result: CompareWitnessStatementAnswerResult;
  /** The same in words. */
  readonly text: string;
}

/**
 * same: its gateway saw this history. ahead: it is kept until this gateway is there. two: orderers
 * signed two histories, which is an alarm. other: another block, by orderers that are not known here.
 * refused: it does not count.
 */
export type CompareWitnessStatementAnswerResult = 'same' | 'ahead' | 'two' | 'other' | 'refused';

/** `Consent` of the OpenAPI document. */
export interface Consent {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  /** Fabric MSP id. */
  readonly owner: string;
  /** The membership of its owner that it was given in. */
  readonly membership?: number;
  readonly state: ConsentState;
  readonly claimedEpsilon: ConsentClaimedEpsilon;
  readonly costPerRound: ConsentCostPerRound;
  readonly gaussianPerRound?: ConsentGaussianPerRound;
  readonly rounds: number;
  /** UTC time, RFC 3339. */
  readonly grantedAt: string;
  /** UTC time, RFC 3339. */
  readonly withdrawnAt?: string;
  /**
   * The round whose candidate its owner could have scored, and had not judged, at the withdrawal; 0 for
   * none.
   */
  readonly scorableRound?: number;
  /** UTC time, RFC 3339. */
  readonly settledAt?: string;
  readonly reason?: string;
  /** The text consented to. */
  readonly studyVersion?: number;
  /** Enrolment ids of those who consented. */
  readonly stewards?: readonly string[];
  /** Digest of the text consented to: the study's fields as proposed, in canonical JSON. */
  readonly studySha256?: string;
  /** Digest of what of that text no amendment changes; updates and scores are held to it. */
  readonly planSha256?: string;
  /** Of the dataset: what is trained on. */
  readonly revision?: number;
  /** Each with how many of its patients are in that revision. Only they are trained on. */
  readonly blocks?: readonly BlockShare[];
}

/** `ConsentClaimedEpsilon` of the OpenAPI document. */
export interface ConsentClaimedEpsilon {
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly training: string;
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly heldOut: string;
}

/** `ConsentCostPerRound` of the OpenAPI document. */
export interface ConsentCostPerRound {
  readonly training: readonly string[];
  readonly heldOut: readonly string[];
}

/** The same cost as μ². */
export interface ConsentGaussianPerRound {
  readonly training: string;
  readonly heldOut: string;
}

/**
 * How many patients of the revision the study would get: of all blocks, of those that fit, of those
 * asked for.
 */
export interface ConsentQuotePatients {
  readonly all: ConsentQuotePatientsAll;
  readonly fitting: ConsentQuotePatientsAll;
  readonly asked: ConsentQuotePatientsAll;
}

/** `ConsentQuotePatientsAll` of the OpenAPI document. */
export interface ConsentQuotePatientsAll {
  readonly low: number;
  readonly high: number;
}

/** Whose consent it takes, and who has approved. */
export interface ConsentQuoteStewards {
  /** How many stewards the dataset asks for. */
  readonly needed: number;
  /** Those whose approval of this text and of the blocks asked for counts now. */
  readonly approved: readonly string[];
}

/** `ConsentState` of the OpenAPI document. */
export type ConsentState = 'granted' | 'withdrawn' | 'settled';

/** `Contribution` of the OpenAPI document. */
export interface Contribution {
  /** Fabric MSP id. */
  readonly mspId: string;
  /** Its datasets of which an update was included. */
  readonly included: readonly string[];
  /** Its public weight among the included updates, from 0 to 1. */
  readonly share: string;
  /**
   * The round's gain in pooled accuracy on the other hospitals' held-out patients; null where too few
   * scored.
   */
  readonly gain: string | null;
  /** The gain's standard error from the scores' noise alone. */
  readonly standardError: string | null;
  /** share times gain. */
  readonly contribution: string | null;
  /** Whether the gain is more than two standard errors of noise away from 0. */
  readonly distinguishable: boolean;
}

/** Made. */
export interface CreateApiKeyAnswer {
  readonly id: string;
  readonly role: string;
  /** Whose certificate signs. */
  readonly person?: string;
  /** All that the role may, where absent. */
  readonly scopes?: readonly string[];
  readonly createdAt?: string;
  /** It does not end, where absent. */
  readonly expiresAt?: string;
  /** Shown this once. */
  readonly key: string;
}

/** `CreateApiKeyRequest` of the OpenAPI document. */
export interface CreateApiKeyRequest {
  readonly role: CreateApiKeyRequestRole;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly id?: string;
  /** Letters, digits, dots, hyphens and underscores. */
  readonly person?: string;
  readonly scopes?: readonly CreateApiKeyRequestScope[];
  /** A time in UTC such as 2027-01-31T00:00:00Z. */
  readonly expiresAt?: string;
}

/** `CreateApiKeyRequestRole` of the OpenAPI document. */
export type CreateApiKeyRequestRole = 'operator' | 'steward' | 'researcher' | 'trainer' | 'auditor';

/** `CreateApiKeyRequestScope` of the OpenAPI document. */
export type CreateApiKeyRequestScope = 'read' | 'submit' | 'local' | 'events' | 'webhooks' | 'keys';

/** `Dataset` of the OpenAPI document. */
export interface Dataset {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly title: string;
  /**
   * The people it is about: a population of the same owner. Absent: one of the dataset's own comes with
   * it.
   */
  readonly populationId?: string;
  readonly dictionary: Dictionary;
  readonly recordCountBand: RecordCountBand;
  readonly terms: DatasetTerms;
  /** CID of the canonical rows under a secret salt; nothing is uploaded. */
  readonly commitment: string;
  readonly privacyBudget: DatasetPrivacyBudget;
  readonly accounting?: DatasetAccounting;
  readonly consentPolicy?: DatasetConsentPolicy;
  /** Fabric MSP id. */
  readonly owner: string;
  /** UTC time, RFC 3339. */
  readonly registeredAt: string;
  /** The present revision; the first where absent. */
  readonly revision?: number;
}

/** How the accounts of training patients add up; renyi where absent. As the budget. */
export interface DatasetAccounting {
  readonly kind: DatasetAccountingKind;
  /** Of renyi: the order that decides what fits; the best for the budget where absent. */
  readonly order?: number;
}

/**
 * renyi: any sampling rate. gaussian: sampling rate 1 only, by a closed form that costs 7 to 10 % less
 * ε.
 */
export type DatasetAccountingKind = 'renyi' | 'gaussian';

/** `DatasetConsentPolicy` of the OpenAPI document. */
export interface DatasetConsentPolicy {
  /** How many of its stewards must consent; 1 where absent. */
  readonly stewards: number;
}

/** `DatasetErasures` of the OpenAPI document. */
export interface DatasetErasures {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  /** UTC time, RFC 3339. */
  readonly withdrawnAt: string;
  /** From then on what is owed is overdue. */
  readonly dueAt: string;
  readonly done: readonly Erasure[];
  /** Hospitals that could read its updates and have not attested. */
  readonly owed: readonly string[];
  /** Those of them that are late. */
  readonly overdue: readonly string[];
}

/** `DatasetPrivacyBudget` of the OpenAPI document. */
export interface DatasetPrivacyBudget {
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly epsilon: string;
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly delta: string;
  readonly unit: StudyUnit;
}

/** `DatasetSummary` of the OpenAPI document. */
export interface DatasetSummary {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly title: string;
  /**
   * The people it is about: a population of the same owner. Absent: one of the dataset's own comes with
   * it.
   */
  readonly populationId?: string;
  readonly recordCountBand: RecordCountBand;
  readonly privacyBudget: DatasetPrivacyBudget;
  /** Fabric MSP id. */
  readonly owner: string;
  /** UTC time, RFC 3339. */
  readonly registeredAt: string;
  /** The present revision; the first where absent. */
  readonly revision?: number;
  readonly purposes: readonly StudyPurpose[];
  /** UTC time, RFC 3339. */
  readonly expiresAt?: string;
}

/** `DatasetTerms` of the OpenAPI document. */
export interface DatasetTerms {
  readonly purposes: readonly StudyPurpose[];
  /** Who may propose studies; every member where absent. */
  readonly allowedMembers?: readonly string[];
  /** UTC time, RFC 3339. */
  readonly expiresAt?: string;
}

/** `Decision` of the OpenAPI document. */
export type Decision = DecisionAccept | DecisionReject;

/** `DecisionAccept` of the OpenAPI document. */
export interface DecisionAccept {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly decision: 'accept';
}

/** `DecisionReject` of the OpenAPI document. */
export interface DecisionReject {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly decision: 'reject';
  readonly reason: RoundExcludedRejectedByReason;
}

/** `Decline` of the OpenAPI document. */
export interface Decline {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly code: DeclineStudyAnswerCode;
  readonly reason: string;
  /** Fabric MSP id. */
  readonly owner: string;
  /** Enrolment id. */
  readonly steward: string;
  /** The text declined. */
  readonly studyVersion: number;
  /** How often the dataset has declined the study with this. */
  readonly number: number;
  /** UTC time, RFC 3339. */
  readonly declinedAt: string;
}

/** Committed. */
export interface DeclineStudyAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly code: DeclineStudyAnswerCode;
  readonly reason: string;
  /** Fabric MSP id. */
  readonly owner: string;
  /** Enrolment id. */
  readonly steward: string;
  /** The text declined. */
  readonly studyVersion: number;
  /** How often the dataset has declined the study with this. */
  readonly number: number;
  /** UTC time, RFC 3339. */
  readonly declinedAt: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** What kind of reason it is. */
export type DeclineStudyAnswerCode = 'purpose' | 'privacy-cost' | 'ethics' | 'data' | 'capacity' | 'other';

/** `DeclineStudyRequest` of the OpenAPI document. */
export interface DeclineStudyRequest {
  readonly code: DeclineStudyAnswerCode;
  readonly reason: string;
}

/** Where the vote decided: the membership that ended with it. Studies that wait now: study:listShort. */
export interface Departure {
  /** Version of the row's form. */
  readonly schema: number;
  /** Fabric MSP id. */
  readonly mspId: string;
  /** Which membership of the organisation: 1, also where absent, is the first. */
  readonly membership: number;
  /** UTC time, RFC 3339. */
  readonly leftAt: string;
  readonly by: MemberLeftBy;
  readonly reason: string;
}

/** `Dictionary` of the OpenAPI document. */
export interface Dictionary {
  readonly version: 1;
  /** Whether the first line of the file names the columns. */
  readonly header: boolean;
  /** Required where header is false. */
  readonly columns?: readonly string[];
  /** The column that identifies a patient; null where every row is another patient. */
  readonly patientId: string | null;
  readonly missing: readonly string[];
  readonly features: readonly Feature[];
  readonly label: DictionaryLabel;
  readonly maxRowsPerPatient: number;
}

/** `DictionaryLabel` of the OpenAPI document. */
export interface DictionaryLabel {
  readonly column: string;
  readonly title: string;
  readonly rule: LabelRule;
}

/** Endorsed, and to be signed. */
export interface EndorseTransactionAnswer {
  readonly transactionId: string;
  /** The bytes to sign, in base64. */
  readonly message: string;
  /** Their SHA-256, for a card that signs digests. */
  readonly sha256: string;
  /** Until when the signature is waited for. */
  readonly expiresAt: string;
  /** The row that the ledger will hold, once this is submitted. */
  readonly result: unknown;
}

/** `EndorseTransactionRequest` of the OpenAPI document. */
export interface EndorseTransactionRequest {
  /** Of the decoded `message`: ECDSA over SHA-256 in DER, or Ed25519. In base64. */
  readonly signature: string;
}

/** `Equivocation` of the OpenAPI document. */
export interface Equivocation {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  /** Who signed both statements. */
  readonly mspId: string;
  readonly statement: EquivocationStatement;
  /** SHA-256 of the public key that signed both. */
  readonly signerSha256: string;
  /** SHA-256 of the statement on the ledger, in canonical JSON. */
  readonly recordedSha256: string;
  /** SHA-256 of the other, in canonical JSON. */
  readonly contradictingSha256: string;
  readonly contradictingTransactionId: string;
  readonly proposal: string;
  readonly signature: string;
  /** Fabric MSP id. */
  readonly reportedBy: string;
  /** UTC time, RFC 3339. */
  readonly reportedAt: string;
}

/** `EquivocationStatement` of the OpenAPI document. */
export type EquivocationStatement = 'verdict' | 'attestation';

/** `Erasure` of the OpenAPI document. */
export interface Erasure {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly artefacts: readonly AttestErasureAnswerArtefact[];
  /** Fabric MSP id. */
  readonly mspId: string;
  /** UTC time, RFC 3339. */
  readonly attestedAt: string;
}

/** `Feature` of the OpenAPI document. */
export type Feature = FeatureNumeric | FeatureBinary | FeatureCategorical | FeatureCode;

/** `FeatureBinary` of the OpenAPI document. */
export interface FeatureBinary {
  /** The name all hospitals share: a letter from a to z, then letters, digits and _. */
  readonly name: string;
  readonly column?: string;
  readonly title?: string;
  readonly missing?: readonly string[];
  /** Codes in public terminologies, for example {"loinc": "2093-3"}. */
  readonly codes?: Readonly<Record<string, unknown>>;
  readonly kind: 'binary';
}

/** `FeatureCategorical` of the OpenAPI document. */
export interface FeatureCategorical {
  /** The name all hospitals share: a letter from a to z, then letters, digits and _. */
  readonly name: string;
  readonly column?: string;
  readonly title?: string;
  readonly missing?: readonly string[];
  /** Codes in public terminologies, for example {"loinc": "2093-3"}. */
  readonly codes?: Readonly<Record<string, unknown>>;
  readonly kind: 'categorical';
  readonly categories: readonly string[];
}

/** `FeatureCode` of the OpenAPI document. */
export interface FeatureCode {
  /** The name all hospitals share: a letter from a to z, then letters, digits and _. */
  readonly name: string;
  readonly column?: string;
  readonly title?: string;
  readonly missing?: readonly string[];
  /** Codes in public terminologies, for example {"loinc": "2093-3"}. */
  readonly codes?: Readonly<Record<string, unknown>>;
  readonly kind: 'code';
  /** In the order of the codes 0, 1, ... that an embedding looks up; not known is the code after them. */
  readonly categories: readonly string[];
}

/** `FeatureNumeric` of the OpenAPI document. */
export interface FeatureNumeric {
  /** The name all hospitals share: a letter from a to z, then letters, digits and _. */
  readonly name: string;
  readonly column?: string;
  readonly title?: string;
  readonly missing?: readonly string[];
  /** Codes in public terminologies, for example {"loinc": "2093-3"}. */
  readonly codes?: Readonly<Record<string, unknown>>;
  readonly kind: 'numeric';
  readonly unit: string;
  readonly bounds: FeatureNumericBounds;
  /** The published range scaled to -1..1; the bounds where absent. */
  readonly reference?: FeatureNumericBounds;
}

/** Values outside are refused as mistakes. */
export interface FeatureNumericBounds {
  readonly low: number;
  readonly high: number;
}

/** `FinalizeRoundRequest` of the OpenAPI document. */
export interface FinalizeRoundRequest {
  readonly aggregate: ParametersRef;
}

/** Found. */
export interface GetAttentionAnswer {
  /** The first of GET /v1/short-studies. */
  readonly shortStudies: readonly StudyQuorum2[];
  /** The first of GET /v1/policies/old/{kind}: POST each to /v1/policies/renew. */
  readonly oldPolicies: readonly PolicyRef[];
  /** Whether the lists have no more. */
  readonly complete: boolean;
  /** What was found wrong with the ledger, or with what a peer says of it, and not removed since. */
  readonly alarms: readonly GetAttentionAnswerAlarm[];
}

/** `GetAttentionAnswerAlarm` of the OpenAPI document. */
export interface GetAttentionAnswerAlarm {
  /** Whose peer or gateway it was. */
  readonly mspId: string;
  /** What does not hold, with its place. */
  readonly text: string;
  /** When it was found. */
  readonly since: string;
  /** Whether nothing more of the ledger is indexed until then. */
  readonly stops: boolean;
  /**
   * For how many alarms this one is, which are not kept one by one: of unexplained transactions those
   * after the first hundred alarms. One where absent.
   */
  readonly count?: number;
  /** Of two histories: both headers with the signatures on them, in hexadecimal. */
  readonly headers?: unknown;
}

/** Found. */
export interface GetBudgetAnswer {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly populationId: string;
  /** Blocks of a population are numbered from 1. */
  readonly block: number;
  /** Fabric MSP id. */
  readonly owner: string;
  readonly pool: PrivacyEventPool;
  readonly budget: DatasetPrivacyBudget;
  /** Accounts from before take the best of all orders each time. */
  readonly accounting?: DatasetAccounting;
  readonly spent: readonly string[];
  readonly reserved: readonly string[];
  readonly gaussian?: BudgetStatementGaussian;
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly spentEpsilon: string;
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly reservedEpsilon: string;
  /** Spent and reserved together, composed: less than the sum of the two. */
  readonly committedEpsilon: string;
  /** The budget less what is committed. */
  readonly leftEpsilon: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface GetConsentAnswer {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  /** Fabric MSP id. */
  readonly owner: string;
  /** The membership of its owner that it was given in. */
  readonly membership?: number;
  readonly state: ConsentState;
  readonly claimedEpsilon: ConsentClaimedEpsilon;
  readonly costPerRound: ConsentCostPerRound;
  readonly gaussianPerRound?: ConsentGaussianPerRound;
  readonly rounds: number;
  /** UTC time, RFC 3339. */
  readonly grantedAt: string;
  /** UTC time, RFC 3339. */
  readonly withdrawnAt?: string;
  /**
   * The round whose candidate its owner could have scored, and had not judged, at the withdrawal; 0 for
   * none.
   */
  readonly scorableRound?: number;
  /** UTC time, RFC 3339. */
  readonly settledAt?: string;
  readonly reason?: string;
  /** The text consented to. */
  readonly studyVersion?: number;
  /** Enrolment ids of those who consented. */
  readonly stewards?: readonly string[];
  /** Digest of the text consented to: the study's fields as proposed, in canonical JSON. */
  readonly studySha256?: string;
  /** Digest of what of that text no amendment changes; updates and scores are held to it. */
  readonly planSha256?: string;
  /** Of the dataset: what is trained on. */
  readonly revision?: number;
  /** Each with how many of its patients are in that revision. Only they are trained on. */
  readonly blocks?: readonly BlockShare[];
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface GetContributionsAnswer {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  /** The finalised round that this one started from; null for the first, whose base nobody scored. */
  readonly baseline: number | null;
  readonly hospitals: readonly Contribution[];
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface GetDatasetAnswer {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly title: string;
  /**
   * The people it is about: a population of the same owner. Absent: one of the dataset's own comes with
   * it.
   */
  readonly populationId?: string;
  readonly dictionary: Dictionary;
  readonly recordCountBand: RecordCountBand;
  readonly terms: DatasetTerms;
  /** CID of the canonical rows under a secret salt; nothing is uploaded. */
  readonly commitment: string;
  readonly privacyBudget: DatasetPrivacyBudget;
  readonly accounting?: DatasetAccounting;
  readonly consentPolicy?: DatasetConsentPolicy;
  /** Fabric MSP id. */
  readonly owner: string;
  /** UTC time, RFC 3339. */
  readonly registeredAt: string;
  /** The present revision; the first where absent. */
  readonly revision?: number;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** It serves. */
export interface GetHealthAnswer {
  readonly status: 'ok';
}

/** `GetHeldOutPatientsAs` of the OpenAPI document. */
export type GetHeldOutPatientsAs = 'rows' | 'ids';

/** Found. */
export interface GetLedgerAnswer {
  readonly channel: string;
  readonly mspId: string;
  /** Number of blocks. */
  readonly height: number;
  /** How many of them this gateway checked itself. */
  readonly checked: number;
  /** What gateways of other hospitals signed that they saw of this history, by hospital. */
  readonly witnessed: readonly GetLedgerAnswerWitnessed[];
}

/** `GetLedgerAnswerWitnessed` of the OpenAPI document. */
export interface GetLedgerAnswerWitnessed {
  readonly mspId: string;
  /** The last block of this history that its gateway saw. */
  readonly block?: number;
  /** When it signed that, by its own clock. */
  readonly at?: string;
  /** The last block that it saw, where this gateway is not there yet. */
  readonly ahead?: number;
  /** Why nothing newer is there: no answer, or one that does not count. */
  readonly problem?: string;
}

/** Found. */
export interface GetMemberAnswer {
  /** Version of the row's form. */
  readonly schema: number;
  /** Fabric MSP id. */
  readonly mspId: string;
  readonly title: string;
  /** X25519 public key, 32 bytes in base64url: artefacts for this member are sealed to it. */
  readonly encryptionPublicKey: string;
  /** Absent where the key is from before there were proofs. */
  readonly keyProof?: string;
  /** Which key of the member this is: 1 is the first. */
  readonly keyNumber?: number;
  /** Since when artefacts are sealed to this key. */
  readonly keySince?: string;
  /** UTC time, RFC 3339. */
  readonly registeredAt: string;
  /** Which membership of the organisation: 1, also where absent, is the first. */
  readonly membership?: number;
  readonly left?: MemberLeft;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface GetMemberHistoryAnswer {
  readonly items: readonly RowVersion[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface GetModelAnswer {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly graph: ArtefactRef;
  readonly parameters: ParametersRef;
  readonly round: number;
  /** Every finalised round, oldest first. */
  readonly rounds: readonly number[];
  /** Every dataset of which an update was included. */
  readonly datasets: readonly string[];
  /** Fabric MSP id. */
  readonly publishedBy: string;
  /** UTC time, RFC 3339. */
  readonly publishedAt: string;
  /** Digest of the study, its datasets and consents, and the seals of all its rounds. */
  readonly lineageSha256?: string;
  /** Datasets whose updates are in the model and whose consent was withdrawn. */
  readonly withdrawn?: readonly WithdrawnDataset[];
  /** Since when it is not to be used, as its study said beforehand of a withdrawal. */
  readonly retiredAt?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `GetModelFileLocal` of the OpenAPI document. */
export type GetModelFileLocal = 'true' | 'false';

/** Found. */
export interface GetModelLineageAnswer {
  readonly model: Model;
  readonly study: Study;
  readonly datasets: readonly Dataset[];
  readonly consents: readonly Consent[];
  /** Those whose bands weights follow from, where other revisions were consented to. */
  readonly revisions?: readonly Revision[];
  /** Datasets whose updates are in the model and whose consent was withdrawn. */
  readonly withdrawn?: readonly WithdrawnDataset[];
  readonly rounds: readonly RoundDossier[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface GetMotionAnswer {
  readonly motion: Motion;
  readonly votes: readonly Vote[];
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface GetPopulationAnswer {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly populationId: string;
  readonly title: string;
  /** Of each of its people, for life. It cannot be raised. */
  readonly privacyBudget: DatasetPrivacyBudget;
  /** How the accounts of training patients add up; renyi where absent. */
  readonly accounting?: DatasetAccounting;
  /** What its datasets ask for at least; they may ask for more. */
  readonly consentPolicy?: DatasetConsentPolicy;
  /** Digest of the secret salt that splits patients and hides their ids: it cannot be exchanged unseen. */
  readonly saltSha256?: string;
  /** Fabric MSP id. */
  readonly owner: string;
  /** How many there are; they are numbered from 1. */
  readonly blocks: number;
  /** What is about these people, oldest first. */
  readonly datasets: readonly string[];
  /** UTC time, RFC 3339. */
  readonly registeredAt: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** It can work. */
export interface GetReadinessAnswer {
  readonly status: GetReadinessAnswerStatus;
  readonly checks: readonly GetReadinessAnswerCheck[];
}

/** `GetReadinessAnswerCheck` of the OpenAPI document. */
export interface GetReadinessAnswerCheck {
  readonly name: GetReadinessAnswerCheckName;
  readonly problem?: string;
  readonly serving?: GetReadinessAnswerCheckServing;
}

/** `GetReadinessAnswerCheckName` of the OpenAPI document. */
export type GetReadinessAnswerCheckName =
  | 'peer'
  | 'chaincode'
  | 'endorsement'
  | 'commit'
  | 'history'
  | 'connection'
  | 'api-keys'
  | 'tls';

/** Of `peer`, where the organisation has two: which one serves. */
export type GetReadinessAnswerCheckServing = 'first' | 'second';

/** `GetReadinessAnswerStatus` of the OpenAPI document. */
export type GetReadinessAnswerStatus = 'ready' | 'not ready';

/** Found. */
export interface GetReceiptAnswer {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  /** Fabric MSP id. */
  readonly owner: string;
  readonly outcome: GetReceiptAnswerOutcome;
  readonly cause: GetReceiptAnswerCause | null;
  /** Acceptances that an update needs. */
  readonly needed: number;
  readonly acceptedBy: readonly string[];
  readonly rejectedBy: readonly RoundExcludedRejectedBy[];
  /** Validators that have given no verdict. */
  readonly silent: readonly string[];
  /** SHA-256 of the canonical update row: what the hospital can hold against the ledger. */
  readonly updateSha256: string | null;
  readonly roundState: RoundState;
  /** The ended round's digest of its updates, verdicts and attestations. */
  readonly seal: string | null;
  /** Parameters hash of the aggregate that holds the update. */
  readonly aggregateSha256: string | null;
  readonly abortedBy: string | null;
  readonly reason: string | null;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `GetReceiptAnswerCause` of the OpenAPI document. */
export type GetReceiptAnswerCause = 'rejected' | 'too-few-verdicts' | 'round-aborted' | 'withdrawn';

/** absent: the dataset takes part and no update of it was recorded. */
export type GetReceiptAnswerOutcome = 'pending' | 'included' | 'excluded' | 'absent';

/** Found. */
export interface GetRoundAnswer {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  readonly state: RoundState;
  /** null: the study's graph as proposed. */
  readonly base: ParametersRef | null;
  readonly participants: readonly Participant[];
  /** The members whose verdicts count, in order. */
  readonly validators: readonly string[];
  /** Fabric MSP id. */
  readonly leader: string;
  readonly quorum: RoundQuorum;
  /** UTC time, RFC 3339. */
  readonly openedAt: string;
  /** UTC time, RFC 3339. */
  readonly deadline: string;
  /** Datasets whose updates arrived, at closing. */
  readonly updates?: readonly string[];
  /** From when on there was a candidate to score. */
  readonly closedAt?: string;
  readonly included?: readonly string[];
  /**
   * Datasets whose consent ended before the verdicts were counted: their updates are left out, and a
   * hospital that has no other in the round judges nothing in it.
   */
  readonly withdrawn?: readonly string[];
  readonly excluded?: readonly RoundExcluded[];
  readonly aggregate?: ParametersRef;
  /** UTC time, RFC 3339. */
  readonly finalizedAt?: string;
  readonly reason?: string;
  /** Fabric MSP id. */
  readonly abortedBy?: string;
  /** When the present stage began. */
  readonly stageSince?: string;
  /** Members whose support did not count: they signed two statements. */
  readonly disqualified?: readonly string[];
  /** Digest of its updates, verdicts and attestations, once it has ended. */
  readonly seal?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface GetRoundDossierAnswer {
  readonly round: Round;
  readonly updates: readonly Update[];
  readonly verdicts: readonly Verdict[];
  readonly attestations: readonly Attestation[];
  /** Scores that the ledger names, shown in verdicts or not. */
  readonly scoreCommitments?: readonly ScoreCommitment[];
  /** Where members contradicted themselves. */
  readonly equivocations?: readonly Equivocation[];
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface GetStudyAnswer {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly title: string;
  readonly question: string;
  readonly purpose: StudyPurpose;
  readonly datasets: readonly string[];
  readonly model: StudyModel;
  readonly training: StudyTraining;
  readonly validation: StudyValidation;
  readonly unit: StudyUnit;
  readonly rounds: number;
  readonly aggregation: StudyAggregation;
  readonly averaging?: StudyAveraging;
  readonly quorum: StudyQuorum;
  readonly roundDeadlineSeconds: number;
  /** How long a step is its leader’s alone before others may take over; 0 where absent. */
  readonly leaderSeconds?: number;
  /** How many times the least weight a dataset weighs at most; 10 where absent. */
  readonly weightRatioMax?: number;
  readonly notBefore?: StudyNotBefore;
  readonly afterWithdrawal?: StudyAfterWithdrawal;
  /** How long after its proposal only its requester may retire it; 30 days where absent. */
  readonly startWithinSeconds?: number;
  /** Fabric MSP id. */
  readonly requester: string;
  /**
   * One for each dataset that the study asks for. Older studies have none and weigh by bands without a
   * limit.
   */
  readonly weights?: readonly StudyWeight[];
  readonly state: StudyState;
  /** UTC time, RFC 3339. */
  readonly proposedAt: string;
  /** UTC time, RFC 3339. */
  readonly startedAt?: string;
  /** UTC time, RFC 3339. */
  readonly endedAt?: string;
  readonly reason?: string;
  /** Which text this is: 1 as proposed. */
  readonly version?: number;
  /** UTC time, RFC 3339. */
  readonly pausedAt?: string;
  /** The last motion that changed this; of studies of before, the last one. */
  readonly motions?: number;
  /** notBefore, or what was taken where the text has none; studies of old have none. */
  readonly publicTimes?: StudyNotBefore;
  /** While the study is open: whether enough hospitals consent. */
  readonly quorumNow?: StudyQuorum2;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface GetStudyRecordAnswer {
  readonly study: Study;
  /** Those that consented, as they were consented to. */
  readonly datasets: readonly Dataset[];
  /** As they count: that of an owner that left is withdrawn. */
  readonly consents: readonly Consent[];
  readonly rounds: readonly RoundDossier[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface GetTransactionAnswer {
  readonly transactionId: string;
  /** What it was, for example study:propose. */
  readonly transaction: string;
  readonly state: GetTransactionAnswerState;
  readonly blockNumber: number | null;
  readonly validationCode: string | null;
  /** The row, once committed; null where another gateway sent it. */
  readonly result: unknown;
  readonly recorded: GetTransactionAnswerRecorded | null;
  readonly checked: GetTransactionAnswerChecked | null;
}

/** Up to where the ledger was searched; null where nothing of it was checked yet. */
export interface GetTransactionAnswerChecked {
  /** How many blocks this gateway has checked. */
  readonly blocks: number;
  /** Whose peers sent all of them, and the same. */
  readonly organisations: readonly string[];
}

/** `GetTransactionAnswerRecorded` of the OpenAPI document. */
export interface GetTransactionAnswerRecorded {
  readonly block: number;
  /** Its number within the block, from 0. */
  readonly place: number;
  /** Its time, as its sender says. */
  readonly at: string;
  /** The rules of the consortium, or `_lifecycle`: changes of these rules. */
  readonly chaincode: string;
  /** What it was, for example study:propose. */
  readonly name: string;
  /** What its sender asked; null where it is no JSON. */
  readonly argument: unknown;
  readonly sender: ListTransactionsAnswerItemSender;
  /** Organisations whose peers endorsed it. */
  readonly endorsers: readonly string[];
  /** Rows that it wrote; none where it took no effect. */
  readonly rows: readonly GetTransactionAnswerRecordedRow[];
}

/** `GetTransactionAnswerRecordedRow` of the OpenAPI document. */
export interface GetTransactionAnswerRecordedRow {
  readonly kind: string;
  readonly key: readonly string[];
}

/** sent: not known yet, ask again. invalid: the ledger refused it and nothing was written. */
export type GetTransactionAnswerState = 'sent' | 'committed' | 'invalid';

/** Found. */
export interface GetTransactionRowsAnswer {
  readonly transactionId: string;
  readonly block: number;
  /** Peers invalidate a transaction where one of these changed meanwhile. */
  readonly reads: readonly GetTransactionRowsAnswerRead[];
  readonly writes: readonly GetTransactionRowsAnswerWrite[];
  /** Rows of which it sets who must endorse changes. */
  readonly policies: readonly GetTransactionRowsAnswerPolicy[];
  /** Whether that is all: at most 500 of each are given. */
  readonly complete: boolean;
}

/** `GetTransactionRowsAnswerPolicy` of the OpenAPI document. */
export interface GetTransactionRowsAnswerPolicy {
  readonly chaincode: string;
  /** Of a row of the consortium's rules; null of any other key. */
  readonly kind: string | null;
  /** What identifies it, broad to specific. */
  readonly key: readonly string[];
}

/** `GetTransactionRowsAnswerRead` of the OpenAPI document. */
export interface GetTransactionRowsAnswerRead {
  readonly chaincode: string;
  /** Of a row of the consortium's rules; null of any other key. */
  readonly kind: string | null;
  /** What identifies it, broad to specific. */
  readonly key: readonly string[];
  /** The transaction that wrote what was read; null where there was no such row. */
  readonly version: GetTransactionRowsAnswerReadVersion | null;
}

/** `GetTransactionRowsAnswerReadVersion` of the OpenAPI document. */
export interface GetTransactionRowsAnswerReadVersion {
  readonly block: number;
  readonly place: number;
}

/** `GetTransactionRowsAnswerWrite` of the OpenAPI document. */
export interface GetTransactionRowsAnswerWrite {
  readonly chaincode: string;
  /** Of a row of the consortium's rules; null of any other key. */
  readonly kind: string | null;
  /** What identifies it, broad to specific. */
  readonly key: readonly string[];
  readonly deleted: boolean;
}

/** Found. */
export interface GetUpdateAnswer {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly artefact: ArtefactRef;
  /** Commitment to the plaintext update. */
  readonly plaintextSha256: string;
  readonly privacyEvent: PrivacyEvent;
  /** The event's own ε at the budget's δ; an under-claim is refused. */
  readonly claimedEpsilon: string;
  /**
   * Hospitals of the round that it is not sealed to by their key for this dataset in this study, but by
   * their long-lived key, or not at all. Absent where the sender does not say.
   */
  readonly sealedToMemberKeys?: readonly string[];
  /** Fabric MSP id. */
  readonly owner: string;
  /** UTC time, RFC 3339. */
  readonly recordedAt: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface GetVerdictAnswer {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  /** Parameters hash of the candidate this member scored. */
  readonly candidateSha256: string;
  /** Whether this member accepts the candidate model. */
  readonly accepted: boolean;
  readonly decisions: readonly Decision[];
  readonly scores: readonly Score[];
  /** Fabric MSP id. */
  readonly mspId: string;
  /** UTC time, RFC 3339. */
  readonly recordedAt: string;
  /** SHA-256 of the public key that signed this. */
  readonly signerSha256?: string;
  readonly grounds?: VerdictAnswerGrounds;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Committed. */
export interface GrantConsentAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  /** Fabric MSP id. */
  readonly owner: string;
  /** The membership of its owner that it was given in. */
  readonly membership?: number;
  readonly state: ConsentState;
  readonly claimedEpsilon: ConsentClaimedEpsilon;
  readonly costPerRound: ConsentCostPerRound;
  readonly gaussianPerRound?: ConsentGaussianPerRound;
  readonly rounds: number;
  /** UTC time, RFC 3339. */
  readonly grantedAt: string;
  /** UTC time, RFC 3339. */
  readonly withdrawnAt?: string;
  /**
   * The round whose candidate its owner could have scored, and had not judged, at the withdrawal; 0 for
   * none.
   */
  readonly scorableRound?: number;
  /** UTC time, RFC 3339. */
  readonly settledAt?: string;
  readonly reason?: string;
  /** The text consented to. */
  readonly studyVersion?: number;
  /** Enrolment ids of those who consented. */
  readonly stewards?: readonly string[];
  /** Digest of the text consented to: the study's fields as proposed, in canonical JSON. */
  readonly studySha256?: string;
  /** Digest of what of that text no amendment changes; updates and scores are held to it. */
  readonly planSha256?: string;
  /** Of the dataset: what is trained on. */
  readonly revision?: number;
  /** Each with how many of its patients are in that revision. Only they are trained on. */
  readonly blocks?: readonly BlockShare[];
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `GrantConsentRequest` of the OpenAPI document. */
export interface GrantConsentRequest {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  /** Of each of the blocks: a person is in one of them. */
  readonly claimedEpsilon: ConsentClaimedEpsilon;
  /** The blocks of patients that it gives; every open one of the dataset's present revision where absent. */
  readonly blocks?: readonly number[];
  /** Digest of the text that was read, from the quote: refused where the study has another. */
  readonly studySha256?: string;
}

/** Committed. */
export interface IndexStudyAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round?: number;
  readonly entries: number;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `IndexStudyRequest` of the OpenAPI document. */
export interface IndexStudyRequest {
  readonly round?: number;
}

/** `LabelRule` of the OpenAPI document. */
export type LabelRule =
  | LabelRuleBinary
  | LabelRuleGreaterThan
  | LabelRuleCategorical
  | LabelRuleNumeric
  | LabelRuleCount;

/** `LabelRuleBinary` of the OpenAPI document. */
export interface LabelRuleBinary {
  readonly kind: 'binary';
}

/** `LabelRuleCategorical` of the OpenAPI document. */
export interface LabelRuleCategorical {
  readonly kind: 'categorical';
  /** In the order of the classes 0, 1, ... */
  readonly categories: readonly string[];
}

/** `LabelRuleCount` of the OpenAPI document. */
export interface LabelRuleCount {
  readonly kind: 'count';
  /** More are refused as mistakes. */
  readonly high: number;
}

/** `LabelRuleGreaterThan` of the OpenAPI document. */
export interface LabelRuleGreaterThan {
  readonly kind: 'greater-than';
  readonly threshold: number;
}

/** `LabelRuleNumeric` of the OpenAPI document. */
export interface LabelRuleNumeric {
  readonly kind: 'numeric';
  readonly unit: string;
  readonly bounds: FeatureNumericBounds;
  /** The published range scaled to -1..1; the bounds where absent. */
  readonly reference?: FeatureNumericBounds;
}

/** Committed. */
export interface LeaveAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Fabric MSP id. */
  readonly mspId: string;
  /** Which membership of the organisation: 1, also where absent, is the first. */
  readonly membership: number;
  /** UTC time, RFC 3339. */
  readonly leftAt: string;
  readonly by: MemberLeftBy;
  readonly reason: string;
  /** Studies that it took part in whose quorum is not met any more, at most twenty of its first. */
  readonly shortOf: readonly StudyQuorum2[];
  /** Whether it took part in more studies than were looked at: study:listShort. */
  readonly more: boolean;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `LeaveMember` of the OpenAPI document. */
export interface LeaveMember {
  readonly reason: string;
}

/** Found. */
export interface ListActivitiesAnswer {
  readonly items: readonly Activity[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `ListActivitiesBy` of the OpenAPI document. */
export type ListActivitiesBy = 'all' | 'study' | 'dataset' | 'hospital' | 'purpose';

/** Found. */
export interface ListApiKeysAnswer {
  readonly items: readonly ListApiKeysAnswerItem[];
  /** Whether this gateway makes and rotates keys over REST. */
  readonly madeOverRest: boolean;
}

/** `ListApiKeysAnswerItem` of the OpenAPI document. */
export interface ListApiKeysAnswerItem {
  readonly id: string;
  readonly role: string;
  /** Whose certificate signs. */
  readonly person?: string;
  /** All that the role may, where absent. */
  readonly scopes?: readonly string[];
  readonly createdAt?: string;
  /** It does not end, where absent. */
  readonly expiresAt?: string;
  readonly state: ListApiKeysAnswerItemState;
  /** To the minute. */
  readonly lastUsedAt: string | null;
}

/** `ListApiKeysAnswerItemState` of the OpenAPI document. */
export type ListApiKeysAnswerItemState = 'valid' | 'ended';

/** Found. */
export interface ListBlocksAnswer {
  readonly items: readonly Block[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListConsentsAnswer {
  readonly items: readonly Consent[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListDatasetsAnswer {
  readonly items: readonly DatasetSummary[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListDeadLettersAnswer {
  readonly items: readonly ListDeadLettersAnswerItem[];
  /** Where the next page begins; absent on the last. */
  readonly bookmark?: string;
}

/** `ListDeadLettersAnswerItem` of the OpenAPI document. */
export interface ListDeadLettersAnswerItem {
  readonly eventId: string;
  readonly event: string;
  readonly blockNumber: number;
  readonly transactionId: string;
  readonly attempts: number;
  readonly problem: string;
  readonly lastAttemptAt: string;
  /** It is about to be tried again. */
  readonly isAsked: boolean;
}

/** Found. */
export interface ListDeclinesAnswer {
  readonly items: readonly Decline[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListDeparturesAnswer {
  readonly items: readonly Departure[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListEquivocationsAnswer {
  readonly items: readonly Equivocation[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListErasuresAnswer {
  readonly items: readonly DatasetErasures[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListLedgerBlocksAnswer {
  readonly items: readonly ListLedgerBlocksAnswerItem[];
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
}

/** `ListLedgerBlocksAnswerItem` of the OpenAPI document. */
export interface ListLedgerBlocksAnswerItem {
  readonly number: number;
  /** SHA-256 of its header in hexadecimal: what the next block names. */
  readonly hash: string;
  /** Of the block before; null of block 0. */
  readonly previousHash: string | null;
  /** SHA-256 of its transactions. */
  readonly dataHash: string;
  /** The time of its latest transaction that took effect; null where none did. */
  readonly at: string | null;
  /** How many it holds. */
  readonly transactions: number;
  /** How many of them peers called invalid. */
  readonly withoutEffect: number;
  /** Whether it holds the channel's configuration. */
  readonly isConfiguration: boolean;
  /** Organisations whose orderers signed it; none of block 0, from whose digest trust starts. */
  readonly signedBy: readonly string[];
  /** Organisations whose peers sent this gateway the same block, and all before it. */
  readonly agreed: readonly string[];
  /** Hospitals whose gateways signed that they saw the ledger as far as this block. */
  readonly witnessed: readonly string[];
}

/** Found. */
export interface ListMemberVotesAnswer {
  readonly items: readonly MemberVote[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListMembersAnswer {
  readonly items: readonly Member[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListModelsAnswer {
  readonly items: readonly Model[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListMotionsAnswer {
  readonly items: readonly Motion[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListOldPoliciesAnswer {
  readonly items: readonly PolicyRef[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `ListOldPoliciesKind` of the OpenAPI document. */
export type ListOldPoliciesKind = 'dataset' | 'block' | 'consent' | 'round';

/** Found. */
export interface ListOpenConsentsAnswer {
  readonly items: readonly OpenConsent[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListPopulationsAnswer {
  readonly items: readonly Population[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListPrivacyEventsAnswer {
  readonly items: readonly PrivacyCharge[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListReceiptsAnswer {
  readonly items: readonly Receipt[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListRevisionsAnswer {
  readonly items: readonly Revision[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListRoundsAnswer {
  readonly items: readonly Round[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListShortStudiesAnswer {
  readonly items: readonly StudyQuorum2[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListStudiesAnswer {
  readonly items: readonly StudySummary[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListStudyKeysAnswer {
  readonly items: readonly StudyKey[];
  /** Where the next page begins; absent on the last page. */
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface ListTransactionsAnswer {
  readonly items: readonly ListTransactionsAnswerItem[];
  readonly bookmark?: string;
  /** Path and query of the next page; absent on the last page. */
  readonly next?: string;
}

/** `ListTransactionsAnswerItem` of the OpenAPI document. */
export interface ListTransactionsAnswerItem {
  readonly transactionId: string;
  readonly block: number;
  /** Its number within the block, from 0. */
  readonly place: number;
  /** Its time, as its sender says. */
  readonly at: string;
  /** The rules of the consortium, or `_lifecycle`: changes of these rules. */
  readonly chaincode: string;
  /** What it was, for example study:propose. */
  readonly transaction: string;
  /** What its argument names: a study, a dataset, a member. */
  readonly subjects: readonly ListTransactionsAnswerItemSubject[];
  readonly sender: ListTransactionsAnswerItemSender;
  /** Organisations whose peers endorsed it. */
  readonly endorsers: readonly string[];
  /** Why it took no effect; null where it did. */
  readonly validationCode: string | null;
}

/** `ListTransactionsAnswerItemSender` of the OpenAPI document. */
export interface ListTransactionsAnswerItemSender {
  readonly mspId: string;
  /** By the certificate; null where it says none. */
  readonly role: string | null;
  /** The name of the certificate. */
  readonly person: string | null;
}

/** `ListTransactionsAnswerItemSubject` of the OpenAPI document. */
export interface ListTransactionsAnswerItemSubject {
  readonly kind: string;
  readonly id: string;
}

/** `ListTransactionsValidity` of the OpenAPI document. */
export type ListTransactionsValidity = 'valid' | 'invalid';

/** Found. */
export interface ListWebhooksAnswer {
  readonly items: readonly ListWebhooksAnswerItem[];
}

/** `ListWebhooksAnswerItem` of the OpenAPI document. */
export interface ListWebhooksAnswerItem {
  readonly webhookId: string;
  readonly url: string;
  readonly events: readonly string[] | null;
  readonly studyId: string | null;
  /** Id of the API key that registered it, then. */
  readonly registeredBy: string;
  readonly createdAt: string;
  readonly state: RegisterWebhookAnswerState;
  readonly problem: string | null;
  /** Of the event at hand. */
  readonly failedAttempts: number;
  readonly nextAttemptAt: string | null;
  readonly position: RegisterWebhookAnswerPosition;
  /** Events that were set aside after all attempts. */
  readonly deadLetters: number;
  readonly oldSecretEndsAt: string | null;
}

/** `Member` of the OpenAPI document. */
export interface Member {
  /** Version of the row's form. */
  readonly schema: number;
  /** Fabric MSP id. */
  readonly mspId: string;
  readonly title: string;
  /** X25519 public key, 32 bytes in base64url: artefacts for this member are sealed to it. */
  readonly encryptionPublicKey: string;
  /** Absent where the key is from before there were proofs. */
  readonly keyProof?: string;
  /** Which key of the member this is: 1 is the first. */
  readonly keyNumber?: number;
  /** Since when artefacts are sealed to this key. */
  readonly keySince?: string;
  /** UTC time, RFC 3339. */
  readonly registeredAt: string;
  /** Which membership of the organisation: 1, also where absent, is the first. */
  readonly membership?: number;
  readonly left?: MemberLeft;
}

/** Of an organisation that is no member any more: since when, and why. */
export interface MemberLeft {
  /** UTC time, RFC 3339. */
  readonly leftAt: string;
  readonly by: MemberLeftBy;
  readonly reason: string;
}

/** `MemberLeftBy` of the OpenAPI document. */
export type MemberLeftBy = 'itself' | 'the others';

/** `MemberVote` of the OpenAPI document. */
export interface MemberVote {
  /** Version of the row's form. */
  readonly schema: number;
  /** Fabric MSP id. */
  readonly mspId: string;
  readonly question: VoteOnMemberAnswerQuestion;
  readonly accept: boolean;
  readonly reason: string;
  /** The membership that is to end, or to begin. */
  readonly membership: number;
  /** Fabric MSP id. */
  readonly voter: string;
  /** Which membership of the organisation: 1, also where absent, is the first. */
  readonly voterMembership: number;
  /** UTC time, RFC 3339. */
  readonly votedAt: string;
}

/** `Model` of the OpenAPI document. */
export interface Model {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly graph: ArtefactRef;
  readonly parameters: ParametersRef;
  readonly round: number;
  /** Every finalised round, oldest first. */
  readonly rounds: readonly number[];
  /** Every dataset of which an update was included. */
  readonly datasets: readonly string[];
  /** Fabric MSP id. */
  readonly publishedBy: string;
  /** UTC time, RFC 3339. */
  readonly publishedAt: string;
  /** Digest of the study, its datasets and consents, and the seals of all its rounds. */
  readonly lineageSha256?: string;
}

/** `Motion` of the OpenAPI document. */
export interface Motion {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly kind: MotionKind;
  readonly amendment?: Amendment;
  readonly reason: string;
  readonly motion: number;
  /** The text it amends. */
  readonly studyVersion: number;
  readonly state: MotionState;
  /** Fabric MSP id. */
  readonly movedBy: string;
  /** The membership of its mover. */
  readonly membership?: number;
  /** UTC time, RFC 3339. */
  readonly movedAt: string;
  /** UTC time, RFC 3339. */
  readonly decidedAt?: string;
}

/** `MotionKind` of the OpenAPI document. */
export type MotionKind = 'pause' | 'resume' | 'amend';

/** `MotionState` of the OpenAPI document. */
export type MotionState = 'open' | 'carried' | 'rejected' | 'lapsed';

/** Committed. */
export interface MoveMotionAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly kind: MotionKind;
  readonly amendment?: Amendment;
  readonly reason: string;
  readonly motion: number;
  /** The text it amends. */
  readonly studyVersion: number;
  readonly state: MotionState;
  /** Fabric MSP id. */
  readonly movedBy: string;
  /** The membership of its mover. */
  readonly membership?: number;
  /** UTC time, RFC 3339. */
  readonly movedAt: string;
  /** UTC time, RFC 3339. */
  readonly decidedAt?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `MoveMotionRequest` of the OpenAPI document. */
export interface MoveMotionRequest {
  readonly kind: MotionKind;
  readonly amendment?: Amendment;
  readonly reason: string;
}

/** Its patients whom the population had never seen. They form one block, for life. */
export interface NewBlock {
  /**
   * The number that it gets, one after the population's last: where another was opened meanwhile, it is
   * refused.
   */
  readonly block: number;
  readonly recordCountBand: RecordCountBand;
  /**
   * Digest of the sorted salted ids of the block's patients: without the salt it tells nobody who they
   * are.
   */
  readonly patientsSha256: string;
}

/** `OpenConsent` of the OpenAPI document. */
export interface OpenConsent {
  /** Version of the row's form. */
  readonly schema: number;
  /** Fabric MSP id. */
  readonly owner: string;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
}

/** Committed. */
export interface OpenRoundAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  readonly state: RoundState;
  /** null: the study's graph as proposed. */
  readonly base: ParametersRef | null;
  readonly participants: readonly Participant[];
  /** The members whose verdicts count, in order. */
  readonly validators: readonly string[];
  /** Fabric MSP id. */
  readonly leader: string;
  readonly quorum: RoundQuorum;
  /** UTC time, RFC 3339. */
  readonly openedAt: string;
  /** UTC time, RFC 3339. */
  readonly deadline: string;
  /** Datasets whose updates arrived, at closing. */
  readonly updates?: readonly string[];
  /** From when on there was a candidate to score. */
  readonly closedAt?: string;
  readonly included?: readonly string[];
  /**
   * Datasets whose consent ended before the verdicts were counted: their updates are left out, and a
   * hospital that has no other in the round judges nothing in it.
   */
  readonly withdrawn?: readonly string[];
  readonly excluded?: readonly RoundExcluded[];
  readonly aggregate?: ParametersRef;
  /** UTC time, RFC 3339. */
  readonly finalizedAt?: string;
  readonly reason?: string;
  /** Fabric MSP id. */
  readonly abortedBy?: string;
  /** When the present stage began. */
  readonly stageSince?: string;
  /** Members whose support did not count: they signed two statements. */
  readonly disqualified?: readonly string[];
  /** Digest of its updates, verdicts and attestations, once it has ended. */
  readonly seal?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `OpenRoundRequest` of the OpenAPI document. */
export interface OpenRoundRequest {
  readonly round: number;
  /** The base sealed again, where members take part that it was not sealed to; of the same parameters. */
  readonly base?: ArtefactRef;
}

/** `Operation` of the OpenAPI document. */
export interface Operation {
  readonly operationId: string;
  readonly state: OperationState;
  /** What was asked, for example study:start. */
  readonly transaction: string;
  /**
   * That of the request, or one that the gateway chose: with it the same request is not carried out
   * twice.
   */
  readonly idempotencyKey: string;
  readonly startedAt: string;
  readonly endedAt?: string;
  /** The answer, where it succeeded. */
  readonly result?: Readonly<Record<string, unknown>>;
  /** Why it failed, where it did. */
  readonly problem?: Problem;
}

/** `OperationState` of the OpenAPI document. */
export type OperationState = 'running' | 'succeeded' | 'failed';

/** `ParametersRef` of the OpenAPI document. */
export interface ParametersRef {
  readonly artefact: ArtefactRef;
  /** SHA-256, lower-case hex. */
  readonly parametersSha256: string;
}

/** `Participant` of the OpenAPI document. */
export interface Participant {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  /** Fabric MSP id. */
  readonly mspId: string;
  readonly weight: number;
}

/** `PolicyRef` of the OpenAPI document. */
export interface PolicyRef {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId?: string;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly populationId?: string;
  /** Blocks of a population are numbered from 1. */
  readonly block?: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId?: string;
  readonly round?: number;
}

/** `Population` of the OpenAPI document. */
export interface Population {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly populationId: string;
  readonly title: string;
  /** Of each of its people, for life. It cannot be raised. */
  readonly privacyBudget: DatasetPrivacyBudget;
  /** How the accounts of training patients add up; renyi where absent. */
  readonly accounting?: DatasetAccounting;
  /** What its datasets ask for at least; they may ask for more. */
  readonly consentPolicy?: DatasetConsentPolicy;
  /** Digest of the secret salt that splits patients and hides their ids: it cannot be exchanged unseen. */
  readonly saltSha256?: string;
  /** Fabric MSP id. */
  readonly owner: string;
  /** How many there are; they are numbered from 1. */
  readonly blocks: number;
  /** What is about these people, oldest first. */
  readonly datasets: readonly string[];
  /** UTC time, RFC 3339. */
  readonly registeredAt: string;
}

/** To be signed. */
export interface PrepareTransactionAnswer {
  readonly transactionId: string;
  /** The bytes to sign, in base64. */
  readonly message: string;
  /** Their SHA-256, for a card that signs digests. */
  readonly sha256: string;
  /** Until when the signature is waited for. */
  readonly expiresAt: string;
}

/** `PrepareTransactionRequest` of the OpenAPI document. */
export interface PrepareTransactionRequest {
  /** The client's certificate in PEM, issued by this organisation's authority. */
  readonly certificate: string;
  readonly transaction: PrepareTransactionRequestTransaction;
  /** What the transaction takes. */
  readonly argument: Readonly<Record<string, unknown>>;
}

/** As the other routes name it, for example study:consent. */
export type PrepareTransactionRequestTransaction =
  | 'member:register'
  | 'member:rotateKey'
  | 'member:leave'
  | 'member:vote'
  | 'population:register'
  | 'population:retireBlock'
  | 'dataset:register'
  | 'dataset:revise'
  | 'study:propose'
  | 'study:start'
  | 'study:abort'
  | 'study:retire'
  | 'study:consent'
  | 'study:approveConsent'
  | 'study:decline'
  | 'study:withdraw'
  | 'study:settle'
  | 'study:recordKeys'
  | 'study:attestErasure'
  | 'motion:move'
  | 'motion:vote'
  | 'round:open'
  | 'round:recordUpdate'
  | 'round:close'
  | 'round:commitScore'
  | 'round:recordVerdict'
  | 'round:tally'
  | 'round:attest'
  | 'round:finalize'
  | 'round:abort'
  | 'round:reportEquivocation'
  | 'model:publish'
  | 'audit:renewPolicies'
  | 'audit:indexStudy';

/** `PrivacyCharge` of the OpenAPI document. */
export interface PrivacyCharge {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  /** Fabric MSP id. */
  readonly owner: string;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  readonly cause: PrivacyChargeCause;
  readonly privacyEvent: PrivacyEvent;
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly claimedEpsilon: string;
  /** Blocks of the population whose accounts bear it, each in full; block 1 where absent. */
  readonly blocks?: readonly number[];
  readonly transactionId: string;
  /** UTC time, RFC 3339. */
  readonly chargedAt: string;
}

/**
 * settlement: the round was open to the dataset and nothing was recorded, so a release may have
 * happened.
 */
export type PrivacyChargeCause = 'update' | 'verdict' | 'settlement';

/** `PrivacyEvent` of the OpenAPI document. */
export interface PrivacyEvent {
  /** Canonne, Kamath and Steinke 2020. */
  readonly mechanism: 'discrete-gaussian';
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly noiseMultiplier: string;
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly samplingRate: string;
  readonly steps: number;
  readonly adjacency: 'add-or-remove-one';
  readonly unit: StudyUnit;
  readonly pool: PrivacyEventPool;
}

/** `PrivacyEventPool` of the OpenAPI document. */
export type PrivacyEventPool = 'training' | 'held-out';

/** `Problem` of the OpenAPI document. */
export interface Problem {
  /** urn:consilium:problem:CODE */
  readonly type: string;
  /** The code's meaning. */
  readonly title: string;
  readonly status: number;
  /** What is wrong with this request, and the remedy. */
  readonly detail: string;
  /** What programs read. */
  readonly code: string;
  /** This request in the gateway's log. */
  readonly requestId: string;
  /** The transaction that was sent. */
  readonly transactionId?: string;
  /** Fabric's validation code. */
  readonly validationCode?: string;
  /** What each refusing peer said. */
  readonly peers?: readonly ProblemPeer[];
  /**
   * Each field that is wrong, where the refusal lists them. Of records: column and code, and the line,
   * where they came with the request.
   */
  readonly problems?: readonly ProblemProblem[];
}

/** `ProblemPeer` of the OpenAPI document. */
export interface ProblemPeer {
  readonly mspId: string;
  readonly message: string;
}

/** `ProblemProblem` of the OpenAPI document. */
export interface ProblemProblem {
  /** Its path in the part of the request that detail names. */
  readonly field?: string;
  /** What is wrong; it follows the field's name in a sentence. */
  readonly text?: string;
  /** What to do, where the text does not say so. */
  readonly remedy?: string;
  /** Of a model's graph: the node that has it, by its name in the file. */
  readonly node?: string;
  /** That node's operator. */
  readonly operator?: string;
  readonly [field: string]: unknown;
}

/** `ProposeStudy` of the OpenAPI document. */
export interface ProposeStudy {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly title: string;
  readonly question: string;
  readonly purpose: StudyPurpose;
  readonly datasets: readonly string[];
  readonly model: StudyModel;
  readonly training: StudyTraining;
  readonly validation: StudyValidation;
  readonly unit: StudyUnit;
  readonly rounds: number;
  readonly aggregation: StudyAggregation;
  readonly averaging?: StudyAveraging;
  readonly quorum: StudyQuorum;
  readonly roundDeadlineSeconds: number;
  /** How long a step is its leader’s alone before others may take over; 0 where absent. */
  readonly leaderSeconds?: number;
  /** How many times the least weight a dataset weighs at most; 10 where absent. */
  readonly weightRatioMax?: number;
  readonly notBefore?: StudyNotBefore;
  readonly afterWithdrawal?: StudyAfterWithdrawal;
  /** How long after its proposal only its requester may retire it; 30 days where absent. */
  readonly startWithinSeconds?: number;
}

/** Committed. */
export interface ProposeStudyAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly title: string;
  readonly question: string;
  readonly purpose: StudyPurpose;
  readonly datasets: readonly string[];
  readonly model: StudyModel;
  readonly training: StudyTraining;
  readonly validation: StudyValidation;
  readonly unit: StudyUnit;
  readonly rounds: number;
  readonly aggregation: StudyAggregation;
  readonly averaging?: StudyAveraging;
  readonly quorum: StudyQuorum;
  readonly roundDeadlineSeconds: number;
  /** How long a step is its leader’s alone before others may take over; 0 where absent. */
  readonly leaderSeconds?: number;
  /** How many times the least weight a dataset weighs at most; 10 where absent. */
  readonly weightRatioMax?: number;
  readonly notBefore?: StudyNotBefore;
  readonly afterWithdrawal?: StudyAfterWithdrawal;
  /** How long after its proposal only its requester may retire it; 30 days where absent. */
  readonly startWithinSeconds?: number;
  /** Fabric MSP id. */
  readonly requester: string;
  /**
   * One for each dataset that the study asks for. Older studies have none and weigh by bands without a
   * limit.
   */
  readonly weights?: readonly StudyWeight[];
  readonly state: StudyState;
  /** UTC time, RFC 3339. */
  readonly proposedAt: string;
  /** UTC time, RFC 3339. */
  readonly startedAt?: string;
  /** UTC time, RFC 3339. */
  readonly endedAt?: string;
  readonly reason?: string;
  /** Which text this is: 1 as proposed. */
  readonly version?: number;
  /** UTC time, RFC 3339. */
  readonly pausedAt?: string;
  /** The last motion that changed this; of studies of before, the last one. */
  readonly motions?: number;
  /** notBefore, or what was taken where the text has none; studies of old have none. */
  readonly publicTimes?: StudyNotBefore;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Committed. */
export interface PublishModelAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly graph: ArtefactRef;
  readonly parameters: ParametersRef;
  readonly round: number;
  /** Every finalised round, oldest first. */
  readonly rounds: readonly number[];
  /** Every dataset of which an update was included. */
  readonly datasets: readonly string[];
  /** Fabric MSP id. */
  readonly publishedBy: string;
  /** UTC time, RFC 3339. */
  readonly publishedAt: string;
  /** Digest of the study, its datasets and consents, and the seals of all its rounds. */
  readonly lineageSha256?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Found. */
export interface QuoteConsentAnswer {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  /** The whole study: what study:consent must claim, at least. */
  readonly claimedEpsilon: ConsentClaimedEpsilon;
  /** One round: what an update and a score must claim, at least. */
  readonly claimedEpsilonPerRound: ConsentClaimedEpsilon;
  /** Each account's ε once this is reserved: the most of any block that is asked for. */
  readonly committedAfter: ConsentClaimedEpsilon;
  /** What each account has left before it: the least of any block asked for. */
  readonly left: ConsentClaimedEpsilon;
  /** Whether the accounts of every block asked for can bear it. */
  readonly fits: boolean;
  /** Of the dataset: what would be consented to. */
  readonly revision: number;
  /** Every block of that revision. */
  readonly blocks: readonly BlockQuote[];
  readonly patients: ConsentQuotePatients;
  /** What each dataset of the study weighs in an average, as its text says. */
  readonly weights?: readonly StudyWeight[];
  /** Digest of the study's text: study:consent takes it, and no other text's. */
  readonly studySha256: string;
  /**
   * How many further studies of exactly this cost every block asked for can bear after this one, as the
   * accounts are now; 1000 is the most that is counted.
   */
  readonly moreStudies?: number;
  readonly stewards?: ConsentQuoteStewards;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `Receipt` of the OpenAPI document. */
export interface Receipt {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  /** Fabric MSP id. */
  readonly owner: string;
  readonly outcome: GetReceiptAnswerOutcome;
  readonly cause: GetReceiptAnswerCause | null;
  /** Acceptances that an update needs. */
  readonly needed: number;
  readonly acceptedBy: readonly string[];
  readonly rejectedBy: readonly RoundExcludedRejectedBy[];
  /** Validators that have given no verdict. */
  readonly silent: readonly string[];
  /** SHA-256 of the canonical update row: what the hospital can hold against the ledger. */
  readonly updateSha256: string | null;
  readonly roundState: RoundState;
  /** The ended round's digest of its updates, verdicts and attestations. */
  readonly seal: string | null;
  /** Parameters hash of the aggregate that holds the update. */
  readonly aggregateSha256: string | null;
  readonly abortedBy: string | null;
  readonly reason: string | null;
}

/** `RecordCountBand` of the OpenAPI document. */
export interface RecordCountBand {
  readonly low: number;
  readonly high: number;
}

/** Committed. */
export interface RecordStudyKeysAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  /** Fabric MSP id. */
  readonly mspId: string;
  readonly datasets: readonly string[];
  /** UTC time, RFC 3339. */
  readonly recordedAt: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `RecordStudyKeysRequest` of the OpenAPI document. */
export interface RecordStudyKeysRequest {
  readonly keys: readonly RecordStudyKeysRequestKey[];
}

/** `RecordStudyKeysRequestKey` of the OpenAPI document. */
export interface RecordStudyKeysRequestKey {
  /** The dataset whose updates are sealed to this key, in this study alone. */
  readonly datasetId: string;
  /** X25519 public key, 32 bytes in base64url: artefacts for this member are sealed to it. */
  readonly encryptionPublicKey: string;
  /** XEdDSA signature by the key's private half, for this member, channel, study and dataset. */
  readonly keyProof: string;
}

/** Committed. */
export interface RecordUpdateAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly artefact: ArtefactRef;
  /** Commitment to the plaintext update. */
  readonly plaintextSha256: string;
  readonly privacyEvent: PrivacyEvent;
  /** The event's own ε at the budget's δ; an under-claim is refused. */
  readonly claimedEpsilon: string;
  /**
   * Hospitals of the round that it is not sealed to by their key for this dataset in this study, but by
   * their long-lived key, or not at all. Absent where the sender does not say.
   */
  readonly sealedToMemberKeys?: readonly string[];
  /** Fabric MSP id. */
  readonly owner: string;
  /** UTC time, RFC 3339. */
  readonly recordedAt: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `RecordUpdateRequest` of the OpenAPI document. */
export interface RecordUpdateRequest {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly artefact: ArtefactRef;
  /** Commitment to the plaintext update. */
  readonly plaintextSha256: string;
  readonly privacyEvent: PrivacyEvent;
  /** The event's own ε at the budget's δ; an under-claim is refused. */
  readonly claimedEpsilon: string;
  /**
   * Hospitals of the round that it is not sealed to by their key for this dataset in this study, but by
   * their long-lived key, or not at all. Absent where the sender does not say.
   */
  readonly sealedToMemberKeys?: readonly string[];
}

/** Committed. */
export interface RecordVerdictAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  /** Parameters hash of the candidate this member scored. */
  readonly candidateSha256: string;
  /** Whether this member accepts the candidate model. */
  readonly accepted: boolean;
  readonly decisions: readonly Decision[];
  readonly scores: readonly Score[];
  /** Fabric MSP id. */
  readonly mspId: string;
  /** UTC time, RFC 3339. */
  readonly recordedAt: string;
  /** SHA-256 of the public key that signed this. */
  readonly signerSha256?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `RecordVerdictRequest` of the OpenAPI document. */
export interface RecordVerdictRequest {
  /** Parameters hash of the candidate this member scored. */
  readonly candidateSha256: string;
  /** Whether this member accepts the candidate model. */
  readonly accepted: boolean;
  readonly decisions: readonly Decision[];
  readonly scores: readonly Score[];
}

/** They are tried now. */
export interface RedeliverDeadLettersAnswer {
  /** How many are tried. */
  readonly asked: number;
}

/** `RedeliverDeadLettersRequest` of the OpenAPI document. */
export interface RedeliverDeadLettersRequest {
  readonly eventIds?: readonly string[];
}

/** `RegisterDataset` of the OpenAPI document. */
export interface RegisterDataset {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly title: string;
  /**
   * The people it is about: a population of the same owner. Absent: one of the dataset's own comes with
   * it.
   */
  readonly populationId?: string;
  readonly dictionary: Dictionary;
  readonly recordCountBand: RecordCountBand;
  /** Blocks of the population whose patients are in it, each with how many of them are. */
  readonly blocks?: readonly BlockShare[];
  readonly newBlock?: NewBlock;
  readonly terms: DatasetTerms;
  /** CID of the canonical rows under a secret salt; nothing is uploaded. */
  readonly commitment: string;
  /** Of its population. Left out, or the same, where populationId is given. */
  readonly privacyBudget?: DatasetPrivacyBudget;
  readonly accounting?: DatasetAccounting;
  readonly consentPolicy?: DatasetConsentPolicy;
}

/** Committed. */
export interface RegisterDatasetAnswer {
  /** What deserves a second look; nothing was refused for it. */
  readonly warnings?: readonly string[];
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly title: string;
  /**
   * The people it is about: a population of the same owner. Absent: one of the dataset's own comes with
   * it.
   */
  readonly populationId?: string;
  readonly dictionary: Dictionary;
  readonly recordCountBand: RecordCountBand;
  readonly terms: DatasetTerms;
  /** CID of the canonical rows under a secret salt; nothing is uploaded. */
  readonly commitment: string;
  readonly privacyBudget: DatasetPrivacyBudget;
  readonly accounting?: DatasetAccounting;
  readonly consentPolicy?: DatasetConsentPolicy;
  /** Fabric MSP id. */
  readonly owner: string;
  /** UTC time, RFC 3339. */
  readonly registeredAt: string;
  /** The present revision; the first where absent. */
  readonly revision?: number;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `RegisterMember` of the OpenAPI document. */
export interface RegisterMember {
  readonly title: string;
  /** X25519 public key, 32 bytes in base64url: artefacts for this member are sealed to it. */
  readonly encryptionPublicKey: string;
  /**
   * XEdDSA signature by the key's private half, 64 bytes in base64url: it holds for this member and
   * channel.
   */
  readonly keyProof: string;
}

/** Committed. */
export interface RegisterMemberAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Fabric MSP id. */
  readonly mspId: string;
  readonly title: string;
  /** X25519 public key, 32 bytes in base64url: artefacts for this member are sealed to it. */
  readonly encryptionPublicKey: string;
  /** Absent where the key is from before there were proofs. */
  readonly keyProof?: string;
  /** Which key of the member this is: 1 is the first. */
  readonly keyNumber?: number;
  /** Since when artefacts are sealed to this key. */
  readonly keySince?: string;
  /** UTC time, RFC 3339. */
  readonly registeredAt: string;
  /** Which membership of the organisation: 1, also where absent, is the first. */
  readonly membership?: number;
  readonly left?: MemberLeft;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `RegisterPopulation` of the OpenAPI document. */
export interface RegisterPopulation {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly populationId: string;
  readonly title: string;
  /** Of each of its people, for life. It cannot be raised. */
  readonly privacyBudget: DatasetPrivacyBudget;
  /** How the accounts of training patients add up; renyi where absent. */
  readonly accounting?: DatasetAccounting;
  /** What its datasets ask for at least; they may ask for more. */
  readonly consentPolicy?: DatasetConsentPolicy;
  /** Digest of the secret salt that splits patients and hides their ids: it cannot be exchanged unseen. */
  readonly saltSha256?: string;
}

/** Committed. */
export interface RegisterPopulationAnswer {
  /** What deserves a second look; nothing was refused for it. */
  readonly warnings?: readonly string[];
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly populationId: string;
  readonly title: string;
  /** Of each of its people, for life. It cannot be raised. */
  readonly privacyBudget: DatasetPrivacyBudget;
  /** How the accounts of training patients add up; renyi where absent. */
  readonly accounting?: DatasetAccounting;
  /** What its datasets ask for at least; they may ask for more. */
  readonly consentPolicy?: DatasetConsentPolicy;
  /** Digest of the secret salt that splits patients and hides their ids: it cannot be exchanged unseen. */
  readonly saltSha256?: string;
  /** Fabric MSP id. */
  readonly owner: string;
  /** How many there are; they are numbered from 1. */
  readonly blocks: number;
  /** What is about these people, oldest first. */
  readonly datasets: readonly string[];
  /** UTC time, RFC 3339. */
  readonly registeredAt: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Registered. */
export interface RegisterWebhookAnswer {
  readonly webhookId: string;
  readonly url: string;
  readonly events: readonly string[] | null;
  readonly studyId: string | null;
  /** Id of the API key that registered it, then. */
  readonly registeredBy: string;
  readonly createdAt: string;
  readonly state: RegisterWebhookAnswerState;
  readonly problem: string | null;
  /** Of the event at hand. */
  readonly failedAttempts: number;
  readonly nextAttemptAt: string | null;
  readonly position: RegisterWebhookAnswerPosition;
  /** Events that were set aside after all attempts. */
  readonly deadLetters: number;
  readonly oldSecretEndsAt: string | null;
  /** Shown this once. */
  readonly secret: string;
}

/** Everything before it was delivered, left out or set aside. */
export interface RegisterWebhookAnswerPosition {
  readonly blockNumber: number;
  readonly afterTransactionId: string | null;
}

/**
 * retrying: the last attempt failed. stopped: the other side wants no more (410); replay starts it
 * again. refused: the API key that registered it, or the host, is not allowed any more, so that
 * nothing is sent.
 */
export type RegisterWebhookAnswerState = 'delivering' | 'retrying' | 'stopped' | 'refused';

/** `RegisterWebhookRequest` of the OpenAPI document. */
export interface RegisterWebhookRequest {
  /** Begins with https: */
  readonly url: string;
  /** All where absent. */
  readonly events?: readonly RegisterWebhookRequestEvent[];
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId?: string;
  /** Number of the first block whose events are sent (0: all); the next one where absent. */
  readonly from?: number;
}

/** `RegisterWebhookRequestEvent` of the OpenAPI document. */
export type RegisterWebhookRequestEvent =
  | 'MemberRegistered'
  | 'MemberKeyRotated'
  | 'MemberLeft'
  | 'MemberVoted'
  | 'PopulationRegistered'
  | 'BlockRetired'
  | 'DatasetRegistered'
  | 'DatasetRevised'
  | 'StudyProposed'
  | 'StudyStarted'
  | 'StudyAborted'
  | 'StudyRetired'
  | 'ConsentGranted'
  | 'ConsentApproved'
  | 'StudyDeclined'
  | 'ConsentWithdrawn'
  | 'ConsentSettled'
  | 'StudyKeysRecorded'
  | 'ErasureAttested'
  | 'MotionMoved'
  | 'MotionVoted'
  | 'RoundOpened'
  | 'UpdateRecorded'
  | 'RoundClosed'
  | 'ScoreCommitted'
  | 'VerdictRecorded'
  | 'RoundTallied'
  | 'AggregateAttested'
  | 'RoundFinalized'
  | 'RoundAborted'
  | 'EquivocationReported'
  | 'ModelPublished'
  | 'PoliciesRenewed'
  | 'StudyIndexed';

/** Committed. */
export interface RenewPoliciesAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId?: string;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly populationId?: string;
  /** Blocks of a population are numbered from 1. */
  readonly block?: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId?: string;
  readonly round?: number;
  /** How many rows have another policy now. */
  readonly laid: number;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `ReplayWebhookRequest` of the OpenAPI document. */
export interface ReplayWebhookRequest {
  /** Number of the first block. */
  readonly from: number;
}

/** Committed. */
export interface ReportEquivocationAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  /** Who signed both statements. */
  readonly mspId: string;
  readonly statement: EquivocationStatement;
  /** SHA-256 of the public key that signed both. */
  readonly signerSha256: string;
  /** SHA-256 of the statement on the ledger, in canonical JSON. */
  readonly recordedSha256: string;
  /** SHA-256 of the other, in canonical JSON. */
  readonly contradictingSha256: string;
  readonly contradictingTransactionId: string;
  readonly proposal: string;
  readonly signature: string;
  /** Fabric MSP id. */
  readonly reportedBy: string;
  /** UTC time, RFC 3339. */
  readonly reportedAt: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `ReportEquivocationRequest` of the OpenAPI document. */
export interface ReportEquivocationRequest {
  readonly statement: EquivocationStatement;
  /** The second statement: the Fabric proposal's bytes, as its sender signed them. */
  readonly proposal: string;
  /** The sender's signature over the proposal. */
  readonly signature: string;
}

/** Committed. */
export interface RetireBlockAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly populationId: string;
  /** Blocks of a population are numbered from 1. */
  readonly block: number;
  /** Fabric MSP id. */
  readonly owner: string;
  /** How many patients it had when it was opened. */
  readonly recordCountBand: RecordCountBand;
  /**
   * Digest of the sorted salted ids of the block's patients: without the salt it tells nobody who they
   * are. Blocks of datasets that name no patients have none.
   */
  readonly patientsSha256?: string;
  /** UTC time, RFC 3339. */
  readonly openedAt: string;
  readonly state: BlockState;
  /** UTC time, RFC 3339. */
  readonly retiredAt?: string;
  readonly reason?: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** Committed. */
export interface ReviseDatasetAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly revision: number;
  /** Fabric MSP id. */
  readonly owner: string;
  /** IPFS content identifier, version 0 or 1 (base32). */
  readonly commitment: string;
  readonly recordCountBand: RecordCountBand;
  readonly blocks: readonly BlockShare[];
  /** Whether somebody of the revision before is no longer in it. Neither whom nor how many. */
  readonly removed: boolean;
  /** UTC time, RFC 3339. */
  readonly revisedAt: string;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `ReviseDatasetRequest` of the OpenAPI document. */
export interface ReviseDatasetRequest {
  /** CID of the canonical rows under the secret salt; nothing is uploaded. */
  readonly commitment: string;
  readonly recordCountBand: RecordCountBand;
  /** Blocks of the population whose patients are in it, each with how many of them are. */
  readonly blocks?: readonly BlockShare[];
  readonly newBlock?: NewBlock;
  /** Whether somebody of the revision before is no longer in it. Neither whom nor how many. */
  readonly removed: boolean;
}

/** `Revision` of the OpenAPI document. */
export interface Revision {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly revision: number;
  /** Fabric MSP id. */
  readonly owner: string;
  /** IPFS content identifier, version 0 or 1 (base32). */
  readonly commitment: string;
  readonly recordCountBand: RecordCountBand;
  readonly blocks: readonly BlockShare[];
  /** Whether somebody of the revision before is no longer in it. Neither whom nor how many. */
  readonly removed: boolean;
  /** UTC time, RFC 3339. */
  readonly revisedAt: string;
}

/** `RotateApiKeyRequest` of the OpenAPI document. */
export interface RotateApiKeyRequest {
  /** For how long the old one goes on, under an id of its own; it ends at once where absent. */
  readonly overlapSeconds?: number;
  /** A time in UTC such as 2027-01-31T00:00:00Z. */
  readonly expiresAt?: string;
}

/** `RotateKey` of the OpenAPI document. */
export interface RotateKey {
  /** X25519 public key, 32 bytes in base64url: artefacts for this member are sealed to it. */
  readonly encryptionPublicKey: string;
  /**
   * XEdDSA signature by the key's private half, 64 bytes in base64url: it holds for this member and
   * channel.
   */
  readonly keyProof: string;
}

/** `RotateWebhookSecretRequest` of the OpenAPI document. */
export interface RotateWebhookSecretRequest {
  /** 86400 where absent. */
  readonly overlapSeconds?: number;
}

/** `Round` of the OpenAPI document. */
export interface Round {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  readonly state: RoundState;
  /** null: the study's graph as proposed. */
  readonly base: ParametersRef | null;
  readonly participants: readonly Participant[];
  /** The members whose verdicts count, in order. */
  readonly validators: readonly string[];
  /** Fabric MSP id. */
  readonly leader: string;
  readonly quorum: RoundQuorum;
  /** UTC time, RFC 3339. */
  readonly openedAt: string;
  /** UTC time, RFC 3339. */
  readonly deadline: string;
  /** Datasets whose updates arrived, at closing. */
  readonly updates?: readonly string[];
  /** From when on there was a candidate to score. */
  readonly closedAt?: string;
  readonly included?: readonly string[];
  /**
   * Datasets whose consent ended before the verdicts were counted: their updates are left out, and a
   * hospital that has no other in the round judges nothing in it.
   */
  readonly withdrawn?: readonly string[];
  readonly excluded?: readonly RoundExcluded[];
  readonly aggregate?: ParametersRef;
  /** UTC time, RFC 3339. */
  readonly finalizedAt?: string;
  readonly reason?: string;
  /** Fabric MSP id. */
  readonly abortedBy?: string;
  /** When the present stage began. */
  readonly stageSince?: string;
  /** Members whose support did not count: they signed two statements. */
  readonly disqualified?: readonly string[];
  /** Digest of its updates, verdicts and attestations, once it has ended. */
  readonly seal?: string;
}

/** `RoundDossier` of the OpenAPI document. */
export interface RoundDossier {
  readonly round: Round;
  readonly updates: readonly Update[];
  readonly verdicts: readonly Verdict[];
  readonly attestations: readonly Attestation[];
  /** Scores that the ledger names, shown in verdicts or not. */
  readonly scoreCommitments?: readonly ScoreCommitment[];
  /** Where members contradicted themselves. */
  readonly equivocations?: readonly Equivocation[];
}

/** `RoundExcluded` of the OpenAPI document. */
export interface RoundExcluded {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly rejectedBy: readonly RoundExcludedRejectedBy[];
}

/** `RoundExcludedRejectedBy` of the OpenAPI document. */
export interface RoundExcludedRejectedBy {
  /** Fabric MSP id. */
  readonly mspId: string;
  readonly reason: RoundExcludedRejectedByReason;
}

/** `RoundExcludedRejectedByReason` of the OpenAPI document. */
export type RoundExcludedRejectedByReason =
  | 'artefact-unreachable'
  | 'hash-mismatch'
  | 'not-decryptable'
  | 'malformed'
  | 'norm-exceeded'
  | 'rejected-by-score'
  | 'withdrawn';

/** `RoundQuorum` of the OpenAPI document. */
export interface RoundQuorum {
  readonly updates: number;
  readonly validators: number;
}

/** `RoundState` of the OpenAPI document. */
export type RoundState = 'training' | 'validating' | 'aggregating' | 'finalized' | 'aborted';

/** `RowVersion` of the OpenAPI document. */
export interface RowVersion {
  readonly transactionId: string;
  /** UTC time, RFC 3339. */
  readonly at: string;
  readonly deleted: boolean;
  readonly row: Readonly<Record<string, unknown>> | null;
}

/** `Score` of the OpenAPI document. */
export interface Score {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  /** Held-out units judged rightly, with noise. */
  readonly right?: string;
  /** Held-out units judged wrongly, with noise. */
  readonly wrong?: string;
  /** Of scores from before: units judged rightly, with noise. */
  readonly correct?: string;
  /** Of scores from before: all units, with noise. */
  readonly total?: string;
  readonly privacyEvent: PrivacyEvent;
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly claimedEpsilon: string;
}

/** `ScoreCommitment` of the OpenAPI document. */
export interface ScoreCommitment {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  /**
   * SHA-256 of the score as its trainer wrote it down, with 32 secret random bytes: it tells nothing of
   * what is counted.
   */
  readonly scoreSha256: string;
  /** Fabric MSP id. */
  readonly owner: string;
  /** UTC time, RFC 3339. */
  readonly committedAt: string;
}

/** `Study` of the OpenAPI document. */
export interface Study {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly title: string;
  readonly question: string;
  readonly purpose: StudyPurpose;
  readonly datasets: readonly string[];
  readonly model: StudyModel;
  readonly training: StudyTraining;
  readonly validation: StudyValidation;
  readonly unit: StudyUnit;
  readonly rounds: number;
  readonly aggregation: StudyAggregation;
  readonly averaging?: StudyAveraging;
  readonly quorum: StudyQuorum;
  readonly roundDeadlineSeconds: number;
  /** How long a step is its leader’s alone before others may take over; 0 where absent. */
  readonly leaderSeconds?: number;
  /** How many times the least weight a dataset weighs at most; 10 where absent. */
  readonly weightRatioMax?: number;
  readonly notBefore?: StudyNotBefore;
  readonly afterWithdrawal?: StudyAfterWithdrawal;
  /** How long after its proposal only its requester may retire it; 30 days where absent. */
  readonly startWithinSeconds?: number;
  /** Fabric MSP id. */
  readonly requester: string;
  /**
   * One for each dataset that the study asks for. Older studies have none and weigh by bands without a
   * limit.
   */
  readonly weights?: readonly StudyWeight[];
  readonly state: StudyState;
  /** UTC time, RFC 3339. */
  readonly proposedAt: string;
  /** UTC time, RFC 3339. */
  readonly startedAt?: string;
  /** UTC time, RFC 3339. */
  readonly endedAt?: string;
  readonly reason?: string;
  /** Which text this is: 1 as proposed. */
  readonly version?: number;
  /** UTC time, RFC 3339. */
  readonly pausedAt?: string;
  /** The last motion that changed this; of studies of before, the last one. */
  readonly motions?: number;
  /** notBefore, or what was taken where the text has none; studies of old have none. */
  readonly publicTimes?: StudyNotBefore;
}

/**
 * What becomes of the model when a consent behind it is withdrawn. kept, where absent: it is
 * differentially private.
 */
export type StudyAfterWithdrawal = 'kept' | 'retired';

/** `StudyAggregation` of the OpenAPI document. */
export interface StudyAggregation {
  readonly rule: StudyAggregationRule;
  /** False updates to bear; not for fedavg and the medians. */
  readonly faulty?: number;
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly maxUpdateNormL2: string;
  readonly serverOptimizer?: StudyAggregationServerOptimizer;
}

/** `StudyAggregationRule` of the OpenAPI document. */
export type StudyAggregationRule =
  | 'fedavg'
  | 'median'
  | 'trimmed-mean'
  | 'geometric-median'
  | 'multi-krum'
  | 'nearest-neighbour-mixing';

/** How the aggregate moves the model; it becomes the model where absent. */
export type StudyAggregationServerOptimizer =
  | StudyAggregationServerOptimizerFedavgm
  | StudyAggregationServerOptimizerFedadam
  | StudyAggregationServerOptimizerFedyogi
  | StudyAggregationServerOptimizerFedadagrad;

/** `StudyAggregationServerOptimizerFedadagrad` of the OpenAPI document. */
export interface StudyAggregationServerOptimizerFedadagrad {
  readonly kind: 'fedadagrad';
  /** Factor of the momentum, or of its share of the root of the second moment. */
  readonly learningRate: string;
  /** Decay of the aggregates before (β₁). */
  readonly momentum: string;
  /** Floor of that root (τ), in parameter units. */
  readonly adaptivity: string;
}

/** `StudyAggregationServerOptimizerFedadam` of the OpenAPI document. */
export interface StudyAggregationServerOptimizerFedadam {
  readonly kind: 'fedadam';
  /** Factor of the momentum, or of its share of the root of the second moment. */
  readonly learningRate: string;
  /** Decay of the aggregates before (β₁). */
  readonly momentum: string;
  /** Floor of that root (τ), in parameter units. */
  readonly adaptivity: string;
  /** Decay of the second moment (β₂). */
  readonly secondMomentum: string;
}

/** `StudyAggregationServerOptimizerFedavgm` of the OpenAPI document. */
export interface StudyAggregationServerOptimizerFedavgm {
  readonly kind: 'fedavgm';
  /** Factor of the momentum, or of its share of the root of the second moment. */
  readonly learningRate: string;
  /** Decay of the aggregates before (β₁). */
  readonly momentum: string;
}

/** `StudyAggregationServerOptimizerFedyogi` of the OpenAPI document. */
export interface StudyAggregationServerOptimizerFedyogi {
  readonly kind: 'fedyogi';
  /** Factor of the momentum, or of its share of the root of the second moment. */
  readonly learningRate: string;
  /** Decay of the aggregates before (β₁). */
  readonly momentum: string;
  /** Floor of that root (τ), in parameter units. */
  readonly adaptivity: string;
  /** Decay of the second moment (β₂). */
  readonly secondMomentum: string;
}

/** The model is then the average of those after each round; the last one where absent. */
export interface StudyAveraging {
  /** How much less each round counts than the one after it; 0 is the last model itself. */
  readonly decay: string;
}

/** `StudyKey` of the OpenAPI document. */
export interface StudyKey {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  /** The dataset whose updates are sealed to this key, in this study alone. */
  readonly datasetId: string;
  /** X25519 public key, 32 bytes in base64url: artefacts for this member are sealed to it. */
  readonly encryptionPublicKey: string;
  /** XEdDSA signature by the key's private half, for this member, channel, study and dataset. */
  readonly keyProof: string;
  /** Fabric MSP id. */
  readonly mspId: string;
  /** UTC time, RFC 3339. */
  readonly recordedAt: string;
}

/** `StudyModel` of the OpenAPI document. */
export interface StudyModel {
  readonly graph: ArtefactRef;
  /** Width of the encoded input. */
  readonly inputs: number;
  readonly parameters: number;
  /** Names (or prefixes ending in *) of parameters that never leave a hospital. */
  readonly localParameters: readonly string[];
}

/** Each at most half of roundDeadlineSeconds; by the size of the work where absent. */
export interface StudyNotBefore {
  /** Seconds between the opening of a round and the earliest record of an update. */
  readonly updateSeconds: number;
  /** Seconds between the closing of a round and the earliest record of a verdict. */
  readonly verdictSeconds: number;
}

/** `StudyPurpose` of the OpenAPI document. */
export type StudyPurpose =
  | 'DUO:0000042'
  | 'DUO:0000006'
  | 'DUO:0000007'
  | 'DUO:0000011'
  | 'DUO:0000022'
  | 'DUO:0000026';

/** `StudyQuorum` of the OpenAPI document. */
export interface StudyQuorum {
  /** Fewest updates a round needs. */
  readonly updates: number;
  /** Hospitals that must accept (N of M). */
  readonly validators: number;
}

/** `StudyQuorum2` of the OpenAPI document. */
export interface StudyQuorum2 {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly state: StudyState;
  /** How many datasets and hospitals a round needs. */
  readonly needed: RoundQuorum;
  /** How many consent. */
  readonly now: RoundQuorum;
  /** How many there can be at most: those that consent, and members that have not answered. */
  readonly most: RoundQuorum;
  readonly isMet: boolean;
  readonly canBeMet: boolean;
  /** Where the quorum can be met no more: why, and what to do. */
  readonly lost?: string;
}

/** `StudyState` of the OpenAPI document. */
export type StudyState = 'proposed' | 'running' | 'paused' | 'completed' | 'aborted';

/** `StudySummary` of the OpenAPI document. */
export interface StudySummary {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly title: string;
  readonly purpose: StudyPurpose;
  readonly datasets: readonly string[];
  readonly rounds: number;
  /** Fabric MSP id. */
  readonly requester: string;
  readonly state: StudyState;
  /** UTC time, RFC 3339. */
  readonly proposedAt: string;
  /** UTC time, RFC 3339. */
  readonly startedAt?: string;
  /** UTC time, RFC 3339. */
  readonly endedAt?: string;
  /** Which text this is: 1 as proposed. */
  readonly version?: number;
  /** UTC time, RFC 3339. */
  readonly pausedAt?: string;
}

/** `StudyTraining` of the OpenAPI document. */
export interface StudyTraining {
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly learningRate: string;
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly momentum?: string;
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly clipNormL2: string;
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly noiseMultiplier: string;
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly samplingRate: string;
  readonly stepsPerRound: number;
  readonly optimizer?: StudyTrainingOptimizer;
  readonly schedule?: StudyTrainingSchedule;
  /** Each step shrinks every parameter by learningRate times this. */
  readonly weightDecay?: string;
  readonly clipping?: StudyTrainingClipping;
  readonly driftCorrection?: StudyTrainingDriftCorrection;
}

/** Where absent, the whole gradient is clipped to clipNormL2; each round starts from it. */
export type StudyTrainingClipping = StudyTrainingClippingPerLayer | StudyTrainingClippingAdaptive;

/** `StudyTrainingClippingAdaptive` of the OpenAPI document. */
export interface StudyTrainingClippingAdaptive {
  readonly kind: 'adaptive';
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly targetQuantile: string;
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly rate: string;
  /** The count's part of noiseMultiplier; at least twice as much. */
  readonly countNoiseMultiplier: string;
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly minimumClipNormL2: string;
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly maximumClipNormL2: string;
}

/** `StudyTrainingClippingPerLayer` of the OpenAPI document. */
export interface StudyTrainingClippingPerLayer {
  readonly kind: 'per-layer';
  readonly bounds: StudyTrainingClippingPerLayerBounds;
  /** Names (or prefixes ending in *) of parameters; the others are layers of their own. */
  readonly layers?: readonly (readonly string[])[];
}

/** `StudyTrainingClippingPerLayerBounds` of the OpenAPI document. */
export type StudyTrainingClippingPerLayerBounds = 'uniform' | 'by-size';

/** What keeps a hospital's model near the others' within a round. */
export type StudyTrainingDriftCorrection =
  | StudyTrainingDriftCorrectionFedprox
  | StudyTrainingDriftCorrectionScaffold;

/** `StudyTrainingDriftCorrectionFedprox` of the OpenAPI document. */
export interface StudyTrainingDriftCorrectionFedprox {
  readonly kind: 'fedprox';
  /** μ: each step is also drawn to the round's base, by μ times the distance. */
  readonly proximal: string;
}

/** `StudyTrainingDriftCorrectionScaffold` of the OpenAPI document. */
export interface StudyTrainingDriftCorrectionScaffold {
  readonly kind: 'scaffold';
}

/** Gradient descent where absent. */
export type StudyTrainingOptimizer = StudyTrainingOptimizerSgd | StudyTrainingOptimizerAdam;

/** `StudyTrainingOptimizerAdam` of the OpenAPI document. */
export interface StudyTrainingOptimizerAdam {
  readonly kind: 'adam';
  /** Decay of the first moment (β₁). */
  readonly momentum: string;
  /** Decay of the second moment (β₂). */
  readonly secondMomentum: string;
  /** Least second moment once the noise's variance is taken off; that variance if absent. */
  readonly floor?: string;
}

/** `StudyTrainingOptimizerSgd` of the OpenAPI document. */
export interface StudyTrainingOptimizerSgd {
  readonly kind: 'sgd';
  /** Heavy-ball momentum (μ). */
  readonly momentum: string;
}

/** Of the learning rate, over the steps of all rounds. */
export type StudyTrainingSchedule =
  | StudyTrainingScheduleConstant
  | StudyTrainingScheduleCosine
  | StudyTrainingScheduleLinear
  | StudyTrainingScheduleStep;

/** `StudyTrainingScheduleConstant` of the OpenAPI document. */
export interface StudyTrainingScheduleConstant {
  readonly kind: 'constant';
  /** Steps of linear growth. */
  readonly warmUpSteps: number;
}

/** `StudyTrainingScheduleCosine` of the OpenAPI document. */
export interface StudyTrainingScheduleCosine {
  readonly kind: 'cosine';
  /** Steps of linear growth. */
  readonly warmUpSteps: number;
  /** Of learningRate, towards the last step. */
  readonly finalFraction: string;
}

/** `StudyTrainingScheduleLinear` of the OpenAPI document. */
export interface StudyTrainingScheduleLinear {
  readonly kind: 'linear';
  /** Steps of linear growth. */
  readonly warmUpSteps: number;
  /** Of learningRate, towards the last step. */
  readonly finalFraction: string;
}

/** `StudyTrainingScheduleStep` of the OpenAPI document. */
export interface StudyTrainingScheduleStep {
  readonly kind: 'step';
  /** Steps of linear growth. */
  readonly warmUpSteps: number;
  readonly everySteps: number;
  /** Non-negative decimal number as a string, at most 15 decimals. */
  readonly factor: string;
}

/** `StudyUnit` of the OpenAPI document. */
export type StudyUnit = 'patient' | 'record';

/** `StudyValidation` of the OpenAPI document. */
export interface StudyValidation {
  readonly metric: 'accuracy';
  /** Noise of each charged score on held-out patients. */
  readonly noiseMultiplier: string;
  /** A hospital accepts a candidate whose noised accuracy is at least this. */
  readonly minimum: string;
}

/** `StudyWeight` of the OpenAPI document. */
export interface StudyWeight {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly weight: number;
  /** Whose band it follows from; the dataset's first where absent. */
  readonly revision?: number;
}

/** Committed. */
export interface SubmitTransactionAnswer {
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** The row. */
  readonly result: unknown;
}

/** `Update` of the OpenAPI document. */
export interface Update {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly artefact: ArtefactRef;
  /** Commitment to the plaintext update. */
  readonly plaintextSha256: string;
  readonly privacyEvent: PrivacyEvent;
  /** The event's own ε at the budget's δ; an under-claim is refused. */
  readonly claimedEpsilon: string;
  /**
   * Hospitals of the round that it is not sealed to by their key for this dataset in this study, but by
   * their long-lived key, or not at all. Absent where the sender does not say.
   */
  readonly sealedToMemberKeys?: readonly string[];
  /** Fabric MSP id. */
  readonly owner: string;
  /** UTC time, RFC 3339. */
  readonly recordedAt: string;
}

/** `Verdict` of the OpenAPI document. */
export interface Verdict {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly round: number;
  /** Parameters hash of the candidate this member scored. */
  readonly candidateSha256: string;
  /** Whether this member accepts the candidate model. */
  readonly accepted: boolean;
  readonly decisions: readonly Decision[];
  readonly scores: readonly Score[];
  /** Fabric MSP id. */
  readonly mspId: string;
  /** UTC time, RFC 3339. */
  readonly recordedAt: string;
  /** SHA-256 of the public key that signed this. */
  readonly signerSha256?: string;
}

/** Where it rejects: which rule failed, and the charged numbers. */
export interface VerdictAnswerGrounds {
  readonly rule: VerdictAnswerGroundsRule;
  readonly rejected: readonly VerdictAnswerGroundsRejected[];
  /** Units judged rightly, with noise, of all its scores. */
  readonly right?: number;
  /** Units judged wrongly, with noise, of all its scores. */
  readonly wrong?: number;
  /** What follows from them, cut to [0, 1]. */
  readonly accuracyMillionths?: number;
  /** The least accuracy that the study accepts. */
  readonly minimum?: string;
}

/** `VerdictAnswerGroundsRejected` of the OpenAPI document. */
export interface VerdictAnswerGroundsRejected {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  readonly reason: RoundExcludedRejectedByReason;
}

/** not-stated: the recorded scores do not explain it. */
export type VerdictAnswerGroundsRule =
  | 'accuracy-below-minimum'
  | 'no-acceptable-update'
  | 'update-rejected'
  | 'not-stated';

/** `Vote` of the OpenAPI document. */
export interface Vote {
  /** Version of the row's form. */
  readonly schema: number;
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly studyId: string;
  readonly motion: number;
  /** Fabric MSP id. */
  readonly mspId: string;
  readonly accept: boolean;
  /** Enrolment ids of those who gave it. */
  readonly stewards: readonly string[];
  /** The membership that voted. */
  readonly membership?: number;
  /** Whether enough stewards gave it for the hospital's policy. */
  readonly complete: boolean;
  /** UTC time, RFC 3339. */
  readonly votedAt: string;
}

/** Committed. */
export interface VoteOnMemberAnswer {
  /** The ledger transaction. */
  readonly transactionId: string;
  /** The block that holds it. */
  readonly blockNumber: number;
  /** Version of the row's form. */
  readonly schema: number;
  /** Fabric MSP id. */
  readonly mspId: string;
  readonly question: VoteOnMemberAnswerQuestion;
  readonly accept: boolean;
  readonly reason: string;
  /** The membership that is to end, or to begin. */
  readonly membership: number;
  /** Fabric MSP id. */
  readonly voter: string;
  /** Which membership of the organisation: 1, also where absent, is the first. */
  readonly voterMembership: number;
  /** UTC time, RFC 3339. */
  readonly votedAt: string;
  /** Members that are for it. */
  readonly accepting: readonly string[];
  /** How many of the members must be. */
  readonly needed: number;
  readonly departure?: Departure;
  /** The label of each Data Use Ontology code in this answer. */
  readonly duoLabels?: Readonly<Record<string, string>>;
}

/** `VoteOnMemberAnswerQuestion` of the OpenAPI document. */
export type VoteOnMemberAnswerQuestion = 'removal' | 'return';

/** `VoteOnMemberRequest` of the OpenAPI document. */
export interface VoteOnMemberRequest {
  readonly question: VoteOnMemberAnswerQuestion;
  readonly accept: boolean;
  readonly reason: string;
}

/** `WithdrawnDataset` of the OpenAPI document. */
export interface WithdrawnDataset {
  /** Lower-case letters, digits and hyphens, at most 63 characters. */
  readonly datasetId: string;
  /** UTC time, RFC 3339. */
  readonly withdrawnAt: string;
}

/** Each operation: what it takes and what it answers. */
export interface Api {
  /** Registers the caller's organisation as a member. */
  readonly registerMember: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: RegisterMember;
    readonly answer: RegisterMemberAnswer;
  };
  /** All members. */
  readonly listMembers: {
    readonly path: Nothing;
    readonly query: {
      readonly from?: string;
      readonly to?: string;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly pageSize?: number;
    };
    readonly body: undefined;
    readonly answer: ListMembersAnswer;
  };
  /** Replaces the caller's encryption key. Later artefacts are sealed to the new key. */
  readonly rotateKey: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: RotateKey;
    readonly answer: RegisterMemberAnswer;
  };
  /** Ends the membership of the caller's organisation: its consents and votes count no more. */
  readonly leave: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: LeaveMember;
    readonly answer: LeaveAnswer;
  };
  /**
   * Votes for the removal of a member, or for the return of one that left; a majority of the members
   * decides.
   */
  readonly voteOnMember: {
    readonly path: { readonly mspId: string };
    readonly query: Nothing;
    readonly body: VoteOnMemberRequest;
    readonly answer: VoteOnMemberAnswer;
  };
  /** The votes on one organisation. */
  readonly listMemberVotes: {
    readonly path: { readonly mspId: string };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: ListMemberVotesAnswer;
  };
  /** Every membership that has ended. */
  readonly listDepartures: {
    readonly path: Nothing;
    readonly query: {
      readonly from?: string;
      readonly to?: string;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly pageSize?: number;
    };
    readonly body: undefined;
    readonly answer: ListDeparturesAnswer;
  };
  /** One member. */
  readonly getMember: {
    readonly path: { readonly mspId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetMemberAnswer;
  };
  /**
   * Registers the people whom the caller's records are about, and what each may lose in privacy for
   * life.
   */
  readonly registerPopulation: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: RegisterPopulation;
    readonly answer: RegisterPopulationAnswer;
  };
  /** All populations that were registered as such. */
  readonly listPopulations: {
    readonly path: Nothing;
    readonly query: {
      readonly owner?: string;
      readonly from?: string;
      readonly to?: string;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly pageSize?: number;
    };
    readonly body: undefined;
    readonly answer: ListPopulationsAnswer;
  };
  /** One population. */
  readonly getPopulation: {
    readonly path: { readonly populationId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetPopulationAnswer;
  };
  /** A population's blocks of patients. */
  readonly listBlocks: {
    readonly path: { readonly populationId: string };
    readonly query: {
      readonly state?: BlockState;
      readonly from?: string;
      readonly to?: string;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly pageSize?: number;
    };
    readonly body: undefined;
    readonly answer: ListBlocksAnswer;
  };
  /** Lets no new consent name a block of patients. */
  readonly retireBlock: {
    readonly path: { readonly populationId: string; readonly block: number };
    readonly query: Nothing;
    readonly body: LeaveMember;
    readonly answer: RetireBlockAnswer;
  };
  /**
   * Describes a dataset of the caller's organisation, and opens the privacy budgets of patients never
   * seen before.
   */
  readonly registerDataset: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: RegisterDataset;
    readonly answer: RegisterDatasetAnswer;
  };
  /** All datasets, in summary. */
  readonly listDatasets: {
    readonly path: Nothing;
    readonly query: {
      readonly owner?: string;
      readonly purpose?: StudyPurpose;
      readonly from?: string;
      readonly to?: string;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly pageSize?: number;
    };
    readonly body: undefined;
    readonly answer: ListDatasetsAnswer;
  };
  /** Records what a dataset holds from now on, under the accounts of its patients. */
  readonly reviseDataset: {
    readonly path: { readonly datasetId: string };
    readonly query: Nothing;
    readonly body: ReviseDatasetRequest;
    readonly answer: ReviseDatasetAnswer;
  };
  /** A dataset's revisions, oldest first. */
  readonly listRevisions: {
    readonly path: { readonly datasetId: string };
    readonly query: {
      readonly from?: string;
      readonly to?: string;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly pageSize?: number;
    };
    readonly body: undefined;
    readonly answer: ListRevisionsAnswer;
  };
  /** One dataset. */
  readonly getDataset: {
    readonly path: { readonly datasetId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetDatasetAnswer;
  };
  /**
   * One account of a block of a dataset's population, the first where none is named: budget, spent,
   * reserved and left, as ε at the budget's δ.
   */
  readonly getBudget: {
    readonly path: { readonly datasetId: string; readonly pool: PrivacyEventPool };
    readonly query: { readonly block?: number };
    readonly body: undefined;
    readonly answer: GetBudgetAnswer;
  };
  /** Every privacy event charged to a dataset, oldest first. */
  readonly listPrivacyEvents: {
    readonly path: { readonly datasetId: string };
    readonly query: {
      readonly from?: string;
      readonly to?: string;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly pageSize?: number;
    };
    readonly body: undefined;
    readonly answer: ListPrivacyEventsAnswer;
  };
  /** Proposes a study over registered datasets. */
  readonly proposeStudy: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: ProposeStudy;
    readonly answer: ProposeStudyAnswer;
  };
  /** All studies, in summary. */
  readonly listStudies: {
    readonly path: Nothing;
    readonly query: {
      readonly state?: StudyState;
      readonly owner?: string;
      readonly purpose?: StudyPurpose;
      readonly from?: string;
      readonly to?: string;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly pageSize?: number;
    };
    readonly body: undefined;
    readonly answer: ListStudiesAnswer;
  };
  /** One study. */
  readonly getStudy: {
    readonly path: { readonly studyId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetStudyAnswer;
  };
  /**
   * A study with or without a model: every dataset and consent, and its rounds with updates and verdicts
   * in pages.
   */
  readonly getStudyRecord: {
    readonly path: { readonly studyId: string };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: GetStudyRecordAnswer;
  };
  /** Open studies whose quorum is not met any more: running ones that wait, proposals that cannot start. */
  readonly listShortStudies: {
    readonly path: Nothing;
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: ListShortStudiesAnswer;
  };
  /** Starts the requester's study once enough datasets consent. */
  readonly startStudy: {
    readonly path: { readonly studyId: string };
    readonly query: Nothing;
    readonly body: Readonly<Record<string, unknown>> | undefined;
    readonly answer: ProposeStudyAnswer;
  };
  /** Ends the requester's study without a model. */
  readonly abortStudy: {
    readonly path: { readonly studyId: string };
    readonly query: Nothing;
    readonly body: LeaveMember;
    readonly answer: ProposeStudyAnswer;
  };
  /** Ends a proposal that was never started. The requester may at any time, any member when it is old. */
  readonly retireStudy: {
    readonly path: { readonly studyId: string };
    readonly query: Nothing;
    readonly body: LeaveMember;
    readonly answer: ProposeStudyAnswer;
  };
  /** Lets a study use the caller's dataset and reserves its whole privacy cost. */
  readonly grantConsent: {
    readonly path: { readonly studyId: string };
    readonly query: Nothing;
    readonly body: GrantConsentRequest;
    readonly answer: GrantConsentAnswer;
  };
  /** A study's consents. */
  readonly listConsents: {
    readonly path: { readonly studyId: string };
    readonly query: {
      readonly state?: ConsentState;
      readonly owner?: string;
      readonly from?: string;
      readonly to?: string;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly pageSize?: number;
    };
    readonly body: undefined;
    readonly answer: ListConsentsAnswer;
  };
  /** One steward's approval, where the dataset's policy asks for several; the last gives the consent. */
  readonly approveConsent: {
    readonly path: { readonly studyId: string; readonly datasetId: string };
    readonly query: Nothing;
    readonly body: ApproveConsentRequest | undefined;
    readonly answer: ApproveConsentAnswer;
  };
  /**
   * Declines a study for the caller's dataset, with a reason on record; a consent may follow all the
   * same.
   */
  readonly declineStudy: {
    readonly path: { readonly studyId: string; readonly datasetId: string };
    readonly query: Nothing;
    readonly body: DeclineStudyRequest;
    readonly answer: DeclineStudyAnswer;
  };
  /** Datasets that declined a study, with their reasons. */
  readonly listDeclines: {
    readonly path: { readonly studyId: string };
    readonly query: {
      readonly owner?: string;
      readonly from?: string;
      readonly to?: string;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly pageSize?: number;
    };
    readonly body: undefined;
    readonly answer: ListDeclinesAnswer;
  };
  /** A hospital's consents that are not settled: the studies that it takes part in. */
  readonly listOpenConsents: {
    readonly path: { readonly mspId: string };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: ListOpenConsentsAnswer;
  };
  /** One consent. */
  readonly getConsent: {
    readonly path: { readonly studyId: string; readonly datasetId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetConsentAnswer;
  };
  /** What a consent would reserve, as ε at the budget's δ. */
  readonly quoteConsent: {
    readonly path: { readonly studyId: string; readonly datasetId: string };
    readonly query: { readonly blocks?: readonly number[] };
    readonly body: undefined;
    readonly answer: QuoteConsentAnswer;
  };
  /** Withdraws a consent, from the round under way too until its verdicts are counted. */
  readonly withdrawConsent: {
    readonly path: { readonly studyId: string; readonly datasetId: string };
    readonly query: Nothing;
    readonly body: LeaveMember;
    readonly answer: GrantConsentAnswer;
  };
  /**
   * Records the caller's keys for a study: one for the updates of each dataset, which can be destroyed
   * alone.
   */
  readonly recordStudyKeys: {
    readonly path: { readonly studyId: string };
    readonly query: Nothing;
    readonly body: RecordStudyKeysRequest;
    readonly answer: RecordStudyKeysAnswer;
  };
  /** The keys that updates of a dataset are sealed to in a study. */
  readonly listStudyKeys: {
    readonly path: { readonly studyId: string; readonly datasetId: string };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: ListStudyKeysAnswer;
  };
  /** Says that the caller's hospital erased the updates of a dataset whose consent was withdrawn. */
  readonly attestErasure: {
    readonly path: { readonly studyId: string; readonly datasetId: string };
    readonly query: Nothing;
    readonly body: AttestErasureRequest;
    readonly answer: AttestErasureAnswer;
  };
  /** Erasures after withdrawals: done, owed and overdue. */
  readonly listErasures: {
    readonly path: { readonly studyId: string };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: ListErasuresAnswer;
  };
  /** Returns what an ended study, or a withdrawn consent, did not spend. */
  readonly settleConsent: {
    readonly path: { readonly studyId: string; readonly datasetId: string };
    readonly query: Nothing;
    readonly body: Readonly<Record<string, unknown>> | undefined;
    readonly answer: GrantConsentAnswer;
  };
  /** Asks the hospitals of a study to pause it, to resume it, or to amend it. */
  readonly moveMotion: {
    readonly path: { readonly studyId: string };
    readonly query: Nothing;
    readonly body: MoveMotionRequest;
    readonly answer: MoveMotionAnswer;
  };
  /** A study's motions. */
  readonly listMotions: {
    readonly path: { readonly studyId: string };
    readonly query: {
      readonly state?: MotionState;
      readonly owner?: string;
      readonly from?: string;
      readonly to?: string;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly pageSize?: number;
    };
    readonly body: undefined;
    readonly answer: ListMotionsAnswer;
  };
  /** One motion with its votes. */
  readonly getMotion: {
    readonly path: { readonly studyId: string; readonly motion: number };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetMotionAnswer;
  };
  /** Casts the vote of the caller's hospital; the vote that decides carries the motion out. */
  readonly castVote: {
    readonly path: { readonly studyId: string; readonly motion: number };
    readonly query: Nothing;
    readonly body: CastVoteRequest;
    readonly answer: MoveMotionAnswer;
  };
  /** Opens the next round of a running study. */
  readonly openRound: {
    readonly path: { readonly studyId: string };
    readonly query: Nothing;
    readonly body: OpenRoundRequest;
    readonly answer: OpenRoundAnswer;
  };
  /** A study's rounds. */
  readonly listRounds: {
    readonly path: { readonly studyId: string };
    readonly query: {
      readonly state?: RoundState;
      readonly from?: string;
      readonly to?: string;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly pageSize?: number;
    };
    readonly body: undefined;
    readonly answer: ListRoundsAnswer;
  };
  /** One round. */
  readonly getRound: {
    readonly path: { readonly studyId: string; readonly round: number };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetRoundAnswer;
  };
  /** One round with its updates, verdicts and attestations. */
  readonly getRoundDossier: {
    readonly path: { readonly studyId: string; readonly round: number };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetRoundDossierAnswer;
  };
  /** Records one dataset's update and charges its privacy event. */
  readonly recordUpdate: {
    readonly path: { readonly studyId: string; readonly round: number };
    readonly query: Nothing;
    readonly body: RecordUpdateRequest;
    readonly answer: RecordUpdateAnswer;
  };
  /** One update. */
  readonly getUpdate: {
    readonly path: { readonly studyId: string; readonly round: number; readonly datasetId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetUpdateAnswer;
  };
  /** Ends the training of a round. */
  readonly closeRound: {
    readonly path: { readonly studyId: string; readonly round: number };
    readonly query: Nothing;
    readonly body: Readonly<Record<string, unknown>> | undefined;
    readonly answer: OpenRoundAnswer;
  };
  /** Names the score of one dataset by its hash, before the verdict shows it. */
  readonly commitScore: {
    readonly path: { readonly studyId: string; readonly round: number };
    readonly query: Nothing;
    readonly body: CommitScoreRequest;
    readonly answer: CommitScoreAnswer;
  };
  /** Records one member's verdict and charges its scores. */
  readonly recordVerdict: {
    readonly path: { readonly studyId: string; readonly round: number };
    readonly query: Nothing;
    readonly body: RecordVerdictRequest;
    readonly answer: RecordVerdictAnswer;
  };
  /** One verdict. */
  readonly getVerdict: {
    readonly path: { readonly studyId: string; readonly round: number; readonly mspId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetVerdictAnswer;
  };
  /** Decides from the verdicts which updates are included. */
  readonly tallyRound: {
    readonly path: { readonly studyId: string; readonly round: number };
    readonly query: Nothing;
    readonly body: Readonly<Record<string, unknown>> | undefined;
    readonly answer: OpenRoundAnswer;
  };
  /** Records one member's own recomputation of the aggregate. */
  readonly attestAggregate: {
    readonly path: { readonly studyId: string; readonly round: number };
    readonly query: Nothing;
    readonly body: AttestAggregateRequest;
    readonly answer: AttestAggregateAnswer;
  };
  /** Makes the aggregate the next model, endorsed by N hospitals that recomputed it. */
  readonly finalizeRound: {
    readonly path: { readonly studyId: string; readonly round: number };
    readonly query: Nothing;
    readonly body: FinalizeRoundRequest;
    readonly answer: OpenRoundAnswer;
  };
  /** Ends a round that missed its deadline or its quorum. */
  readonly abortRound: {
    readonly path: { readonly studyId: string; readonly round: number };
    readonly query: Nothing;
    readonly body: LeaveMember;
    readonly answer: OpenRoundAnswer;
  };
  /** What became of one update: included, or excluded by whom and why. */
  readonly getReceipt: {
    readonly path: { readonly studyId: string; readonly round: number; readonly datasetId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetReceiptAnswer;
  };
  /** What became of each of a hospital's updates in a study, round by round. */
  readonly listReceipts: {
    readonly path: { readonly studyId: string; readonly mspId: string };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: ListReceiptsAnswer;
  };
  /** What each hospital added to a round, from recorded verdict scores only. */
  readonly getContributions: {
    readonly path: { readonly studyId: string; readonly round: number };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetContributionsAnswer;
  };
  /** Proves that a member signed two different statements on a round: its support counts no more. */
  readonly reportEquivocation: {
    readonly path: { readonly studyId: string; readonly round: number };
    readonly query: Nothing;
    readonly body: ReportEquivocationRequest;
    readonly answer: ReportEquivocationAnswer;
  };
  /** Evidence of members that signed two different statements on a round. */
  readonly listEquivocations: {
    readonly path: { readonly studyId: string };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: ListEquivocationsAnswer;
  };
  /** Completes a study with the aggregate of its last finalised round. */
  readonly publishModel: {
    readonly path: { readonly studyId: string };
    readonly query: Nothing;
    readonly body: Readonly<Record<string, unknown>> | undefined;
    readonly answer: PublishModelAnswer;
  };
  /** A study's model. */
  readonly getModel: {
    readonly path: { readonly studyId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetModelAnswer;
  };
  /** A model with every dataset and consent behind it, and its rounds with updates and verdicts in pages. */
  readonly getModelLineage: {
    readonly path: { readonly studyId: string };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: GetModelLineageAnswer;
  };
  /** All models. */
  readonly listModels: {
    readonly path: Nothing;
    readonly query: {
      readonly owner?: string;
      readonly from?: string;
      readonly to?: string;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly pageSize?: number;
    };
    readonly body: undefined;
    readonly answer: ListModelsAnswer;
  };
  /** Every version of one row, newest first, with transaction ids and times. */
  readonly getMemberHistory: {
    readonly path: { readonly mspId: string };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: GetMemberHistoryAnswer;
  };
  /** Every version of one row, newest first, with transaction ids and times. */
  readonly getPopulationHistory: {
    readonly path: { readonly populationId: string };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: GetMemberHistoryAnswer;
  };
  /** Every version of one row, newest first, with transaction ids and times. */
  readonly getBlockHistory: {
    readonly path: { readonly populationId: string; readonly block: number };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: GetMemberHistoryAnswer;
  };
  /** Every version of one row, newest first, with transaction ids and times. */
  readonly getDatasetHistory: {
    readonly path: { readonly datasetId: string };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: GetMemberHistoryAnswer;
  };
  /** Every version of one row, newest first, with transaction ids and times. */
  readonly getRevisionHistory: {
    readonly path: { readonly datasetId: string; readonly revision: number };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: GetMemberHistoryAnswer;
  };
  /** Every version of one row, newest first, with transaction ids and times. */
  readonly getBudgetHistory: {
    readonly path: { readonly populationId: string; readonly pool: PrivacyEventPool };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: GetMemberHistoryAnswer;
  };
  /** Every version of one row, newest first, with transaction ids and times. */
  readonly getStudyHistory: {
    readonly path: { readonly studyId: string };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: GetMemberHistoryAnswer;
  };
  /** Every version of one row, newest first, with transaction ids and times. */
  readonly getConsentHistory: {
    readonly path: { readonly studyId: string; readonly datasetId: string };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: GetMemberHistoryAnswer;
  };
  /** Every version of one row, newest first, with transaction ids and times. */
  readonly getRoundHistory: {
    readonly path: { readonly studyId: string; readonly round: number };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: GetMemberHistoryAnswer;
  };
  /** Every version of one row, newest first, with transaction ids and times. */
  readonly getUpdateHistory: {
    readonly path: { readonly studyId: string; readonly round: number; readonly datasetId: string };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: GetMemberHistoryAnswer;
  };
  /** Every version of one row, newest first, with transaction ids and times. */
  readonly getVerdictHistory: {
    readonly path: { readonly studyId: string; readonly round: number; readonly mspId: string };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: GetMemberHistoryAnswer;
  };
  /** Every version of one row, newest first, with transaction ids and times. */
  readonly getModelHistory: {
    readonly path: { readonly studyId: string };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: GetMemberHistoryAnswer;
  };
  /** Every version of one row, newest first, with transaction ids and times. */
  readonly getBlockBudgetHistory: {
    readonly path: { readonly populationId: string; readonly pool: PrivacyEventPool; readonly block: number };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: GetMemberHistoryAnswer;
  };
  /** What has policies of other members than those of now: each as audit:renewPolicies takes it. */
  readonly listOldPolicies: {
    readonly path: { readonly kind: ListOldPoliciesKind };
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: ListOldPoliciesAnswer;
  };
  /**
   * Lays the policies of a dataset, a block of patients, a consent or a round again, by the members of
   * now.
   */
  readonly renewPolicies: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: PolicyRef | undefined;
    readonly answer: RenewPoliciesAnswer;
  };
  /** What was done, oldest first: by study, dataset, hospital or purpose, in a range of time. */
  readonly listActivities: {
    readonly path: { readonly by: ListActivitiesBy };
    readonly query: {
      readonly value?: string;
      readonly from?: string;
      readonly to?: string;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly pageSize?: number;
    };
    readonly body: undefined;
    readonly answer: ListActivitiesAnswer;
  };
  /** Adds rows that are older than the index of activities to it: a study and its consents, or one round. */
  readonly indexStudy: {
    readonly path: { readonly studyId: string };
    readonly query: Nothing;
    readonly body: IndexStudyRequest | undefined;
    readonly answer: IndexStudyAnswer;
  };
  /** Prepares a transaction that the client signs with its own key, as one on a card. */
  readonly prepareTransaction: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: PrepareTransactionRequest;
    readonly answer: PrepareTransactionAnswer;
  };
  /** Takes the signature of a prepared transaction to the peers, and answers what they endorsed. */
  readonly endorseTransaction: {
    readonly path: { readonly transactionId: string };
    readonly query: Nothing;
    readonly body: EndorseTransactionRequest;
    readonly answer: EndorseTransactionAnswer;
  };
  /** Sends an endorsed transaction with its signature, and waits for the block. */
  readonly submitTransaction: {
    readonly path: { readonly transactionId: string };
    readonly query: Nothing;
    readonly body: EndorseTransactionRequest;
    readonly answer: SubmitTransactionAnswer;
  };
  /** The blocks that this gateway checked, newest first. */
  readonly listLedgerBlocks: {
    readonly path: Nothing;
    readonly query: { readonly limit?: number; readonly bookmark?: string; readonly pageSize?: number };
    readonly body: undefined;
    readonly answer: ListLedgerBlocksAnswer;
  };
  /** One block that this gateway checked. */
  readonly getLedgerBlock: {
    readonly path: { readonly number: number };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: ListLedgerBlocksAnswerItem;
  };
  /** Transactions of the channel, newest first: by hospital, name, id, block, time and validity. */
  readonly listTransactions: {
    readonly path: Nothing;
    readonly query: {
      readonly limit?: number;
      readonly bookmark?: string;
      readonly pageSize?: number;
      readonly hospital?: string;
      readonly transaction?: string;
      readonly subject?: string;
      readonly block?: number;
      readonly validity?: ListTransactionsValidity;
      readonly from?: string;
      readonly to?: string;
    };
    readonly body: undefined;
    readonly answer: ListTransactionsAnswer;
  };
  /** One transaction of the channel, also of another gateway: who, when, what, and what became of it. */
  readonly getTransaction: {
    readonly path: { readonly transactionId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetTransactionAnswer;
  };
  /** The rows that a transaction read and wrote. */
  readonly getTransactionRows: {
    readonly path: { readonly transactionId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetTransactionRowsAnswer;
  };
  /** The channel, this organisation, the height, and by whom the history is witnessed. */
  readonly getLedger: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetLedgerAnswer;
  };
  /** What waits for people: studies without their quorum, rows that members of another day guard, alarms. */
  readonly getAttention: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetAttentionAnswer;
  };
  /** What became of a request that was sent with Prefer: respond-async. */
  readonly getOperation: {
    readonly path: { readonly operationId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: Operation;
  };
  /** Who used a dataset, for what, under which consent, at what cost? */
  readonly askUsesOfDataset: {
    readonly path: { readonly datasetId: string };
    readonly query: {
      readonly vectors?: boolean;
      readonly format?: AskUsesOfDatasetFormat;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly table?: AskUsesOfDatasetTable;
    };
    readonly body: undefined;
    readonly answer: AskUsesOfDatasetAnswer;
  };
  /** Who used the data of a population, for what, under which consent, at what cost? */
  readonly askUsesOfPopulation: {
    readonly path: { readonly populationId: string };
    readonly query: {
      readonly vectors?: boolean;
      readonly format?: AskUsesOfDatasetFormat;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly table?: AskUsesOfDatasetTable;
    };
    readonly body: undefined;
    readonly answer: AskUsesOfDatasetAnswer;
  };
  /** What went into a model? */
  readonly askOriginsOfModel: {
    readonly path: { readonly studyId: string };
    readonly query: {
      readonly format?: AskUsesOfDatasetFormat;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly table?: AskOriginsOfModelTable;
    };
    readonly body: undefined;
    readonly answer: AskOriginsOfModelAnswer;
  };
  /** What did a hospital decline or reject, and why? */
  readonly askRefusalsOfHospital: {
    readonly path: { readonly mspId: string };
    readonly query: {
      readonly from?: string;
      readonly to?: string;
      readonly format?: AskUsesOfDatasetFormat;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly table?: 'refusals';
    };
    readonly body: undefined;
    readonly answer: AskRefusalsOfHospitalAnswer;
  };
  /** Which studies ran under a purpose in a period? */
  readonly askStudiesOfPurpose: {
    readonly path: { readonly purpose: StudyPurpose };
    readonly query: {
      readonly from?: string;
      readonly to?: string;
      readonly format?: AskUsesOfDatasetFormat;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly table?: 'studies';
    };
    readonly body: undefined;
    readonly answer: AskStudiesOfPurposeAnswer;
  };
  /** What is left of every privacy budget, how did it go over time, and when is it gone at this rate? */
  readonly askBudgets: {
    readonly path: Nothing;
    readonly query: {
      readonly mspId?: string;
      readonly populationId?: string;
      readonly points?: number;
      readonly vectors?: boolean;
      readonly format?: AskUsesOfDatasetFormat;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly table?: AskBudgetsTable;
    };
    readonly body: undefined;
    readonly answer: AskBudgetsAnswer;
  };
  /** What became of a withdrawn consent, and of its erasure? */
  readonly askWithdrawals: {
    readonly path: Nothing;
    readonly query: {
      readonly studyId?: string;
      readonly datasetId?: string;
      readonly mspId?: string;
      readonly format?: AskUsesOfDatasetFormat;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly table?: AskWithdrawalsTable;
    };
    readonly body: undefined;
    readonly answer: AskWithdrawalsAnswer;
  };
  /** Who did what on a day? */
  readonly askActsOfDay: {
    readonly path: { readonly day: string };
    readonly query: {
      readonly mspId?: string;
      readonly format?: AskUsesOfDatasetFormat;
      readonly limit?: number;
      readonly bookmark?: string;
      readonly table?: 'acts';
    };
    readonly body: undefined;
    readonly answer: AskActsOfDayAnswer;
  };
  /**
   * A file that proves a study: its consents, rounds and costs, and its model or how it ended without
   * one.
   */
  readonly getEvidenceOfStudy: {
    readonly path: { readonly studyId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: string;
  };
  /** A file that proves the lineage of a model, and shows no more than that takes. */
  readonly getEvidenceOfModel: {
    readonly path: { readonly studyId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: string;
  };
  /**
   * A file that proves every use of a dataset: which studies, which consents, which charges, and what is
   * left.
   */
  readonly getEvidenceOfDataset: {
    readonly path: { readonly datasetId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: string;
  };
  /** A file that proves one transaction, of any gateway: who sent it, who endorsed it, and what it wrote. */
  readonly getEvidenceOfTransaction: {
    readonly path: { readonly transactionId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: string;
  };
  /** What this gateway saw of the ledger, signed, as a file for another hospital. */
  readonly getWitnessStatement: {
    readonly path: Nothing;
    readonly query: { readonly block?: number };
    readonly body: undefined;
    readonly answer: string;
  };
  /** Compares what another hospital’s gateway saw with what this one checked, and answers in words. */
  readonly compareWitnessStatement: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: string | undefined;
    readonly answer: CompareWitnessStatementAnswer;
  };
  /** Sends events of the ledger to an address of the hospital, each at least once. */
  readonly registerWebhook: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: RegisterWebhookRequest;
    readonly answer: RegisterWebhookAnswer;
  };
  /** The webhooks of this API key; for an operator, of all. */
  readonly listWebhooks: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: ListWebhooksAnswer;
  };
  /** One webhook: up to where it delivered, and what it does now. */
  readonly getWebhook: {
    readonly path: { readonly webhookId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: ListWebhooksAnswerItem;
  };
  /** Removes a webhook, with its dead letters: nothing more is sent. */
  readonly removeWebhook: {
    readonly path: { readonly webhookId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: undefined;
  };
  /** Sends all events again from a block on, under the ids they had. */
  readonly replayWebhook: {
    readonly path: { readonly webhookId: string };
    readonly query: Nothing;
    readonly body: ReplayWebhookRequest;
    readonly answer: ListWebhooksAnswerItem;
  };
  /** Gives a webhook a new secret; the one before signs as well for a while. */
  readonly rotateWebhookSecret: {
    readonly path: { readonly webhookId: string };
    readonly query: Nothing;
    readonly body: RotateWebhookSecretRequest | undefined;
    readonly answer: RegisterWebhookAnswer;
  };
  /** Events that could not be delivered, oldest first. */
  readonly listDeadLetters: {
    readonly path: { readonly webhookId: string };
    readonly query: { readonly limit?: number; readonly bookmark?: string };
    readonly body: undefined;
    readonly answer: ListDeadLettersAnswer;
  };
  /** Tries dead letters once more: those that are named, or all. */
  readonly redeliverDeadLetters: {
    readonly path: { readonly webhookId: string };
    readonly query: Nothing;
    readonly body: RedeliverDeadLettersRequest | undefined;
    readonly answer: RedeliverDeadLettersAnswer;
  };
  /** All API keys of this gateway, with what each may and when it was last used. */
  readonly listApiKeys: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: ListApiKeysAnswer;
  };
  /** Makes an API key and shows it once. */
  readonly createApiKey: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: CreateApiKeyRequest;
    readonly answer: CreateApiKeyAnswer;
  };
  /** Puts a new API key in the place of one, with all that it may, and shows it once. */
  readonly rotateApiKey: {
    readonly path: { readonly keyId: string };
    readonly query: Nothing;
    readonly body: RotateApiKeyRequest | undefined;
    readonly answer: CreateApiKeyAnswer;
  };
  /** Revokes an API key: it is refused from now on, and its streams and sessions end. */
  readonly revokeApiKey: {
    readonly path: { readonly keyId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: undefined;
  };
  /** The public key that artefacts for this hospital are sealed to, with its proof. */
  readonly getEncryptionKey: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: unknown;
  };
  /** Reads and checks a file by a data dictionary, every value, as a dataset’s first or next revision. */
  readonly checkLocalDataset: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: Readonly<Record<string, unknown>> | undefined;
    readonly answer: unknown;
  };
  /** Which patients of a dataset are held out of training. */
  readonly getHeldOutPatients: {
    readonly path: { readonly datasetId: string };
    readonly query: { readonly as?: GetHeldOutPatientsAs };
    readonly body: undefined;
    readonly answer: unknown;
  };
  /** Leaves patients out of every draw from now on. */
  readonly withdrawPatients: {
    readonly path: { readonly populationId: string };
    readonly query: Nothing;
    readonly body: Readonly<Record<string, unknown>> | undefined;
    readonly answer: unknown;
  };
  /** Which studies, rounds and models one patient’s records were offered to. */
  readonly getPatientHistory: {
    readonly path: { readonly populationId: string };
    readonly query: Nothing;
    readonly body: Readonly<Record<string, unknown>> | undefined;
    readonly answer: unknown;
  };
  /** Builds the ONNX forward graph of a model, or takes one of yours, and publishes it to IPFS. */
  readonly buildModelGraph: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: Readonly<Record<string, unknown>> | undefined;
    readonly answer: unknown;
  };
  /** What is to be known of a study's graph. */
  readonly getModelCard: {
    readonly path: { readonly studyId: string };
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: unknown;
  };
  /** A study's final model as an ONNX file. */
  readonly getModelFile: {
    readonly path: { readonly studyId: string };
    readonly query: { readonly local?: GetModelFileLocal; readonly datasetId?: string };
    readonly body: undefined;
    readonly answer: Uint8Array;
  };
  /** Predicts with a model of a study. */
  readonly predict: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: Readonly<Record<string, unknown>> | undefined;
    readonly answer: unknown;
  };
  /** What the trainer is doing. */
  readonly listJobs: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: unknown;
  };
  /** How much this trainer put into IPFS. */
  readonly getArtefactUsage: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: unknown;
  };
  /** Whether this process serves. */
  readonly getHealth: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetHealthAnswer;
  };
  /** Whether this gateway can work: its peer, the chaincode, endorsements, and committed transactions. */
  readonly getReadiness: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: GetReadinessAnswer;
  };
  /** What is left of each own privacy account, in Prometheus' text format. */
  readonly getMetricsOfAccounts: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: string;
  };
  /** Figures in Prometheus' text format. */
  readonly getMetrics: {
    readonly path: Nothing;
    readonly query: Nothing;
    readonly body: undefined;
    readonly answer: string;
  };
}

/** Method and path of each operation. */
export const ROUTES = {
  registerMember: { method: 'POST', path: '/v1/members' },
  listMembers: { method: 'GET', path: '/v1/members' },
  rotateKey: { method: 'POST', path: '/v1/members/rotate-key' },
  leave: { method: 'POST', path: '/v1/members/leave' },
  voteOnMember: { method: 'POST', path: '/v1/members/{mspId}/votes' },
  listMemberVotes: { method: 'GET', path: '/v1/members/{mspId}/votes' },
  listDepartures: { method: 'GET', path: '/v1/departures' },
  getMember: { method: 'GET', path: '/v1/members/{mspId}' },
  registerPopulation: { method: 'POST', path: '/v1/populations' },
  listPopulations: { method: 'GET', path: '/v1/populations' },
  getPopulation: { method: 'GET', path: '/v1/populations/{populationId}' },
  listBlocks: { method: 'GET', path: '/v1/populations/{populationId}/blocks' },
  retireBlock: { method: 'POST', path: '/v1/populations/{populationId}/blocks/{block}/retire' },
  registerDataset: { method: 'POST', path: '/v1/datasets' },
  listDatasets: { method: 'GET', path: '/v1/datasets' },
  reviseDataset: { method: 'POST', path: '/v1/datasets/{datasetId}/revisions' },
  listRevisions: { method: 'GET', path: '/v1/datasets/{datasetId}/revisions' },
  getDataset: { method: 'GET', path: '/v1/datasets/{datasetId}' },
  getBudget: { method: 'GET', path: '/v1/datasets/{datasetId}/budgets/{pool}' },
  listPrivacyEvents: { method: 'GET', path: '/v1/datasets/{datasetId}/privacy-events' },
  proposeStudy: { method: 'POST', path: '/v1/studies' },
  listStudies: { method: 'GET', path: '/v1/studies' },
  getStudy: { method: 'GET', path: '/v1/studies/{studyId}' },
  getStudyRecord: { method: 'GET', path: '/v1/studies/{studyId}/record' },
  listShortStudies: { method: 'GET', path: '/v1/short-studies' },
  startStudy: { method: 'POST', path: '/v1/studies/{studyId}/start' },
  abortStudy: { method: 'POST', path: '/v1/studies/{studyId}/abort' },
  retireStudy: { method: 'POST', path: '/v1/studies/{studyId}/retire' },
  grantConsent: { method: 'POST', path: '/v1/studies/{studyId}/consents' },
  listConsents: { method: 'GET', path: '/v1/studies/{studyId}/consents' },
  approveConsent: { method: 'POST', path: '/v1/studies/{studyId}/consents/{datasetId}/approve' },
  declineStudy: { method: 'POST', path: '/v1/studies/{studyId}/consents/{datasetId}/decline' },
  listDeclines: { method: 'GET', path: '/v1/studies/{studyId}/declines' },
  listOpenConsents: { method: 'GET', path: '/v1/members/{mspId}/open-consents' },
  getConsent: { method: 'GET', path: '/v1/studies/{studyId}/consents/{datasetId}' },
  quoteConsent: { method: 'GET', path: '/v1/studies/{studyId}/consents/{datasetId}/quote' },
  withdrawConsent: { method: 'POST', path: '/v1/studies/{studyId}/consents/{datasetId}/withdraw' },
  recordStudyKeys: { method: 'POST', path: '/v1/studies/{studyId}/keys' },
  listStudyKeys: { method: 'GET', path: '/v1/studies/{studyId}/keys/{datasetId}' },
  attestErasure: { method: 'POST', path: '/v1/studies/{studyId}/consents/{datasetId}/erasures' },
  listErasures: { method: 'GET', path: '/v1/studies/{studyId}/erasures' },
  settleConsent: { method: 'POST', path: '/v1/studies/{studyId}/consents/{datasetId}/settle' },
  moveMotion: { method: 'POST', path: '/v1/studies/{studyId}/motions' },
  listMotions: { method: 'GET', path: '/v1/studies/{studyId}/motions' },
  getMotion: { method: 'GET', path: '/v1/studies/{studyId}/motions/{motion}' },
  castVote: { method: 'POST', path: '/v1/studies/{studyId}/motions/{motion}/votes' },
  openRound: { method: 'POST', path: '/v1/studies/{studyId}/rounds' },
  listRounds: { method: 'GET', path: '/v1/studies/{studyId}/rounds' },
  getRound: { method: 'GET', path: '/v1/studies/{studyId}/rounds/{round}' },
  getRoundDossier: { method: 'GET', path: '/v1/studies/{studyId}/rounds/{round}/dossier' },
  recordUpdate: { method: 'POST', path: '/v1/studies/{studyId}/rounds/{round}/updates' },
  getUpdate: { method: 'GET', path: '/v1/studies/{studyId}/rounds/{round}/updates/{datasetId}' },
  closeRound: { method: 'POST', path: '/v1/studies/{studyId}/rounds/{round}/close' },
  commitScore: { method: 'POST', path: '/v1/studies/{studyId}/rounds/{round}/score-commitments' },
  recordVerdict: { method: 'POST', path: '/v1/studies/{studyId}/rounds/{round}/verdicts' },
  getVerdict: { method: 'GET', path: '/v1/studies/{studyId}/rounds/{round}/verdicts/{mspId}' },
  tallyRound: { method: 'POST', path: '/v1/studies/{studyId}/rounds/{round}/tally' },
  attestAggregate: { method: 'POST', path: '/v1/studies/{studyId}/rounds/{round}/attestations' },
  finalizeRound: { method: 'POST', path: '/v1/studies/{studyId}/rounds/{round}/finalize' },
  abortRound: { method: 'POST', path: '/v1/studies/{studyId}/rounds/{round}/abort' },
  getReceipt: { method: 'GET', path: '/v1/studies/{studyId}/rounds/{round}/updates/{datasetId}/receipt' },
  listReceipts: { method: 'GET', path: '/v1/studies/{studyId}/receipts/{mspId}' },
  getContributions: { method: 'GET', path: '/v1/studies/{studyId}/rounds/{round}/contributions' },
  reportEquivocation: { method: 'POST', path: '/v1/studies/{studyId}/rounds/{round}/equivocations' },
  listEquivocations: { method: 'GET', path: '/v1/studies/{studyId}/equivocations' },
  publishModel: { method: 'POST', path: '/v1/studies/{studyId}/model' },
  getModel: { method: 'GET', path: '/v1/studies/{studyId}/model' },
  getModelLineage: { method: 'GET', path: '/v1/studies/{studyId}/model/lineage' },
  listModels: { method: 'GET', path: '/v1/models' },
  getMemberHistory: { method: 'GET', path: '/v1/audit/member/{mspId}' },
  getPopulationHistory: { method: 'GET', path: '/v1/audit/population/{populationId}' },
  getBlockHistory: { method: 'GET', path: '/v1/audit/block/{populationId}/{block}' },
  getDatasetHistory: { method: 'GET', path: '/v1/audit/dataset/{datasetId}' },
  getRevisionHistory: { method: 'GET', path: '/v1/audit/revision/{datasetId}/{revision}' },
  getBudgetHistory: { method: 'GET', path: '/v1/audit/budget/{populationId}/{pool}' },
  getStudyHistory: { method: 'GET', path: '/v1/audit/study/{studyId}' },
  getConsentHistory: { method: 'GET', path: '/v1/audit/consent/{studyId}/{datasetId}' },
  getRoundHistory: { method: 'GET', path: '/v1/audit/round/{studyId}/{round}' },
  getUpdateHistory: { method: 'GET', path: '/v1/audit/update/{studyId}/{round}/{datasetId}' },
  getVerdictHistory: { method: 'GET', path: '/v1/audit/verdict/{studyId}/{round}/{mspId}' },
  getModelHistory: { method: 'GET', path: '/v1/audit/model/{studyId}' },
  getBlockBudgetHistory: { method: 'GET', path: '/v1/audit/budget/{populationId}/{pool}/{block}' },
  listOldPolicies: { method: 'GET', path: '/v1/policies/old/{kind}' },
  renewPolicies: { method: 'POST', path: '/v1/policies/renew' },
  listActivities: { method: 'GET', path: '/v1/audit/activities/{by}' },
  indexStudy: { method: 'POST', path: '/v1/studies/{studyId}/activities' },
  prepareTransaction: { method: 'POST', path: '/v1/unsigned-transactions' },
  endorseTransaction: { method: 'POST', path: '/v1/unsigned-transactions/{transactionId}/endorsement' },
  submitTransaction: { method: 'POST', path: '/v1/unsigned-transactions/{transactionId}/submission' },
  listLedgerBlocks: { method: 'GET', path: '/v1/blocks' },
  getLedgerBlock: { method: 'GET', path: '/v1/blocks/{number}' },
  listTransactions: { method: 'GET', path: '/v1/transactions' },
  getTransaction: { method: 'GET', path: '/v1/transactions/{transactionId}' },
  getTransactionRows: { method: 'GET', path: '/v1/transactions/{transactionId}/rows' },
  getLedger: { method: 'GET', path: '/v1/ledger' },
  getAttention: { method: 'GET', path: '/v1/attention' },
  getOperation: { method: 'GET', path: '/v1/operations/{operationId}' },
  askUsesOfDataset: { method: 'GET', path: '/v1/questions/datasets/{datasetId}/uses' },
  askUsesOfPopulation: { method: 'GET', path: '/v1/questions/populations/{populationId}/uses' },
  askOriginsOfModel: { method: 'GET', path: '/v1/questions/models/{studyId}/origins' },
  askRefusalsOfHospital: { method: 'GET', path: '/v1/questions/hospitals/{mspId}/refusals' },
  askStudiesOfPurpose: { method: 'GET', path: '/v1/questions/purposes/{purpose}/studies' },
  askBudgets: { method: 'GET', path: '/v1/questions/budgets' },
  askWithdrawals: { method: 'GET', path: '/v1/questions/withdrawals' },
  askActsOfDay: { method: 'GET', path: '/v1/questions/days/{day}' },
  getEvidenceOfStudy: { method: 'GET', path: '/v1/evidence/studies/{studyId}' },
  getEvidenceOfModel: { method: 'GET', path: '/v1/evidence/models/{studyId}' },
  getEvidenceOfDataset: { method: 'GET', path: '/v1/evidence/datasets/{datasetId}' },
  getEvidenceOfTransaction: { method: 'GET', path: '/v1/evidence/transactions/{transactionId}' },
  getWitnessStatement: { method: 'GET', path: '/v1/ledger/witness-statement' },
  compareWitnessStatement: { method: 'POST', path: '/v1/ledger/witness-statement' },
  streamEvents: { method: 'GET', path: '/v1/events' },
  registerWebhook: { method: 'POST', path: '/v1/webhooks' },
  listWebhooks: { method: 'GET', path: '/v1/webhooks' },
  getWebhook: { method: 'GET', path: '/v1/webhooks/{webhookId}' },
  removeWebhook: { method: 'DELETE', path: '/v1/webhooks/{webhookId}' },
  replayWebhook: { method: 'POST', path: '/v1/webhooks/{webhookId}/replay' },
  rotateWebhookSecret: { method: 'POST', path: '/v1/webhooks/{webhookId}/rotate-secret' },
  listDeadLetters: { method: 'GET', path: '/v1/webhooks/{webhookId}/dead-letters' },
  redeliverDeadLetters: { method: 'POST', path: '/v1/webhooks/{webhookId}/redeliver' },
  listApiKeys: { method: 'GET', path: '/v1/api-keys' },
  createApiKey: { method: 'POST', path: '/v1/api-keys' },
  rotateApiKey: { method: 'POST', path: '/v1/api-keys/{keyId}/rotate' },
  revokeApiKey: { method: 'DELETE', path: '/v1/api-keys/{keyId}' },
  getEncryptionKey: { method: 'GET', path: '/v1/local/encryption-key' },
  checkLocalDataset: { method: 'POST', path: '/v1/local/datasets' },
  getHeldOutPatients: { method: 'GET', path: '/v1/local/datasets/{datasetId}/held-out' },
  withdrawPatients: { method: 'POST', path: '/v1/local/populations/{populationId}/withdrawals' },
  getPatientHistory: { method: 'POST', path: '/v1/local/populations/{populationId}/histories' },
  buildModelGraph: { method: 'POST', path: '/v1/local/models' },
  getModelCard: { method: 'GET', path: '/v1/local/models/{studyId}/card' },
  getModelFile: { method: 'GET', path: '/v1/local/models/{studyId}/onnx' },
  predict: { method: 'POST', path: '/v1/local/predictions' },
  listJobs: { method: 'GET', path: '/v1/local/jobs' },
  getArtefactUsage: { method: 'GET', path: '/v1/local/artefacts/usage' },
  getHealth: { method: 'GET', path: '/healthz' },
  getReadiness: { method: 'GET', path: '/readyz' },
  getMetricsOfAccounts: { method: 'GET', path: '/v1/account-metrics' },
  getMetrics: { method: 'GET', path: '/metrics' },
} as const;
