// What this service itself refuses or cannot do, in one table beside the ledger's own (the domain's ERRORS):
// the code is what programs read, the meaning what people read, the remedy what to do about it.
export interface GatewayErrorEntry {
  readonly status: number;
  readonly meaning: string;
  readonly remedy: string;
  readonly retryAfterSeconds?: number;
}

export const GATEWAY_ERRORS = {
  MALFORMED_BODY: {
    status: 400,
    meaning: 'The body is not the JSON that its content type says.',
    remedy: 'Send valid JSON with content-type application/json.',
  },
  REQUEST_MALFORMED: {
    status: 400,
    meaning: 'The request breaks a rule of HTTP, or uses a part of it that this gateway does not take.',
    remedy: 'Send each header once, a body only with POST, and a path as /documentation has it.',
  },
  UNAUTHENTICATED: {
    status: 401,
    meaning: 'The request carries no API key or access token that this gateway knows.',
    remedy:
      'Send "Authorization: Bearer KEY"; the operator creates keys with "consilium-gateway key create".',
  },
  SIGNATURE_INVALID: {
    status: 400,
    meaning: 'The signature is not one of the bytes to sign by the key of the certificate.',
    remedy:
      'Sign the decoded bytes of `message` as they are: ECDSA over SHA-256 in DER, or Ed25519; then base64. Compare ' +
      '`sha256`, and the certificate.',
  },
  SCOPE_REQUIRED: {
    status: 403,
    meaning: 'The API key is limited to other requests than this one.',
    remedy: 'Use a key with the scope that the detail names; the operator creates keys with --scopes.',
  },
  API_KEYS_BY_REST_OFF: {
    status: 403,
    meaning: 'This gateway makes no API keys over REST: whoever makes one may be whom it is for.',
    remedy:
      'Use "consilium-gateway key create" or "key rotate" at the gateway\'s host, or let the operator set ' +
      'CONSILIUM_API_KEYS_BY_REST=on.',
  },
  CROSS_SITE_REFUSED: {
    status: 403,
    meaning: 'A page of another origin may have sent this request with the cookie of the console.',
    remedy:
      'Open the console at this gateway and try there. Programs send "Authorization: Bearer KEY" and no cookie.',
  },
  API_KEY_REQUIRED: {
    status: 403,
    meaning: 'Webhooks belong to an API key: an access token ends before their events come.',
    remedy: 'Use an API key; the operator creates one with "consilium-gateway key create --scopes webhooks".',
  },
  ROUTE_NOT_FOUND: {
    status: 404,
    meaning: 'This gateway has no such route.',
    remedy: 'See /documentation.',
  },
  CONSOLE_NOT_BUILT: {
    status: 404,
    meaning: 'This gateway runs without the files of its console.',
    remedy: 'Run "make build" and start the gateway again, or install a release, which has them.',
  },
  TRANSACTION_NOT_FOUND: {
    status: 404,
    meaning: 'This gateway has not sent such a transaction, and no block that it checked holds it.',
    remedy:
      'Compare the id. The detail says how many blocks were checked: a later one may hold it, so ask again.',
  },
  OPERATION_NOT_FOUND: {
    status: 404,
    meaning: 'This API key has no such operation here: it ended long ago, or the gateway was started again.',
    remedy: 'Send the same request with the same Idempotency-Key: it is not carried out twice.',
  },
  BLOCK_NOT_CHECKED: {
    status: 404,
    meaning: 'This gateway has not checked this block, or no orderer signs it, as block 0.',
    remedy:
      'Ask for a block from 1 to the last one that GET /v1/ledger says is checked, or for none: the last.',
  },
  NOTHING_TO_SIGN: {
    status: 404,
    meaning: 'Nothing of this id waits for a signature of this caller. Nothing was sent.',
    remedy:
      'Prepare it again: a proposal waits for five minutes, an endorsed transaction for fifteen, and not across a ' +
      'restart. GET /v1/transactions/{transactionId} says whether it was sent.',
  },
  API_KEY_NOT_FOUND: {
    status: 404,
    meaning: 'There is no API key of this id.',
    remedy: 'GET /v1/api-keys lists all.',
  },
  WEBHOOK_NOT_FOUND: {
    status: 404,
    meaning: 'There is no such webhook, or it belongs to another API key.',
    remedy: 'GET /v1/webhooks lists those of this API key.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    meaning: 'This route does not take this method.',
    remedy: 'Use a method that the header Allow names.',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    meaning: 'The request did not arrive whole in time.',
    remedy: 'Send it again, without pauses.',
  },
  API_KEY_EXISTS: {
    status: 409,
    meaning: 'An API key of this id exists.',
    remedy: 'Choose another id, or leave it out.',
  },
  TOO_MANY_API_KEYS: {
    status: 409,
    meaning: 'There are as many API keys as their file may have.',
    remedy: 'Revoke those that nobody uses, or that have ended: GET /v1/api-keys lists all.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 409,
    meaning: 'The Idempotency-Key was used before for a different request.',
    remedy: 'Use a new key for a new request.',
  },
  TOO_MANY_WEBHOOKS: {
    status: 409,
    meaning: 'There are as many webhooks as there may be, in all or of this API key.',
    remedy: 'Remove one with DELETE /v1/webhooks/{webhookId}, or let the operator raise the limit.',
  },
  LEDGER_CONFLICT: {
    status: 409,
    meaning: 'Other transactions changed the same rows first, several times over; nothing was written.',
    remedy: 'Read the current state and try again.',
  },
  TRANSACTION_INVALIDATED: {
    status: 409,
    meaning: 'The ledger recorded the transaction as invalid; nothing was written. validationCode says why.',
    remedy: 'Read the current state; try again if it still should be done.',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    meaning: 'The body is larger than this gateway takes.',
    remedy: 'Send less, or let the operator raise the limit.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    meaning: 'This route does not take the content type of the body.',
    remedy: 'Send application/json.',
  },
  WEBHOOK_TARGET_REFUSED: {
    status: 422,
    meaning: 'This gateway sends no webhooks to that address. The detail says why.',
    remedy: 'Use https and a host of CONSILIUM_WEBHOOK_TARGETS; the operator adds hosts there.',
  },
  RATE_LIMITED: {
    status: 429,
    meaning:
      'Too many requests with this API key, or without a valid one from this address, in the last minute.',
    remedy: 'Wait for the time in Retry-After.',
  },
  TOO_MANY_UNSIGNED: {
    status: 429,
    meaning: 'Too much waits for signatures, in all or for this caller.',
    remedy: 'Sign and send what was prepared, or wait for the time in Retry-After.',
    retryAfterSeconds: 60,
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    meaning: 'The request line and headers are longer than this gateway takes.',
    remedy: 'Send less than 16 KB of them.',
  },
  GATEWAY_INTERNAL: {
    status: 500,
    meaning: 'Something failed that should not have; the log has the details under the request id.',
    remedy: 'Give the request id to the operator.',
  },
  ENDORSEMENT_FAILED: {
    status: 502,
    meaning: 'Peers did not endorse the transaction; nothing was sent. peers lists who said what.',
    remedy: 'Read the messages of the peers; the operator has them in the log too.',
  },
  LEDGER_REFUSED: {
    status: 502,
    meaning: 'The ledger refused the request or the identity of this gateway; nothing was written.',
    remedy: "The operator checks the organisation's connection file, channel and chaincode.",
  },
  EVIDENCE_UNPROVEN: {
    status: 502,
    meaning: 'What was gathered as evidence does not prove what it should. The detail names the first place.',
    remedy: 'Try again when peers of most organisations answer. If it stays, the operator checks the ledger.',
  },
  IDENTITY_MISSING: {
    status: 503,
    meaning: "This gateway has no ledger identity for the API key's role.",
    remedy: "The operator adds the role's client to the organisation's connection file.",
    retryAfterSeconds: 60,
  },
  LEDGER_UNAVAILABLE: {
    status: 503,
    meaning: "The organisation's peer, or the chaincode, does not answer; nothing was sent.",
    remedy: 'Try again after Retry-After; /readyz says what is missing.',
    retryAfterSeconds: 5,
  },
  ENDORSERS_UNAVAILABLE: {
    status: 503,
    meaning: 'Too few peers of other organisations can be reached to endorse; nothing was sent.',
    remedy:
      'Try again after Retry-After; /readyz says what is missing. Where nothing is, the rows of this request may name a ' +
      'member that is gone: GET /v1/attention lists them (docs/operating/leave-a-consortium.md).',
    retryAfterSeconds: 15,
  },
  ENDORSERS_BEHIND: {
    status: 503,
    meaning:
      'Peers that should endorse have fewer blocks than others, and judge by old rows; nothing was sent. peers says ' +
      'which.',
    remedy:
      'Try again after Retry-After. Where the same peer stays behind, its hospital looks at its log and its orderers.',
    retryAfterSeconds: 15,
  },
  SIGN_IN_UNAVAILABLE: {
    status: 503,
    meaning: "The hospital's OpenID provider does not answer, so that nobody knows who calls.",
    remedy: 'Try again after Retry-After. API keys go on.',
    retryAfterSeconds: 15,
  },
  OUTBOX_UNAVAILABLE: {
    status: 503,
    meaning: 'This gateway cannot write its own records (is its disk full?); nothing was sent.',
    remedy: 'The operator makes room on the disk of CONSILIUM_DATA_DIR; then try again.',
    retryAfterSeconds: 15,
  },
  API_KEYS_UNAVAILABLE: {
    status: 503,
    meaning: 'The file of API keys cannot be read or changed now; nothing was changed.',
    remedy:
      'Try again after Retry-After. The log says what is wrong: a broken file, another command, or a full disk.',
    retryAfterSeconds: 5,
  },
  WEBHOOKS_UNAVAILABLE: {
    status: 503,
    meaning: 'This gateway cannot write its records of webhooks (is its disk full?); nothing was changed.',
    remedy: 'The operator makes room on the disk of CONSILIUM_DATA_DIR; then try again.',
    retryAfterSeconds: 15,
  },
  EVIDENCE_BUSY: {
    status: 503,
    meaning:
      'This gateway gathers evidence or compares statements already, for this API key or for others: each takes long.',
    remedy: 'Try again after Retry-After.',
    retryAfterSeconds: 15,
  },
  HISTORY_UNAVAILABLE: {
    status: 503,
    meaning: 'This gateway has not checked the ledger yet, so that it answers nothing from its history.',
    remedy: 'Try again after Retry-After; /readyz and the log say how far it is, or what stopped it.',
    retryAfterSeconds: 15,
  },
  TOO_MANY_STREAMS: {
    status: 503,
    meaning: 'This gateway already serves as many event streams as it may, in all or for this API key.',
    remedy: 'Close unused streams or let the operator raise the limit.',
    retryAfterSeconds: 15,
  },
  TOO_MANY_OPERATIONS: {
    status: 503,
    meaning: 'As many operations as there may be are under way already, for this API key or in all.',
    remedy: 'Wait for some to end, then send the same request with the same Idempotency-Key.',
    retryAfterSeconds: 5,
  },
  GATEWAY_CLOSING: {
    status: 503,
    meaning: 'This gateway is closing and takes no new requests; nothing was sent.',
    remedy: 'Try again after Retry-After, when it has started again.',
    retryAfterSeconds: 5,
  },
  TRAINER_UNAVAILABLE: {
    status: 503,
    meaning: "The hospital's trainer does not answer (or is not configured).",
    remedy: 'Try again after Retry-After; the operator checks the trainer.',
    retryAfterSeconds: 5,
  },
  LEDGER_TIMEOUT: {
    status: 504,
    meaning: 'The ledger did not answer in time; nothing was sent, so that trying again is safe.',
    remedy: 'Try again.',
    retryAfterSeconds: 5,
  },
  OUTCOME_UNKNOWN: {
    status: 504,
    meaning: 'The transaction was sent and its outcome is not known yet. It may still be committed.',
    remedy:
      'Ask GET /v1/transactions/{transactionId}, or send the same request with the same Idempotency-Key.',
    retryAfterSeconds: 5,
  },
} as const satisfies Record<string, GatewayErrorEntry>;

export type GatewayErrorCode = keyof typeof GATEWAY_ERRORS;

/** A refusal by this service. `detail` is public; `cause` and the log say more. */
export class GatewayRefusal extends Error {
  override readonly name = 'GatewayRefusal';
  readonly code: GatewayErrorCode;
  readonly detail: string;

  constructor(code: GatewayErrorCode, detail: string = GATEWAY_ERRORS[code].meaning, cause?: unknown) {
    super(`${code}: ${detail}`, { cause });
    this.code = code;
    this.detail = detail;
  }
}
