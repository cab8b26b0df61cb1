// How this trainer gives artefacts to the other members and takes theirs. Nothing is trusted that comes back:
// size, SHA-256 and the seal are checked on every read. What is sealed is written down and named on the ledger before
// IPFS sees it, so that nothing is ever there that was not charged, and after a crash the same bytes follow.
import { type ArtefactRef, encryptionKeyProblem, type Member } from '@consilium/domain';
import type { Logger } from 'pino';
import { TrainerError, type TrainerErrorCode } from '../errors.ts';
import type { Journal } from '../journal/journal.ts';
import type { StepKey } from '../journal/journal-records.ts';
import {
  type ArtefactContext,
  ArtefactError,
  type ArtefactErrorCode,
  type ArtefactStore,
  computeCid,
  type MemberKeyRing,
  type MemberKeys,
  openArtefact,
  recipientsOf,
  sealArtefact,
  sha256Hex,
} from './index.ts';

export interface ExchangeOptions {
  readonly mspId: string;
  readonly keys: MemberKeyRing;
  readonly store: ArtefactStore;
  readonly journal: Journal;
  readonly listMembers: () => Promise<readonly Member[]>;
  readonly afterStep: (step: string) => void;
  readonly nowMs: () => number;
  readonly log: Pick<Logger, 'warn'>;
}

/** Which key of this trainer an artefact is sealed to; unknown where its bytes cannot be looked at. */
export type SealedTo = 'member key' | 'study key' | 'no key' | 'unknown';

/** What an artefact's code means for a round. */
const TRAINER_CODES: Record<ArtefactErrorCode, TrainerErrorCode> = {
  ARTEFACT_STORE_UNREACHABLE: 'TRAINER_IPFS_UNREACHABLE',
  ARTEFACT_STORE_REFUSED: 'TRAINER_IPFS_UNREACHABLE',
  ARTEFACT_STORAGE_FULL: 'TRAINER_IPFS_FULL',
  ARTEFACT_UNREACHABLE: 'TRAINER_ARTEFACT_UNREACHABLE',
  ARTEFACT_HASH_MISMATCH: 'TRAINER_ARTEFACT_HASH_MISMATCH',
  ARTEFACT_TOO_LARGE: 'TRAINER_ARTEFACT_MALFORMED',
  ARTEFACT_TRUNCATED: 'TRAINER_ARTEFACT_MALFORMED',
  ARTEFACT_FORMAT_UNKNOWN: 'TRAINER_ARTEFACT_MALFORMED',
  ARTEFACT_NOT_A_RECIPIENT: 'TRAINER_ARTEFACT_NOT_DECRYPTABLE',
  ARTEFACT_WRONG_CONTEXT: 'TRAINER_ARTEFACT_NOT_DECRYPTABLE',
  ARTEFACT_TAMPERED: 'TRAINER_ARTEFACT_NOT_DECRYPTABLE',
  ARTEFACT_KEY_INVALID: 'TRAINER_MEMBER_KEY_INVALID',
};

/** What IPFS says where it fails as such, whatever was asked. */
const AWAY: ReadonlySet<string> = new Set(['TRAINER_IPFS_UNREACHABLE', 'TRAINER_IPFS_FULL']);

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof ArtefactError)) throw cause;
    throw new TrainerError(TRAINER_CODES[cause.code], cause.message, { cause });
  }
}

/** What an update is sealed for: it opens as no other's, and in no other round. */
export const updateContext = (of: {
  readonly studyId: string;
  readonly round: number;
  readonly datasetId: string;
}): ArtefactContext => ({
  purpose: 'update',
  studyId: of.studyId,
  round: of.round,
  datasetId: of.datasetId,
});

/** What an aggregate is sealed for; its hash on the ledger says of which round it is. */
export const aggregateContext = (studyId: string): ArtefactContext => ({ purpose: 'aggregate', studyId });

/** Room for headers and one wrapped key per member, in a sealed artefact beside its plaintext. */
const OVERHEAD_BYTES = 64 * 1024;
const MAX_GRAPH_BYTES = 512 * 1024 * 1024;
/** Opened artefacts kept in memory at most: the verdict, the attestation and the finalising read the same. */
const CACHE_BYTES = 64 * 1024 * 1024;

