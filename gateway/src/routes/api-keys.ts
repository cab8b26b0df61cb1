// API keys for the operator, over the same code as "consilium-gateway key". Whoever makes a key holds it, and can act
// as whom it is for: an operator who may make keys may do what every role may. So they are made here only where the
// gateway is set up for it, and by nobody who is limited to scopes.
import { DomainError, GATEWAY_PATHS, Id, problem, ROLES, type Role, Strict, Words } from '@consilium/domain';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Dependencies } from '../dependencies.ts';
import { GATEWAY_ERRORS, GatewayRefusal } from '../gateway-errors.ts';
import { needsOf, problemResponses } from '../http/documentation.ts';
import {
  createApiKey,
  hasEnded,
  Instant,
  KeyFileRefusal,
  type MadeApiKey,
  Person,
  readApiKeyFile,
  revokeApiKey,
  rotateApiKey,
} from '../http/key-file.ts';
import type { ProblemCode } from '../http/problem.ts';
import { routeUrl } from '../http/route-url.ts';
import { SCOPES, type Scope } from '../http/scopes.ts';

const roles: readonly Role[] = ['operator'];
const OVERLAP_SECONDS_MAX = 31_536_000;

const EXAMPLE = {
  id: 'dashboards',
  role: 'auditor',
  scopes: ['read'],
  createdAt: '2026-11-29T10:00:00.000Z',
  expiresAt: '2027-11-29T10:00:00.000Z',
};
const KEY = 'consilium_Zq3vJ0mYk9n1c5b7d2f4h6j8l0p2r4t6v8x0z2B4D6E';

const FIELDS = {
  id: Type.String(),
  role: Type.String(),
  person: Type.Optional(Type.String({ description: 'Whose certificate signs.' })),
  scopes: Type.Optional(Type.Array(Type.String(), { description: 'All that the role may, where absent.' })),
  createdAt: Type.Optional(Type.String()),
  expiresAt: Type.Optional(Type.String({ description: 'It does not end, where absent.' })),
};
const Listed = Type.Object(
  {
    items: Type.Array(
      Type.Object({
        ...FIELDS,
        state: Type.Enum(['valid', 'ended']),
        lastUsedAt: Type.Union([Type.String(), Type.Null()], { description: 'To the minute.' }),
      }),
    ),
    madeOverRest: Type.Boolean({ description: 'Whether this gateway makes and rotates keys over REST.' }),
  },
  {
    examples: [
      {
        items: [{ ...EXAMPLE, state: 'valid', lastUsedAt: '2026-11-29T11:42:00.000Z' }],
        madeOverRest: false,
      },
    ],
  },
);
const Made = Type.Object(
  { ...FIELDS, key: Type.String({ description: 'Shown this once.' }) },
  { examples: [{ ...EXAMPLE, key: KEY }] },
);
const KeyId = Strict({ keyId: Id });
const Wish = Type.Object(
  {
    role: Words(ROLES),
    id: Type.Optional(Id),
    person: Type.Optional(Person),
    scopes: Type.Optional(Type.Array(Words(SCOPES), { minItems: 1, maxItems: SCOPES.length })),
    expiresAt: Type.Optional(Instant),
  },
  {
    additionalProperties: false,
    examples: [{ role: 'auditor', id: EXAMPLE.id, scopes: EXAMPLE.scopes, expiresAt: EXAMPLE.expiresAt }],
  },
);
const Rotation = Type.Object(
  {
    overlapSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: OVERLAP_SECONDS_MAX,
        description:
          'For how long the old one goes on, under an id of its own; it ends at once where absent.',
      }),
    ),
    expiresAt: Type.Optional(Instant),
  },
  { additionalProperties: false, examples: [{ overlapSeconds: 3600 }] },
);

const ANY = [
  'REQUEST_MALFORMED',
  'UNAUTHENTICATED',
  'ROLE_REQUIRED',
  'SCOPE_REQUIRED',
  'RATE_LIMITED',
  'API_KEYS_UNAVAILABLE',
  'GATEWAY_INTERNAL',
] as const satisfies readonly ProblemCode[];
const MAKES = [
  ...ANY,
  'INVALID_ARGUMENT',
  'MALFORMED_BODY',
  'UNSUPPORTED_MEDIA_TYPE',
  'PAYLOAD_TOO_LARGE',
  'API_KEYS_BY_REST_OFF',
  'TOO_MANY_API_KEYS',
] as const satisfies readonly ProblemCode[];

