// Signing in to the console at the hospital's OpenID provider: the authorization code flow with PKCE (RFC 6749, 7636
// and 9700). Where somebody is meanwhile is in a sealed cookie of that browser, so that a code that somebody else got
// is taken from no other browser, and nobody fills this process' memory by beginning.
import { createHash, randomBytes } from 'node:crypto';
import { EncryptJWT, jwtDecrypt, jwtVerify } from 'jose';
import { type AccessTokens, isToken, type SignedIn, whyRefused } from '../http/access-tokens.ts';
import {
  ANSWER_TIMEOUT_MS,
  boundedText,
  type FoundProvider,
  ProviderError,
} from '../http/provider-document.ts';
import type { SignInClient } from '../http/sign-in-settings.ts';

/** How long somebody may take at the provider. */
export const SIGN_IN_SECONDS = 600;
const PARAMETER_CHARACTERS_MAX = 4_096;

/** What the page says of it. */
export type SignInProblem = 'declined' | 'interrupted' | 'refused' | 'noRole' | 'unavailable';

export type SignInOutcome =
  | { readonly signedIn: SignedIn; readonly to: string }
  /** `why` is for the log. */
  | { readonly problem: SignInProblem; readonly why: string };

/** What the provider sends with the browser. */
export interface CodeAnswer {
  readonly code?: string | undefined;
  readonly state?: string | undefined;
  readonly iss?: string | undefined;
  readonly error?: string | undefined;
}

/** One sign-in under way, as the browser's cookie seals it. */
interface UnderWay {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly to: string;
}

const random = (): string => randomBytes(32).toString('base64url');

class Refused extends Error {
  readonly problem: SignInProblem;
  constructor(problem: SignInProblem, why: string) {
    super(why);
    this.problem = problem;
  }
}

export class CodeFlow {
  readonly #tokens: AccessTokens;
  readonly #client: SignInClient;
  /** Of this process: a cookie of another one, or of before a restart, is nothing. */
  readonly #seal = randomBytes(32);

  constructor(tokens: AccessTokens, client: SignInClient) {
    this.#tokens = tokens;
    this.#client = client;
  }