export class ArtefactExchange {
  readonly #options: ExchangeOptions;
  readonly #opened = new Map<string, Uint8Array>();
  readonly #missingSinceMs = new Map<string, number>();

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /**
   * Seals the plaintext for the members that read it, writes it down, and says how the ledger may name it. Nothing
   * leaves this hospital yet: the CID is computed here. Called again it gives the same artefact.
   *
   * @throws TrainerError where the members' keys are not available or the journal fails
   */
  async seal(artefact: {
    readonly key: StepKey;
    readonly plaintext: Uint8Array;
    readonly context: ArtefactContext;
    /** MSP ids. */
    readonly readers: readonly string[];
    /** Of readers that have one: the key to seal this to, instead of the member's long-lived one. */
    readonly studyKeys?: ReadonlyMap<string, string>;
  }): Promise<ArtefactRef> {
    const { journal, afterStep } = this.#options;
    const { key, plaintext, context, readers, studyKeys } = artefact;
    const plaintextSha256 = sha256Hex(plaintext);
    let sealed = journal.sealed(key);
    if (sealed === undefined) {
      const recipients = await this.#recipients(readers, studyKeys);
      const ciphertext = await translated(() =>
        sealArtefact({ plaintext, recipients, associatedData: context }),
      );
      sealed = journal.recordSealed(key, { ciphertext, plaintextSha256 });
      afterStep(`${String(context.purpose)}: sealed and written down`);
    }
    if (sealed.plaintextSha256 !== plaintextSha256) throw new TrainerError('TRAINER_RELEASE_DIFFERS');
    const { sha256, sizeBytes } = sealed;
    return { cid: sealed.cid ?? (await computeCid(sealed.ciphertext)), sha256, sizeBytes };
  }

  /**
   * Puts what was sealed into IPFS. To be called once the ledger names it, and with what the ledger names.
   *
   * @throws TrainerError TRAINER_RELEASE_DIFFERS where the ledger names something else; where IPFS or the journal fails
   */
  async deliver(key: StepKey, { named, purpose }: { readonly named: ArtefactRef; readonly purpose: string }) {
    const { journal, store, afterStep } = this.#options;
    const sealed = journal.sealed(key);
    if (sealed?.sha256 !== named.sha256) throw new TrainerError('TRAINER_RELEASE_DIFFERS');
    if (sealed.cid !== undefined) return;
    const { ciphertext, sizeBytes } = sealed;
    const requireNamed = (cid: string) => {
      if (cid === named.cid) return;
      const detail = `IPFS has it as ${cid}, and the ledger names ${named.cid}`;
      throw new TrainerError('TRAINER_ARTEFACT_HASH_MISMATCH', detail);
    };
    // Before it is put: what the ledger does not name must not be there.
    requireNamed(await computeCid(ciphertext));
    const { cid } = await translated(() => store.put(ciphertext));
    requireNamed(cid);
    afterStep(`${purpose}: put into IPFS`);
    journal.transaction(() => {
      journal.recordPut(key, cid);
      journal.countArtefact({ cid, sizeBytes }, purpose);
    });
    afterStep(`${purpose}: its CID written down`);
  }

