// What the OpenAPI document says beside the schemas of its routes: names, security, headers, and an example of each
// problem that is true for its status.
import * as domain from '@consilium/domain';
import { API_PREFIX } from '@consilium/domain';
import { GATEWAY_ERRORS, type GatewayErrorCode, GatewayRefusal } from '../gateway-errors.ts';
import { Operation } from '../operations/operation-form.ts';
import { READ_ANSWER_HEADERS } from '../routes/reads.ts';
import { type Json, NamedSchemas, nameOf } from './named-schemas.ts';
import { meaningOf, PROBLEM_CODES, PROBLEM_TYPE, type ProblemBody, problemOf, statusOf } from './problem.ts';
import { REQUEST_ID } from './request-id.ts';

const NOUNS = [
  ...[
    'Study',
    'Dataset',
    'Population',
    'Block',
    'Revision',
    'Member',
    'Consent',
    'Motion',
    'Vote',
    'Round',
    'Update',
  ],
  ...[
    'Verdict',
    'VerdictAnswer',
    'Attestation',
    'Model',
    'PrivacyEvent',
    'PrivacyCharge',
    'Activity',
    'RowVersion',
  ],
  ...['BudgetStatement', 'ConsentQuote', 'Operation'],
] as const;

interface Media {
  schema: Record<string, Json>;
  example?: Json;
}
interface Response {
  description: string;
  headers?: Record<string, Json>;
  content?: Record<string, Media>;
}
export interface OperationObject {
  operationId: string;
  security?: readonly Json[];
  parameters?: { name: string; schema: Json }[];
  requestBody?: { required?: boolean; content: Record<string, Media> };
  responses: Record<string, Response | { readonly $ref: string }>;
}
export interface Document {
  paths: Record<string, Record<string, OperationObject>>;
  components: {
    schemas?: Readonly<Record<string, Json>>;
    headers?: Readonly<Record<string, Json>>;
    responses?: Readonly<Record<string, object>>;
  };
}

const EXAMPLE_REQUEST = '5f0c9a52-6d0b-4c3f-9d0e-7d4e2b1f8a11';

/** Where only the trainer answers with a status; `http-problem.test.ts` of the trainer holds these to its answers. */
const OF_TRAINER: Readonly<Record<string, readonly [code: string, meaning: string]>> = {
  404: [
    'TRAINER_DATASET_NOT_PREPARED',
    'This trainer has no file for the dataset: POST /local/datasets first.',
  ],
  409: [
    'TRAINER_DATASET_CHANGED',
    "The file is not the one the ledger's commitment was made of: restore it.",
  ],
  415: ['TRAINER_INPUT_INVALID', 'The request is malformed; the message names the field.'],
  422: ['TRAINER_DATASET_REFUSED', 'The file does not fit its dictionary; see the problems listed.'],
  507: ['TRAINER_DISK_FULL', 'The disk of CONSILIUM_DATA_DIR is full: free some space.'],
};

const OUT_OF_BOUNDS = {
  code: 'VALUE_OUT_OF_BOUNDS',
  column: 'age',
  remedy: "The value is outside the dictionary's bounds: correct the value or the bounds.",
};
/** What a trainer says of one request, where that is more than its code means. */
const SAID_BY_TRAINER: Readonly<Record<string, object>> = {
  415: { detail: 'Unsupported Media Type' },
  422: {
    detail: `${OUT_OF_BOUNDS.code} (column ${OUT_OF_BOUNDS.column}): ${OUT_OF_BOUNDS.remedy}`,
    problems: [OUT_OF_BOUNDS],
    problemCount: 1,
  },
};

/**
 * A problem as it is answered with this status: the first of those that are documented.
 *
 * @throws Error where no code is documented with it, of the gateway, the ledger or the trainer
 */
export function exampleProblem(status: string, description: string): object {
  const codes = [...description.matchAll(/`([A-Z_]+)`: /g)].map(([, code]) => code);
  const code = PROBLEM_CODES.find((one) => one === codes[0] && String(statusOf(one)) === status);
  if (code !== undefined && Object.hasOwn(GATEWAY_ERRORS, code)) {
    const { meaning, remedy } = GATEWAY_ERRORS[code as GatewayErrorCode];
    return problemOf(new GatewayRefusal(code as GatewayErrorCode, `${meaning} ${remedy}`), EXAMPLE_REQUEST);
  }
  const found = code === undefined ? OF_TRAINER[status] : ([code, meaningOf(code)] as const);
  if (found === undefined) throw new Error(`no problem with status ${status} is documented: ${description}`);
  const [word, title] = found;
  const body: Omit<ProblemBody, 'code' | 'problems'> & { code: string } = {
    type: `urn:consilium:problem:${word}`,
    ...{ title, status: Number(status), detail: title, code: word, requestId: EXAMPLE_REQUEST },
  };
  return code === undefined ? { ...body, ...SAID_BY_TRAINER[status] } : body;
}