  /**
   * Where to send a browser, and what it must bring back in its cookie.
   *
   * @param to a page of the console
   * @throws ProviderError where the provider does not answer
   */
  async begin(to: string): Promise<{ readonly address: string; readonly sealed: string }> {
    const { authorizationEndpoint } = await this.#tokens.provider.find();
    if (authorizationEndpoint === undefined)
      throw new ProviderError('the provider signs nobody in at an https address');
    const underWay: UnderWay = { state: random(), nonce: random(), verifier: random(), to };
    const { id, redirectUri, scopes, resource } = this.#client;
    const address = new URL(authorizationEndpoint);
    const asked = {
      ...{ response_type: 'code', client_id: id, redirect_uri: redirectUri, scope: scopes },
      ...{ state: underWay.state, nonce: underWay.nonce, code_challenge_method: 'S256' },
      code_challenge: createHash('sha256').update(underWay.verifier).digest('base64url'),
      ...(resource !== undefined && { resource }),
    };
    for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
    const sealed = await new EncryptJWT({ ...underWay })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setExpirationTime(`${SIGN_IN_SECONDS}s`)
      .encrypt(this.#seal);
    return { address: address.href, sealed };
  }

  /** What became of it, as the browser comes back. The code is given to the provider at most once. */
  async finish(answer: CodeAnswer, sealed: string | undefined): Promise<SignInOutcome> {
    try {
      const underWay = await this.#opened(sealed);
      const provider = await this.#tokens.provider.find();
      const code = this.#codeIn(answer, { underWay, provider });
      const { accessToken, idToken } = await this.#redeem(code, { underWay, provider });
      const subject = await this.#subjectOf(idToken, underWay.nonce);
      const signedIn = await this.#signedIn(accessToken, subject);
      return { signedIn, to: underWay.to };
    } catch (error) {
      if (error instanceof Refused) return { problem: error.problem, why: error.message };
      if (error instanceof ProviderError) return { problem: 'unavailable', why: error.message };
      throw error;
    }
  }

  async #opened(sealed: string | undefined): Promise<UnderWay> {
    if (sealed === undefined) throw new Refused('interrupted', 'the browser began no sign-in here');
    try {
      const { payload } = await jwtDecrypt(sealed, this.#seal, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
        requiredClaims: ['exp'],
      });
      return payload as unknown as UnderWay;
    } catch {
      throw new Refused('interrupted', 'the sign-in was begun too long ago, or elsewhere');
    }
  }

  #codeIn(
    { code, state, iss, error }: CodeAnswer,
    { underWay, provider }: { readonly underWay: UnderWay; readonly provider: FoundProvider },
  ): string {
    if (state !== underWay.state) throw new Refused('interrupted', 'the state is not that of this browser');
    // Another provider's answer (mix-up, RFC 9207).
    if (iss === undefined ? provider.namesItself : iss !== this.#tokens.settings.issuer)
      throw new Refused('refused', 'the answer is not of this provider');
    if (error === 'access_denied') throw new Refused('declined', 'the provider or the person declined');
    if (error !== undefined) throw new Refused('refused', 'the provider answered with an error');
    if (code === undefined || code.length > PARAMETER_CHARACTERS_MAX)
      throw new Refused('refused', 'the answer has no code');
    return code;
  }

  async #redeem(
    code: string,
    { underWay, provider }: { readonly underWay: UnderWay; readonly provider: FoundProvider },
  ): Promise<{ readonly accessToken: string; readonly idToken: string }> {
    const { tokenEndpoint } = provider;
    if (tokenEndpoint === undefined) throw new ProviderError('the provider gives tokens at no https address');
    const { id, redirectUri, resource } = this.#client;
    const body = new URLSearchParams({
      ...{ grant_type: 'authorization_code', code, redirect_uri: redirectUri, client_id: id },
      code_verifier: underWay.verifier,
      ...(resource !== undefined && { resource }),
    });
    const headers = this.#authenticate(body, provider);
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(tokenEndpoint, {
        ...{ method: 'POST', redirect: 'error', body, headers },
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      text = await boundedText(answer);
    } catch (cause) {
      throw new ProviderError('the provider does not answer for its tokens', { cause });
    }
    if (answer.status >= 500) throw new ProviderError(`the provider answers ${answer.status} for its tokens`);
    // What it says of an error may hold what was sent.
    if (!answer.ok)
      throw new Refused('refused', `the provider gives no token for the code: ${answer.status}`);
    const { access_token: accessToken, id_token: idToken } = objectIn(text);
    if (typeof accessToken !== 'string' || typeof idToken !== 'string')
      throw new Refused('refused', 'the provider gives no access token, or no ID token');
    return { accessToken, idToken };
  }

  /** How the gateway proves to be this client: in the way that the provider takes. */
  #authenticate(
    body: URLSearchParams,
    { clientAuthentication: taken }: FoundProvider,
  ): Record<string, string> {
    const { id, secret } = this.#client;
    const headers = { accept: 'application/json' };
    if (secret === undefined) return headers;
    if (taken !== undefined && !taken.includes('client_secret_basic')) {
      body.set('client_secret', secret);
      return headers;
    }
    const encoded = [id, secret]
      .map((part) => new URLSearchParams({ '': part }).toString().slice(1))
      .join(':');
    return { ...headers, authorization: `Basic ${Buffer.from(encoded).toString('base64')}` };
  }

  /** Whom the ID token is about, if it is of this very sign-in (OpenID Connect Core, 3.1.3.7). */
  async #subjectOf(idToken: string, nonce: string): Promise<string> {
    const { issuer, algorithms, skewSeconds } = this.#tokens.settings;
    const { id } = this.#client;
    try {
      const { payload } = await jwtVerify(idToken, this.#tokens.provider.keyFor, {
        ...{ issuer, audience: id, algorithms: [...algorithms], clockTolerance: skewSeconds },
        requiredClaims: ['exp', 'iat', 'sub', 'nonce'],
      });
      const isForOthers = Array.isArray(payload.aud) && payload.aud.length > 1 && payload.azp === undefined;
      if (payload.nonce !== nonce) throw new Refused('refused', 'the ID token is of another sign-in');
      if (isForOthers || (payload.azp !== undefined && payload.azp !== id))
        throw new Refused('refused', 'the ID token is for another client');
      return payload.sub!;
    } catch (error) {
      if (error instanceof ProviderError || error instanceof Refused) throw error;
      throw new Refused('refused', `the ID token is ${whyRefused(error)}`);
    }
  }

  async #signedIn(accessToken: string, subject: string): Promise<SignedIn> {
    if (!isToken(accessToken)) {
      const remedy = 'set CONSILIUM_OIDC_RESOURCE or CONSILIUM_OIDC_SCOPES as the provider needs it';
      throw new Refused('refused', `the access token is no JWT: ${remedy}`);
    }
    const answer = await this.#tokens.look(accessToken);
    if ('unavailable' in answer) throw new ProviderError(answer.unavailable);
    if ('why' in answer) throw new Refused('refused', `the access token is ${answer.why}`);
    if (answer.signedIn.subject !== subject) throw new Refused('refused', 'the two tokens are of two people');
    if (answer.signedIn.roles.length === 0)
      throw new Refused('noRole', 'a person without a role of this gateway');
    return answer.signedIn;
  }
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    return {};
  }
}
