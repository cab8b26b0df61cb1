// A hospital's own gateway as hospital.yaml has it: where it listens, its TLS, whose tokens it takes, and how the
// other processes of this host ask it.
import { readFileSync } from 'node:fs';
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import type { ServiceDefinition } from '../service.ts';
import type { Hospital } from './hospital-file.ts';

const ANSWER_MS = 15_000;
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

/** As the trainer and people on this host reach it. */
export function gatewayUrlOf({ file: { gateway }, inside }: Hospital): string {
  return gateway === undefined
    ? `http://127.0.0.1:${inside.gateway}`
    : `https://${gateway.name}:${inside.gateway}`;
}

/** The gateway's service with what hospital.yaml says of it. It is ready when it serves: the rest needs others. */
export function gatewayAt(hospital: Hospital, service: ServiceDefinition): ServiceDefinition {
  return {
    ...service,
    environment: {
      ...service.environment,
      ...tlsVariables(hospital),
      ...signInVariables(hospital),
      ...consoleVariables(hospital),
    },
    isReady: async () => (await askGateway(hospital, '/healthz')).status === 200,
  };
}

function tlsVariables({ file: { gateway } }: Hospital): Record<string, string> {
  if (gateway === undefined) return {};
  const { listen, tls } = gateway;
  return {
    ...(listen !== undefined && { CONSILIUM_HOST: listen }),
    CONSILIUM_TLS_CERTIFICATE: tls.certificate,
    CONSILIUM_TLS_KEY: tls.key,
  };
}

function signInVariables({ file: { identityProvider } }: Hospital): Record<string, string> {
  if (identityProvider === undefined) return {};
  const { issuer, audience, roles, rolesClaim, personClaim, algorithms } = identityProvider;
  const { skewSeconds, typedOnly } = identityProvider;
  const pairs = Object.entries(roles).map(([said, role]) => `${said}=${role}`);
  return {
    ...{ CONSILIUM_OIDC_ISSUER: issuer, CONSILIUM_OIDC_AUDIENCE: audience },
    CONSILIUM_OIDC_ROLES: pairs.join(','),
    ...(rolesClaim !== undefined && { CONSILIUM_OIDC_ROLES_CLAIM: rolesClaim }),
    ...(personClaim !== undefined && { CONSILIUM_OIDC_PERSON_CLAIM: personClaim }),
    ...(algorithms !== undefined && { CONSILIUM_OIDC_ALGORITHMS: algorithms.join(',') }),
    ...(skewSeconds !== undefined && { CONSILIUM_OIDC_SKEW_SECONDS: String(skewSeconds) }),
    ...(typedOnly !== undefined && { CONSILIUM_OIDC_TYPED_ONLY: typedOnly }),
  };
}

function consoleVariables({
  file: { console: served, apiKeysByRest, identityProvider },
}: Hospital): Record<string, string> {
  const { clientId, secretFile, redirectUri, scopes, resource } = identityProvider?.console ?? {};
  const variables = {
    CONSILIUM_CONSOLE: served,
    CONSILIUM_API_KEYS_BY_REST: apiKeysByRest,
    CONSILIUM_OIDC_CLIENT_ID: clientId,
    CONSILIUM_OIDC_CLIENT_SECRET_FILE: secretFile,
    CONSILIUM_OIDC_REDIRECT_URI: redirectUri,
    CONSILIUM_OIDC_SCOPES: scopes,
    CONSILIUM_OIDC_RESOURCE: resource,
  };
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** Files outside its own folder that a hospital's gateway reads. */
export const gatewayFiles = ({ file: { gateway, identityProvider } }: Pick<Hospital, 'file'>): string[] =>
  [
    gateway === undefined ? [] : Object.values(gateway.tls),
    identityProvider?.console?.secretFile ?? [],
  ].flat();

/** A process of this host that asks the gateway trusts the authority of the gateway's certificate besides others. */
export function trustGateway({ file: { gateway } }: Hospital, service: ServiceDefinition): ServiceDefinition {
  if (gateway === undefined) return service;
  return { ...service, environment: { ...service.environment, NODE_EXTRA_CA_CERTS: gateway.tls.root } };
}

export interface GatewayAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * What the own gateway answers, which proves itself by the configured name where it has TLS.
 *
 * @param key of its API; none for a public path
 * @throws Error
 */
export function askGateway(hospital: Hospital, path: string, key?: string): Promise<GatewayAnswer> {
  const { file, inside } = hospital;
  const { gateway } = file;
  const address = { host: gateway?.listen ?? '127.0.0.1', port: inside.gateway, path };
  const bounded = { agent: false, signal: AbortSignal.timeout(ANSWER_MS) };
  const authorization = key === undefined ? {} : { authorization: `Bearer ${key}` };
  return new Promise((resolve, reject) => {
    const asked =
      gateway === undefined
        ? requestPlain({ ...address, ...bounded, headers: authorization })
        : requestTls({
            ...{ ...address, ...bounded, servername: gateway.name },
            ca: readFileSync(gateway.tls.root),
            headers: { host: gateway.name, ...authorization },
          });
    asked.once('error', reject);
    asked.once('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > ANSWER_BYTES_MAX) asked.destroy(new Error('its answer is too long'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    asked.end();
  });
}
