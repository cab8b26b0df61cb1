// Whose tokens the gateway takes, from the environment.
import { readFileSync } from 'node:fs';
import type { EnvironmentReader } from '@consilium/command-line';
import { ROLES, type Role } from '@consilium/domain';

export interface SignInSettings {
  /** As tokens name it, and where its discovery document is. */
  readonly issuer: string;
  /** Whom tokens are for: this gateway. */
  readonly audience: string;
  readonly algorithms: readonly string[];
  /** The claim with a person's roles or groups: its name, or a path with dots. */
  readonly rolesClaim: string;
  /** The role here for what that claim says. */
  readonly roles: ReadonlyMap<string, Role>;
  /** The claim with the name of a client in the connection file, whose certificate signs; the role's where absent. */
  readonly personClaim: string | undefined;
  /** Whether a token must say that it is an access token (RFC 9068). Some providers' do not. */
  readonly typedOnly?: boolean;
  /** How far apart the clocks of provider and gateway may be. */
  readonly skewSeconds: number;
  /** As what the gateway itself sends people of the console to the provider; it does not if absent. */
  readonly client?: SignInClient | undefined;
}

/** The gateway as a client of the provider. */
export interface SignInClient {
  readonly id: string;
  /** A public client has none; PKCE is used in any case. */
  readonly secret: string | undefined;
  /** Where the provider sends browsers back: the gateway's /console/signed-in, as browsers reach it. */
  readonly redirectUri: string;
  /** What is asked for, with spaces. */
  readonly scopes: string;
  /** What the access token is to be for (RFC 8707), where the provider needs to be told. */
  readonly resource: string | undefined;
}

/** The path where the provider sends browsers back. */
export const SIGNED_IN_PATH = '/console/signed-in';

/** With public keys alone: a secret that the provider shared could make tokens here. */
export const SIGNATURE_ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
const DEFAULT_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];
const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost'];

/** https, or http on this machine. */
export function isTrustedAddress(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.includes(url.hostname));
}

export const SIGN_IN_VARIABLES: readonly (readonly [name: string, meaning: string])[] = [
  [
    'CONSILIUM_OIDC_ISSUER',
    'Address of the OpenID provider whose access tokens are taken; none if it is not set',
  ],
  ['CONSILIUM_OIDC_AUDIENCE', 'What tokens for this gateway have as "aud"; needed with an issuer'],
  [
    'CONSILIUM_OIDC_ROLES',
    'Roles by what the provider says, such as stewards=steward,it=operator; needed with an issuer',
  ],
  [
    'CONSILIUM_OIDC_ROLES_CLAIM',
    'The claim that says it; a path with dots, such as realm_access.roles (default roles)',
  ],
  [
    'CONSILIUM_OIDC_PERSON_CLAIM',
    'The claim with the name of a client in the connection file, which then signs',
  ],
  ['CONSILIUM_OIDC_ALGORITHMS', `Signatures that are taken (default ${DEFAULT_ALGORITHMS.join(',')})`],
  [
    'CONSILIUM_OIDC_TYPED_ONLY',
    'Whether only tokens of the type at+jwt (RFC 9068) are taken, which no ID token has: on or off (default off)',
  ],
  [
    'CONSILIUM_OIDC_CLIENT_ID',
    "The gateway's name at the provider: people then sign in to the console there; only with API keys if it is not set",
  ],
  ['CONSILIUM_OIDC_CLIENT_SECRET_FILE', 'File with its secret; a public client has none'],
  [
    'CONSILIUM_OIDC_REDIRECT_URI',
    `Where the provider sends browsers back, such as https://gateway.hospital.example${SIGNED_IN_PATH}`,
  ],
  ['CONSILIUM_OIDC_SCOPES', 'Scopes that are asked for, with spaces (default openid)'],
  [
    'CONSILIUM_OIDC_RESOURCE',
    'What the provider is asked for an access token for (RFC 8707), where it has to know; mostly the audience',
  ],
  ['CONSILIUM_OIDC_SKEW_SECONDS', 'Seconds that the clocks may be apart (default 30)'],
];

const listOf = (text: string | undefined): string[] =>
  (text ?? '').split(',').flatMap((one) => one.trim() || []);

