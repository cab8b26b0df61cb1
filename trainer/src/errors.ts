// Everything that can go wrong at a trainer, in one table. `retry` says whether waiting can help: those
// errors stop nothing for good, the trainer tries again with growing pauses and loses nothing meanwhile.
import { ERRORS, type ErrorKind, type Problem } from '@consilium/domain';

export const TRAINER_ERRORS = {
  TRAINER_ASSERTION_REFUSED: [
    'forbidden',
    false,
    "The request carries no valid assertion of this hospital's gateway: ask the gateway.",
  ],
  TRAINER_ROLE_REFUSED: ['forbidden', false, 'The role that is asserted may not do this.'],
  TRAINER_INPUT_INVALID: ['invalid', false, 'The request is malformed; the message names the field.'],
  TRAINER_DATASET_REFUSED: [
    'invalid',
    false,
    'The file does not fit its dictionary; see the problems listed.',
  ],
  TRAINER_DATASET_TOO_EXPENSIVE: [
    'invalid',
    false,
    'Reading the file takes more time or memory than this trainer gives it: keep the columns that the dictionary names.',
  ],
  TRAINER_PATH_REFUSED: [
    'forbidden',
    false,
    'The path is in none of the data folders: give the absolute path of a file in one of CONSILIUM_DATA_FOLDERS.',
  ],
  TRAINER_ATTEMPTS_EXHAUSTED: [
    'exhausted',
    false,
    'This was asked for too often within a day; the message says when again.',
  ],
  TRAINER_BUSY: ['unavailable', true, 'Too many requests wait for this trainer: try again later.'],
  TRAINER_DATASET_NOT_PREPARED: [
    'not-found',
    true,
    'This trainer has no file for the dataset: POST /local/datasets first.',
  ],
  TRAINER_DATASET_CHANGED: [
    'conflict',
    true,
    "The file is not the one the ledger's commitment was made of: restore it.",
  ],
  TRAINER_REGISTER_DIFFERS: [
    'conflict',
    false,
    "This folder's register of patients is not the one on the ledger: restore the newest copy of CONSILIUM_DATA_DIR.",
  ],
  TRAINER_IDS_RESPELLED: [
    'conflict',
    false,
    'Most new patients of the file are known by another spelling of their ids: write the ids as they were.',
  ],
  TRAINER_PATIENTS_ELSEWHERE: [
    'conflict',
    false,
    'The file has patients of another population of this hospital: name it as populationId.',
  ],
  TRAINER_IDS_REQUIRED: [
    'invalid',
    false,
    'Only patients with ids can be told apart from one revision to the next: name the column of ids as patientId.',
  ],
  TRAINER_POPULATION_UNKNOWN: [
    'not-found',
    false,
    'This trainer knows no such population: prepare its dataset first.',
  ],
  TRAINER_PATIENTS_CHANGED: [
    'conflict',
    true,
    'A patient withdrew while a draw was made ready: it is made ready again.',
  ],
  TRAINER_GATEWAY_UNREACHABLE: ['unavailable', true, "This hospital's gateway does not answer: start it."],
  TRAINER_GATEWAY_REFUSED: [
    'unavailable',
    true,
    'The gateway answered with an error; the message carries it.',
  ],
  TRAINER_OUTCOME_UNKNOWN: [
    'unavailable',
    true,
    'A transaction was sent and its outcome is not known yet; the same one is asked for again.',
  ],
  TRAINER_IPFS_UNREACHABLE: ['unavailable', true, 'The IPFS node does not answer: start it.'],
  TRAINER_IPFS_FULL: ['exhausted', true, "The IPFS node's disk is full: free some space."],
  TRAINER_MEMBER_KEY_INVALID: [
    'invalid',
    true,
    "A member's encryption key on the ledger is no key: nothing can be sealed for it.",
  ],
  TRAINER_ARTEFACT_UNREACHABLE: ['unavailable', true, 'IPFS answers but does not deliver this artefact.'],
  TRAINER_ARTEFACT_HASH_MISMATCH: ['invalid', false, 'The artefact is not the one the ledger names.'],
  TRAINER_ARTEFACT_NOT_DECRYPTABLE: [
    'invalid',
    false,
    'The artefact is not sealed to this member, or damaged.',
  ],
  TRAINER_ARTEFACT_MALFORMED: ['invalid', false, 'The decrypted artefact does not hold what it should.'],
  TRAINER_ARTEFACT_NORM_EXCEEDED: ['invalid', false, "The update is longer than the study's norm bound."],
  TRAINER_MODEL_INVALID: ['invalid', false, "The study's ONNX graph is not one this trainer can learn."],
  TRAINER_MODEL_TOO_EXPENSIVE: [
    'invalid',
    false,
    "The study's ONNX graph takes more time or memory than this trainer gives it; the message says which.",
  ],
  TRAINER_GRAPH_PROCESS_FAILED: [
    'unavailable',
    true,
    'A process for graphs could not be started: look for limits of processes and memory on this machine.',
  ],
  TRAINER_MODEL_NOT_READY: ['not-found', true, 'The study has no such finalised round yet.'],
  TRAINER_MODEL_RETIRED: [
    'conflict',
    false,
    "The study's model is retired: it is not to be used any more, and copies of it are to be removed.",
  ],
  TRAINER_STUDY_NOT_FOUND: ['not-found', false, 'No such study on the ledger.'],
  TRAINER_AGGREGATE_DIFFERS: [
    'conflict',
    true,
    'The recomputed aggregate is not the one attested; it is not finalised by this hospital.',
  ],
  TRAINER_RELEASE_SPENT: [
    'conflict',
    false,
    'This (study, round, dataset, pool) has had its release; a second draw would spend twice.',
  ],
  TRAINER_RELEASE_DIFFERS: [
    'conflict',
    false,
    'The ledger holds another update for this dataset and round than the one journalled here.',
  ],
  TRAINER_DISK_FULL: ['exhausted', true, 'The disk of CONSILIUM_DATA_DIR is full: free some space.'],
  TRAINER_JOURNAL_FAILED: [
    'unavailable',
    true,
    'The journal in CONSILIUM_DATA_DIR cannot be read or written.',
  ],
  TRAINER_JOURNAL_DAMAGED: [
    'unavailable',
    false,
    'The journal in CONSILIUM_DATA_DIR is not what this trainer wrote; the message says where and what to do.',
  ],
  TRAINER_TRAINING_FAILED: [
    'unavailable',
    false,
    'Training failed. Patients are drawn once a round at most: what is tried again is a release of noise alone.',
  ],
  TRAINER_FOLDER_OLDER: [
    'conflict',
    false,
    'The ledger has a release of this hospital that CONSILIUM_DATA_DIR lacks: it is an older copy. Nothing is drawn.',
  ],
  TRAINER_ROUTE_NOT_FOUND: ['not-found', false, 'This service has no such route.'],
  TRAINER_INTERNAL: ['unavailable', true, 'Something failed that should not have; the log says more.'],
  TRAINER_STOPPING: ['unavailable', true, 'The trainer is stopping.'],
} as const satisfies Record<string, readonly [ErrorKind, boolean, string]>;

