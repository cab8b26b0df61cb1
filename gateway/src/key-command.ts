// The command that manages API keys: create, list, rotate, revoke.
import { dirname } from 'node:path';
import { type COMMON_OPTIONS, required, UsageError, wholeNumber } from '@consilium/command-line';
import { ROLES, type Role } from '@consilium/domain';
import {
  createApiKey,
  hasEnded,
  type MadeApiKey,
  readApiKeyFile,
  revokeApiKey,
  rotateApiKey,
} from './http/key-file.ts';
import { keyUsesFile, readKeyUses } from './http/key-uses.ts';
import { SCOPE_MEANINGS, SCOPES, type Scope } from './http/scopes.ts';

export const KEY_OPTIONS = {
  role: { type: 'string' },
  id: { type: 'string' },
  person: { type: 'string' },
  scopes: { type: 'string' },
  expires: { type: 'string' },
  overlap: { type: 'string' },
  file: { type: 'string' },
  data: { type: 'string' },
} as const;

export const KEY_HELP = `  consilium-gateway key create --role ROLE [--id ID] [--person NAME]
                               [--scopes LIST] [--expires WHEN] [--json]
      Creates an API key for a role (${ROLES.join(', ')}), prints it once
      and appends its hash to FILE. Requests with the key are signed with the role's certificate. With --person
      they are signed with the certificate of the client NAME in the connection file, for example when a
      hospital has several stewards. With --scopes the key is limited, within its role, to some of:
${SCOPES.map((scope) => `        ${scope.padEnd(7)} ${SCOPE_MEANINGS[scope]}`).join('\n')}
      WHEN is a time such as 2027-01-31T00:00:00Z, a date (its beginning, in UTC), or days from now such as 90d.

  consilium-gateway key list [--data DIRECTORY] [--json]
      Shows all keys without their hashes: role, limits, when they were made, when they end, and when they were last
      used (to the minute), as the gateway with this CONSILIUM_DATA_DIR has written it down.

  consilium-gateway key rotate ID [--overlap SECONDS] [--expires WHEN] [--json]
      Puts a new key in the place of ID, with all that it may, and prints it once. The old one ends at once, or goes
      on for SECONDS and is listed under an id of its own until it is revoked.

  consilium-gateway key revoke ID [--json]
      Takes a key out of FILE. A running gateway refuses it within a second, and ends its event streams.

      FILE is --file FILE, or CONSILIUM_API_KEYS. A gateway that finds the file broken takes no change of it, refuses
      each key that the file does not name any more as it was, and says so in /readyz, its metrics and its log.
`;

type Options = {
  readonly [name in keyof typeof KEY_OPTIONS]?: string | undefined;
} & { readonly [name in keyof typeof COMMON_OPTIONS]?: boolean | string | undefined };

/**
 * @param words what follows "key"
 * @returns what is printed
 * @throws UsageError; Error naming the file and what is wrong with it
 */
export function runKeyCommand(
  words: readonly string[],
  options: Options,
  { environment = process.env, nowMs = Date.now() }: { environment?: NodeJS.ProcessEnv; nowMs?: number } = {},
): string {
  const [action, id, ...more] = words;
  const path = options.file ?? environment.CONSILIUM_API_KEYS;
  const isNamed = action === 'rotate' || action === 'revoke';
  if (more.length > 0 || (id !== undefined && !isNamed))
    throw new UsageError(`unknown command "key ${words.join(' ')}"`);
  if (isNamed && id === undefined)
    throw new UsageError(`key ${action} needs the id of a key: "key list" shows all`);
  const file = () => {
    if (path === undefined)
      throw new UsageError('--file is needed, or CONSILIUM_API_KEYS in the environment');
    return path;
  };
  const expiresAt = options.expires === undefined ? undefined : timeOf(options.expires, nowMs);
  const isJson = options.json === true;
  switch (action) {
    case 'create': {
      const { person } = options;
      const wish = {
        role: roleOf(options.role),
        id: options.id,
        person,
        scopes: scopesOf(options.scopes),
        expiresAt,
      };
      return shown(createApiKey({ path: file(), ...wish }, nowMs), isJson);
    }
    case 'rotate': {
      const overlapMs = 1000 * (wholeNumber(options.overlap, 'overlap', { most: 31_536_000 }) ?? 0);
      return shown(
        rotateApiKey({ path: file(), id: required(id, 'id'), overlapMs, expiresAt }, nowMs),
        isJson,
      );
    }
    case 'revoke':
      revokeApiKey({ path: file(), id: required(id, 'id') });
      return isJson ? `${JSON.stringify({ id, revoked: true })}\n` : `${id} is revoked\n`;
    case 'list': {
      const data = options.data ?? environment.CONSILIUM_DATA_DIR ?? dirname(file());
      return listed({ path: file(), data, isJson, nowMs });
    }
    default:
      throw new UsageError(`unknown command "key ${words.join(' ')}"`);
  }
}

const shown = (made: MadeApiKey, isJson: boolean): string =>
  isJson ? `${JSON.stringify(made)}\n` : `${made.key}\n`;

function roleOf(role: string | undefined): Role {
  if (role !== undefined && ROLES.includes(role as Role)) return role as Role;
  throw new UsageError({ field: '--role', text: `must be one of ${ROLES.join(', ')}` });
}

function scopesOf(list: string | undefined): Scope[] | undefined {
  if (list === undefined) return undefined;
  const scopes = [...new Set(list.split(',').map((one) => one.trim()))];
  if (scopes.every((scope) => SCOPES.includes(scope as Scope))) return scopes as Scope[];
  throw new UsageError({ field: '--scopes', text: `must be some of ${SCOPES.join(',')}, with commas` });
}

function timeOf(text: string, nowMs: number): Date {
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d([.]\d{1,3})?)?Z)?$/.test(text);
  const atMs =
    days === undefined ? (isTime ? Date.parse(text) : Number.NaN) : nowMs + Number(days) * 86_400_000;
  if (atMs > nowMs) return new Date(atMs);
  const remedy = 'write a time to come such as 2027-01-31T00:00:00Z, a date, or days from now such as 90d';
  throw new UsageError({ field: '--expires', text: `is "${text}"`, remedy });
}

function listed(of: {
  readonly path: string;
  readonly data: string;
  readonly isJson: boolean;
  readonly nowMs: number;
}): string {
  const uses = readKeyUses(keyUsesFile(of.data));
  const keys = readApiKeyFile(of.path).keys.map(({ hash, replaced: _, ...key }) => ({
    ...key,
    state: hasEnded(key, of.nowMs) ? 'ended' : 'valid',
    lastUsedAt: uses.get(hash) ?? null,
  }));
  if (of.isJson) return `${JSON.stringify({ keys })}\n`;
  const head = ['ID', 'ROLE', 'PERSON', 'SCOPES', 'CREATED', 'ENDS', 'LAST USED'];
  const rows = keys.map(({ id, role, person, scopes, createdAt, expiresAt, state, lastUsedAt }) => [
    ...[id, role, person ?? '-', scopes?.join(',') ?? 'all', createdAt ?? '-'],
    expiresAt === undefined ? 'never' : `${expiresAt}${state === 'ended' ? ' (ended)' : ''}`,
    lastUsedAt ?? '-',
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)));
  const lineOf = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd();
  return `${[head, ...rows].map(lineOf).join('\n')}\n`;
}
