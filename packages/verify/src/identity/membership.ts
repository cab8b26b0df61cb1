// The organisations of a channel at one block: whose signatures count in it, and who that is.
import { latin1Text } from '../wire/bytes.ts';
import { Message, UnreadableError } from '../wire/protobuf-reader.ts';
import type { Identity, Msp } from './msp.ts';
import { isShortestEcdsa, signatureHolds } from './signature.ts';

/** Who signs: an organisation's name and a certificate in PEM, which nobody has judged yet. */
export interface ClaimedIdentity {
  readonly mspId: string;
  readonly pem: Uint8Array;
}

/** A signature over bytes, and who claims to have made it. */
export interface SignedBytes {
  readonly identity: ClaimedIdentity;
  /** May be made when it is asked for: only of identities that could have signed it. */
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

/** What an organisation's name and certificate are in Fabric's messages. @throws UnreadableError */
export function readIdentity(bytes: Uint8Array): ClaimedIdentity {
  const message = new Message('identity', bytes);
  return { mspId: message.text(1), pem: message.bytes(2) };
}

/** Whom no organisation has issued a certificate. */
export const NOBODY: ClaimedIdentity = { mspId: '', pem: new Uint8Array() };

/** Who signs one of several signatures: of bytes that are no identity nobody, whom peers pass over. */
export function readSigner(bytes: Uint8Array): ClaimedIdentity {
  try {
    return readIdentity(bytes);
  } catch (error) {
    if (error instanceof UnreadableError) return NOBODY;
    throw error;
  }
}

/** Someone of an organisation of whose identities nothing can be said: peers may take the signature, or may not. */
export interface UnjudgedSigner {
  readonly mspId: string;
  readonly unjudgedBecause: string;
}

/** Certificates that are kept judged: a channel that is followed for years has more. */
const JUDGED_MAX = 4096;
/** Of all of them: whoever sends a transaction writes into it what is no certificate, of any size. */
const JUDGED_BYTES_MAX = 16 * 2 ** 20;

/** The organisations of a channel at one block. */
export class Membership {
  readonly #msps: ReadonlyMap<string, Msp>;
  readonly #judged = new Map<string, Identity | UnreadableError>();
  #judgedBytes = 0;
  /** Each rule that an endorsement has to satisfy asks for the same signers. */
  readonly #signers = new WeakMap<readonly SignedBytes[], Identity[]>();
  readonly #possibleSigners = new WeakMap<readonly SignedBytes[], (Identity | UnjudgedSigner)[]>();

  constructor(msps: readonly Msp[]) {
    this.#msps = new Map(msps.map((msp) => [msp.mspId, msp]));
  }

  /** @throws UnreadableError where the organisation is not of the channel, or did not issue the certificate */
  judge({ mspId, pem }: ClaimedIdentity): Identity {
    const key = `${mspId}\n${latin1Text(pem)}`;
    let judged = this.#judged.get(key);
    if (judged === undefined) {
      judged = this.#judgeOnce(mspId, pem);
      if (this.#judged.size >= JUDGED_MAX || this.#judgedBytes + key.length > JUDGED_BYTES_MAX) {
        this.#judged.clear();
        this.#judgedBytes = 0;
      }
      this.#judged.set(key, judged);
      this.#judgedBytes += key.length;
    }
    if (judged instanceof UnreadableError) throw judged;
    return judged;
  }

  #judgeOnce(mspId: string, pem: Uint8Array): Identity | UnreadableError {
    try {
      const msp = this.#msps.get(mspId);
      if (msp === undefined) throw new UnreadableError(`${mspId} is no organisation of the channel`);
      return msp.judge(pem);
    } catch (error) {
      if (error instanceof UnreadableError) return error;
      throw error;
    }
  }

  /** Why nothing can be said of the identities of an organisation of the channel; undefined where that can be said. */
  unjudgedBecause(mspId: string): string | undefined {
    return this.#msps.get(mspId)?.unjudgedBecause;
  }

  isAdmin(identity: Identity): boolean {
    return this.#msps.get(identity.mspId)?.isAdmin(identity) ?? false;
  }

  /** Why a signature does not count; undefined where a member of the channel gave it. */
  refusalOf(signed: SignedBytes): string | undefined {
    const { identity } = signed;
    try {
      const judged = this.judge(identity);
      if (judged.invalidBecause !== undefined)
        return `a signer of ${identity.mspId}: ${judged.invalidBecause}`;
      return signatureHolds(judged, signed.data, signed.signature)
        ? undefined
        : `a signature of ${identity.mspId} does not hold`;
    } catch (error) {
      if (error instanceof UnreadableError) return error.message;
      throw error;
    }
  }

  /** The same of a signature in bytes that no digest covers: it has to be in its one form, or anyone alters them. */
  refusalOfUncovered(signed: SignedBytes): string | undefined {
    const refusal = this.refusalOf(signed);
    if (refusal !== undefined) return refusal;
    const { kind } = this.judge(signed.identity).certificate.publicKey;
    if (kind === 'ed25519' || isShortestEcdsa(signed.signature)) return undefined;
    return `a signature of ${signed.identity.mspId} is not in the shortest form of its numbers`;
  }

  /** The distinct identities whose signatures hold, in order. Others are passed over, as in Fabric. */
  signersOf(signatures: readonly SignedBytes[]): Identity[] {
    let signers = this.#signers.get(signatures);
    if (signers === undefined) {
      signers = this.#findSigners(signatures);
      this.#signers.set(signatures, signers);
    }
    return signers;
  }

  /** Those, and whoever cannot be judged, in order: peers took no others, and may not have taken all of these. */
  possibleSignersOf(signatures: readonly SignedBytes[]): (Identity | UnjudgedSigner)[] {
    let signers = this.#possibleSigners.get(signatures);
    if (signers === undefined) {
      signers = [...this.signersOf(signatures), ...this.#findUnjudged(signatures)];
      this.#possibleSigners.set(signatures, signers);
    }
    return signers;
  }

  #findUnjudged(signatures: readonly SignedBytes[]): UnjudgedSigner[] {
    const unjudged = new Map<string, UnjudgedSigner>();
    for (const { identity } of signatures) {
      const { mspId, pem } = identity;
      const unjudgedBecause = this.unjudgedBecause(mspId);
      const key = `${mspId}\n${latin1Text(pem)}`;
      if (unjudgedBecause !== undefined) unjudged.set(key, { mspId, unjudgedBecause });
    }
    return [...unjudged.values()];
  }

  #findSigners(signatures: readonly SignedBytes[]): Identity[] {
    const signers = new Map<string, Identity>();
    for (const signed of signatures) {
      try {
        const judged = this.judge(signed.identity);
        const key = `${judged.mspId}:${judged.certificate.sha256}`;
        if (signers.has(key)) continue;
        if (signatureHolds(judged, signed.data, signed.signature)) signers.set(key, judged);
      } catch (error) {
        if (!(error instanceof UnreadableError)) throw error;
      }
    }
    return [...signers.values()];
  }
}
