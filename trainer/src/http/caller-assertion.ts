// Who asks, as the hospital's gateway asserts it under the key both share: for one request, at this trainer, within half
// a minute, once. Nothing else about a caller is believed.
import { ASSERTION, assertionAudience, CallerAssertion, type Role, validate } from '@consilium/domain';
import { jwtVerify } from 'jose';
import { TrainerError } from '../errors.ts';
import { UsedNonces } from '../journal/used-nonces.ts';

export interface Caller {
  /** Id of the API key at the gateway. */
  readonly keyId: string;
  readonly role: Role;
}

export interface ArrivedRequest {
  /** Every Authorization header, as they came. */
  readonly authorization: readonly string[];
  readonly method: string;
  /** As on the request line. */
  readonly target: string;
}

const { algorithm, type, issuer, lifetimeSeconds, toleranceSeconds, maxCharacters } = ASSERTION;
const BEARER = /^Bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/;

export class CallerAssertions {
  readonly #key: Uint8Array;
  readonly #audience: string;
  readonly #nowMs: () => number;
  readonly #startedAtMs: number;
  readonly #nonces: UsedNonces;

  constructor(options: { readonly key: string; readonly mspId: string; readonly nowMs?: () => number }) {
    this.#key = new TextEncoder().encode(options.key);
    this.#audience = assertionAudience(options.mspId);
    this.#nowMs = options.nowMs ?? Date.now;
    this.#startedAtMs = this.#nowMs();
    const keptMs = (lifetimeSeconds + 2 * toleranceSeconds) * 1000;
    this.#nonces = new UsedNonces({ keptMs, nowMs: this.#startedAtMs });
  }

  /** @throws TrainerError TRAINER_ASSERTION_REFUSED */
  async callerOf({ authorization, method, target }: ArrivedRequest): Promise<Caller> {
    const [header = '', ...more] = authorization;
    if (header === '' || more.length > 0) throw refused('give one Authorization header');
    if (header.length > maxCharacters) throw refused(`it has more than ${maxCharacters} characters`);
    const token = BEARER.exec(header)?.[1];
    if (token === undefined) throw refused('it is no signed token');
    const claims = await this.#verified(token);
    if (claims.method !== method || claims.target !== target) throw refused('it is for another request');
    if (claims.exp - claims.iat > lifetimeSeconds) throw refused('its lifetime is too long');
    // What was used before this process started is not remembered, and is too old.
    if (claims.iat * 1000 < this.#startedAtMs) throw refused('it is older than this process');
    if (!this.#nonces.use(claims.jti, this.#nowMs())) throw refused('it was used before');
    return { keyId: claims.sub, role: claims.role };
  }

  async #verified(token: string): Promise<CallerAssertion> {
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: [algorithm],
        typ: type,
        issuer,
        audience: this.#audience,
        requiredClaims: ['sub', 'iat', 'exp', 'jti'],
        maxTokenAge: lifetimeSeconds,
        clockTolerance: toleranceSeconds,
        currentDate: new Date(this.#nowMs()),
      });
      return validate(CallerAssertion, payload);
    } catch (cause) {
      throw refused('signature, recipient or time do not hold', cause);
    }
  }
}

const refused = (why: string, cause?: unknown) =>
  new TrainerError('TRAINER_ASSERTION_REFUSED', `the assertion is refused: ${why}`, { cause });
