// Who is signed in: what the gateway says of the session, which is all that the page decides by.
import type { ROUTES } from '@consilium/client/browser';
import { NoAnswerError, ProblemError, problemIn } from '@consilium/client/browser';
import { CONSOLE_HEADER } from './client.ts';

/** A hospital's role, as certificates name it. */
export type Role = 'operator' | 'steward' | 'researcher' | 'trainer' | 'auditor';

/** The name of an operation of the API, also of the stream of events. */
export type OperationId = keyof typeof ROUTES;

/** The hospital whose gateway served this page. */
export interface Hospital {
  readonly mspId: string;
  readonly title: string;
}

/** Nobody is signed in. */
export interface NoSession {
  readonly signedIn: false;
  readonly ways: { readonly apiKey: boolean; readonly oidc: boolean };
  readonly hospital: Hospital;
}

/** Somebody is signed in. */
export interface OpenSession {
  readonly signedIn: true;
  readonly role: Role;
  readonly keyId: string;
  readonly person?: string;
  readonly subject?: string;
  readonly scopes?: readonly string[];
  /** UTC time at which it ends at the latest. */
  readonly endsAt?: string;
  readonly hospital: Hospital;
  /** Operations of the API that this session may call. */
  readonly operations: readonly OperationId[];
}

export type Session = NoSession | OpenSession;

const PATH = '/console/session';

async function ask(method: string, body?: unknown, query = ''): Promise<Response> {
  const request = `${method} ${PATH}`;
  const response = await fetch(`${PATH}${query}`, {
    method,
    headers: {
      accept: 'application/json',
      ...CONSOLE_HEADER,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch((cause: unknown) => {
    throw new NoAnswerError(request, cause);
  });
  if (!response.ok) throw new ProblemError(request, problemIn(response.status, await response.text()));
  return response;
}

/** @throws ProblemError or NoAnswerError */
export const readSession = async (): Promise<Session> => (await ask('GET')).json();

/** Exchanges an API key for the session's cookie. @throws ProblemError (401 for a wrong key) or NoAnswerError */
export async function signIn(apiKey: string): Promise<void> {
  await ask('POST', { apiKey });
}

/** Ends the session, or every one of the same key or person. @throws ProblemError or NoAnswerError */
export async function signOut(where: 'here' | 'everywhere'): Promise<void> {
  await ask('DELETE', undefined, where === 'everywhere' ? '?everywhere=yes' : '');
}

/** Where an account of the hospital signs in, to come back to a page of the console. */
export const signInAddress = (to: string): string => `/console/sign-in?to=${encodeURIComponent(to)}`;