const HEADERS: Readonly<Record<string, Json>> = {
  [REQUEST_ID]: {
    description: "The request in the gateway's log.",
    schema: { type: 'string', format: 'uuid' },
  },
  'retry-after': { description: 'Seconds to wait before the next attempt.', schema: { type: 'integer' } },
  location: { description: 'Where the operation is.', schema: { type: 'string' } },
  'preference-applied': { description: 'respond-async', schema: { type: 'string' } },
  'idempotency-replayed': {
    description: '`true` where this is the outcome of an earlier request with the same Idempotency-Key.',
    schema: { type: 'string' },
  },
  link: { description: 'Where the next page is (rel="next").', schema: { type: 'string' } },
  ...READ_ANSWER_HEADERS,
};

function headersOf(method: string, path: string, status: string): Record<string, Json> {
  const underPrefix = path.startsWith(`${API_PREFIX}/`);
  const isRead = method === 'get' && underPrefix && !path.startsWith(`${API_PREFIX}/local/`);
  const names = [
    REQUEST_ID,
    ...(['202', '429', '503', '504'].includes(status) ? ['retry-after'] : []),
    ...(status === '202' ? ['location', 'preference-applied'] : []),
    ...(method === 'post' && ['200', '201'].includes(status) && isWrite(path)
      ? ['idempotency-replayed']
      : []),
    ...(isRead && status === '200' ? [...Object.keys(READ_ANSWER_HEADERS), 'link'] : []),
    ...(isRead && status === '304' ? ['etag'] : []),
  ];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

const isWrite = (path: string): boolean =>
  path.startsWith(`${API_PREFIX}/`) && !path.startsWith(`${API_PREFIX}/local/`);

/** The example of a schema beside it, since the schema is named and may be that of several answers. */
function outside(media: Media): void {
  const { examples, ...schema } = media.schema;
  if (!Array.isArray(examples)) return;
  media.schema = schema;
  media.example ??= examples[0];
}

function finishResponse(status: string, response: Response): void {
  for (const [type, media] of Object.entries(response.content ?? {})) {
    if (type === PROBLEM_TYPE) media.example = exampleProblem(status, response.description) as Json;
    else outside(media);
  }
}

/** A copy in which every schema of an object or of words has a name. */
export function finishDocument(given: object): Document {
  const document = JSON.parse(JSON.stringify(given)) as Document;
  const { Problem = {}, ...others } = document.components.schemas ?? {};
  const parts = JSON.parse(JSON.stringify({ ...domain, Operation })) as Record<string, Json>;
  const names = new NamedSchemas({ Problem, ...others, ...parts });
  // Parts of the nouns are called after them, whichever answer comes first.
  for (const [name, schema] of [
    ['Problem', Problem] as const,
    ...NOUNS.map((noun) => [noun, parts[noun]!] as const),
  ]) {
    names.name(schema, name);
  }
  const shared = new SharedResponses();
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      operation.security ??= [];
      const { operationId, requestBody } = operation;
      const responses = operation.responses as Record<string, Response>;
      if (
        responses[200]?.content?.['application/json'] !== undefined &&
        headersOf(method, path, '304').etag
      ) {
        responses[304] = { description: 'Not changed: the caller has it already (`If-None-Match`).' };
      }
      for (const [status, response] of Object.entries(responses)) {
        finishResponse(status, response);
        response.headers = headersOf(method, path, status);
        nameIn(names, response.content, nameOf(operationId, status === '202' ? 'operation' : 'answer'));
        operation.responses[status] = status < '300' ? response : shared.refer(status, response);
      }
      for (const parameter of operation.parameters ?? []) {
        parameter.schema = names.name(parameter.schema, nameOf(operationId, parameter.name));
      }
      if (requestBody === undefined) continue;
      for (const media of Object.values(requestBody.content)) outside(media);
      const required = Object.values(requestBody.content)[0]?.schema.required;
      requestBody.required = Array.isArray(required) && required.length > 0;
      nameIn(names, requestBody.content, nameOf(operationId, 'request'));
    }
  }
  const components = { ...document.components, responses: shared.all(), headers: HEADERS };
  const schemas = names.referredToBy([document.paths, components.responses]);
  return { ...document, components: { ...components, schemas } };
}

/** Most refusals are the same for many routes. */
class SharedResponses {
  readonly #names = new Map<string, string>();

  refer(status: string, response: Response): { readonly $ref: string } {
    const text = JSON.stringify(response);
    const alike = [...this.#names.values()].filter((name) => name.startsWith(`Status${status}`)).length;
    const name = this.#names.get(text) ?? `Status${status}${alike === 0 ? '' : `Form${alike + 1}`}`;
    this.#names.set(text, name);
    return { $ref: `#/components/responses/${name}` };
  }

  all(): Readonly<Record<string, object>> {
    const named = [...this.#names].map(([text, name]) => [name, JSON.parse(text) as object] as const);
    return Object.fromEntries(named.sort(([one], [other]) => (one < other ? -1 : 1)));
  }
}

function nameIn(names: NamedSchemas, content: Record<string, Media> | undefined, place: string): void {
  for (const [type, media] of Object.entries(content ?? {})) {
    if (type === PROBLEM_TYPE) media.schema = { $ref: '#/components/schemas/Problem' };
    else media.schema = names.name(media.schema, place) as Record<string, Json>;
  }
}