const described = (of: { operationId: string; summary: string; description: string }) => ({
  ...of,
  tags: ['keys'],
  description: `${of.description}\n\n${needsOf(roles)}`,
  security: [{ apiKey: [] }],
});

export interface ApiKeyRouteOptions {
  /** Whether keys are made here. */
  readonly byRest: boolean;
  /** Clients of the connection file, one of which signs for a key; not looked at if absent. */
  readonly signers?: (() => readonly string[]) | undefined;
  /** Called after every change. */
  readonly onChange: () => void;
}

export function addApiKeyRoutes(
  app: FastifyInstance,
  { apiKeys }: Pick<Dependencies, 'apiKeys'>,
  { byRest, signers, onChange }: ApiKeyRouteOptions,
): void {
  const makes = { roles, needs: 'no scopes', ...(!byRest && { isOff: true }) } as const;
  const changed = <T>(change: () => T): T => {
    const made = inWordsOfRest(change);
    apiKeys.reread();
    onChange();
    return made;
  };

  app.get(routeUrl(GATEWAY_PATHS.apiKeys), {
    config: { roles },
    schema: {
      ...described({
        operationId: 'listApiKeys',
        summary: 'All API keys of this gateway, with what each may and when it was last used.',
        description: 'Never a key itself, nor its hash: nobody can see a key a second time.',
      }),
      response: { 200: { ...Listed, description: 'Found.' }, ...problemResponses(ANY) },
    },
    handler: async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      const nowMs = Date.now();
      const { keys } = inWordsOfRest(() => readApiKeyFile(apiKeys.path));
      const items = keys.map(({ hash, replaced: _, ...key }) => ({
        ...key,
        state: hasEnded(key, nowMs) ? 'ended' : 'valid',
        lastUsedAt: apiKeys.lastUseOf(hash) ?? null,
      }));
      return { items, madeOverRest: byRest };
    },
  });

  app.post(routeUrl(GATEWAY_PATHS.apiKeys), {
    config: makes,
    schema: {
      ...described({
        operationId: 'createApiKey',
        summary: 'Makes an API key and shows it once.',
        description:
          'Whoever makes a key can act as whom it is for. So a gateway takes this only with ' +
          'CONSILIUM_API_KEYS_BY_REST=on, and from no key that is limited to scopes.',
      }),
      body: Wish,
      response: {
        201: { ...Made, description: 'Made.' },
        ...problemResponses([...MAKES, 'API_KEY_EXISTS']),
      },
    },
    handler: async (request, reply) => {
      mayMake(request, byRest);
      const { role, id, person, scopes, expiresAt } = request.body as {
        readonly role: Role;
        readonly id?: string;
        readonly person?: string;
        readonly scopes?: readonly Scope[];
        readonly expiresAt?: string;
      };
      refuseUnsigned({ role, person }, signers?.());
      const { path } = apiKeys;
      const wish = { path, role, id, person, scopes, expiresAt: timeToCome(expiresAt) };
      const made = changed(() => createApiKey(wish));
      warn(request, { made: made.id, role, person, scopes }, 'an API key was made over REST');
      return once(reply.code(201), made);
    },
  });

  app.post(routeUrl(GATEWAY_PATHS.apiKeyRotation), {
    config: makes,
    schema: {
      ...described({
        operationId: 'rotateApiKey',
        summary: 'Puts a new API key in the place of one, with all that it may, and shows it once.',
        description:
          'The old one ends at once, with its streams and sessions, or goes on for `overlapSeconds`. As making one, it ' +
          'needs CONSILIUM_API_KEYS_BY_REST=on, and a key that is not limited to scopes.',
      }),
      params: KeyId,
      body: Rotation,
      response: {
        200: { ...Made, description: 'Rotated.' },
        ...problemResponses([...MAKES, 'API_KEY_NOT_FOUND']),
      },
    },
    handler: async (request, reply) => {
      mayMake(request, byRest);
      const id = keyIdOf(request);
      const { overlapSeconds = 0, expiresAt } = (request.body ?? {}) as {
        readonly overlapSeconds?: number;
        readonly expiresAt?: string;
      };
      const wish = { id, overlapMs: overlapSeconds * 1000, expiresAt: timeToCome(expiresAt) };
      const made = changed(() => rotateApiKey({ path: apiKeys.path, ...wish }));
      warn(request, { made: id, role: made.role, person: made.person }, 'an API key was rotated over REST');
      return once(reply, made);
    },
  });

  app.delete(routeUrl(GATEWAY_PATHS.apiKey), {
    config: { roles },
    schema: {
      ...described({
        operationId: 'revokeApiKey',
        summary: 'Revokes an API key: it is refused from now on, and its streams and sessions end.',
        description: 'Its own too: then only the command at the gateway makes another.',
      }),
      params: KeyId,
      response: {
        204: { type: 'null', description: 'Revoked.' },
        ...problemResponses([...ANY, 'INVALID_ARGUMENT', 'API_KEY_NOT_FOUND']),
      },
    },
    handler: async (request, reply) => {
      const id = keyIdOf(request);
      changed(() => revokeApiKey({ path: apiKeys.path, id }));
      warn(request, { revoked: id }, 'an API key was revoked over REST');
      return reply.code(204).send();
    },
  });
}