  /** Each reader with its key. A key that is none costs its owner the artefact, and nobody else. */
  async #recipients(
    readers: readonly string[],
    studyKeys?: ReadonlyMap<string, string>,
  ): Promise<{ mspId: string; publicKey: string }[]> {
    const members = await this.#options.listMembers();
    const recipients: { mspId: string; publicKey: string }[] = [];
    for (const { mspId, encryptionPublicKey } of members) {
      if (!readers.includes(mspId)) continue;
      const publicKey = studyKeys?.get(mspId) ?? encryptionPublicKey;
      const problem = encryptionKeyProblem(publicKey);
      if (problem === undefined) recipients.push({ mspId, publicKey });
      else this.#options.log.warn({ mspId, problem: `its key ${problem}` }, 'not sealed to this member');
    }
    if (recipients.length > 0) return recipients;
    throw new TrainerError('TRAINER_MEMBER_KEY_INVALID', `none of ${readers.join(', ')} has a usable key`);
  }

  /**
   * Which of these members an artefact is not sealed to, of those that have a key; all of them where the bytes are no
   * sealed artefact. What a header claims is not checked: a false one shows when a reader opens it.
   *
   * @throws TrainerError where the bytes are not available, or are more than an artefact of so much plaintext has
   */
  async missingReaders(
    ref: ArtefactRef,
    { readers, plaintextBytes }: { readonly readers: readonly string[]; readonly plaintextBytes: number },
  ): Promise<string[]> {
    const usable = (await this.#recipients(readers)).map(({ mspId }) => mspId);
    const bytes = await this.fetch(ref, plaintextBytes + OVERHEAD_BYTES);
    try {
      const sealedTo = new Set(recipientsOf(bytes).map(({ mspId }) => mspId));
      return usable.filter((mspId) => !sealedTo.has(mspId));
    } catch (error) {
      if (error instanceof ArtefactError) return usable;
      throw error;
    }
  }

  /** Puts a public artefact, such as a model's graph. */
  async publishPlain(bytes: Uint8Array, purpose: string): Promise<ArtefactRef> {
    const { cid } = await translated(() => this.#options.store.put(bytes));
    this.#options.journal.countArtefact({ cid, sizeBytes: bytes.length }, purpose);
    return { cid, sha256: sha256Hex(bytes), sizeBytes: bytes.length };
  }

  /**
   * Keeps another member's artefact at this hospital's node too, so that it outlives the member that put it. A node
   * takes whatever a CID names: to be called for what was opened and found to be what the ledger says.
   */
  async keep({ cid }: Pick<ArtefactRef, 'cid'>): Promise<void> {
    await translated(() => this.#options.store.pin(cid));
  }

  /** Gives up the place at this hospital's node of what this hospital put there itself, and nobody names. */
  async release(cid: string): Promise<void> {
    await translated(() => this.#options.store.unpin(cid));
  }

  /**
   * Lets go of an update: what was opened of it, and its place at this hospital's node. What is left of it here is what
   * a key of this member could open, should somebody else have the bytes.
   *
   * The ledger names whatever CID the update's owner wrote: nothing is unpinned but what this hospital put as that
   * update, or what opens as it.
   *
   * @returns whether nothing here keeps it; and which key of this trainer it is sealed to, as its bytes say
   * @throws TrainerError where IPFS fails
   */
  async forget(
    ref: ArtefactRef,
    { context, putAs }: { readonly context: ArtefactContext; readonly putAs: StepKey },
  ): Promise<{ readonly unpinned: boolean; readonly sealedTo: SealedTo }> {
    const { mspId, store, journal } = this.#options;
    let isIt = journal.cidOf(putAs) === ref.cid;
    let isHere = true;
    let sealedTo: SealedTo = 'unknown';
    try {
      const bytes = await this.fetch(ref);
      const own = recipientsOf(bytes).find((recipient) => recipient.mspId === mspId);
      sealedTo = own === undefined ? 'no key' : this.#heldKey(own.publicKey, context);
      isIt ||= sealedTo !== 'no key' && (await this.#opens(bytes, context));
    } catch (error) {
      if (!(error instanceof TrainerError || error instanceof ArtefactError)) throw error;
      if (AWAY.has(error.code)) throw error;
      isHere = error.code !== 'TRAINER_ARTEFACT_UNREACHABLE';
    }
    if (isIt) await translated(() => store.unpin(ref.cid));
    this.#opened.delete(JSON.stringify([ref.sha256, context]));
    // A pin has its bytes at the node.
    return { unpinned: isIt || sealedTo === 'no key' || !isHere, sealedTo };
  }

  #heldKey(publicKey: string | undefined, context: ArtefactContext): SealedTo {
    // Before keys were named in it, an artefact was for the one that a member had.
    if (publicKey === undefined || this.#options.keys.find(publicKey) !== undefined) return 'member key';
    return this.#studyKeyOf(context)?.publicKey === publicKey ? 'study key' : 'no key';
  }

  /** This hospital's key for an update, of the study and dataset that it is sealed for. */
  #studyKeyOf({ purpose, studyId, datasetId }: ArtefactContext): MemberKeys | undefined {
    if (purpose !== 'update' || typeof studyId !== 'string' || typeof datasetId !== 'string')
      return undefined;
    return this.#options.journal.studyKey({ studyId, datasetId });
  }

  async #opens(bytes: Uint8Array, context: ArtefactContext): Promise<boolean> {
    try {
      await this.#unsealed(bytes, context);
      return true;
    } catch (error) {
      if (!(error instanceof TrainerError)) throw error;
      return false;
    }
  }

  /** The bytes that a reference names. @throws TrainerError where they are not available or are others */
  async fetch(ref: ArtefactRef, maxBytes = MAX_GRAPH_BYTES): Promise<Uint8Array> {
    if (ref.sizeBytes > maxBytes) {
      throw new TrainerError(
        'TRAINER_ARTEFACT_MALFORMED',
        `it claims ${ref.sizeBytes} bytes, ${maxBytes} is the most`,
      );
    }
    try {
      const bytes = await translated(() => this.#options.store.get(ref));
      this.#missingSinceMs.delete(ref.cid);
      return bytes;
    } catch (error) {
      if (error instanceof TrainerError && error.code === 'TRAINER_ARTEFACT_UNREACHABLE') {
        const sinceMs = this.#missingSinceMs.get(ref.cid) ?? this.#options.nowMs();
        this.#missingSinceMs.set(ref.cid, sinceMs);
      }
      throw error;
    }
  }

  /** The plaintext of a sealed artefact, which is known to be so long. */
  async open(
    ref: ArtefactRef,
    { context, plaintextBytes }: { readonly context: ArtefactContext; readonly plaintextBytes: number },
  ): Promise<Uint8Array> {
    const cacheKey = JSON.stringify([ref.sha256, context]);
    const cached = this.#opened.get(cacheKey);
    if (cached !== undefined) return cached;
    const bytes = await this.fetch(ref, plaintextBytes + OVERHEAD_BYTES);
    const plaintext = await this.#unsealed(bytes, context);
    this.#remember(cacheKey, plaintext);
    return plaintext;
  }

  async #unsealed(bytes: Uint8Array, associatedData: ArtefactContext): Promise<Uint8Array> {
    const { mspId, keys } = this.#options;
    const unseal = async () => {
      const own = this.#studyKeyOf(associatedData);
      const held = own === undefined ? keys.keys : [own, ...keys.keys];
      return (await openArtefact({ bytes, mspId, keys: held, associatedData })).plaintext;
    };
    try {
      return await unseal();
    } catch (error) {
      if (!(error instanceof ArtefactError && error.code === 'ARTEFACT_NOT_A_RECIPIENT')) {
        return translated(() => Promise.reject(error));
      }
      // A key may have been made since this process started.
      await keys.refresh();
      try {
        return await unseal();
      } catch (again) {
        const remedy = await this.#remedy();
        if (remedy === undefined) return translated(() => Promise.reject(again));
        throw new TrainerError('TRAINER_ARTEFACT_NOT_DECRYPTABLE', remedy, { cause: again });
      }
    }
  }

  /** What this hospital does about its own key on the ledger; undefined where that one is sound, and at hand. */
  async #remedy(): Promise<string | undefined> {
    const { mspId, keys, listMembers } = this.#options;
    const registered = (await listMembers()).find((member) => member.mspId === mspId)?.encryptionPublicKey;
    if (registered === undefined) return `${mspId} is not a member: its operator registers it`;
    const problem = encryptionKeyProblem(registered);
    const rotate =
      'make the next key (consilium-trainer key rotate) and register it (POST /v1/members/rotate-key)';
    if (problem !== undefined) return `nothing is sealed to ${mspId}, whose key ${problem}: ${rotate}`;
    if (keys.find(registered) !== undefined) return undefined;
    return `this trainer does not have the private half of the key that ${mspId} registered: restore it, or ${rotate}`;
  }

  /** For how long an artefact has not been found, since it was first looked for. */
  missingForMs(cid: string, nowMs: number): number {
    return nowMs - (this.#missingSinceMs.get(cid) ?? nowMs);
  }

  #remember(key: string, plaintext: Uint8Array): void {
    this.#opened.set(key, plaintext);
    let bytes = 0;
    for (const kept of this.#opened.values()) bytes += kept.length;
    for (const [oldest, kept] of this.#opened) {
      if (bytes <= CACHE_BYTES) break;
      this.#opened.delete(oldest);
      bytes -= kept.length;
    }
  }
}