export type TrainerErrorCode = keyof typeof TRAINER_ERRORS;

/** What else an error says: its cause, and each problem where several were found, with how many there are in all. */
export interface TrainerErrorOptions extends ErrorOptions {
  readonly problems?: readonly Problem[];
  readonly total?: number;
}

/** An operating error with its code. Its message never carries a patient's value. */
export class TrainerError extends Error {
  override readonly name = 'TrainerError';
  readonly code: TrainerErrorCode;
  readonly detail: string;
  /** What programs read of a refusal that lists problems, such as a model's; the detail says them in words. */
  readonly problems: readonly Problem[];
  readonly total: number;

  constructor(
    code: TrainerErrorCode,
    detail: string = TRAINER_ERRORS[code][2],
    options: TrainerErrorOptions = {},
  ) {
    const { problems = [], total = problems.length } = options;
    super(`${code}: ${detail}`, options);
    this.code = code;
    this.detail = detail;
    this.problems = problems;
    this.total = total;
  }

  get kind(): ErrorKind {
    return TRAINER_ERRORS[this.code][0];
  }

  /** Whether waiting can help. */
  get retry(): boolean {
    return TRAINER_ERRORS[this.code][1];
  }
}

/** A study's graph cannot be worked with; the process that tried is gone, and the trainer is not. */
export class GraphRefusedError extends TrainerError {
  /**
   * Whether patients had been drawn for training, or rows been given to score, when it failed: what follows is then an
   * outcome of theirs. Where this is false, nothing had been drawn, for certain.
   */
  readonly drawn: boolean;

  constructor(
    code: 'TRAINER_MODEL_INVALID' | 'TRAINER_MODEL_TOO_EXPENSIVE',
    detail: string,
    { drawn, ...options }: TrainerErrorOptions & { readonly drawn: boolean },
  ) {
    super(code, detail, options);
    this.drawn = drawn;
  }
}

const STATUS: Record<ErrorKind, number> = {
  invalid: 422,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  exhausted: 507,
  unavailable: 503,
};

/** HTTP status of an error kind at the trainer's own surface. */
export const statusOf = (kind: ErrorKind): number => STATUS[kind];

/** Whether a code is one of this table's. */
export const isTrainerCode = (code: string): code is TrainerErrorCode => Object.hasOwn(TRAINER_ERRORS, code);

/** Whether a code is one of the ledger's. */
export const isLedgerCode = (code: string): code is keyof typeof ERRORS => Object.hasOwn(ERRORS, code);

const SQLITE_FULL = 13;

interface SystemError {
  readonly code?: unknown;
  readonly errcode?: unknown;
}

/**
 * The same error under a trainer code: a full disk and a failing journal get theirs, a TrainerError stays.
 * What remains is a bug and is returned as it is.
 */
export function named(error: unknown): unknown {
  if (error instanceof TrainerError || !(error instanceof Error)) return error;
  const { code, errcode } = error as SystemError;
  const primary = typeof errcode === 'number' ? errcode & 0xff : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT' || primary === SQLITE_FULL) {
    return new TrainerError('TRAINER_DISK_FULL', undefined, { cause: error });
  }
  if (code === 'ERR_SQLITE_ERROR' && primary !== undefined && SQLITE_OPERATING.has(primary)) {
    return new TrainerError('TRAINER_JOURNAL_FAILED', `the journal failed: ${error.message}`, {
      cause: error,
    });
  }
  return error;
}

/** PERM, BUSY, LOCKED, READONLY, IOERR, CORRUPT, CANTOPEN, NOTADB: the surroundings fail, not the program. */
const SQLITE_OPERATING = new Set([3, 5, 6, 8, 10, 11, 14, 26]);