export function readSignIn(variables: EnvironmentReader): SignInSettings | undefined {
  const issuer = variables.text('CONSILIUM_OIDC_ISSUER');
  const others = SIGN_IN_VARIABLES.map(([name]) => name).filter((name) => name !== 'CONSILIUM_OIDC_ISSUER');
  if (issuer === undefined) {
    for (const name of others) {
      if (variables.text(name) !== undefined)
        variables.refuse(name, 'is set, but CONSILIUM_OIDC_ISSUER is not');
    }
    return undefined;
  }
  if (!isTrustedAddress(issuer)) {
    variables.refuse(
      'CONSILIUM_OIDC_ISSUER',
      'is malformed',
      'write an https address, as tokens have it in "iss"',
    );
  }
  const audience = variables.required('CONSILIUM_OIDC_AUDIENCE');
  const roles = new Map<string, Role>();
  for (const pair of listOf(variables.required('CONSILIUM_OIDC_ROLES'))) {
    const at = pair.lastIndexOf('=');
    const [said, role] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim() as Role];
    if (at > 0 && ROLES.includes(role) && !roles.has(said)) roles.set(said, role);
    else
      variables.refuse(
        'CONSILIUM_OIDC_ROLES',
        'is malformed',
        `write NAME=ROLE with a role of ${ROLES.join(', ')}`,
      );
  }
  const asked = listOf(variables.text('CONSILIUM_OIDC_ALGORITHMS'));
  const algorithms = asked.length === 0 ? DEFAULT_ALGORITHMS : asked;
  if (!algorithms.every((algorithm) => SIGNATURE_ALGORITHMS.includes(algorithm))) {
    variables.refuse(
      'CONSILIUM_OIDC_ALGORITHMS',
      'is malformed',
      `write some of ${SIGNATURE_ALGORITHMS.join(',')}`,
    );
  }
  return {
    client: readClient(variables),
    ...{ issuer, audience, algorithms, roles },
    rolesClaim: variables.text('CONSILIUM_OIDC_ROLES_CLAIM') ?? 'roles',
    personClaim: variables.text('CONSILIUM_OIDC_PERSON_CLAIM'),
    typedOnly: variables.oneOf('CONSILIUM_OIDC_TYPED_ONLY', ['on', 'off'], 'off') === 'on',
    skewSeconds: variables.whole('CONSILIUM_OIDC_SKEW_SECONDS', { fallback: 30, least: 0, most: 300 }),
  };
}

function readClient(variables: EnvironmentReader): SignInClient | undefined {
  const id = variables.text('CONSILIUM_OIDC_CLIENT_ID');
  if (id === undefined) {
    for (const name of ['CLIENT_SECRET_FILE', 'REDIRECT_URI', 'SCOPES', 'RESOURCE'].map(
      (one) => `CONSILIUM_OIDC_${one}`,
    )) {
      if (variables.text(name) !== undefined)
        variables.refuse(name, 'is set, but CONSILIUM_OIDC_CLIENT_ID is not');
    }
    return undefined;
  }
  const redirectUri = variables.required('CONSILIUM_OIDC_REDIRECT_URI');
  const url = URL.parse(redirectUri);
  if (
    redirectUri !== '' &&
    !(isTrustedAddress(redirectUri) && url?.pathname === SIGNED_IN_PATH && url.search === '')
  ) {
    variables.refuse(
      'CONSILIUM_OIDC_REDIRECT_URI',
      'is malformed',
      `write the https address of the gateway as browsers reach it, with ${SIGNED_IN_PATH}`,
    );
  }
  const scopes = variables.text('CONSILIUM_OIDC_SCOPES') ?? 'openid';
  if (!scopes.split(' ').includes('openid'))
    variables.refuse(
      'CONSILIUM_OIDC_SCOPES',
      'has no openid',
      'write openid and what else is needed, with spaces',
    );
  return {
    ...{ id, redirectUri, scopes },
    secret: readSecret(variables),
    resource: variables.text('CONSILIUM_OIDC_RESOURCE'),
  };
}

/** From a file, which fewer people and programs read than an environment. */
function readSecret(variables: EnvironmentReader): string | undefined {
  const name = 'CONSILIUM_OIDC_CLIENT_SECRET_FILE';
  const path = variables.text(name);
  if (path === undefined) return undefined;
  const secret = variables.attempt(name, () => readFileSync(path, 'utf8').trim());
  if (secret === '') variables.refuse(name, 'is empty');
  return secret;
}