const keyIdOf = ({ params }: FastifyRequest): string => (params as { keyId: string }).keyId;

/** With whose key it was done: a log of warnings alone has no other line of the request. */
const warn = ({ log, apiKey }: FastifyRequest, change: object, text: string): void =>
  log.warn({ key: apiKey?.id, ...change }, text);

/** A key is in no cache. */
const once = (reply: FastifyReply, made: MadeApiKey): FastifyReply =>
  reply.header('cache-control', 'no-store').send(made);

function mayMake({ apiKey }: FastifyRequest, byRest: boolean): void {
  if (!byRest) {
    const { meaning, remedy } = GATEWAY_ERRORS.API_KEYS_BY_REST_OFF;
    throw new GatewayRefusal('API_KEYS_BY_REST_OFF', `${meaning} ${remedy}`);
  }
  if (apiKey?.scopes === undefined) return;
  const detail = `a key that is limited to scopes makes no others; this one has ${apiKey.scopes.join(', ')}`;
  throw new GatewayRefusal('SCOPE_REQUIRED', detail);
}

/** With a key for nobody whose certificate is there the gateway would not start again. */
function refuseUnsigned(
  { role, person }: { readonly role: Role; readonly person: string | undefined },
  signers: readonly string[] | undefined,
): void {
  if (signers === undefined || signers.includes(person ?? role)) return;
  const field = person === undefined ? 'role' : 'person';
  const remedy = `add it there, or choose one of ${signers.join(', ')}`;
  throw new DomainError('INVALID_ARGUMENT', [
    problem(field, `is "${person ?? role}", and the connection file has no such client`, remedy),
  ]);
}

function timeToCome(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const atMs = Date.parse(text);
  if (atMs > Date.now()) return new Date(atMs);
  throw new DomainError('INVALID_ARGUMENT', [problem('expiresAt', 'must be a time to come')]);
}

/** Refusals of the file, whose own words are for the command line. */
function inWordsOfRest<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof KeyFileRefusal)) {
      throw new GatewayRefusal('API_KEYS_UNAVAILABLE', GATEWAY_ERRORS.API_KEYS_UNAVAILABLE.meaning, error);
    }
    if (error.why === 'unknown') throw new GatewayRefusal('API_KEY_NOT_FOUND');
    if (error.why === 'exists') throw new GatewayRefusal('API_KEY_EXISTS');
    if (error.why === 'full') throw new GatewayRefusal('TOO_MANY_API_KEYS');
    const text =
      error.why === 'ended' ? 'is needed: the key before has ended' : 'begins as those of people do';
    const field = error.why === 'ended' ? 'expiresAt' : 'id';
    throw new DomainError('INVALID_ARGUMENT', [problem(field, text)]);
  }
}
